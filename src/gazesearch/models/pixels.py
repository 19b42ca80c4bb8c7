"""Maps on other cells: the same density, its mass summed over a new tiling of the screen.

A model's mass is spread evenly within each of its cells. The mass of a new cell is what of the old
ones lies under it, so that a map keeps its sum even where old and new borders do not meet.
"""

from __future__ import annotations

from typing import final

import numpy as np

from gazesearch.errors import BadSetting, DataError
from gazesearch.models.conditional import Conditional
from gazesearch.prediction import (
    ConditionalModel,
    Floats,
    ImageSource,
    NextFixation,
    Requests,
)
from gazesearch.scanpaths import Scanpaths


def on_cells(log_mass: Floats, shape: tuple[int, int]) -> Floats:
    """Log mass on new cells.

    Args:
        log_mass: natural log of the mass on cells that tile the screen evenly, (..., h, w).
        shape: (rows, columns) of the new cells.

    Returns:
        (..., rows, columns). Where each new cell lies within an old one, exactly the old log mass
        less the log of how many share it.

    >>> np.exp(on_cells(np.log([[0.25, 0.75]]), (1, 4)))
    array([[0.125, 0.125, 0.375, 0.375]])
    >>> np.exp(on_cells(np.log([[0.25, 0.75]]), (1, 3))).round(4)
    array([[0.1667, 0.3333, 0.5   ]])
    """
    rows, columns = shape
    if rows < 1 or columns < 1:
        raise BadSetting(f"cells {shape}: must be 1 or more down and across")
    h, w = log_mass.shape[-2:]
    if (h, w) == shape:
        return log_mass
    if rows % h == 0 and columns % w == 0:
        # By repetition, not by products: pixels of one cell must stay equal to the last bit.
        spread = np.repeat(np.repeat(log_mass, rows // h, axis=-2), columns // w, axis=-1)
        return np.asarray(spread - np.log((rows // h) * (columns // w)))
    mass = _shares(rows, h) @ np.exp(log_mass) @ _shares(columns, w).T
    with np.errstate(divide="ignore"):  # no mass is -inf
        return np.asarray(np.log(mass))


def _shares(new: int, old: int) -> Floats:
    """What part of each old cell lies under each new one, along one side, (new, old)."""
    # Borders count in units of which old * new make a side: whole numbers, so that no border is
    # missed by rounding.
    ours, theirs = np.arange(new + 1) * old, np.arange(old + 1) * new
    upper = np.minimum(ours[1:, None], theirs[None, 1:])
    lower = np.maximum(ours[:-1, None], theirs[None, :-1])
    return np.asarray(np.maximum(upper - lower, 0) / new)


@final
class PerPixel(Conditional):
    """Another model with one cell a pixel of the screen, as other packages count densities.

    Where the model's own cells do not end at pixels, a fixation near a border is scored by the mean
    over its pixel: bits differ a little from those of the model itself.
    """

    def __init__(self, model: ConditionalModel) -> None:
        self._model = model
        self.name = model.name
        self.needs_images = model.needs_images

    @property
    def predicts_durations(self) -> bool:
        """As the model does."""
        return self._model.predicts_durations

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The model's answer, its map in pixels.

        Raises:
            DataError: the screens differ, or are no whole number of pixels.
        """
        told = self._model.next_fixation(requests, histories, images=images)
        sizes = np.unique(requests.screen_sizes, axis=0)
        if len(sizes) != 1 or (sizes % 1).any():
            raise DataError(f"{self.name}: maps by pixel need one screen of whole pixels for all")
        width, height = (int(side) for side in sizes[0])
        return NextFixation(
            log_mass=on_cells(told.log_mass, (height, width)),
            log_stop=told.log_stop,
            duration=told.duration,
        )
