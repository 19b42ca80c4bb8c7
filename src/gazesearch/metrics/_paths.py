"""What a kernel sees of scanpaths: flat arrays, checked once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazesearch.errors import BadSetting, DataError, MissingDurations
from gazesearch.scanpaths import Scanpaths

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """n scanpaths, flattened; path i is rows `offsets[i]:offsets[i+1]` of `fixations`.

    Arrays handed to kernels are fresh, writable and C-contiguous: numba compiles a kernel anew for
    every other kind.

    Attributes:
        fixations: (N, 3): x px, y px, duration s (NaN where a path has none).
        offsets: (n+1,).
        screens: (n, 2): width, height px.
        used: (n,): whether any pair asks for this path.
        images: (n,) image names, or None where the paths came as plain arrays.
        what: what errors call a path: "reference" or "prediction".
    """

    fixations: Floats
    offsets: Integers
    screens: Integers
    used: Bools
    images: NDArray[np.object_] | None
    what: str

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Integers:
        """Number of fixations of each path, (n,)."""
        return np.diff(self.offsets)

    @cached_property
    def xy(self) -> Floats:
        """Coordinates, (N, 2) px."""
        return self.fixations[:, :2].copy()

    @cached_property
    def seconds(self) -> Floats:
        """Durations, (N,) s."""
        return self.fixations[:, 2].copy()

    def each_fixation(self, values: NDArray[T]) -> NDArray[T]:
        """A value per path, (n, ...), repeated for each of its fixations, (N, ...)."""
        return np.repeat(values, self.lengths, axis=0)

    def cells(self, across: int, down: int) -> Integers:
        """Column and row of the grid cell under each fixation, (N, 2).

        Coordinates are truncated towards zero and clipped to the screen; the rest is integer
        arithmetic, so that no fixation on the edge of a cell depends on rounding.
        """
        screens = self.each_fixation(self.screens)
        pixels = np.clip(np.trunc(self.xy), 0, screens - 1).astype(np.int64)
        cells: Integers = pixels * np.array([across, down]) // screens
        return cells

    def label(self, path: int) -> str:
        """What errors call path number `path`."""
        return f"{self.what} {path}" if len(self) > 1 else self.what

    def place(self, fixation: int) -> str:
        """What errors call row number `fixation`."""
        path = int(np.searchsorted(self.offsets, fixation, side="right")) - 1
        return f"{self.label(path)}, fixation {fixation - self.offsets[path]}"

    def refuse_bad_durations(self, metric: str, *, needed: bool = True) -> None:
        """Check the durations of the paths in use.

        Raises:
            MissingDurations: `needed`, and a path has none.
            DataError: a duration is negative or infinite, or only some of a path's are there.
        """
        seconds, used = self.seconds, self.each_fixation(self.used)
        absent = np.isnan(seconds)
        faulty = np.flatnonzero(used & ~absent & ~((seconds >= 0) & np.isfinite(seconds)))
        if len(faulty):
            raise DataError(
                f"{metric}: {self.place(faulty[0])}: duration {seconds[faulty[0]]} s: "
                "durations must be finite and not negative"
            )
        owners = self.each_fixation(np.arange(len(self)))
        counts = np.bincount(owners[absent], minlength=len(self))
        without = self.used & (counts > 0)
        partly = np.flatnonzero(without & (counts < self.lengths))
        if len(partly):
            raise DataError(
                f"{metric}: {self.label(partly[0])}: {counts[partly[0]]} of "
                f"{self.lengths[partly[0]]} durations are NaN: give all of a path or none"
            )
        if needed and without.any():
            raise MissingDurations(
                f"{metric} needs durations: {self.label(np.flatnonzero(without)[0])} has none: "
                "give x, y and seconds, or leave this metric out"
            )


def flatten(
    source: Scanpaths | Iterable[ArrayLike], screens: Integers, what: str, used: Bools | None = None
) -> Paths:
    """Flatten scanpaths of any kind and check their coordinates.

    Args:
        source: a table, or arrays (k, 2) or (k, 3), `[]` for an empty path.
        screens: (2,) for all, or (n, 2): width, height px.
        what: what errors call a path.
        used: (n,), or None if all are used.

    Raises:
        DataError: an array has another shape, is not numeric, or a coordinate is not finite.
    """
    images: NDArray[np.object_] | None = None
    if isinstance(source, Scanpaths):
        fixations = np.array(source.fixations, dtype=np.float64, order="C")
        offsets = np.array(source.offsets, dtype=np.int64)
        images = source.image
    else:
        arrays = list(source)
        rows = [
            _rows(path, f"{what} {i}" if len(arrays) > 1 else what) for i, path in enumerate(arrays)
        ]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(path) for path in rows], out=offsets[1:])
        fixations = np.full((offsets[-1], 3), np.nan)
        for path, start in zip(rows, offsets[:-1], strict=True):
            fixations[start : start + len(path), : path.shape[1]] = path
    n = len(offsets) - 1
    paths = Paths(
        fixations=fixations,
        offsets=offsets,
        screens=np.broadcast_to(screens, (n, 2)),
        used=np.ones(n, dtype=np.bool_) if used is None else used,
        images=images,
        what=what,
    )
    faulty = np.argwhere(~np.isfinite(fixations[:, :2]))
    if len(faulty):
        row, axis = faulty[0]
        raise DataError(
            f"{paths.place(row)}: {'xy'[axis]} is {fixations[row, axis]}: "
            "coordinates must be finite"
        )
    return paths


def _rows(path: ArrayLike, label: str) -> Floats:
    """One path as (k, 2) or (k, 3)."""
    try:
        rows = np.asarray(path, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{label}: not a numeric array: give one row x, y or x, y, seconds a fixation"
        ) from None
    if rows.ndim == 1 and len(rows) == 0:
        return rows.reshape(0, 2)
    if rows.ndim != 2 or rows.shape[1] not in (2, 3):
        raise DataError(
            f"{label}: shape {rows.shape}: a path has shape (n, 2) x, y or (n, 3) x, y, seconds"
        )
    return rows


def screens_of(screen_size: ArrayLike, n: int | None = None) -> Integers:
    """Screen size as integers, (2,), or (n, 2) where `n` allows one per path.

    Raises:
        BadSetting: not whole numbers of px above 0, or not as many as there are paths.
    """
    shapes: Sequence[tuple[int, ...]] = [(2,)] if n is None else [(2,), (n, 2)]
    try:
        sizes = np.asarray(screen_size, dtype=np.float64)
    except (TypeError, ValueError):
        sizes = np.empty(0)
    if sizes.shape not in shapes:
        more = "" if n is None else f", or one row for each of the {n} references"
        raise BadSetting(f"screen_size must be (width, height) in px{more}")
    whole = np.isfinite(sizes) & (sizes >= 1) & (sizes <= 2**31) & (sizes == np.floor(sizes))
    if not whole.all():
        bad = sizes if sizes.ndim == 1 else sizes[np.flatnonzero(~whole.all(axis=1))[0]]
        raise BadSetting(
            f"screen_size ({bad[0]:g}, {bad[1]:g}): width and height must be whole px above 0"
        )
    return sizes.astype(np.int64)
