"""Length error: how many fixations too many or too few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.metrics._metric import Measure, Scorer
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths


def length_error(reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike) -> float:
    """Absolute difference of the numbers of fixations.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px; durations are never looked at.
        screen_size: (width, height) px; does not enter the value.

    Returns:
        0 or more fixations, lower is better, symmetric, a whole number. Always defined.

    Raises:
        DataError: a path is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> length_error([[112, 112], [60, 64], [30, 20]], [[112, 112]], screen_size=(224, 224))
    2.0
    """
    return score_pair(LengthError(), reference, prediction, screen_size)[0]


@dataclass(frozen=True, kw_only=True)
class LengthError(Measure):
    """Length error; it has no settings."""

    name: ClassVar[str] = "length_error"

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Lengths alone; there is nothing to compile."""
        a, b = references.lengths, predictions.lengths

        def score(rows: Integers, columns: Integers, out: Floats) -> None:
            out[:, 0] = np.abs(a[rows] - b[columns])

        return score
