"""Discrete Fréchet distance: the shortest leash for two walkers who never turn back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.metrics._alignment import longest
from gazesearch.metrics._compile import kernel
from gazesearch.metrics._metric import Measure, Scorer
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths


def frechet(reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike) -> float:
    """Largest distance along the warping path that makes it smallest, px.

    Source: Eiter and Mannila 1994, Computing discrete Fréchet distance, TU Wien CD-TR 94/64.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px; durations are never looked at.
        screen_size: (width, height) px; does not enter the value.

    Returns:
        0 or more px, lower is better, symmetric. NaN if a path is empty.

    Raises:
        DataError: a path is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> frechet([[0, 0], [30, 40]], [[0, 0], [0, 10], [30, 44]], screen_size=(224, 224))
    10.0
    """
    return score_pair(Frechet(), reference, prediction, screen_size)[0]


@dataclass(frozen=True, kw_only=True)
class Frechet(Measure):
    """Discrete Fréchet distance; it has no settings."""

    name: ClassVar[str] = "frechet"

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Coordinates as they are."""
        return partial(
            _leashes, references.xy, references.offsets, predictions.xy, predictions.offsets
        )


@kernel
def _leashes(
    a: Floats,
    a_offsets: Integers,
    b: Floats,
    b_offsets: Integers,
    rows: Integers,
    columns: Integers,
    out: Floats,
) -> None:
    row = np.empty(longest(b_offsets, columns))
    for pair in range(len(rows)):
        a_start, a_stop = a_offsets[rows[pair]], a_offsets[rows[pair] + 1]
        b_start, b_stop = b_offsets[columns[pair]], b_offsets[columns[pair] + 1]
        if a_start == a_stop or b_start == b_stop:
            out[pair, 0] = np.nan
            continue
        for i in range(a_start, a_stop):
            diagonal = 0.0 if i == a_start else np.inf  # the walk starts in the first cell
            left = np.inf
            for j in range(b_start, b_stop):
                above = np.inf if i == a_start else row[j - b_start]
                x, y = a[i, 0] - b[j, 0], a[i, 1] - b[j, 1]
                left = max(min(diagonal, above, left), np.sqrt(x * x + y * y))
                row[j - b_start] = left
                diagonal = above
        out[pair, 0] = row[b_stop - b_start - 1]
