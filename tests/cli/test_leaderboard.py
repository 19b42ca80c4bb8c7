"""`gazesearch leaderboard`, run as a user runs it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths
from gazesearch.scanpaths import GAZESEARCH

WHO = ("--author", "A. Reader", "--date", "2025-02-28")


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(command: Command) -> Command:
    return partial(command, "leaderboard")


@pytest.fixture(scope="module")
def run_apart(command_apart: Command) -> Command:
    return partial(command_apart, "leaderboard")


@pytest.fixture(scope="module")
def folder(run: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotations, predictions, and a board with one submission and one control."""
    root = tmp_path_factory.mktemp("leaderboard")
    rng = np.random.default_rng(0)
    images = [f"{k}.jpg" for k in range(20)]

    def table(split: list[str] | None) -> Scanpaths:
        paths = [rng.uniform(5, 219, (4, 3)) * (1, 1, 0.002) for _ in images]
        return Scanpaths.of(paths, image=images, finding="edema", split=split, info=GAZESEARCH)

    gazesearch.write_scanpaths(table(["train"] * 10 + ["test"] * 10), root / "a.json")
    for name in ("mine", "theirs"):
        gazesearch.write_scanpaths(table(None), root / f"{name}.json")
    board = ("board", "--annotations", root / "a.json")
    words = [root / "board", *board[1:]]
    for command in (
        ("new", *words, "--title", "Test board"),
        ("add", *words, root / "mine.json", "--name", "mine", *WHO),
        ("add", *words, "--control", "medoid"),
    ):
        found = run(*command)
        assert found.returncode == 0, found.stderr
    return root


def test_a_board_is_shown_checked_and_exported(run: Command, folder: Path, tmp_path: Path) -> None:
    words = (folder / "board", "--annotations", folder / "a.json")
    shown = run("show", *words)
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"^1 +mine +0\.\d{4} \[", shown.stdout, re.MULTILINE)
    assert "medoid (control)" in shown.stdout
    checked = run("check", *words, "--controls")
    assert "2 entries, all as scored anew" in checked.stdout
    assert run("export", *words, "--output", tmp_path).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "leaderboard.md", "leaderboard.html", "leaderboard.json",
    }  # fmt: skip
    result = json.loads(run("show", *words, "--json").stdout)
    assert result == json.loads((tmp_path / "leaderboard.json").read_text())
    assert {row["name"]: row["kind"] for row in result["rows"]} == {
        "mine": "submission", "medoid": "control",
    }  # fmt: skip


def test_check_ends_with_status_1_at_altered_scores_and_show_refuses(
    run: Command, run_apart: Command, folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder / "board", tmp_path / "board")
    file = tmp_path / "board" / "submissions" / "mine" / "scores.json"
    file.write_text(re.sub(r'"mean": 0\.\d+', '"mean": 0.99', file.read_text()))
    words = (tmp_path / "board", "--annotations", folder / "a.json")
    for call, command, status in ((run_apart, "check", 1), (run, "show", 2)):
        found = call(command, *words)
        assert found.returncode == status
        assert "scores.json: altered" in found.stderr
        assert len(found.stderr.splitlines()) == 1
        assert not found.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("theirs.json", "--name", "x"), "needs --name, --author and --date"),
        (("theirs.json", "--name", "../x", *WHO), "name '../x': must be 1 to 64"),
        (("mine.json", "--name", "x", *WHO), "has the same predictions as mine"),
        (("a.json", "--name", "x", *WHO), "copies of test: 10 of 10"),
        (("theirs.json", "--control", "medoid"), "give PREDICTIONS, or --control"),
        (("--control", "median"), "did you mean medoid"),
        ((), "give PREDICTIONS, or --control"),
    ],
    ids=["who", "name", "twice", "test", "both", "control", "neither"],
)
def test_an_addition_that_is_refused_gets_one_line_and_status_2(
    run: Command, folder: Path, words: tuple[str, ...], said: str
) -> None:
    files = [str(folder / word) if word.endswith(".json") else word for word in words]
    found = run("add", folder / "board", *files, "--annotations", folder / "a.json")
    assert found.returncode == 2
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert {path.name for path in (folder / "board" / "submissions").iterdir()} == {
        ".gitkeep", "medoid", "mine",
    }  # fmt: skip
