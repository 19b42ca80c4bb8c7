"""ResNet-50 (He et al., CVPR 2016) with the stride in the 3x3 convolution and frozen norms.

Names of parameters are detectron2's, in whose layout the published weights came.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gazesearch.models.shapes import Float

STAGES: Final = (("res2", 3, 256), ("res3", 4, 512), ("res4", 6, 1024), ("res5", 3, 2048))
"""Name, number of blocks and width of each stage; the first halves nothing, the others do."""


class FrozenNorm(nn.Module):
    """Batch norm that always uses its stored statistics; nothing in it is a parameter."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.eps = 1e-5
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def scale_and_shift(self) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
        """The same as x * scale + shift, a number a channel."""
        scale = self.weight * torch.rsqrt(self.running_var + self.eps)
        return scale, self.bias - self.running_mean * scale


class FrozenConv(nn.Conv2d):
    """A convolution without bias and the frozen norm after it, computed as one convolution."""

    def __init__(self, inside: int, outside: int, size: int, *, stride: int = 1) -> None:
        super().__init__(inside, outside, size, stride=stride, padding=size // 2, bias=False)
        self.norm = FrozenNorm(outside)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        """Convolve and scale."""
        scale, shift = self.norm.scale_and_shift()
        weight = self.weight * scale[:, None, None, None]
        return F.conv2d(x, weight, shift, stride=self.stride, padding=self.padding)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1, and the way round them."""

    def __init__(self, inside: int, outside: int, *, stride: int) -> None:
        super().__init__()
        middle = outside // 4
        if inside != outside:
            self.shortcut = FrozenConv(inside, outside, 1, stride=stride)
        self.conv1 = FrozenConv(inside, middle, 1)
        self.conv2 = FrozenConv(middle, middle, 3, stride=stride)
        self.conv3 = FrozenConv(middle, outside, 1)
        self.changes_width = inside != outside

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        """Add what the three convolutions find to the input."""
        y = self.conv3(F.relu(self.conv2(F.relu(self.conv1(x)))))
        return F.relu(y + (self.shortcut(x) if self.changes_width else x))


class Stem(nn.Module):
    """From pixels to a quarter of their resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = FrozenConv(3, 64, 7, stride=2)

    def forward(self, x: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 64 h w"]:
        """Convolve, then keep the largest of 3x3."""
        return F.max_pool2d(F.relu(self.conv1(x)), 3, stride=2, padding=1)


class ResNet50(nn.Module):
    """Features of an image at 1/4, 1/8, 1/16 and 1/32 of its resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        inside = 64
        for number, (name, blocks, width) in enumerate(STAGES):
            stride = 1 if number == 0 else 2
            first = Bottleneck(inside, width, stride=stride)
            rest = [Bottleneck(width, width, stride=1) for _ in range(blocks - 1)]
            self.add_module(name, nn.Sequential(first, *rest))
            inside = width

    def forward(self, image: Float[Tensor, "b 3 H W"]) -> list[Float[Tensor, "b _ _ _"]]:
        """res2 (b, 256, H/4, W/4), res3 (b, 512, H/8, W/8), res4 and res5 in the same way."""
        features = []
        x = self.stem(image)
        for name, _, _ in STAGES:
            x = self.get_submodule(name)(x)
            features.append(x)
        return features
