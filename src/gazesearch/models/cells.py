"""Cells of a map of the next fixation: where they are, sharpened, and drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazesearch.prediction import Floats

Rows = NDArray[np.intp]


def cell_centres(h: int, w: int, sizes: Floats) -> Floats:
    """Centres of cells in row order, (b, h*w, 2) px."""
    y, x = np.divmod(np.arange(h * w), w)
    centres: Floats = (np.stack([x, y], axis=1) + 0.5) * (sizes / (w, h))[:, None]
    return centres


def sharpened(log_mass: Floats, temperature: float, nucleus: float) -> Floats:
    """Mass of cells, (b, cells), sum 1, at a temperature and without the unlikely rest."""
    scaled = log_mass / temperature
    mass: Floats = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    mass /= mass.sum(axis=1, keepdims=True)
    if nucleus < 1:
        order = np.argsort(-mass, axis=1, kind="stable")
        ranked = np.take_along_axis(mass, order, axis=1)
        # A cell is kept if the likelier ones do not fill the nucleus yet: the first always is.
        ranked[np.cumsum(ranked, axis=1) - ranked >= nucleus] = 0
        np.put_along_axis(mass, order, ranked, axis=1)
        mass /= mass.sum(axis=1, keepdims=True)
    return mass


def inverse(mass: Floats, which: Rows, chance: Floats) -> Rows:
    """The cell in which each uniform number falls on the cumulative mass of its map, (b,).

    Args:
        mass: (m, cells).
        which: number of the map of each, (b,).
        chance: 0 to 1, (b,).
    """
    cumulative = np.cumsum(mass, axis=1)
    # Rounding must not carry the number past the last cell that has mass.
    whole = cumulative[which, -1]
    thrown = np.minimum(chance * whole, np.nextafter(whole, 0))
    cell = np.empty(len(which), np.intp)
    for number, line in enumerate(cumulative):
        rows = which == number
        cell[rows] = np.searchsorted(line, thrown[rows], side="right")
    return cell
