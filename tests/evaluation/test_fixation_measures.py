"""Scores of single fixations, decisions and durations: by hand, and against integrals."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

from gazesearch.evaluation.likelihood import measures
from gazesearch.prediction import LogNormal

MASS = np.array([[0.30, 0.20, 0.10, 0.00], [0.05, 0.15, 0.08, 0.12]])


def of(function: str, cells: list[int], mass: np.ndarray = MASS) -> list[float]:
    """Values of a function at some cells of a map."""
    maps = np.tile(mass, (len(cells), 1, 1))
    with np.errstate(divide="ignore"):
        given = np.log(maps) if function in ("log_likelihood", "conditional_auc") else maps
    return getattr(measures, function)(given, np.array(cells)).tolist()  # type: ignore[no-any-return]


def test_log_likelihood_is_the_mass_over_that_of_a_uniform_map() -> None:
    found = of("log_likelihood", [0, 6, 3])
    assert found == pytest.approx([math.log2(0.3 * 8), math.log2(0.08 * 8), -math.inf])


def test_nss_is_the_standardised_mass() -> None:
    # Mean of the cells 1/8; their squares sum to 0.1858, so the variance is 0.1858 / 8 - 1 / 64.
    deviation = math.sqrt(0.1858 / 8 - 1 / 64)
    found = of("conditional_nss", [0, 3])
    assert found == pytest.approx([(0.3 - 0.125) / deviation, -0.125 / deviation])


def test_auc_is_the_share_of_cells_with_less_mass_and_half_of_those_with_as_much() -> None:
    assert of("conditional_auc", [0, 1, 3]) == [7.5 / 8, 6.5 / 8, 0.5 / 8]
    ties = np.array([[0.125, 0.125, 0.25, 0.5]])
    assert of("conditional_auc", [0, 1, 2, 3], ties) == [0.25, 0.25, 2.5 / 4, 3.5 / 4]


def test_a_constant_map_is_at_chance_and_its_nss_undefined() -> None:
    flat = np.full((3, 5), 1 / 15)
    assert of("conditional_auc", [7], flat) == [0.5]
    assert of("log_likelihood", [7], flat) == pytest.approx([0.0])
    assert np.isnan(of("conditional_nss", [7], flat)).all()


def test_rounding_gives_a_constant_map_no_nss() -> None:
    flat = np.full((300, 400), 1 / 120_000)
    flat[::7] *= 1 + 1e-15
    assert np.isnan(of("conditional_nss", [7], flat)).all()


@pytest.mark.parametrize("function", ["log_likelihood", "conditional_nss", "conditional_auc"])
def test_off_the_screen_nothing_is_defined(function: str) -> None:
    assert np.isnan(of(function, [-1])).all()


def test_the_expected_likelihood_is_the_mean_over_the_map_itself() -> None:
    with np.errstate(divide="ignore"):
        found = measures.expected_log_likelihood(np.log(MASS)[None], MASS[None])
    by_hand = sum(mass * math.log2(mass * 8) for mass in MASS.ravel() if mass)
    assert found == pytest.approx([by_hand])


def test_stopping_is_scored_by_the_probability_of_what_was_decided() -> None:
    log_stop = np.log([0.25, 0.25, 1.0, 1.0])
    stopped = np.array([True, False, True, False])
    found = measures.stop_log_score(log_stop, stopped)
    assert found == pytest.approx([-2, math.log2(0.75), 0, -math.inf])
    never = measures.stop_log_score(np.array([-np.inf, -np.inf]), np.array([False, True]))
    assert never == pytest.approx([0, -math.inf])


@pytest.mark.parametrize("duration_s", [1e-4, 0.05, 0.25, 0.3, 2.0, 30.0])
@pytest.mark.parametrize(("mean", "spread"), [(-1.3, 0.35), (0.0, 1.0), (-2.0, 0.05)])
def test_durations_are_scored_as_density_and_integral_say(
    duration_s: float, mean: float, spread: float
) -> None:
    told = LogNormal(mean=np.array([mean]), spread=np.array([spread]))
    law = stats.lognorm(s=spread, scale=math.exp(mean))
    (score,) = measures.duration_log_score(told, np.array([duration_s]))
    assert score == pytest.approx(law.logpdf(duration_s) / math.log(2))
    below = integrate.quad(lambda t: law.cdf(t) ** 2, 0, duration_s, limit=500)[0]
    ends = [at for at in (*law.ppf([0.5, 0.999, 1 - 1e-9]), 60.0) if at > duration_s]
    above = sum(
        integrate.quad(lambda t: law.sf(t) ** 2, low, high, limit=500)[0]
        for low, high in itertools.pairwise([duration_s, *ends])
    )
    (crps,) = measures.duration_crps(told, np.array([duration_s]))
    assert crps == pytest.approx(below + above, rel=1e-6)


def test_a_missing_duration_is_undefined_and_one_of_0_s_impossible() -> None:
    told = LogNormal(mean=np.array([-1.0, -1.0]), spread=np.array([0.3, 0.3]))
    assert measures.duration_log_score(told, np.array([np.nan, 0.0])) == pytest.approx(
        [math.nan, -math.inf], nan_ok=True
    )
    crps = measures.duration_crps(told, np.array([np.nan, 0.0]))
    assert np.isnan(crps[0])
    assert crps[1] > 0


@pytest.mark.parametrize(
    ("spread", "exact"),
    [(3, 0.84578096), (8, 366671.49), (12, 1.2047204e14), (40, 4.4309135e171), (100, math.inf)],
)
def test_a_spread_beyond_all_reason_cannot_win(spread: float, exact: float) -> None:
    """Mean of log seconds -1.2, 0.3 s seen; the closed form, in 200 digits and more."""
    told = LogNormal(mean=np.array([-1.2]), spread=np.array([float(spread)]))
    assert measures.duration_crps(told, np.array([0.3])) == pytest.approx([exact], rel=1e-7)
