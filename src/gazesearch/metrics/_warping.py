"""The table behind DTW and the Fréchet distance: every way to walk two scanpaths in order."""

from __future__ import annotations

import numpy as np

from gazesearch.metrics._compile import inlined
from gazesearch.metrics._lanes import LANES, Tiles, longest_of, side_by_side
from gazesearch.metrics._paths import Floats, Integers


@inlined
def fill(
    a: Floats,
    a_offsets: Integers,
    b: Floats,
    b_offsets: Integers,
    tiles: Tiles,
    farthest: bool,
    out: Floats,
) -> None:
    """Write for each pair the value of the best walk: its sum of distances, or its farthest one.

    Args:
        a, b: x px and y px of all fixations, (2, N) and (2, M).
        farthest: whether a walk is worth its largest distance instead of the sum; a constant of the
            calling kernel, so that the loops are compiled for one of the two.
    """
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
                corner = 0.0 if i == start else np.inf  # a walk starts in the first cell
                if count == LANES:  # the usual case; a constant makes the faster loop
                    _row(a[0, i], a[1, i], x, y, corner, width, LANES, farthest, row, state)
                else:
                    _row(a[0, i], a[1, i], x, y, corner, width, count, farthest, row, state)
            for lane in range(count):
                place = tiles.reference_places[index] + tiles.prediction_places[first + lane]
                if start == stop or lengths[lane] == 0:
                    out[place, 0] = np.nan
                elif farthest:  # squared up to here: the largest is the same one
                    out[place, 0] = np.sqrt(row[lengths[lane] - 1, lane])
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
    farthest: bool,
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
            squared = dx * dx + dy * dy
            cell = max(squared, nearest) if farthest else nearest + np.sqrt(squared)
            state[0, lane], state[1, lane], row[j, lane] = cell, above, cell
