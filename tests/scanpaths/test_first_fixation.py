"""First-fixation rules, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch import Scanpaths, with_first_fixation
from gazesearch.errors import UnknownName
from gazesearch.scanpaths.records import read_records
from gazesearch.scanpaths.written import written_records

RECORDS = [
    {"name": "a", "task": "t", "X": [10, 30], "Y": [20, 40], "T": [0.5, 1], "length": 2},
    {"name": "b", "task": "t", "X": [1], "Y": [2]},
    {"name": "c", "task": "t", "X": [], "Y": [], "T": [], "length": 0},
]


@pytest.fixture
def paths() -> Scanpaths:
    return read_records(RECORDS, source="records", screen_size=(100, 61)).scanpaths


def said(paths: Scanpaths) -> list[str]:
    """Records as text, which tells 50 from 50.0."""
    return said_of(list(written_records(paths)))


def said_of(records: list[dict[str, object]]) -> list[str]:
    return [repr(record) for record in records]


def test_replace_moves_the_first_fixation_to_the_centre_and_keeps_its_duration(
    paths: Scanpaths,
) -> None:
    assert said(with_first_fixation(paths, "replace")) == said_of(
        [
            {
                "name": "a",
                "task": "t",
                "X": [50.0, 30],
                "Y": [30.5, 40],
                "T": [0.5, 1],
                "length": 2,
            },
            {"name": "b", "task": "t", "X": [50.0], "Y": [30.5]},
            {"name": "c", "task": "t", "X": [], "Y": [], "T": [], "length": 0},
        ]
    )


def test_prepend_puts_the_centre_in_front_for_no_time(paths: Scanpaths) -> None:
    longer = with_first_fixation(paths, "prepend")
    assert said(longer) == said_of([
        {"name": "a", "task": "t", "X": [50.0, 10, 30], "Y": [30.5, 20, 40],
         "T": [0.0, 0.5, 1], "length": 3},
        {"name": "b", "task": "t", "X": [50.0, 1], "Y": [30.5, 2]},
        {"name": "c", "task": "t", "X": [50.0], "Y": [30.5], "T": [0.0], "length": 1},
    ])  # fmt: skip
    assert longer.has_durations.tolist() == [True, False, True]
    assert longer.integers[:3].tolist() == [
        [False, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_prepend_gives_no_duration_where_no_path_has_any() -> None:
    paths = Scanpaths.of([[[1, 2]], []], image=["a", "b"], finding="t", screen_size=(9, 9))
    assert np.isnan(with_first_fixation(paths, "prepend").durations).all()


def test_as_recorded_changes_nothing(paths: Scanpaths) -> None:
    assert with_first_fixation(paths, "as-recorded") is paths


@pytest.mark.parametrize("rule", ["replace", "prepend"])
def test_a_rule_leaves_its_input_as_it_was_and_works_on_views(paths: Scanpaths, rule: str) -> None:
    before = list(written_records(paths))
    whole = with_first_fixation(paths, rule)
    assert list(written_records(paths)) == before
    assert with_first_fixation(paths[1:], rule) == whole[1:]


def test_the_centre_is_that_of_each_paths_screen() -> None:
    records = [
        {"name": "a", "task": "t", "X": [1], "Y": [1], "width": 10, "height": 20},
        {"name": "b", "task": "t", "X": [1], "Y": [1], "width": 30, "height": 40},
    ]
    paths = read_records(records, source="records").scanpaths
    moved = with_first_fixation(paths, "replace")
    assert moved.fixations[:, :2].tolist() == [[5, 10], [15, 20]]
    longer = with_first_fixation(paths, "prepend")
    assert longer.fixations[::2, :2].tolist() == [[5, 10], [15, 20]]


def test_an_unknown_rule_is_refused(paths: Scanpaths) -> None:
    with pytest.raises(UnknownName, match="first-fixation rule 'replce': did you mean replace"):
        with_first_fixation(paths, "replce")
