"""MultiMatch: two scanpaths compared as saccades, in five dimensions (Jarodzka et al. 2010)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
from gazesearch.metrics._metric import Measure, Scorer, choice
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Bools, Floats, Integers, Paths

Bytes = NDArray[np.uint8]

FEWEST_FIXATIONS = 3

# Rows of what is prepared per fixation: where it is, how long it lasts, and the saccade from it.
X, Y, SECONDS, DX, DY, LENGTH, ANGLE = range(7)

# The dimensions, in the order of `MultiMatch`.
SHAPE, DIRECTION, SACCADE_LENGTH, POSITION, DURATION = range(5)

# How the path came to a cell; among predecessors of equal cost the first of these.
DIAGONAL, FROM_ABOVE, FROM_LEFT = range(3)


class MultiMatch(NamedTuple):
    """Five similarities, higher is better; NaN where undefined."""

    shape: float
    direction: float
    length: float
    position: float
    duration: float


def multimatch(
    reference: ArrayLike,
    prediction: ArrayLike,
    screen_size: ArrayLike,
    *,
    variant: Literal["exact", "published"] = "exact",
) -> MultiMatch:
    """Similarity of two scanpaths in shape, direction, length, position and duration.

    Source: Jarodzka, Holmqvist and Nyström 2010, ETRA; Dewhurst et al. 2012, Behavior Research
    Methods 44; without simplification. Saccades are aligned along the cheapest path through the
    matrix of their vector differences, each step costing the cell it enters; among predecessors of
    equal cost the diagonal one is taken, then the one with an earlier saccade of the reference,
    then of the prediction. Each dimension is 1 minus a median over the cells of that path:

    - shape: vector difference, over twice the screen diagonal
    - direction: smaller angle between saccades, over pi; a saccade of length 0 points right
    - length: difference of saccade lengths, over the diagonal
    - position: distance of the fixations where the saccades start, over the diagonal
    - duration: difference of those fixations' durations, over the longer one

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px, duration s; coordinates are neither
            truncated nor clipped.
        screen_size: (width, height) px.
        variant: "exact", or "published" for the published wrapper's reading: coordinates rounded
            to float32, paths filled up to three fixations with (1 px, 1 px), no duration.

    Returns:
        Five values, 0 to 1 for fixations on the screen, higher is better; symmetric where the
        cheapest path is unique. All NaN under three fixations. `duration` alone is NaN where a
        path has no durations or two durations of 0 s meet (0 / 0).

    Raises:
        DataError: a path is not such an array, or a duration is negative or infinite.
        BadSetting: the variant is unknown, or the screen size is not whole px above 0.

    >>> a = [[112, 112, 0.2], [172, 112, 0.3], [172, 192, 0.2]]
    >>> b = [[112, 112, 0.4], [112, 112, 0.3], [112, 192, 0.1]]
    >>> [round(value, 3) for value in multimatch(a, b, screen_size=(224, 224))]
    [0.953, 1.0, 0.905, 0.905, 0.75]
    """
    measure = MultiMatchSettings(variant=variant)
    durations = "optional" if variant == "exact" else None
    return MultiMatch(*score_pair(measure, reference, prediction, screen_size, durations=durations))


@dataclass(frozen=True, kw_only=True)
class MultiMatchSettings(Measure):
    """Settings of MultiMatch: `variant`."""

    name: ClassVar[str] = "multimatch"
    width: ClassVar[int] = len(MultiMatch._fields)

    variant: Literal["exact", "published"] = "exact"

    def __post_init__(self) -> None:
        choice("variant", self.variant, ("exact", "published"))

    def timed(self, column: int) -> bool:
        """The fifth value, of the exact variant."""
        return column == DURATION and self.variant == "exact"

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Saccades of each path, and the diagonal of each reference's screen."""
        if self.variant == "published":
            references, predictions = _as_published(references), _as_published(predictions)
        diagonals = np.hypot(references.screens[:, 0], references.screens[:, 1])
        a, b = _saccades(references), _saccades(predictions)
        return LaneScorer(
            score=partial(_similarities, a, references.offsets, b, predictions.offsets, diagonals),
            lengths=predictions.lengths,
            width=self.width,
            lanes=lanes_for(references, predictions),
        )


