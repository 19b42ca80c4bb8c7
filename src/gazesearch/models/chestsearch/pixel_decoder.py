"""Mask2Former's pixel decoder: deformable attention across three levels, then one step down.

Deformable attention: Zhu et al., ICLR 2021, section 4.1; the decoder: Cheng et al., CVPR 2022,
section 3.2.2 and appendix. Plain PyTorch: sampling is `grid_sample`.
"""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gazesearch.models.shapes import Float

WIDTH: Final = 256
HEADS: Final = 8
LEVELS: Final = 3
POINTS: Final = 4
LAYERS: Final = 6
GROUPS: Final = 32  # of the group norms

Shape = tuple[int, int]  # height and width of a level, cells


class DeformableAttention(nn.Module):
    """Every token looks at four places of each level, near its own.

    Axes: b images, t tokens of all levels, m heads, l levels, k points, d width.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sampling_offsets = nn.Linear(WIDTH, HEADS * LEVELS * POINTS * 2)
        self.attention_weights = nn.Linear(WIDTH, HEADS * LEVELS * POINTS)
        self.value_proj = nn.Linear(WIDTH, WIDTH)
        self.output_proj = nn.Linear(WIDTH, WIDTH)

    def forward(
        self,
        query: Float[Tensor, "b t d"],
        tokens: Float[Tensor, "b t d"],
        centres: Float[Tensor, "t 2"],
        shapes: list[Shape],
    ) -> Float[Tensor, "b t d"]:
        """Weighted sum of `tokens` at the places that `query` asks for.

        Args:
            query: tokens with their positions.
            tokens: all levels, one after the other, row by row.
            centres: x, y of each token's own cell, 0 to 1.
            shapes: height and width of each level.
        """
        b, t, _ = query.shape
        offsets = self.sampling_offsets(query).view(b, t, HEADS, LEVELS, POINTS, 2)
        weights = self.attention_weights(query).view(b, t, HEADS, LEVELS * POINTS)
        weights = weights.softmax(-1).transpose(1, 2).reshape(b * HEADS, 1, t, LEVELS * POINTS)
        values = self.value_proj(tokens).view(b, t, HEADS, WIDTH // HEADS)

        sampled = []
        levels = values.split([h * w for h, w in shapes], dim=1)
        for level, ((h, w), value) in enumerate(zip(shapes, levels, strict=True)):
            size = centres.new_tensor([w, h])
            places = centres[:, None, None] + offsets[:, :, :, level] / size  # (b, t, m, k, 2)
            sampled.append(
                F.grid_sample(
                    value.permute(0, 2, 3, 1).reshape(b * HEADS, -1, h, w).to(places.dtype),
                    (2 * places - 1).transpose(1, 2).flatten(0, 1),  # (b m, t, k, 2)
                    mode="bilinear",
                    padding_mode="zeros",
                    align_corners=False,
                )
            )
        seen = (torch.cat(sampled, dim=-1) * weights).sum(-1)  # (b m, d/m, t)
        return self.output_proj(seen.view(b, WIDTH, t).transpose(1, 2))


class Layer(nn.Module):
    """Deformable attention and a feed-forward net, each added and then normed."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn = DeformableAttention()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.linear1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.linear2 = nn.Linear(4 * WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)

    def forward(
        self,
        tokens: Float[Tensor, "b t d"],
        positions: Float[Tensor, "t d"],
        centres: Float[Tensor, "t 2"],
        shapes: list[Shape],
    ) -> Float[Tensor, "b t d"]:
        """Let every token look around; positions are for asking only, never part of an answer."""
        seen = self.self_attn(tokens + positions, tokens, centres, shapes)
        tokens = self.norm1(tokens + seen)
        return self.norm2(tokens + self.linear2(F.relu(self.linear1(tokens))))


class NormedConv(nn.Conv2d):
    """A convolution without bias and a group norm."""

    def __init__(self, size: int) -> None:
        super().__init__(WIDTH, WIDTH, size, padding=size // 2, bias=False)
        self.norm = nn.GroupNorm(GROUPS, WIDTH)

    def forward(self, x: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        """Convolve, then norm."""
        return self.norm(super().forward(x))


class PixelDecoder(nn.Module):
    """From the backbone's features to maps of one width that know of each other."""

    def __init__(self) -> None:
        super().__init__()
        self.input_proj = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, WIDTH, 1), nn.GroupNorm(GROUPS, WIDTH))
            for width in (2048, 1024, 512)
        )
        self.level_embed = nn.Parameter(torch.randn(LEVELS, WIDTH))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.lateral = NormedConv(1)
        self.output = NormedConv(3)
        self.mask_features = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, features: list[Float[Tensor, "b _ _ _"]]) -> list[Float[Tensor, "b 256 _ _"]]:
        """Maps at 1/32 (P1), 1/16 (P2), 1/8 (P3) and 1/4 (P4) of the image, of 256 channels.

        Args:
            features: res2 to res5.
        """
        res2, *coarser = features
        maps = [project(x) for project, x in zip(self.input_proj, reversed(coarser), strict=True)]
        shapes: list[Shape] = [(m.shape[2], m.shape[3]) for m in maps]
        tokens = torch.cat([m.flatten(2).transpose(1, 2) for m in maps], dim=1)
        positions = torch.cat(
            [
                sine_positions(shape, tokens) + level
                for shape, level in zip(shapes, self.level_embed, strict=True)
            ]
        )
        centres = torch.cat([cell_centres(shape, tokens) for shape in shapes])
        for layer in self.layers:
            tokens = layer(tokens, positions, centres, shapes)
        levels = tokens.split([h * w for h, w in shapes], dim=1)
        maps = [
            level.transpose(1, 2).unflatten(2, shape)
            for level, shape in zip(levels, shapes, strict=True)
        ]
        enlarged = F.interpolate(maps[-1], res2.shape[2:], mode="bilinear", align_corners=False)
        fine = self.mask_features(F.relu(self.output(self.lateral(res2) + enlarged)))
        return [*maps, fine]


def sine_positions(shape: Shape, like: Tensor) -> Float[Tensor, "hw 256"]:
    """Sines and cosines of row, then of column, each counted from 1 as a part of a full turn.

    In float32 whatever the tokens are in: in bfloat16 neighbours would have the same place.
    """
    half = WIDTH // 2
    k = torch.arange(half, dtype=torch.float32, device=like.device)
    wavelength = 10_000 ** (2 * (k // 2) / half)
    axes = []
    for n in shape:
        place = torch.arange(1, n + 1, dtype=torch.float32, device=like.device)
        angle = (2 * math.pi * place / (n + 1e-6))[:, None] / wavelength  # (n, d/2)
        axes.append(torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], 2).flatten(1))
    rows, columns = axes
    h, w = shape
    return torch.cat(
        [rows[:, None].expand(h, w, half), columns[None].expand(h, w, half)], dim=2
    ).flatten(0, 1)


def cell_centres(shape: Shape, like: Tensor) -> Float[Tensor, "hw 2"]:
    """x, y of the centres of cells, row by row, 0 to 1, in float32 likewise."""
    y, x = ((torch.arange(n, dtype=torch.float32, device=like.device) + 0.5) / n for n in shape)
    h, w = shape
    return torch.stack([x[None].expand(h, w), y[:, None].expand(h, w)], dim=2).flatten(0, 1)
