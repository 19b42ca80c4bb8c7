"""A small dataset with train and test, and predictions of it, for tests of submissions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths
from gazesearch.evaluation import Truth, truth_of
from gazesearch.scanpaths import GAZESEARCH

IMAGES = 12
Predict = Callable[..., Scanpaths]


@pytest.fixture(scope="session")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two findings on 24 images, half of them of train, half of test."""
    rng = np.random.default_rng(0)
    keys = [(f"{k}.jpg", finding) for k in range(2 * IMAGES) for finding in ("edema", "fracture")]
    paths = Scanpaths.of(
        [rng.uniform(5, 219, (5, 3)) * (1, 1, 0.002) for _ in keys],
        image=[image for image, _ in keys],
        finding=[finding for _, finding in keys],
        split=["train"] * (2 * IMAGES) + ["test"] * (2 * IMAGES),
        info=GAZESEARCH,
    )
    file = tmp_path_factory.mktemp("studies") / "annotations.json"
    gazesearch.write_scanpaths(paths, file)
    return file


@pytest.fixture(scope="session")
def truth(annotations: Path) -> Truth:
    return truth_of(annotations, protocol="official")


@pytest.fixture(scope="session")
def predict(truth: Truth) -> Predict:
    """Predictions that lie `px` off the recorded paths of test, at random, from the centre on."""

    def make(px: float = 30.0, seed: int = 1) -> Scanpaths:
        rng = np.random.default_rng(seed)
        scored = truth.scored
        paths = []
        for path in scored:
            moved = path.fixations[:, :2] + rng.normal(0, px, (len(path), 2))
            moved[0] = 112
            paths.append(np.column_stack([np.clip(moved, 0, 223), path.durations]))
        return Scanpaths.of(paths, image=scored.image, finding=scored.finding, info=GAZESEARCH)

    return make
