"""Dynamic time warping: total distance of two scanpaths, each fixation matched in order."""

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


def dtw(reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike) -> float:
    """Sum of distances along the cheapest warping path, px.

    Source: Sakoe and Chiba 1978, IEEE Transactions on Acoustics, Speech and Signal Processing 26;
    here with steps right, down and diagonal of equal weight, no window, not normalised by length.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px; durations are never looked at.
        screen_size: (width, height) px; does not enter the value.

    Returns:
        0 or more px, lower is better, symmetric. NaN if a path is empty.

    Raises:
        DataError: a path is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> dtw([[0, 0], [30, 40]], [[0, 0], [0, 10], [30, 40]], screen_size=(224, 224))
    10.0
    """
    return score_pair(DynamicTimeWarping(), reference, prediction, screen_size)[0]


@dataclass(frozen=True, kw_only=True)
class DynamicTimeWarping(Measure):
    """Dynamic time warping; it has no settings."""

    name: ClassVar[str] = "dtw"

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Coordinates as they are."""
        a, b = references.xy.T.copy(), predictions.xy.T.copy()
        score = partial(_totals, a, references.offsets, b, predictions.offsets)
        return LaneScorer(score=score, lengths=predictions.lengths)


@kernel
def _totals(
    a: Floats, a_offsets: Integers, b: Floats, b_offsets: Integers, tiles: Tiles, out: Floats
) -> None:
    shape = longest_of(b_offsets, tiles.predictions), LANES
    x, y, lengths = np.empty(shape), np.empty(shape), np.empty(LANES, np.int64)
    row, state = np.empty(shape), np.empty((2, LANES))
    for tile in range(len(tiles.spans)):
        first, count = tiles.starts[tile], tiles.starts[tile + 1] - tiles.starts[tile]
        side_by_side(b[0], b_offsets, tiles, tile, x, lengths)
        width = side_by_side(b[1], b_offsets, tiles, tile, y, lengths)
        for index in range(tiles.spans[tile, 0], tiles.spans[tile, 1]):
            path = tiles.references[index]
            start, stop = a_offsets[path], a_offsets[path + 1]
            row[:width] = np.inf
            for i in range(start, stop):
                corner = 0.0 if i == start else np.inf  # the path starts in the first cell
                _row(a[0, i], a[1, i], x, y, corner, width, count, row, state)
            for lane in range(count):
                place = tiles.reference_places[index] + tiles.prediction_places[first + lane]
                if start == stop or lengths[lane] == 0:
                    out[place, 0] = np.nan
                else:
                    out[place, 0] = row[lengths[lane] - 1, lane]


@inlined
def _row(
    ax: float,
    ay: float,
    x: Floats,
    y: Floats,
    corner: float,
    width: int,
    count: int,
    row: Floats,
    state: Floats,
) -> None:
    """The next row of the table, for fixation (ax, ay) of the reference, in place of `row`.

    Args:
        corner: the cell before the row above.
        state: scratch; of each lane the cell to the left, then the cell above that.
    """
    state[0], state[1] = np.inf, corner
    for j in range(width):
        for lane in range(count):
            dx, dy = ax - x[j, lane], ay - y[j, lane]
            left, above = state[0, lane], row[j, lane]
            nearest = min(left, above, state[1, lane])
            cell = nearest + np.sqrt(dx * dx + dy * dy)
            state[0, lane], state[1, lane], row[j, lane] = cell, above, cell
