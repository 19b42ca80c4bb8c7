"""What is wrong with predictions before they are sent in, and the row they would get."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from gazesearch.errors import BadSetting, DataError, FaultyRecords, UnreadableFile
from gazesearch.evaluation.matching import Matches, match
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.scoring import DEFAULT_METRICS, chosen_metrics, evaluate
from gazesearch.evaluation.truth import Truth
from gazesearch.formats import Reading, read_file
from gazesearch.metrics import Metric
from gazesearch.scanpaths import DurationUnit, Scanpaths, first_copies
from gazesearch.studies.copies import copies
from gazesearch.studies.gaps import gaps
from gazesearch.studies.remarks import Grade, Remark, about_faults, is_off_screen, record

Source = Scanpaths | str | os.PathLike[str]
Progress = Callable[[str, float], None]

MAX_SIZE: Final = 2**26
"""Largest file of predictions that is read unless told otherwise: 64 MiB."""
MOST_DRAWS: Final = 100
"""Most predictions of one record."""
FEWEST: Final = 3
"""Fixations under which MultiMatch is undefined."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """What was found out about predictions.

    Attributes:
        remarks: what blocks, then hints, then facts.
        scores: what they score; None where they cannot be scored. What is missing counts as
            `allow_missing` of `evaluate` says.
        used: the predictions of what is scored; None where they cannot be read.
        truth: what they are scored against.
    """

    remarks: tuple[Remark, ...]
    scores: Scores | None
    used: Scanpaths | None
    truth: Truth

    def of_grade(self, grade: Grade) -> tuple[Remark, ...]:
        """The remarks of one grade."""
        return tuple(remark for remark in self.remarks if remark.grade == grade)

    @property
    def blocking(self) -> tuple[Remark, ...]:
        """What must be mended before the predictions can be sent."""
        return self.of_grade("blocking")

    def to_table(self) -> str:
        """Remarks and the row, as text for a terminal."""
        from gazesearch.studies.submission_tables import to_text

        return to_text(self)

    def to_json(self) -> str:
        """Remarks and the row as JSON; undefined numbers are null."""
        from gazesearch.studies.submission_tables import to_json

        return to_json(self)


def check_submission(
    predictions: Source,
    truth: Truth,
    *,
    metrics: Sequence[str | Metric] | None = None,
    ranked_by: Metric | None = None,
    duration_unit: DurationUnit | None = None,
    max_size: int = MAX_SIZE,
    progress: Progress | None = None,
) -> Check:
    """Say what is wrong with predictions, and score them.

    Args:
        predictions: a table or a file.
        truth: the recorded scanpaths of a protocol (`evaluation.truth_of`).
        metrics: as in `evaluate`; None takes the protocol's.
        ranked_by: the one of them that ranks: predictions must not leave it without a value.
        duration_unit: of `T` in the file; None tells it from its magnitude.
        max_size: largest file that is read, bytes.
        progress: called with what is being done and the fraction done.

    Raises:
        UnreadableFile: the file is absent, too large or cannot be read.
        BadSetting: what ranks is not among the metrics.
    """
    say = progress or (lambda _text, _done: None)
    chosen = chosen_metrics((truth.metrics or DEFAULT_METRICS) if metrics is None else metrics)
    if ranked_by is not None and ranked_by not in chosen:
        raise BadSetting(f"ranked_by {ranked_by.name!r}: is not among the metrics shown")
    say("reading predictions", 0.1)
    try:
        reading = _read(predictions, truth, duration_unit, max_size)
    except UnreadableFile:
        raise
    except DataError as error:  # what the file says cannot be made out: nothing else can be said
        return Check(remarks=tuple(_unread(error)), scores=None, used=None, truth=truth)
    remarks = [*about_faults(reading.dropped), *_off_screen(reading)]
    try:
        matches = match(truth.scored, reading.scanpaths, by_subject=truth.by_subject)
    except DataError as error:
        remarks.append(Remark(name="frame", grade="blocking", said=str(error)))
        return Check(remarks=tuple(remarks), scores=None, used=None, truth=truth)
    remarks += _coverage(matches, reading)
    used = matches.predictions
    if not len(used):
        return Check(remarks=_graded(remarks), scores=None, used=None, truth=truth)
    say("looking for copies", 0.2)
    remarks += [*_paths(used, truth), *_sameness(used), *_copied(used, truth)]
    scores = None
    if not any(remark.name == "draws" and remark.grade == "blocking" for remark in remarks):
        scores = evaluate(used, truth, metrics=chosen, allow_missing=True, progress=progress)
        remarks += _not_computed(scores)
        if ranked_by is not None:
            remarks += gaps(scores, truth, ranked_by)
    return Check(remarks=_graded(remarks), scores=scores, used=used, truth=truth)


def _read(
    source: Source, truth: Truth, duration_unit: DurationUnit | None, max_size: int
) -> Reading:
    if isinstance(source, Scanpaths):
        return Reading(scanpaths=source)
    return read_file(
        source,
        dataset=truth.used.info,
        duration_unit=duration_unit,
        predictions=True,
        lenient=True,
        max_size=max_size,
    )


def _unread(error: DataError) -> Iterator[Remark]:
    if isinstance(error, FaultyRecords):
        yield from about_faults(error.faults)
    else:
        yield Remark(name="file", grade="blocking", said=str(error))


def _off_screen(reading: Reading) -> Iterator[Remark]:
    """Many records off the screen count in another frame."""
    faulty = {fault.record for fault in reading.dropped}
    off = {fault.record for fault in reading.dropped if is_off_screen(fault)}
    records = len(reading.scanpaths) + len(faulty)
    if len(off) > 0.1 * records:
        yield Remark(
            name="frame",
            grade="blocking",
            said=f"{len(off):,} of {records:,} records reach off the screen of "
            f"{reading.scanpaths.info.frame} px: they look like those of a larger screen; bring "
            "them to this one",
        )


def _coverage(matches: Matches, reading: Reading) -> Iterator[Remark]:
    references = matches.references
    if matches.missing:
        row = int(matches.rows[~matches.predicted][0])
        left_out = ", some of them left out as faulty" if reading.dropped else ""
        yield Remark(
            name="missing",
            grade="blocking",
            said=f"{matches.missing:,} of {len(references):,} records have no prediction{left_out} "
            f"(the first: {record(references, row)}): add them",
        )
    if matches.surplus:
        yield Remark(
            name="surplus",
            grade="hint",
            said=f"{matches.surplus:,} predictions are of nothing that is scored: they are ignored",
        )
    draws = np.bincount(matches.rows[matches.predicted], minlength=1)
    if draws.max() > MOST_DRAWS:
        row = int(draws.argmax())
        yield Remark(
            name="draws",
            grade="blocking",
            said=f"{draws.max():,} predictions of one record ({record(references, row)}): at most "
            f"{MOST_DRAWS} are taken",
        )
    elif draws.max() > 1:
        yield Remark(
            name="draws",
            grade="fact",
            said=f"up to {draws.max():,} predictions a record: their mean counts, not the best",
        )
    if reading.duplicated:
        yield Remark(
            name="unmarked draws",
            grade="hint",
            said=f"{reading.duplicated:,} predictions repeat image, finding and subject of another "
            "one without the field draw: they count as draws; number them (draw: 0, 1, ...), or "
            "leave one each",
        )


def _paths(used: Scanpaths, truth: Truth) -> Iterator[Remark]:
    empty = np.flatnonzero(used.lengths == 0)
    if len(empty):
        yield Remark(
            name="empty",
            grade="blocking",
            said=f"{len(empty):,} predictions have no fixation (the first: "
            f"{record(used, int(empty[0]))}): they would be in no mean; predict a path",
        )
    short = int(((used.lengths > 0) & (used.lengths < FEWEST)).sum())
    if short:
        yield Remark(
            name="short",
            grade="hint",
            said=f"{short:,} predictions have under {FEWEST} fixations: MultiMatch has no value "
            "for them",
        )
    timed = used.has_durations
    if not timed.all():
        yield Remark(
            name="no durations",
            grade="hint",
            said=f"{int((~timed).sum()):,} of {len(used):,} predictions have no durations (T): "
            "metrics that need them are undefined there, or left out",
        )
    yield from _frame(used)
    there = used.lengths > 0
    if truth.first_fixation != "as-recorded" and there.any():
        starts = used.fixations[used.offsets[:-1][there], :2]
        off = int((starts != used.screen_sizes[there] / 2).any(axis=1).sum())
        if off:
            yield Remark(
                name="start",
                grade="hint",
                said=f"{off:,} of {len(used):,} predictions do not start at the screen's centre, "
                f"as recorded paths do under {truth.first_fixation}",
            )


def _frame(used: Scanpaths) -> Iterator[Remark]:
    """Coordinates on the screen that still look like those of another one."""
    if not len(used.fixations):
        return
    reach = used.fixations[:, :2] / np.repeat(used.screen_sizes, used.lengths, axis=0)
    largest = used.fixations[:, :2].max()
    grade: Grade | None = None
    if largest <= 1:
        grade, looks = "blocking", "fractions of the screen"
    elif len(used) >= 20 and reach.max() < 0.5:
        grade, looks = "hint", "a smaller screen"
    if grade is not None:
        frame = used.info.frame
        said = f"all coordinates are under {largest:.4g}, on a screen of {frame} px: they look like"
        yield Remark(name="frame", grade=grade, said=f"{said} {looks}; px are wanted")


def _sameness(used: Scanpaths) -> Iterator[Remark]:
    first = first_copies(used)
    if len(used) < 2:
        return
    if len(set(first.tolist())) == 1:
        yield Remark(
            name="one path",
            grade="fact",
            said=f"all {len(used):,} predictions are one path: no image is looked at",
        )
        return
    findings = len(set(used.finding))
    pairs = set(zip(used.finding, first.tolist(), strict=True))
    if len(pairs) == findings < len(used):
        yield Remark(
            name="one path a finding",
            grade="fact",
            said=f"each of {findings} findings has one path for all its images: no image is "
            "looked at",
        )


def _copied(used: Scanpaths, truth: Truth) -> Iterator[Remark]:
    found = copies(used, truth)
    for name, grade, mask, of, why in (
        (
            "copies of test",
            "blocking",
            found.of_test,
            "scored scanpaths, which train and valid do not have",
            "predictions must not be made from what they are scored against",
        ),
        (
            "copies of train",
            "hint",
            found.of_train,
            "scanpaths of train or valid",
            "memory is no fault, but say so",
        ),
    ):
        if mask.any():
            row = int(np.flatnonzero(mask)[0])
            level: Literal["blocking", "hint"] = "blocking" if grade == "blocking" else "hint"
            yield Remark(
                name=name,
                grade=level,
                said=f"{int(mask.sum()):,} of {len(used):,} predictions are copies of {of}, the "
                f"first fixation apart (the first: {record(used, row)}): {why}",
            )


def _not_computed(scores: Scores) -> Iterator[Remark]:
    for why in dict.fromkeys(scores.refused.values()):
        names = ", ".join(name for name, reason in scores.refused.items() if reason == why)
        yield Remark(name="not computed", grade="hint", said=f"{names}: {why}")


def _graded(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    order: tuple[Grade, ...] = ("blocking", "hint", "fact")
    return tuple(sorted(remarks, key=lambda remark: order.index(remark.grade)))
