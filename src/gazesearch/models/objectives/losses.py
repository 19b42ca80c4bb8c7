"""What an objective answers: the mean of each of its terms, and over how many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

from torch import Tensor

from gazesearch.errors import BadSetting
from gazesearch.models.network import Output
from gazesearch.models.objectives.searches import Searches
from gazesearch.models.shapes import Float


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Over how many places, decisions to stop or go on, and durations the means are."""

    map: int
    stop: int
    duration: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            map=self.map + other.map,
            stop=self.stop + other.stop,
            duration=self.duration + other.duration,
        )


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What the mean of each term counts for in the total.

    Raises:
        BadSetting: a weight is below 0.
    """

    map: float = 1.0
    stop: float = 1.0
    duration: float = 1.0

    def __post_init__(self) -> None:
        for term in ("map", "stop", "duration"):
            value = getattr(self, term)
            if not 0 <= value < math.inf:
                raise BadSetting(f"objective: weight of {term}={value}: must be 0 or more")


@dataclass(frozen=True, kw_only=True, eq=False)
class Losses:
    """Means of an objective's terms over what counts in a batch; 0 where nothing does.

    Attributes:
        map, stop, duration: of places, of decisions to stop or go on, and of durations.
        counts: over how many of each.
        weights: what each counts for in the total.
    """

    map: Float[Tensor, ""]
    stop: Float[Tensor, ""]
    duration: Float[Tensor, ""]
    counts: Counts
    weights: Weights

    @property
    def total(self) -> Float[Tensor, ""]:
        """What is minimised."""
        return self.part_of(self.counts)

    def part_of(self, whole: Counts) -> Float[Tensor, ""]:
        """What this batch adds to the total of a step that is made of several.

        The parts add up to the total of all searches in one batch: neither small batches nor those
        with few ends weigh more.

        Args:
            whole: sum of the counts of the step's batches.
        """
        return (
            self.weights.map * self.map * (self.counts.map / max(whole.map, 1))
            + self.weights.stop * self.stop * (self.counts.stop / max(whole.stop, 1))
            + self.weights.duration
            * self.duration
            * (self.counts.duration / max(whole.duration, 1))
        )


class Objective(Protocol):
    """What training minimises.

    Attributes:
        name: as in recipes.
    """

    name: ClassVar[str]

    def __call__(
        self, output: Output, log_mass: Float[Tensor, "b h w"], searches: Searches
    ) -> Losses:
        """How far a network's answers are from what came next.

        Args:
            output: what the network answered.
            log_mass: the network's `log_mass` of the output's map.
            searches: what it was asked, and what came next.
        """
