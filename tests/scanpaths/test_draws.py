"""Draws: repeated predictions are numbered in file order and counted."""

from __future__ import annotations

import pytest

from gazesearch.errors import FaultyRecords
from gazesearch.scanpaths.records import Reading, read_records


def read(*records: dict[str, object], predictions: bool = True) -> Reading:
    filled = [{"name": "a", "task": "t", "X": [1], "Y": [1]} | record for record in records]
    return read_records(filled, source="f", screen_size=(9, 9), predictions=predictions)


def test_repeats_are_numbered_in_order_and_counted() -> None:
    reading = read({}, {"name": "b"}, {}, {"task": "u"}, {}, {"name": "b"})
    assert reading.scanpaths.draw.tolist() == [0, 0, 1, 0, 2, 1]
    assert reading.duplicated == 3
    assert any("3 records repeat" in note for note in reading.notes)


def test_without_repeats_no_field_is_added() -> None:
    reading = read({}, {"name": "b"})
    assert "draw" not in reading.scanpaths.columns
    assert "draw" not in reading.scanpaths.fields
    assert reading.duplicated == 0


def test_subjects_have_draws_of_their_own() -> None:
    reading = read({"subject": 1}, {"subject": 2}, {"subject": "1"}, {"subject": 1}, {})
    assert reading.scanpaths.draw.tolist() == [0, 0, 0, 1, 0]


def test_numbers_that_a_file_gives_are_kept() -> None:
    reading = read({"draw": 4}, {"draw": 0}, {"name": "b", "draw": 1})
    assert reading.scanpaths.draw.tolist() == [4, 0, 1]
    assert reading.duplicated == 0


def test_records_without_draw_are_numbered_beside_others_that_have_one() -> None:
    reading = read({"draw": 3}, {"name": "b"}, {"name": "b"}, {"draw": 1})
    assert reading.scanpaths.draw.tolist() == [3, 0, 1, 1]
    assert reading.duplicated == 1


@pytest.mark.parametrize(
    ("records", "predictions", "message"),
    [
        pytest.param([{}, {}], False, "record 1, name: 'a': has the name, task", id="annotations"),
        pytest.param(
            [{"draw": 1}, {"draw": 1}], True, "record 1, name: 'a': has the", id="equal-draws"
        ),
        pytest.param([{"draw": 0}, {}], True, "record 1, draw: .*on all records", id="some-lack"),
        pytest.param([{}, {"draw": 0}], True, "record 1, draw: 0: .*or on none", id="some-have"),
    ],
)
def test_the_same_record_twice_is_a_fault(
    records: list[dict[str, object]], predictions: bool, message: str
) -> None:
    with pytest.raises(FaultyRecords, match=message):
        read(*records, predictions=predictions)


def test_annotations_may_hold_numbered_draws_and_several_people() -> None:
    reading = read({"draw": 0}, {"draw": 1}, {"subject": 1}, {"subject": 2}, predictions=False)
    assert len(reading.scanpaths) == 4
