"""Parquet: the JSON's fields, typed, with the dataset's description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from gazesearch import DatasetInfo, Scanpaths, read_scanpaths, write_scanpaths
from gazesearch.errors import DataError, FaultyRecords
from gazesearch.formats import read_file
from gazesearch.scanpaths.records import read_records

INFO = DatasetInfo(name="mine", screen_size=(100, 100), duration_unit="s", outside="keep")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "paths.parquet"


def table(*records: dict[str, Any]) -> Scanpaths:
    filled = [{"name": "a", "task": "t", "X": [1], "Y": [2]} | record for record in records]
    return read_records(filled, source="f", dataset=INFO).scanpaths


def test_a_file_says_its_dataset_itself(file: Path) -> None:
    paths = table({"X": [101.0], "T": [0.5]}, {"name": "b", "note": {"a": [1, 2.5]}})
    write_scanpaths(paths, file)
    reading = read_file(file)
    assert reading.scanpaths == paths
    assert reading.scanpaths.info == INFO
    assert reading.off_screen == 1
    assert not any("guessed" in note for note in reading.notes)


def test_a_dataset_given_wins_over_the_files_own(file: Path) -> None:
    write_scanpaths(table({"X": [101.0]}), file)
    with pytest.raises(FaultyRecords, match="off the screen of 50 x 50"):
        read_scanpaths(file, dataset=DatasetInfo(name="other", screen_size=(50, 50)))


def test_the_unit_in_the_file_needs_no_guess_but_one_given_wins(file: Path) -> None:
    records = [
        {"name": str(i), "task": "t", "X": [1], "Y": [2], "T": [t]}
        for i, t in enumerate((20.0, 70.0))
    ]
    paths = read_records(records, source="f", dataset=INFO, duration_unit="s").scanpaths
    write_scanpaths(paths, file)
    assert read_scanpaths(file) == paths
    assert read_scanpaths(file, duration_unit="ms").durations.tolist() == [0.02, 0.07]


def test_one_row_a_path_with_lists(file: Path) -> None:
    write_scanpaths(table({"X": [1, 2], "Y": [1.5, 2]}), file)
    found = parquet.read_table(file)
    assert found.num_rows == 1
    assert found.column("X").to_pylist() == [[1, 2]]
    assert found.column("Y").to_pylist() == [[1.5, 2]]
    assert found.column("Y:integer").to_pylist() == [[False, True]]


def test_paths_without_durations_between_others_are_null(file: Path) -> None:
    paths = table(
        {"name": "1", "X": [1, 2], "Y": [1, 2], "T": [0.1, 0.2]},
        {"name": "2", "X": [1, 2, 3], "Y": [1, 2, 3]},
        {"name": "3"},
        {"name": "4", "T": [0.5]},
    )
    write_scanpaths(paths, file)
    assert parquet.read_table(file).column("T").to_pylist() == [[0.1, 0.2], None, None, [0.5]]
    assert read_scanpaths(file) == paths


@pytest.mark.parametrize("size", [0, 1, 100], ids=["empty", "a-byte", "noise"])
def test_what_is_no_parquet_is_refused(file: Path, size: int) -> None:
    file.write_bytes(b"\x07" * size)
    with pytest.raises(DataError, match=f"^{file}: not a Parquet file that can be read"):
        read_scanpaths(file)


def test_a_cut_file_is_refused(file: Path) -> None:
    write_scanpaths(table({}), file)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DataError, match=f"^{file}: not a Parquet file"):
        read_scanpaths(file)


def test_a_flipped_bit_in_the_pages_is_refused_or_changes_nothing(file: Path) -> None:
    paths = table(*[{"name": str(i), "X": [i + 0.125], "Y": [i + 0.25]} for i in range(90)])
    write_scanpaths(paths, file)
    content = file.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    refused = 0
    for place in range(4, footer, 3):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        try:
            assert read_scanpaths(file) == paths
        except DataError as error:
            assert str(error).startswith(f"{file}: not a Parquet file that can be read")  # noqa: PT017
            refused += 1
    assert refused > footer / 6


def test_a_column_of_texts_that_are_not_utf8_is_refused(file: Path) -> None:
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")]
    )
    columns = {"name": bad, "task": ["t"], "X": [[1]], "Y": [[1]]}
    parquet.write_table(pa.table(columns), file)
    with pytest.raises(DataError, match=f"^{file}: .*UTF8"):
        read_scanpaths(file, dataset=INFO)


def test_a_damaged_description_is_refused_by_the_files_name(file: Path) -> None:
    columns = pa.table({"name": ["a"], "task": ["t"], "X": [[1]], "Y": [[1]]})
    parquet.write_table(columns.replace_schema_metadata({"gazesearch": "[1]"}), file)
    with pytest.raises(DataError, match=f"^{file}: not a dataset description"):
        read_scanpaths(file)


def test_nulls_are_absent_fields_and_foreign_types_are_read_by_value(file: Path) -> None:
    columns = {
        "name": pa.array(["a", "b"]).dictionary_encode(),
        "task": ["t", "t"],
        "X": pa.array([[1], [2]], pa.list_(pa.uint8())),
        "Y": pa.array([[1.5], [2.5]], pa.list_(pa.float32())),
        "subject": pa.array([None, 3], pa.int8()),
        "split": pa.array(["test", None]),
        "empty": pa.nulls(2),
    }
    parquet.write_table(pa.table(columns), file)
    paths = read_scanpaths(file, dataset=INFO)
    assert paths.subject.tolist() == [None, 3]
    assert paths.split.tolist() == ["test", None]
    assert paths.fixations[:, :2].tolist() == [[1, 1.5], [2, 2.5]]
    assert "empty" not in paths.columns


def test_a_foreign_type_that_no_record_may_have_is_a_fault(file: Path) -> None:
    columns = {"name": ["a"], "task": ["t"], "X": [[1]], "Y": [[1]]}
    parquet.write_table(pa.table(columns | {"when": pa.array([0], pa.date32())}), file)
    with pytest.raises(FaultyRecords, match=f"^{file}: record 0, when: .*must be plain"):
        read_scanpaths(file, dataset=INFO)
