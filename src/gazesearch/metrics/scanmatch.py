"""ScanMatch: two scanpaths compared as strings of screen regions (Cristino et al. 2010)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.errors import BadSetting, DataError
from gazesearch.metrics._compile import inlined, kernel
from gazesearch.metrics._lanes import LANES, LaneScorer, Tiles, longest_of, most_lanes, side_by_side
from gazesearch.metrics._metric import Measure, Scorer, positive, whole
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths

# More than an hour of fixation in bins of 50 ms: a duration in another unit, not a long look.
MOST_REPEATS = 100_000


def scanmatch(
    reference: ArrayLike,
    prediction: ArrayLike,
    screen_size: ArrayLike,
    *,
    bins: tuple[int, int] = (16, 12),
    threshold: float = 3.5,
    temporal_bin_ms: float | None = None,
) -> float:
    """Similarity of two scanpaths, aligned region by region.

    Source: Cristino, Mathôt, Theeuwes and Gilchrist 2010, Behavior Research Methods 42(3).
    Matching two regions gains 1 - distance / threshold (in bins), a gap costs nothing, and the sum
    is divided by the longer length: the published score, with its threshold divided out first.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px, duration s; durations are only looked
            at with `temporal_bin_ms`. Coordinates are truncated towards zero and clipped.
        screen_size: (width, height) px.
        bins: number of regions (across, down).
        threshold: distance of two regions, in bins, up to which matching them gains something.
        temporal_bin_ms: ms of fixation per repeat of a symbol; None leaves durations out.

    Returns:
        0 to 1, higher is better, symmetric. NaN if a path is empty or, with `temporal_bin_ms`, has
        no fixation longer than half a bin.

    Raises:
        MissingDurations: `temporal_bin_ms` is set and a path has no durations.
        DataError: a path is not such an array.
        BadSetting: a setting is outside its range.

    >>> look = [[112, 112, 0.25], [60, 64, 0.50]]
    >>> scanmatch(look, [[112, 112, 0.25], [90, 64, 0.50]], screen_size=(224, 224))
    0.7142857142857143
    >>> scanmatch(look, look, screen_size=(224, 224), temporal_bin_ms=50)
    1.0
    """
    measure = ScanMatch(bins=bins, threshold=threshold, temporal_bin_ms=temporal_bin_ms)
    durations = None if temporal_bin_ms is None else "needed"
    return score_pair(measure, reference, prediction, screen_size, durations=durations)[0]


@dataclass(frozen=True, kw_only=True)
class ScanMatch(Measure):
    """Settings of ScanMatch: `bins` (across, down), `threshold` in bins, `temporal_bin_ms`."""

    name: ClassVar[str] = "scanmatch"

    bins: tuple[int, int] = (16, 12)
    threshold: float = 3.5
    temporal_bin_ms: float | None = None

    def __post_init__(self) -> None:
        try:
            across, down = self.bins
        except (TypeError, ValueError):
            raise BadSetting(f"bins={self.bins!r}: must be (across, down)") from None
        bins = whole("bins across", across), whole("bins down", down)
        object.__setattr__(self, "bins", bins)
        object.__setattr__(self, "threshold", positive("threshold", self.threshold))
        if self.temporal_bin_ms is not None:
            bin_ms = positive("temporal_bin_ms", self.temporal_bin_ms)
            object.__setattr__(self, "temporal_bin_ms", bin_ms)

    def timed(self, column: int) -> bool:
        """With `temporal_bin_ms`."""
        return self.temporal_bin_ms is not None

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Symbols of each path, and the table of what matches gain."""
        a, a_repeats = self._runs(references)
        b, b_repeats = self._runs(predictions)
        gains, zero = _gains(self.bins, self.threshold)
        ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(b_repeats)])
        b, b_offsets = np.repeat(b, b_repeats), ends[predictions.offsets]
        score = partial(_scores, a, a_repeats, references.offsets, b, b_offsets, gains, zero)
        return LaneScorer(score=score, lengths=np.diff(b_offsets))

    def _runs(self, paths: Paths) -> tuple[Integers, Integers]:
        """Symbol of each fixation, (N,), and how often it stands.

        A symbol is column + (2 * across - 1) * row: then the difference of two symbols tells the
        differences of both, and a table over differences gives what a match gains.
        """
        across, down = self.bins
        cells = paths.cells(across, down)
        symbols = cells[:, 0] + (2 * across - 1) * cells[:, 1]
        if self.temporal_bin_ms is None:
            return symbols, np.ones(len(symbols), dtype=np.int64)
        return symbols, self._repeats(paths)

    def _repeats(self, paths: Paths) -> Integers:
        """How often each fixation's symbol stands; 0 where a path not in use has no duration."""
        with np.errstate(over="ignore"):
            # Whole ms first, as published: 225.59 ms in bins of 50 ms are 4 symbols, not 5.
            repeats = np.rint(np.trunc(paths.seconds * 1000) / self.temporal_bin_ms)
        repeats[np.isnan(repeats) | ~paths.each_fixation(paths.used)] = 0
        if len(repeats) and repeats.max() > MOST_REPEATS:
            long = int(repeats.argmax())
            raise DataError(
                f"scanmatch: {paths.place(long)}: duration {paths.seconds[long]:g} s is over "
                f"{MOST_REPEATS:,} temporal bins: are the durations in seconds?"
            )
        return repeats.astype(np.int64)


