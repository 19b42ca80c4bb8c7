"""`gazesearch compare`, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import gazesearch
from gazesearch import Scanpaths

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(command: Command) -> Command:
    return partial(command, "compare")


@pytest.fixture(scope="module")
def run_apart(command_apart: Command) -> Command:
    return partial(command_apart, "compare")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three predictors scored on four images: right, wrong, and right but for one image."""
    root = tmp_path_factory.mktemp("results")
    right, wrong = [[1, 1], [9, 9], [1, 9]], [[9, 1], [5, 5], [9, 1]]
    images = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]

    def table(paths: list[list[list[int]]]) -> Scanpaths:
        return Scanpaths.of(paths, image=images, finding="edema", screen_size=(10, 10))

    predicted = {"right": [right] * 4, "wrong": [wrong] * 4, "mixed": [right] * 3 + [wrong]}
    for name, paths in predicted.items():
        scores = gazesearch.evaluate(table(paths), table([right] * 4), metrics=["scanmatch", "dtw"])
        scores.save(root / name)
    return [root / name for name in predicted]


def test_results_stand_side_by_side_and_the_first_is_tested(
    run_apart: Command, results: list[Path]
) -> None:
    found = run_apart(*results, "--resamples", "200")
    assert found.returncode == 0, found.stderr
    lines = found.stdout.splitlines()
    assert lines[4].split() == ["right", "wrong", "mixed"]
    assert "4 of 4" in lines[5]
    assert lines[6].split()[:5] == ["ScanMatch", "↑", "1.0000", "[1.000,", "1.000]"]
    assert "all records: right − mixed" in found.stdout
    assert "wrong − mixed" not in found.stdout


def test_json_and_files_hold_the_same(run: Command, results: list[Path], tmp_path: Path) -> None:
    options = ("--by", "length", "--resamples", "200", "--seed", "3", "--output", tmp_path / "out")
    found = run(*results[:2], "--json", *options)
    assert found.returncode == 0, found.stderr
    result = json.loads(found.stdout)
    assert result["groups"] == ["all records", "3 fixations"]
    assert (result["run"]["seed"], result["run"]["settings"]["resamples"]) == (3, 200)
    assert result["tests"][1]["metric"] == "dtw"
    assert result["tests"][1]["difference"] < 0
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == result
    assert "| ScanMatch ↑ |" in (tmp_path / "out" / "comparison.md").read_text()


def test_folders_of_one_name_are_told_apart_by_their_path(
    run: Command, results: list[Path], tmp_path: Path
) -> None:
    twin = tmp_path / "right"
    twin.symlink_to(results[1])
    (tmp_path / "other").mkdir()
    copy = tmp_path / "other" / "wrong"
    copy.symlink_to(results[0])
    found = run(results[0], twin, copy, "--json", "--resamples", "100")
    assert found.returncode == 0, found.stderr
    assert len(set(json.loads(found.stdout)["names"])) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("right",), "one result is named"),
        (("right", "absent"), "no such file"),
        (("right", "wrong", "--output", "right/results.json"), "no folder to write to"),
    ],
    ids=["one", "absent", "output"],
)
def test_a_mistake_gets_one_line_and_status_2(
    run: Command, results: list[Path], arguments: tuple[str, ...], said: str
) -> None:
    root = results[0].parent
    words = [str(root / word) if word[0] in "rwa" else word for word in arguments]
    found = run(*(str(root / "right/results.json") if w.endswith(".json") else w for w in words))
    assert found.returncode == 2
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert not found.stdout


def test_patients_take_the_place_of_images(
    run: Command, results: list[Path], tmp_path: Path
) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("image,patient\na.jpg,1\nb.jpg,1\nc.jpg,2\nd.jpg,2\n")
    found = run(*results[:2], "--patients", table, "--resamples", "200")
    assert "bootstrap over patients" in found.stdout
    table.write_text("image,patient\na.jpg,1\n")
    found = run(*results[:2], "--patients", table, "--resamples", "200")
    assert found.returncode == 2
    assert "patient" in found.stderr
    assert len(found.stderr.splitlines()) == 1
