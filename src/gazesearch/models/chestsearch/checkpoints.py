"""Weights: published checkpoints and Mask2Former's, read strictly; our own folder of two files.

Beside the weights, the folder's `config.json` says which variant they are of.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.files import digest
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
    is_archive,
    read_numpy_pickle,
    read_torch,
)
from gazesearch.models.chestsearch.variants import WACV2025, Variant
from gazesearch.models.weights import (
    CONFIG_NAME,
    checked,
    printable,
    read_config,
    read_safetensors,
    source_of,
    weights_of,
    write_folder,
)


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
    whole = checked(_plain_names(state, where=where), checkpoint_shapes(), where=where)
    model = _filled(ours_of_published(whole, where=where), WACV2025)
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
    state = checked(_plain_names(found, where=where), part_shapes(prefix), where=where)
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
    config = {
        "model": "chestsearch",
        "variant": model.variant.name,
        "findings": list(FINDINGS),
        "source": dict(source),
    }
    write_folder(model.state_dict(), config, folder)


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
    weights = weights_of(where, config)
    with torch.device("meta"):
        shapes: Shapes = {
            name: tuple(tensor.shape)
            for name, tensor in ChestSearch(variant=own).state_dict().items()
        }
    place = f"{weights}, {own.name} by its {CONFIG_NAME}"
    model = _filled(checked(read_safetensors(weights), shapes, where=place), own)
    model.source = source_of(config, where / CONFIG_NAME)
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
    source_of(config, file)
    try:
        return variants.get(str(config.get("variant"))[:60])
    except UnknownName as error:
        raise DataError(f"{file}: {error}: made for another version") from None


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
                f"{where}: {printable(name)} is there twice, with and without a prefix, and differs"
            )
        plain[name] = value
    return plain


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, Tensor) and isinstance(other, Tensor) and torch.equal(one, other)


def _filled(state: Mapping[str, Tensor], variant: Variant) -> ChestSearch:
    """A model with these weights, in evaluation mode."""
    with torch.device("meta"):  # no time is spent on random numbers that are then overwritten
        model = ChestSearch(variant=variant)
    model.to_empty(device="cpu")
    model.load_state_dict(state)
    model.eval()
    return model
