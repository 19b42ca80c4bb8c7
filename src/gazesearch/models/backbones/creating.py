"""Backbones by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from gazesearch.errors import BadSetting, UnknownName
from gazesearch.models.backbones import efficientnet_lite, hugging_face, resnet50
from gazesearch.models.backbones.backbone import Backbone
from gazesearch.models.backbones.tiny import Tiny
from gazesearch.models.backbones.unet import UNet

_NEW: Final[Mapping[str, Callable[[], Backbone]]] = {
    "tiny": Tiny,
    "unet": UNet,
    "unet_coarse": partial(UNet, finest=16),
}
KINDS: Final = (*_NEW, "resnet50", *efficientnet_lite.MEMBERS, "huggingface")


def create(kind: str, *, weights: str | os.PathLike[str] | None = None) -> Backbone:
    """A backbone, with the weights that belong to it.

    Args:
        kind: `tiny`, `unet` or `unet_coarse` (a U-Net that sees fine detail only by way of coarse),
            with random weights; `efficientnet_lite0` or `efficientnet_lite2`, whose ImageNet
            weights are Python packages; `resnet50` or `huggingface`, of `weights`.
        weights: of `resnet50` the file `M2F_R50.pkl`; of `huggingface` a folder.

    Raises:
        UnknownName: no backbone is called so.
        BadSetting: weights for a backbone that takes none, or none where there must be some.
        DataError: weights of something else.
        MissingExtra: a package is not installed.
        UnreadableFile: the file or folder is absent.
    """
    _refuse_unknown(kind)
    takes = {"resnet50": resnet50.load, "huggingface": hugging_face.load}
    if (weights is None) == (kind in takes):
        raise BadSetting(
            f"backbone {kind}: " + ("name its weights" if weights is None else "takes no weights")
        )
    if weights is not None:
        return takes[kind](weights)
    if kind in _NEW:
        return _NEW[kind]()
    return efficientnet_lite.pretrained(kind)


def blank(kind: str, description: Mapping[str, Any] | None = None) -> Backbone:
    """A backbone of any kind with random weights, to be filled.

    Args:
        kind: one of `KINDS`.
        description: of `huggingface`, what an earlier one says of itself.

    Raises:
        UnknownName: no backbone is called so.
        DataError: the description is none.
    """
    _refuse_unknown(kind)
    if kind == "huggingface":
        return hugging_face.HuggingFace(description or {})
    if kind == "resnet50":
        return resnet50.ResNet50()
    return _NEW[kind]() if kind in _NEW else efficientnet_lite.EfficientNetLite(kind)


def _refuse_unknown(kind: str) -> None:
    if kind not in KINDS:
        raise UnknownName("backbone", kind, KINDS)
