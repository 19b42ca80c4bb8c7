"""The rules of a record: each broken rule is named with record, field, value and mend."""

from __future__ import annotations

from typing import Any

import pytest

from gazesearch import DatasetInfo
from gazesearch.errors import FAULTS_SHOWN, DataError, FaultyRecords
from gazesearch.scanpaths.records import Reading, read_records

GONE = object()
DEEP: list[Any] = []
for _ in range(60):
    DEEP = [DEEP]


def good(**change: Any) -> dict[str, Any]:
    record = {
        "name": "a.jpg", "subject": 1, "task": "edema", "condition": "present",
        "bbox": [0, 0, 10, 10.5], "X": [10, 20.5], "Y": [30, 40], "T": [0.25, 0.5], "length": 2,
        "fixOnTarget": True, "correct": 1, "split": "test",
    } | change  # fmt: skip
    return {field: value for field, value in record.items() if value is not GONE}


def read(*records: Any, **options: Any) -> Reading:
    return read_records(records, source="f.json", **({"dataset": "gazesearch"} | options))


NUMBERS = "must be a list of numbers, one a fixation"
MISSING = "is missing: every record needs it"
TEXT = "must be the image's file name, a printable text"
BOX = "must be [x, y, width, height], px, no side below 0"
OFF = "is off the screen of 224 x 224 px: check the frame"
FINITE = "must be a finite number, exact in float64"
NAME = "must have a name without zero bytes"
JSON = "must be plain, finite JSON text or numbers"

