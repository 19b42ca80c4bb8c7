"""Which prediction is scored against which recorded scanpath."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import FrameMismatch
from gazesearch.scanpaths import Scanpaths

Indices = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Matches:
    """Pairs of recorded and predicted scanpaths.

    Attributes:
        references: recorded scanpaths, as they are scored.
        predictions: the predictions that are scored, without the surplus.
        rows: (k,) number of the recorded scanpath of each pair.
        columns: (k,) number of the prediction; -1 where a recorded scanpath has none.
        missing: recorded scanpaths without a prediction.
        surplus: predictions of nothing that is scored.
    """

    references: Scanpaths
    predictions: Scanpaths
    rows: Indices
    columns: Indices
    missing: int
    surplus: int

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """Which pairs have a prediction, (k,)."""
        return self.columns >= 0


def match(references: Scanpaths, predictions: Scanpaths, *, by_subject: bool) -> Matches:
    """Pair by image and finding.

    Args:
        references: recorded scanpaths, as they are scored.
        predictions: predicted ones.
        by_subject: a prediction that names its subject is paired with that person's path only; one
            that does not, with the paths of every person.

    Raises:
        FrameMismatch: a prediction counts in another frame than the path it is paired with.
    """
    _refuse_other_frame(references, predictions)
    offered: dict[tuple[Any, ...], list[int]] = {}
    subjects = predictions.subject if by_subject else [None] * len(predictions)
    keys = zip(predictions.image, predictions.finding, subjects, strict=True)
    for column, key in enumerate(keys):
        offered.setdefault(key, []).append(column)
    rows: list[int] = []
    columns: list[int] = []
    people = zip(references.image, references.finding, references.subject, strict=True)
    for row, (image, finding, subject) in enumerate(people):
        found = list(offered.get((image, finding, None), ()))
        if by_subject and subject is not None:
            found = sorted(found + offered.get((image, finding, subject), []))
        rows += [row] * max(1, len(found))
        columns += found or [-1]
    used = sorted({column for column in columns if column >= 0})
    renumbered = {-1: -1} | {column: number for number, column in enumerate(used)}
    matches = Matches(
        references=references,
        predictions=predictions[np.array(used, dtype=np.intp)],
        rows=np.array(rows, dtype=np.intp),
        columns=np.array([renumbered[column] for column in columns], dtype=np.intp),
        missing=columns.count(-1),
        surplus=len(predictions) - len(used),
    )
    _refuse_other_frames(matches)
    return matches


def distinguishes_people(references: Scanpaths) -> bool:
    """Whether the subjects of a file mean anything; one constant value is a placeholder."""
    people: set[Hashable] = {subject for subject in references.subject if subject is not None}
    return len(people) > 1


def _refuse_other_frame(references: Scanpaths, predictions: Scanpaths) -> None:
    ours, theirs = references.info, predictions.info
    if ours.screen_size and theirs.screen_size and ours.screen_size != theirs.screen_size:
        raise FrameMismatch(
            f"predictions count in {theirs.frame} px, the references ({ours.name}) in {ours.frame} "
            "px: bring the predictions to the references' frame"
        )


def _refuse_other_frames(matches: Matches) -> None:
    references, predictions = matches.references, matches.predictions
    rows, columns = matches.rows[matches.predicted], matches.columns[matches.predicted]
    ours, theirs = references.screen_sizes[rows], predictions.screen_sizes[columns]
    differ = np.flatnonzero((ours != theirs).any(axis=1))
    if len(differ):
        at = differ[0]
        raise FrameMismatch(
            f"{len(differ)} predictions count in another frame than their reference: the first, "
            f"{predictions.image[columns[at]]}, in {'{:g}x{:g}'.format(*theirs[at])} px instead of "
            f"{'{:g}x{:g}'.format(*ours[at])} px"
        )
