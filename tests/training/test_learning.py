"""A few steps are enough to foresee more than a prior that knows the finding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import gazesearch
from gazesearch.datasets.phantom import write_phantom
from gazesearch.evaluation.likelihood.bits import next_fixation_bits
from gazesearch.images import ImageFolder
from gazesearch.models.controls.priors import FindingPrior
from gazesearch.training.run import train
from gazesearch.training.settings import BackboneSettings, Network, Optimiser, Recipe, Schedule

torch.set_num_threads(1)


def test_tiny_learns_more_than_the_finding_prior_in_a_few_steps(tmp_path: Path) -> None:
    dataset = write_phantom(tmp_path, images=24, observers=6, rng=0)
    table, file = dataset.scanpaths, tmp_path / "thirds.json"
    third = np.array([int(name.removesuffix(".png")[-4:]) % 3 == 2 for name in table.image])
    split = np.where(third, "valid", "train").tolist()
    gazesearch.write_scanpaths(
        table.with_parts(
            table.fixations,
            table.offsets,
            columns=table.columns.replaced("split", split),
            integers=table.integers,
        ),
        file,
    )
    done = train(
        Recipe(
            network=Network(
                settings={
                    "input_shape": [56, 56],
                    "map_shape": [14, 14],
                    "panels": 16,
                    "keys": 8,
                    "hidden": 8,
                    "blocks": 1,
                    "recent": 3,
                    "max_history": 8,
                    "prior_cells": 2.0,
                    "dropout": 0.2,
                }
            ),
            backbone=BackboneSettings(name="tiny", trained=True),
            optimiser=Optimiser(rate=5e-3, average=0.9),
            schedule=Schedule(epochs=8, images=4),
        ),
        output=tmp_path / "run",
        annotations=file,
        images=tmp_path / "images",
    )
    assert done.epochs[-1]["train_total"] < 0.8 * done.epochs[0]["train_total"]
    recorded = gazesearch.read_scanpaths(file, dataset=dataset.info)
    learnt, asked = recorded.where(split="train"), recorded.where(split="valid")
    images = ImageFolder(tmp_path / "images")
    own = next_fixation_bits(done.model, asked, images=images).mean()
    prior = next_fixation_bits(FindingPrior().fit(learnt, valid=asked), asked).mean()
    assert own > prior + 0.1
