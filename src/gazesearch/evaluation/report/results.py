"""What folders of results hold: scores of paths, fixations, draws; all of the same records."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gazesearch.errors import BadSetting, DataError, UnreadableFile
from gazesearch.evaluation.distribution import DistributionScores
from gazesearch.evaluation.likelihood import FixationScores
from gazesearch.evaluation.scores import Scores
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import FirstFixation

Part = Scores | FixationScores

LIKELIHOOD = "likelihood"
DISTRIBUTION = "distribution"
"""Folders inside a result that may hold the other two, where they do not lie beside the scores."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """One predictor.

    Attributes:
        name: of its folder, or as it was given.
        scores: of its paths, from `evaluate`; None if the folder holds none.
        fixations: from `evaluate --likelihood`; None likewise.
        draws: from `evaluate --distribution`; None likewise.
    """

    name: str
    scores: Scores | None
    fixations: FixationScores | None
    draws: DistributionScores | None

    @property
    def parts(self) -> tuple[Part, ...]:
        """What there is; draws by the table of their energy form."""
        energy = None if self.draws is None else self.draws.energy
        return tuple(p for p in (self.scores, self.fixations, energy) if p is not None)


def load_results(
    folders: Sequence[str | os.PathLike[str]], names: Sequence[str] | None = None
) -> tuple[Result, ...]:
    """Read folders that `gazesearch evaluate --output` wrote.

    Args:
        folders: each holds `results.json`, `likelihood.json` or `distribution.json`, the last two
            also in a folder `likelihood` or `distribution` of its own inside.
        names: of the predictors; None takes the names of the folders.

    Raises:
        BadSetting: no folder, one folder twice, or names that are not as many different ones.
        UnreadableFile: a folder holds no result.
        DataError: a result cannot be read, none has scores of paths, or they are of other records.
    """
    roots = [Path(folder) for folder in folders]
    if not roots:
        raise BadSetting("report: no result is named: name a folder of evaluate --output")
    for root in roots:
        if roots.count(root) > 1:
            raise BadSetting(f"report: {root} is named twice: name it once")
    called = _names(roots) if names is None else list(names)
    if isinstance(names, str) or len(called) != len(roots) or len(set(called)) < len(called):
        raise BadSetting(f"names={names!r}: must be {len(roots)} different names")
    for name in called:
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise BadSetting(f"name {name!r}: must be a text of printable characters")
    results = tuple(_load(root, name) for root, name in zip(roots, called, strict=True))
    if all(result.scores is None for result in results):
        raise DataError(
            "report: no result has scores of paths (results.json): run evaluate --output without "
            "--likelihood or --distribution too"
        )
    _check_same_records(results)
    return results


def scored(results: Sequence[Result]) -> dict[str, Scores]:
    """Scores of paths by predictor, of those that have them."""
    return {one.name: one.scores for one in results if one.scores is not None}


def _names(roots: Sequence[Path]) -> list[str]:
    names = [root.resolve().name for root in roots]
    return names if len(set(names)) == len(names) else [str(root) for root in roots]


def _load(root: Path, name: str) -> Result:
    likelihood = _with(root, LIKELIHOOD, "likelihood.json")
    distribution = _with(root, DISTRIBUTION, "distribution.json")
    has_scores = (root / "results.json").exists()
    if not has_scores and likelihood is None and distribution is None:
        raise UnreadableFile(
            f"{root}: holds no results.json, likelihood.json or distribution.json: name a folder "
            "that `gazesearch evaluate --output` wrote"
        )
    return Result(
        name=name,
        scores=Scores.load(root) if has_scores else None,
        fixations=None if likelihood is None else FixationScores.load(likelihood),
        draws=None if distribution is None else DistributionScores.load(distribution),
    )


def _with(root: Path, inside: str, file: str) -> Path | None:
    """The folder that holds a file: this one, or the one inside."""
    return next((one for one in (root, root / inside) if (one / file).exists()), None)


def _check_same_records(results: Sequence[Result]) -> None:
    first, *others = ((result.name, part) for result in results for part in result.parts)
    for name, part in others:
        for what, one, two in zip(_WHAT, _key(first[1]), _key(part), strict=True):
            if one != two:
                raise DataError(
                    f"{first[0]} and {name} cannot stand in one report: {what} {one[:19]} and "
                    f"{two[:19]}: evaluate both in the same way"
                )


_WHAT = ("dataset", "split", "first fixation", "protocol")


def _key(part: Part) -> tuple[str, str, FirstFixation, str]:
    stamp: Stamp = part.protocol
    return part.dataset.name, part.split, part.first_fixation, stamp.digest
