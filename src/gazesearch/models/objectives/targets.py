"""Target maps of the published training: a Gaussian round the pixel that was looked at next.

They are products of a row and a column, so that a table for each axis holds all there is to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from gazesearch.models.shapes import Float, Int

SIDE: Final = 224
"""Longer side of the frame in which targets are made, px, as near as the map's cells tile it."""

SIGMA: Final = 16.0
"""Spread of the Gaussian in a frame of 224 px, px."""

_TRUNCATION: Final = 4.0  # spreads at which the published Gaussian is cut off


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """Target maps along one axis, for each pixel that may have been looked at.

    Attributes:
        height: of the target at every pixel, its largest value being 1, (pixel looked at, pixel).
        peak: pixel at which it is 1, by pixel looked at.
    """

    height: Float[Tensor, "n n"]
    peak: Int[Tensor, " n"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Pixels of the frame that a map of cells is enlarged to: 224 x 224 for 56 x 56 cells.

    Attributes:
        cells: rows and columns of the map.
        enlarged: pixels along a side of a cell.
    """

    cells: tuple[int, int]
    enlarged: int

    @classmethod
    def of(cls, cells: tuple[int, int]) -> Frame:
        """The frame whose longer side is nearest to 224 px."""
        return cls(cells=cells, enlarged=max(1, round(SIDE / max(cells))))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.cells[0] * self.enlarged, self.cells[1] * self.enlarged

    def pixels_of(self, xy: Float[Tensor, "b 2"]) -> Int[Tensor, "2 b"]:
        """Row and column of the pixel under each point, given in shares of width and height."""
        size = xy.new_tensor(self.shape)
        # A pixel's own number, divided by the size and multiplied again, may fall just short of it.
        pixel = (xy.flip(1) * size + 1e-9).floor()
        return pixel.clamp(min=xy.new_zeros(2), max=size - 1).long().T

    def axes(self, *, sigma: float = SIGMA, reflected: bool) -> tuple[Axis, Axis]:
        """Targets along rows and along columns.

        Args:
            sigma: spread of the Gaussian, px of a frame of 224.
            reflected: whether what falls over an edge is folded back, as published: within 1.5
                spreads of an edge that carries the peak away from the pixel looked at, mostly to
                the edge itself.
        """
        height, width = self.shape
        spread = sigma * max(height, width) / SIDE
        return _axis(height, spread, reflected), _axis(width, spread, reflected)


@cache
def _axis(n: int, spread: float, reflected: bool) -> Axis:
    pixel = np.arange(n)
    distance = np.subtract.outer(pixel, pixel)  # (looked at, pixel)
    if reflected:
        # Each edge is a mirror, between pixels -1 and 0 and between n-1 and n.
        mirrored = np.add.outer(pixel, pixel) + 1
        sources = [d + 2 * n * k for d in (distance, mirrored) for k in (-1, 0, 1)]
        height = np.sum([_cut_gaussian(d, spread) for d in sources], axis=0)
    else:
        height = np.exp(-0.5 * (distance / spread) ** 2)
    height = height / height.max(axis=1, keepdims=True)
    return Axis(height=torch.from_numpy(height), peak=torch.from_numpy(height.argmax(axis=1)))


def _cut_gaussian(distance: np.ndarray, spread: float) -> np.ndarray:
    within = abs(distance) <= int(_TRUNCATION * spread + 0.5)
    value: np.ndarray = np.exp(-0.5 * (distance / spread) ** 2) * within
    return value
