"""Hausdorff distance: how far the loneliest fixation is from the other scanpath."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.metrics._compile import inlined, kernel
from gazesearch.metrics._lanes import LANES, LaneScorer, Tiles, longest_of, side_by_side
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
        a, b = references.xy.T.copy(), predictions.xy.T.copy()
        score = partial(_distances, a, references.offsets, b, predictions.offsets)
        return LaneScorer(score=score, lengths=predictions.lengths)


@kernel
def _distances(
    a: Floats, a_offsets: Integers, b: Floats, b_offsets: Integers, tiles: Tiles, out: Floats
) -> None:
    shape = longest_of(b_offsets, tiles.predictions), LANES
    x, y, lengths = np.empty(shape), np.empty(shape), np.empty(LANES, np.int64)
    nearest, state = np.empty(shape), np.empty((2, LANES))
    for tile in range(len(tiles.spans)):
        first, count = tiles.starts[tile], tiles.starts[tile + 1] - tiles.starts[tile]
        side_by_side(b[0], b_offsets, tiles, tile, x, lengths)
        width = side_by_side(b[1], b_offsets, tiles, tile, y, lengths)
        for index in range(tiles.spans[tile, 0], tiles.spans[tile, 1]):
            path = tiles.references[index]
            start, stop = a_offsets[path], a_offsets[path + 1]
            nearest[:width] = np.inf
            state[0] = 0.0
            for i in range(start, stop):
                _compare(a[0, i], a[1, i], x, y, width, count, nearest, state)
            for lane in range(count):
                place = tiles.reference_places[index] + tiles.prediction_places[first + lane]
                if start == stop or lengths[lane] == 0:
                    out[place, 0] = np.nan
                    continue
                farthest = state[0, lane]
                for j in range(lengths[lane]):
                    farthest = max(farthest, nearest[j, lane])
                out[place, 0] = np.sqrt(farthest)


@inlined
def _compare(
    ax: float,
    ay: float,
    x: Floats,
    y: Floats,
    width: int,
    count: int,
    nearest: Floats,
    state: Floats,
) -> None:
    """Squared distances of fixation (ax, ay) of the reference from those of the predictions.

    A prediction's repeated last fixation changes neither way.

    Args:
        nearest: of each fixation of the predictions, the nearest of the reference so far.
        state: of each lane, how far the reference's loneliest fixation is, so far; then scratch.
    """
    state[1] = np.inf
    for j in range(width):
        for lane in range(count):
            dx, dy = ax - x[j, lane], ay - y[j, lane]
            distance = dx * dx + dy * dy
            nearest[j, lane] = min(nearest[j, lane], distance)
            state[1, lane] = min(state[1, lane], distance)
    for lane in range(count):
        state[0, lane] = max(state[0, lane], state[1, lane])
