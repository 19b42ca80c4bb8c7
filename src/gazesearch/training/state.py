"""The state of a run on disk: all that it needs to go on as if it had never stopped.

One safetensors file: tensors of the network, its average and the optimiser, and in its metadata
what is no tensor, as JSON. It is written whole or not at all, and read without running anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from gazesearch.errors import BadSetting, DataError, UnreadableFile, first_line
from gazesearch.files import readable, written_whole
from gazesearch.training.optimisation import Average
from gazesearch.training.recipe import recipe_of_json
from gazesearch.training.settings import Recipe

MAX_SIZE: Final = 2**36
_FORMAT: Final = "gazesearch-run-1"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Where a run stands.

    Attributes:
        step: optimiser steps that were made.
        order: of the sampler, its `state_dict`.
        best: measures of the best weights so far; empty before the first epoch's end.
        best_epoch: epoch at whose end they were found, from 1.
        since_best: epochs without better ones.
        seconds: of training so far.
        losses: sums of a step's losses over the steps of this epoch so far, and `steps`, how many.
    """

    step: int = 0
    order: Mapping[str, int] | None = None
    best: Mapping[str, float] | None = None
    best_epoch: int = 0
    since_best: int = 0
    seconds: float = 0.0
    losses: Mapping[str, float] = field(default_factory=dict)


def save(
    path: Path,
    *,
    recipe: Recipe,
    stand: Stand,
    network: nn.Module,
    average: Average,
    optimiser: torch.optim.Optimizer | None,
) -> None:
    """Write a state; without an optimiser it can be used but not gone on from."""
    tensors = {f"network.{name}": t for name, t in network.state_dict().items()}
    tensors |= {f"average.{name}": t for name, t in average.tensors.items()}
    if optimiser is not None:
        for name, values in _moments(network, optimiser).items():
            tensors |= {f"optimiser.{name}.{key}": value for key, value in values.items()}
    told = {
        "format": _FORMAT,
        "recipe": recipe.to_json(),
        "stand": json.dumps(asdict(stand)),
        "averaged": str(average.steps),
    }
    with written_whole(path) as temporary:
        try:
            plain = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
            save_file(plain, temporary, metadata=told)
        except SafetensorError as error:  # of a full disk
            raise UnreadableFile(f"{path}: cannot be written: {first_line(error)}") from error


def load(
    path: Path,
    *,
    recipe: Recipe,
    network: nn.Module,
    average: Average,
    optimiser: torch.optim.Optimizer,
) -> Stand:
    """Put a state back into a network, its average and its optimiser.

    Raises:
        BadSetting: it is of another recipe.
        DataError: it is no such file, or not of this network.
    """
    told, tensors = _read(path)
    try:
        own = recipe_of_json(told["recipe"], where=str(path))
        stand = Stand(**json.loads(told["stand"]))
        averaged = int(told["averaged"])
        if type(stand.step) is not int or set(stand.order or ()) != {"epoch", "position"}:
            raise ValueError("it does not say where the run stands")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: is no state of a run: {first_line(error)}") from error
    _refuse_other_recipe(own, recipe, path)
    moments = _moments(network, optimiser, empty=True)
    wanted = {f"network.{name}": t for name, t in network.state_dict().items()}
    wanted |= {f"average.{name}": t for name, t in average.tensors.items()}
    for name, tensor in wanted.items():
        if name not in tensors or tensors[name].shape != tensor.shape:
            raise DataError(f"{path}: {name}: absent or of another shape: of another network")
    network.load_state_dict({name: tensors[f"network.{name}"] for name in network.state_dict()})
    for name, tensor in average.tensors.items():
        tensor.copy_(tensors[f"average.{name}"])
    average.steps = averaged
    named = dict(network.named_parameters())
    for name in moments:
        start = f"optimiser.{name}."
        found = {
            key.removeprefix(start): tensor
            for key, tensor in tensors.items()
            if key.startswith(start) and "." not in key.removeprefix(start)
        }
        for key, tensor in found.items():
            if key != "step" and tensor.shape != named[name].shape:
                raise DataError(f"{path}: {start}{key}: of another shape: of another network")
        if found:
            device = named[name].device
            optimiser.state[named[name]] = {
                key: tensor if key == "step" else tensor.to(device) for key, tensor in found.items()
            }
    return stand


def load_average(path: Path, network: nn.Module) -> None:
    """Put the averaged weights of a state into a network.

    Raises: as `load`.
    """
    _, tensors = _read(path)
    own = network.state_dict()
    found = {name: tensors.get(f"average.{name}", tensors.get(f"network.{name}")) for name in own}
    for name, tensor in own.items():
        given = found[name]
        if given is None or given.shape != tensor.shape:
            raise DataError(f"{path}: {name}: absent or of another shape: of another network")
    network.load_state_dict(found)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Metadata and tensors of a state."""
    file = readable(path, max_size=MAX_SIZE)
    try:
        with safe_open(file, framework="pt") as opened:
            told = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in list(opened.keys())}
    except SafetensorError as error:
        raise DataError(f"{path}: is no state of a run: {first_line(error)}") from error
    if told.get("format") != _FORMAT:
        raise DataError(f"{path}: is no state of a run of this version")
    return told, tensors


def _moments(
    network: nn.Module, optimiser: torch.optim.Optimizer, *, empty: bool = False
) -> dict[str, dict[str, Any]]:
    """What the optimiser remembers of each parameter that it moves, by its name."""
    moved = {id(p) for group in optimiser.param_groups for p in group["params"]}
    return {
        name: {} if empty else dict(optimiser.state.get(p, {}))
        for name, p in network.named_parameters()
        if id(p) in moved
    }


def _refuse_other_recipe(saved: Recipe, given: Recipe, path: Path) -> None:
    def flat(settings: Mapping[str, Any], start: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in settings.items():
            if isinstance(value, Mapping) and value:
                found |= flat(value, f"{start}{name}.")
            else:
                found[f"{start}{name}"] = value
        return found

    then, now = (flat(json.loads(recipe.to_json())) for recipe in (saved, given))
    for name in {**then, **now}:
        if then.get(name) != now.get(name):
            raise BadSetting(
                f"{path}: of a run with {name} = {then.get(name)}, not {now.get(name)}: take the "
                "recipe that the run was started with, or another folder"
            )
