"""Draws against people: the energy form of any similarity, best and mean of n, diversity.

A plain similarity asks how like one prediction is to a recorded path, and is highest for a safe
path that is somewhat like all of them. The energy form takes the predictions as a distribution:
E s(X, y) - 1/2 E s(X, X') with X, X' different draws (Gneiting and Raftery 2007), of a distance
as of a similarity. What is like y gains, what is like itself loses, so one path repeated cannot
win where people differ. `properness` says for which metrics this is a proper score.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from gazesearch.errors import DataError
from gazesearch.evaluation.distribution_forms import FORMS, Forms, forms_of, numbers_of
from gazesearch.evaluation.matching import match
from gazesearch.evaluation.people import other_people
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.scoring import (
    DEFAULT_METRICS,
    Missing,
    Progress,
    chosen_metrics,
    score,
)
from gazesearch.evaluation.truth import Source, Truth, read_options, source_digest, truth_of
from gazesearch.files import MAX_SIZE
from gazesearch.formats import Reading, read_file
from gazesearch.metrics import Metric
from gazesearch.prediction import ImageSource, Requests, Rng, ScanpathModel
from gazesearch.scanpaths import DurationUnit, Scanpaths
from gazesearch.scanpaths.columns import constant
from gazesearch.scanpaths.draws import with_draws

DRAWS: Final = 16
"""Paths that a model is asked for where it is not said how many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DistributionScores:
    """Scores of draws as a distribution: tables with one row per recorded path.

    The metrics of a table are called after it: `scanmatch_energy`, `scanmatch_best`. Tables of one
    form can be compared (`compare(mine.energy, theirs.energy)`), like any `Scores`.

    Attributes:
        energy: E s(X, y) - 1/2 E s(X, X'); undefined where a path has under two draws.
        mean: E s(X, y).
        best: of the draws the value nearest to y; grows with their number, whatever they are worth.
        draws: E s(X, X'), how like the draws of a record are to each other: low is diverse.
        people: the same of the recorded people of its image and finding; as diverse as that a model
            should be. None where the records do not tell people apart.
        fewest, most: draws of the records that have any.
        metrics: the metrics that these are forms of.
    """

    energy: Scores
    mean: Scores
    best: Scores
    draws: Scores
    people: Scores | None
    fewest: int
    most: int
    metrics: tuple[Metric, ...]

    @property
    def tables(self) -> Mapping[str, Scores]:
        """The tables that there are, by form."""
        every = {name: getattr(self, name) for name in FORMS}
        return {name: table for name, table in every.items() if table is not None}

    def to_table(self) -> str:
        """The summary as text, for a terminal."""
        from gazesearch.evaluation.distribution_tables import to_text

        return to_text(self)

    def to_markdown(self) -> str:
        """The summary as a Markdown table."""
        from gazesearch.evaluation.distribution_tables import to_markdown

        return to_markdown(self)

    def to_json(self) -> str:
        """Means, intervals and numbers of undefined values of every form, as JSON."""
        from gazesearch.evaluation.distribution_tables import to_json

        return to_json(self)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write `distribution.json`, `distribution.md` and `distribution.parquet` (the rows)."""
        from gazesearch.evaluation.distribution_saving import save

        save(self, folder)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> DistributionScores:
        """Read a folder that `save` wrote (`gazesearch evaluate --distribution --output`).

        Raises:
            UnreadableFile: a file is absent or cannot be read.
            DataError: they are not what `save` writes, or do not belong together.
        """
        from gazesearch.evaluation.distribution_saving import load

        return _scores(load(folder), {})


def evaluate_distribution(
    predictions: Source | ScanpathModel,
    references: Source | Truth,
    *,
    metrics: Sequence[str | Metric] | None = None,
    draws: int = DRAWS,
    images: ImageSource | None = None,
    rng: Rng = 0,
    allow_missing: bool = False,
    duration_unit: DurationUnit | None = None,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
    progress: Progress | None = None,
) -> DistributionScores:
    """Score draws against recorded scanpaths as a distribution.

    Args:
        predictions: a table or a file with several predictions of each image and finding (column
            `draw`, or repeated), or a model, which is sampled; where the records tell people apart
            it is asked as each person whose path is scored.
        references: recorded scanpaths: a table, a file, or a `Truth` (see `truth_of`).
        metrics: of kind "pair"; None takes those of the protocol, else all but the sequence score.
        draws: how many paths a model is asked for, at least 2.
        images: for models that look at images.
        rng: seed or generator of a model's draws.
        allow_missing: leave records without a prediction undefined, instead of refusing.
        duration_unit, lenient, max_size: for files, as in `evaluate`.
        progress: called with what is being done and the fraction done.

    Raises:
        DataError: no record has two draws, or no metric asked for can be computed.
        MissingPredictions: a record has no prediction, and `allow_missing` is not set.
        As `evaluate`.
    """
    say = progress or (lambda _text, _done: None)
    truth = references if isinstance(references, Truth) else truth_of(references)
    if isinstance(predictions, Scanpaths):
        paths, duplicated = with_draws(predictions)
        reading = Reading(scanpaths=paths, duplicated=duplicated)
        digest = source_digest(predictions)
    elif isinstance(predictions, str | os.PathLike):
        reading = read_file(
            predictions,
            dataset=truth.used.info,
            duration_unit=duration_unit,
            predictions=True,
            lenient=lenient,
            max_size=max_size,
        )
        digest = source_digest(predictions)
    else:
        say("drawing paths", 0.0)
        sampled = predictions.sample(_requests(truth), draws, images=images, rng=rng)
        reading = Reading(scanpaths=sampled)
        digest = f"{predictions.name}: {draws} draws"
    missing: Missing = "undefined" if allow_missing else "refuse"
    asked, refused = _of_pairs(metrics, truth)
    how = read_options(duration_unit=duration_unit, lenient=lenient)
    scores = score(
        reading, truth, metrics=asked, missing=missing, digest=digest, reading=how, say=say
    )
    matches = match(truth.scored, reading.scanpaths, by_subject=truth.by_subject)
    say("draws with each other", 0.8)
    makers = np.arange(len(matches.predictions))
    return _scores(forms_of(scores, truth, matches.predictions, makers), refused)


def people_distribution(
    references: Source | Truth,
    *,
    metrics: Sequence[str | Metric] | None = None,
    progress: Progress | None = None,
) -> DistributionScores:
    """People as a distribution: the other people's paths as draws, each person left out in turn.

    X, X' are paths of different people among the others. Records that nobody else looked at are
    undefined.

    Args:
        references, metrics, progress: as in `evaluate_distribution`.

    Raises:
        DataError: no three people looked at the same image for the same finding.
    """
    say = progress or (lambda _text, _done: None)
    truth = references if isinstance(references, Truth) else truth_of(references)
    answers = other_people(truth.scored)
    asked, refused = _of_pairs(metrics, truth)
    scores = score(
        Reading(scanpaths=answers),
        truth,
        metrics=asked,
        missing="undefined",
        digest="people: those who are scored, leave one out",
        say=say,
    )
    matches = match(truth.scored, answers, by_subject=truth.by_subject)
    makers = numbers_of(matches.predictions.columns["person"])
    return _scores(forms_of(scores, truth, matches.predictions, makers), refused)


def _requests(truth: Truth) -> Requests:
    """What a model is asked: as each person, or once for nobody in particular."""
    scored = truth.scored
    if truth.by_subject:
        keys = scored.columns.members(("name", "task", "subject"))
        return Requests.of(scored[[group[0] for group in keys.values()]])
    keys = scored.columns.members(("name", "task"))
    requests = Requests.of(scored[[group[0] for group in keys.values()]])
    return replace(requests, subject=constant(None, len(requests)))


def _of_pairs(
    metrics: Sequence[str | Metric] | None, truth: Truth
) -> tuple[list[Metric], dict[str, str]]:
    """The metrics that have an energy form, and why others of those asked for have none."""
    usual = DEFAULT_METRICS if truth.metrics is None else truth.metrics
    chosen = chosen_metrics(usual if metrics is None else metrics)
    refused = {}
    for metric in chosen:
        if metric.kind != "pair":
            refused[metric.name] = "does not compare two paths: draws have no such value"
        elif getattr(metric.measure, "by_image", False):
            refused[metric.name] = "its clusters are made of recorded paths: draws have none"
    kept = [metric for metric in chosen if metric.name not in refused]
    if not kept:
        raise DataError("; ".join(f"{name}: {why}" for name, why in refused.items()))
    return kept, refused if metrics is not None else {}


def _scores(found: Forms, refused: Mapping[str, str]) -> DistributionScores:
    """The tables, each with what is refused beside them."""
    tables = {
        form: replace(table, refused={**table.refused, **refused})
        for form, table in found.tables.items()
    }
    return DistributionScores(
        **{form: tables.get(form) for form in FORMS},  # type: ignore[arg-type]
        fewest=found.fewest,
        most=found.most,
        metrics=found.metrics,
    )