FAULTS = [
    # id, what is changed, field, value as shown, mend
    ("no-name", {"name": GONE}, "name", "", MISSING),
    ("no-task", {"task": GONE}, "task", "", MISSING),
    ("no-X", {"X": GONE}, "X", "", MISSING),
    ("no-Y", {"Y": GONE}, "Y", "", MISSING),
    ("name-number", {"name": 7}, "name", "7", TEXT),
    ("name-null", {"name": None}, "name", "None", TEXT),
    ("name-empty", {"name": ""}, "name", "''", TEXT),
    ("name-newline", {"name": "a\nb"}, "name", r"'a\nb'", TEXT),
    ("name-surrogate", {"name": "a\ud800"}, "name", r"'a\ud800'", TEXT),
    ("task-list", {"task": ["edema"]}, "task", "['edema']",
     "must be what was searched for, a printable text"),
    ("subject-float", {"subject": 1.0}, "subject", "1.0", "must be a whole number or a text"),
    ("subject-true", {"subject": True}, "subject", "True", "must be a whole number or a text"),
    ("subject-null", {"subject": None}, "subject", "None", "must be a whole number or a text"),
    ("subject-huge", {"subject": 2**63}, "subject", str(2**63), "must be a whole number or a text"),
    ("draw-negative", {"draw": -1}, "draw", "-1", "must be a whole number from 0 up"),
    ("draw-float", {"draw": 0.0}, "draw", "0.0", "must be a whole number from 0 up"),
    ("draw-huge", {"draw": 2**63}, "draw", str(2**63), "must be a whole number from 0 up"),
    ("condition", {"condition": 1}, "condition", "1", "must be a text, as `present`"),
    ("split-unknown", {"split": "val"}, "split", "'val'", "must be one of train, valid, test"),
    ("split-list", {"split": ["test"]}, "split", "['test']", "must be one of train, valid, test"),
    ("bbox-three", {"bbox": [1, 2, 3]}, "bbox", "[1, 2, 3]", BOX),
    ("bbox-negative", {"bbox": [1, 2, -3, 4]}, "bbox", "[1, 2, -3, 4]", BOX),
    ("bbox-text", {"bbox": [1, 2, 3, "4"]}, "bbox", "[1, 2, 3, '4']", BOX),
    ("bbox-nan", {"bbox": [float("nan"), 2, 3, 4]}, "bbox", "[nan, 2, 3, 4]", BOX),
    ("bbox-null", {"bbox": None}, "bbox", "None", BOX),
    ("length-wrong", {"length": 3}, "length", "3", "must be 2, as X has"),
    ("length-float", {"length": 2.0}, "length", "2.0", "must be the number of fixations"),
    ("fixOnTarget", {"fixOnTarget": 2}, "fixOnTarget", "2", "must be true or false"),
    ("correct-half", {"correct": 0.5}, "correct", "0.5", "must be 1 or 0"),
    ("correct-one-point", {"correct": 1.0}, "correct", "1.0", "must be 1 or 0"),
    ("width-zero", {"width": 0}, "width", "0", "must be the screen's width, px, above 0"),
    ("height-text", {"height": "224"}, "height", "'224'",
     "must be the screen's height, px, above 0"),
    ("height-nan", {"height": float("nan")}, "height", "nan",
     "must be the screen's height, px, above 0"),
    ("width-other", {"width": 225}, "width", "225", "differs from the frame 224x224 of gazesearch"),
    ("X-number", {"X": 5}, "X", "5", NUMBERS),
    ("Y-text", {"Y": "30 40"}, "Y", "'30 40'", NUMBERS),
    ("T-null", {"T": None}, "T", "None", NUMBERS),
    ("T-object", {"T": {"0": 1}}, "T", "{'0': 1}", NUMBERS),
    ("X-text-inside", {"X": [10, "20"]}, "X[1]", "'20'", "must be a number"),
    ("Y-null-inside", {"Y": [None, 1]}, "Y[0]", "None", "must be a number"),
    ("X-true-inside", {"X": [True, 1]}, "X[0]", "True", "must be a number"),
    ("T-list-inside", {"T": [[0.1], 1]}, "T[0]", "[0.1]", "must be a number"),
    ("Y-longer", {"Y": [1, 2, 3]}, "X, Y, T", "X has 2, Y has 3, T has 2",
     "must have equal lengths"),
    ("T-shorter", {"T": []}, "X, Y, T", "X has 2, Y has 2, T has 0", "must have equal lengths"),
    ("X-nan", {"X": [float("nan"), 1]}, "X[0]", "nan", FINITE),
    ("Y-infinite", {"Y": [1, float("-inf")]}, "Y[1]", "-inf", FINITE),
    ("X-beyond-float64", {"X": [2**53 + 1, 1]}, "X[0]", str(2**53 + 1), FINITE),
    ("X-huge", {"X": [10**400, 1]}, "X[0]", "1" + "0" * 56 + "...", FINITE),
    ("X-off-left", {"X": [-0.001, 1]}, "X[0]", "-0.001", OFF),
    ("X-off-right", {"X": [1, 224]}, "X[1]", "224", OFF),
    ("Y-off-below", {"Y": [224.0, 1]}, "Y[0]", "224.0", OFF),
    ("X-off-far", {"X": [1e308, 1]}, "X[0]", "1e+308", OFF),
    ("T-nan", {"T": [float("nan"), 1]}, "T[0]", "nan", "must be a finite number"),
    ("T-infinite", {"T": [1, float("inf")]}, "T[1]", "inf", "must be a finite number"),
    ("T-negative", {"T": [0.1, -0.1]}, "T[1]", "-0.1", "is negative: a duration is 0 or more"),
    ("T-long", {"T": [0.1, 600.5]}, "T[1]", "600.5", "is over ten minutes: check duration_unit"),
    ("unknown-nan", {"pupil": float("nan")}, "pupil", "nan", JSON),
    ("unknown-surrogate", {"note": "\udfff"}, "note", r"'\udfff'", JSON),
    ("unknown-deep", {"note": DEEP}, "note", "[" * 57 + "...", JSON),
    ("unknown-huge", {"note": 1 << 1024}, "note", "17976931348623159077293051907890247336179769789"
     "4230657273...", JSON),
    ("unknown-nested-infinity", {"note": {"a": [float("inf")]}}, "note", "{'a': [inf]}", JSON),
    ("unknown-bytes", {"note": b"x"}, "note", "b'x'", JSON),
    ("unknown-name-surrogate", {"b\udfff": 1}, r"'b\udfff'", "1", JSON),
    ("unknown-name-zero-byte", {"a\0": 1}, r"'a\x00'", "1", NAME),
    ("unknown-name-empty", {"": 1}, "''", "1", NAME),
    ("unknown-name-long", {"n" * 99: float("nan")}, "'" + "n" * 56 + "...", "nan", JSON),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "value", "mend"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_broken_rule_is_named_with_record_field_value_and_mend(
    change: dict[str, Any], field: str, value: str, mend: str
) -> None:
    records = [good(), good(name="b.jpg") | change, good(name="c.jpg")]
    records[1] = {f: v for f, v in records[1].items() if v is not GONE}
    with pytest.raises(FaultyRecords) as refused:
        read(*records)
    (fault,) = refused.value.faults
    assert (fault.record, fault.field, fault.value, fault.mend) == (1, field, value, mend)
    said = f"{value}: " if value else ""
    assert str(refused.value) == f"f.json: record 1, {field}: {said}{mend}"
    assert read(*records, lenient=True).scanpaths.image.tolist() == ["a.jpg", "c.jpg"]


def test_a_task_that_the_dataset_does_not_have_is_a_fault() -> None:
    with pytest.raises(FaultyRecords, match="record 0, task: 'fish': is no task of gazesearch, wh"):
        read(good(task="fish"))
    assert len(read(good(task="fish"), dataset=None, screen_size=(224, 224)).scanpaths) == 1


@pytest.mark.parametrize(
    "record",
    [None, 1, 1.5, "a", [], [1, 2], True],
    ids=["null", "int", "float", "text", "empty-list", "list", "true"],
)
def test_what_is_no_object_is_a_fault(record: object) -> None:
    with pytest.raises(FaultyRecords, match="record 1: .*: must be an object with fields name"):
        read(good(), record)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"X": [0, 223.999], "Y": [0.0, 223]}, id="edges"),
        pytest.param({"X": [-0.0, 1]}, id="minus-zero"),
        pytest.param({"T": [0, 0]}, id="no-time"),
        pytest.param({"X": [], "Y": [], "T": [], "length": 0}, id="no-fixations"),
        pytest.param({"T": GONE}, id="no-durations"),
        pytest.param({"subject": "r-1"}, id="subject-text"),
        pytest.param({"subject": -(2**63) + 1}, id="subject-large"),
        pytest.param({"correct": False, "fixOnTarget": 0}, id="flags"),
        pytest.param({"width": 224.0, "height": 224}, id="own-frame"),
        pytest.param({"name": "胸部 – ä.jpg"}, id="unicode"),
        pytest.param({"note": {"": [None, {"a": [1, 2.5, "\x00"]}]}}, id="nested"),
        pytest.param({"note": 2**1023}, id="large-integer"),
        pytest.param({"bbox": (1, 2, 3, 4)}, id="tuple"),
    ],
)
def test_what_breaks_no_rule_is_read(change: dict[str, Any]) -> None:
    assert len(read(good(**change)).scanpaths) == 1


