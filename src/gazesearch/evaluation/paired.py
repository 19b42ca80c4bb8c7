"""Intervals of predictors and paired tests between two, on one group of records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gazesearch.evaluation.clusters import Layout, defined_records, statistic
from gazesearch.evaluation.intervals import LEVEL
from gazesearch.evaluation.means import Floats, Mask
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.statistics import (
    Statistic,
    bootstrap,
    clusters_needed,
    detectable_difference,
    differences_by_cluster,
    effect_size,
    holm,
    percentile_interval,
    sign_flip_test,
    standard_error,
)
from gazesearch.metrics import Metric


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A predictor's mean of a metric over a group of records.

    Attributes:
        predictor, group, metric: what of whom.
        mean: as `Scores.summary` has it; NaN where nothing is defined.
        low, high: its 95% interval, by bootstrap over images; NaN under two images.
        n, undefined: values with and without a number, as in `Summary`.
        images: images with a value.
        scored, asked: records of the group with a prediction, and all of them.
    """

    predictor: str
    group: str
    metric: str
    mean: float
    low: float
    high: float
    n: int
    undefined: int
    images: int
    scored: int
    asked: int


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """Two predictors on the records that have a value of a metric for both.

    Attributes:
        first, other, group, metric: what of whom.
        difference: mean of the first minus mean of the other, in the metric's unit; above 0 speaks
            for the first where higher is better, below 0 where lower is. NaN without common
            records.
        low, high: its 95% interval, by bootstrap over images.
        p_value: two-sided, by exchange of the two within images.
        p_holm: corrected for the number of metrics of this group and pair (Holm 1979).
        effect_size: difference in standard deviations of the images' differences.
        standard_error: of the difference, from the spread between images.
        detectable_difference: true difference that such a test finds with a chance of 80%.
        records: common records with a value (of fixation maps: pairs of image and finding).
        images: images that they show. Under two, all from `low` to `detectable_difference` is NaN;
            where all images differ by the same, the last three are.
        favours: the better one where `p_holm` is below 0.05, else None.
    """

    first: str
    other: str
    group: str
    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    p_holm: float
    effect_size: float
    standard_error: float
    detectable_difference: float
    records: int
    images: int
    favours: str | None

    def images_needed(self, difference: float, *, power: float = 0.8) -> int:
        """Images at which a true difference of this size is found, if they are like these.

        Raises:
            BadSetting: the difference is 0, or nothing is known of the spread between images.
        """
        return clusters_needed(difference, self.standard_error, self.images, power=power)


@dataclass(frozen=True, kw_only=True)
class Draws:
    """How resamples are drawn; each use starts anew, so that all see the same ones."""

    resamples: int
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """A predictor's rows of a group."""

    name: str
    scores: Scores
    group: str
    layout: Layout


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pair:
    """A metric of two predictors, on the records that have a value for both."""

    first: Statistic
    other: Statistic
    records: int


def compare_on_group(
    parts: Sequence[Part], metrics: Sequence[Metric], draws: Draws
) -> tuple[list[Estimate], list[PairedTest]]:
    """Means of all predictors on a group, and the first against each other one."""
    first, *others = parts
    wholes = [[statistic(part.scores, one, part.layout) for one in metrics] for part in parts]
    pairs = [
        list(_pairs(first, other, metrics, wholes[0], whole))
        for other, whole in zip(others, wholes[1:], strict=True)
    ]
    asked: list[tuple[Statistic, ...]] = [(one,) for whole in wholes for one in whole]
    asked += [(pair.first, pair.other) for some in pairs for pair in some]
    ends = _intervals(asked, draws)  # of everything in the order asked
    means = [
        mean
        for part, whole in zip(parts, wholes, strict=True)
        for mean in _estimates(part, metrics, whole, ends)
    ]
    tests = [
        test
        for other, some in zip(others, pairs, strict=True)
        for test in _tests(first, other, metrics, some, ends, draws)
    ]
    return means, tests


