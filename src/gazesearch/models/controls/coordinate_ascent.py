"""One path that is like many: coordinate ascent over regions of the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics
from gazesearch.errors import BadSetting
from gazesearch.metrics import Metric
from gazesearch.prediction import Floats
from gazesearch.scanpaths import DatasetInfo, Scanpaths
from gazesearch.scanpaths.columns import Columns, constant
from gazesearch.scanpaths.table import offsets_of

Bins = NDArray[np.intp]
Likeness = Callable[[Bins, int], Floats]
"""Value of every region at a position of some paths: (s, length), position -> (s, regions)."""

EQUAL: Final = 1e-9
"""Values that differ by less are ties: sums of the same scores differ in their last digits."""


@dataclass(frozen=True, kw_only=True)
class Ascent:
    """Settings of the ascent, those of the published rows by default.

    Attributes:
        bins: regions (across, down) that a fixation may fall in; it falls on their centres.
        length: fixations of the path; the first stays at the screen's centre.
        starts: how many train paths of that length, the best ones, the ascent begins from.
        sweeps: most passes over the positions.
    """

    bins: tuple[int, int] = (16, 12)
    length: int = 6
    starts: int = 3
    sweeps: int = 20

    def __post_init__(self) -> None:
        settings = {"bins across": self.bins[0], "bins down": self.bins[1]}
        settings |= {"length": self.length, "starts": self.starts, "sweeps": self.sweeps}
        for name, value in settings.items():
            if value < 1:
                raise BadSetting(f"{name}={value}: must be 1 or more")

    @property
    def regions(self) -> int:
        """Number of regions; region i is column i % across, row i // across."""
        return self.bins[0] * self.bins[1]


def ascend(starts: Bins, likeness: Likeness, ascent: Ascent) -> tuple[Bins, float]:
    """The best path that coordinate ascent reaches from some starts.

    Positions 2 to the last in turn take the region of highest value, the lowest number on ties,
    until a whole sweep changes nothing.

    Args:
        starts: (s, length) regions, the most promising path first.
        likeness: value of every region at a position of each of some paths.
        ascent: the settings.

    Returns:
        (length,) regions, of equally good paths that from the earliest start; and its value.
    """
    paths = starts.copy()
    values = np.full(len(paths), -np.inf)
    moving = np.arange(len(paths))
    for _ in range(ascent.sweeps):
        before = paths[moving].copy()
        for position in range(1, ascent.length):
            told = likeness(paths[moving], position)
            best = told.max(axis=1, keepdims=True)
            paths[moving, position] = (told >= best - EQUAL).argmax(axis=1)
            values[moving] = best[:, 0]
        moving = moving[(paths[moving] != before).any(axis=1)]
        if not len(moving):
            break
    best = int((values >= values.max() - EQUAL).argmax())
    return np.asarray(paths[best]), float(values[best])


class Alike:
    """Mean similarity to some recorded paths, of whole paths and of all one-region changes.

    What was asked is remembered: ascents meet.

    Args:
        recorded: the paths.
        metric: what is alike.
        ascent: the regions.
        weights: of the paths, (p,), in any scale; None: all alike.
    """

    def __init__(
        self,
        recorded: Scanpaths,
        metric: Metric,
        ascent: Ascent,
        weights: Floats | None = None,
    ) -> None:
        self._recorded, self._metric, self._ascent = recorded, metric, ascent
        self._weights = np.ones(len(recorded)) if weights is None else weights
        self._screen = recorded.screen_sizes[0]
        self._known: dict[bytes, Floats] = {}

    def of(self, paths: Scanpaths) -> Floats:
        """Mean over the recorded paths, (n,), higher is more alike; undefined pairs left out."""
        scores = metrics.pairwise(self._metric, self._recorded, paths, self._screen)
        sign = 1.0 if self._metric.higher_is_better else -1.0
        undefined = np.isnan(scores)
        if not undefined.any():
            return np.asarray(sign * (self._weights @ scores) / self._weights.sum())
        total = sign * (self._weights @ np.where(undefined, 0.0, scores))
        weight = self._weights @ (~undefined).astype(np.float64)
        return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), -np.inf)

    def changed(self, paths: Bins, position: int) -> Floats:
        """The mean with each region at a position of each path, (s, regions)."""
        masked = paths.copy()
        masked[:, position] = -1
        keys = [row.tobytes() for row in masked]
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        if new:
            candidates = np.repeat(paths[list(new.values())], self._ascent.regions, axis=0)
            candidates[:, position] = np.tile(np.arange(self._ascent.regions), len(new))
            told = self.of(table(candidates, self._screen, self._ascent.bins))
            self._known |= zip(new, told.reshape(len(new), -1), strict=True)
        return np.stack([self._known[key] for key in keys])


def weighted(parts: Iterable[tuple[float, Alike]]) -> Likeness:
    """The weighted sum of several means."""
    several = list(parts)

    def likeness(paths: Bins, position: int) -> Floats:
        told = [weight * alike.changed(paths, position) for weight, alike in several]
        return np.asarray(sum(told[1:], start=told[0]))

    return likeness


def regions_of(paths: Scanpaths, bins: tuple[int, int]) -> Bins:
    """Region of each fixation of paths of one length, (n, length); the first is the centre's."""
    sizes = np.repeat(paths.screen_sizes, paths.lengths, axis=0)
    whole = np.clip(np.trunc(paths.fixations[:, :2]), 0, sizes - 1)
    column, row = (whole * bins // sizes).astype(np.intp).T
    regions: Bins = (column + bins[0] * row).reshape(len(paths), -1)
    regions[:, 0] = bins[0] // 2 + bins[0] * (bins[1] // 2)
    return regions


def places(regions: Bins, screen_size: Floats, bins: tuple[int, int]) -> Floats:
    """Fixations at the centres of regions, (..., length, 2) px, the first at the screen's."""
    corners = np.stack([regions % bins[0], regions // bins[0]], axis=-1)
    xy: Floats = (corners + 0.5) * (screen_size / bins)
    xy[..., 0, :] = screen_size / 2
    return xy


def table(regions: Bins, screen_size: Floats, bins: tuple[int, int]) -> Scanpaths:
    """Paths of regions as a table without durations, for metrics to score."""
    n, length = regions.shape
    xy = places(regions, screen_size, bins).reshape(-1, 2)
    blank = constant("", n)
    width, height = screen_size.tolist()
    return Scanpaths(
        np.column_stack([xy, np.full(len(xy), np.nan)]),
        offsets_of(np.full(n, length)),
        columns=Columns({"name": blank, "task": blank}, n),
        info=DatasetInfo(name="candidates", screen_size=(width, height)),
    )
