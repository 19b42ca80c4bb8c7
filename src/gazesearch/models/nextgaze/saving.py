"""A NextGaze as a folder of two files, read strictly and without pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

import torch

from gazesearch.errors import DataError, GazeSearchError
from gazesearch.models.backbones.creating import blank
from gazesearch.models.backbones.hugging_face import HuggingFace
from gazesearch.models.nextgaze.network import NextGaze
from gazesearch.models.nextgaze.settings import NextGazeSettings
from gazesearch.models.weights import (
    CONFIG_NAME,
    checked,
    read_config,
    read_safetensors,
    source_of,
    weights_of,
    write_folder,
)

MODEL: Final = "nextgaze"
_DESCRIPTION: Final = ("config", "image_mean", "image_std")


def save(network: NextGaze, folder: str | os.PathLike[str], *, source: Mapping[str, str]) -> None:
    """Write a network as a folder of two files; the backbone's weights are among them.

    Args:
        network: the network.
        folder: made if need be.
        source: name and digest of each file that the weights came from.

    Raises:
        UnreadableFile: the folder cannot be written to, or the disk is full.
    """
    backbone = network.backbone
    config = {
        "model": MODEL,
        "settings": asdict(network.settings),
        "backbone": backbone.description if isinstance(backbone, HuggingFace) else {},
        "source": dict(source),
    }
    write_folder(network.state_dict(), config, folder)


def load(folder: str | os.PathLike[str]) -> NextGaze:
    """The network that `save` wrote, in evaluation mode.

    Raises:
        DataError: another model or version, settings or weights that are not a network's, or
            weights that are not those of the digest.
        UnreadableFile: a file is absent or too large.
    """
    where = Path(folder)
    file = where / CONFIG_NAME
    config = read_config(where)
    if config.get("model") != MODEL:
        raise DataError(f"{file}: model is {str(config.get('model'))[:60]!r}, not {MODEL!r}")
    settings, source = _settings(config.get("settings"), file), source_of(config, file)
    description = config.get("backbone")
    if not isinstance(description, dict) or set(description) - set(_DESCRIPTION):
        raise DataError(f"{file}: backbone: must be what describes one")
    weights = weights_of(where, config)
    try:  # first without numbers: sizes that no file holds take no memory
        with torch.device("meta"):
            wanted = NextGaze(settings, blank(settings.backbone, description)).state_dict()
    except (RuntimeError, OverflowError, TypeError) as error:  # of torch, when it is told them
        raise DataError(f"{file}: settings: sizes that no network has") from error
    except GazeSearchError as error:
        raise DataError(f"{file}: {error}") from error
    shapes = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    state = checked(read_safetensors(weights), shapes, where=str(weights))
    with torch.random.fork_rng(devices=[]):  # whoever asks keeps the random numbers they had
        network = NextGaze(settings, blank(settings.backbone, description))
    network.load_state_dict(state)
    network.source = source
    network.eval()
    return network


def _settings(values: Any, file: Path) -> NextGazeSettings:
    """Settings of plain values, each of the type that it must be.

    Raises:
        DataError: a field is absent, not known, or of another type or range.
    """
    known = {field.name: field.type for field in fields(NextGazeSettings)}
    if not isinstance(values, dict) or set(values) != set(known):
        raise DataError(f"{file}: settings: must be {', '.join(known)}: made for another version")
    told = {}
    for name, kind in known.items():
        value = values[name]
        kind = str(kind)
        if kind.startswith("tuple["):
            inner = str if kind.startswith("tuple[str") else int
            good = isinstance(value, list) and all(type(v) is inner for v in value)
            value = tuple(value) if good else value
        elif kind == "float":
            good = type(value) in (int, float)
        else:
            good = type(value).__name__ == kind
        if not good:
            raise DataError(f"{file}: settings: {name} is {str(value)[:60]!r}, not {kind}")
        told[name] = value
    try:
        return NextGazeSettings(**told)
    except GazeSearchError as error:
        raise DataError(f"{file}: settings: {error}") from error
