"""`gazesearch train`, run in this process: what it costs, a run, and its model scored."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gazesearch.cli import main
from gazesearch.datasets import Dataset

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gazesearch", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return command


@pytest.fixture
def given(phantom: Dataset, recipe: Path, tmp_path: Path) -> tuple[object, ...]:
    data = ("--annotations", phantom.annotations, "--images", phantom.root / "images")
    return (recipe, *data, "--output", tmp_path / "run")


def test_a_dry_run_says_what_training_costs_and_writes_nothing(
    run: Run, given: tuple[object, ...], tmp_path: Path
) -> None:
    status, said, _ = run("train", *given, "--dry-run", "--set", "schedule.epochs=7")
    assert status == 0
    assert "parameters frozen:" in said
    assert "(backbone " in said
    assert "for 14 steps in 7 epochs at most" in said
    assert "looking at images:" in said
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.toml"]


def test_of_several_processes_one_says_what_training_costs(
    run: Run, given: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, line in (("0", "parameters frozen:"), ("1", "")):
        monkeypatch.setenv("RANK", rank)
        status, said, _ = run("train", *given, "--dry-run")
        assert status == 0
        assert line in said
    assert said == ""


def test_a_phantom_recipe_needs_no_data_to_be_weighed(run: Run, tmp_path: Path) -> None:
    short = ("--set", "data.observers=1", "--set", "schedule.images=2")
    status, said, _ = run("train", "phantom-tiny", *short, "--dry-run", "--output", tmp_path / "r")
    assert status == 0
    assert "for 210 steps in 10 epochs at most" in said  # 42 of 60 images are of train
    assert not (tmp_path / "r").exists()


def test_a_trained_folder_is_a_model_that_can_be_scored(
    run: Run, given: tuple[object, ...], phantom: Dataset, tmp_path: Path
) -> None:
    status, said, _ = run("train", *given)
    assert status == 0
    assert "best on valid: " in said
    status, found, _ = run(
        *("evaluate", tmp_path / "run", "--annotations", phantom.annotations, "--likelihood"),
        *("--split", "valid", "--images", phantom.root / "images", "--json"),
    )
    assert status == 0
    bits = float(said.split("best on valid: ")[1].split()[0])
    scored = json.loads(found)
    assert scored["model"] == "nextgaze"
    assert scored["measures"]["log_likelihood"]["mean"] == pytest.approx(bits, abs=6e-4)


def test_a_second_run_in_the_same_folder_needs_resume(
    run: Run, given: tuple[object, ...], tmp_path: Path
) -> None:
    assert run("train", *given)[0] == 0
    status, _, said = run("train", *given)
    assert status == 2
    assert said.startswith("gazesearch: ")
    assert "holds a run already" in said
    assert run("train", *given, "--resume")[0] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--set", "schedule.epochs=0"), "schedule: epochs = 0: must be 1 or more"),
        (("--set", "network.settings.pannels=3"), "'pannels': did you mean panels?"),
        (("--set", "network.kind=nextgase"), "unknown network 'nextgase'"),
        (("--set", "backbone.name=tinny"), "unknown backbone 'tinny': did you mean tiny"),
        (("--device", "gpu"), "device 'gpu': must be cpu or cuda"),
        (("--init", "none.pt"), "none.pt: no such file or folder to start from"),
    ],
)
def test_a_mistake_gets_one_line(
    run: Run, given: tuple[object, ...], options: tuple[str, ...], said: str
) -> None:
    status, _, told = run("train", *given, *options)
    assert status == 2
    assert said in told
    assert len(told.splitlines()) == 1


def test_data_that_is_not_named_is_asked_for(run: Run, tmp_path: Path) -> None:
    status, _, said = run("train", "osie", "--output", tmp_path / "run")
    assert (status, said) == (
        2,
        "gazesearch: dataset osie: name its file: --annotations (annotations=)\n",
    )
