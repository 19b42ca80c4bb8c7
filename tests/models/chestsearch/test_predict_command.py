"""ChestSearch by name, in one call, and as `gazesearch predict` runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import gazesearch
from gazesearch import FINDINGS, create_model, predict, write_scanpaths
from gazesearch.errors import BadSetting, DataError, UnknownName, UnreadableFile

torch = pytest.importorskip("torch", reason="needs the extra `model`")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four films in the published layout, each searched once."""
    root, rng = tmp_path_factory.mktemp("dataset"), np.random.default_rng(3)
    (root / "images" / "p1").mkdir(parents=True)
    (root / "annotations").mkdir()
    records = []
    for number in range(4):
        name = f"p1/{number}.png" if number % 2 else f"{number}.jpg"
        PIL.Image.fromarray(rng.integers(0, 256, (30, 40), np.uint8)).save(root / "images" / name)
        records.append({"name": name, "task": "edema", "X": [112, 60], "Y": [112, 90], "T": [1, 1]})
    (root / "annotations" / "a.json").write_text(json.dumps(records))
    return root


# -- by name


def test_published_and_converted_weights_are_told_apart(checkpoint: Path, converted: Path) -> None:
    models = [
        create_model("chestsearch", weights=weights, variant="wacv2025")
        for weights in (checkpoint, converted, converted / "model.safetensors")
    ]
    assert {model.name for model in models} == {"chestsearch.wacv2025"}
    published, *others = (model.network.state_dict() for model in models)
    for other in others:
        assert all(torch.equal(published[name], other[name]) for name in published)


def test_weights_that_are_not_asked_for_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="checkpoint is wacv2025, not clean") as caught:
        create_model("chestsearch", weights=checkpoint, variant="clean")
    assert "\n" not in str(caught.value)
    with pytest.raises(UnknownName, match="unknown variant 'cleen'"):
        create_model("chestsearch", variant="cleen")
    with pytest.raises(UnreadableFile, match="no such file or folder of weights"):
        create_model("chestsearch", weights=tmp_path / "absent.pt")
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(DataError):
        create_model("chestsearch", weights=tmp_path / "text.pt")


def test_without_weights_they_are_random_and_a_seed_repeats_them() -> None:
    before = torch.random.get_rng_state()
    one, same, other = (
        create_model("chestsearch", rng=seed).network.finding_queries for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


# -- in one call


@pytest.fixture(scope="module")
def model(network: Any) -> Any:
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    return ChestSearchModel(network, images_at_once=1)


def test_one_call_gives_the_published_paths_for_all_findings(model: Any, golden: Any) -> None:
    paths = predict(model, golden["img3/pixels"])
    assert paths.finding.tolist() == list(FINDINGS)
    assert "T" not in paths.fields
    assert predict(model, golden["img3/pixels"], decode="greedy") == paths
    native = predict(model, golden["img3/pixels"], frame="native")
    for number, (path, stretched) in enumerate(zip(paths, native, strict=True)):
        expected = golden["img3/decode_px"][number, : golden["img3/decode_len"][number]]
        np.testing.assert_allclose(path.fixations[:, :2], expected, atol=1e-9)
        assert stretched.screen_size == (640, 300)
        np.testing.assert_allclose(
            stretched.fixations[:, :2], expected * (640 / 224, 300 / 224), atol=1e-9
        )


def test_draws_come_from_the_seed_and_the_name(quick: Any) -> None:
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    image = np.arange(900, dtype=np.uint8).reshape(30, 30)
    model = ChestSearchModel(quick)
    drawn = predict(model, {"b": image, "a": image}, "edema", samples=2, rng=1)
    assert drawn.draw.tolist() == [0, 1, 0, 1]
    alone = predict(model, {"a": image}, "edema", samples=2, decode="sample", rng=1)
    np.testing.assert_array_equal(drawn[2:].fixations, alone.fixations)
    assert not np.array_equal(drawn[0].fixations, alone[0].fixations)


# -- the command


@pytest.fixture(scope="module")
def predicted(
    command: Callable[..., subprocess.CompletedProcess[str]],
    dataset: Path,
    converted: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Output of a run that was killed in the middle, and of the same command again."""
    output = tmp_path_factory.mktemp("out") / "paths.json"
    arguments = (
        "predict", dataset, "--weights", converted, "--output", output, "--finding", "edema",
        "--batch", 1,
    )  # fmt: skip
    apart = [sys.executable, "-m", "gazesearch.cli", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    part = Path(f"{output}.partial") / "part-000000.json"
    for _ in range(5):  # should a busy machine let the process end before it is killed
        killed = subprocess.Popen(apart, env=environment)
        while killed.poll() is None and not part.exists():
            time.sleep(0.005)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        if part.exists():
            break
        output.unlink(missing_ok=True)
    assert part.exists()
    assert not output.exists()
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"wrote {output}: 4 paths on 4 images\n"
    return output


def test_a_killed_run_gone_on_with_writes_what_an_undisturbed_one_does(
    predicted: Path, dataset: Path, model: Any, tmp_path: Path
) -> None:
    write_scanpaths(predict(model, dataset, "edema"), tmp_path / "whole.json")
    assert predicted.read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert sorted(file.name for file in predicted.parent.iterdir()) == [
        "paths.json", "paths.json.run.json",
    ]  # fmt: skip


def test_the_output_is_scored_and_shown(
    gazesearch_command: Any, predicted: Path, dataset: Path, tmp_path: Path
) -> None:
    scores = gazesearch.evaluate(predicted, dataset / "annotations" / "a.json")
    assert scores.summary("scanmatch").n == 4
    status, _, errors = gazesearch_command(
        "show", predicted, "--image", "p1/3.png", "--images", dataset / "images", "--output",
        tmp_path / "a.svg",
    )  # fmt: skip
    assert status == 0, errors
    assert "<image" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--output", "a.json", "--finding", "plural effusion"], "did you mean pleural effusion"),
        (["--output", "a.txt"], "unknown file ending '.txt'"),
        (["--output", "a.json", "--samples", "3", "--decode", "greedy"], "decode by sample"),
        (["--output", "a.json"], "no such file"),
    ],
)
def test_an_error_is_one_line(
    gazesearch_command: Any, tmp_path: Path, arguments: list[str], says: str
) -> None:
    output = tmp_path / arguments[1]
    status, _, errors = gazesearch_command(
        "predict", tmp_path / "absent.png", "--weights", tmp_path / "absent.pt",
        arguments[0], output, *arguments[2:],
    )  # fmt: skip
    assert status == 2
    assert says in errors
    assert len(errors.splitlines()) == 1
    assert not output.exists()
