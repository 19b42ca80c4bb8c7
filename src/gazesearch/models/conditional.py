"""What every model with `next_fixation` gets for it: paths."""

from __future__ import annotations

from abc import ABC, abstractmethod

from gazesearch.models import decoding
from gazesearch.prediction import ImageSource, NextFixation, Requests, Rng
from gazesearch.scanpaths import Scanpaths


class Conditional(ABC):
    """A model that says what comes after any history; subclasses add `next_fixation` and are final.

    Its default prediction is one draw: a model of this kind has no single best path.
    """

    name: str
    needs_images: bool

    @property
    @abstractmethod
    def predicts_durations(self) -> bool:
        """Whether paths have durations."""

    @abstractmethod
    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The next fixation after each history, a row a request."""

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """One draw a request."""
        drawn = decoding.sample(self, requests, 1, images=images, rng=rng)
        return requests.answered([path.fixations for path in drawn], name=self.name)

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """n draws a request, column `draw` 0..n-1."""
        return decoding.sample(self, requests, n, images=images, rng=rng)
