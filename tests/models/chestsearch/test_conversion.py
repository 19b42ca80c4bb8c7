"""`gazesearch convert` on a file like the published one."""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch import FINDINGS
from gazesearch.files import digest
from gazesearch.prediction import Requests

torch = pytest.importorskip("torch", reason="needs the extra `model`")


@pytest.fixture(scope="module")
def staged(state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as `Module.state_dict` gives it: ordered, with metadata, and with `stages.`."""
    start = "encoder.backbone.res"
    named = OrderedDict(
        (key.replace(start, "encoder.backbone.stages.res"), state[key]) for key in state
    )
    named._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    path = tmp_path_factory.mktemp("staged") / "ckp_29999.pt"
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    torch.save({"model": named, "optimizer": optimizer.state_dict(), "step": 30000}, path)
    return path


def test_the_command_converts_and_says_how_to_go_on(
    gazesearch_command: Any, staged: Path, converted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    status, said, errors = gazesearch_command("convert", staged, "--output", folder)
    assert status == 0, errors
    assert said.splitlines() == [
        f"ckp_29999.pt: {digest(staged)}",
        f"model.safetensors: {digest(folder / 'model.safetensors')}, 157,362,572 bytes",
        f"wrote {folder}; use it: gazesearch predict IMAGES --weights {folder}",
    ]
    config = json.loads((folder / "config.json").read_text())
    assert config["source"] == {"ckp_29999.pt": digest(staged)}
    assert config["weights"] == digest(folder / "model.safetensors")
    # The same weights, whichever way the checkpoint spelled them.
    assert digest(folder / "model.safetensors") == digest(converted / "model.safetensors")


def test_a_converted_checkpoint_gives_the_published_paths(converted: Path, golden: Any) -> None:
    from gazesearch.models.chestsearch.checkpoints import load
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    asked = Requests.make(["0"] * len(FINDINGS), list(FINDINGS), screen_size=(224, 224))
    paths = ChestSearchModel(load(converted)).predict(asked, images={"0": golden["img0/pixels"]})
    for finding, path in enumerate(paths):
        expected = golden["img0/decode_px"][finding, : golden["img0/decode_len"][finding]]
        np.testing.assert_allclose(path.fixations[:, :2], expected, atol=1e-9)


def test_nothing_is_replaced_but_what_is_damaged(checkpoint: Path, tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.conversion import convert

    weights = tmp_path / "model.safetensors"
    assert convert(checkpoint, tmp_path).written
    before = weights.stat().st_mtime_ns
    assert not convert(checkpoint, tmp_path).written
    assert weights.stat().st_mtime_ns == before
    with weights.open("r+b") as opened:
        opened.seek(-9, os.SEEK_END)
        opened.write(b"damaged")
    again = convert(checkpoint, tmp_path)
    assert again.written
    assert again.weights == digest(weights)


def test_a_conversion_that_was_broken_off_can_be_run_again(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gazesearch.models.chestsearch.conversion import convert

    writes, replaces = list[str](), Path.replace

    def stops(file: Path, target: Path) -> Path:
        if writes:
            raise KeyboardInterrupt
        writes.append(Path(target).name)
        return replaces(file, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stops)  # between the two files
        with pytest.raises(KeyboardInterrupt):
            convert(checkpoint, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == writes
    assert convert(checkpoint, tmp_path).written


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit to files on Windows")
def test_a_full_disk_is_said_in_a_line(
    gazesearch_command: Any, checkpoint: Path, tmp_path: Path
) -> None:
    import resource

    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, usual[1]))
    try:
        status, _, errors = gazesearch_command("convert", checkpoint, "--output", tmp_path / "made")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    (line,) = errors.splitlines()
    assert "model.safetensors: cannot be written" in line
    assert status == 2
    assert not list((tmp_path / "made").iterdir())


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_of_something_else_is_left_alone(
    name: str, gazesearch_command: Any, checkpoint: Path, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("{}")
    status, _, errors = gazesearch_command("convert", checkpoint, "--output", tmp_path)
    assert status == 2
    (line,) = errors.splitlines()
    assert f"holds a {name} that is not of this file: nothing was written" in line
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "{}"


@pytest.mark.parametrize("kind", ["torch", "pickle"])
def test_parts_that_training_starts_from_are_told_apart(
    kind: str, gazesearch_command: Any, tmp_path: Path
) -> None:
    file = tmp_path / "M2F_R50.pkl"
    if kind == "torch":
        torch.save({"stem.conv1.weight": torch.ones(64, 3, 7, 7)}, file)
    else:
        file.write_bytes(b"\x80\x04}.")
    status, _, errors = gazesearch_command("convert", file, "--output", tmp_path / "made")
    assert status == 2
    (line,) = errors.splitlines()
    assert "training starts from" in line
    assert not (tmp_path / "made").exists()