def _pairs(
    first: Part,
    other: Part,
    metrics: Sequence[Metric],
    of_first: Sequence[Statistic],
    of_other: Sequence[Statistic],
) -> Iterator[_Pair]:
    for metric, one, two in zip(metrics, of_first, of_other, strict=True):
        have = [defined_records(part.scores, metric, part.layout) for part in (first, other)]
        common = have[0] & have[1]
        if (have[0] != common).any():
            one = statistic(first.scores, metric, first.layout, common)
        if (have[1] != common).any():
            two = statistic(other.scores, metric, other.layout, common)
        yield _Pair(first=one, other=two, records=_counted(metric, first.layout, common))


def _estimates(
    part: Part,
    metrics: Sequence[Metric],
    found: Sequence[Statistic],
    ends: Iterator[tuple[float, float]],
) -> Iterator[Estimate]:
    scores, rows = part.scores, part.layout.rows
    records = scores.keys["record"][rows]
    asked = len(np.unique(records))
    scored = len(np.unique(records[scores.keys["predicted"][rows]]))
    for metric, one in zip(metrics, found, strict=True):
        summary = scores.summary(metric.name, rows)
        low, high = next(ends)
        yield Estimate(
            predictor=part.name,
            group=part.group,
            metric=metric.name,
            mean=summary.mean,
            low=low,
            high=high,
            n=summary.n,
            undefined=summary.undefined,
            images=one.clusters,
            scored=scored,
            asked=asked,
        )


def _tests(
    first: Part,
    other: Part,
    metrics: Sequence[Metric],
    pairs: Sequence[_Pair],
    ends: Iterator[tuple[float, float]],
    draws: Draws,
) -> Iterator[PairedTest]:
    p_values = _p_values(pairs, draws)
    for metric, pair, p_value, p_holm in zip(metrics, pairs, p_values, holm(p_values), strict=True):
        difference = pair.first.value - pair.other.value
        by_image = differences_by_cluster(pair.first, pair.other)
        error = standard_error(by_image)
        low, high = next(ends)
        better = first.name if (difference > 0) == metric.higher_is_better else other.name
        yield PairedTest(
            first=first.name,
            other=other.name,
            group=first.group,
            metric=metric.name,
            difference=difference,
            low=low,
            high=high,
            p_value=float(p_value),
            p_holm=float(p_holm),
            effect_size=effect_size(difference, by_image),
            standard_error=error,
            detectable_difference=detectable_difference(error),
            records=pair.records,
            images=pair.first.clusters,
            favours=better if p_holm < 1 - LEVEL else None,
        )


def _intervals(
    asked: Sequence[tuple[Statistic, ...]], draws: Draws
) -> Iterator[tuple[float, float]]:
    """Intervals of statistics, or of differences of two; NaN where resampling means nothing."""
    used = [k for k, parts in enumerate(asked) if all(part.resampled for part in parts)]
    unique = {id(part): part for k in used for part in asked[k]}
    values = bootstrap(list(unique.values()), resamples=draws.resamples, seed=draws.seed)
    column = {number: place for place, number in enumerate(unique)}
    wanted = np.empty((len(values), len(used)))
    for place, k in enumerate(used):
        one, *two = (values[:, column[id(part)]] for part in asked[k])
        wanted[:, place] = one - two[0] if two else one
    ends = np.full((2, len(asked)), np.nan)
    ends[:, used] = percentile_interval(wanted, level=LEVEL)
    return zip(*ends.tolist(), strict=True)


def _p_values(pairs: Sequence[_Pair], draws: Draws) -> Floats:
    found = np.full(len(pairs), np.nan)
    used = [k for k, pair in enumerate(pairs) if pair.first.resampled and pair.other.resampled]
    found[used] = sign_flip_test(
        [(pairs[k].first, pairs[k].other) for k in used],
        resamples=draws.resamples,
        seed=draws.seed,
    )
    return found


def _counted(metric: Metric, layout: Layout, common: Mask) -> int:
    if metric.kind == "map":
        return len(np.unique(layout.pairs[common[layout.records]]))
    return int(common.sum())
