"""Resampling of clusters: bootstrap intervals, sign-flip tests, Holm, detectable differences.

Everything here is arrays. A cluster is what stays together (an image, or a patient): its records
are not independent of each other, so it is clusters that are drawn and flipped, never records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from gazesearch.errors import BadSetting

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DRAWS_A_BLOCK = 1_000_000
"""Draws held at once: resamples are made in blocks of so many clusters."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Statistic:
    """A function of sums over clusters: all that resampling must know of a metric.

    Attributes:
        sums: (n, m) m numbers a cluster, which add up over clusters.
        present: (n,) whether a cluster has any defined value; the others add nothing.
        of: (B, m) totals -> (B,) values, NaN where undefined.
    """

    sums: Floats
    present: Mask
    of: Callable[[Floats], Floats]

    @property
    def value(self) -> float:
        """The statistic of all clusters, each counted once."""
        return float(self.of(self.sums.sum(axis=0)[None])[0])

    @property
    def clusters(self) -> int:
        """Number of clusters with a value."""
        return int(self.present.sum())

    @property
    def resampled(self) -> bool:
        """Whether resampling means anything: two clusters with values, all finite."""
        return self.clusters > 1 and bool(np.isfinite(self.sums).all())


def ratio(totals: Floats) -> Floats:
    """Column 0 by column 1, (B, 2) -> (B,): a mean as sum by count; NaN where the count is 0."""
    none = np.full(len(totals), np.nan)
    found: Floats = np.divide(totals[:, 0], totals[:, 1], out=none, where=totals[:, 1] > 0)
    return found


def bootstrap(statistics: Sequence[Statistic], *, resamples: int, seed: int) -> Floats:
    """Values of statistics in resamples of their clusters, drawn with replacement.

    All statistics see the same resamples, so that differences between columns are paired.

    Args:
        statistics: k statistics of the same n clusters.
        resamples: B.
        seed: of the random numbers.

    Returns:
        (B, k); NaN where a resample has no defined value.

    >>> mean = Statistic(sums=np.array([[1.0, 1], [3, 1]]), present=np.full(2, True), of=ratio)
    >>> sorted(set(bootstrap([mean], resamples=100, seed=0)[:, 0].tolist()))
    [1.0, 2.0, 3.0]
    """
    rng = np.random.default_rng(seed)
    values = np.empty((resamples, len(statistics)))
    if not statistics:
        return values
    columns, places = _side_by_side([statistic.sums for statistic in statistics])
    for rows in _blocks(resamples, len(columns)):
        totals = _product(_times_drawn(rng, rows.stop - rows.start, len(columns)), columns)
        for k, (statistic, place) in enumerate(zip(statistics, places, strict=True)):
            values[rows, k] = statistic.of(totals[:, place])
    return values


