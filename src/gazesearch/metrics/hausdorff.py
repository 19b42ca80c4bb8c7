"""Hausdorff distance: how far the loneliest fixation is from the other scanpath."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.metrics._compile import kernel
from gazesearch.metrics._metric import Measure, Scorer
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths


def hausdorff(reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike) -> float:
    """Largest distance from a fixation of either path to the nearest of the other, px.

    Source: Huttenlocher, Klanderman and Rucklidge 1993, IEEE Transactions on Pattern Analysis and
    Machine Intelligence 15(9). Order does not count: the paths are seen as sets of points.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px; durations are never looked at.
        screen_size: (width, height) px; does not enter the value.

    Returns:
        0 or more px, lower is better, symmetric. NaN if a path is empty.

    Raises:
        DataError: a path is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> hausdorff([[0, 0], [30, 40]], [[30, 40], [0, 10], [30, 44]], screen_size=(224, 224))
    10.0
    """
    return score_pair(Hausdorff(), reference, prediction, screen_size)[0]


@dataclass(frozen=True, kw_only=True)
class Hausdorff(Measure):
    """Hausdorff distance; it has no settings."""

    name: ClassVar[str] = "hausdorff"

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Coordinates as they are."""
        return partial(
            _distances, references.xy, references.offsets, predictions.xy, predictions.offsets
        )


@kernel
def _distances(
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
        if a_start == a_stop or b_start == b_stop:
            out[pair, 0] = np.nan
            continue
        there = _farthest(a, a_start, a_stop, b, b_start, b_stop)
        back = _farthest(b, b_start, b_stop, a, a_start, a_stop)
        out[pair, 0] = np.sqrt(max(there, back))


@kernel
def _farthest(a: Floats, a_start: int, a_stop: int, b: Floats, b_start: int, b_stop: int) -> float:
    """Largest squared distance from a point of a to the nearest of b."""
    farthest = 0.0
    for i in range(a_start, a_stop):
        nearest = np.inf
        for j in range(b_start, b_stop):
            x, y = a[i, 0] - b[j, 0], a[i, 1] - b[j, 1]
            nearest = min(nearest, x * x + y * y)
        farthest = max(farthest, nearest)
    return farthest
