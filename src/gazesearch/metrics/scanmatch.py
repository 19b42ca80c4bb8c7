"""ScanMatch: two scanpaths compared as strings of screen regions (Cristino et al. 2010)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.errors import BadSetting, DataError
from gazesearch.metrics._alignment import longest, needleman_wunsch
from gazesearch.metrics._compile import kernel
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
        a, a_offsets = self._symbols(references)
        b, b_offsets = self._symbols(predictions)
        gains, zero = _gains(self.bins, self.threshold)
        return partial(_scores, a, a_offsets, b, b_offsets, gains, zero)

    def _symbols(self, paths: Paths) -> tuple[Integers, Integers]:
        """Symbols of all paths and the offsets of each path's.

        A symbol is column + (2 * across - 1) * row: then the difference of two symbols tells the
        differences of both, and a table over differences gives what a match gains.
        """
        across, down = self.bins
        cells = paths.cells(across, down)
        symbols = cells[:, 0] + (2 * across - 1) * cells[:, 1]
        if self.temporal_bin_ms is None:
            return symbols, paths.offsets
        repeats = self._repeats(paths)
        ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(repeats)])
        return np.repeat(symbols, repeats), ends[paths.offsets]

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


@kernel
def _scores(
    a: Integers,
    a_offsets: Integers,
    b: Integers,
    b_offsets: Integers,
    gains: Floats,
    zero: int,
    rows: Integers,
    columns: Integers,
    out: Floats,
) -> None:
    row = np.empty(longest(b_offsets, columns) + 1)
    for pair in range(len(rows)):
        a_start, a_stop = a_offsets[rows[pair]], a_offsets[rows[pair] + 1]
        b_start, b_stop = b_offsets[columns[pair]], b_offsets[columns[pair] + 1]
        if a_start == a_stop or b_start == b_stop:
            out[pair, 0] = np.nan
            continue
        gain = needleman_wunsch(a, a_start, a_stop, b, b_start, b_stop, gains, zero, row)
        out[pair, 0] = gain / max(a_stop - a_start, b_stop - b_start)
