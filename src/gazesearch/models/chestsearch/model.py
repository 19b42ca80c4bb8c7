"""ChestSearch: where a radiologist looks next in search of a finding (GazeSearch, WACV 2025).

The network is HAT's (Yang et al., "Unifying top-down and bottom-up scanpath prediction using
transformers", CVPR 2024) with the 13 findings for targets: what was looked at is remembered
sharply, all else dimly, and a query for each finding reads that memory. There is no dropout:
training and evaluation compute the same. `variants` names all in which the published network and
the clean one differ.

Axes: i images, b searches (an image, a finding and the fixations so far), t past fixations,
s tokens of memory, d width (384), h w cells of the fine map (56 x 56 for 224 px), c cells of the
coarse one (49).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from gazesearch.errors import BadSetting
from gazesearch.findings import FINDINGS
from gazesearch.models.chestsearch.backbone import ResNet50
from gazesearch.models.chestsearch.inputs import SIDE, normalised, squeezed
from gazesearch.models.chestsearch.pixel_decoder import PixelDecoder
from gazesearch.models.chestsearch.variants import CLEAN, Variant
from gazesearch.models.network import Output
from gazesearch.models.shapes import Bool, Float, Int

WIDTH: Final = 384
HEADS: Final = 4
HIDDEN: Final = 512
MEMORY_LAYERS: Final = 3
QUERY_LAYERS: Final = 6
STRIDE: Final = 32  # px along a side of a coarse cell
COARSENESS: Final = 8  # cells of the fine map along a side of a coarse cell


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """What is seen of images, once for all findings and fixations.

    Attributes:
        dim: the image as seen from the corner of the eye, with positions, (i, c, d).
        sharp: the image in full, with positions, (i, h*w, d).
        shape: h, w.
    """

    dim: Float[Tensor, "i c d"]
    sharp: Float[Tensor, "i hw d"]
    shape: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Memory:
    """What is known of an image at a step of a search.

    Attributes:
        tokens: dim ones, then one for each fixation, (b, s, d).
        kinds: what each is, added where tokens are compared but not where they are read, (b, s, d).
        absent: True for padding, (b, s); None where there is none.
    """

    tokens: Float[Tensor, "b s d"]
    kinds: Float[Tensor, "b s d"]
    absent: Bool[Tensor, "b s"] | None

    def __getitem__(self, rows: Int[Tensor, " n"]) -> Memory:
        """The memories of some searches."""
        return Memory(
            tokens=self.tokens[rows],
            kinds=self.kinds[rows],
            absent=None if self.absent is None else self.absent[rows],
        )


class Attention(nn.Module):
    """Multi-head attention; the three projections stand in one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * WIDTH, WIDTH))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * WIDTH))
        self.out_proj = nn.Linear(WIDTH, WIDTH)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(
        self,
        query: Float[Tensor, "b q d"],
        key: Float[Tensor, "b s d"],
        value: Float[Tensor, "b s d"],
        absent: Bool[Tensor, "b s"] | None,
    ) -> Float[Tensor, "b q d"]:
        """Every query's mean of the values, weighted by how well their keys fit."""
        weights = self.in_proj_weight.chunk(3)
        biases = self.in_proj_bias.chunk(3)
        q, k, v = (
            F.linear(x, weight, bias).unflatten(2, (HEADS, -1)).transpose(1, 2)
            for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
        )
        mask = None if absent is None else ~absent[:, None, None]
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # (b, m, q, d/m)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def single(
        self,
        query: Float[Tensor, "b d"],
        key: Float[Tensor, "b s d"],
        value: Float[Tensor, "b s d"],
        absent: Bool[Tensor, "b s"] | None,
    ) -> Float[Tensor, "b d"]:
        """The same for one query a row, with less work: keys and values are not projected.

        q.(Wk) is (W'q).k, and W(sum of a v) is the sum of a(Wv): to project the query back and the
        mean forth is 1/s of the work. The bias of the keys adds the same to every score and falls
        out of the softmax.
        """
        to_q, to_k, to_v = (w.unflatten(0, (HEADS, -1)) for w in self.in_proj_weight.chunk(3))
        bias_q, _, bias_v = (bias.unflatten(0, (HEADS, -1)) for bias in self.in_proj_bias.chunk(3))
        q = query @ to_q.transpose(1, 2) + bias_q[:, None]  # (m, b, d/m)
        asked = (q @ to_k).transpose(0, 1) / math.sqrt(WIDTH // HEADS)  # (b, m, d)
        scores = asked @ key.transpose(1, 2)  # (b, m, s)
        if absent is not None:
            scores = scores.masked_fill(absent[:, None], -math.inf)
        read = (scores.softmax(-1) @ value).transpose(0, 1)  # (m, b, d)
        mixed = read @ to_v.transpose(1, 2) + bias_v[:, None]  # (m, b, d/m)
        return self.out_proj(mixed.transpose(0, 1).flatten(1))


class FeedForward(nn.Module):
    """Two linear maps, added to the input, then normed."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(WIDTH, HIDDEN)
        self.linear2 = nn.Linear(HIDDEN, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """Each token by itself."""
        return self.norm(x + self.linear2(F.relu(self.linear1(x))))


class MemoryLayer(nn.Module):
    """What was seen sharply and dimly is related to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.norm = nn.LayerNorm(WIDTH)
        self.feed_forward = FeedForward()

    def forward(self, memory: Memory) -> Memory:
        """Self-attention among the tokens of each search."""
        x, kinds, absent = memory.tokens, memory.kinds, memory.absent
        x = self.norm(x + self.attention(x + kinds, x + kinds, x, absent))
        return Memory(tokens=self.feed_forward(x), kinds=kinds, absent=absent)


class QueryLayer(nn.Module):
    """A search reads its memory."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.norm = nn.LayerNorm(WIDTH)
        self.feed_forward = FeedForward()

    def forward(
        self, query: Float[Tensor, "b d"], keys: Float[Tensor, "b s d"], memory: Memory
    ) -> Float[Tensor, "b d"]:
        """Cross-attention of the query to its memory; keys are tokens and kinds."""
        seen = self.attention.single(query, keys, memory.tokens, memory.absent)
        return self.feed_forward(self.norm(query + seen))


class Head(nn.Sequential):
    """Three linear maps, ReLU between them."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(
            nn.Linear(inside, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, outside),
        )


