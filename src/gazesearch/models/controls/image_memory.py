"""Leak control: a density that remembers which image it saw in train, and never sees a pixel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Self, final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting
from gazesearch.models.conditional import Conditional
from gazesearch.models.controls.densities import CELLS
from gazesearch.models.controls.kernel_densities import (
    BATCH,
    UNIFORM,
    HistoryDensity,
    Widths,
    share_of,
)
from gazesearch.models.controls.kernels import Frame, as_map, mixture_weights
from gazesearch.models.controls.repeats import Repeats
from gazesearch.models.histories import cells_under, steps
from gazesearch.prediction import Floats, ImageSource, NextFixation, Requests, Rng
from gazesearch.scanpaths import Scanpaths

Integers = NDArray[np.int64]

USUAL: Final = (0.9, 0.05, 0.05)
"""Weights without valid: free, same finding, other findings."""

SLIP: Final = 1e-6
"""Share of a repeated path's fixations that may fall anywhere: small, for a repeat is exact."""


@dataclass(frozen=True, kw_only=True)
class MemoryWidths:
    """Widths of the kernels, px of a screen whose larger side is 224 px.

    Attributes:
        repeat_px: round the fixations of a path that may be repeated.
        place_px: round the image's fixations.
    """

    repeat_px: float = 1.0
    place_px: float = 8.0

    def __post_init__(self) -> None:
        if not (self.repeat_px > 0 and self.place_px > 0):
            raise BadSetting(f"{self}: widths must be above 0")


GRID: Final = MappingProxyType({"repeat_px": (0.5, 1.0, 2.0), "place_px": (4.0, 8.0, 14.0)})
"""Widths tried on valid, one setting after the other, the others as they stand."""


