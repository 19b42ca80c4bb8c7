"""How images are shown in training, anew each time: mirrored, shifted, otherwise exposed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gazesearch.models.objectives import NOT_ASKED, Searches

TONE: Final = 0.08  # spread of the share of a parabola that is added to grey values
NOISE: Final = 0.05  # most noise, in spreads of an image's grey values


def mirrored(searches: Searches, which: Tensor, map_shape: tuple[int, int]) -> Searches:
    """The same searches, left and right exchanged in some of them.

    Args:
        searches: the searches.
        which: those to mirror, (b,) of bool.
        map_shape: (h, w) of the cells.
    """
    w = map_shape[1]
    x, y = searches.target_xy.unbind(1)
    return replace(
        searches,
        cells=torch.where(
            which[:, None] & _there(searches), _flipped(searches.cells, w), searches.cells
        ),
        target=torch.where(which & searches.placed, _flipped(searches.target, w), searches.target),
        target_xy=torch.stack([torch.where(which, 1 - x, x), y], dim=1),
    )


def shifted(searches: Searches, by: Tensor, map_shape: tuple[int, int]) -> Searches:
    """The same searches, moved by whole cells.

    A place that leaves the map is not asked for; a fixation of a history that does stays at its
    edge.

    Args:
        searches: the searches.
        by: cells to the right and down, (b, 2) of int64.
        map_shape: (h, w) of the cells.
    """
    cells, _ = _moved(searches.cells, by[:, None], map_shape)
    target, inside = _moved(searches.target, by, map_shape)
    left = searches.placed & ~inside
    h, w = map_shape
    return replace(
        searches,
        cells=torch.where(_there(searches), cells, searches.cells),
        target=torch.where(searches.placed, torch.where(left, NOT_ASKED, target), searches.target),
        target_xy=searches.target_xy + by / torch.tensor([w, h]),
    )


def moved(inputs: Tensor, by: Tensor, cell: tuple[int, int]) -> Tensor:
    """Images moved by whole cells; what comes in at an edge is what was there.

    Args:
        inputs: (i, c, H, W).
        by: cells to the right and down, (i, 2) of int64.
        cell: (height, width) of a cell, px.
    """
    height, width = inputs.shape[2:]
    across, down = (int(by[:, axis].abs().max()) * cell[1 - axis] for axis in (0, 1))
    wide = F.pad(inputs, (across, across, down, down), mode="replicate")
    shown = []
    for image, (right, below) in zip(wide, by.tolist(), strict=True):
        top, left = down - below * cell[0], across - right * cell[1]
        shown.append(image[:, top : top + height, left : left + width])
    return torch.stack(shown)


def exposed(inputs: Tensor) -> Tensor:
    """Images as of another exposure: grey values bent a little, and some noise.

    Drawn from torch's random numbers, an image each; all channels of an image alike.
    """
    mean, spread = (
        statistic[:, None, None, None]
        for statistic in (inputs.mean((1, 2, 3)), inputs.std((1, 2, 3)).clamp(min=1e-6))
    )
    grey = (inputs - mean) / spread
    bend, noise = torch.randn(len(inputs), 1, 1, 1), torch.rand(len(inputs), 1, 1, 1)
    grey = grey + TONE * bend * (grey * grey - 1)
    grey = grey + NOISE * noise * torch.randn_like(grey[:, :1])
    return grey * spread + mean


def _there(searches: Searches) -> Tensor:
    """Which of the histories' cells are fixations and no padding, (b, t)."""
    return torch.arange(searches.cells.shape[1]) < searches.lengths[:, None]


def _flipped(cells: Tensor, w: int) -> Tensor:
    """Cells of a map of w columns with left and right exchanged."""
    return cells - 2 * (cells % w) + w - 1


def _moved(cells: Tensor, by: Tensor, map_shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Cells moved, kept inside the map, and whether they were inside anyway."""
    h, w = map_shape
    column, row = cells % w + by[..., 0], cells // w + by[..., 1]
    inside = (column >= 0) & (column < w) & (row >= 0) & (row < h)
    return row.clamp(0, h - 1) * w + column.clamp(0, w - 1), inside