class ChestSearch(nn.Module):
    """Where a radiologist looks next, for how long, and whether at all.

    Images are (i, 3, H, W), normalised; sides are multiples of 32. Fixations are fed as the numbers
    of the cells that they fall in, row * w + column (`inputs.cells_of`).

    Attributes:
        tasks: the 13 findings, by their published ids.
        map_shape: cells of the map of an image of 224 x 224 px.
        variant: "clean" or "wacv2025", with all that sets them apart.
        source: name and digest of each file that the weights came from.
    """

    tasks: tuple[str, ...] = FINDINGS
    map_shape: tuple[int, int] = (SIDE // 4, SIDE // 4)

    def __init__(self, *, variant: Variant = CLEAN) -> None:
        super().__init__()
        self.variant = variant
        self.max_history = variant.max_history
        self.source: Mapping[str, str] = {}
        self.backbone = ResNet50()
        self.pixel_decoder = PixelDecoder()
        self.widen = nn.Conv2d(256, WIDTH, 1)
        self.dim_kind = nn.Parameter(torch.randn(2 if variant.unused_kind else 1, WIDTH))
        self.sharp_kind = nn.Parameter(torch.randn(1, WIDTH))
        self.order = nn.Parameter(torch.randn(variant.max_history, WIDTH))
        self.memory_layers = nn.ModuleList(MemoryLayer() for _ in range(MEMORY_LAYERS))
        self.finding_queries = nn.Parameter(torch.randn(len(FINDINGS), WIDTH))
        self.query_layers = nn.ModuleList(QueryLayer() for _ in range(QUERY_LAYERS))
        self.map_head = Head(WIDTH, WIDTH)
        self.stop_head = Head(WIDTH + 1, 1)
        self.duration_head = Head(WIDTH + 1, 2) if variant.durations else None

    def prepared(self, image: NDArray[Any], *, where: str) -> Float[Tensor, "3 224 224"]:
        """The network's input of an image of any size, uint8, grey or RGB."""
        return normalised([squeezed(image, where=where)])[0]

    def encode(self, image: Float[Tensor, "i 3 H W"]) -> Features:
        """Features of images: once for each, whatever findings and steps follow.

        Raises:
            BadSetting: a side is no multiple of 32.
        """
        return self.encode_seen(self.see(image))

    def see(self, image: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """What the backbone sees of images, at 1/4, 1/8, 1/16 and 1/32 of their resolution.

        Raises:
            BadSetting: a side is no multiple of 32.
        """
        if any(side % STRIDE for side in image.shape[2:]):
            raise BadSetting(
                f"images of {tuple(image.shape[2:])}: sides must be multiples of 32 px"
            )
        levels: list[Tensor] = self.backbone(image)
        return levels

    def encode_seen(self, levels: list[Tensor]) -> Features:
        """Features of images from what the backbone saw of them."""
        coarse, _, _, fine = self.pixel_decoder(levels)
        dim, sharp = (
            self.widen(level).flatten(2).transpose(1, 2).to(self.finding_queries.dtype)
            for level in (coarse, fine)
        )
        shape = (fine.shape[2], fine.shape[3])
        table = position_table(shape, like=dim)  # (h, w, d)
        middle = COARSENESS // 2
        dim_table = table[middle::COARSENESS, middle::COARSENESS]
        return Features(
            dim=dim + dim_table.flatten(0, 1), sharp=sharp + table.flatten(0, 1), shape=shape
        )

    def forward(
        self,
        features: Features,
        image: Int[Tensor, " b"],
        finding: Int[Tensor, " b"],
        cells: Int[Tensor, "b t"],
        lengths: Int[Tensor, " b"] | None = None,
    ) -> Output:
        """The fixation after those in `cells`, in searches for `finding`.

        Args:
            features: of the images, `encode`.
            image: which of the images each search looks at.
            finding: published id of what is searched for.
            cells: of the fixations so far, the first one first; t may be 0.
            lengths: how many fixations of each row count; None for all.
        """
        memory = self.remember(features, image, cells, lengths)
        query = self.read(memory, finding)
        n = cells.shape[1] if lengths is None else lengths
        return self.answer(features, image, query, n)

    def remember(
        self,
        features: Features,
        image: Int[Tensor, " b"],
        cells: Int[Tensor, "b t"],
        lengths: Int[Tensor, " b"] | None = None,
    ) -> Memory:
        """Memory of each search; the same for all findings."""
        b, t = cells.shape
        dim = features.dim[image]  # (b, c, d)
        sharp = features.sharp[image[:, None], cells]  # (b, t, d)
        if self.variant.top_left_without_position:
            top_left = position_table((1, 1), like=sharp)[0, 0]
            sharp = sharp - (cells == 0)[:, :, None] * top_left
        kinds = torch.cat(
            [
                self.dim_kind[:1].expand(dim.shape[1], -1),
                self.sharp_kind + self.order[:t],
            ]
        )  # (s, d)
        absent = None
        if lengths is not None:
            counted = torch.arange(t, device=lengths.device) < lengths[:, None]
            absent = F.pad(~counted, (dim.shape[1], 0), value=False)  # (b, s)
        memory = Memory(
            tokens=torch.cat([dim, sharp], dim=1), kinds=kinds.expand(b, -1, -1), absent=absent
        )
        for layer in self.memory_layers:
            memory = layer(memory)
        return memory

    def read(self, memory: Memory, finding: Int[Tensor, " b"]) -> Float[Tensor, "b d"]:
        """What each search still wants, after its query has read its memory."""
        query = self.finding_queries[finding]
        keys = memory.tokens + memory.kinds
        for layer in self.query_layers:
            query = layer(query, keys, memory)
        return query

    def answer(
        self,
        features: Features,
        image: Int[Tensor, " b"],
        query: Float[Tensor, "b d"],
        n: int | Int[Tensor, " b"],
    ) -> Output:
        """Where the next fixation falls, how long it lasts, and whether there is one after n."""
        # Rounded to bfloat16, logits of neighbouring cells would be equal by the dozen.
        with torch.autocast(query.device.type, enabled=False):
            wanted = self.map_head(query)
            maps = wanted.new_empty(len(wanted), features.sharp.shape[1])
            for number in image.unique().tolist():  # an image's features are not copied per search
                rows = image == number
                maps[rows] = wanted[rows] @ features.sharp[number].T
            count = torch.as_tensor(n, dtype=query.dtype, device=query.device).expand(len(query))
            counted = torch.cat([query, count[:, None] / self.variant.count_unit], dim=1)
            return Output(
                map_logits=maps.unflatten(1, features.shape),
                stop_logits=self.stop_head(counted).squeeze(1),
                duration=None if self.duration_head is None else self.duration_head(counted),
            )

    def log_mass(self, map_logits: Float[Tensor, "b h w"]) -> Float[Tensor, "b h w"]:
        """Log of the probability that the next fixation falls in a cell."""
        logits = map_logits.flatten(1)
        if self.variant.independent_cells:  # made a distribution by their sum
            logits = F.logsigmoid(logits)
        return logits.log_softmax(1).view_as(map_logits)


def position_table(shape: tuple[int, int], *, like: Tensor) -> Float[Tensor, "h w d"]:
    """Sines and cosines of a cell's column, then of its row, counted from 0."""
    h, w = shape
    columns, rows = (position_of(n, like=like) for n in (w, h))
    half = WIDTH // 2
    return torch.cat([columns[None].expand(h, w, half), rows[:, None].expand(h, w, half)], dim=2)


def position_of(n: int, *, like: Tensor) -> Float[Tensor, "n half"]:
    """Sines (even) and cosines (odd) of 0 to n - 1, in wavelengths from 2 pi to 20,000 pi."""
    half = WIDTH // 2
    k = torch.arange(0, half, 2, dtype=torch.float32)
    angle = torch.arange(n, dtype=torch.float32)[:, None] * torch.exp(-k * math.log(10_000) / half)
    table = torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
    return table.to(dtype=like.dtype, device=like.device)