def test_all_faults_are_collected_in_order_of_records() -> None:
    records = [good(name=f"{i}.jpg") for i in range(6)]
    records[5] = None
    records[3] |= {"X": [300, -1], "task": "fish"}
    records[1] |= {"split": "x", "correct": 7}
    records[4]["name"] = "0.jpg"
    with pytest.raises(FaultyRecords) as refused:
        read(*records)
    assert [(f.record, f.field) for f in refused.value.faults] == [
        (1, "correct"), (1, "split"), (3, "X[0]"), (3, "X[1]"), (3, "task"), (4, "name"), (5, None),
    ]  # fmt: skip
    assert all(line.startswith("f.json: record ") for line in str(refused.value).splitlines())


@pytest.mark.parametrize("n", [FAULTS_SHOWN, FAULTS_SHOWN + 1, 300])
def test_the_first_20_faults_are_shown_and_all_are_counted(n: int) -> None:
    with pytest.raises(FaultyRecords) as refused:
        read(*[good(name=f"{i}.jpg", correct=9) for i in range(n)])
    lines = str(refused.value).splitlines()
    assert len(refused.value.faults) == n
    assert lines[19].startswith("f.json: record 19, correct: 9")
    assert lines[20:] == ([] if n == 20 else [f"f.json: {n} faults in all, 20 shown"])


