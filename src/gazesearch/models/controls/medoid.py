"""The most typical train path of a finding, and the first one of the same image."""

from __future__ import annotations

from typing import Self, final

import numpy as np

from gazesearch import metrics
from gazesearch.metrics import Metric
from gazesearch.models.controls.one_path import OnePath, TrainPaths
from gazesearch.models.controls.train_paths import MeanPath
from gazesearch.prediction import Floats, Requests, Rng
from gazesearch.scanpaths import Scanpaths


@final
class Medoid(OnePath):
    """The finding's train path that is most like all of them; never sees an image.

    Args:
        metric: what is alike; a name of the table or `metrics.get(...)`, of kind "pair".
    """

    name = "medoid"

    def __init__(self, *, metric: str | Metric = "scanmatch") -> None:
        super().__init__()
        self.metric = metrics.get(metric) if isinstance(metric, str) else metric
        self._chosen: dict[str | None, Floats] = {}

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Choose the path of each finding; valid and rng are not used.

        Highest mean similarity to all train paths of the finding, itself included; the first of
        equals. Where a similarity is undefined it counts in no mean.
        """
        self._train = TrainPaths(train)
        groups = {None: self._train.all, **self._train.by_finding}
        self._chosen = {finding: self._medoid(paths) for finding, paths in groups.items()}
        return self

    def _medoid(self, paths: Scanpaths) -> Floats:
        means = np.zeros(len(paths))
        counts = np.zeros(len(paths))
        screen = paths.screen_sizes[0]
        # Rows by rows: a matrix of 10,500 paths would take 880 MB.
        for _, scores in metrics.pairwise_blocks(self.metric, paths, paths, screen, rows=512):
            means += np.nansum(scores, axis=0)
            counts += (~np.isnan(scores)).sum(axis=0)
        sign = 1.0 if self.metric.higher_is_better else -1.0
        likeness = np.where(counts > 0, sign * means / np.maximum(counts, 1), -np.inf)
        return paths[int(likeness.argmax())].fixations

    def _paths(self, requests: Requests) -> list[Floats]:
        self.train  # noqa: B018 - refuses a model that was not fitted
        return [self._chosen.get(finding, self._chosen[None]) for finding in requests.finding]


@final
class SameImagePath(OnePath):
    """Leak control: the first train path of the same image, of any finding; else the mean path.

    It shows what a benchmark gives away whose splits share images, and predicts nothing.
    """

    name = "same-image-path"

    def __init__(self) -> None:
        super().__init__()
        self._mean = MeanPath()

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Remember the train paths in their order; valid and rng are not used."""
        self._train = TrainPaths(train)
        self._mean.fit(train)
        return self

    def _paths(self, requests: Requests) -> list[Floats]:
        train = self.train
        own = [train.of_image(image) for image in requests.image]
        asked = Requests.make(
            requests.image.tolist(),
            requests.finding.tolist(),
            screen_size=(float(train.screen_size[0]), float(train.screen_size[1])),
        )
        means = self._mean.predict(asked)
        return [
            mean.fixations if paths is None else paths[0].fixations
            for mean, paths in zip(means, own, strict=True)
        ]
