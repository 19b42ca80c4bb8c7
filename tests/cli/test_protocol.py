"""`gazesearch protocol` and `evaluate --protocol`, run as a user runs them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    n = 60
    paths = Scanpaths.of(
        [rng.integers(0, 224, (3, 2)) for _ in range(n)],
        image=[f"{i // 2}.jpg" for i in range(n)],
        finding=["edema", "fracture"] * (n // 2),
        split=rng.choice(["train", "valid", "test"], n).tolist(),
        screen_size=(224, 224),
    )
    file = tmp_path_factory.mktemp("protocol") / "annotations.json"
    gazesearch.write_scanpaths(paths, file)
    return file


def test_list_names_every_protocol(command_apart: Command) -> None:
    done = command_apart("protocol", "list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "official",
        "unseen-images",
        "image-disjoint",
    ]


def test_export_show_and_evaluate(command: Command, annotations: Path, tmp_path: Path) -> None:
    pinned = tmp_path / "fold.json"
    size = ("--screen-size", "224x224")
    made = command(
        "protocol", "export", "image-disjoint", "--annotations", annotations, *size,
        "--fold", "2/5", "--seed", "7", "--output", pinned,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    digest = json.loads(pinned.read_text())["digest"]
    assert digest in made.stdout
    shown = command("protocol", "show", pinned, "--annotations", annotations, *size, "--json")
    told = json.loads(shown.stdout)
    assert told["digest"] == digest
    assert told["test_records_on_images_of"] == {"train": 0, "valid": 0}
    assert sum(told["records"].values()) == 60
    scored = command(
        "evaluate", annotations, "--annotations", annotations, *size, "--protocol", pinned, "--json"
    )
    assert scored.returncode == 0, scored.stderr
    result = json.loads(scored.stdout)
    assert result["protocol"]["digest"] == digest
    assert result["records"]["scored"] == told["records"]["test"]
    text = command("protocol", "show", "official", "--annotations", annotations, *size)
    assert "test records on images of train" in text.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--protocol", "official", "--split", "test"), "leave out --split"),
        (("--protocol", "oficial"), "did you mean official?"),
        (("--protocol", "gone.json"), "gone.json: no such file"),
    ],
)
def test_evaluate_refuses_in_one_line(
    command: Command, annotations: Path, words: tuple[str, ...], said: str
) -> None:
    done = command(
        "evaluate", annotations, "--annotations", annotations, "--screen-size", "224x224", *words
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("official", "--seed", "1"), "--seed, --fold and --patients are for image-disjoint"),
        (("image-disjoint", "--fold", "6/5"), "must be I/K"),
        (("image-disjoint", "--fold", "1/2"), "must be 3 or more"),
        (("image", "--fold", "1/2"), "unknown protocol"),
        (("image-disjoint", "--patients", "gone.csv"), "gone.csv: no such file"),
    ],
)
def test_export_refuses_in_one_line(
    command: Command, annotations: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    output = tmp_path / "p.json"
    done = command(
        "protocol", "export", *words, "--annotations", annotations, "--screen-size", "224x224",
        "--output", output,
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not output.exists()