def _saccades(paths: Paths) -> Floats:
    """The seven rows about each fixation, (7, N); the last fixation's saccade is never used."""
    table = np.zeros((7, len(paths.fixations)))
    table[[X, Y, SECONDS]] = paths.fixations.T
    # Adding 0 turns -0 into 0: a saccade of length 0 must not point to the left.
    table[[DX, DY], :-1] = np.diff(paths.xy, axis=0).T + 0.0
    table[LENGTH] = np.sqrt(table[DX] ** 2 + table[DY] ** 2)
    table[ANGLE] = np.arctan2(table[DY], table[DX])
    return table


def _as_published(paths: Paths) -> Paths:
    """Paths as the published wrapper hands them on."""
    lengths = np.maximum(paths.lengths, FEWEST_FIXATIONS)
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    fixations = np.ones((offsets[-1], 3))
    moved = paths.each_fixation(offsets[:-1] - paths.offsets[:-1])
    fixations[np.arange(len(paths.fixations)) + moved] = paths.fixations
    fixations = fixations.astype(np.float32).astype(np.float64)
    fixations[:, 2] = np.nan
    return replace(paths, fixations=fixations, offsets=offsets)


@kernel
def _similarities(
    a: Floats,
    a_offsets: Integers,
    b: Floats,
    b_offsets: Integers,
    diagonals: Floats,
    tiles: Tiles,
    out: Floats,
) -> None:
    height = longest_of(a_offsets, tiles.references)
    most = longest_of(b_offsets, tiles.predictions)
    dx, dy, lengths = np.empty((most, LANES)), np.empty((most, LANES)), np.empty(LANES, np.int64)
    row, state = np.empty((most, LANES)), np.empty((2, LANES))
    steps = np.empty((height, most, most_lanes(tiles)), np.uint8)
    # What meets on the cheapest path of a lane: [k, lane], from its end.
    shape = height + most, LANES
    p, q, found = np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty(shape)
    cells, undefined = np.empty(LANES, np.int64), np.empty(LANES, np.bool_)
    for tile in range(len(tiles.spans)):
        first, count = tiles.starts[tile], tiles.starts[tile + 1] - tiles.starts[tile]
        side_by_side(b[DX], b_offsets, tiles, tile, dx, lengths)
        width = side_by_side(b[DY], b_offsets, tiles, tile, dy, lengths)
        for index in range(tiles.spans[tile, 0], tiles.spans[tile, 1]):
            path = tiles.references[index]
            start, n = a_offsets[path], a_offsets[path + 1] - a_offsets[path]
            row[:width] = np.inf
            for i in range(n - 1):
                x, y = a[DX, start + i], a[DY, start + i]
                _row(x, y, dx, dy, i, width, count, row, state, steps)
            most = 0
            for lane in range(count):
                cells[lane] = 0
                if n >= FEWEST_FIXATIONS and lengths[lane] >= FEWEST_FIXATIONS:
                    b_start = b_offsets[tiles.predictions[first + lane]]
                    m = lengths[lane]
                    cells[lane] = _path(steps, start, n, b_start, m, lane, p, q)
                most = max(most, cells[lane])
            for value in range(len(tiles.values)):
                dimension = tiles.values[value]
                _differences(dimension, a, b, p, q, cells, most, count, found, undefined)
                _sort_half(found, most, count)
                scale = _scale(dimension, diagonals[path])
                for lane in range(count):
                    place = tiles.reference_places[index] + tiles.prediction_places[first + lane]
                    if undefined[lane]:
                        out[place, value] = np.nan
                    else:
                        out[place, value] = 1.0 - _middle(found, most, cells[lane], lane) / scale


@inlined
def _distance(x: float, y: float) -> float:
    return np.sqrt(x * x + y * y)  # type: ignore[no-any-return]


