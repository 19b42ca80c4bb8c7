"""Hausdorff distance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import directed_hausdorff

from gazesearch.metrics import hausdorff

SCREEN = (300, 400)
QUICK = settings(deadline=None, max_examples=80)
COORDINATE = st.floats(-400, 400)
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8)


def written_out(a: Any, b: Any) -> float:
    """The larger of both directions, by scipy."""
    return float(max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0]))


def test_both_directions_count() -> None:
    # Every fixation of a is on b; (30, 40) of b is 50 px from a.
    a, b = [(0, 0)], [(0, 0), (30, 40)]
    assert hausdorff(a, b, SCREEN) == 50
    assert hausdorff(b, a, SCREEN) == 50


def test_order_does_not_count() -> None:
    a = [(0, 0), (100, 0), (50, 50)]
    assert hausdorff(a, a[::-1], SCREEN) == 0


@pytest.mark.parametrize(
    ("a", "b"), [([], [(0, 0)]), ([(0, 0)], []), ([], [])], ids=["first", "second", "both"]
)
def test_empty_paths_are_undefined(a: Any, b: Any) -> None:
    assert math.isnan(hausdorff(a, b, SCREEN))


@QUICK
@given(PATHS, PATHS)
def test_distance_is_that_of_the_definition(a: Any, b: Any) -> None:
    assert hausdorff(a, b, SCREEN) == pytest.approx(written_out(a, b), rel=1e-9, abs=1e-9)


@QUICK
@given(PATHS, PATHS, st.sampled_from([0.5, 2.0, 8.0]))
def test_distance_is_symmetric_zero_to_itself_and_grows_with_the_screen(
    a: Any, b: Any, factor: float
) -> None:
    distance = hausdorff(a, b, SCREEN)
    assert distance >= 0
    assert hausdorff(a, a, SCREEN) == 0
    assert hausdorff(b, a, SCREEN) == pytest.approx(distance, rel=1e-12)
    grown = hausdorff(np.array(a) * factor, np.array(b) * factor, SCREEN)
    assert grown == pytest.approx(distance * factor, rel=1e-12, abs=1e-100)


def test_time_and_screen_are_ignored() -> None:
    timed = hausdorff([(0, 0, math.nan), (3, 4, -1.0)], [(0, 0)], (5, 5))
    assert timed == hausdorff([(0, 0), (3, 4)], [(0, 0)], SCREEN) == 5
