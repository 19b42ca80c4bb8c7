"""Dynamic time warping."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch.metrics import dtw

SCREEN = (300, 400)
QUICK = settings(deadline=None, max_examples=80)
COORDINATE = st.floats(-400, 400)
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8)


def written_out(a: Any, b: Any) -> float:
    """Cheapest way from cell (0, 0), by the recursion over cells."""
    best: dict[tuple[int, int], float] = {}
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            before = [best.get(c, math.inf) for c in ((i - 1, j - 1), (i - 1, j), (i, j - 1))]
            best[i, j] = math.dist(p, q) + (min(before) if i or j else 0.0)
    return best[len(a) - 1, len(b) - 1]


def test_a_case_by_hand() -> None:
    # Distances of a = 0, 10, 20 and b = 0, 2, 18 (on the x axis):
    #    0  2 18
    #   10  8  8
    #   20 18  2
    # Along the diagonal 0 + 8 + 2 = 10; by way of (0, 1) it were 0 + 2 + 8 + 2 = 12.
    a, b = [(0, 0), (10, 0), (20, 0)], [(0, 0), (2, 0), (18, 0)]
    assert dtw(a, b, SCREEN) == 10


def test_one_path_may_wait_for_the_other() -> None:
    # Both ends are matched, the extra fixation with the nearer of its neighbours: 3 px.
    a, b = [(0, 0), (100, 0)], [(0, 0), (0, 3), (100, 0)]
    assert dtw(a, b, SCREEN) == 3


def test_both_ends_are_matched() -> None:
    # The first of a with the first of b: 50; then 0; then the last with the last: 50.
    a, b = [(0, 0), (50, 0), (150, 0)], [(50, 0), (50, 0), (100, 0)]
    assert dtw(a, b, SCREEN) == 100


@pytest.mark.parametrize(
    ("a", "b"), [([], [(0, 0)]), ([(0, 0)], []), ([], [])], ids=["first", "second", "both"]
)
def test_empty_paths_are_undefined(a: Any, b: Any) -> None:
    assert math.isnan(dtw(a, b, SCREEN))


@QUICK
@given(PATHS, PATHS)
def test_distance_is_that_of_the_definition(a: Any, b: Any) -> None:
    assert dtw(a, b, SCREEN) == pytest.approx(written_out(a, b), rel=1e-9, abs=1e-9)


@QUICK
@given(PATHS, PATHS, st.sampled_from([0.5, 2.0, 8.0]))
def test_distance_is_symmetric_zero_to_itself_and_grows_with_the_screen(
    a: Any, b: Any, factor: float
) -> None:
    distance = dtw(a, b, SCREEN)
    assert distance >= 0
    assert dtw(a, a, SCREEN) == 0
    assert dtw(b, a, SCREEN) == pytest.approx(distance, rel=1e-12)
    grown = dtw(np.array(a) * factor, np.array(b) * factor, SCREEN)
    assert grown == pytest.approx(distance * factor, rel=1e-12, abs=1e-100)


def test_time_and_screen_are_ignored() -> None:
    timed = dtw([(0, 0, math.nan), (3, 4, -1.0)], [(0, 0)], (5, 5))
    assert timed == dtw([(0, 0), (3, 4)], [(0, 0)], SCREEN) == 5
