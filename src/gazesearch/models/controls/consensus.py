"""Paths optimised on train: one a finding, or one a request that also remembers its image."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final, Self, final

import numpy as np

from gazesearch import metrics
from gazesearch.errors import BadSetting, DataError
from gazesearch.metrics import Metric
from gazesearch.models.controls.coordinate_ascent import (
    EQUAL,
    Alike,
    Ascent,
    ascend,
    places,
    regions_of,
    weighted,
)
from gazesearch.models.controls.one_path import OnePath, TrainPaths
from gazesearch.models.controls.repeats import Repeats
from gazesearch.prediction import Floats, Requests, Rng
from gazesearch.scanpaths import Scanpaths

IMAGE_WEIGHT: Final = 0.3
"""Weight of the image's train paths in the published row."""

GRID: Final = (0.05, 0.1, 0.3)
"""Weights of the image's train paths that the image memory tries on valid."""


class OptimisedPath(OnePath):
    """The path most like the train paths of the finding and perhaps of the image.

    Of all train paths of the right length the few that are most alike are moved, fixation by
    fixation, to where the weighted mean similarity is highest (`coordinate_ascent`). Subclasses say
    what the image's paths weigh, and are final.
    """

    own_paths_compete = False
    """Whether a train path of the image is the answer where nothing is more alike."""

    def __init__(self, *, metric: str | Metric, ascent: Ascent | None) -> None:
        super().__init__()
        self.metric = metrics.get(metric) if isinstance(metric, str) else metric
        self.ascent = ascent or Ascent()

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Remember the train paths; valid and rng are not used.

        Raises:
            DataError: no train path has the length of the path asked for.
        """
        self._train = TrainPaths(train)
        self._starts = self._train.all[self._train.all.lengths == self.ascent.length]
        if not len(self._starts):
            raise DataError(
                f"{self.name}: no train path has {self.ascent.length} fixations: set length"
            )
        self._regions = regions_of(self._starts, self.ascent.bins)
        self._common: dict[str, tuple[Alike, Floats]] = {}
        return self

    @abstractmethod
    def _shares(self, finding: str, own: Scanpaths) -> Floats:
        """Weight of each train path of the image, (p,); the finding's paths share the rest."""

    def _paths(self, requests: Requests) -> list[Floats]:
        known: dict[tuple[str, str | None], Floats] = {}
        answers = []
        for finding, image in zip(requests.finding, requests.image, strict=True):
            own = self.train.of_image(image)
            shares = np.empty(0) if own is None else self._shares(finding, own)
            key = (finding, image if shares.any() else None)
            if key not in known:
                known[key] = self._path(finding, own if shares.any() else None, shares)
            answers.append(known[key])
        return answers

    def _path(self, finding: str, own: Scanpaths | None, shares: Floats) -> Floats:
        """The path for a finding and an image's own train paths, (length, 3)."""
        common, promise = self._of_finding(finding)
        parts = [(1.0, common)]
        if own is not None:
            memory, weight = Alike(own, self.metric, self.ascent, shares), float(shares.sum())
            parts = [(1 - weight, common), (weight, memory)]
            promise = (1 - weight) * promise + weight * memory.of(self._starts)
        ranked = np.argsort(-np.round(promise / EQUAL), kind="stable")[: self.ascent.starts]
        best, value = ascend(self._regions[ranked], weighted(parts), self.ascent)
        if own is not None and self.own_paths_compete:
            values = sum(weight * alike.of(own) for weight, alike in parts)
            if np.max(values) >= value - EQUAL:
                return own[int(np.argmax(values))].fixations
        path = places(best, self.train.screen_size, self.ascent.bins)
        durations = np.full(len(path), np.nan)
        if self.train.timed:
            durations = self.train.usual_durations(finding, len(path))
        return np.column_stack([path, durations])

    def _of_finding(self, finding: str) -> tuple[Alike, Floats]:
        """Likeness to the finding's paths, and that of every start, (n,)."""
        if finding not in self._common:
            alike = Alike(self.train.of_finding(finding), self.metric, self.ascent)
            self._common[finding] = alike, alike.of(self._starts)
        return self._common[finding]


