"""Means over fixations, each of which weighs the same, and their intervals over images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.evaluation.intervals import LEVEL, Interval, Rng, checked, seed_of
from gazesearch.evaluation.statistics import Statistic, bootstrap, percentile_interval, ratio
from gazesearch.prediction import Floats


@dataclass(frozen=True, kw_only=True)
class Average:
    """A measure over a group of fixations, or of decisions.

    Attributes:
        mean: NaN where nothing is defined; infinite where a value is.
        std: standard deviation (n - 1); NaN under two, or where a value is infinite.
        n: defined values.
        undefined: values that are not: off the screen, no duration, a constant map.
        impossible: -inf among the values: what the model gave no probability happened.
    """

    mean: float
    std: float
    n: int
    undefined: int
    impossible: int


def average(values: Floats) -> Average:
    """Mean of the defined values."""
    defined = values[~np.isnan(values)]
    with np.errstate(invalid="ignore"):  # an infinite value leaves no spread; inf - inf no mean
        return Average(
            mean=float(defined.mean()) if len(defined) else float("nan"),
            std=float(defined.std(ddof=1)) if len(defined) > 1 else float("nan"),
            n=len(defined),
            undefined=len(values) - len(defined),
            impossible=int(np.isneginf(defined).sum()),
        )


def clusters_of(images: NDArray[Any]) -> tuple[NDArray[np.intp], int]:
    """Number of the image of each row, in order of their names, and how many there are."""
    names, numbers = np.unique(images.astype(np.str_), return_inverse=True)
    return numbers.astype(np.intp), len(names)


def mean_of(values: Floats, clusters: NDArray[np.intp], count: int) -> Statistic:
    """The mean of the defined values as a function of sums over images."""
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):  # inf - inf
        sums = np.bincount(clusters[defined], values[defined], count)
    number = np.bincount(clusters[defined], minlength=count).astype(np.float64)
    return Statistic(sums=np.stack([sums, number], axis=1), present=number > 0, of=ratio)


def ends(statistics: Mapping[str, Statistic], *, resamples: int, rng: Rng) -> dict[str, Interval]:
    """95% interval of each statistic, all in the same resamples of images."""
    used = {name: one for name, one in statistics.items() if one.resampled}
    values = bootstrap(list(used.values()), resamples=checked(resamples), seed=seed_of(rng))
    low, high = percentile_interval(values, level=LEVEL)
    places = {name: k for k, name in enumerate(used)}
    return {
        name: Interval(
            low=float(low[places[name]]) if name in used else float("nan"),
            high=float(high[places[name]]) if name in used else float("nan"),
            images=one.clusters,
        )
        for name, one in statistics.items()
    }
