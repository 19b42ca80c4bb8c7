"""Duration error: how much longer or shorter fixations last than they should."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from numpy.typing import ArrayLike

from gazesearch.metrics._compile import kernel
from gazesearch.metrics._metric import Measure, Scorer
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths


def duration_error(reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike) -> float:
    """Mean absolute difference of the durations of fixations at equal positions, s.

    The fixations that the longer path has beyond the shorter one do not count.

    Args:
        reference, prediction: (n, 3), (m, 3): x px, y px, duration s.
        screen_size: (width, height) px; does not enter the value.

    Returns:
        0 or more s, lower is better, symmetric. NaN if a path is empty.

    Raises:
        MissingDurations: a path has no durations.
        DataError: a path is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> a, b = [[112, 112, 0.25], [60, 64, 0.5]], [[112, 112, 0.5], [9, 9, 0.5], [8, 8, 0.1]]
    >>> duration_error(a, b, screen_size=(224, 224))
    0.125
    """
    return score_pair(DurationError(), reference, prediction, screen_size, durations="needed")[0]


@dataclass(frozen=True, kw_only=True)
class DurationError(Measure):
    """Duration error; it has no settings."""

    name: ClassVar[str] = "duration_error"

    def timed(self, column: int) -> bool:
        """Always."""
        return True

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Durations as they are."""
        return partial(
            _errors,
            references.seconds,
            references.offsets,
            predictions.seconds,
            predictions.offsets,
        )


@kernel
def _errors(
    a: Floats,
    a_offsets: Integers,
    b: Floats,
    b_offsets: Integers,
    rows: Integers,
    columns: Integers,
    out: Floats,
) -> None:
    for pair in range(len(rows)):
        a_start, a_stop = a_offsets[rows[pair]], a_offsets[rows[pair] + 1]
        b_start, b_stop = b_offsets[columns[pair]], b_offsets[columns[pair] + 1]
        common = min(a_stop - a_start, b_stop - b_start)
        total = 0.0
        for i in range(common):
            total += abs(a[a_start + i] - b[b_start + i])
        out[pair, 0] = total / common  # 0 / 0 is NaN: a path is empty