@final
class FixedPath(OptimisedPath):
    """Per finding one fixed path, the one most like its train paths; never sees an image.

    Args:
        metric: what is alike; a name of the table or `metrics.get(...)`, of kind "pair", that needs
            no durations.
        ascent: regions, length, starts and sweeps.
    """

    name = "fixed-path"

    def __init__(self, *, metric: str | Metric = "scanmatch", ascent: Ascent | None = None) -> None:
        super().__init__(metric=metric, ascent=ascent)

    def _shares(self, finding: str, own: Scanpaths) -> Floats:
        return np.zeros(len(own))


@final
class Consensus(OptimisedPath):
    """Leak control: the path most like the train paths of the finding and of the same image.

    Each weight is spread evenly over its own paths; an image that train lacks leaves the finding's
    paths alone. It never sees a pixel, and shows what shared images give away.

    Args:
        weight: of the image's train paths, of any finding; the rest is the finding's.
        metric, ascent: as of `FixedPath`.

    Raises:
        BadSetting: the weight is not from 0 to 1.
    """

    name = "consensus"

    def __init__(
        self,
        *,
        weight: float = IMAGE_WEIGHT,
        metric: str | Metric = "scanmatch",
        ascent: Ascent | None = None,
    ) -> None:
        super().__init__(metric=metric, ascent=ascent)
        self.weight = _share("weight", weight)

    def _shares(self, finding: str, own: Scanpaths) -> Floats:
        return np.full(len(own), self.weight / len(own))


@final
class ImageMemoryPath(OptimisedPath):
    """Leak control: the path to bet on for who remembers the image's train paths.

    As `Consensus`, but a search may also repeat a train path of the image outright, with the
    probability that such paths repeat each other in train (`Repeats`): the answer has the highest
    expected similarity, and is such a path itself where nothing is more alike. Its choice on valid
    says nothing about any model: valid may share images with train as test does.

    Args:
        weight: of the image's train paths where none is repeated; what holds without valid.
        metric, ascent: as of `FixedPath`.

    Attributes:
        weight: as given, or as chosen on valid.
        chosen_on: number of paths of valid that chose; 0 before and without valid.

    Raises:
        BadSetting: the weight is not from 0 to 1.
    """

    name = "image-memory-path"
    own_paths_compete = True

    def __init__(
        self,
        *,
        weight: float = IMAGE_WEIGHT,
        metric: str | Metric = "scanmatch",
        ascent: Ascent | None = None,
    ) -> None:
        super().__init__(metric=metric, ascent=ascent)
        self._given = self.weight = _share("weight", weight)
        self.chosen_on = 0

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Remember train; choose the weight (from `GRID`) on valid's paths on images of train.

        Raises:
            DataError: no train path has the length of the path asked for.
        """
        super().fit(train)
        self.weight, self.chosen_on = self._given, 0
        self._repeats = Repeats.of(self.train.all)
        if valid is not None:
            known = set(train.image)
            self._choose(valid[np.array([image in known for image in valid.image], np.bool_)])
        return self

    def _choose(self, valid: Scanpaths) -> None:
        """The weight of highest mean similarity; the first of equals."""
        self.chosen_on = len(valid)
        if not len(valid):
            return
        sign = 1.0 if self.metric.higher_is_better else -1.0
        means = []
        for self.weight in GRID:
            told = self.predict(Requests.of(valid))
            scores = metrics.paired([self.metric], valid, told, screen_size=valid.screen_sizes)
            means.append(sign * np.nanmean(scores[self.metric.name]))
        self.weight = GRID[int(np.argmax(means))]

    def _shares(self, finding: str, own: Scanpaths) -> Floats:
        repeats = self._repeats.priors(finding, own)
        return np.asarray(repeats + (1 - repeats.sum()) * self.weight / len(own))


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise BadSetting(f"{name}={value}: must be from 0 to 1")
    return value
