"""Discrete Fréchet distance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch.metrics import frechet

SCREEN = (300, 400)
QUICK = settings(deadline=None, max_examples=80)
COORDINATE = st.floats(-400, 400)
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8)


def written_out(a: Any, b: Any) -> float:
    """Shortest leash, by the recursion over cells."""
    leash: dict[tuple[int, int], float] = {}
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            before = [leash.get(c, math.inf) for c in ((i - 1, j - 1), (i - 1, j), (i, j - 1))]
            leash[i, j] = max(math.dist(p, q), min(before) if i or j else 0.0)
    return leash[len(a) - 1, len(b) - 1]


def test_a_case_by_hand() -> None:
    # b makes a detour of 30 px from the middle of a: the leash must reach it.
    a, b = [(0, 0), (100, 0), (200, 0)], [(0, 4), (100, 30), (200, 4)]
    assert frechet(a, b, SCREEN) == 30


def test_nobody_turns_back() -> None:
    # As sets the paths are equal (Hausdorff 0), but in opposite order the leash spans them.
    a = [(0, 0), (100, 0)]
    assert frechet(a, a[::-1], SCREEN) == 100


def test_one_walker_may_wait() -> None:
    a, b = [(0, 0), (100, 0)], [(0, 0), (0, 3), (100, 0)]
    assert frechet(a, b, SCREEN) == 3


@pytest.mark.parametrize(
    ("a", "b"), [([], [(0, 0)]), ([(0, 0)], []), ([], [])], ids=["first", "second", "both"]
)
def test_empty_paths_are_undefined(a: Any, b: Any) -> None:
    assert math.isnan(frechet(a, b, SCREEN))


@QUICK
@given(PATHS, PATHS)
def test_distance_is_that_of_the_definition(a: Any, b: Any) -> None:
    assert frechet(a, b, SCREEN) == pytest.approx(written_out(a, b), rel=1e-9, abs=1e-9)


@QUICK
@given(PATHS, PATHS, st.sampled_from([0.5, 2.0, 8.0]))
def test_distance_is_symmetric_zero_to_itself_and_grows_with_the_screen(
    a: Any, b: Any, factor: float
) -> None:
    distance = frechet(a, b, SCREEN)
    assert distance >= 0
    assert frechet(a, a, SCREEN) == 0
    assert frechet(b, a, SCREEN) == pytest.approx(distance, rel=1e-12)
    grown = frechet(np.array(a) * factor, np.array(b) * factor, SCREEN)
    assert grown == pytest.approx(distance * factor, rel=1e-12, abs=1e-100)


def test_time_and_screen_are_ignored() -> None:
    timed = frechet([(0, 0, math.nan), (3, 4, -1.0)], [(0, 0)], (5, 5))
    assert timed == frechet([(0, 0), (3, 4)], [(0, 0)], SCREEN) == 5
