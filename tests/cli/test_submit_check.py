"""`gazesearch submit-check`, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

LOOKS = {"a": [112, 60, 80], "b": [112, 64, 90], "c": [112, 30, 20]}


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(command: Command) -> Command:
    return partial(command, "submit-check")


@pytest.fixture(scope="module")
def run_apart(command_apart: Command) -> Command:
    return partial(command_apart, "submit-check")


def record(image: str, x: list[int], **more: object) -> dict[str, object]:
    return {"name": image, "task": "edema", "X": x, "Y": x[::-1], **more}


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    file = tmp_path / "annotations.json"
    splits = {"a": "train", "b": "test", "c": "test"}
    file.write_text(json.dumps([record(k, LOOKS[k], split=splits[k]) for k in LOOKS]))
    return file


def write(tmp_path: Path, *records: dict[str, object]) -> Path:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(records))
    return file


def test_hints_leave_the_status_0_and_the_row_is_printed(
    run: Command, annotations: Path, tmp_path: Path
) -> None:
    mine = write(tmp_path, record("b", [112, 9, 99]), record("c", [112, 5, 7]), record("z", [1, 2]))
    found = run(mine, "--annotations", annotations, "--protocol", "official")
    assert found.returncode == 0, found.stderr
    assert "HINT      surplus: 1 predictions are of nothing that is scored" in found.stdout
    assert "HINT      no durations: 2 of 2" in found.stdout
    assert "ScanMatch ↑" in found.stdout
    assert not found.stderr


def test_what_blocks_ends_with_status_1_and_one_line(
    run_apart: Command, annotations: Path, tmp_path: Path
) -> None:
    mine = write(tmp_path, record("b", [112, 64, 90]))
    found = run_apart(mine, "--annotations", annotations)
    assert found.returncode == 1
    assert "BLOCKING  missing: 1 of 2 records have no prediction" in found.stdout
    assert "BLOCKING  copies of test: 1 of 1" in found.stdout
    assert found.stderr.endswith("not ready to be sent: missing, copies of test\n")
    assert len(found.stderr.splitlines()) == 1


def test_json_holds_remarks_and_row(run: Command, annotations: Path, tmp_path: Path) -> None:
    mine = write(tmp_path, record("b", [112, 9, 999]), record("c", [112, 5, 7]))
    found = run(mine, "--annotations", annotations, "--json")
    assert found.returncode == 1
    result = json.loads(found.stdout)
    assert result["ready"] is False
    assert [remark["name"] for remark in result["remarks"]][:2] == ["off-screen", "frame"]
    assert result["row"]["all records"]["scanmatch"]["n"] == 2


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ("[" * 100_000, 1, "nested too deeply"),
        ('{"a": 1}', 1, "must be a JSON list of records"),
        (None, 2, "no such file"),
    ],
    ids=["deep", "object", "absent"],
)
def test_a_file_that_cannot_be_read_is_told(
    run: Command, annotations: Path, tmp_path: Path, content: str | None, status: int, said: str
) -> None:
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_text(content)
    found = run(file, "--annotations", annotations)
    assert found.returncode == status
    assert said in found.stdout + found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_what_ranks_must_have_a_value_everywhere(
    run: Command, annotations: Path, tmp_path: Path
) -> None:
    mine = write(tmp_path, record("b", [112, 9, 99]), record("c", [112]))
    words = (mine, "--annotations", annotations, "--rank-by")
    found = run(*words, "multimatch_shape")
    assert found.returncode == 1
    assert "BLOCKING  gaps: 1 prediction has no value of multimatch_shape" in found.stdout
    assert run(*words, "scanmatch").returncode == 0
    found = run(*words, "dtw")
    assert found.returncode == 2
    assert "ranked_by 'dtw': is not among the metrics shown" in found.stderr
