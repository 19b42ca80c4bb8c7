"""Weights of any origin, checked before a network takes them, and folders of our own.

A folder holds `model.safetensors`, in our names, and `config.json`, which says what model the
weights are of, where they came from, and their digest. Nothing in either is run.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gazesearch.errors import DataError, UnreadableFile, first_line
from gazesearch.files import digest, readable, ready_folder, write_text, written_whole

WEIGHTS_NAME: Final = "model.safetensors"
CONFIG_NAME: Final = "config.json"
MAX_SIZE: Final = 4 * 2**30
"""Largest file that is read; the published checkpoint has some 330 MB with its optimiser."""

Shapes = Mapping[str, tuple[int, ...]]

_MAX_HEADER: Final = 2**20  # bytes of a safetensors file's header: ours has under 100 kB
_SHOWN: Final = 5  # names in a message


def write_folder(
    state: Mapping[str, Tensor], config: Mapping[str, Any], folder: str | os.PathLike[str]
) -> None:
    """Write weights, and a config with their digest beside them.

    Args:
        state: weights by name.
        config: what else is said of them; plain values.
        folder: made if need be.

    Raises:
        UnreadableFile: the folder cannot be written to, or the disk is full.
    """
    made = ready_folder(folder)
    whole = {name: tensor.contiguous() for name, tensor in state.items()}
    with written_whole(made / WEIGHTS_NAME) as temporary:
        try:
            save_file(whole, temporary, metadata={"format": "pt"})
        except SafetensorError as error:  # of a full disk
            raise UnreadableFile(
                f"{made / WEIGHTS_NAME}: cannot be written: {first_line(error)}"
            ) from error
        said = {**config, "weights": digest(temporary)}
        # First: broken off here, the folder says what it is of, and can be written again.
        write_text(made / CONFIG_NAME, json.dumps(said, indent=2) + "\n")


def read_config(folder: str | os.PathLike[str]) -> Mapping[str, Any]:
    """What `write_folder` wrote beside the weights, as it stands there.

    Raises:
        DataError: it is no JSON object.
        UnreadableFile: it is absent or too large.
    """
    file = Path(folder) / CONFIG_NAME
    try:
        config = json.loads(readable(file, max_size=2**20).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: is not JSON: convert the weights again") from error
    if not isinstance(config, dict):
        raise DataError(f"{file}: is no JSON object: convert the weights again")
    return config


def weights_of(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> Path:
    """The file of weights in a folder, if it is the one whose digest its config names.

    Raises:
        DataError: it is another one.
        UnreadableFile: it is absent or too large.
    """
    weights = readable(Path(folder) / WEIGHTS_NAME, max_size=MAX_SIZE)
    if digest(weights) != config.get("weights"):
        raise DataError(f"{weights}: is not the file that {CONFIG_NAME} names: convert it again")
    return weights


def source_of(config: Mapping[str, Any], file: Path) -> Mapping[str, str]:
    """Name and digest of each file that weights came from, as a config says.

    Raises:
        DataError: it says nothing of the kind.
    """
    source = config.get("source")
    if not isinstance(source, dict) or not all(isinstance(v, str) for v in source.values()):
        raise DataError(f"{file}: source must name files and digests: convert the weights again")
    return source


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        DataError: broken, or with a header over 1 MiB.
        UnreadableFile: absent, or too large.
    """
    file = readable(path, max_size=MAX_SIZE)
    try:
        with file.open("rb") as opened:
            (header,) = struct.unpack("<Q", opened.read(8))
        if header > _MAX_HEADER:
            raise DataError(f"{file}: claims a header of {header:,} bytes: no weights need that")
        tensors: dict[str, Tensor] = load_file(file)
    except (SafetensorError, struct.error, ValueError, OSError, MemoryError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file}: is cut off or broken: {first_line(error)}") from error
    return tensors


def checked(state: Mapping[str, Any], shapes: Shapes, *, where: str) -> dict[str, Tensor]:
    """The state, if it has all of these names, no others, and finite float32 of these shapes."""
    for kind, names in (
        ("lacks", [name for name in shapes if name not in state]),
        ("has, unlike the model,", [name for name in state if name not in shapes]),
    ):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            shown = ", ".join(printable(name) for name in names[:_SHOWN])
            raise DataError(f"{where}: {kind} {shown}{more}: weights of another model")
    for name, shape in shapes.items():
        tensor = state[name]
        if not isinstance(tensor, Tensor):
            raise DataError(f"{where}: {name}: is {type(tensor).__name__}, not a tensor")
        if tuple(tensor.shape) != shape or tensor.dtype != torch.float32:
            raise DataError(
                f"{where}: {name}: {tensor.dtype} of shape {tuple(tensor.shape)}, "
                f"not float32 of {shape}: weights of another model"
            )
        if not tensor.isfinite().all():
            raise DataError(f"{where}: {name}: holds NaN or infinity: the file is damaged")
    return dict(state)


def printable(name: str, *, longest: int = 80) -> str:
    """A name that stands in a file, fit for a message."""
    return name[:longest] if name.isprintable() else ascii(name[:longest])
