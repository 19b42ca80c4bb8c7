"""Smoothing on cells: Gaussians cut off at the screen's edges, so that all is a density."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gazesearch.models.controls.densities import CELLS
from gazesearch.prediction import Floats
from gazesearch.scanpaths import ScreenSize

SIDE_PX: Final = 224.0
"""Widths count in px of a screen whose larger side is this long; others are stretched to it."""

_CENTRES: Final = (np.arange(CELLS) + 0.5) / CELLS
_EDGES: Final = np.arange(CELLS + 1) / CELLS


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The screen of train: what widths in px mean on cells, which tile every screen alike.

    Attributes:
        width, height: px.
    """

    width: float
    height: float

    @classmethod
    def of(cls, screen_size: ScreenSize) -> Frame:
        """The frame of a table."""
        return cls(width=screen_size[0], height=screen_size[1])

    def spreads(self, width_px: float) -> tuple[float, float]:
        """A width, given at 224 px, in screens across and down."""
        own = width_px / SIDE_PX * max(self.width, self.height)
        return own / self.width, own / self.height

    def blur(self, maps: Floats, width_px: float) -> Floats:
        """Counts in cells, (..., CELLS, CELLS), each spread round its cell; sums are kept."""
        across, down = (cut_gaussians(_CENTRES, spread) for spread in self.spreads(width_px))
        return np.asarray(down.T @ maps @ across)

    def plain_blur(self, maps: Floats, width_px: float) -> Floats:
        """The same with Gaussians that are not cut off: what would leave the screen is lost."""
        across, down = (gaussians(_CENTRES, spread) for spread in self.spreads(width_px))
        return np.asarray(down.T @ maps @ across)

    def hills(self, places: Floats, width_px: float) -> Floats:
        """Mass of a Gaussian round each place, (n, CELLS, CELLS); places (n, 2) in screens."""
        across, down = self.spreads(width_px)
        x, y = cut_gaussians(places[:, 0], across), cut_gaussians(places[:, 1], down)
        return np.asarray(y[:, :, None] * x[:, None, :])

    def nearness(self, places: Floats, width_px: float) -> Floats:
        """Height of a Gaussian round each place at every cell's centre, (n, CELLS, CELLS)."""
        x, y = (
            np.exp(-0.5 * ((_CENTRES - places[:, axis, None]) / spread) ** 2)
            for axis, spread in enumerate(self.spreads(width_px))
        )
        return np.asarray(y[:, :, None] * x[:, None, :])


def cut_gaussians(at: Floats, spread: float) -> Floats:
    """Mass of the cells of 0..1 under Gaussians round places, all of it inside, (n, CELLS)."""
    mass = gaussians(np.clip(at, 0, 1), spread)
    mass /= mass.sum(axis=1, keepdims=True)
    return mass


def gaussians(at: Floats, spread: float) -> Floats:
    """Mass of the cells of 0..1 under Gaussians round places, (n, CELLS)."""
    below = ndtr((_EDGES - at[:, None]) / spread)
    return np.asarray(np.diff(below, axis=1))


def as_map(cells: NDArray[np.int64]) -> Floats:
    """How often each cell occurs, (CELLS, CELLS); -1, no cell, is left out."""
    counts = np.bincount(cells[cells >= 0], minlength=CELLS * CELLS)
    return counts.reshape(CELLS, CELLS).astype(np.float64)


def mixture_weights(
    parts: Floats, start: Sequence[float], *, beside: Floats | float = 0.0, rounds: int = 200
) -> Floats:
    """Weights under which mixtures of some parts are likeliest, (k,): expectation-maximisation.

    Args:
        parts: mass that each part gives to each observed fixation, (n, k).
        start: weights to begin from, above 0; parts that are the same keep their ratio.
        beside: mass that it has whatever the weights, (n,).
        rounds: of the two steps; the likelihood has one peak and never falls.
    """
    weights = np.array(start, np.float64)
    for _ in range(rounds):
        shares = parts * weights
        total = (shares / (shares.sum(axis=1) + beside)[:, None]).sum(axis=0)
        if not total.any():  # all is explained without them
            return weights
        weights = total / total.sum()
    return weights
