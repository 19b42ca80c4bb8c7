"""Scaled time-delay embedding (STDE): how near the prediction's windows come to the reference's."""

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


def scaled_time_delay_embedding(
    reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike
) -> float:
    """Similarity of windows of 1, 2, ... consecutive fixations, wherever they stand in the paths.

    Source: Wang, Chen, Wang, Jiang, Fang and Yao 2011, CVPR. For each window length k up to the
    shorter path, every window of the prediction is compared with the nearest of the reference: mean
    distance of their points, in parts of the screen's larger side. With s_k the mean of these over
    the windows, the score is the mean of exp(-s_k) over k.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px, not truncated; durations are never
            looked at.
        screen_size: (width, height) px.

    Returns:
        Above 0 to 1, higher is better, not symmetric. NaN if a path is empty.

    Raises:
        DataError: a path is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> a, b = [[0, 0], [100, 0], [0, 100]], [[0, 0], [50, 0]]
    >>> round(scaled_time_delay_embedding(a, b, screen_size=(100, 100)), 4)
    0.7788
    >>> round(scaled_time_delay_embedding(b, a, screen_size=(100, 100)), 4)
    0.5631
    """
    return score_pair(ScaledTimeDelayEmbedding(), reference, prediction, screen_size)[0]


@dataclass(frozen=True, kw_only=True)
class ScaledTimeDelayEmbedding(Measure):
    """Scaled time-delay embedding; it has no settings."""

    name: ClassVar[str] = "scaled_time_delay_embedding"

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Coordinates in parts of the screen's larger side."""
        a, b = _scaled(references), _scaled(predictions)
        return partial(_similarities, a, references.offsets, b, predictions.offsets)


def _scaled(paths: Paths) -> Floats:
    """Coordinates in parts of the screen's larger side."""
    sides: Integers = paths.screens.max(axis=1)
    scaled: Floats = paths.xy / paths.each_fixation(sides)[:, None]
    return scaled


@kernel
def _similarities(
    a: Floats,
    a_offsets: Integers,
    b: Floats,
    b_offsets: Integers,
    rows: Integers,
    columns: Integers,
    out: Floats,
) -> None:
    size = longest(a_offsets, rows) * longest(b_offsets, columns)
    distances, sums = np.empty(size), np.empty(size)
    for pair in range(len(rows)):
        a_start, b_start = a_offsets[rows[pair]], b_offsets[columns[pair]]
        n, m = a_offsets[rows[pair] + 1] - a_start, b_offsets[columns[pair] + 1] - b_start
        if n == 0 or m == 0:
            out[pair, 0] = np.nan
            continue
        for j in range(m):
            for i in range(n):
                x = a[a_start + i, 0] - b[b_start + j, 0]
                y = a[a_start + i, 1] - b[b_start + j, 1]
                distances[j * n + i] = np.sqrt(x * x + y * y)
                sums[j * n + i] = 0.0
        total = 0.0
        for k in range(1, min(n, m) + 1):
            total += np.exp(-_mean_nearest(distances, sums, n, m, k))
        out[pair, 0] = total / min(n, m)


@kernel
def _mean_nearest(distances: Floats, sums: Floats, n: int, m: int, k: int) -> float:
    """Mean over the prediction's k-windows of the mean point distance to the nearest k-window.

    Args:
        distances: distance of fixation i of the reference and j of the prediction, at j * n + i.
        sums: in, the same for the (k-1)-windows that start at i and j; out, for the k-windows.
    """
    total = 0.0
    for j in range(m - k + 1):
        nearest = np.inf
        for i in range(n - k + 1):
            sums[j * n + i] += distances[(j + k - 1) * n + i + k - 1]
            nearest = min(nearest, sums[j * n + i])
        total += nearest / k
    return total / (m - k + 1)
