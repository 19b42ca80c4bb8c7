"""`evaluate`: score predicted scanpaths against recorded ones by every metric asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics as metrics_
from gazesearch.errors import FAULTS_SHOWN, BadSetting, DataError, MissingPredictions, UnknownName
from gazesearch.evaluation.matching import Matches, distinguishes_people, match
from gazesearch.evaluation.measuring import measure
from gazesearch.evaluation.scores import Counts, Scores
from gazesearch.files import MAX_SIZE, RunRecord, digest
from gazesearch.formats import Reading, read_file
from gazesearch.metrics import Metric
from gazesearch.protocols import Protocol, Stamp, find, make_protocol
from gazesearch.scanpaths import (
    DatasetInfo,
    DurationUnit,
    FirstFixation,
    Scanpaths,
    ScreenSize,
    with_first_fixation,
)
from gazesearch.scanpaths.columns import constant
from gazesearch.scanpaths.draws import with_draws

Source = Scanpaths | str | os.PathLike[str]
Progress = Callable[[str, float], None]

DEFAULT_METRICS: Final = tuple(name for name in metrics_.names() if name != "sequence_score")
"""All but the sequence score, whose clusters make it incomparable across sources."""


def evaluate(
    predictions: Source,
    references: Source,
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
        references: recorded scanpaths, a table or a file.
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
    if protocol is not None and (split is not None or first_fixation is not None):
        raise BadSetting(
            "a protocol sets split and first fixation: leave out --split and --first-fixation "
            "(split, first_fixation), or the protocol"
        )
    if isinstance(references, Scanpaths) and (dataset or screen_size):
        raise BadSetting("dataset and screen_size are for files: a table has its own description")
    say = progress or (lambda _text, _done: None)
    chosen = _metrics(DEFAULT_METRICS if metrics is None else metrics)
    say("reading references", 0.0)
    recorded = _read(
        references,
        dataset=dataset,
        screen_size=screen_size,
        duration_unit=duration_unit,
        lenient=lenient,
        max_size=max_size,
    )
    say("reading predictions", 0.1)
    predicted = _read(
        predictions,
        predictions=True,
        dataset=recorded.scanpaths.info,
        duration_unit=duration_unit,
        lenient=lenient,
        max_size=max_size,
    )
    truth, rule = recorded.scanpaths, first_fixation or recorded.scanpaths.info.first_fixation
    by_subject = distinguishes_people(truth)
    asked = None
    if protocol is not None:
        asked = find(protocol, truth)
        truth, split, rule = asked.applied(truth), "test", asked.first_fixation
        chosen = chosen if metrics is not None else _metrics(asked.metrics)
    used = with_first_fixation(truth, rule)
    choice = _choose(used, split)
    matches = match(used[choice.rows], predicted.scanpaths, by_subject=by_subject)
    if matches.missing and not allow_missing:
        raise MissingPredictions(_missing(matches, choice.split))
    train = used[choice.train] if choice.train is not None else None
    measured = measure(
        matches,
        chosen,
        recorded=used,
        numbers=np.flatnonzero(choice.rows),
        train=train,
        say=say,
    )
    if not measured.metrics:
        raise DataError("; ".join(f"{name}: {why}" for name, why in measured.refused.items()))
    counts = Counts(
        scored=len(matches.references) - matches.missing,
        missing=matches.missing,
        surplus=matches.surplus,
        duplicated=predicted.duplicated,
    )
    notes = [
        *(f"references: {note}" for note in _reading_notes(recorded)),
        *(f"predictions: {note}" for note in _reading_notes(predicted)),
        *_notes(matches, rule, by_subject),
        *measured.notes,
    ]
    lengths = truth.lengths[choice.rows]
    stamp = asked.stamp if asked is not None else _stamp(truth, choice, rule)
    return Scores(
        keys=_keys(matches, lengths, train),
        values=measured.values,
        metrics=tuple(measured.metrics),
        counts=counts,
        refused=measured.refused,
        notes=tuple(dict.fromkeys(notes)),
        protocol=stamp,
        split=choice.split,
        first_fixation=rule,
        dataset=truth.info,
        run=RunRecord(
            settings={
                "protocol": asdict(stamp),
                "split": choice.split,
                "first_fixation": rule,
                "allow_missing": allow_missing,
                "metrics": {metric.name: dict(metric.settings) for metric in chosen},
            },
            inputs={
                name: _digest(source)
                for name, source in (("predictions", predictions), ("references", references))
            },
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Choice:
    """Which records are scored."""

    split: str
    rows: NDArray[np.bool_]
    train: NDArray[np.bool_] | None


def _stamp(references: Scanpaths, choice: _Choice, rule: FirstFixation) -> Stamp:
    """The digest that a protocol of the same records and rule has."""
    parts = {"valid": np.equal(references.split, "valid").astype(np.bool_)}
    if choice.train is None or choice.split == "valid":
        parts = {}
    if choice.train is not None:
        parts["train"] = choice.train
    chosen = make_protocol(
        references,
        parts | {"test": choice.rows},
        name=choice.split,
        version=0,
        about="",
        first_fixation=rule,
    )
    return Stamp(name=None, version=None, digest=chosen.digest)


def _metrics(asked: Sequence[str | Metric]) -> list[Metric]:
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
    dataset: str | DatasetInfo | None,
    lenient: bool,
    max_size: int,
    screen_size: ScreenSize | None = None,
    duration_unit: DurationUnit | None = None,
    predictions: bool = False,
) -> Reading:
    if isinstance(source, Scanpaths):
        if not predictions:
            return Reading(scanpaths=source)
        paths, duplicated = with_draws(source)
        return Reading(scanpaths=paths, duplicated=duplicated)
    return read_file(
        source,
        dataset=dataset,
        screen_size=screen_size,
        duration_unit=duration_unit,
        predictions=predictions,
        lenient=lenient,
        max_size=max_size,
    )


def _choose(references: Scanpaths, split: str | None) -> _Choice:
    splits = references.split
    known = {str(name) for name in splits if name is not None}
    name = ("test" if "test" in known else "all") if split is None else split
    if name != "all" and name not in known:
        raise UnknownName("split of the references", name, {*known, "all"})
    rows = np.full(len(references), True) if name == "all" else np.equal(splits, name)
    if not rows.any():
        raise DataError("the references hold no records: nothing can be scored")
    in_train = np.equal(splits, "train").astype(np.bool_)
    apart = name not in ("train", "all") and bool(in_train.any())
    return _Choice(split=name, rows=rows.astype(np.bool_), train=in_train if apart else None)


def _missing(matches: Matches, split: str) -> str:
    references = matches.references
    row = matches.rows[~matches.predicted][0]
    where = "" if split == "all" else f" of split {split}"
    return (
        f"{matches.missing} of {len(references)} records{where} have no prediction (the first: "
        f"{references.image[row]}, {references.finding[row]}): add them, or count them by "
        "--allow-missing (allow_missing=True)"
    )


def _keys(
    matches: Matches, lengths: NDArray[np.int64], train: Scanpaths | None
) -> dict[str, NDArray[Any]]:
    references, rows = matches.references, matches.rows
    draws = np.append(matches.predictions.draw, 0)  # -1, where there is no prediction, finds the 0
    seen = constant(None, len(rows))
    if train is not None:
        images = set(train.image)
        seen = np.array([image in images for image in references.image[rows]], dtype=object)
    return {
        "record": rows,
        "image": references.image[rows],
        "finding": references.finding[rows],
        "subject": references.subject[rows],
        "draw": draws[matches.columns],
        "prediction": matches.columns,
        "split": references.split[rows],
        "length": lengths[rows],
        "image_in_train": seen,
        "predicted": matches.predicted,
    }


def _reading_notes(reading: Reading) -> list[str]:
    shown = [f"dropped {fault}" for fault in reading.dropped[:FAULTS_SHOWN]]
    return [*reading.notes, *shown]


def _notes(matches: Matches, rule: FirstFixation, by_subject: bool) -> list[str]:
    notes = []
    used = matches.predictions
    if not by_subject and len({who for who in used.subject if who is not None}) > 1:
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
    if matches.missing:
        notes.append(
            f"missing predictions ({matches.missing}) count: similarities as 0, edit distance "
            "and length error as the reference's length, distances as the screen's diagonal, "
            "duration error as the reference's mean, KL and information gain as undefined"
        )
    return notes


def _digest(source: Source) -> str:
    if isinstance(source, Scanpaths):
        return "a table in memory"
    return f"{Path(source).name} {digest(source)}"
