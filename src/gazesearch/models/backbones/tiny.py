"""A few convolutions, trained from scratch: for generated images, and for tests."""

from __future__ import annotations

from typing import final

import torch.nn.functional as F
from torch import Tensor, nn

from gazesearch.models.backbones.backbone import Backbone
from gazesearch.models.shapes import Float


class _Block(nn.Module):
    """Halve the resolution, then look round at it."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.halve = nn.Conv2d(inside, outside, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(1, outside)
        self.look = nn.Conv2d(outside, outside, 3, padding=1)

    def forward(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i d h2 w2"]:
        x = F.gelu(self.norm(self.halve(x)))
        return x + F.gelu(self.look(x))


@final
class Tiny(Backbone):
    """Levels at 1/2, 1/4, 1/8 and so on of the resolution, the first of them left out."""

    kind = "tiny"

    def __init__(self, *, widths: tuple[int, ...] = (12, 24, 32, 48)) -> None:
        """Random weights.

        Args:
            widths: channels at 1/2, 1/4, ... of the resolution; the first level is not given out.
        """
        super().__init__()
        self.channels = widths[1:]
        self.strides = tuple(2 ** (n + 2) for n in range(len(widths) - 1))
        self.blocks = nn.ModuleList(
            _Block(inside, outside) for inside, outside in zip((3, *widths), widths, strict=False)
        )

    def levels(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """What each block but the first gives."""
        found, x = [], inputs
        for block in self.blocks:
            x = block(x)
            found.append(x)
        return found[1:]
