"""Models by name: what there is, and how one is made."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from gazesearch.errors import BadSetting, UnknownName, UnreadableFile
from gazesearch.models import controls
from gazesearch.prediction import Rng, ScanpathModel

if TYPE_CHECKING:
    from gazesearch.models.chestsearch.model import ChestSearch
    from gazesearch.models.chestsearch.predictor import Precision

CHESTSEARCH: Final = "chestsearch"
NEXTGAZE: Final = "nextgaze"


def list_models() -> tuple[str, ...]:
    """Names that `create_model` takes: models that look at images, then the controls.

    >>> list_models()[:3]
    ('chestsearch', 'nextgaze', 'uniform')
    """
    return (CHESTSEARCH, NEXTGAZE, *controls.names())


def create_model(
    name: str,
    *,
    weights: str | os.PathLike[str] | None = None,
    variant: str | None = None,
    images_at_once: int = 4,
    precision: Precision = "float32",
    rng: Rng = None,
) -> ScanpathModel:
    """A model by name, ready to predict; controls are to be fitted first.

    Args:
        name: one of `list_models()`.
        weights: of ChestSearch: a published checkpoint (`ckp_29999.pt`), or a converted folder or
            the `model.safetensors` in it. None draws them at random, for training or for trying
            things out. Of NextGaze: the folder that training wrote, or the file in it.
        variant: of ChestSearch: "wacv2025" or "clean"; None takes what the weights are, and the
            clean one for random weights.
        images_at_once: how many images are encoded together; memory grows with it.
        precision: of ChestSearch: "float32", or "bfloat16" for the products inside the network.
        rng: seed or generator of random weights.

    Raises:
        UnknownName: no model or variant is called so.
        BadSetting: weights or a variant for a control, which has neither, or weights of another
            variant; NextGaze without weights, or with a variant or precision.
        DataError: the file holds no weights of this model.
        UnreadableFile: the file is absent or too large.

    >>> create_model("medoid").needs_images
    False
    """
    if name not in list_models():
        raise UnknownName("model", name, list_models())
    if name == NEXTGAZE:
        from gazesearch.models.nextgaze.predictor import NextGazeModel

        if weights is None or variant is not None or precision != "float32":
            raise BadSetting(
                f"{name}: takes weights, the folder that training wrote, and neither a variant nor "
                "a precision"
            )
        return NextGazeModel.from_pretrained(weights, images_at_once=images_at_once)
    if name != CHESTSEARCH:
        if weights is not None or variant is not None:
            raise BadSetting(f"{name}: is a control, without weights or variants: fit it instead")
        return controls.get(name)
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    network = _random(variant, rng) if weights is None else _loaded(weights, variant)
    return ChestSearchModel(network, images_at_once=images_at_once, precision=precision)


def kind_of(weights: str | os.PathLike[str]) -> str:
    """The name of the model that weights are of: a folder says it, all else is ChestSearch's.

    Raises:
        DataError: the folder's config is none.
        UnreadableFile: the folder has no config, or one that is too large.
    """
    path = Path(weights)
    folder = path if path.is_dir() else path.parent
    if not path.is_dir() and path.name != "model.safetensors":
        return CHESTSEARCH
    from gazesearch.models.weights import read_config

    return NEXTGAZE if read_config(folder).get("model") == NEXTGAZE else CHESTSEARCH


def weights_file(weights: str | os.PathLike[str]) -> Path:
    """The one file with numbers in it, of weights as `create_model` takes them."""
    path = Path(weights)
    return path / "model.safetensors" if path.is_dir() else path


def _loaded(weights: str | os.PathLike[str], variant: str | None) -> ChestSearch:
    """Weights of either kind, told apart by what they are."""
    from gazesearch.models.chestsearch import checkpoints
    from gazesearch.models.weights import WEIGHTS_NAME

    path = Path(weights)
    if path.is_dir():
        return checkpoints.load(path, variant=variant)
    if not path.exists():
        raise UnreadableFile(f"{path}: no such file or folder of weights")
    # A pipe of that name would be waited for.
    is_ours = path.name == WEIGHTS_NAME and path.is_file()
    if is_ours and not zipfile.is_zipfile(path):
        return checkpoints.load(path.parent, variant=variant)
    return checkpoints.load_published(path, variant=variant)


def _random(variant: str | None, rng: Rng) -> ChestSearch:
    """A network with random weights; None takes the variant for new models."""
    import torch

    from gazesearch.models.chestsearch import variants
    from gazesearch.models.chestsearch.model import ChestSearch

    chosen = variants.CLEAN if variant is None else variants.get(variant)
    seed = int(np.random.default_rng(rng).integers(2**63))
    with torch.random.fork_rng(devices=[]):  # whoever asks keeps the random numbers they had
        torch.manual_seed(seed)
        return ChestSearch(variant=chosen)