def percentile_interval(values: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper percentiles of each column of resampled values, (B, k) -> (k,), (k,).

    Resamples without a value are left out; NaN for a column without any.
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    found = np.full((2, values.shape[1]), np.nan)
    whole = np.isfinite(values).all(axis=0)
    if whole.any():
        found[:, whole] = np.quantile(values[:, whole], tails, axis=0)
    for k in np.flatnonzero(~whole):
        defined = values[np.isfinite(values[:, k]), k]
        if len(defined):
            found[:, k] = np.quantile(defined, tails)
    return found[0], found[1]


def sign_flip_test(
    pairs: Sequence[tuple[Statistic, Statistic]], *, resamples: int, seed: int
) -> Floats:
    """Two-sided p-values of paired differences under exchange of the two within clusters.

    In every resample each cluster swaps its two sums or does not, with probability 1/2; for a mean
    over the same records that is a flip of the sign of the cluster's difference. The p-value is
    (1 + number of resamples at least as far from 0) / (1 + B) (Phipson and Smyth 2010).

    Args:
        pairs: k pairs of statistics of the same n clusters, with the same function each.
        resamples: B.
        seed: of the random numbers.

    Returns:
        (k,) p-values.

    >>> first = Statistic(sums=np.array([[1.0, 1], [3, 1]]), present=np.full(2, True), of=ratio)
    >>> sign_flip_test([(first, first)], resamples=100, seed=0)
    array([1.])
    """
    rng = np.random.default_rng(seed)
    if not pairs:
        return np.empty(0)
    middle = [(first.sums + other.sums).sum(axis=0) / 2 for first, other in pairs]
    columns, places = _side_by_side([(first.sums - other.sums) / 2 for first, other in pairs])
    # Without a margin, rounding would decide whether a resample equal to what was seen counts.
    least = [
        abs(first.value - other.value) - 1e-12 * (abs(first.value) + abs(other.value))
        for first, other in pairs
    ]
    extreme = np.zeros(len(pairs))
    for rows in _blocks(resamples, len(columns)):
        swings = _product(_signs(rng, rows.stop - rows.start, len(columns)), columns)
        for k, ((first, other), place) in enumerate(zip(pairs, places, strict=True)):
            swing = swings[:, place]
            difference = first.of(middle[k] + swing) - other.of(middle[k] - swing)
            extreme[k] += np.count_nonzero(~(np.abs(difference) < least[k]))
    return (1 + extreme) / (1 + resamples)


def holm(p_values: ArrayLike) -> Floats:
    """P-values corrected for their number, step-down (Holm 1979); NaN stays and counts for none.

    Below 0.05, the chance of one or more false alarms among all of them is at most 5%.

    >>> holm([0.01, 0.04, 0.03, float("nan")])
    array([0.03, 0.06, 0.06,  nan])
    """
    p = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(p.shape, np.nan)
    order = np.argsort(p)[: int(np.count_nonzero(~np.isnan(p)))]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return corrected


def differences_by_cluster(first: Statistic, other: Statistic) -> Floats:
    """What each cluster says of the difference: jackknife pseudo-values, (clusters with a value,).

    Their mean estimates the difference and their spread its standard error; where all clusters have
    the same number of records they are the clusters' mean differences. Empty under two clusters.
    """
    n = first.clusters
    if not (first.resampled and other.resampled):
        return np.empty(0)
    without = [
        statistic.of(statistic.sums.sum(axis=0) - statistic.sums[first.present])
        for statistic in (first, other)
    ]
    whole = first.value - other.value
    values: Floats = n * whole - (n - 1) * (without[0] - without[1])
    # Differences that are all the same have no spread; rounding would make them one.
    noise = 1e-12 * n * (abs(first.value) + abs(other.value))
    return np.full(n, whole) if np.ptp(values) <= noise else values


def standard_error(by_cluster: Floats) -> float:
    """Standard error of a mean over clusters, from their spread (n - 1).

    NaN under two clusters, and where all are the same: nothing is known of their spread then.
    """
    return _spread(by_cluster) / math.sqrt(max(len(by_cluster), 1))


def effect_size(difference: float, by_cluster: Floats) -> float:
    """Difference in standard deviations of the clusters' differences (Cohen's d of pairs).

    NaN under two clusters, and where all differences are the same.
    """
    return difference / _spread(by_cluster)


def _spread(by_cluster: Floats) -> float:
    if len(by_cluster) < 2 or np.ptp(by_cluster) == 0:
        return float("nan")
    return float(by_cluster.std(ddof=1))


def detectable_difference(error: float, *, power: float = 0.8, level: float = 0.05) -> float:
    """Smallest true difference that a two-sided test at `level` finds with this power.

    Args:
        error: standard error of the difference.
        power: chance of finding it, above `level`, below 1.
        level: chance of a false alarm.

    >>> round(detectable_difference(0.01), 4)
    0.028
    """
    if not 0 < level < power < 1:
        raise BadSetting(f"power={power}, level={level}: must be 0 < level < power < 1")
    return float((ndtri(1 - level / 2) + ndtri(power)) * error)


def clusters_needed(
    difference: float, error: float, clusters: int, *, power: float = 0.8, level: float = 0.05
) -> int:
    """Clusters at which a true difference is found, if they are like the ones at hand.

    Args:
        difference: the true difference looked for, not 0.
        error: standard error of the difference with the clusters at hand.
        clusters: number of clusters at hand.
        power, level: as in `detectable_difference`.

    Raises:
        BadSetting: the difference is 0 or not finite, or the standard error is undefined.

    >>> clusters_needed(0.02, 0.01, 100), clusters_needed(-0.01, 0.01, 100)
    (197, 785)
    """
    if not (math.isfinite(difference) and difference != 0):
        raise BadSetting(f"difference={difference}: must be finite and not 0")
    if math.isnan(error):
        raise BadSetting("images needed: unknown, as the spread between images is undefined here")
    detectable = detectable_difference(error, power=power, level=level)
    return max(2, math.ceil(clusters * (detectable / difference) ** 2))


def _side_by_side(parts: Sequence[Floats]) -> tuple[Floats, list[slice]]:
    ends = np.cumsum([0, *(part.shape[1] for part in parts)]).tolist()
    places = [slice(*ends[k : k + 2]) for k in range(len(parts))]
    return np.concatenate(parts, axis=1), places


def _blocks(resamples: int, clusters: int) -> Iterator[slice]:
    size = max(1, _DRAWS_A_BLOCK // max(clusters, 1))
    for start in range(0, resamples, size):
        yield slice(start, min(start + size, resamples))


def _times_drawn(rng: np.random.Generator, resamples: int, clusters: int) -> Floats:
    """How often each cluster is drawn in each resample, (resamples, clusters)."""
    drawn = rng.integers(0, clusters, (resamples, clusters), dtype=np.int32).astype(np.intp)
    drawn += clusters * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * clusters)
    return counts.reshape(resamples, clusters).astype(np.float64)


def _signs(rng: np.random.Generator, resamples: int, clusters: int) -> Floats:
    """1 or -1 for each cluster in each resample, (resamples, clusters)."""
    heads = rng.integers(0, 2, (resamples, clusters), dtype=np.int8)
    return 2 * heads.astype(np.float64) - 1


def _product(weights: Floats, columns: Floats) -> Floats:
    # Infinite sums make NaN of their own column only, and some BLAS raise flags without a reason.
    with np.errstate(all="ignore"):
        found: Floats = weights @ columns
    return found
