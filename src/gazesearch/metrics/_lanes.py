"""Many pairs side by side: a kernel scores one reference with a lane of predictions at a time.

A processor adds four or eight numbers as fast as one, but the cells of one alignment table wait for
each other. So a table is filled for up to `LANES` predictions at once: number l of each scratch row
belongs to prediction l of the tile, and the innermost loop, over l, is the one that the compiler
turns into vector instructions. What a lane holds never depends on its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazesearch.metrics._compile import inlined
from gazesearch.metrics._paths import Floats, Integers, Paths

# Enough vectors in flight to hide the latency of an addition, few enough for the nearest cache.
LANES = 32

# Memory of a scratch that keeps whole tables: long paths are scored with fewer lanes.
CELLS = 1 << 18


class Tiles(NamedTuple):
    """Pairs to score: tile t is every reference of its span with every prediction of its lanes.

    The value of a pair goes to row `reference_places[..] + prediction_places[..]` of the result.

    Attributes:
        predictions, prediction_places: (k,); tile t has those from `starts[t]` to `starts[t + 1]`,
            `LANES` at most.
        starts: (t+1,).
        references, reference_places: (r,); tile t has those from `spans[t, 0]` to `spans[t, 1]`.
        spans: (t, 2).
        values: (v,) numbers of the values asked for, one for each column of the result.
    """

    predictions: Integers
    prediction_places: Integers
    starts: Integers
    references: Integers
    reference_places: Integers
    spans: Integers
    values: Integers


@dataclass(frozen=True, kw_only=True)
class LaneScorer:
    """A kernel that scores tiles; also a `Scorer`, which takes pairs in any order.

    Attributes:
        score: writes the values of tiles into a result, (places, v).
        lengths: (m,) lengths of the predictions, to put those of one length side by side.
        width: number of values per pair.
        lanes: how many predictions stand side by side.
    """

    score: Callable[[Tiles, Floats], object]
    lengths: Integers
    width: int = 1
    lanes: int = LANES

    def __call__(self, rows: Integers, columns: Integers, out: Floats) -> None:
        """Write into `out[p]` (k, width) the values of the pairs (rows[p], columns[p]).

        Neighbours with the same reference share a tile.
        """
        pairs = np.arange(len(rows))
        changes = np.flatnonzero(rows[1:] != rows[:-1]) + 1
        first = np.zeros(len(rows), dtype=np.int64)  # of each pair: the first with its reference
        first[changes] = changes
        position = pairs - np.maximum.accumulate(first)
        starts = np.flatnonzero(position % self.lanes == 0)
        tiles = np.arange(len(starts))
        work = Tiles(
            predictions=np.ascontiguousarray(columns),
            prediction_places=pairs,
            starts=np.append(starts, len(rows)),
            references=rows[starts],
            reference_places=np.zeros(len(starts), dtype=np.int64),
            spans=np.stack([tiles, tiles + 1], axis=1),
            values=np.arange(self.width),
        )
        self.score(work, out)

    def grid(self, references: range, value: int, pairs: int) -> Iterator[Tiles]:
        """Tiles of some references with all predictions, `pairs` pairs or more at a time.

        The result is the matrix of these references, (r * m, 1); `value` is the value asked for.
        """
        order, rows = np.argsort(self.lengths, kind="stable"), np.array(references, dtype=np.int64)
        places = np.arange(len(rows)) * len(order)
        height = min(len(rows), pairs)
        width = self.lanes * max(1, pairs // (self.lanes * height))
        for top in range(0, len(rows), height):
            span = top, min(top + height, len(rows))
            for left in range(0, len(order), width):
                predictions = order[left : left + width]
                starts = np.append(np.arange(0, len(predictions), self.lanes), len(predictions))
                yield Tiles(
                    predictions=predictions,
                    prediction_places=predictions,
                    starts=starts,
                    references=rows,
                    reference_places=places,
                    spans=np.tile(span, (len(starts) - 1, 1)),
                    values=np.array([value]),
                )


def lanes_for(references: Paths, predictions: Paths) -> int:
    """How many predictions stand side by side where a scratch keeps whole tables."""
    longest = (int(paths.lengths.max(initial=1)) for paths in (references, predictions))
    return max(1, min(LANES, CELLS // math.prod(longest)))


@inlined
def longest_of(offsets: Integers, paths: Integers) -> int:
    """Length of the longest of some paths, at least 1: the size of a scratch."""
    most = 1
    for path in paths:
        most = max(most, offsets[path + 1] - offsets[path])
    return most


@inlined
def most_lanes(tiles: Tiles) -> int:
    """Most predictions that stand side by side in some tiles."""
    most = 1
    for tile in range(len(tiles.spans)):
        most = max(most, tiles.starts[tile + 1] - tiles.starts[tile])
    return most


@inlined
def side_by_side(
    values: NDArray[Any],
    offsets: Integers,
    tiles: Tiles,
    tile: int,
    lanes: NDArray[Any],
    lengths: Integers,
) -> int:
    """Lay the predictions of a tile side by side: element j of lane l at `lanes[j, l]`.

    Shorter lanes repeat their last element. Fills `lengths`; returns the longest.
    """
    first, count = tiles.starts[tile], tiles.starts[tile + 1] - tiles.starts[tile]
    width = 0
    for lane in range(count):
        path = tiles.predictions[first + lane]
        lengths[lane] = offsets[path + 1] - offsets[path]
        width = max(width, lengths[lane])
    for lane in range(count):
        start, last = offsets[tiles.predictions[first + lane]], lengths[lane] - 1
        for j in range(width):
            # An empty lane is never read: any value will do.
            lanes[j, lane] = values[start + min(j, last)] if last >= 0 else 0
    return width