@lru_cache(maxsize=16)
def _gains(bins: tuple[int, int], threshold: float) -> tuple[Floats, int]:
    """What matching two symbols gains, by their difference, and the index of difference 0."""
    across, down = bins
    right, below = np.meshgrid(np.arange(1 - across, across), np.arange(1 - down, down))
    gains = 1.0 - np.sqrt(right * right + below * below) / threshold
    return gains.reshape(-1), (across - 1) + (2 * across - 1) * (down - 1)


# Symbols whose gains are kept side by side; the 16 x 12 regions have symbols below 372.
SLOTS = 512

# Numbers in the kept gains: where predictions are very long, there are fewer slots.
KEPT = 1 << 22


@kernel
def _scores(
    a: Integers,
    a_repeats: Integers,
    a_offsets: Integers,
    b: Integers,
    b_offsets: Integers,
    gains: Floats,
    zero: int,
    tiles: Tiles,
    out: Floats,
) -> None:
    most = longest_of(b_offsets, tiles.predictions)
    lanes = most_lanes(tiles)  # rows no wider than needed: those of a single long pair are many
    symbols, lengths = np.empty((most, lanes), np.int64), np.empty(LANES, np.int64)
    row, state = np.empty((most, lanes)), np.empty((5, LANES))
    # What the symbols of a tile gain with a symbol of a reference is looked up once, for all
    # references that have it: slot s keeps the gains of the symbol `held[s]`.
    slots = max(1, min(SLOTS, KEPT // (most * lanes)))
    profile, held = np.empty((slots, most, lanes)), np.empty(slots, np.int64)
    for tile in range(len(tiles.spans)):
        first, count = tiles.starts[tile], tiles.starts[tile + 1] - tiles.starts[tile]
        width = side_by_side(b, b_offsets, tiles, tile, symbols, lengths)
        held[:] = -1
        for index in range(tiles.spans[tile, 0], tiles.spans[tile, 1]):
            path = tiles.references[index]
            height = 0
            row[:width] = 0.0
            for run in range(a_offsets[path], a_offsets[path + 1]):
                slot = a[run] % slots
                if held[slot] != a[run]:
                    held[slot] = a[run]
                    for j in range(width):
                        for lane in range(count):
                            profile[slot, j, lane] = gains[zero + a[run] - symbols[j, lane]]
                if count == LANES:  # the usual case; a constant makes the faster loop
                    _rows(a_repeats[run], profile, slot, width, LANES, row, state)
                else:
                    _rows(a_repeats[run], profile, slot, width, count, row, state)
                height += a_repeats[run]
            for lane in range(count):
                place = tiles.reference_places[index] + tiles.prediction_places[first + lane]
                length = lengths[lane]
                if height == 0 or length == 0:
                    out[place, 0] = np.nan
                else:
                    # With free gaps no cell is larger than the last one of the table.
                    out[place, 0] = row[length - 1, lane] / max(height, length)


@inlined
def _rows(
    repeats: int, profile: Floats, slot: int, width: int, count: int, row: Floats, state: Floats
) -> None:
    """As many rows as a symbol of the reference stands.

    A recurrence over the borders of blocks, run against run, visits fewer cells but takes pairs one
    by one: it was slower in bins of 50 ms, and faster in bins of 10 ms.
    """
    for _ in range(repeats // 4):
        _four_rows(profile, slot, width, count, row, state)
    for _ in range(repeats % 4):
        _one_row(profile, slot, width, count, row, state)


@inlined
def _one_row(
    profile: Floats, slot: int, width: int, count: int, row: Floats, state: Floats
) -> None:
    """The next row of the alignment (Needleman and Wunsch 1970, gaps free), in place of `row`.

    Args:
        state: scratch; of each lane the cell to the left, then the cell above that.
    """
    state[:2] = 0.0
    for j in range(width):
        for lane in range(count):
            left, above = state[0, lane], row[j, lane]
            # In this order: a store of what may be unchanged would be made conditional, and slow.
            cell = max(left, above, state[1, lane] + profile[slot, j, lane])
            state[0, lane], state[1, lane], row[j, lane] = cell, above, cell


@inlined
def _four_rows(
    profile: Floats, slot: int, width: int, count: int, row: Floats, state: Floats
) -> None:
    """The next four rows, of a symbol that stands four times: its gains are loaded once.

    Args:
        state: scratch; of each lane the cells to the left, from the row above to the fourth.
    """
    state[:] = 0.0
    for j in range(width):
        for lane in range(count):
            gain, above = profile[slot, j, lane], row[j, lane]
            left0, left1, left2 = state[0, lane], state[1, lane], state[2, lane]
            left3, left4 = state[3, lane], state[4, lane]
            cell1 = max(left1, above, left0 + gain)
            cell2 = max(left2, cell1, left1 + gain)
            cell3 = max(left3, cell2, left2 + gain)
            cell4 = max(left4, cell3, left3 + gain)
            state[0, lane], state[1, lane], state[2, lane] = above, cell1, cell2
            state[3, lane], state[4, lane], row[j, lane] = cell3, cell4, cell4
