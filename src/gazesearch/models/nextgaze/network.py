"""NextGaze: where a person looks next, for how long, and whether at all.

The image's features are turned once, for each task, into keys in every cell. A search makes a query
of what its last fixations fell on and of their number; keys times query, plus learned functions of
a cell's offset from the last fixations, pass a ReLU and a linear map, and a softmax over cells
gives the density. Log densities of the train fixations stand among the keys, so that a network
that sees nothing can do as well as they. Compare DeepGaze III (Kuemmerer et al., Journal of Vision
2022), whose readout of frozen features and history this shortens.

Axes: i images, p pairs of an image and a task, b searches, t past fixations, k of them recent,
c channels, h w cells.
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

from gazesearch.models.backbones.backbone import Backbone
from gazesearch.models.network import Output
from gazesearch.models.nextgaze.offsets import Offsets
from gazesearch.models.nextgaze.reading import logits_of
from gazesearch.models.nextgaze.settings import NextGazeSettings
from gazesearch.models.shapes import Float, Int

_PLACES: Final = 5  # 1, x, y and their squares
_WAVES: Final = 8  # of x and y, for the places of fixations
_PRIORS: Final = 3  # of first fixations, of later ones, of the task's later ones
_INNER: Final = 96
_LOOKED_AT: Final = 2  # last fixations that a query knows more of than how far away they are
_LAPSE: Final = -3.0  # log odds, at first
_ABOUT: Final = 16  # channels that say how many fixations there were, and what the task is

BY_TASK: Final = {"log_priors": 2, "film.weight": 0, "task.weight": 0}
"""Weights with a row a task, and how many rows stand before those."""


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each cell."""

    def forward(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i c h w"]:
        """Mean 0 and variance 1 in each cell, then a scale and a shift a channel."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """Look round in each channel, then mix channels; added to the input (as in ConvNeXt)."""

    def __init__(self, channels: int, *, dilation: int) -> None:
        super().__init__()
        self.around = nn.Conv2d(
            channels, channels, 3, padding=dilation, dilation=dilation, groups=channels
        )
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, 2 * channels)
        self.narrow = nn.Linear(2 * channels, channels)

    def forward(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i c h w"]:
        """Shapes stay."""
        by_cell = self.norm(self.around(x).permute(0, 2, 3, 1))
        return x + self.narrow(F.gelu(self.widen(by_cell))).permute(0, 3, 1, 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Panels:
    """Features of images, (i, c, h, w)."""

    panels: Float[Tensor, "i c h w"]


class NextGaze(nn.Module):
    """A network of the next fixation; a `SearchNetwork`.

    Attributes:
        settings: its sizes and parts.
        tasks, map_shape, max_history: of the settings.
        backbone: what sees images.
        log_priors: log densities of the train fixations: of first ones, of later ones, and of each
            task's later ones, (2 + tasks, h, w); uniform until `set_priors`.
        source: name and digest of each file that the weights came from.
    """

    log_priors: Tensor

    def __init__(self, settings: NextGazeSettings, backbone: Backbone) -> None:
        super().__init__()
        self.settings = settings
        self.tasks, self.map_shape = settings.tasks, settings.map_shape
        self.max_history = settings.max_history
        self.source: Mapping[str, str] = {}
        self.backbone = backbone.freeze() if settings.frozen else backbone
        c, keys, tasks = settings.panels, settings.keys, len(settings.tasks)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in backbone.channels)
        self.narrow = nn.ModuleList(nn.Linear(width, c) for width in backbone.channels)
        self.blocks = nn.ModuleList(
            Block(c, dilation=(1, 4, 2)[n % 3]) for n in range(settings.blocks)
        )
        self.panel_norm = ChannelNorm(c)
        self.film = nn.Embedding(tasks, 2 * c)
        self.to_keys = nn.Conv2d(c, keys, 1)
        about = settings.max_history + 1
        self.count = nn.Embedding(about, _ABOUT)
        self.task = nn.Embedding(tasks, _ABOUT)
        inside = 2 * _ABOUT + _LOOKED_AT * (keys + _PRIORS + _PLACES + _WAVES)
        width, hidden = keys + _PRIORS + _PLACES, settings.hidden + 1
        self.query = nn.Sequential(
            nn.Linear(inside, _INNER), nn.GELU(), nn.Linear(_INNER, width * hidden)
        )
        self.offsets = Offsets(settings.map_shape, recent=settings.recent, channels=hidden)
        read = torch.randn(hidden) / hidden
        self.read = nn.Parameter(read.index_fill(0, torch.tensor([0]), 1))
        self.lapse = nn.Parameter(torch.tensor(_LAPSE)) if settings.lapses else None
        self.end = nn.Sequential(nn.Linear(inside + keys, 64), nn.GELU(), nn.Linear(64, 3))
        self.dropout = nn.Dropout(settings.dropout)
        self.dropout_panels = nn.Dropout2d(settings.dropout)
        h, w = settings.map_shape
        self.register_buffer("log_priors", torch.zeros(2 + tasks, h, w))
        self.register_buffer("places", _places((h, w)), persistent=False)
        with torch.no_grad():  # at first the train density itself, the task's where it is later
            nn.init.normal_(self.film.weight, std=0.02)
            self.query[2].weight.mul_(0.3)
            start = self.query[2].bias.view(width, hidden)
            start[:, 0] = 0
            start[keys + 2, 0] = 1

    def set_priors(
        self,
        first: Float[Tensor, "h w"],
        later: Float[Tensor, "h w"],
        by_task: Float[Tensor, "n h w"],
    ) -> None:
        """Take the densities of train fixations: masses that sum to 1 over cells, none 0."""
        masses = torch.cat([first[None], later[None], by_task]).double()
        cells = masses.shape[1] * masses.shape[2]
        self.log_priors.copy_((masses * cells).log().to(self.log_priors.dtype))

    def prepared(self, image: NDArray[Any], *, where: str) -> Float[Tensor, "3 H W"]:
        """The network's input of an image of any size, uint8, grey or RGB."""
        return self.backbone.prepared(image, self.settings.input_shape, where=where)

    def see(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """What the backbone sees; levels finer than the map as means over its cells."""
        h, w = self.map_shape
        return [
            F.adaptive_avg_pool2d(level, (h, w))
            if level.shape[2] > h and level.shape[3] > w
            else level
            for level in self.backbone(inputs)
        ]

    def encode(self, inputs: Float[Tensor, "i 3 H W"]) -> Panels:
        """Features of images: once for each, whatever tasks and steps follow."""
        return self.encode_seen(self.see(inputs))

    def encode_seen(self, levels: list[Tensor]) -> Panels:
        """Features of images from what the backbone saw of them."""
        if not self.settings.sees_image:  # one image stands for all
            levels = [torch.zeros_like(level[:1]) for level in levels]
        total = self.narrow[0].bias.new_zeros(())
        for level, norm, narrow in zip(levels, self.norms, self.narrow, strict=True):
            by_cell = level.to(norm.weight.dtype).permute(0, 2, 3, 1)
            small = self.dropout_panels(narrow(norm(by_cell)).permute(0, 3, 1, 2))
            if small.shape[2:] != self.map_shape:
                small = F.interpolate(small, self.map_shape, mode="bilinear", align_corners=False)
            total = total + small
        x = F.gelu(total)
        for block in self.blocks:
            x = block(x)
        return Panels(panels=self.panel_norm(x))

    def forward(
        self,
        features: Panels,
        image: Int[Tensor, " b"],
        finding: Int[Tensor, " b"],
        cells: Int[Tensor, "b t"],
        lengths: Int[Tensor, " b"] | None = None,
    ) -> Output:
        """The fixation after those in `cells`, in searches for `finding`.

        Args:
            features: of the images, `encode`.
            image: which of the images each search looks at.
            finding: number of what is searched for.
            cells: of the fixations so far, the first one first; t may be 0.
            lengths: how many fixations of each row count; None for all.
        """
        b, t = cells.shape
        if not self.settings.sees_image:
            image = torch.zeros_like(image)
        if lengths is None:
            lengths = torch.full((b,), t, dtype=torch.int64, device=cells.device)
        pairs, pair = torch.unique(image * len(self.tasks) + finding, return_inverse=True)
        keys = self._keys(features.panels, pairs)  # (p, c, h, w)
        last, counts = self._recent(cells, lengths)  # (b, k), (b,)
        told = torch.cat(
            [
                self.count(lengths.clamp(max=self.max_history)),
                self.task(finding),
                self._looked_at(keys, pair, last, counts),
            ],
            dim=1,
        )
        query = self.query(self.dropout(told)).unflatten(1, (keys.shape[1], -1))  # (b, c, m)
        kind = self.read.dtype  # small differences of logits count, whatever is computed in
        with torch.autocast(query.device.type, enabled=False):
            logits = logits_of(
                keys.to(kind), query.to(kind), self.offsets(), self.read, pair, last, counts
            )
            if self.lapse is not None:
                logits = _with_lapses(logits, self.lapse)
        pooled = keys[:, : self.settings.keys].mean(dim=(2, 3))[pair]
        end = self.end(torch.cat([told, pooled], dim=1)).to(kind)
        return Output(
            map_logits=logits,
            stop_logits=end[:, 0],
            duration=end[:, 1:] if self.settings.durations else None,
        )

    def _keys(
        self, panels: Float[Tensor, "i c h w"], pairs: Int[Tensor, " p"]
    ) -> Float[Tensor, "p d h w"]:
        """What a search is compared with: features under the task, densities of train, places."""
        task, image = pairs % len(self.tasks), pairs // len(self.tasks)
        scale, shift = self.film(task)[:, :, None, None].chunk(2, dim=1)
        x = panels[image] * (1 + scale) + shift
        keys = self.dropout_panels(self.to_keys(F.gelu(x)))
        priors = torch.stack(
            [
                self.log_priors[0].expand(len(pairs), -1, -1),
                self.log_priors[1].expand(len(pairs), -1, -1),
                self.log_priors[2 + task],
            ],
            dim=1,
        )
        places = self.places[:_PLACES].expand(len(pairs), -1, -1, -1)
        return torch.cat([keys, priors, places], dim=1)

    def _looked_at(
        self,
        keys: Float[Tensor, "p d h w"],
        pair: Int[Tensor, " b"],
        last: Int[Tensor, "b k"],
        counts: Int[Tensor, " b"],
    ) -> Float[Tensor, "b e"]:
        """What the last fixations fell on, and where; zeros where there were fewer."""
        w = self.map_shape[1]
        found = []
        for k in range(_LOOKED_AT):
            if k < last.shape[1]:
                y, x = last[:, k] // w, last[:, k] % w
                waves = self.places[_PLACES:, y, x].T
                found.append(torch.cat([keys[pair, :, y, x], waves], dim=1))
                found[k] = found[k] * (counts > k)[:, None]
            else:
                found.append(keys.new_zeros(len(pair), keys.shape[1] + _WAVES))
        return torch.cat(found, dim=1)

    def _recent(
        self, cells: Int[Tensor, "b t"], lengths: Int[Tensor, " b"]
    ) -> tuple[Int[Tensor, "b k"], Int[Tensor, " b"]]:
        """Cells of the last fixations, the last one first, and how many there are."""
        k = min(self.settings.recent, cells.shape[1])
        if not self.settings.uses_history:
            return cells[:, :0], torch.zeros_like(lengths)
        place = lengths[:, None] - 1 - torch.arange(k, device=cells.device)
        return cells.gather(1, place.clamp(min=0)), lengths.clamp(max=k)

    def log_mass(self, map_logits: Float[Tensor, "b h w"]) -> Float[Tensor, "b h w"]:
        """Log of the probability that the next fixation falls in a cell."""
        return map_logits.flatten(1).log_softmax(1).view_as(map_logits)


def _with_lapses(
    logits: Float[Tensor, "b h w"], share: Float[Tensor, ""]
) -> Float[Tensor, "b h w"]:
    """Log mass where a share of looks (its log odds) falls anywhere, and the others as logits say.

    However sure the logits are, no cell is ever barred.
    """
    log_mass = logits.flatten(1).log_softmax(1).view_as(logits)
    anywhere = F.logsigmoid(share) - math.log(logits[0].numel())
    return torch.logaddexp(log_mass + F.logsigmoid(-share), anywhere)


def _places(map_shape: tuple[int, int]) -> Float[Tensor, "c h w"]:
    """1, and where a cell is: x, y from -1 to 1, their squares; then waves of both."""
    h, w = map_shape
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    angles = [math.pi * n * axis for n in (1, 2) for axis in (x, y)]
    waves = [wave for angle in angles for wave in (angle.sin(), angle.cos())]
    return torch.stack([torch.ones(h, w), x, y, x**2, y**2, *waves])
