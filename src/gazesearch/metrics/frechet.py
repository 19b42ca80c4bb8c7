"""Discrete Fréchet distance: the shortest leash for two walkers who never turn back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from numpy.typing import ArrayLike

from gazesearch.metrics._compile import kernel
from gazesearch.metrics._lanes import LaneScorer, Tiles
from gazesearch.metrics._metric import Measure, Scorer
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths
from gazesearch.metrics._warping import fill


def frechet(reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike) -> float:
    """Largest distance along the warping path that makes it smallest, px.

    Source: Eiter and Mannila 1994, Computing discrete Fréchet distance, TU Wien CD-TR 94/64.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px; durations are never looked at.
        screen_size: (width, height) px; does not enter the value.

    Returns:
        0 or more px, lower is better, symmetric. NaN if a path is empty.

    Raises:
        DataError: a path is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> frechet([[0, 0], [30, 40]], [[0, 0], [0, 10], [30, 44]], screen_size=(224, 224))
    10.0
    """
    return score_pair(Frechet(), reference, prediction, screen_size)[0]


@dataclass(frozen=True, kw_only=True)
class Frechet(Measure):
    """Discrete Fréchet distance; it has no settings."""

    name: ClassVar[str] = "frechet"

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Coordinates as they are."""
        a, b = references.xy.T.copy(), predictions.xy.T.copy()
        score = partial(_leashes, a, references.offsets, b, predictions.offsets)
        return LaneScorer(score=score, lengths=predictions.lengths)


@kernel
def _leashes(
    a: Floats, a_offsets: Integers, b: Floats, b_offsets: Integers, tiles: Tiles, out: Floats
) -> None:
    fill(a, a_offsets, b, b_offsets, tiles, True, out)
