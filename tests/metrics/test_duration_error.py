"""Duration error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch.errors import DataError, MissingDurations
from gazesearch.metrics import duration_error

SCREEN = (224, 224)
SECONDS = st.lists(st.floats(0, 3), min_size=1, max_size=8)


def path(seconds: list[float]) -> Any:
    return [(112, 112, second) for second in seconds]


def test_durations_are_compared_at_equal_positions_of_the_shorter_path() -> None:
    # |0.25 - 0.5| and |0.5 - 0.5|, mean 0.125; the third fixation has no partner.
    assert duration_error(path([0.25, 0.5]), path([0.5, 0.5, 9.0]), SCREEN) == 0.125
    assert duration_error(path([0.5, 0.5, 9.0]), path([0.25, 0.5]), SCREEN) == 0.125


@pytest.mark.parametrize(
    ("a", "b"), [([], [0.1]), ([0.1], []), ([], [])], ids=["first", "second", "both"]
)
def test_empty_paths_are_undefined(a: list[float], b: list[float]) -> None:
    assert math.isnan(duration_error(path(a), path(b), SCREEN))


def test_paths_without_durations_are_refused() -> None:
    with pytest.raises(MissingDurations, match="duration_error needs durations: reference"):
        duration_error([(1, 2)], path([0.1]), SCREEN)


def test_negative_durations_are_refused() -> None:
    with pytest.raises(DataError, match=r"prediction, fixation 1: duration -1\.0 s"):
        duration_error(path([0.1, 0.2]), path([0.1, -1.0]), SCREEN)


@settings(deadline=None, max_examples=60)
@given(SECONDS, SECONDS)
def test_error_is_that_of_the_definition_and_symmetric(a: list[float], b: list[float]) -> None:
    expected = np.mean([abs(s - t) for s, t in zip(a, b, strict=False)])
    assert duration_error(path(a), path(b), SCREEN) == pytest.approx(expected, abs=1e-12)
    assert duration_error(path(b), path(a), SCREEN) == pytest.approx(expected, abs=1e-12)
    assert duration_error(path(a), path(a), SCREEN) == 0
