"""Networks that recipes name: made, fed, saved and opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from gazesearch.errors import BadSetting, UnknownName
from gazesearch.files import digest
from gazesearch.models.backbones.creating import blank, create
from gazesearch.models.backbones.hugging_face import WEIGHTS_NAME
from gazesearch.models.chestsearch import variants
from gazesearch.models.chestsearch.inputs import cells_in_training, cells_of
from gazesearch.models.chestsearch.model import ChestSearch
from gazesearch.models.chestsearch.predictor import ChestSearchModel
from gazesearch.models.histories import cells_under
from gazesearch.models.nextgaze.network import NextGaze
from gazesearch.models.nextgaze.predictor import NextGazeModel
from gazesearch.models.nextgaze.settings import NextGazeSettings
from gazesearch.prediction import ConditionalModel, Floats
from gazesearch.training.data import Learned
from gazesearch.training.recipe import settings_of
from gazesearch.training.settings import Recipe
from gazesearch.training.steps import Cells, Steps

_UNIFORM: Final = 0.01  # share of uniform mass in the densities of train
_LEANING: Final = 50  # fixations that what a density leans on is worth


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """A network with all that is special about its kind.

    Attributes:
        network: with random weights, but for what is pretrained.
        sees_images: whether it looks at them at all.
        fed_as: the cell that it is fed for a place.
        cut: whether of longer histories than it takes the last fixations are fed.
        sources: name and digest of what its backbone's weights were read from, if they were named.
        begin: sets what is counted on train, not learnt, from its searches.
        model: the network as a model of scanpaths.
        save: writes it into a folder that `create_model` opens, with the names and digests of what
            it was made from.
    """

    network: Any
    sees_images: bool
    fed_as: Cells
    cut: bool
    sources: Mapping[str, str]
    begin: Callable[[Steps], None]
    model: Callable[[], ConditionalModel]
    save: Callable[[Path, Mapping[str, str]], None]


def make(
    recipe: Recipe, learned: Learned, *, backbone: str | os.PathLike[str] | None = None
) -> Made:
    """The network of a recipe; its random weights are a function of the recipe's seed.

    Args:
        recipe: all settings.
        learned: what it will learn from; its tasks are the network's, where those are free.
        backbone: weights of the backbone, where no package has them.

    Raises:
        UnknownName: no network, backbone, variant or setting is called so.
        BadSetting: a setting of the network has a value outside its range.
        DataError: the dataset has tasks that the network does not know.
    """
    kind = recipe.network.kind
    if kind not in _KINDS:
        raise UnknownName("network", kind, _KINDS)
    with torch.random.fork_rng(devices=[]):  # whoever asks keeps the random numbers they had
        torch.manual_seed(recipe.seed)
        return _KINDS[kind](recipe, learned, backbone)


@dataclass(frozen=True, kw_only=True)
class ChestSearchSettings:
    """Settings of ChestSearch: its variant, `clean` or `wacv2025`."""

    variant: str = "clean"


def _chestsearch(recipe: Recipe, learned: Learned, backbone: str | os.PathLike[str] | None) -> Made:
    where = "network.settings: "
    settings = settings_of(ChestSearchSettings, recipe.network.settings, where=where)
    variant = variants.get(settings.variant)
    if recipe.backbone.name not in (None, "resnet50"):
        raise BadSetting(
            f"backbone.name = {recipe.backbone.name}: chestsearch has resnet50: leave it out"
        )
    if backbone is not None:
        raise BadSetting("backbone: chestsearch takes that of its own by --init (init=)")
    network = ChestSearch(variant=variant)
    as_published = variant == variants.WACV2025 and recipe.objective.kind == "wacv2025"

    def fed_as(xy: Any, sizes: Any, shape: tuple[int, int]) -> Any:
        if as_published:
            return np.asarray(cells_in_training(xy, sizes, shape))
        return np.asarray(cells_of(xy, sizes, shape, variant=variant))

    def save(folder: Path, source: Mapping[str, str]) -> None:
        network.source = dict(source)
        ChestSearchModel(network).save_pretrained(folder)

    return Made(
        network=network,
        sees_images=True,
        fed_as=fed_as,
        cut=False,
        sources={},
        begin=lambda _train: None,
        model=lambda: ChestSearchModel(network),
        save=save,
    )


def _nextgaze(recipe: Recipe, learned: Learned, weights: str | os.PathLike[str] | None) -> Made:
    own = {"tasks", "backbone", "frozen"}  # from other sections and from the data
    for name in recipe.network.settings:
        if name in own:
            raise BadSetting(f"network.settings: {name}: is told by the data and [backbone]")
    kind = recipe.backbone.name or "efficientnet_lite2"
    told = {
        "longest": int(learned.train.lengths.max()),
        "starts_in_centre": learned.first_fixation != "as-recorded",
        **recipe.network.settings,
        "tasks": learned.tasks,
        "backbone": kind,
        "frozen": not recipe.backbone.trained,
    }
    settings = settings_of(NextGazeSettings, told, where="network.settings: ")
    if settings.durations and recipe.objective.kind == "wacv2025":
        raise BadSetting(
            "objective.kind = wacv2025: trains no durations, and nextgaze would make them up: set "
            "network.settings.durations = false, or objective.kind = likelihood"
        )
    if weights is not None and not recipe.backbone.pretrained:
        raise BadSetting("backbone.pretrained = false takes no weights: leave out --backbone")
    backbone = create(kind, weights=weights) if recipe.backbone.pretrained else blank(kind)
    network = NextGaze(settings, backbone)

    def save(folder: Path, source: Mapping[str, str]) -> None:
        network.source = dict(source)
        NextGazeModel(network).save_pretrained(folder)

    return Made(
        network=network,
        sees_images=settings.sees_image,
        fed_as=cells_under,
        cut=True,
        sources={} if weights is None else _named(Path(weights)),
        begin=partial(_set_priors, network),
        model=lambda: NextGazeModel(network),
        save=save,
    )


def _named(weights: Path) -> dict[str, str]:
    file = weights / WEIGHTS_NAME if weights.is_dir() else weights
    return {f"backbone {weights.name}": digest(file)}


def _set_priors(network: NextGaze, train: Steps) -> None:
    """Densities of train, smoothed; a task with few fixations leans on all tasks."""
    searches, (h, w) = train.searches, network.map_shape
    uniform = np.full((h, w), 1 / (h * w))
    later = searches.lengths > 0

    def density(rows: Tensor, lean: Floats, lean_weight: float) -> Floats:
        cells = searches.target[searches.placed & rows].numpy()
        counts = np.bincount(cells, minlength=h * w).reshape(h, w).astype(np.float64)
        smooth = gaussian_filter(counts, network.settings.prior_cells, mode="nearest")
        own = (smooth + lean_weight * lean) / (smooth.sum() + lean_weight)
        return np.asarray((1 - _UNIFORM) * own + _UNIFORM * uniform)

    of_all = density(later, uniform, _LEANING)
    by_task = [
        density(later & (searches.finding == task), of_all, _LEANING)
        for task in range(len(network.tasks))
    ]
    network.set_priors(
        torch.from_numpy(density(~later, uniform, _LEANING)),
        torch.from_numpy(of_all),
        torch.from_numpy(np.stack(by_task)),
    )


_KINDS: Final[dict[str, Callable[..., Made]]] = {
    "nextgaze": _nextgaze,
    "chestsearch": _chestsearch,
}
