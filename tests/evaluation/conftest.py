"""A table of scores with all that can make a mean difficult, for tests of intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths, Scores
from gazesearch.metrics import Metric

METRICS = (
    "scanmatch", "multimatch_shape", "string_edit_distance", "length_error", "duration_error",
    "map_cc", "map_kl", "tfp_area", "tfp_mismatch", "scanpath_ratio",
)  # fmt: skip


@pytest.fixture(scope="session")
def scored() -> Callable[..., Scores]:
    """Scores of random predictions of one to three people on one to three findings an image.

    Some paths are short or have no durations; each image and finding is predicted `draws` times.
    """

    def make(
        *,
        images: int = 24,
        draws: int = 2,
        seed: int = 1,
        metrics: Sequence[str | Metric] = METRICS,
    ) -> Scores:
        recorded = _people(images)
        rng = np.random.default_rng(seed)
        keys = [key for key in recorded.group("name", "task") for _ in range(draws)]
        predicted = Scanpaths.of(
            [_path(rng) for _ in keys],
            image=[image for image, _ in keys],
            finding=[finding for _, finding in keys],
            screen_size=(100, 100),
        )
        return gazesearch.evaluate(predicted, recorded, metrics=metrics)

    return make


def _people(images: int) -> Scanpaths:
    rng = np.random.default_rng(0)
    paths, keys, boxes = [], [], []
    for number in range(images):
        for finding in ("edema", "fracture", "pneumonia")[: rng.integers(1, 4)]:
            box = [*rng.uniform(0, 60, 2), 40, 40]
            for who in range(rng.integers(1, 4)):
                paths.append(_path(rng))
                keys.append((f"{number}.jpg", finding, who))
                boxes.append(box)
    image, finding, subject = zip(*keys, strict=True)
    return Scanpaths.of(
        paths, image=image, finding=finding, subject=subject, target_boxes=boxes,
        screen_size=(100, 100),
    )  # fmt: skip


def _path(rng: np.random.Generator) -> list[list[float]]:
    path = rng.uniform(0, 100, (rng.integers(2, 7), 3)) * (1, 1, 0.01)
    return path[:, : rng.choice([2, 3, 3, 3])].tolist()  # type: ignore[no-any-return]
