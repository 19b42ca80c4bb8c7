"""What every format shares: limits, descriptions beside the file, notes, whole writing."""

from __future__ import annotations

import builtins
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from gazesearch import DatasetInfo, Scanpaths, read_scanpaths, write_scanpaths
from gazesearch.errors import BadSetting, DataError, FaultyRecords, UnknownName, UnreadableFile
from gazesearch.files import MAX_SIZE
from gazesearch.formats import read_file
from gazesearch.formats.description import read_description, write_description
from gazesearch.formats.summary import as_json, as_text
from gazesearch.scanpaths.records import read_records

RECORD = {"name": "a.jpg", "task": "edema", "X": [1, 2], "Y": [3, 4], "T": [0.2, 0.3]}
ENDINGS = [".json", ".parquet", ".csv"]
MINE = DatasetInfo(name="mine", screen_size=(500, 400), duration_unit="s", tasks=("edema",))


def table(n: int = 2, **change: Any) -> Scanpaths:
    records = [{**RECORD, "name": f"{i}.jpg", **change} for i in range(n)]
    return read_records(records, source="f", dataset="gazesearch").scanpaths


def write_records(file: Path, *records: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(records), encoding="utf-8")
    return file


# -- which files are read


@pytest.mark.parametrize("name", ["paths.txt", "paths", "paths.json.gz", ".json"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"[]")
    with pytest.raises(UnknownName, match=r"unknown file ending .*\.json"):
        read_scanpaths(tmp_path / name)
    with pytest.raises(UnknownName):
        write_scanpaths(table(), tmp_path / name)


def test_endings_may_be_upper_case(tmp_path: Path) -> None:
    for ending in ENDINGS:
        file = tmp_path / f"paths{ending.upper()}"
        write_scanpaths(table(), file)
        assert len(read_scanpaths(file)) == 2


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_absent_file_or_a_folder_is_refused(tmp_path: Path, ending: str) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read_scanpaths(tmp_path / f"absent{ending}")
    (tmp_path / f"folder{ending}").mkdir()
    with pytest.raises(UnreadableFile, match="is not a file"):
        read_scanpaths(tmp_path / f"folder{ending}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_over_the_limit_is_refused_before_it_is_opened(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"huge{ending}"
    with file.open("wb") as out:
        out.truncate(MAX_SIZE + 1)  # sparse: takes no space

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the file was opened")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(UnreadableFile, match=r"1,073,741,825 bytes, over the limit of 1,073,741"):
        read_scanpaths(file)


def test_the_limit_is_the_last_size_that_is_read(tmp_path: Path) -> None:
    file = tmp_path / "paths.json"
    write_scanpaths(table(), file)
    size = file.stat().st_size
    assert len(read_scanpaths(file, max_size=size)) == 2
    with pytest.raises(UnreadableFile, match="raise --max-size"):
        read_scanpaths(file, max_size=size - 1)


def test_an_unknown_unit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="duration_unit 'min': must be s or ms"):
        read_scanpaths(tmp_path / "paths.json", duration_unit="min")


# -- dataset.json


@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "from-within"])
def test_a_description_beside_annotations_wins_over_any_guess(
    tmp_path: Path, relative: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_records(tmp_path / "annotations" / "paths.json", RECORD)
    assert read_scanpaths(file).info.name == "gazesearch"
    write_description(tmp_path, MINE)
    if relative:
        monkeypatch.chdir(file.parent)
        file = Path(file.name)
    reading = read_file(file)
    assert reading.scanpaths.info == MINE
    assert reading.notes == ()
    assert read_file(file, dataset="gazesearch").scanpaths.info.name == "gazesearch"


def test_a_description_beside_annotations_wins_over_a_parquets_own(tmp_path: Path) -> None:
    file = tmp_path / "annotations" / "paths.parquet"
    write_scanpaths(table(), file)
    assert read_scanpaths(file).info.name == "gazesearch"
    write_description(tmp_path, MINE)
    assert read_scanpaths(file).info == MINE


def test_a_description_elsewhere_counts_for_nothing(tmp_path: Path) -> None:
    write_description(tmp_path, MINE)
    write_description(tmp_path / "other", MINE)
    for folder in (tmp_path, tmp_path / "other", tmp_path / "labels"):
        assert read_scanpaths(write_records(folder / "p.json", RECORD)).info.name == "gazesearch"


def test_a_damaged_description_is_refused_by_its_name(tmp_path: Path) -> None:
    file = write_records(tmp_path / "annotations" / "paths.json", RECORD)
    (tmp_path / "dataset.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=f"^{tmp_path}/dataset.json: not a dataset description"):
        read_scanpaths(file)
    (tmp_path / "dataset.json").write_bytes(b" " * (2**20 + 1))
    with pytest.raises(UnreadableFile, match="over the limit"):
        read_scanpaths(file)


def test_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_description(tmp_path, MINE)
    assert read_description(tmp_path) == MINE


# -- what is said beside the table


def test_notes_and_dropped_faults_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = write_records(tmp_path / "p.json", RECORD, {**RECORD, "name": "b", "X": [1, -5]}, RECORD)
    with caplog.at_level(logging.INFO, logger="gazesearch"):
        paths = read_scanpaths(file, lenient=True)
    assert len(paths) == 1
    said = [(entry.levelname, entry.getMessage()) for entry in caplog.records]
    assert ("INFO", f"{file}: read as gazesearch (224x224), guessed from fields and tasks") in said
    assert ("INFO", f"{file}: 2 faulty records were dropped") in said
    dropped = [message for level, message in said if level == "WARNING"]
    assert [m.split(": ")[1] for m in dropped] == [
        "dropped record 1, X[1]",
        "dropped record 2, name",
    ]


def test_nothing_is_dropped_from_a_good_file(tmp_path: Path) -> None:
    reading = read_file(write_records(tmp_path / "p.json", RECORD), lenient=True)
    assert (reading.dropped, reading.duplicated, reading.off_screen) == ((), 0, 0)


def test_faults_name_the_file_on_every_line(tmp_path: Path) -> None:
    records = [{**RECORD, "name": str(i), "split": "none"} for i in range(30)]
    file = write_records(tmp_path / "p.json", *records)
    with pytest.raises(FaultyRecords) as refused:
        read_scanpaths(file)
    lines = str(refused.value).splitlines()
    assert len(lines) == 21
    assert all(line.startswith(f"{file}: ") for line in lines)


def test_a_summary_counts_what_a_file_holds(tmp_path: Path) -> None:
    untimed = {field: value for field, value in RECORD.items() if field != "T"}
    file = write_records(
        tmp_path / "p.json",
        {**RECORD, "split": "test"},
        {**untimed, "name": "b.jpg", "split": "train"},
        {**RECORD, "name": "c.jpg", "X": [1, 999]},
        {**untimed, "name": "b.jpg", "split": "train"},
    )
    reading = read_file(file, lenient=True)
    text = as_text(reading)
    assert text.splitlines() == [
        "Scanpaths: 2 paths, 4 fixations, 2 images, gazesearch 224x224",
        "split: test 1, train 1",
        "finding: edema 2",
        "durations: on 1 of 2 paths",
        "read as gazesearch (224x224), guessed from fields and tasks",
        "2 faulty records were dropped",
        "dropped record 2, X[1]: 999: is off the screen of 224 x 224 px: check the frame",
        "dropped record 3, name: 'b.jpg': has the name, task, subject and draw of record 1: "
        "remove one",
    ]
    said = json.loads(as_json(reading))
    assert (said["paths"], said["with_durations"], said["splits"]) == (
        2,
        1,
        {"test": 1, "train": 1},
    )
    assert said["dropped"][0]["field"] == "X[1]"
    assert said["dataset"]["name"] == "gazesearch"


# -- writing


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failure_midway_leaves_the_old_file_and_no_part(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"paths{ending}"
    write_scanpaths(table(), file)
    before = file.read_bytes()

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(UnreadableFile, match=f"^{file}: cannot be written: No space left"):
        write_scanpaths(table(5), file)
    assert file.read_bytes() == before
    assert [f.name for f in tmp_path.iterdir()] == [file.name]


def test_a_table_that_breaks_while_it_is_written_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gazesearch.formats import gazesearch_json

    file = tmp_path / "paths.json"
    write_scanpaths(table(), file)
    before = file.read_bytes()

    def some(paths: Scanpaths) -> Any:
        yield {"name": "a"}
        raise RuntimeError("broken")

    monkeypatch.setattr(gazesearch_json, "written_records", some)
    with pytest.raises(RuntimeError):
        write_scanpaths(table(), file)
    assert file.read_bytes() == before
    assert [f.name for f in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_writing_into_a_file_as_folder_is_refused(tmp_path: Path, ending: str) -> None:
    (tmp_path / "plain").write_text("x")
    with pytest.raises(UnreadableFile, match="cannot be written"):
        write_scanpaths(table(), tmp_path / "plain" / f"paths{ending}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_draws_stand_in_every_format(tmp_path: Path, ending: str) -> None:
    records = [{**RECORD, "draw": i, "X": [i, 5]} for i in range(3)]
    paths = read_records(records, source="f", dataset="gazesearch").scanpaths
    write_scanpaths(paths, tmp_path / f"p{ending}")
    for predictions in (True, False):
        back = read_scanpaths(tmp_path / f"p{ending}", predictions=predictions)
        assert back.draw.tolist() == [0, 1, 2]
        assert back == paths
