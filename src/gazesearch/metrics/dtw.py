"""Dynamic time warping: total distance of two scanpaths, each fixation matched in order."""

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


def dtw(reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike) -> float:
    """Sum of distances along the cheapest warping path, px.

    Source: Sakoe and Chiba 1978, IEEE Transactions on Acoustics, Speech and Signal Processing 26;
    here with steps right, down and diagonal of equal weight, no window, not normalised by length.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px; durations are never looked at.
        screen_size: (width, height) px; does not enter the value.

    Returns:
        0 or more px, lower is better, symmetric. NaN if a path is empty.

    Raises:
        DataError: a path is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> dtw([[0, 0], [30, 40]], [[0, 0], [0, 10], [30, 40]], screen_size=(224, 224))
    10.0
    """
    return score_pair(DynamicTimeWarping(), reference, prediction, screen_size)[0]


@dataclass(frozen=True, kw_only=True)
class DynamicTimeWarping(Measure):
    """Dynamic time warping; it has no settings."""

    name: ClassVar[str] = "dtw"

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Coordinates as they are."""
        a, b = references.xy.T.copy(), predictions.xy.T.copy()
        score = partial(_totals, a, references.offsets, b, predictions.offsets)
        return LaneScorer(score=score, lengths=predictions.lengths)


@kernel
def _totals(
    a: Floats, a_offsets: Integers, b: Floats, b_offsets: Integers, tiles: Tiles, out: Floats
) -> None:
    fill(a, a_offsets, b, b_offsets, tiles, False, out)
