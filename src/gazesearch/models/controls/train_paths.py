"""Paths of train, handed out again: one at random, or the mean of a finding's."""

from __future__ import annotations

from typing import Self, final

import numpy as np

from gazesearch.models.controls.one_path import FromTrain, OnePath, TrainPaths
from gazesearch.prediction import Floats, ImageSource, Requests, Rng
from gazesearch.scanpaths import Scanpaths


@final
class RandomTrainPath(FromTrain):
    """A train path of the same finding, any one; of any finding where train has none of it."""

    name = "random-train-path"

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Remember the train paths; valid and rng are not used."""
        self._train = TrainPaths(train)
        return self

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """One path a request."""
        drawn = self._draw(requests, rng)
        return requests.answered(drawn, name=self.name)

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """n paths a request, drawn with replacement.

        Raises:
            BadSetting: n is below 1.
        """
        repeated = requests.repeated(n)
        draws = np.tile(np.arange(n), len(requests)).tolist()
        return repeated.answered(self._draw(repeated, rng), name=self.name, draw=draws)

    def _draw(self, requests: Requests, rng: Rng) -> list[Floats]:
        train = self.train
        chance = np.random.default_rng(rng).random(len(requests))
        drawn = []
        for finding, size, at in zip(
            requests.finding, requests.screen_sizes, chance.tolist(), strict=True
        ):
            group = train.of_finding(finding)
            drawn.append(train.scaled(group[int(at * len(group))].fixations, size))
        return drawn


@final
class MeanPath(OnePath):
    """Position by position the mean of the finding's train paths, as long as their median."""

    name = "mean-path"

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Take the means; valid and rng are not used."""
        self._train = TrainPaths(train)
        groups = {None: self._train.all, **self._train.by_finding}
        self._means = {finding: _mean(paths) for finding, paths in groups.items()}
        return self

    def _paths(self, requests: Requests) -> list[Floats]:
        self.train  # noqa: B018 - refuses a model that was not fitted
        return [self._means.get(finding, self._means[None]) for finding in requests.finding]


def _mean(paths: Scanpaths) -> Floats:
    length = int(np.median(paths.lengths))
    return np.stack(
        [
            paths.fixations[paths.offsets[:-1][paths.lengths > k] + k].mean(axis=0)
            for k in range(length)
        ]
    )
