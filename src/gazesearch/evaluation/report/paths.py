"""The scanpaths behind results, recorded and predicted, taken only if they are those scored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.matching import Matches, match
from gazesearch.evaluation.report.results import Result, scored
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.truth import Truth, truth_of
from gazesearch.files import MAX_SIZE, digest
from gazesearch.formats import read_file
from gazesearch.protocols import Protocol
from gazesearch.scanpaths import DurationUnit, Scanpaths
from gazesearch.scanpaths.draws import with_draws

File = str | os.PathLike[str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Recorded scanpaths as they were scored, and predictions paired with them.

    Attributes:
        truth: the recorded ones, and the rules.
        matches: pairs by predictor, in the order of its scores' rows; of those whose file is given.
    """

    truth: Truth
    matches: dict[str, Matches]

    @property
    def people(self) -> Scanpaths:
        """The recorded scanpaths that are scored."""
        return self.truth.scored

    @property
    def given_first(self) -> bool:
        """Whether the first fixation is the rule's and nobody's own."""
        return self.truth.first_fixation != "as-recorded"

    def places(self, paths: Scanpaths) -> NDArray[np.float64]:
        """Fixations without those that the rule gives: x, y px, duration s, (n, 3)."""
        keep = np.ones(len(paths.fixations), np.bool_)
        if self.given_first:
            keep[paths.offsets[:-1][paths.lengths > 0]] = False
        return np.asarray(paths.fixations[keep], dtype=np.float64)


def read_paths(
    results: Sequence[Result],
    *,
    annotations: File | None,
    predictions: Sequence[File],
    protocol: Protocol | File | None = None,
    duration_unit: DurationUnit | None = None,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
) -> Paths | None:
    """Read what was scored, and refuse anything else; None without annotations.

    Recorded scanpaths are known by the digest of protocol and records, predictions by that of their
    file.

    Raises:
        BadSetting: predictions without annotations.
        DataError: a file is not what the results were scored from.
        As `truth_of`.
    """
    if annotations is None:
        if predictions:
            raise BadSetting("--predictions are shown beside recorded paths: give --annotations")
        return None
    tables = scored(results)
    first = next(iter(tables.values()))
    truth = _truth(first, annotations, protocol, duration_unit, lenient, max_size)
    matches: dict[str, Matches] = {}
    for file in predictions:
        found = _scored_from(tables, file)
        reading = read_file(
            file,
            dataset=truth.used.info,
            duration_unit=duration_unit,
            predictions=True,
            lenient=lenient,
            max_size=max_size,
        )
        paired = match(truth.scored, with_draws(reading.scanpaths)[0], by_subject=truth.by_subject)
        for name in found:
            _check_rows(tables[name], paired, file)
            matches[name] = paired
    return Paths(truth=truth, matches={name: matches[name] for name in tables if name in matches})


def _truth(
    scores: Scores,
    annotations: File,
    protocol: Protocol | File | None,
    duration_unit: DurationUnit | None,
    lenient: bool,
    max_size: int,
) -> Truth:
    named = protocol if protocol is not None else scores.protocol.name
    truth = truth_of(
        annotations,
        protocol=named,
        split=None if named is not None else scores.split,
        first_fixation=None if named is not None else scores.first_fixation,
        dataset=replace(scores.dataset, first_fixation=scores.first_fixation),
        duration_unit=duration_unit,
        lenient=lenient,
        max_size=max_size,
    )
    if truth.protocol.digest != scores.protocol.digest:
        raise DataError(
            f"{annotations}: holds other records than the results were scored against (digest "
            f"{truth.protocol.digest[:19]} instead of {scores.protocol.digest[:19]}): name the "
            "file that evaluate was given"
        )
    return truth


def _scored_from(tables: dict[str, Scores], file: File) -> list[str]:
    """The predictors that were scored from a file."""
    found = digest(file)
    names = [
        name
        for name, scores in tables.items()
        if scores.run.inputs["predictions"].rpartition(" ")[2] == found
    ]
    if not names:
        raise DataError(
            f"{file}: no result was scored from it (digest {found[:19]}): name the file that "
            "evaluate was given"
        )
    return names


def _check_rows(scores: Scores, paired: Matches, file: File) -> None:
    rows = scores.keys["record"], scores.keys["prediction"]
    if not all(
        np.array_equal(a, b) for a, b in zip(rows, (paired.rows, paired.columns), strict=True)
    ):
        raise DataError(
            f"{file}: its paths pair with the recorded ones in another way than in the scores: "
            "read it with the same options as evaluate (--lenient, --duration-unit)"
        )
