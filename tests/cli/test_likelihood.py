"""`gazesearch evaluate --likelihood`, run as a user runs it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gazesearch import Scanpaths, write_scanpaths
from gazesearch.models.controls import Uniform
from gazesearch.models.maps import write_maps

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(command: Command) -> Command:
    return partial(command, "evaluate")


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    paths = [rng.uniform(0, 100, (4, 3)) * (1, 1, 0.01) for _ in range(12)]
    table = Scanpaths.of(
        paths, image=[f"{k}.png" for k in range(12)], finding="edema", screen_size=(100, 100),
        split=["train", "valid", "test"] * 4,
    )  # fmt: skip
    file = tmp_path_factory.mktemp("recorded") / "recorded.parquet"
    write_scanpaths(table, file)
    return file


def test_a_control_is_fitted_scored_and_saved(
    run: Command, annotations: Path, tmp_path: Path
) -> None:
    found = run(
        "finding-prior", "--annotations", annotations, "--likelihood", "--json", "--by", "position",
        "--mix-uniform", "valid", "--output", tmp_path / "out",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    result = json.loads(found.stdout)
    assert result["model"] == "finding-prior"
    assert result["run"]["inputs"]["model"] == (
        "finding-prior: fitted on 4 records of train, 4 of valid to choose on"
    )
    assert result["run"]["settings"]["mix_uniform"] == "valid"
    assert result["counts"]["fixations"] == 16
    assert list(result["groups"]) == ["fixation 2", "fixation 3", "fixation 4"]
    assert (tmp_path / "out" / "likelihood.md").is_file()


def test_a_file_of_maps_is_scored(run: Command, annotations: Path, tmp_path: Path) -> None:
    from gazesearch import read_scanpaths

    recorded = read_scanpaths(annotations)
    scored = recorded[recorded.split == "test"]
    write_maps(tmp_path / "theirs.npz", Uniform().fit(scored), scored)
    found = run(tmp_path / "theirs.npz", "--annotations", annotations, "--likelihood")
    assert found.returncode == 0, found.stderr
    assert "theirs on unnamed, split test" in found.stdout
    said = " ".join(found.stdout.split())
    assert re.search(r"Log-likelihood over uniform \[bits\] ↑ -?0\.0000", said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("medoid", "--likelihood"), "medoid: gives paths and no densities"),
        (("nothing", "--likelihood"), "unknown model 'nothing'"),
        (("uniform", "--likelihood", "--metrics", "dtw"), "--metrics: not with --likelihood"),
        (("uniform", "--likelihood", "--mix-uniform", "x"), "--mix-uniform 'x': must be a share"),
        (("x.json", "--mix-uniform", "0.1"), "--mix-uniform: only with --likelihood"),
        (("x.json", "--by", "position"), "--by position: only with --likelihood"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_are_one_line(
    run: Command, arguments: tuple[str, ...], said: str, annotations: Path
) -> None:
    found = run(*arguments, "--annotations", annotations)
    assert found.returncode == 2
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1
