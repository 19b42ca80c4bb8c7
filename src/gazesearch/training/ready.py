"""Everything of a run before its first step: data, network, objective, order."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gazesearch.evaluation.scoring import Progress
from gazesearch.models.objectives import (
    LikelihoodObjective,
    Objective,
    PublishedObjective,
    Weights,
    stop_weight_of,
)
from gazesearch.prediction import Rng
from gazesearch.training import networks
from gazesearch.training.batches import SharedPrefixes
from gazesearch.training.data import Learned, Placeholder, open_data
from gazesearch.training.gradients import Sight
from gazesearch.training.initial import Started, start_from
from gazesearch.training.looking import Looking
from gazesearch.training.networks import Made
from gazesearch.training.optimisation import rates_of
from gazesearch.training.recipe import read_recipe
from gazesearch.training.seen import look
from gazesearch.training.settings import Recipe
from gazesearch.training.steps import Steps, steps_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Ready:
    """Everything of a run before its first step.

    Attributes:
        recipe: all settings.
        learned: what is learnt from.
        made: the network.
        started: what it starts from.
        sources: name and digest of each file of weights that it is made of.
        objective: what is minimised.
        train, valid: the searches.
        rates: what each parameter's rate is multiplied by.
        order: the sampler.
    """

    recipe: Recipe
    learned: Learned
    made: Made
    started: Started
    sources: Mapping[str, str]
    objective: Objective
    train: Steps
    valid: Steps
    rates: Mapping[str, float]
    order: SharedPrefixes


def prepare(
    recipe: Recipe | str | os.PathLike[str],
    *,
    folder: Path,
    annotations: str | os.PathLike[str] | None = None,
    images: str | os.PathLike[str] | None = None,
    init: Sequence[str | os.PathLike[str]] = (),
    backbone: str | os.PathLike[str] | None = None,
    rng: Rng = None,
    progress: Progress | None = None,
    rank: int = 0,
    ranks: int = 1,
) -> Ready:
    """Read data and make the network; arguments as of `train`."""
    settings = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    if rng is not None:
        settings = replace(settings, seed=_seed(rng))
    learned = open_data(
        settings.data,
        folder=folder / "phantom",
        annotations=annotations,
        images=images,
        seed=settings.seed,
        progress=progress,
    )
    made = networks.make(settings, learned, backbone=backbone)
    network = made.network
    started = start_from(network, init)
    train, valid = (
        steps_of(
            part,
            tasks=network.tasks,
            map_shape=network.map_shape,
            max_history=network.max_history,
            first=learned.first_fixation == "as-recorded",
            cut=made.cut,
            fed_as=made.fed_as,
        )
        for part in (learned.train, learned.valid)
    )
    made.begin(train)
    schedule = settings.schedule
    return Ready(
        recipe=settings,
        learned=learned,
        made=made,
        started=started,
        sources={**made.sources, **started.sources},
        objective=_objective(settings, train),
        train=train,
        valid=valid,
        rates=rates_of(network, settings.optimiser, trained_backbone=settings.backbone.trained),
        order=SharedPrefixes(
            train,
            images=schedule.images,
            map_shape=network.map_shape,
            records=schedule.records,
            mirror=schedule.mirror,
            shift=schedule.shift,
            seed=settings.seed,
            rank=rank,
            ranks=ranks,
        ),
    )


def sights(
    ready: Ready, cache: str | os.PathLike[str], *, progress: Progress | None = None
) -> tuple[Sight, Sight]:
    """Where levels of images come from, in training and on valid."""
    recipe, network = ready.recipe, ready.made.network
    images = ready.learned.images if ready.made.sees_images else Placeholder()
    backbone = recipe.backbone
    if backbone.trained or backbone.kept == "no":
        looking = Looking(
            network, images, trained=backbone.trained, exposure=recipe.schedule.exposure
        )
        return looking, looking
    options: dict[str, Any] = {"folder": cache, "kept": backbone.kept, "progress": progress}
    train = look(network, images, ready.train.images, mirrored=recipe.schedule.mirror, **options)
    return train, look(network, images, ready.valid.images, **options)


def _seed(rng: Rng) -> int:
    return rng if isinstance(rng, int) else int(np.random.default_rng(rng).integers(2**31))


def _objective(recipe: Recipe, train: Steps) -> Objective:
    told = recipe.objective
    weights = Weights(map=told.map, stop=told.stop, duration=told.duration)
    if told.kind == "likelihood":
        return LikelihoodObjective(weights=weights)
    searches = train.searches
    asked, ended = int(searches.decided.sum()), int((searches.ended & searches.decided).sum())
    clean = recipe.network.settings.get("variant") != "wacv2025"
    return PublishedObjective(
        weights=weights, stop_weight=stop_weight_of(asked, ended), clean=clean
    )
