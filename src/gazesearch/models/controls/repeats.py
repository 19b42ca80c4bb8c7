"""How often two searches of one image are the same path: what a shared image gives away."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from gazesearch.prediction import Floats
from gazesearch.scanpaths import Scanpaths

PSEUDO_PAIRS: Final = 5.0
"""Pairs at the overall share that every two findings are given beside their own."""

MOST: Final = 0.95
"""Largest share: nobody repeats for certain."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Repeats:
    """Shares of pairs of train paths on one image whose places are the same to the last digit.

    Attributes:
        overall: share among all pairs, 0 where no image has two paths.
        repeated, pairs: counts by two findings, in alphabetical order.
    """

    overall: float
    repeated: dict[tuple[str, str], int]
    pairs: dict[tuple[str, str], int]

    @classmethod
    def of(cls, train: Scanpaths) -> Repeats:
        """Count the pairs of paths on each image."""
        repeated: dict[tuple[str, str], int] = {}
        pairs: dict[tuple[str, str], int] = {}
        for paths in train.group("name").values():
            places = [path.fixations[:, :2].tobytes() for path in paths]
            for (a, one), (b, other) in combinations(zip(paths.finding, places, strict=True), 2):
                key = (min(a, b), max(a, b))
                pairs[key] = pairs.get(key, 0) + 1
                repeated[key] = repeated.get(key, 0) + (one == other)
        overall = sum(repeated.values()) / max(1, sum(pairs.values()))
        return cls(overall=overall, repeated=repeated, pairs=pairs)

    def share(self, finding: str, other: str) -> float:
        """Share for two findings, drawn towards the overall one where train has few pairs."""
        key = (min(finding, other), max(finding, other))
        repeated = self.repeated.get(key, 0) + PSEUDO_PAIRS * self.overall
        return min(MOST, repeated / (self.pairs.get(key, 0) + PSEUDO_PAIRS))

    def priors(self, finding: str, others: Scanpaths) -> Floats:
        """Probability that a search for a finding repeats each path of its image, (p,).

        The shares are scaled so that, with the probability of repeating none, they sum to 1.
        """
        shares = np.array([self.share(finding, other) for other in others.finding])
        if not shares.any():
            return shares
        any_of_them = 1 - np.prod(1 - shares)
        return np.asarray(shares * any_of_them / shares.sum())
