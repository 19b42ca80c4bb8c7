"""What moves the weights: frozen parts, rates of their own, and the average."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gazesearch.errors import BadSetting
from gazesearch.training.optimisation import Average, optimiser_of, rates_of
from gazesearch.training.settings import Optimiser


def test_parts_are_frozen_slowed_down_or_left_alone(small: Any) -> None:
    network = small.Small()
    settings = Optimiser(rate=0.1, weight_decay=0.3, rates={"last": 0.5, "last.bias": 0, "end": 2})
    rates = rates_of(network, settings, trained_backbone=False)
    assert rates["backbone.weight"] == rates["last.bias"] == 0
    assert (rates["last.weight"], rates["end.bias"], rates["narrow.weight"]) == (0.5, 2, 1)
    optimiser = optimiser_of(network, settings, rates)
    assert not network.backbone.weight.requires_grad
    assert not network.last.bias.requires_grad
    decays = {
        id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]
    }
    assert decays[id(network.last.weight)] == 0.3
    assert decays[id(network.end.bias)] == 0  # vectors are not pulled to zero


def test_lower_layers_of_a_trained_backbone_learn_more_slowly(small: Any) -> None:
    network = small.Small()
    network.backbone = torch.nn.ModuleDict(
        {name: torch.nn.Linear(2, 2) for name in ("stem", "middle", "top")}
    )
    rates = rates_of(
        network, Optimiser(layer_decay=0.5, rates={"backbone": 0.1}), trained_backbone=True
    )
    found = [rates[f"backbone.{name}.weight"] for name in ("stem", "middle", "top")]
    assert found == pytest.approx([0.025, 0.05, 0.1])


def test_numbered_layers_inside_a_part_have_rates_of_their_own(small: Any) -> None:
    network = small.Small()
    blocks = torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(2))
    inner = torch.nn.ModuleDict({"embed": torch.nn.Linear(2, 2), "encoder": blocks})
    network.backbone = torch.nn.ModuleDict({"network": inner})
    rates = rates_of(network, Optimiser(layer_decay=0.5), trained_backbone=True)
    parts = ("embed", "encoder.0", "encoder.1")
    found = [rates[f"backbone.network.{part}.bias"] for part in parts]
    assert found == pytest.approx([0.25, 0.5, 1])


def test_a_beginning_that_names_nothing_is_refused(small: Any) -> None:
    with pytest.raises(BadSetting, match="no parameter begins with 'head': they begin with backb"):
        rates_of(small.Small(), Optimiser(rates={"head": 0.1}), trained_backbone=True)
    nothing = Optimiser(rates={"": 0})
    with pytest.raises(BadSetting, match="nothing is left to train"):
        rates_of(small.Small(), nothing, trained_backbone=True)


def test_the_average_lies_between_and_leaves_the_weights_alone(small: Any) -> None:
    network = small.Small()
    average = Average(network, share=0.9)
    start = network.end.bias.detach().clone()
    with torch.no_grad():
        network.end.bias += 1
    average.update()
    with average.in_place():
        inside = network.end.bias.detach().clone()
    assert torch.allclose(inside, start + 0.9)  # after one step of ten: mostly the new weights
    assert torch.allclose(network.end.bias, start + 1)
    for _ in range(200):
        average.update()
    assert torch.allclose(average.tensors["end.bias"], network.end.bias)