@inlined
def _row(
    x: float,
    y: float,
    dx: Floats,
    dy: Floats,
    i: int,
    width: int,
    count: int,
    row: Floats,
    state: Floats,
    steps: Bytes,
) -> None:
    """Row i of the cheapest ways to each cell, in place of `row`, and the step into each of them.

    Args:
        x, y: saccade number i of the reference.
        state: scratch; of each lane the cell to the left, then the cell above that.
    """
    state[:] = np.inf
    for j in range(width - 1):
        for lane in range(count):
            diagonal, above, left = state[1, lane], row[j, lane], state[0, lane]
            best, step = diagonal, DIAGONAL
            if above < best:
                best, step = above, FROM_ABOVE
            if left < best:
                best, step = left, FROM_LEFT
            cell = best + _distance(x - dx[j, lane], y - dy[j, lane])
            state[0, lane], state[1, lane], row[j, lane] = cell, above, cell
            steps[i, j, lane] = step
        if i == 0 and j == 0:  # the first cell is not entered: it costs nothing
            state[0], row[0] = 0.0, 0.0


@inlined
def _path(
    steps: Bytes,
    a_start: int,
    n: int,
    b_start: int,
    m: int,
    lane: int,
    p: Integers,
    q: Integers,
) -> int:
    """Saccades of both that meet on the cheapest path, into `p` and `q`; returns how many."""
    i, j, cells = n - 2, m - 2, 0
    while True:
        p[cells, lane], q[cells, lane] = a_start + i, b_start + j
        cells += 1
        if i == 0 and j == 0:
            return cells
        step = steps[i, j, lane]
        # At the borders there is one way only, even where costs are infinite.
        up = j == 0 or (i > 0 and step != FROM_LEFT)
        back = i == 0 or (j > 0 and step != FROM_ABOVE)
        i -= up
        j -= back


@inlined
def _differences(
    dimension: int,
    a: Floats,
    b: Floats,
    p: Integers,
    q: Integers,
    cells: Integers,
    most: int,
    count: int,
    found: Floats,
    undefined: Bools,
) -> None:
    """Differences along each lane's path, into `found`; the smallest of all beyond its end.

    A lane is undefined if it has no path or a difference is NaN.
    """
    for lane in range(count):
        undefined[lane] = cells[lane] == 0
    for k in range(most):
        for lane in range(count):
            if k >= cells[lane]:
                found[k, lane] = -np.inf
                continue
            i, j = p[k, lane], q[k, lane]
            if dimension == SHAPE:
                found[k, lane] = _distance(a[DX, i] - b[DX, j], a[DY, i] - b[DY, j])
            elif dimension == DIRECTION:
                angle = abs(a[ANGLE, i] - b[ANGLE, j])
                found[k, lane] = min(angle, 2.0 * np.pi - angle)
            elif dimension == SACCADE_LENGTH:
                found[k, lane] = abs(a[LENGTH, i] - b[LENGTH, j])
            elif dimension == POSITION:
                found[k, lane] = _distance(a[X, i] - b[X, j], a[Y, i] - b[Y, j])
            else:
                longer = max(a[SECONDS, i], b[SECONDS, j])
                found[k, lane] = abs(a[SECONDS, i] - b[SECONDS, j]) / longer  # 0 / 0 is NaN
            if np.isnan(found[k, lane]):
                undefined[lane] = True


@inlined
def _scale(dimension: int, diagonal: float) -> float:
    """Largest difference of a dimension."""
    if dimension == SHAPE:
        return 2.0 * diagonal
    if dimension == DIRECTION:
        return np.pi
    if dimension == DURATION:
        return 1.0
    return diagonal


@inlined
def _sort_half(found: Floats, most: int, count: int) -> None:
    """Bring the largest of each lane's first `most` values to the end, past the middle.

    Every lane takes the same comparisons, whatever it holds.
    """
    for sorted_ in range(most // 2 + 1):
        for k in range(most - 1 - sorted_):
            for lane in range(count):
                before, after = found[k, lane], found[k + 1, lane]
                found[k, lane], found[k + 1, lane] = min(before, after), max(before, after)


@inlined
def _middle(found: Floats, most: int, cells: int, lane: int) -> float:
    """Median of the values of a lane, of which the larger half is sorted."""
    middle = found[most - 1 - cells // 2, lane]
    if cells % 2 == 1:
        return middle  # type: ignore[no-any-return]
    return (middle + found[most - cells // 2, lane]) / 2.0  # type: ignore[no-any-return]
