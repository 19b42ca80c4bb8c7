"""JSON: what is a list of records, and where it stops being one."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import pytest

from gazesearch import Scanpaths, read_scanpaths, write_scanpaths
from gazesearch.errors import DataError, FaultyRecords

GOOD = '{"name": "a", "task": "t", "X": [1], "Y": [2]}'
OTHER = '{"name": "b", "task": "t", "X": [1], "Y": [2]}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "paths.json"


def read(file: Path, content: str | bytes) -> Scanpaths:
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_scanpaths(file, screen_size=(9, 9))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "must be a JSON list of records", id="empty"),
        pytest.param(" \n ", "must be a JSON list of records", id="blank"),
        pytest.param("\0\0\0\0", "must be a JSON list of records", id="zero-bytes"),
        pytest.param("{}", "must be a JSON list of records", id="object"),
        pytest.param("null", "must be a JSON list of records", id="null"),
        pytest.param("[", "record 0: not JSON: Expecting value at line 1, column 2", id="open"),
        pytest.param(f"[{GOOD}", "after record 0: expected , or ] at line 1", id="no-end"),
        pytest.param(f"[{GOOD},", "record 1: not JSON: Expecting value", id="end-after-comma"),
        pytest.param(f"[{GOOD},]", "record 1: not JSON: Expecting value", id="trailing-comma"),
        pytest.param(f"[,{GOOD}]", "record 0: not JSON: Expecting value", id="leading-comma"),
        pytest.param(f"[{GOOD} {OTHER}]", "after record 0: expected , or ]", id="no-comma"),
        pytest.param(f"[{GOOD}]x", "text follows the list at line 1, column", id="trailing-text"),
        pytest.param(f"[{GOOD}][]", "text follows the list", id="two-lists"),
        pytest.param(f"[{GOOD}]\0", "text follows the list", id="trailing-zero"),
        pytest.param(
            f"[{GOOD},\n{OTHER[:-4]}",
            "record 1: not JSON: Expecting",
            id="cut-within-a-record",
        ),
        pytest.param("[" + GOOD.replace('"t"', '"t'), "record 0: not JSON: ", id="open-text"),
        pytest.param("[" + GOOD.replace("[1]", "[01]") + "]", "record 0: not JSON", id="01"),
        pytest.param("[" + GOOD.replace("[1]", "[+1]") + "]", "record 0: not JSON", id="+1"),
        pytest.param("[" + GOOD.replace("[1]", "[1.]") + "]", "record 0: not JSON", id="1."),
        pytest.param("[" + GOOD.replace('"', "'") + "]", "record 0: not JSON", id="quotes"),
        pytest.param(
            "[" + GOOD.replace('"t"', '"t\n"') + "]", "record 0: not JSON: Invalid control", id="lf"
        ),
        pytest.param(
            f"[{GOOD}, " + OTHER[:-1] + ', "X": [3]}]',
            "record 1: field 'X' stands twice: remove one",
            id="repeated-key",
        ),
        pytest.param(
            "[" + GOOD[:-1] + ', "note": {"a": 1, "a": 1}}]',
            "record 0: field 'a' stands twice",
            id="repeated-nested-key",
        ),
        pytest.param(f"[{GOOD}, {'[' * 100_000}", "record 1: is nested too deeply", id="deep"),
        pytest.param("[" + '{"a":' * 100_000, "record 0: is nested too deeply", id="deep-objects"),
        pytest.param(
            "[" + GOOD.replace("[1]", "[" + "9" * 5000 + "]") + "]",
            "record 0: a number has too many digits",
            id="digits",
        ),
        pytest.param(f"[{GOOD}]".encode("utf-16"), r"is not UTF-8 text \(byte 0\)", id="utf-16"),
        pytest.param(f"[{GOOD}]".encode("utf-16-le"), "record 0: not JSON", id="utf-16-no-bom"),
        pytest.param(
            '[{"name": "ä'.encode("latin-1") + b'"}]',
            r"is not UTF-8 text \(byte 11\)",
            id="latin-1",
        ),
        pytest.param(b"[\xed\xa0\x80]", "is not UTF-8 text", id="encoded-surrogate"),
    ],
)
def test_what_is_no_list_of_records_is_refused_at_its_place(
    file: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=f"^{file}: {message}"):
        read(file, content)


@pytest.mark.parametrize(
    ("number", "field"),
    [("NaN", "nan"), ("Infinity", "inf"), ("-Infinity", "-inf"), ("1e999", "inf")],
)
def test_literals_that_are_no_json_numbers_are_faults_of_their_record(
    file: Path, number: str, field: str
) -> None:
    with pytest.raises(FaultyRecords, match=rf"record 1, X\[0\]: {field}: must be a finite"):
        read(file, f"[{GOOD}, {OTHER.replace('[1]', f'[{number}]')}]")


def test_lone_surrogates_are_faults(file: Path) -> None:
    with pytest.raises(FaultyRecords, match=r"record 0, name: 'a\\ud800': must be"):
        read(file, "[" + GOOD.replace('"a"', '"a\\ud800"') + "]")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"\ufeff[{GOOD}]", id="byte-order-mark"),
        pytest.param(f" \r\n[\r\n\t{GOOD}\r\n]\r\n \n", id="spaces"),
        pytest.param("[" + GOOD.replace('"a"', '"\\u0061"') + "]", id="escapes"),
        pytest.param("[" + GOOD.replace("[2]", "[20e-1]") + "]", id="exponent"),
    ],
)
def test_the_freedoms_of_json_are_read(file: Path, content: str) -> None:
    paths = read(file, content)
    assert paths.image.tolist() == ["a"]
    assert paths.fixations[:, :2].tolist() == [[1, 2]]


def test_a_list_of_nothing_is_a_table_where_the_frame_is_known(file: Path) -> None:
    assert len(read(file, "[ ]")) == 0


def test_ascii_is_written_a_record_a_line(file: Path, tmp_path: Path) -> None:
    paths = read(file, f"[{GOOD.replace('a', 'ä', 1).replace('näme', 'name')}, {OTHER}]")
    written = tmp_path / "written.json"
    write_scanpaths(paths, written)
    text = written.read_bytes().decode("ascii")
    assert text.count("\n") == 4
    assert json.loads(text) == json.loads(file.read_text("utf-8"))


def test_no_paths_are_written_as_an_empty_list(file: Path, tmp_path: Path) -> None:
    write_scanpaths(read(file, "[]"), tmp_path / "none.json")
    assert json.loads((tmp_path / "none.json").read_text("utf-8")) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("[" + " " * 5_000_000 + "]", id="spaces"),
        pytest.param(
            "[{" + ",".join(f'"k{i}":1' for i in range(40_000)) + ',"k39999":2}]', id="many-keys"
        ),
        pytest.param("[" + "1," * 100_000 + "1]", id="many-faults"),
    ],
)
def test_hostile_files_take_no_time(file: Path, content: str) -> None:
    start = time.process_time()
    with contextlib.suppress(DataError):
        read(file, content)
    assert time.process_time() - start < 2.5
