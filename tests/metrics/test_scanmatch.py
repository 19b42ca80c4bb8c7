"""ScanMatch. On a 160x120 px screen each of the 16x12 regions is 10x10 px."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch.errors import BadSetting, DataError, MissingDurations
from gazesearch.metrics import scanmatch

SCREEN = (160, 120)
QUICK = settings(deadline=None, max_examples=60)
COORDINATE = st.integers(-20, 200)
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8)
TIMED = st.lists(st.tuples(COORDINATE, COORDINATE, st.floats(0.03, 0.6)), min_size=1, max_size=6)


def written_out(
    a: Any,
    b: Any,
    screen: tuple[int, int],
    bins: tuple[int, int] = (16, 12),
    threshold: float = 3.5,
    bin_ms: float | None = None,
) -> float:
    """The definition in plain Python: whole table, published scale, maximum of all cells."""

    def symbols(path: Any) -> list[tuple[int, int]]:
        found = []
        for x, y, *seconds in path:
            column = min(max(int(x), 0), screen[0] - 1) * bins[0] // screen[0]
            row = min(max(int(y), 0), screen[1] - 1) * bins[1] // screen[1]
            times = 1 if bin_ms is None else round(int(seconds[0] * 1000) / bin_ms)
            found += [(column, row)] * times
        return found

    first, second = symbols(a), symbols(b)
    if not first or not second:
        return math.nan
    table = np.zeros((len(first) + 1, len(second) + 1))
    for i, s in enumerate(first, start=1):
        for j, t in enumerate(second, start=1):
            gain = threshold - math.dist(s, t)
            table[i, j] = max(table[i - 1, j - 1] + gain, table[i - 1, j], table[i, j - 1])
    return float(table.max() / (threshold * max(len(first), len(second))))


@pytest.mark.parametrize(
    ("point", "distance"),
    [
        pytest.param((20, 0), 2.0, id="two regions to the right"),
        pytest.param((0, 20), 2.0, id="two regions down"),
        pytest.param((20, 10), math.sqrt(5), id="diagonal"),
        pytest.param((9.999992, 0), 0.0, id="a float32 just under the edge stays left of it"),
        pytest.param((10, 0), 1.0, id="the edge belongs to the next region"),
        pytest.param((35, 0), 3.0, id="just within the threshold"),
        pytest.param((40, 0), 3.5, id="beyond the threshold matching gains nothing"),
        pytest.param((-0.9, 0), 0.0, id="truncation is towards zero"),
        pytest.param((-500, -3), 0.0, id="off the screen at the top left, clipped"),
    ],
)
def test_one_fixation_against_the_first_region_scores_one_minus_distance_over_threshold(
    point: tuple[float, float], distance: float
) -> None:
    assert scanmatch([(0, 0)], [point], SCREEN) == pytest.approx(1 - distance / 3.5)


def test_fixations_off_the_screen_count_at_its_edge() -> None:
    assert scanmatch([(1000, 500)], [(159, 119)], SCREEN) == 1.0
    assert scanmatch([(160, 120)], [(159, 119)], SCREEN) == 1.0


def test_regions_follow_the_screen_even_where_it_does_not_divide_evenly() -> None:
    # 100 px over 16 regions: px 95 and 99 are both in region 15 (95 * 16 / 100 = 15.2); whole steps
    # of 6 px would put them into 15 and 16.
    assert scanmatch([(99, 0)], [(95, 0)], (100, 100)) == 1.0


def test_gaps_are_free_and_the_longer_path_counts() -> None:
    # A C in A B C: two full matches out of three.
    a, b = [(0, 0), (80, 60), (159, 119)], [(0, 0), (159, 119)]
    assert scanmatch(a, b, SCREEN) == pytest.approx(2 / 3)
    assert scanmatch(b, a, SCREEN) == pytest.approx(2 / 3)


def test_alignment_keeps_the_order() -> None:
    # Far apart regions in reverse order: only one of the two can be matched.
    a, b = [(0, 0), (159, 119)], [(159, 119), (0, 0)]
    assert scanmatch(a, b, SCREEN) == 0.5


@pytest.mark.parametrize(
    ("seconds", "symbols"),
    [
        pytest.param(0.0259999999999998, 0, id="25.99 ms are 25 whole ms, half a bin, to even 0"),
        pytest.param(0.026, 1, id="26 ms round up"),
        pytest.param(0.22559, 4, id="225.59 ms are 225 whole ms, 4.5 bins, to even 4"),
        pytest.param(0.275, 6, id="5.5 bins round to even 6"),
        pytest.param(0.5, 10, id="ten bins"),
        pytest.param(0.0, 0, id="no time, no symbol"),
    ],
)
def test_a_fixation_stands_once_per_temporal_bin(seconds: float, symbols: int) -> None:
    # Against ten symbols of the same region the score is the number of symbols / 10.
    score = scanmatch([(0, 0, seconds)], [(0, 0, 0.5)], SCREEN, temporal_bin_ms=50)
    if symbols == 0:
        assert math.isnan(score)
    else:
        assert score == pytest.approx(symbols / 10)


def test_short_fixations_vanish_from_between_the_others() -> None:
    a = [(0, 0, 0.1), (80, 60, 0.02), (159, 0, 0.1)]
    b = [(0, 0, 0.1), (159, 0, 0.1)]
    assert scanmatch(a, b, SCREEN, temporal_bin_ms=50) == 1.0


@pytest.mark.parametrize(
    ("a", "b"), [([], [(0, 0)]), ([(0, 0)], []), ([], [])], ids=["first", "second", "both"]
)
def test_empty_paths_are_undefined(a: Any, b: Any) -> None:
    assert math.isnan(scanmatch(a, b, SCREEN))


def test_empty_paths_lack_no_durations() -> None:
    assert math.isnan(scanmatch([], [(0, 0, 0.2)], SCREEN, temporal_bin_ms=50))


@pytest.mark.parametrize(
    "path", [[(0, 0)], [(0, 0, math.nan)]], ids=["two columns", "NaN durations"]
)
def test_temporal_bins_need_durations(path: Any) -> None:
    with pytest.raises(MissingDurations, match="scanmatch needs durations: prediction has none"):
        scanmatch([(0, 0, 0.2)], path, SCREEN, temporal_bin_ms=50)


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        ([0.2, math.nan], "1 of 2 durations are NaN"),
        ([0.2, -0.1], "fixation 1: duration -0.1 s: durations must be finite and not negative"),
        ([0.2, math.inf], "fixation 1: duration inf s"),
        ([0.2, 6000.0], "fixation 1: duration 6000 s is over 100,000 temporal bins"),
    ],
    ids=["some NaN", "negative", "infinite", "not seconds"],
)
def test_impossible_durations_are_refused(seconds: list[float], message: str) -> None:
    path = [(0, 0, second) for second in seconds]
    with pytest.raises(DataError, match=message):
        scanmatch(path, [(0, 0, 0.2)], SCREEN, temporal_bin_ms=50)


@QUICK
@given(PATHS, PATHS, st.floats(allow_nan=True))
def test_time_is_ignored_without_bins(a: Any, b: Any, seconds: float) -> None:
    timed = [(x, y, seconds) for x, y in a]
    assert scanmatch(timed, b, SCREEN) == scanmatch(a, b, SCREEN)


@QUICK
@given(PATHS, PATHS, st.sampled_from([(16, 12), (8, 6), (1, 5), (30, 2)]), st.floats(0.3, 9))
def test_score_is_that_of_the_definition(a: Any, b: Any, bins: Any, threshold: float) -> None:
    score = scanmatch(a, b, SCREEN, bins=bins, threshold=threshold)
    assert score == pytest.approx(written_out(a, b, SCREEN, bins, threshold), abs=1e-12)


@QUICK
@given(TIMED, TIMED, st.sampled_from([50, 20, 33.3]))
def test_score_with_durations_is_that_of_the_definition(a: Any, b: Any, bin_ms: float) -> None:
    score = scanmatch(a, b, SCREEN, temporal_bin_ms=bin_ms)
    expected = written_out(a, b, SCREEN, bin_ms=bin_ms)
    assert score == pytest.approx(expected, abs=1e-12, nan_ok=True)


@QUICK
@given(PATHS, PATHS, st.integers(2, 9))
def test_score_is_symmetric_bounded_and_the_same_on_a_larger_screen(
    a: Any, b: Any, factor: int
) -> None:
    score = scanmatch(a, b, SCREEN)
    assert 0 <= score <= 1
    assert scanmatch(a, a, SCREEN) == 1
    assert scanmatch(b, a, SCREEN) == pytest.approx(score, abs=1e-12)
    larger = (SCREEN[0] * factor, SCREEN[1] * factor)
    assert scanmatch(np.array(a) * factor, np.array(b) * factor, larger) == score


@pytest.mark.parametrize(
    "setting",
    [
        {"threshold": 0},
        {"threshold": -1.0},
        {"threshold": math.nan},
        {"threshold": "3.5"},
        {"bins": (0, 12)},
        {"bins": (16,)},
        {"bins": 16},
        {"bins": (16.0, 12)},
        {"bins": (True, 12)},
        {"bins": (100_000, 2)},
        {"temporal_bin_ms": 0},
        {"temporal_bin_ms": math.inf},
    ],
    ids=str,
)
def test_impossible_settings_are_refused_in_one_line(setting: dict[str, Any]) -> None:
    with pytest.raises(BadSetting) as refused:
        scanmatch([(0, 0, 0.2)], [(0, 0, 0.2)], SCREEN, **setting)
    assert next(iter(setting)) in str(refused.value)
    assert "\n" not in str(refused.value)
