"""Scaled time-delay embedding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch.metrics import scaled_time_delay_embedding as stde

SCREEN = (200, 100)
QUICK = settings(deadline=None, max_examples=80)
COORDINATE = st.floats(-50, 250)
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=7)


def written_out(reference: Any, prediction: Any, screen: tuple[int, int]) -> float:
    """The definition with windows as arrays."""
    a, b = np.array(reference) / max(screen), np.array(prediction) / max(screen)
    scores = []
    for k in range(1, min(len(a), len(b)) + 1):
        windows_a = [a[i : i + k] for i in range(len(a) - k + 1)]
        windows_b = [b[j : j + k] for j in range(len(b) - k + 1)]
        nearest = [
            min(np.linalg.norm(p - q, axis=1).sum() for p in windows_a) / k for q in windows_b
        ]
        scores.append(math.exp(-np.mean(nearest)))
    return float(np.mean(scores))


def test_a_case_by_hand() -> None:
    # In parts of 200 px: reference (0, 0), (1/2, 0), prediction (0, 0), (0, 1/2), (1/2, 0).
    # k = 1: nearest 0, 1/2, 0: mean 1/6. k = 2: window (0,0),(0,1/2): (0 + sqrt(1/2)) / 2; window
    # (0,1/2),(1/2,0): (1/2 + 0) / 2; mean (sqrt(1/2) + 1/2) / 4.
    a, b = [(0, 0), (100, 0)], [(0, 0), (0, 100), (100, 0)]
    expected = (math.exp(-1 / 6) + math.exp(-(math.sqrt(0.5) + 0.5) / 4)) / 2
    assert stde(a, b, SCREEN) == pytest.approx(expected, abs=1e-12)


def test_the_reference_comes_first() -> None:
    # All of the prediction is on the reference: 1. The other way round (200, 0) is 1 away: k = 1,
    # the only window length, gives exp(-(0 + 1) / 2).
    a, b = [(0, 0), (200, 0)], [(0, 0)]
    assert stde(a, b, SCREEN) == 1
    assert stde(b, a, SCREEN) == pytest.approx(math.exp(-0.5))


def test_both_axes_are_scaled_by_the_larger_side() -> None:
    assert stde([(0, 0)], [(0, 100)], SCREEN) == pytest.approx(math.exp(-0.5))
    assert stde([(0, 0)], [(0, 100)], (100, 200)) == pytest.approx(math.exp(-0.5))


def test_coordinates_are_neither_truncated_nor_clipped() -> None:
    assert stde([(0, 0)], [(0.5, 0)], SCREEN) == pytest.approx(math.exp(-0.5 / 200))
    assert stde([(0, 0)], [(-400, 0)], SCREEN) == pytest.approx(math.exp(-2))


@pytest.mark.parametrize(
    ("a", "b"), [([], [(0, 0)]), ([(0, 0)], []), ([], [])], ids=["first", "second", "both"]
)
def test_empty_paths_are_undefined(a: Any, b: Any) -> None:
    assert math.isnan(stde(a, b, SCREEN))


@QUICK
@given(PATHS, PATHS)
def test_similarity_is_that_of_the_definition(a: Any, b: Any) -> None:
    assert stde(a, b, SCREEN) == pytest.approx(written_out(a, b, SCREEN), abs=1e-12)


@QUICK
@given(PATHS, PATHS, st.integers(2, 9))
def test_similarity_is_bounded_and_the_same_on_a_larger_screen(a: Any, b: Any, by: int) -> None:
    score = stde(a, b, SCREEN)
    assert 0 < score <= 1
    assert stde(a, a, SCREEN) == 1
    larger = (SCREEN[0] * by, SCREEN[1] * by)
    assert stde(np.array(a) * by, np.array(b) * by, larger) == pytest.approx(score, abs=1e-12)


def test_time_is_ignored() -> None:
    assert stde([(9, 9, math.nan), (5, 5, -1.0)], [(9, 9), (5, 5)], SCREEN) == 1
