"""The commands that made every number of a report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from gazesearch import metrics as metrics_
from gazesearch.evaluation.distribution import DistributionScores
from gazesearch.evaluation.likelihood import FixationScores
from gazesearch.evaluation.report.results import DISTRIBUTION, LIKELIHOOD, Part, Result
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.scoring import DEFAULT_METRICS
from gazesearch.metrics import Metric
from gazesearch.protocols import Protocol
from gazesearch.scanpaths import KNOWN_DATASETS, DurationUnit

DIGEST: Final = " sha256:"
WIDTH: Final = 84
"""Letters in a line of a command."""

_DRAWN: Final = tuple(n for n in DEFAULT_METRICS if metrics_.get(n).kind == "pair")


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
            found.add(
                f"distribution {one.name}", f"draws of {one.name}", _distribution(one.draws, inside)
            )
    names = [one.name for one in results if one.scores is not None]
    for by in groupings:
        about = "means, intervals and tests" + (f" by {by}" if by else ", seen and unseen images")
        found.add(f"compare {by}", about, comparing(names, by, resamples=resamples, seed=seed))
    return found


def evaluating(scores: Scores, output: str) -> str:
    """The command, or call, that makes scores again."""
    asked = [*(metric.name for metric in scores.metrics), *scores.refused]
    if _only_in_python(scores, scores.metrics):
        return _call("evaluate", scores, scores.metrics, output)
    parts = [*_start(scores.run.inputs["predictions"], scores), *_metrics(asked)]
    if scores.run.settings.get("allow_missing") is True:
        parts.append("--allow-missing")
    return _joined(*parts, "--output", output)


def _distribution(found: DistributionScores, output: str) -> str:
    """The same of draws: of a file; a model that was asked for draws is asked in Python."""
    scores = found.energy
    if _only_in_python(scores, found.metrics):
        return _call("evaluation.evaluate_distribution", scores, found.metrics, output)
    asked = [*(metric.name for metric in found.metrics), *scores.refused]
    parts = [*_start(scores.run.inputs["predictions"], scores), *_metrics(asked, _DRAWN)]
    if scores.counts.missing:
        parts.append("--allow-missing")
    return _joined(*parts, "--distribution", "--output", output)


def _only_in_python(scores: Scores, metrics: Sequence[Metric]) -> bool:
    """Whether no command makes them: of what was in memory, or with settings of one's own."""
    own = any(metric.settings != metrics_.get(metric.name).settings for metric in metrics)
    return own or DIGEST not in scores.run.inputs["predictions"]


def _call(function: str, scores: Scores, metrics: Sequence[Metric], output: str) -> str:
    own = [
        f"metrics.get({metric.name!r}, "
        + ", ".join(f"{name}={value!r}" for name, value in metric.settings.items())
        + ")"
        for metric in metrics
        if metric.settings != metrics_.get(metric.name).settings
    ]
    with_own = f", metrics=[..., {', '.join(own)}]" if own else ""
    return (
        f"gazesearch.{function}(predictions, references{with_own}).save({output!r})  "
        f"# in Python; predictions: {scores.run.inputs['predictions']}"
    )


def _metrics(asked: Sequence[str], usual: Sequence[str] = DEFAULT_METRICS) -> list[str]:
    """The option that names metrics, unless they are the usual ones."""
    if set(asked) == set(usual):
        return []
    return ["--metrics", ",".join(metric for metric in metrics_.names() if metric in asked)]


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
    parts = [*_start(name, scores), "--likelihood", "--by", "position"]
    if scores.run.settings.get("images") is True:
        parts += ["--images", "IMAGES"]
    if scores.mix_uniform:
        parts += ["--mix-uniform", f"{scores.mix_uniform!r}"]
    return _joined(*parts, "--output", output)


def _start(source: str, part: Part) -> list[str]:
    references = file_name(part.run.inputs["references"])
    start = ["gazesearch", "evaluate", file_name(source), "--annotations", references]
    reading = part.run.settings.get("reading")
    reading = reading if isinstance(reading, dict) else {}
    if part.protocol.name is not None:
        start += ["--protocol", str(reading.get("protocol", part.protocol.name))]
    else:
        start += ["--split", part.split, "--first-fixation", part.first_fixation]
    return [*start, *_reading(reading)]


def _reading(reading: Mapping[str, object]) -> list[str]:
    """Options of reading, as the run record has them (`read_options`)."""
    options: list[str] = []
    if reading.get("dataset") in KNOWN_DATASETS:
        options += ["--dataset", str(reading["dataset"])]
    size = reading.get("screen_size")
    if isinstance(size, list) and len(size) == 2:
        options += ["--screen-size", "x".join(map(_plain, size))]
    if reading.get("duration_unit") in get_args(DurationUnit):
        options += ["--duration-unit", str(reading["duration_unit"])]
    return [*options, "--lenient"] if reading.get("lenient") is True else options


def _plain(value: object) -> str:
    """A number without the point that a whole one does not need."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


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
    protocol: Protocol | str | os.PathLike[str] | None = None,
    reading: Mapping[str, object] | None = None,
) -> str:
    """`gazesearch report` as it was asked for; of folders and files only the last name."""
    parts = ["gazesearch", "report", *names]
    if annotations is not None:
        parts += ["--annotations", Path(annotations).name]
    for file in predictions:
        parts += ["--predictions", Path(file).name]
    if pixels:
        parts += ["--images", "IMAGES", "--show-images"]
    if isinstance(protocol, str | os.PathLike):
        parts += ["--protocol", Path(protocol).name]
    parts += _reading(reading or {})
    if headline is not None:
        parts += ["--headline", headline]
    parts += ["--resamples", str(resamples), "--seed", str(seed), "--output", "report.html"]
    return _joined(*parts)
