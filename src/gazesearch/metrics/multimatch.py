"""MultiMatch: two scanpaths compared as saccades, in five dimensions (Jarodzka et al. 2010)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazesearch.metrics._alignment import longest
from gazesearch.metrics._compile import kernel
from gazesearch.metrics._metric import Measure, Scorer, choice
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths

Bytes = NDArray[np.uint8]

FEWEST_FIXATIONS = 3

# Columns of what is prepared per fixation: where it is, how long it lasts, and the saccade from it.
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
        return partial(_similarities, a, references.offsets, b, predictions.offsets, diagonals)


def _saccades(paths: Paths) -> Floats:
    """The seven columns of each fixation, (N, 7); the last fixation's saccade is never used."""
    table = np.zeros((len(paths.fixations), 7))
    table[:, [X, Y, SECONDS]] = paths.fixations
    # Adding 0 turns -0 into 0: a saccade of length 0 must not point to the left.
    table[:-1, [DX, DY]] = np.diff(paths.xy, axis=0) + 0.0
    table[:, LENGTH] = np.sqrt(table[:, DX] ** 2 + table[:, DY] ** 2)
    table[:, ANGLE] = np.arctan2(table[:, DY], table[:, DX])
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
    rows: Integers,
    columns: Integers,
    out: Floats,
) -> None:
    height, width = longest(a_offsets, rows), longest(b_offsets, columns)
    totals = np.empty(width)
    steps = np.empty((height, width), dtype=np.uint8)
    found = np.empty((5, height + width))
    for pair in range(len(rows)):
        a_start, b_start = a_offsets[rows[pair]], b_offsets[columns[pair]]
        n, m = a_offsets[rows[pair] + 1] - a_start, b_offsets[columns[pair] + 1] - b_start
        if n < FEWEST_FIXATIONS or m < FEWEST_FIXATIONS:
            out[pair, :] = np.nan
            continue
        _find_path(a, a_start, n - 1, b, b_start, m - 1, totals, steps)
        count = _differences(a, a_start, n - 1, b, b_start, m - 1, steps, found)
        diagonal = diagonals[rows[pair]]
        out[pair, SHAPE] = 1.0 - _median(found[SHAPE], count) / (2.0 * diagonal)
        out[pair, DIRECTION] = 1.0 - _median(found[DIRECTION], count) / np.pi
        out[pair, SACCADE_LENGTH] = 1.0 - _median(found[SACCADE_LENGTH], count) / diagonal
        out[pair, POSITION] = 1.0 - _median(found[POSITION], count) / diagonal
        out[pair, DURATION] = 1.0 - _median(found[DURATION], count)


@kernel
def _distance(x: float, y: float) -> float:
    return np.sqrt(x * x + y * y)  # type: ignore[no-any-return]


@kernel
def _find_path(
    a: Floats,
    a_start: int,
    n: int,
    b: Floats,
    b_start: int,
    m: int,
    totals: Floats,
    steps: Bytes,
) -> None:
    """How the cheapest path through the n by m saccades comes to each cell, into `steps`.

    Args:
        totals: scratch, the cheapest way to each cell of one row.
    """
    for i in range(n):
        diagonal = 0.0
        for j in range(m):
            if i == 0 and j == 0:
                totals[0] = 0.0  # the first cell is not entered: it costs nothing
                continue
            above = totals[j]
            if i == 0:
                best, step = totals[j - 1], FROM_LEFT
            elif j == 0:
                best, step = above, FROM_ABOVE
            else:
                best, step = diagonal, DIAGONAL
                if above < best:
                    best, step = above, FROM_ABOVE
                if totals[j - 1] < best:
                    best, step = totals[j - 1], FROM_LEFT
            steps[i, j] = step
            dx = a[a_start + i, DX] - b[b_start + j, DX]
            dy = a[a_start + i, DY] - b[b_start + j, DY]
            totals[j] = best + _distance(dx, dy)
            diagonal = above


@kernel
def _differences(
    a: Floats, a_start: int, n: int, b: Floats, b_start: int, m: int, steps: Bytes, found: Floats
) -> int:
    """Differences in each dimension along the path, into `found`; returns the path's length."""
    i, j, count = n - 1, m - 1, 0
    while True:
        p, q = a_start + i, b_start + j
        found[SHAPE, count] = _distance(a[p, DX] - b[q, DX], a[p, DY] - b[q, DY])
        angle = abs(a[p, ANGLE] - b[q, ANGLE])
        found[DIRECTION, count] = min(angle, 2.0 * np.pi - angle)
        found[SACCADE_LENGTH, count] = abs(a[p, LENGTH] - b[q, LENGTH])
        found[POSITION, count] = _distance(a[p, X] - b[q, X], a[p, Y] - b[q, Y])
        longer = max(a[p, SECONDS], b[q, SECONDS])
        found[DURATION, count] = abs(a[p, SECONDS] - b[q, SECONDS]) / longer  # 0 / 0 is NaN
        count += 1
        if i == 0 and j == 0:
            return count
        step = steps[i, j]
        if step != FROM_LEFT:
            i -= 1
        if step != FROM_ABOVE:
            j -= 1


@kernel
def _median(values: Floats, count: int) -> float:
    """Median of the first `count` values, which are sorted in place; NaN if one is NaN."""
    for i in range(count):
        value = values[i]
        if np.isnan(value):
            return np.nan
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
    middle = count // 2
    if count % 2 == 1:
        return values[middle]  # type: ignore[no-any-return]
    return (values[middle - 1] + values[middle]) / 2.0  # type: ignore[no-any-return]
