"""Resampling: against by-hand cases, textbook formulas and SciPy."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
import scipy.stats

from gazesearch.errors import BadSetting
from gazesearch.evaluation.statistics import (
    Statistic,
    bootstrap,
    clusters_needed,
    detectable_difference,
    differences_by_cluster,
    effect_size,
    holm,
    percentile_interval,
    ratio,
    sign_flip_test,
    standard_error,
)


def mean_of(values: list[float] | np.ndarray, counts: list[int] | None = None) -> Statistic:
    """A mean whose clusters have these sums and numbers of records."""
    counted = np.ones(len(values)) if counts is None else np.array(counts, float)
    sums = np.stack([np.asarray(values, float), counted], axis=1)
    return Statistic(sums=sums, present=counted > 0, of=ratio)


# -- intervals


def test_resamples_of_two_images_are_their_three_means() -> None:
    values = bootstrap([mean_of([0.0, 1.0])], resamples=20_000, seed=0)[:, 0]
    found, counts = np.unique(values, return_counts=True)
    assert found.tolist() == [0.0, 0.5, 1.0]
    assert counts / len(values) == pytest.approx([0.25, 0.5, 0.25], abs=0.02)


def test_records_of_an_image_stay_together() -> None:
    """Two images of one and three records: a resample has 2, 4 or 6 records, never another mean."""
    values = bootstrap([mean_of([1.0, 0.0], [1, 3])], resamples=500, seed=0)[:, 0]
    assert set(values.tolist()) == {0.0, 0.25, 1.0}


def test_the_interval_is_that_of_scipy_where_every_image_has_one_record() -> None:
    rng = np.random.default_rng(0)
    values = rng.gamma(2, size=200)
    found = percentile_interval(bootstrap([mean_of(values)], resamples=20_000, seed=0))
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    assert (found[0][0], found[1][0]) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_all_statistics_see_the_same_resamples() -> None:
    values = np.random.default_rng(0).random(50)
    both = bootstrap([mean_of(values), mean_of(values + 1)], resamples=200, seed=3)
    assert both[:, 1] - both[:, 0] == pytest.approx(1)
    alone = bootstrap([mean_of(values + 1)], resamples=200, seed=3)
    assert alone[:, 0] == pytest.approx(both[:, 1], abs=1e-12)


def test_the_same_seed_gives_the_same_resamples_and_another_seed_others() -> None:
    one = mean_of(np.arange(30.0))
    runs = [bootstrap([one], resamples=100, seed=seed).tolist() for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_memory_does_not_grow_with_the_number_of_resamples() -> None:
    many = mean_of(np.full(300_000, 2.0))  # 30 million draws in all, 240 MB if held at once
    tracemalloc.start()
    values = bootstrap([many], resamples=100, seed=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert values.tolist() == [[2.0]] * 100
    assert peak < 100e6


def test_resamples_without_a_value_are_left_out() -> None:
    values = bootstrap([mean_of([1.0, 0.0, 0.0], [1, 0, 0])], resamples=500, seed=0)
    assert np.isnan(values).any()
    low, high = percentile_interval(values)
    assert (low[0], high[0]) == (1.0, 1.0)


# -- tests


def test_the_p_value_is_the_share_of_all_sign_patterns() -> None:
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.05, 0.25])
    patterns = np.array(list(itertools.product([-1, 1], repeat=6)))
    exact = np.mean(np.abs(patterns @ differences) >= abs(differences.sum()) - 1e-12)
    pairs = [(mean_of(differences + 1), mean_of(np.ones(6)))]
    assert sign_flip_test(pairs, resamples=50_000, seed=0)[0] == pytest.approx(exact, abs=0.005)


def test_equal_predictors_have_p_1_and_a_sure_difference_the_smallest_p() -> None:
    values = np.random.default_rng(0).random(40)
    same, above = (mean_of(values), mean_of(values)), (mean_of(values + 0.5), mean_of(values))
    assert sign_flip_test([same, above], resamples=999, seed=0).tolist() == [1.0, 0.001]


def test_the_p_value_does_not_depend_on_who_is_first() -> None:
    rng = np.random.default_rng(1)
    one, two = mean_of(rng.random(30)), mean_of(rng.random(30))
    found = sign_flip_test([(one, two), (two, one)], resamples=500, seed=0)
    assert found[0] == found[1]


def test_the_p_value_agrees_with_the_t_test_of_pairs_on_normal_differences() -> None:
    rng = np.random.default_rng(5)
    first, other = rng.normal(0.2, 1, 200), rng.normal(0, 1, 200)
    found = sign_flip_test([(mean_of(first), mean_of(other))], resamples=20_000, seed=0)
    assert found[0] == pytest.approx(scipy.stats.ttest_rel(first, other).pvalue, abs=0.01)


def test_holm_as_worked_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


def test_undefined_p_values_do_not_count_as_tests() -> None:
    found = holm([np.nan, 0.03, np.nan])
    assert np.isnan(found).tolist() == [True, False, True]
    assert found[1] == 0.03


# -- effects and plans


def test_effect_and_error_are_those_of_the_images_mean_differences() -> None:
    rng = np.random.default_rng(2)
    first, other = rng.random(25), rng.random(25)
    found = differences_by_cluster(mean_of(3 * first, [3] * 25), mean_of(3 * other, [3] * 25))
    assert found == pytest.approx(first - other)
    assert standard_error(found) == pytest.approx(scipy.stats.sem(first - other))
    expected = np.mean(first - other) / np.std(first - other, ddof=1)
    assert effect_size(float(np.mean(first - other)), found) == pytest.approx(expected)


def test_differences_without_spread_have_neither_effect_nor_error() -> None:
    values = np.random.default_rng(0).random(30)
    found = differences_by_cluster(mean_of(values + 0.1), mean_of(values))
    assert found == pytest.approx(0.1)
    assert np.isnan([standard_error(found), effect_size(0.1, found)]).all()


def test_the_detectable_difference_has_the_stated_power_for_a_normal_estimate() -> None:
    found = detectable_difference(2.0, power=0.9, level=0.01)
    edge = scipy.stats.norm.isf(0.005) * 2.0
    assert scipy.stats.norm.sf(edge, loc=found, scale=2.0) == pytest.approx(0.9)


def test_as_many_images_are_needed_as_at_hand_for_the_detectable_difference() -> None:
    found = detectable_difference(0.01)
    assert clusters_needed(found * (1 + 1e-9), 0.01, 444) == 444
    assert clusters_needed(found / 2 * (1 + 1e-9), 0.01, 444) == 4 * 444
    assert clusters_needed(-found / 2 * (1 + 1e-9), 0.01, 444) == 4 * 444


@pytest.mark.parametrize(("difference", "error"), [(0.0, 0.1), (np.nan, 0.1), (0.1, np.nan)])
def test_a_number_of_images_is_not_made_up(difference: float, error: float) -> None:
    with pytest.raises(BadSetting):
        clusters_needed(difference, error, 100)


@pytest.mark.parametrize("power", [0.05, 1.0, -1, float("nan")])
def test_a_power_that_cannot_be_is_refused(power: float) -> None:
    with pytest.raises(BadSetting, match="power"):
        detectable_difference(0.1, power=power)
