"""Weights: published checkpoints and Mask2Former's, read strictly; our own folder of two files.

A folder holds `model.safetensors`, in our names, and `config.json`, which says what model and
variant the weights are of, where they came from, and their digest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from gazesearch.errors import BadSetting, DataError, UnknownName, UnreadableFile, first_line
from gazesearch.files import digest, readable, ready_folder, write_text, written_whole
from gazesearch.findings import FINDINGS
from gazesearch.models.chestsearch import variants
from gazesearch.models.chestsearch.layout import (
    BACKBONE,
    PIXEL_DECODER,
    Shapes,
    checkpoint_shapes,
    ours_of_part,
    ours_of_published,
    part_shapes,
)
from gazesearch.models.chestsearch.model import ChestSearch
from gazesearch.models.chestsearch.untrusted import (
    MAX_SIZE,
    is_archive,
    read_numpy_pickle,
    read_safetensors,
    read_torch,
)
from gazesearch.models.chestsearch.variants import WACV2025, Variant

WEIGHTS_NAME: Final = "model.safetensors"
CONFIG_NAME: Final = "config.json"
_SHOWN: Final = 5  # names in a message


def load_published(path: str | os.PathLike[str], *, variant: str | None = None) -> ChestSearch:
    """The model of a published checkpoint (`ckp_29999.pt`), ready to predict.

    Keys may start with `module.`, and those of the backbone may have `stages.` in them. The
    optimiser's state is not read.

    Args:
        path: the file.
        variant: what is asked for; a published checkpoint is `wacv2025` and nothing else, which
            None takes.

    Raises:
        BadSetting: another variant is asked for.
        DataError: no file of torch, a name that is missing or not known, a shape that is not the
            model's, numbers that are no finite float32, or an import that no weights need.
        UnreadableFile: the file is absent or too large.
    """
    if variant is not None and variants.get(variant) != WACV2025:
        raise BadSetting(
            f"{path}: a published checkpoint is {WACV2025.name}, not {variant}: {variant} has "
            f"{variants.get(variant).max_history} history rows, where it has "
            f"{WACV2025.max_history}, and a duration head: train one, it may start from this file"
        )
    if not is_archive(path):
        raise DataError(
            f"{path}: is no checkpoint of today's torch.save (Mask2Former's pickles are what "
            "training starts from)"
        )
    found = read_torch(path)
    state = found.get("model") if isinstance(found, Mapping) else None
    if not isinstance(state, Mapping):
        raise DataError(
            f"{path}: holds no 'model': not a checkpoint of ChestSearch (M2F_R50.pkl and "
            "M2F_R50_MSDeformAttnPixelDecoder.pkl are parts that training starts from)"
        )
    where = f"{path}, 'model'"
    checked = _checked(_plain_names(state, where=where), checkpoint_shapes(), where=where)
    model = _filled(ours_of_published(checked, where=where), WACV2025)
    model.source = {Path(path).name: digest(path)}
    return model


def load_backbone(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Our names for the weights of `M2F_R50.pkl`, or of the backbone in Mask2Former's own file.

    Raises: as `load_published`.
    """
    return _load_part(path, BACKBONE, "backbone.")


