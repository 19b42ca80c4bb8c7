"""Learned functions of how far a cell is from one of the last fixations."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from gazesearch.models.shapes import Float

_WAVES: Final = 4  # per axis
_BUMPS: Final = (0.7, 1.5, 3.0, 6.0, 12.0)  # widths in cells
_WIDTH: Final = 64


class Offsets(nn.Module):
    """A table of functions of the offset: one set of channels for each of the last fixations."""

    def __init__(self, map_shape: tuple[int, int], *, recent: int, channels: int) -> None:
        super().__init__()
        self.map_shape, self.recent, self.channels = map_shape, recent, channels
        self.register_buffer("seen", offset_features(map_shape), persistent=False)
        self.inner = nn.Sequential(
            nn.Linear(self.seen.shape[2], _WIDTH), nn.GELU(), nn.Linear(_WIDTH, _WIDTH), nn.GELU()
        )
        self.outer = nn.Linear(_WIDTH, recent * channels)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self) -> Float[Tensor, "k m h2 w2"]:
        """The table: k the fixation (0 the last one), at row h - 1 + dy and column w - 1 + dx."""
        table = self.outer(self.inner(self.seen))  # (2h-1, 2w-1, k*m)
        return table.permute(2, 0, 1).unflatten(0, (self.recent, self.channels)).contiguous()


def offset_features(map_shape: tuple[int, int]) -> Float[Tensor, "h2 w2 f"]:
    """What is known of an offset: waves along both axes, bumps, distance and direction."""
    h, w = map_shape
    scale = max(h, w)
    dy, dx = torch.meshgrid(torch.arange(1.0 - h, h), torch.arange(1.0 - w, w), indexing="ij")
    distance = torch.hypot(dx, dy)
    found = [dx / scale, dy / scale, (distance + 1).log() / math.log(scale), distance / scale]
    found += [dx / (distance + 1), dy / (distance + 1)]
    for n in range(_WAVES):
        for axis in (dx, dy):
            angle = axis * (math.pi * 2**n / scale)
            found += [angle.sin(), angle.cos()]
    found += [torch.exp(-(distance**2) / (2 * width**2)) for width in _BUMPS]
    found += [torch.exp(-(d**2) / (2 * width**2)) for d in (dx, dy) for width in _BUMPS[:3]]
    return torch.stack(found, dim=2)
