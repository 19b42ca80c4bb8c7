"""How numbers are written: the unit and the kinds that a file had."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch.scanpaths.records import read_records
from gazesearch.scanpaths.written import milliseconds, written_records


def test_every_whole_ms_up_to_ten_minutes_comes_back() -> None:
    ms = np.arange(600_001, dtype=np.float64)
    assert np.array_equal(milliseconds(ms / 1000), ms)


def test_every_tenth_and_hundredth_of_a_ms_comes_back() -> None:
    for decimals in (1, 2):
        ms = np.round(np.arange(100_000) / 10**decimals, decimals)
        assert np.array_equal(milliseconds(ms / 1000), ms)


@settings(derandomize=True, deadline=None)
@given(st.floats(0, 600, allow_subnormal=False))
def test_the_ms_of_any_seconds_give_the_same_seconds_where_any_ms_do(seconds: float) -> None:
    found = milliseconds(np.array([seconds]))[0]
    near = [seconds * 1000, *np.nextafter(seconds * 1000, [-np.inf, np.inf]).tolist()]
    assert found / 1000 == seconds or all(ms / 1000 != seconds for ms in near)
    assert abs(found - seconds * 1000) <= 1e-9 * max(1.0, seconds * 1000)


def test_no_duration_stays_none() -> None:
    assert np.isnan(milliseconds(np.array([np.nan]))).all()


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_kinds_come_back_number_by_number(unit: str) -> None:
    record = {"name": "a", "task": "t", "X": [1, 1.0, 2], "Y": [0.5, 3, 4.0], "T": [168, 168.0, 2]}
    paths = read_records([record], source="f", screen_size=(9, 9), duration_unit=unit).scanpaths
    assert repr(list(written_records(paths))) == repr([record])


def test_a_path_without_durations_is_written_without() -> None:
    records = [
        {"name": "a", "task": "t", "X": [1], "Y": [1], "T": [0.5]},
        {"name": "b", "task": "t", "X": [1], "Y": [1]},
    ]
    paths = read_records(records, source="f", screen_size=(9, 9)).scanpaths
    assert list(written_records(paths)) == records


def test_fields_keep_the_order_of_the_file() -> None:
    record = {"zeta": None, "Y": [1], "task": "t", "X": [1], "name": "a", "T": [1.0], "alpha": {}}
    paths = read_records([record], source="f", screen_size=(9, 9)).scanpaths
    assert repr(list(written_records(paths[:1]))) == repr([record])
