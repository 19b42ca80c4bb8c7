"""Intervals of the means of `Scores`, by bootstrap over images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gazesearch.errors import BadSetting
from gazesearch.evaluation.clusters import Layout, statistic
from gazesearch.evaluation.means import Mask
from gazesearch.evaluation.statistics import bootstrap, percentile_interval

if TYPE_CHECKING:
    from gazesearch.evaluation.scores import Scores

RESAMPLES: Final = 10_000
LEVEL: Final = 0.95

Rng = int | np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Interval:
    """95% interval of a mean.

    Attributes:
        low, high: percentiles 2.5 and 97.5 of the means of resamples; NaN under two images.
        images: images with a value (patients, where these are what is resampled).
    """

    low: float
    high: float
    images: int


def intervals(
    scores: Scores,
    where: Mask | None,
    *,
    resamples: int,
    rng: Rng,
    patients: Mapping[str, str] | None,
) -> dict[str, Interval]:
    """Interval of every metric of a table, over a group of its rows; see `Scores.intervals`."""
    rows = np.ones(len(scores), np.bool_) if where is None else where
    layout = Layout.of(scores, rows, patients)
    found = [statistic(scores, metric, layout) for metric in scores.metrics]
    used = [number for number, one in enumerate(found) if one.resampled]
    low, high = np.full((2, len(found)), np.nan)
    values = bootstrap(
        [found[number] for number in used], resamples=checked(resamples), seed=seed_of(rng)
    )
    low[used], high[used] = percentile_interval(values, level=LEVEL)
    return {
        metric.name: Interval(low=float(low[k]), high=float(high[k]), images=found[k].clusters)
        for k, metric in enumerate(scores.metrics)
    }


def seed_of(rng: Rng) -> int:
    """The seed of all groups: an int is itself, a generator draws one.

    Each group starts from it anew, so that an interval does not depend on what else is shown.

    Raises:
        BadSetting: it is neither a whole number from 0 up nor a generator.
    """
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    if isinstance(rng, bool) or not isinstance(rng, int | np.integer) or rng < 0:
        raise BadSetting(f"rng={rng!r}: must be a whole number from 0 up, or a numpy Generator")
    return int(rng)


def checked(resamples: int) -> int:
    """A number of resamples.

    Raises:
        BadSetting: it is not a whole number from 100 to 1,000,000.
    """
    if isinstance(resamples, bool) or not isinstance(resamples, int | np.integer):
        raise BadSetting(f"resamples={resamples!r}: must be a whole number")
    if not 100 <= resamples <= 1_000_000:
        raise BadSetting(f"resamples={resamples}: must be from 100 to 1,000,000")
    return int(resamples)
