"""String edit distance: how many edits turn one string of screen regions into another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.errors import BadSetting
from gazesearch.metrics._compile import inlined, kernel
from gazesearch.metrics._lanes import LANES, LaneScorer, Tiles, longest_of, side_by_side
from gazesearch.metrics._metric import Measure, Scorer, choice, whole
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths


def string_edit_distance(
    reference: ArrayLike,
    prediction: ArrayLike,
    screen_size: ArrayLike,
    *,
    grid: int = 5,
    variant: Literal["corrected", "published"] = "corrected",
) -> float:
    """Fewest insertions, deletions and substitutions between two strings of screen regions.

    Source: Levenshtein 1966 for the distance, unit costs, not normalised; the published variant is
    the one in the code released with GazeSearch.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px; durations are never looked at.
        screen_size: (width, height) px.
        grid: number of regions across and down.
        variant: "corrected" bins truncated, clipped coordinates evenly. "published" uses whole
            steps floor(side / grid) and does not clip: the px left over at the right and bottom
            edge (4 of 224) make a further column or row, and that column counts as the first one
            of the next row.

    Returns:
        0 to the longer length, lower is better, symmetric, a whole number. Always defined: between
        an empty path and one of n fixations it is n.

    Raises:
        DataError: a path is not such an array.
        BadSetting: a setting is outside its range, or a screen smaller than the published grid.

    >>> look = [[112, 112], [60, 64], [220, 10]]
    >>> string_edit_distance(look, [[112, 112], [10, 50]], screen_size=(224, 224))
    2.0
    >>> string_edit_distance(
    ...     look, [[112, 112], [10, 50]], screen_size=(224, 224), variant="published"
    ... )
    1.0
    >>> string_edit_distance(look, [], screen_size=(224, 224))
    3.0
    """
    measure = StringEditDistance(grid=grid, variant=variant)
    return score_pair(measure, reference, prediction, screen_size)[0]


@dataclass(frozen=True, kw_only=True)
class StringEditDistance(Measure):
    """Settings of the string edit distance: `grid` regions across and down, `variant`."""

    name: ClassVar[str] = "string_edit_distance"

    grid: int = 5
    variant: Literal["corrected", "published"] = "corrected"

    def __post_init__(self) -> None:
        object.__setattr__(self, "grid", whole("grid", self.grid))
        choice("variant", self.variant, ("corrected", "published"))

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Regions of each path."""
        a, b = self._symbols(references), self._symbols(predictions)
        score = partial(_distances, a, references.offsets, b, predictions.offsets)
        return LaneScorer(score=score, lengths=predictions.lengths)

    def _symbols(self, paths: Paths) -> Integers:
        """Region of each fixation, numbered row by row."""
        if self.variant == "corrected":
            cells = paths.cells(self.grid, self.grid)
        else:
            steps = paths.screens // self.grid
            if len(steps) and steps.min() < 1:
                raise BadSetting(
                    f"grid={self.grid}: the published variant needs a screen of at least "
                    f"{self.grid}x{self.grid} px"
                )
            # The bound is far beyond any screen; it only keeps the conversion to integers defined.
            pixels = np.clip(np.trunc(paths.xy), -(2.0**40), 2.0**40).astype(np.int64)
            cells = pixels // paths.each_fixation(steps)
        return cells[:, 0] + self.grid * cells[:, 1]


@kernel
def _distances(
    a: Integers, a_offsets: Integers, b: Integers, b_offsets: Integers, tiles: Tiles, out: Floats
) -> None:
    shape = longest_of(b_offsets, tiles.predictions), LANES
    symbols, lengths = np.empty(shape, np.int64), np.empty(LANES, np.int64)
    row, state = np.empty(shape, np.int64), np.empty((2, LANES), np.int64)
    for tile in range(len(tiles.spans)):
        first, count = tiles.starts[tile], tiles.starts[tile + 1] - tiles.starts[tile]
        width = side_by_side(b, b_offsets, tiles, tile, symbols, lengths)
        for index in range(tiles.spans[tile, 0], tiles.spans[tile, 1]):
            path = tiles.references[index]
            start, height = a_offsets[path], a_offsets[path + 1] - a_offsets[path]
            for j in range(width):
                row[j] = j + 1
            for i in range(height):
                if count == LANES:  # the usual case; a constant makes the faster loop
                    _row(a[start + i], i, symbols, width, LANES, row, state)
                else:
                    _row(a[start + i], i, symbols, width, count, row, state)
            for lane in range(count):
                place = tiles.reference_places[index] + tiles.prediction_places[first + lane]
                if lengths[lane] == 0:
                    out[place, 0] = height
                else:
                    out[place, 0] = row[lengths[lane] - 1, lane]


@inlined
def _row(
    symbol: int, i: int, symbols: Integers, width: int, count: int, row: Integers, state: Integers
) -> None:
    """Row i of the table of edits, in place of the row above.

    Args:
        symbol: number i of the reference.
        state: scratch; of each lane the cell to the left, then the cell above that.
    """
    state[0], state[1] = i + 1, i
    for j in range(width):
        for lane in range(count):
            left, above = state[0, lane], row[j, lane]
            replaced = state[1, lane] + (symbols[j, lane] != symbol)
            cell = min(left + 1, above + 1, replaced)
            state[0, lane], state[1, lane], row[j, lane] = cell, above, cell