def load_pixel_decoder(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Our names for `M2F_R50_MSDeformAttnPixelDecoder.pkl`, or that part of Mask2Former's own file.

    Raises: as `load_published`.
    """
    return _load_part(path, PIXEL_DECODER, "sem_seg_head.pixel_decoder.")


def _load_part(
    path: str | os.PathLike[str], prefix: str, mask2former_prefix: str
) -> dict[str, Tensor]:
    """A part of the model from its own file, or from Mask2Former's, which is a plain pickle."""
    where = str(path)
    if is_archive(path):
        found = read_torch(path)
    else:
        found = read_numpy_pickle(path)
        inside = found.get("model") if isinstance(found, Mapping) else None
        if isinstance(inside, Mapping):
            where = f"{path}, {mask2former_prefix}*"
            found = {
                name.removeprefix(mask2former_prefix): value
                for name, value in inside.items()
                if isinstance(name, str) and name.startswith(mask2former_prefix)
            }
    if not isinstance(found, Mapping):
        raise DataError(f"{path}: holds {type(found).__name__}, not names and weights")
    state = _checked(_plain_names(found, where=where), part_shapes(prefix), where=where)
    return ours_of_part(state, prefix)


def save(model: ChestSearch, folder: str | os.PathLike[str], *, source: Mapping[str, str]) -> None:
    """Write a model as a folder of two files.

    Args:
        model: the model.
        folder: made if need be.
        source: name and digest of each file that the weights came from.

    Raises:
        UnreadableFile: the folder cannot be written to, or the disk is full.
    """
    made = ready_folder(folder)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with written_whole(made / WEIGHTS_NAME) as temporary:
        try:
            save_file(state, temporary, metadata={"format": "pt"})
        except SafetensorError as error:  # of a full disk
            raise UnreadableFile(
                f"{made / WEIGHTS_NAME}: cannot be written: {first_line(error)}"
            ) from error
        config = {
            "model": "chestsearch",
            "variant": model.variant.name,
            "findings": list(FINDINGS),
            "weights": digest(temporary),
            "source": dict(source),
        }
        # First: broken off here, the folder says what it is of, and can be converted to again.
        write_text(made / CONFIG_NAME, json.dumps(config, indent=2) + "\n")


def load(folder: str | os.PathLike[str], *, variant: str | None = None) -> ChestSearch:
    """The model that `save` wrote.

    Args:
        folder: holds `model.safetensors` and `config.json`.
        variant: what is asked for; None takes the folder's.

    Raises:
        BadSetting: the folder's variant is another one than was asked for.
        DataError: another model or variant, weights that are not those of the digest, or not whole.
        UnreadableFile: a file is absent or too large.
    """
    where = Path(folder)
    config = read_config(where)
    own = _variant(config, where / CONFIG_NAME)
    if variant is not None and variants.get(variant) != own:
        raise BadSetting(f"{where}: holds the variant {own.name}, not {variant}: ask for that one")
    weights = readable(where / WEIGHTS_NAME, max_size=MAX_SIZE)
    if digest(weights) != config.get("weights"):
        raise DataError(f"{weights}: is not the file that {CONFIG_NAME} names: convert it again")
    with torch.device("meta"):
        shapes: Shapes = {
            name: tuple(tensor.shape)
            for name, tensor in ChestSearch(variant=own).state_dict().items()
        }
    place = f"{weights}, {own.name} by its {CONFIG_NAME}"
    model = _filled(_checked(read_safetensors(weights), shapes, where=place), own)
    model.source = config["source"]
    return model


def _variant(config: Mapping[str, Any], file: Path) -> Variant:
    """The variant that a config names; a file can choose among ours and nothing else."""
    known = {"model": "chestsearch", "findings": list(FINDINGS)}
    for key, value in known.items():
        if config.get(key) != value:
            raise DataError(
                f"{file}: {key} is {str(config.get(key))[:60]!r}, not {value!r}: "
                "made for another version or model"
            )
    source = config.get("source")
    if not isinstance(source, dict) or not all(isinstance(v, str) for v in source.values()):
        raise DataError(f"{file}: source must name files and digests: convert the weights again")
    try:
        return variants.get(str(config.get("variant"))[:60])
    except UnknownName as error:
        raise DataError(f"{file}: {error}: made for another version") from None


def read_config(folder: str | os.PathLike[str]) -> Mapping[str, Any]:
    """What `save` wrote beside the weights, as it stands there.

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


def _plain_names(state: Mapping[Any, Any], *, where: str) -> dict[str, Any]:
    """Names without `module.` and the backbone's `stages.`, and with Mask2Former's levels nested.

    Raises:
        DataError: two names become the same, and what they name differs.
    """
    plain: dict[str, Any] = {}
    for given, value in state.items():
        name = str(given).removeprefix("module.")
        for start in ("encoder.backbone.", ""):
            if name.startswith(f"{start}stages."):
                name = start + name.removeprefix(f"{start}stages.")
        if name.startswith("adapter_"):
            name = f"lateral_convs.{name}"
        elif name.startswith("layer_"):
            name = f"output_convs.{name}"
        if name in plain and not _same(plain[name], value):
            raise DataError(
                f"{where}: {_line(name)} is there twice, with and without a prefix, and differs"
            )
        plain[name] = value
    return plain


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, Tensor) and isinstance(other, Tensor) and torch.equal(one, other)


def _checked(state: Mapping[str, Any], shapes: Shapes, *, where: str) -> dict[str, Tensor]:
    """The state, if it has all of these names, no others, and finite float32 of these shapes."""
    for kind, names in (
        ("lacks", [name for name in shapes if name not in state]),
        ("has, unlike the model,", [name for name in state if name not in shapes]),
    ):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            shown = ", ".join(_line(name) for name in names[:_SHOWN])
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


def _line(name: str) -> str:
    """A name that stands in a file, fit for a message."""
    return name[:80] if name.isprintable() else ascii(name[:80])


def _filled(state: Mapping[str, Tensor], variant: Variant) -> ChestSearch:
    """A model with these weights, in evaluation mode."""
    with torch.device("meta"):  # no time is spent on random numbers that are then overwritten
        model = ChestSearch(variant=variant)
    model.to_empty(device="cpu")
    model.load_state_dict(state)
    model.eval()
    return model
