"""`gazesearch audit`, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

LOOK = {"X": [112, 60, 80], "Y": [112, 64, 90], "T": [0.2, 0.3, 0.4]}


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(command: Command) -> Command:
    return partial(command, "audit")


@pytest.fixture(scope="module")
def run_apart(command_apart: Command) -> Command:
    return partial(command_apart, "audit")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two records that differ in image and split: no fault."""
    file = tmp_path / "paths.json"
    other = {"X": [20, 200, 100], "Y": [20, 40, 60], "T": [0.2, 0.3, 0.4]}
    records = [
        {"name": "a.png", "task": "edema", "split": "train", **LOOK},
        {"name": "b.png", "task": "edema", "split": "test", **other},
    ]
    file.write_text(json.dumps(records))
    return file


def planted(file: Path, **changes: object) -> None:
    records = json.loads(file.read_text())
    records[1] |= changes
    file.write_text(json.dumps(records))


@pytest.mark.parametrize(
    ("changes", "level", "status"),
    [
        ({}, "warning", 0),
        ({"T": [0.2, 0, 0.4]}, "error", 0),
        ({"T": [0.2, 0, 0.4]}, "warning", 1),
        ({"name": "a.png", "task": "fracture"}, None, 0),
        ({"name": "a.png", "task": "fracture"}, "error", 1),
        ({"name": "a.png", "task": "fracture"}, "warning", 1),
    ],
)
def test_fail_on_decides_the_exit_status(
    run: Command, file: Path, changes: dict[str, object], level: str | None, status: int
) -> None:
    planted(file, **changes)
    found = run(file, *(() if level is None else ("--fail-on", level)))
    assert found.returncode == status, found.stderr
    assert found.stdout.startswith("gazesearch 224x224: ")
    if status:
        assert len(found.stderr.splitlines()) == 1
        assert found.stderr.startswith("gazesearch: the audit found ")
    else:
        assert not found.stderr


def test_a_failed_audit_has_written_its_reports(
    run_apart: Command, file: Path, tmp_path: Path
) -> None:
    planted(file, name="a.png", task="fracture")
    found = run_apart(file, "--fail-on", "error", "--output", tmp_path / "out", "--json")
    assert found.returncode == 1
    assert "shared_images" in found.stderr
    assert json.loads(found.stdout) == json.loads((tmp_path / "out" / "audit.json").read_text())
    assert (tmp_path / "out" / "audit.html").read_text().startswith("<!doctype html>")


def test_options_reach_the_audit(run: Command, file: Path, tmp_path: Path) -> None:
    patients = tmp_path / "patients.csv"
    patients.write_text("image,patient\na.png,1\nb.png,1\n")
    (tmp_path / "images").mkdir()
    planted(file, task="freeview")
    found = run(
        file, "--patients", patients, "--images", tmp_path / "images", "--seed", "7", "--json",
        "--dataset", "osie", "--screen-size", "300x300", "--lenient",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    result = json.loads(found.stdout)
    items = {item["name"]: item for item in result["items"]}
    assert result["run"]["seed"] == 7
    assert result["dataset"]["screen_size"] == [300, 300]
    assert items["shared_patients"]["figures"]["patients"] == 1
    assert items["missing_images"]["figures"] == {"images": 1, "records": 1}
    assert items["dropped_records"]["figures"]["records"] == 1  # `edema` is no task of OSIE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.json",), "no such file"),
        (("paths.json", "--patients", "paths.json"), "the header must name image and patient"),
        (("paths.json", "--images", "none"), "no such folder of images"),
        (("paths.json", "--screen-size", "big"), "--screen-size 'big'"),
        (("paths.json", "--output", "paths.json"), "no folder to write to"),
    ],
)
def test_a_mistake_gets_one_line_and_status_2(
    run: Command, file: Path, arguments: tuple[str, ...], said: str
) -> None:
    given = [a if a.startswith("--") or a == "big" else file.parent / a for a in arguments]
    found = run(*given)
    assert found.returncode == 2
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert not found.stdout
