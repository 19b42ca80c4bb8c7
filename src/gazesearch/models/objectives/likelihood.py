"""The likelihood of what people did: the objective for new models.

A path's probability is a product over its steps: it went on, to this cell, for so long; at last it
stopped. Each term is minus the mean log of one kind of factor, in nats (divide by log 2 for bits).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gazesearch.models.network import Output
from gazesearch.models.objectives.losses import Counts, Losses, Weights
from gazesearch.models.objectives.searches import Searches
from gazesearch.models.shapes import Float

_HALF_LOG_TAU: Final = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True, kw_only=True)
class LikelihoodObjective:
    """Minus the mean log probability of places, of stopping or going on, and of durations.

    Attributes:
        weights: of the terms.
    """

    name: ClassVar[str] = "likelihood"

    weights: Weights = field(default_factory=Weights)

    def __call__(
        self, output: Output, log_mass: Float[Tensor, "b h w"], searches: Searches
    ) -> Losses:
        """Means over the searches that a place is asked of, that decided, that have durations."""
        place = place_nats(log_mass, searches)
        stop = stop_nats(output.stop_logits, searches)
        duration = duration_nats(output, searches)
        return Losses(
            map=place.sum() / max(len(place), 1),
            stop=stop.sum() / max(len(stop), 1),
            duration=duration.sum() / max(len(duration), 1),
            counts=Counts(map=len(place), stop=len(stop), duration=len(duration)),
            weights=self.weights,
        )


def place_nats(log_mass: Float[Tensor, "b h w"], searches: Searches) -> Float[Tensor, " n"]:
    """Minus the log mass of the cell that was looked at next, in searches that ask for a place."""
    asked = searches.placed
    chosen = at_least_float32(log_mass)[asked].flatten(1)
    return -chosen.gather(1, searches.target[asked][:, None]).squeeze(1)


def stop_nats(stop_logits: Float[Tensor, " b"], searches: Searches) -> Float[Tensor, " n"]:
    """Minus the log probability of the decision, stop or go on, after each first or later fixation.

    The logits' sigmoid is the hazard: the probability that a path which has come so far ends here.
    """
    decided = searches.decided
    logits = at_least_float32(stop_logits)[decided]
    ended = searches.ended[decided].to(logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, ended, reduction="none")


def duration_nats(output: Output, searches: Searches) -> Float[Tensor, " n"]:
    """Minus the log density of the log seconds of fixations whose duration is known.

    A normal of log seconds is a log-normal of seconds; the density of seconds themselves is lower
    by a factor that no network changes. Empty without a duration head.
    """
    if output.duration is None:
        return at_least_float32(output.stop_logits)[:0]
    timed = searches.timed
    mean, log_spread = at_least_float32(output.duration)[timed].unbind(1)
    off = (searches.log_seconds[timed].to(mean.dtype) - mean) * (-log_spread).exp()
    return _HALF_LOG_TAU + log_spread + 0.5 * off.square()


def at_least_float32(x: Tensor) -> Tensor:
    """float32 for what is in fewer bits: sums of logs need them."""
    return x if x.dtype == torch.float64 else x.float()
