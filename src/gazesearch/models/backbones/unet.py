"""A small U-Net from scratch, for images that are alike in layout: generated ones, radiographs.

Down to 1/32 of the resolution and back (Ronneberger et al., MICCAI 2015), with three changes.
Maxima and means are pooled side by side, so that both fine lines and mean grey values survive.
Cells know their place. On the way back each level also reads its mirror image, left for right,
because sides of a body are compared.

Axes: i images, c channels, h w cells of a level.
"""

from __future__ import annotations

from typing import Final, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gazesearch.errors import BadSetting
from gazesearch.models.backbones.backbone import Backbone
from gazesearch.models.shapes import Float

_STEM: Final = 16
_PLACES: Final = 6
_FINEST: Final = (4, 8, 16)


class _Look(nn.Module):
    """Look round, widen, narrow; added to the input, and at first nothing is added."""

    def __init__(self, channels: int, *, dilation: int = 1, mixed: bool = True) -> None:
        """
        Args:
            channels: of input and output.
            dilation: of the 3 x 3 kernel.
            mixed: whether the kernel mixes channels too.
        """
        super().__init__()
        self.norm = _norm(channels)
        self.around = nn.Conv2d(
            channels,
            channels,
            3,
            padding=dilation,
            dilation=dilation,
            groups=1 if mixed else channels,
        )
        self.widen = nn.Conv2d(channels, 2 * channels, 1)
        self.narrow = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i c h w"]:
        return x + self.narrow(F.relu(self.widen(self.around(self.norm(x)))))


class _Down(nn.Module):
    """Halve the resolution, then look round near and farther."""

    def __init__(self, inside: int, outside: int, *, mixed: bool) -> None:
        super().__init__()
        self.enter = nn.Conv2d(2 * inside, outside, 1)
        self.looks = nn.Sequential(
            _Look(outside, mixed=mixed), _Look(outside, dilation=2, mixed=False)
        )

    def forward(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i d h2 w2"]:
        return self.looks(self.enter(_pooled(x)))


@final
class UNet(Backbone):
    """One level, at 1/4 of the resolution.

    Grey values are counted from the mean of their image in units of its spread, so exposure does
    not matter. Sides of inputs must be at least 32 px.
    """

    kind = "unet"

    def __init__(self, *, width: int = 32, finest: int = 4, mirrored: bool = True) -> None:
        """Random weights.

        Args:
            width: channels at 1/4 of the resolution; 3/2 of it at 1/8, twice as many elsewhere.
            finest: 4, 8 or 16: what is finer than this share of the resolution is seen only by
                way of it.
            mirrored: whether levels read their mirror images.

        Raises:
            BadSetting: another `finest`, or a width that is no multiple of 16.
        """
        super().__init__()
        if finest not in _FINEST or width < 16 or width % 16:
            raise BadSetting(
                f"width={width}, finest={finest}: width must be a multiple of 16, finest 4, 8 or 16"
            )
        self.finest, self.mirrored = finest, mirrored
        fine, mid, deep = width, width * 3 // 2, width * 2
        self.channels, self.strides = (deep,), (4,)
        self.stem = nn.Conv2d(1, _STEM, 5, stride=2, padding=2)
        self.stem_norm = _norm(_STEM)
        self.second = nn.Conv2d(_STEM, _STEM, 3, padding=1)
        self.second_norm = _norm(2 * _STEM)
        self.enter = nn.Conv2d(2 * _STEM + _PLACES, fine, 1)
        self.looks = nn.Sequential(_Look(fine), _Look(fine, dilation=2, mixed=False))
        self.down8 = _Down(fine, mid, mixed=True)
        self.down16 = _Down(mid, deep, mixed=True)
        self.down32 = _Down(deep, deep, mixed=False)
        sides = 1 + mirrored
        self.join16 = nn.Conv2d(deep * sides + deep, deep, 1)
        self.look16 = _Look(deep)
        self.join8 = nn.Conv2d(deep * sides + (mid * sides if finest <= 8 else 0), mid, 1)
        self.look8 = _Look(mid)
        self.join4 = nn.Conv2d(mid + (fine * sides if finest <= 4 else 0) + _PLACES, deep, 1)
        self.look4 = _Look(deep, mixed=False)

    def levels(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """One level of (i, 2 * width, H/4, W/4)."""
        x = F.relu(self.stem_norm(self.stem(_standard(inputs))))
        x = self.second_norm(_pooled(F.relu(self.second(x))))
        places = _places(x)
        x4 = self.looks(self.enter(torch.cat([x, places], dim=1)))
        x8 = self.down8(x4)
        x16 = self.down16(x8)
        x32 = self.down32(x16)
        y = self.join16(torch.cat([_widened(self._sides(x32), x16), x16], dim=1))
        y = _widened(self._sides(self.look16(y)), x8)
        y = self.join8(torch.cat([y, self._sides(x8)], dim=1) if self.finest <= 8 else y)
        y = _widened(self.look8(y), x4)
        seen = [y, self._sides(x4), places] if self.finest <= 4 else [y, places]
        return [self.look4(self.join4(torch.cat(seen, dim=1)))]

    def _sides(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i d h w"]:
        """A level beside its mirror image."""
        return torch.cat([x, x.flip(3)], dim=1) if self.mirrored else x


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(max(1, channels // 8), channels)


def _pooled(x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i d h2 w2"]:
    """Maxima and means of 2 x 2 cells; the last row or column of an odd number stays."""
    return torch.cat(
        [
            F.max_pool2d(x, 2, ceil_mode=True),
            F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False),
        ],
        dim=1,
    )


def _widened(x: Float[Tensor, "i c h w"], like: Float[Tensor, "i d h2 w2"]) -> Tensor:
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


def _standard(inputs: Float[Tensor, "i 3 H W"]) -> Float[Tensor, "i 1 H W"]:
    grey = inputs.mean(dim=1, keepdim=True)
    spread, mean = torch.std_mean(grey, dim=(2, 3), keepdim=True)
    return (grey - mean) / (spread + 1e-5)


def _places(x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i p h w"]:
    """Where cells are, from -1 to 1: x, y, |x|, and products."""
    i, _, h, w = x.shape
    y, x = torch.meshgrid(
        *((torch.arange(n, device=x.device, dtype=x.dtype) + 0.5) / n * 2 - 1 for n in (h, w)),
        indexing="ij",
    )
    return torch.stack([x, y, x.abs(), x * x, y * y, x * y]).expand(i, -1, -1, -1)