def test_lenient_drops_whole_records_lists_their_faults_and_says_how_many() -> None:
    records = [good(), good(name="b", X=[-1, 999], correct=3), good(name="c"), "junk"]
    reading = read(*records, lenient=True)
    assert reading.scanpaths.image.tolist() == ["a.jpg", "c"]
    assert [(f.record, f.field) for f in reading.dropped] == [(1, "correct"), (3, None)]
    assert "2 faulty records were dropped" in reading.notes


def test_lenient_names_the_records_of_later_faults_by_their_place_in_the_file() -> None:
    records = ["junk", good(), good(name="b", X=[-1, 5]), good(name="c"), good()]
    reading = read(*records, lenient=True)
    assert reading.scanpaths.image.tolist() == ["a.jpg", "c"]
    assert reading.scanpaths.fixations[:, 0].tolist() == [10, 20.5, 10, 20.5]
    assert [(f.record, f.field) for f in reading.dropped] == [(0, None), (2, "X[0]"), (4, "name")]


@pytest.mark.parametrize("options", [{}, {"dataset": None, "screen_size": (9, 9)}])
def test_a_file_of_faulty_records_only_is_refused_or_read_as_empty(options: dict[str, Any]) -> None:
    with pytest.raises(FaultyRecords, match="record 0, name"):
        read(good(name=1), **options)
    reading = read(good(name=1), lenient=True, **options)
    assert len(reading.scanpaths) == 0
    assert len(reading.dropped) == 1


def test_faults_are_told_rather_than_the_frame_that_they_hide() -> None:
    with pytest.raises(FaultyRecords, match="record 0, task: is missing"):
        read({"name": "a", "X": [1], "Y": [1]}, dataset=None)
    with pytest.raises(DataError, match="screen size cannot be told from 1 records"):
        read({"name": "a", "task": "t", "X": [1], "Y": [1]}, dataset=None)


KEEP = DatasetInfo(name="mine", screen_size=(100, 50), outside="keep")


def test_off_screen_fixations_are_kept_and_counted_where_the_dataset_has_them() -> None:
    record = {"name": "a", "task": "t", "X": [-1, 5, 100, 5, 99], "Y": [60, 5, 5, -0.5, 49]}
    reading = read(record, dataset=KEEP)
    assert reading.off_screen == 3
    assert reading.scanpaths.fixations[:, 0].tolist() == [-1, 5, 100, 5, 99]
    assert "3 fixations lie off the screen and were kept" in reading.notes


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"X": [1000.5]}, "X[0]", id="right"),
        pytest.param({"X": [-1001]}, "X[0]", id="left"),
        pytest.param({"Y": [501]}, "Y[0]", id="below"),
        pytest.param({"Y": [-501]}, "Y[0]", id="above"),
    ],
)
def test_over_ten_screens_away_is_refused_even_there(change: dict[str, Any], field: str) -> None:
    record = {"name": "a", "task": "t", "X": [1], "Y": [1]}
    with pytest.raises(FaultyRecords) as refused:
        read(record | change, dataset=KEEP)
    assert refused.value.faults[0].field == field
    assert "over ten screens of 100 x 50 px away" in str(refused.value)
    assert read(record | {"X": [1000], "Y": [-500]}, dataset=KEEP).off_screen == 1


def test_records_are_read_without_being_changed() -> None:
    record = good(X=[2**60, 1], note=[1, [2]])
    before = repr(record)
    with pytest.raises(FaultyRecords):
        read(record)
    assert repr(record) == before


def test_gaze_samples_are_not_taken_for_fixations() -> None:
    samples = good(X=[10] * 5001, Y=[30] * 5001, T=GONE, length=GONE)
    with pytest.raises(FaultyRecords, match=r"record 0, X, Y, T: 5001: .*detect fixations first"):
        read(samples)


def test_a_path_of_over_an_hour_is_refused() -> None:
    long = good(X=[10] * 90, Y=[30] * 90, T=[45] * 90, length=GONE)
    with pytest.raises(FaultyRecords, match="record 0, T: 4050 s: is how long the path lasts"):
        read(long, duration_unit="s")
