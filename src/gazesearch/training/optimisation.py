"""What moves the weights: groups with rates of their own, the rate over time, their average."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gazesearch.errors import BadSetting
from gazesearch.training.settings import Optimiser, Schedule

BACKBONE = "backbone."


def rates_of(
    network: nn.Module, settings: Optimiser, *, trained_backbone: bool
) -> dict[str, float]:
    """What the rate is multiplied by for each parameter, by name; 0 for what is frozen.

    Raises:
        BadSetting: a beginning of `rates` is that of no parameter, or nothing is left to train.
    """
    names = [name for name, _ in network.named_parameters()]
    for start in settings.rates:
        if not any(name.startswith(start) for name in names):
            tops = ", ".join(dict.fromkeys(name.split(".")[0] for name in names))
            raise BadSetting(f"rates: no parameter begins with {start!r}: they begin with {tops}")
    rates = {}
    for name in names:
        # The longest beginning decides: a part may be frozen within a part that is slow.
        fitting = [start for start in settings.rates if name.startswith(start)]
        rate = settings.rates[max(fitting, key=len)] if fitting else 1.0
        if name.startswith(BACKBONE):
            rate *= _layer_rate(network, name, settings.layer_decay) if trained_backbone else 0.0
        rates[name] = rate
    if not any(rates.values()):
        raise BadSetting("rates: every parameter is frozen: nothing is left to train")
    return rates


def _layer_rate(network: Any, name: str, decay: float) -> float:
    layers = list(dict.fromkeys(_layer(n) for n, _ in network.backbone.named_parameters()))
    layer = _layer(name.removeprefix(BACKBONE))
    return float(decay ** (len(layers) - 1 - layers.index(layer)))


def _layer(name: str) -> str:
    """The layer of a parameter: up to the first number in its name, if one stands in it.

    Those of `network.encoder.layer.3` are one layer, and so are those of `stem`.
    """
    parts = name.split(".")
    numbered = next((n + 1 for n, part in enumerate(parts) if part.isdigit()), None)
    if numbered is None:
        numbered = 2 if parts[0] == "network" else 1
    return ".".join(parts[:numbered])


def optimiser_of(
    network: nn.Module, settings: Optimiser, rates: dict[str, float]
) -> torch.optim.AdamW:
    """AdamW over what is trained; what is frozen gets no gradients from here on.

    Each group's `share` is what the schedule's rate is multiplied by.
    """
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(rates[name] > 0)
        if rates[name] > 0:
            groups.setdefault((rates[name], parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": some, "share": share, "weight_decay": settings.weight_decay * decays}
            for (share, decays), some in groups.items()
        ],
        lr=settings.rate,
        betas=settings.betas,
    )


def rate_at(step: int, steps: int, rate: float, schedule: Schedule) -> float:
    """Learning rate of a step, of so many.

    >>> [round(rate_at(n, 10, 1.0, Schedule(warm_up=0.2)), 2) for n in range(10)]
    [0.5, 1.0, 1.0, 0.96, 0.85, 0.69, 0.5, 0.31, 0.15, 0.04]
    """
    rising = round(schedule.warm_up * steps)
    if step < rising:
        return rate * (step + 1) / rising
    if schedule.rate == "constant":
        return rate
    return rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


class Average:
    """A running average of what is trained; validated and kept in place of the weights themselves.

    Early on it forgets faster, so that the first weights, which are random, leave no trace.
    """

    def __init__(self, network: nn.Module, *, share: float) -> None:
        """Start with the weights as they are.

        Args:
            network: what is trained.
            share: share of the old average that each step leaves; 0 follows the weights.
        """
        self._network, self._share = network, share
        self.steps = 0
        self.tensors = {name: p.detach().clone() for name, p in _trained(network)}

    def update(self) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        kept = min(self._share, self.steps / (self.steps + 9))
        for name, parameter in _trained(self._network):
            self.tensors[name].lerp_(parameter.detach(), 1 - kept)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network has the averaged weights inside the block, and its own again after it."""
        own = {name: p.detach().clone() for name, p in _trained(self._network)}
        self._put(self.tensors)
        try:
            yield
        finally:
            self._put(own)

    def _put(self, tensors: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in _trained(self._network):
                parameter.copy_(tensors[name])


def _trained(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, p) for name, p in network.named_parameters() if p.requires_grad]
