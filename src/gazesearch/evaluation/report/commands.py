"""The commands that made every number of a report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gazesearch import metrics as metrics_
from gazesearch.evaluation.likelihood import FixationScores
from gazesearch.evaluation.report.results import DISTRIBUTION, LIKELIHOOD, Part, Result
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.scoring import DEFAULT_METRICS

DIGEST: Final = " sha256:"
WIDTH: Final = 84
"""Letters in a line of a command."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, or a call of Python where no command does it.

    Attributes:
        number: from 1, as the page names it.
        about: what it makes.
        text: to be run.
    """

    number: int
    about: str
    text: str

    @property
    def anchor(self) -> str:
        """Its id in the page."""
        return f"command-{self.number}"


class Commands:
    """The commands of one report, by what they make."""

    def __init__(self) -> None:
        self._found: dict[str, Command] = {}

    def __iter__(self) -> Any:
        return iter(self._found.values())

    def add(self, key: str, about: str, text: str) -> Command:
        """Number a command."""
        self._found[key] = Command(number=len(self._found) + 1, about=about, text=text)
        return self._found[key]

    def __getitem__(self, key: str) -> Command:
        return self._found[key]


def commands_of(
    results: Sequence[Result], *, groupings: Sequence[str | None], resamples: int, seed: int
) -> Commands:
    """Number all commands: of each result, then of the comparisons by grouping."""
    found = Commands()
    for one in results:
        if one.scores is not None:
            found.add(
                f"scores {one.name}", f"scores of {one.name}", evaluating(one.scores, one.name)
            )
        if one.fixations is not None:
            text = _likelihood(
                one.fixations, f"{one.name}/{LIKELIHOOD}" if one.scores else one.name
            )
            found.add(f"likelihood {one.name}", f"{one.name}, fixation by fixation", text)
        if one.draws is not None:
            inside = f"{one.name}/{DISTRIBUTION}" if one.scores else one.name
            start = _start(one.draws.run.inputs["predictions"], one.draws)
            text = _joined(*start, "--distribution", "--output", inside)
            found.add(f"distribution {one.name}", f"draws of {one.name}", text)
    names = [one.name for one in results if one.scores is not None]
    for by in groupings:
        about = "means, intervals and tests" + (f" by {by}" if by else ", seen and unseen images")
        found.add(f"compare {by}", about, comparing(names, by, resamples=resamples, seed=seed))
    return found


def evaluating(scores: Scores, output: str) -> str:
    """The command, or call, that makes scores again."""
    source = scores.run.inputs["predictions"]
    asked = [*(metric.name for metric in scores.metrics), *scores.refused]
    own = [
        f"metrics.get({metric.name!r}, "
        + ", ".join(f"{name}={value!r}" for name, value in metric.settings.items())
        + ")"
        for metric in scores.metrics
        if metric.settings != metrics_.get(metric.name).settings
    ]
    if DIGEST not in source or own:
        with_own = f", metrics=[..., {', '.join(own)}]" if own else ""
        return (
            f"gazesearch.evaluate(predictions, references{with_own}).save({output!r})  "
            f"# in Python; predictions: {source}"
        )
    parts = _start(source, scores)
    if set(asked) != set(DEFAULT_METRICS):
        names = [metric for metric in metrics_.names() if metric in asked]
        parts += ["--metrics", ",".join(names)]
    if scores.run.settings.get("allow_missing") is True:
        parts.append("--allow-missing")
    return _joined(*parts, "--output", output)


def comparing(names: Sequence[str], by: str | None, *, resamples: int, seed: int) -> str:
    """The command that compares; with one result, the call that gives its intervals."""
    if len(names) < 2:
        grouped = f", by={by!r}" if by else ""
        return (
            f"compare(Scores.load({names[0]!r}){grouped}, resamples={resamples}, rng={seed})  "
            "# in Python, gazesearch.evaluation"
        )
    parts = ["gazesearch", "compare", *names]
    parts += ["--by", by] if by else []
    return _joined(*parts, "--resamples", str(resamples), "--seed", str(seed))


def _likelihood(scores: FixationScores, output: str) -> str:
    origin = scores.run.inputs["model"]
    name = file_name(origin) if DIGEST in origin else scores.model
    parts = [*_start(name, scores), "--likelihood"]
    if scores.mix_uniform:
        parts += ["--mix-uniform", f"{scores.mix_uniform!r}"]
    return _joined(*parts, "--output", output)


def _start(source: str, part: Part) -> list[str]:
    references = file_name(part.run.inputs["references"])
    start = ["gazesearch", "evaluate", file_name(source), "--annotations", references]
    if part.protocol.name is not None:
        return [*start, "--protocol", part.protocol.name]
    return [*start, "--split", part.split, "--first-fixation", part.first_fixation]


def file_name(source: str) -> str:
    """The file of an input, without its digest."""
    return source.rpartition(DIGEST)[0] or source


def _joined(*parts: str) -> str:
    """A command line that a shell takes as it stands, broken before options."""
    groups: list[str] = []
    for part in parts:
        if part.startswith("--") or not groups:
            groups.append(shlex.quote(part))
        else:
            groups[-1] += f" {shlex.quote(part)}"
    lines = [groups[0]]
    for group in groups[1:]:
        if len(lines[-1]) + len(group) > WIDTH:
            lines.append(f"   {group}")
        else:
            lines[-1] += f" {group}"
    return " \\\n".join(lines)


def written_command(
    names: Sequence[str],
    *,
    annotations: str | os.PathLike[str] | None,
    predictions: Sequence[str | os.PathLike[str]],
    pixels: bool,
    headline: str | None,
    resamples: int,
    seed: int,
) -> str:
    """`gazesearch report` as it was asked for; of folders and files only the last name."""
    parts = ["gazesearch", "report", *names]
    if annotations is not None:
        parts += ["--annotations", Path(annotations).name]
    for file in predictions:
        parts += ["--predictions", Path(file).name]
    if pixels:
        parts += ["--images", "IMAGES", "--show-images"]
    if headline is not None:
        parts += ["--headline", headline]
    parts += ["--resamples", str(resamples), "--seed", str(seed), "--output", "report.html"]
    return _joined(*parts)