@final
class ImageMemory(Conditional):
    """Leak control: knows which train paths lie on the image; never sees a pixel.

    Either the search repeats one of the image's train paths, with a probability that comes from how
    often train repeats paths between these two findings (`Repeats`) and from how well the history
    agrees with that path; or it looks, in shares chosen on valid, where `HistoryDensity` says, near
    the image's train fixations of the same finding, or near those of its other findings. On an
    image that train lacks the answer is that of `HistoryDensity`, to the last bit.

    What it gains measures what shared images give away. It is no model, and its choice on valid
    says nothing about any: valid may share images with train as test does.

    Attributes:
        widths: of the kernels, as given, or as chosen on valid.
        weights: shares of "free", "same finding" and "other findings", as chosen on valid.
        chosen_on: number of fixations of valid that chose; 0 before and without valid.
        free: the image-free density.
    """

    name = "image-memory"
    needs_images = False

    def __init__(
        self, *, widths: MemoryWidths | None = None, free_widths: Widths | None = None
    ) -> None:
        self._given = widths or MemoryWidths()
        self.free = HistoryDensity(widths=free_widths)
        self._settle()

    @property
    def predicts_durations(self) -> bool:
        """Whether the train paths had durations."""
        return self.free.predicts_durations

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Remember train; choose on valid; rng is not used.

        The image-free part chooses as `HistoryDensity` does; widths and weights of the memory are
        those under which valid on train's images is likeliest.

        Raises:
            DataError: as `HistoryDensity`.
        """
        self.free.fit(train, valid=valid)
        self._settle()
        there = train[train.lengths > 0]
        self._repeats = Repeats.of(there)
        self._frame = Frame.of((float(there.screen_sizes[0, 0]), float(there.screen_sizes[0, 1])))
        self._seen = {image: _Seen(paths) for image, paths in there.group("name").items()}
        if valid is not None:
            known = np.array([image in self._seen for image in valid.image], np.bool_)
            self._choose(valid[known])
        return self

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The mixture on images of train, else what the image-free density says."""
        told = self.free.next_fixation(requests, histories)
        seen = np.flatnonzero([image in self._seen for image in requests.image])
        if not len(seen):
            return told
        free = np.exp(told.log_mass[seen])
        repeated, parts = self._recall(free, self.widths, requests[seen], histories[seen])
        mass = sum(
            (weight * part for weight, part in zip(self.weights.values(), parts, strict=True)),
            start=np.zeros_like(free),
        )
        mass = repeated + (1 - repeated.sum(axis=(1, 2), keepdims=True)) * mass
        log_mass = told.log_mass.copy()
        log_mass[seen] = np.log(mass / mass.sum(axis=(1, 2), keepdims=True))
        return replace(told, log_mass=log_mass)

    # -- choosing

    def _settle(self) -> None:
        self.widths = self._given
        self.weights = dict(zip(("free", "same finding", "other findings"), USUAL, strict=True))
        self.chosen_on = 0

    def _choose(self, valid: Scanpaths) -> None:
        """Settings of the grid in turn, each with its best weights; the first of equals."""
        self.chosen_on = int(np.maximum(valid.lengths - 1, 0).sum())
        if not self.chosen_on:
            return
        best, weights = self._likelihood(valid, self.widths)
        for setting, values in GRID.items():
            for value in values:
                widths = replace(self.widths, **{setting: value})
                if widths == self.widths:
                    continue
                likelihood, found = self._likelihood(valid, widths)
                if likelihood > best:
                    best, weights, self.widths = likelihood, found, widths
        self.weights = dict(zip(self.weights, weights.tolist(), strict=True))

    def _likelihood(self, valid: Scanpaths, widths: MemoryWidths) -> tuple[float, Floats]:
        """Mean log mass of valid's fixations after the first, and the weights that make it so."""
        fixed, observed = [], []
        for step in steps(valid, batch=BATCH):
            free = np.exp(self.free.next_fixation(step.requests, step.histories).log_mass)
            repeated, parts = self._recall(free, widths, step.requests, step.histories)
            going = 1 - repeated.sum(axis=(1, 2))
            cells = cells_under(step.xy, step.requests.screen_sizes, (CELLS, CELLS))
            rows = np.flatnonzero(cells >= 0)
            fixed.append(repeated.reshape(len(step), -1)[rows, cells[rows]])
            observed.append(
                parts.reshape(len(parts), len(step), -1)[:, rows, cells[rows]].T * going[rows, None]
            )
        parts, repeats = np.concatenate(observed), np.concatenate(fixed)
        weights = mixture_weights(parts, USUAL, beside=repeats)
        likelihood = float(np.log(repeats + parts @ weights).mean())
        return likelihood, weights

    # -- memory

    def _recall(
        self, free: Floats, widths: MemoryWidths, requests: Requests, histories: Scanpaths
    ) -> tuple[Floats, Floats]:
        """What the images' train paths say of each request.

        Returns:
            Mass of repeating a path, (b, CELLS, CELLS), which sums to the probability of it; and
            the densities free, same finding, other findings, (3, b, CELLS, CELLS), where what the
            image lacks is as the free one.
        """
        repeated = np.zeros_like(free)
        parts = np.stack([free, free, free])
        cells = _cells(histories)
        keys = list(zip(requests.image, requests.finding, strict=True))
        for key in dict.fromkeys(keys):
            rows = np.array([row for row, own in enumerate(keys) if own == key])
            seen, finding = self._seen[key[0]], key[1]
            for part, counts in enumerate(seen.places(finding), start=1):
                if counts.any():
                    parts[part, rows] = self._frame.blur(share_of(counts), widths.place_px)
            repeated[rows] = self._repeated(
                seen, finding, cells[rows], histories.lengths[rows], widths.repeat_px
            )
        return repeated, parts

    def _repeated(
        self, seen: _Seen, finding: str, cells: Integers, known: Integers, width_px: float
    ) -> Floats:
        """Mass of the next fixation of each path that may be repeated, (rows, CELLS, CELLS).

        Bayes' rule: a path is the likelier, the more often such are repeated (prior), and the
        better it foretold the history than the image-free densities of places did.
        """
        prior = self._repeats.priors(finding, seen.paths)
        kernels = self._frame.blur(_one_each(seen.cells), width_px)  # (p, L, CELLS, CELLS)
        unguided = [self.free.first_places(width_px), self.free.finding_places(finding)]
        odds = np.tile(prior, (len(cells), 1))
        for t in range(min(cells.shape[1], seen.cells.shape[1])):
            rows = np.flatnonzero((known > t) & (cells[:, t] >= 0))
            told = kernels[:, t].reshape(len(kernels), -1)[:, cells[rows, t]].T
            told = (1 - SLIP) * told + SLIP / CELLS**2
            odds[rows] *= told / unguided[min(t, 1)].reshape(-1)[cells[rows, t], None]
        odds[seen.paths.lengths <= known[:, None]] = 0.0  # such a path would have ended
        odds /= (1 - prior.sum()) + odds.sum(axis=1, keepdims=True)
        at = np.minimum(known, seen.cells.shape[1] - 1)
        mass = np.zeros((len(cells), CELLS, CELLS))
        for path in range(len(kernels)):
            near = (1 - UNIFORM) * kernels[path, at] + UNIFORM / CELLS**2
            mass += odds[:, path, None, None] * near
        return mass


class _Seen:
    """Train paths of one image, and their cells, (p, longest); -1 beyond the end or off screen."""

    def __init__(self, paths: Scanpaths) -> None:
        self.paths = paths
        self.cells = _cells(paths)

    def places(self, finding: str) -> tuple[Floats, Floats]:
        """Counts of fixations after the first: of the finding, and of the others."""
        same = self.paths.finding == finding
        return as_map(self.cells[same, 1:]), as_map(self.cells[~same, 1:])


def _cells(paths: Scanpaths) -> Integers:
    """Cell of each fixation, (n, longest); -1 beyond a path's end and off the screen."""
    cells = np.full((len(paths), int(paths.lengths.max(initial=1))), -1)
    sizes = np.repeat(paths.screen_sizes, paths.lengths, axis=0)
    used = np.arange(cells.shape[1]) < paths.lengths[:, None]
    cells[used] = cells_under(paths.fixations[:, :2], sizes, (CELLS, CELLS))
    return cells


def _one_each(cells: Integers) -> Floats:
    """A map with 1 in each cell, (..., CELLS, CELLS); all alike where there is no cell."""
    maps = np.zeros((cells.size, CELLS * CELLS))
    flat = cells.reshape(-1)
    maps[np.flatnonzero(flat >= 0), flat[flat >= 0]] = 1.0
    maps[flat < 0] = 1 / CELLS**2
    return maps.reshape(*cells.shape, CELLS, CELLS)
