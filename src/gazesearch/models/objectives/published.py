"""The published objective ("wacv2025"): a focal loss of the map, a weighted one of stopping.

The focal loss is CornerNet's (Law and Deng, ECCV 2018), as HAT's training (Yang et al., CVPR 2024)
calls it; where targets lie and what is weighted is what the code of ChestSearch does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gazesearch.errors import BadSetting, DataError
from gazesearch.models.network import Output
from gazesearch.models.objectives.likelihood import at_least_float32
from gazesearch.models.objectives.losses import Counts, Losses, Weights
from gazesearch.models.objectives.searches import Searches
from gazesearch.models.objectives.targets import SIGMA, Frame
from gazesearch.models.shapes import Float

STOP_WEIGHT: Final = 23_116 / 3_870 - 1
"""Samples that go on for each that stops, in the released train split under the published rules."""

_LEAST: Final = 1e-8  # is added to probabilities before their log is taken


@dataclass(frozen=True, kw_only=True)
class PublishedObjective:
    """Focal loss of the map enlarged to 224 px, and cross entropy of stopping.

    Attributes:
        easy: how fast pixels lose weight as they are got right: the exponent a of (1-p)^a and p^a.
        near: how fast pixels lose weight towards the target: the exponent b of (1-g)^b.
        sigma: spread of the target's Gaussian, px in the frame of 224.
        stop_weight: what a decision to stop counts for beside one to go on; the published value is
            that of the released train split, `stop_weight_of` computes it for another.
        clean: whether the target's peak stays at the pixel that was looked at, also near an edge;
            as published, the Gaussian is reflected there, and its peak moves.
        weights: of the terms; there is none of durations.

    Raises:
        BadSetting: a number is not above 0.
    """

    name: ClassVar[str] = "wacv2025"

    easy: float = 1.0
    near: float = 4.0
    sigma: float = SIGMA
    stop_weight: float = STOP_WEIGHT
    clean: bool = False
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        for setting in ("easy", "near", "sigma", "stop_weight"):
            value = getattr(self, setting)
            if not 0 < value < math.inf:
                raise BadSetting(f"objective {self.name}: {setting}={value}: must be above 0")

    def __call__(
        self, output: Output, log_mass: Float[Tensor, "b h w"], searches: Searches
    ) -> Losses:
        """Means over the searches that a place is asked of, and over those that decided.

        `log_mass` is not read: every cell of the map has a sigmoid of its own.
        """
        places = self.map_losses(output.map_logits, searches)
        stops = self.stop_losses(output.stop_logits, searches)
        return Losses(
            map=places.sum() / max(len(places), 1),
            stop=stops.sum() / max(len(stops), 1),
            duration=stops.new_zeros(()),
            counts=Counts(map=len(places), stop=len(stops), duration=0),
            weights=self.weights,
        )

    def map_losses(
        self, map_logits: Float[Tensor, "b h w"], searches: Searches
    ) -> Float[Tensor, " n"]:
        """Focal loss of each search that a place is asked of.

        All pixels of a cell have its probability, so that their weights are added up first: the
        sum over 224 x 224 px is one over cells. 1 - p is the sigmoid of minus the logit, which
        keeps its digits where p is next to 1.
        """
        asked = searches.placed
        logits = at_least_float32(map_logits)[asked]
        frame = Frame.of((logits.shape[1], logits.shape[2]))
        rows, columns = frame.pixels_of(searches.target_xy[asked])
        down, across = frame.axes(sigma=self.sigma, reflected=not self.clean)
        like = {"dtype": logits.dtype, "device": logits.device}
        height = (
            down.height.to(**like)[rows, :, None] * across.height.to(**like)[columns, None]
        )  # (n, H, W)
        side = frame.enlarged
        away = (1 - height).pow(self.near)  # 0 at the peak
        away = away.unflatten(2, (-1, side)).sum(3).unflatten(1, (-1, side)).sum(2)  # (n, h, w)

        missed = _log_with_floor(-logits) * logits.sigmoid().pow(self.easy) * away
        row = down.peak.to(logits.device)[rows] // side
        column = across.peak.to(logits.device)[columns] // side
        peak = logits[torch.arange(len(logits), device=logits.device), row, column]
        hit = _log_with_floor(peak) * (-peak).sigmoid().pow(self.easy)
        return -(hit + missed.sum((1, 2)))

    def stop_losses(
        self, stop_logits: Float[Tensor, " b"], searches: Searches
    ) -> Float[Tensor, " n"]:
        """Weighted cross entropy of each search that decided."""
        decided = searches.decided
        logits = at_least_float32(stop_logits)[decided]
        ended = searches.ended[decided].to(logits.dtype)
        return F.binary_cross_entropy_with_logits(
            logits, ended, pos_weight=logits.new_tensor(self.stop_weight), reduction="none"
        )


def stop_weight_of(searches: int, ends: int) -> float:
    """What stopping must weigh so that in all it weighs as much as going on.

    Args:
        searches: number of questions, one for each prefix of each path.
        ends: how many of them are of whole paths.

    Raises:
        DataError: none is.
    """
    if ends < 1:
        raise DataError(f"of {searches} searches no path ends: stopping cannot be learnt from them")
    return searches / ends - 1


def _log_with_floor(logits: Tensor) -> Tensor:
    return (logits.sigmoid() + _LEAST).log()
