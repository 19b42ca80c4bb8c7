"""Dataset, frame and unit: guessed only where nothing is left in doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gazesearch import DatasetInfo
from gazesearch.errors import DataError, FaultyRecords, UnknownName
from gazesearch.findings import FINDINGS
from gazesearch.formats import read_file
from gazesearch.scanpaths import COCO_SEARCH18, GAZESEARCH, OSIE
from gazesearch.scanpaths.records import read_records


def records(
    task: str = "edema",
    points: list[tuple[float, float]] | None = None,
    *,
    name: str = "{}.jpg",
    n: int = 5,
    times: list[float] | None = None,
    **fields: Any,
) -> list[dict[str, Any]]:
    points = points or [(10, 20), (210, 200)]
    record = {"task": task, "X": [x for x, _ in points], "Y": [y for _, y in points], **fields}
    if times is not None:
        record["T"] = times
    return [{"name": name.format(1001 + i), **record} for i in range(n)]


def guessed(found: list[dict[str, Any]]) -> str:
    return read_records(found, source="f").scanpaths.info.name


# -- guesses


@pytest.mark.parametrize(
    ("fixture", "name", "frame", "unit"),
    [
        ("annotations_file", "gazesearch", "224x224", "s"),
        ("coco_file", "coco_search18", "1680x1050", "ms"),
        ("osie_file", "osie", "400x300", "s"),
    ],
)
def test_each_real_file_is_told_and_the_guess_is_said(
    request: pytest.FixtureRequest, fixture: str, name: str, frame: str, unit: str
) -> None:
    file: Path = request.getfixturevalue(fixture)
    reading = read_file(file)
    info = reading.scanpaths.info
    assert (info.name, info.frame, info.duration_unit) == (name, frame, unit)
    assert f"read as {name} ({frame}), guessed from fields and tasks" in reading.notes


def test_the_released_predictions_are_told_and_have_no_unit(predictions_file: Path) -> None:
    info = read_file(predictions_file, predictions=True).scanpaths.info
    assert (info.name, info.duration_unit) == ("gazesearch", None)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        pytest.param(records("pleural effusion"), "gazesearch", id="a-finding"),
        pytest.param(records("cup", [(900, 500), (30, 20)]), "coco_search18", id="a-target"),
        pytest.param(records("freeview", [(390, 290), (10, 10)]), "osie", id="freeview"),
    ],
)
def test_small_files_are_told_too(found: list[dict[str, Any]], name: str) -> None:
    assert guessed(found) == name


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(records("cup", [(500, 310), (10, 10)]), id="coco-in-512x320"),
        pytest.param(
            records("cup", [(500, 310)] * 19 + [(515, 310)]), id="coco-in-512x320-with-a-stray"
        ),
        pytest.param(records("cup", [(4000, 300), (3000, 100)]), id="coco-off-its-frame"),
        pytest.param(records("freeview", name="{}.png"), id="freeview-of-other-names"),
        pytest.param(
            records("freeview", [(390, 290), (10, 10)], name="90{}.jpg"), id="freeview-long-names"
        ),
        pytest.param(records("freeview", [(150, 100), (99, 99)]), id="freeview-in-a-small-frame"),
        pytest.param(
            records("freeview", [(790, 590), (600, 400), (10, 10)]), id="freeview-in-800x600"
        ),
        pytest.param(records("edema", [(500, 10), (230, 250), (9, 9)]), id="findings-in-512"),
        pytest.param(records("zebra"), id="unknown-task"),
        pytest.param(records("Edema"), id="a-finding-spelled-otherwise"),
        pytest.param(records("edema", n=2) + records("zebra", n=3), id="mostly-unknown-tasks"),
        pytest.param(records("edema", width=224), id="width-without-height"),
        pytest.param([], id="no-records"),
    ],
)
def test_a_frame_in_doubt_is_refused(found: list[dict[str, Any]]) -> None:
    with pytest.raises(DataError, match=r"^f: .*(screen size cannot be told|put width and height)"):
        read_records(found, source="f")


def test_a_stray_record_is_a_fault_of_the_guessed_dataset() -> None:
    found = records("edema", n=4) + records("zebra", name="z{}.jpg", n=1)
    with pytest.raises(FaultyRecords, match="record 4, task: 'zebra': is no task of gazesearch"):
        read_records(found, source="f")


# -- frames


def test_a_screen_size_wins_over_the_datasets() -> None:
    found = records("edema", [(300, 300)])
    info = read_records(
        found, source="f", dataset="gazesearch", screen_size=(512, 512)
    ).scanpaths.info
    assert (info.name, info.screen_size) == ("gazesearch", (512, 512))


def test_a_frame_that_agrees_with_the_guess_confirms_it() -> None:
    told = read_records(records(), source="f", screen_size=(224, 224)).scanpaths.info
    written = read_records(records(width=224, height=224), source="f").scanpaths.info
    assert told.name == written.name == "gazesearch"


def test_another_frame_leaves_the_dataset_unnamed_and_says_so() -> None:
    reading = read_records(records(), source="f", screen_size=(256, 256))
    info = reading.scanpaths.info
    assert (info.name, info.tasks) == ("unnamed", None)
    assert "tasks are not checked" in reading.notes[0]


def test_one_frame_on_every_record_is_the_datasets() -> None:
    info = read_records(records(width=256, height=300), source="f").scanpaths.info
    assert (info.name, info.screen_size) == ("unnamed", (256, 300))


def test_two_frames_differ_by_path() -> None:
    found = records(width=256, height=300) + records(name="b{}", width=300, height=256)
    assert read_records(found, source="f").scanpaths.info.screen_size is None


def test_records_of_another_frame_than_the_datasets_are_faults() -> None:
    with pytest.raises(FaultyRecords, match="record 0, width: 256: differs from the frame 224x224"):
        read_records(records(width=256, height=224), source="f", dataset="gazesearch")


def test_predictions_may_bring_a_frame_of_their_own() -> None:
    found = records(points=[(250, 10)], width=256, height=256)
    reading = read_records(found, source="f", dataset="gazesearch", predictions=True)
    assert reading.scanpaths.info.screen_size == (256, 256)
    assert reading.scanpaths.info.tasks == FINDINGS


def test_records_that_lack_a_side_are_faults_where_others_have_it() -> None:
    found = records(width=256, height=300) + records(name="b{}", n=1)
    with pytest.raises(FaultyRecords) as refused:
        read_records(found, source="f")
    assert [fault.field for fault in refused.value.faults] == ["width", "height"]


def test_a_description_without_records_is_a_table() -> None:
    reading = read_records([], source="f", dataset="gazesearch")
    assert len(reading.scanpaths) == 0
    assert reading.scanpaths.info.name == "gazesearch"
    assert reading.scanpaths.image.tolist() == []


def test_an_unknown_dataset_is_refused() -> None:
    with pytest.raises(UnknownName, match="unknown dataset"):
        read_records(records(), source="f", dataset="gaze")


# -- units


def unit_of(times: list[float], **options: Any) -> str | None:
    found = records(points=[(1, 1)] * len(times), times=times, n=1)
    options = {"screen_size": (9, 9)} | options
    return read_records(found, source="f", **options).scanpaths.info.duration_unit


@pytest.mark.parametrize(
    ("times", "unit"),
    [
        pytest.param([0.2, 0.3, 59.9], "s", id="s-below-a-minute"),
        pytest.param([9.9, 9.9, 0.1], "s", id="s-median-just-below-10"),
        pytest.param([0, 0, 0], "s", id="zeros"),
        pytest.param([10.1, 11, 3], "ms", id="ms-median-just-above-10"),
        pytest.param([168, 250, 0.5], "ms", id="ms"),
    ],
)
def test_the_unit_is_told_by_magnitude(times: list[float], unit: str) -> None:
    assert unit_of(times) == unit


@pytest.mark.parametrize(
    "times",
    [
        pytest.param([0.2, 0.3, 60], id="a-minute"),
        pytest.param([10, 10, 10], id="median-of-10"),
        pytest.param([1, 2, 3000], id="one-in-ms"),
        pytest.param([0.1, 2, 2**53 + 1], id="beyond-float64"),
    ],
)
def test_a_unit_in_doubt_is_refused_and_the_record_named(times: list[float]) -> None:
    with pytest.raises(DataError, match=r"f: T may count in s or in ms .*record 0.*duration_unit"):
        unit_of(times)
    if max(times) < 600_000:
        assert unit_of(times, duration_unit="ms") == "ms"


def test_the_unit_of_a_dataset_that_is_told_decides_a_doubt() -> None:
    info = DatasetInfo(name="mine", screen_size=(9, 9), duration_unit="s")
    assert unit_of([0.2, 0.3, 70], dataset=info) == "s"
    with pytest.raises(DataError, match="may count in s or in ms"):
        unit_of([0.2, 0.3, 70], dataset=info, predictions=True)


def test_durations_that_contradict_the_dataset_are_refused() -> None:
    with pytest.raises(DataError, match="T looks like ms .*gazesearch counts in s"):
        read_records(records(times=[168, 200]), source="f")
    with pytest.raises(DataError, match="T looks like s .*coco_search18 counts in ms"):
        read_records(records("cup", [(900, 500)], times=[0.2]), source="f")


def test_predictions_may_count_in_another_unit_than_the_dataset() -> None:
    reading = read_records(records(times=[168, 200]), source="f", predictions=True)
    assert reading.scanpaths.info.duration_unit == "ms"
    assert reading.scanpaths.durations.tolist()[:2] == [0.168, 0.2]


def test_without_durations_there_is_no_unit() -> None:
    assert read_records(records(), source="f").scanpaths.info.duration_unit is None


def test_the_unit_given_wins() -> None:
    assert unit_of([0.2, 0.3], duration_unit="ms", dataset="gazesearch", screen_size=None) == "ms"


def test_known_datasets_declare_disjoint_tasks() -> None:
    tasks = [task for info in (GAZESEARCH, COCO_SEARCH18, OSIE) for task in info.tasks or ()]
    assert len(tasks) == len(set(tasks)) == 13 + 18 + 1
