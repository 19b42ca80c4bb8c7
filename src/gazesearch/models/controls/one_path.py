"""What controls of paths share: the paths of train, and answering with one, whatever is drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from gazesearch.errors import DataError
from gazesearch.models.controls.habits import Habits
from gazesearch.prediction import Floats, ImageSource, Requests, Rng
from gazesearch.scanpaths import Scanpaths


class TrainPaths:
    """Train paths that are not empty, by finding and by image; all of one frame.

    Attributes:
        all: the paths, in the order of the table.
        by_finding: the paths of each finding, in order of appearance.
        screen_size: (2,) px.
        timed: whether all paths have durations, and some are above 0.

    Raises:
        DataError: no path has a fixation, or the paths have several frames.
    """

    def __init__(self, train: Scanpaths) -> None:
        self.all = train[train.lengths > 0]
        if not len(self.all):
            raise DataError("no train path has a fixation")
        if train.info.screen_size is None:
            raise DataError("train paths must share one frame")
        self.screen_size = np.array(train.info.screen_size)
        self.timed = bool(self.all.has_durations.all() and (self.all.durations > 0).any())
        self.by_finding: dict[Any, Scanpaths] = self.all.group("task")
        self._by_image: dict[Any, Scanpaths] = self.all.group("name")

    def of_finding(self, finding: str) -> Scanpaths:
        """The finding's paths, or all where train has none of it."""
        return self.by_finding.get(finding, self.all)

    def of_image(self, image: str) -> Scanpaths | None:
        """The image's paths, of any finding; None where train has none of it."""
        return self._by_image.get(image)

    def scaled(self, path: Floats, screen_size: Floats) -> Floats:
        """A path in another frame, (k, 3); (k, 2) unless all train paths have durations."""
        xy: Floats = path[:, :2] * (screen_size / self.screen_size)
        return np.column_stack([xy, path[:, 2]]) if self.timed else xy

    def usual_durations(self, finding: str, length: int) -> Floats:
        """Geometric mean, position by position, of the finding's durations above 0, (length,) s."""
        here = Habits.of(self.of_finding(finding)).duration(np.arange(length))
        told = here or Habits.of(self.all).duration(np.arange(length))
        if told is None:
            raise DataError("the train paths have no durations")
        durations: Floats = np.exp(told.mean)
        return durations


class FromTrain:
    """A model made of train paths: what it was fitted on, and whether that is timed."""

    name: str
    needs_images = False

    def __init__(self) -> None:
        self._train: TrainPaths | None = None

    @property
    def train(self) -> TrainPaths:
        """What the model was fitted on.

        Raises:
            DataError: it was not.
        """
        if self._train is None:
            raise DataError(f"{self.name}: fit the model on train first")
        return self._train

    @property
    def predicts_durations(self) -> bool:
        """Whether all train paths have durations."""
        return self.train.timed


class OnePath(FromTrain, ABC):
    """A model that answers a request with one path, always the same; subclasses are final."""

    @abstractmethod
    def _paths(self, requests: Requests) -> list[Floats]:
        """A path for each request, (k, 3) in the frame of train."""

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """The path of each request, in its frame; no image is looked at and nothing is drawn."""
        return requests.answered(self._answers(requests), name=self.name)

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """The same path n times: the model knows no other.

        Raises:
            BadSetting: n is below 1.
        """
        repeated = requests.repeated(n)
        answers = [path for path in self._answers(requests) for _ in range(n)]
        draws = np.tile(np.arange(n), len(requests)).tolist()
        return repeated.answered(answers, name=self.name, draw=draws)

    def _answers(self, requests: Requests) -> list[Floats]:
        pairs = zip(self._paths(requests), requests.screen_sizes, strict=True)
        return [self.train.scaled(path, size) for path, size in pairs]
