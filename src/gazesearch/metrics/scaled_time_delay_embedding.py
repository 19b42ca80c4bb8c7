"""Scaled time-delay embedding (STDE): how near the prediction's windows come to the reference's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.metrics._compile import inlined, kernel
from gazesearch.metrics._lanes import (
    LANES,
    LaneScorer,
    Tiles,
    lanes_for,
    longest_of,
    most_lanes,
    side_by_side,
)
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
        return LaneScorer(
            score=partial(_similarities, a, references.offsets, b, predictions.offsets),
            lengths=predictions.lengths,
            lanes=lanes_for(references, predictions),
        )


def _scaled(paths: Paths) -> Floats:
    """Coordinates in parts of the screen's larger side, (2, N)."""
    sides: Integers = paths.screens.max(axis=1)
    return np.ascontiguousarray((paths.xy / paths.each_fixation(sides)[:, None]).T)


@kernel
def _similarities(
    a: Floats, a_offsets: Integers, b: Floats, b_offsets: Integers, tiles: Tiles, out: Floats
) -> None:
    most = longest_of(b_offsets, tiles.predictions)
    x, y, lengths = np.empty((most, LANES)), np.empty((most, LANES)), np.empty(LANES, np.int64)
    shape = most, longest_of(a_offsets, tiles.references), most_lanes(tiles)
    distances, sums = np.empty(shape), np.empty(shape)
    nearest, totals, scores = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for tile in range(len(tiles.spans)):
        first, count = tiles.starts[tile], tiles.starts[tile + 1] - tiles.starts[tile]
        side_by_side(b[0], b_offsets, tiles, tile, x, lengths)
        width = side_by_side(b[1], b_offsets, tiles, tile, y, lengths)
        for index in range(tiles.spans[tile, 0], tiles.spans[tile, 1]):
            path = tiles.references[index]
            start, n = a_offsets[path], a_offsets[path + 1] - a_offsets[path]
            for i in range(n):
                for j in range(width):
                    for lane in range(count):
                        dx, dy = a[0, start + i] - x[j, lane], a[1, start + i] - y[j, lane]
                        distances[j, i, lane] = np.sqrt(dx * dx + dy * dy)
                        sums[j, i, lane] = 0.0
            scores[:] = 0.0
            for k in range(min(n, width)):
                _nearest(distances, sums, n, width, k, count, lengths, nearest, totals)
                for lane in range(count):
                    if k < lengths[lane]:
                        scores[lane] += np.exp(-totals[lane] / (lengths[lane] - k))
            for lane in range(count):
                place = tiles.reference_places[index] + tiles.prediction_places[first + lane]
                out[place, 0] = scores[lane] / min(n, lengths[lane])  # 0 / 0 is NaN: an empty path


@inlined
def _nearest(
    distances: Floats,
    sums: Floats,
    n: int,
    width: int,
    k: int,
    count: int,
    lengths: Integers,
    nearest: Floats,
    totals: Floats,
) -> None:
    """Mean point distance to the reference's nearest window, summed over a lane's windows.

    Windows have k + 1 fixations.

    Args:
        distances: of fixation j of a lane and i of the reference, at [j, i, lane].
        sums: in, the same for windows of k that start at j and i; out, of k + 1.
        nearest: scratch.
        totals: out, (count,).
    """
    totals[:] = 0.0
    for j in range(width - k):
        nearest[:] = np.inf
        for i in range(n - k):
            for lane in range(count):
                sums[j, i, lane] += distances[j + k, i + k, lane]
                nearest[lane] = min(nearest[lane], sums[j, i, lane])
        for lane in range(count):
            # Windows that reach beyond a shorter lane's end do not count.
            totals[lane] += nearest[lane] / (k + 1) if j + k < lengths[lane] else 0.0
