"""How well a network foresees valid, from the searches that training is made of.

Equal to what `evaluation.likelihood.score_fixations` finds, without tables, intervals or priors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from gazesearch.models.objectives import Objective, Searches
from gazesearch.training.gradients import Sight
from gazesearch.training.steps import Steps, some_of

_HISTORIES = 256  # that are fed together


@dataclass(frozen=True, kw_only=True)
class Valid:
    """Scores of a network on valid.

    Attributes:
        bits: over uniform, mean of all fixations but the first of each path.
        first_bits: of the first ones; NaN where they are given.
        stop_bits: mean log2 probability of the decisions to stop or go on.
        duration_nats: minus the mean log density of log seconds; NaN without durations.
        loss: of the objective; its terms are means over all of valid.
    """

    bits: float
    first_bits: float
    stop_bits: float
    duration_nats: float
    loss: float

    def better_than(self, other: Valid | None, select: str) -> bool:
        """Whether it is better by one of its measures, `bits` or `loss`."""
        if other is None:
            return True
        own, best = (-v.loss if select == "loss" else v.bits for v in (self, other))
        return own > best or (math.isnan(best) and not math.isnan(own))


def validate(
    network: Any,
    objective: Objective,
    steps: Steps,
    sight: Sight,
    *,
    images_at_once: int,
    histories: int = _HISTORIES,
) -> Valid:
    """Score a network, as it is used: without dropout, maps normalised in float64."""
    training = network.training
    network.eval()
    sums = _Sums()
    try:
        with torch.no_grad():
            for start in range(0, len(steps.images), images_at_once):
                stop = min(start + images_at_once, len(steps.images))
                sums.take_images(network, objective, steps, sight, start, stop, histories)
    finally:
        network.train(training)
    return sums.valid()


class _Sums:
    """Sums and counts over batches."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def take_images(
        self,
        network: Any,
        objective: Objective,
        steps: Steps,
        sight: Sight,
        start: int,
        stop: int,
        histories: int,
    ) -> None:
        """All searches in some images, so many at a time."""
        device = next(network.parameters()).device
        levels = sight.levels(steps.images[start:stop], np.zeros(stop - start, np.bool_))
        features = network.encode_seen([level.to(device) for level in levels])
        end = steps.offsets[stop]
        for first in range(steps.offsets[start], end, histories):
            part = some_of(steps.searches, slice(first, min(first + histories, end)))
            part = replace(part, image=part.image - start).to(device)
            output = network(features, part.image, part.finding, part.cells, part.lengths)
            log_mass = network.log_mass(output.map_logits.double())
            self.take(part, output, log_mass, objective(output, log_mass, part))

    def take(self, part: Searches, output: Any, log_mass: torch.Tensor, told: Any) -> None:
        """Add up what there is to know of some searches."""
        cells = log_mass[0].numel()
        placed = part.placed
        own = log_mass.flatten(1).gather(1, part.target.clamp(min=0)[:, None]).squeeze(1)
        bits = (own + math.log(cells)) / math.log(2)
        self._add("bits", bits[placed & (part.lengths > 0)])
        self._add("first", bits[placed & (part.lengths == 0)])
        sign = torch.where(part.ended, 1.0, -1.0).double()
        decided = F.logsigmoid(sign * output.stop_logits.double()) / math.log(2)
        self._add("stop", decided[part.decided])
        if output.duration is not None:
            mean, log_spread = output.duration.double().unbind(1)
            z = (part.log_seconds.double() - mean) * (-log_spread).exp()
            nats = 0.5 * math.log(2 * math.pi) + log_spread + 0.5 * z.square()
            self._add("duration", nats[part.timed])
        for name, weight in vars(told.weights).items():
            count = getattr(told.counts, name)
            self._sum(f"loss {name}", weight * float(getattr(told, name)) * count, count)

    def valid(self) -> Valid:
        """The means."""
        terms = [name for name in self._sums if name.startswith("loss ")]
        return Valid(
            bits=self._mean("bits"),
            first_bits=self._mean("first"),
            stop_bits=self._mean("stop"),
            duration_nats=self._mean("duration"),
            loss=sum(self._mean(name) for name in terms if self._counts[name]),
        )

    def _add(self, name: str, values: torch.Tensor) -> None:
        self._sum(name, float(values.sum()), len(values))

    def _sum(self, name: str, total: float, count: int) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + total
        self._counts[name] = self._counts.get(name, 0) + count

    def _mean(self, name: str) -> float:
        count = self._counts.get(name, 0)
        return self._sums[name] / count if count else math.nan
