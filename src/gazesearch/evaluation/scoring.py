"""`evaluate`: score predicted scanpaths against recorded ones by every metric asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics as metrics_
from gazesearch.errors import BadSetting, DataError, MissingPredictions
from gazesearch.evaluation.matching import Matches, match
from gazesearch.evaluation.measuring import measure
from gazesearch.evaluation.scores import Counts, Scores
from gazesearch.evaluation.truth import (
    Source,
    Truth,
    read_options,
    reading_notes,
    source_digest,
    truth_of,
)
from gazesearch.files import MAX_SIZE, RunRecord
from gazesearch.formats import Reading, read_file
from gazesearch.metrics import Metric
from gazesearch.protocols import Protocol
from gazesearch.scanpaths import (
    DatasetInfo,
    DurationUnit,
    FirstFixation,
    Scanpaths,
    ScreenSize,
)
from gazesearch.scanpaths.draws import with_draws

Progress = Callable[[str, float], None]
Missing = Literal["refuse", "count", "undefined"]

DEFAULT_METRICS: Final = tuple(name for name in metrics_.names() if name != "sequence_score")
"""All but the sequence score, whose clusters make it incomparable across sources."""


def evaluate(
    predictions: Source,
    references: Source | Truth,
    *,
    protocol: Protocol | str | os.PathLike[str] | None = None,
    split: str | None = None,
    first_fixation: FirstFixation | None = None,
    metrics: Sequence[str | Metric] | None = None,
    allow_missing: bool = False,
    dataset: str | DatasetInfo | None = None,
    screen_size: ScreenSize | None = None,
    duration_unit: DurationUnit | None = None,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
    progress: Progress | None = None,
) -> Scores:
    """Score predicted scanpaths against recorded ones.

    Predictions are matched by image and finding. One that names its subject is scored against that
    person only, one that does not against every person; a subject that is constant over the whole
    reference file is a placeholder and ignored. Predictions of nothing that is scored are counted.

    Args:
        predictions: predicted scanpaths, a table or a file.
        references: recorded scanpaths: a table, a file, or a `Truth`, which is read and chosen
            already (then the options that say how stay out).
        protocol: a protocol, its name or its file: chooses records, split, first-fixation rule and,
            unless `metrics` are given, the metrics; its test part is scored.
        split: which split is scored, without a protocol; None takes "test" where the references
            have one, else all records; "all" takes all.
        first_fixation: rule by which the recorded paths are used (see `with_first_fixation`),
            without a protocol; None takes the dataset's. Predictions are scored as they are.
        metrics: names of the table, or `metrics.get(name, option=...)`; None takes those of the
            protocol, else all but the sequence score.
        allow_missing: count a missing prediction instead of refusing: similarities as 0, edit
            distance and length error as the reference's length, distances as the screen's diagonal,
            duration error as the reference's mean duration; KL and information gain have no worst
            value and are counted as undefined.
        dataset, screen_size: of a reference file, as in `read_scanpaths`.
        duration_unit: unit of `T` in both files; None tells each from its magnitude.
        lenient, max_size: for files, as in `read_scanpaths`.
        progress: called with what is being done and the fraction done.

    Returns:
        One row per recorded scanpath and prediction scored against it.

    Raises:
        MissingPredictions: a record has no prediction, and `allow_missing` is not set.
        FrameMismatch: predictions and references count in different frames.
        DataError: nothing is left to score, no metric asked for can be computed, or the protocol
            was made from other data.
        UnknownName: no metric, protocol or split is called so.
        BadSetting: a protocol together with a split or a first-fixation rule.
    """
    say = progress or (lambda _text, _done: None)
    chosen = chosen_metrics(DEFAULT_METRICS if metrics is None else metrics)
    if isinstance(references, Truth):
        if any((protocol, split, first_fixation, dataset, screen_size)):
            raise BadSetting("a Truth is chosen already: give these options to truth_of")
        truth = references
    else:
        say("reading references", 0.0)
        truth = truth_of(
            references,
            protocol=protocol,
            split=split,
            first_fixation=first_fixation,
            dataset=dataset,
            screen_size=screen_size,
            duration_unit=duration_unit,
            lenient=lenient,
            max_size=max_size,
        )
    if metrics is None and truth.metrics is not None:
        chosen = chosen_metrics(truth.metrics)
    say("reading predictions", 0.1)
    predicted = _read(
        predictions,
        dataset=truth.used.info,
        duration_unit=duration_unit,
        lenient=lenient,
        max_size=max_size,
    )
    return score(
        predicted,
        truth,
        metrics=chosen,
        missing="count" if allow_missing else "refuse",
        digest=source_digest(predictions),
        reading=read_options(duration_unit=duration_unit, lenient=lenient),
        say=say,
    )


def score(
    predicted: Reading,
    truth: Truth,
    *,
    metrics: Sequence[Metric],
    missing: Missing,
    digest: str,
    say: Progress,
    reading: Mapping[str, object] | None = None,
) -> Scores:
    """Score what was read of a prediction file against what was chosen of the recorded scanpaths.

    Args:
        predicted: the predictions.
        truth: the recorded scanpaths.
        metrics: what is computed.
        missing: what becomes of records without a prediction: refused; counted as `allow_missing`
            of `evaluate` says; or undefined, in no mean.
        say: as `progress` of `evaluate`.
        digest, reading: what the run record says of the predictions, and of how they were read.
    """
    matches = match(truth.scored, predicted.scanpaths, by_subject=truth.by_subject)
    if matches.missing and missing == "refuse":
        raise MissingPredictions(_missing(matches, truth.split))
    measured = measure(
        matches,
        metrics,
        recorded=truth.used,
        numbers=np.flatnonzero(truth.rows),
        train=truth.trained_on,
        say=say,
    )
    if not measured.metrics:
        raise DataError("; ".join(f"{name}: {why}" for name, why in measured.refused.items()))
    values = measured.values
    if missing == "undefined":
        values = {name: np.where(matches.predicted, v, np.nan) for name, v in values.items()}
    notes = [
        *(f"references: {note}" for note in truth.notes),
        *(f"predictions: {note}" for note in reading_notes(predicted)),
        *_notes(matches, truth, missing),
        *measured.notes,
    ]
    return Scores(
        keys=_keys(matches, truth),
        values=values,
        metrics=tuple(measured.metrics),
        counts=Counts(
            scored=len(matches.references) - matches.missing,
            missing=matches.missing,
            surplus=matches.surplus,
            duplicated=predicted.duplicated,
        ),
        refused=measured.refused,
        notes=tuple(dict.fromkeys(notes)),
        protocol=truth.protocol,
        split=truth.split,
        first_fixation=truth.first_fixation,
        dataset=truth.used.info,
        run=RunRecord(
            settings={
                **truth.settings,
                "reading": {**truth.reading, **(reading or {})},
                "allow_missing": missing == "count",
                "metrics": {metric.name: dict(metric.settings) for metric in metrics},
            },
            inputs={"predictions": digest, "references": truth.digest},
        ),
    )


def chosen_metrics(asked: Sequence[str | Metric]) -> list[Metric]:
    """The declared metrics of names, each once.

    Raises:
        BadSetting: none is named, or one with two settings.
        UnknownName: no metric is called so.
    """
    if isinstance(asked, str):
        raise BadSetting(f"metrics={asked!r}: must be a list of names")
    if not asked:
        raise BadSetting("metrics: none is named: leave it out for all, or name one")
    chosen = [metrics_.get(metric) if isinstance(metric, str) else metric for metric in asked]
    for metric in chosen:
        if any(metric.name == other.name and metric != other for other in chosen):
            raise BadSetting(f"{metric.name}: two settings of one metric need two tables")
    return list(dict.fromkeys(chosen))


def _read(
    source: Source,
    *,
    dataset: DatasetInfo,
    duration_unit: DurationUnit | None,
    lenient: bool,
    max_size: int,
) -> Reading:
    if isinstance(source, Scanpaths):
        paths, duplicated = with_draws(source)
        return Reading(scanpaths=paths, duplicated=duplicated)
    return read_file(
        source,
        dataset=dataset,
        duration_unit=duration_unit,
        predictions=True,
        lenient=lenient,
        max_size=max_size,
    )


def _missing(matches: Matches, split: str) -> str:
    references = matches.references
    row = matches.rows[~matches.predicted][0]
    where = "" if split == "all" else f" of split {split}"
    return (
        f"{matches.missing} of {len(references)} records{where} have no prediction (the first: "
        f"{references.image[row]}, {references.finding[row]}): add them, or count them by "
        "--allow-missing (allow_missing=True)"
    )


def _keys(matches: Matches, truth: Truth) -> dict[str, NDArray[Any]]:
    references, rows = matches.references, matches.rows
    draws = np.append(matches.predictions.draw, 0)  # -1, where there is no prediction, finds the 0
    return {
        "record": rows,
        "image": references.image[rows],
        "finding": references.finding[rows],
        "subject": references.subject[rows],
        "draw": draws[matches.columns],
        "prediction": matches.columns,
        "split": references.split[rows],
        "length": truth.lengths[truth.rows][rows],
        "source": truth.sources[truth.rows][rows],
        "image_in_train": truth.seen()[rows],
        "predicted": matches.predicted,
    }


def _notes(matches: Matches, truth: Truth, missing: Missing) -> list[str]:
    notes = []
    used, rule = matches.predictions, truth.first_fixation
    if not truth.by_subject and len({who for who in used.subject if who is not None}) > 1:
        notes.append("the references do not tell people apart: subjects of predictions are ignored")
    if rule != "as-recorded" and len(used):
        there = used.lengths > 0
        starts = used.fixations[used.offsets[:-1][there], :2]
        off = int((starts != used.screen_sizes[there] / 2).any(axis=1).sum())
        if off:
            notes.append(
                f"{off} of {len(used)} predictions do not start at the centre, as the recorded "
                f"paths do under {rule}"
            )
    if matches.missing and missing == "undefined":
        notes.append(
            f"no answer for {matches.missing} of {len(matches.references)} records, which are in "
            "no mean"
        )
    elif matches.missing:
        notes.append(
            f"missing predictions ({matches.missing}) count: similarities as 0, edit distance "
            "and length error as the reference's length, distances as the screen's diagonal, "
            "duration error as the reference's mean, KL and information gain as undefined"
        )
    return notes
