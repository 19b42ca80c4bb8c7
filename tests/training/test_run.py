"""`train`: a run's folder, going on after a break, and a model that has learnt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import gazesearch
from gazesearch.datasets import Dataset
from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.likelihood import score_fixations
from gazesearch.files import RunRecord, alone
from gazesearch.images import ImageFolder
from gazesearch.training import record as records
from gazesearch.training.logs import read_epochs
from gazesearch.training.recipe import read_recipe
from gazesearch.training.run import Trained, train
from gazesearch.training.settings import (
    BackboneSettings,
    Data,
    Network,
    ObjectiveSettings,
    Optimiser,
    Recipe,
    Schedule,
)
from gazesearch.training.validation import Valid

torch.set_num_threads(1)

SMALL = {
    "input_shape": [32, 32],
    "map_shape": [8, 8],
    "panels": 8,
    "keys": 4,
    "hidden": 4,
    "blocks": 1,
    "recent": 2,
    "max_history": 8,
    "dropout": 0.2,
}
RECIPE = Recipe(
    name="small",
    network=Network(settings=SMALL),
    backbone=BackboneSettings(name="tiny", trained=True),
    optimiser=Optimiser(rate=3e-3, average=0.8, rates={"backbone": 0.5}),
    schedule=Schedule(epochs=3, images=3, images_at_once=2, mirror=True, records=3, save_every=2),
)
"""Nine steps: three epochs of three batches."""


@pytest.fixture(scope="module")
def learn(phantom: Dataset) -> Callable[..., Trained]:
    def run(output: Path, recipe: Recipe = RECIPE, **options: Any) -> Trained:
        given = {"annotations": phantom.annotations, "images": phantom.root / "images", **options}
        return train(recipe, output=output, **given)

    return run


@pytest.fixture(scope="module")
def trained(learn: Callable[..., Trained], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run that nothing disturbed."""
    return learn(tmp_path_factory.mktemp("whole") / "run")


def state_of(folder: Path, name: str = "last") -> dict[str, torch.Tensor]:
    return load_file(folder / "checkpoints" / f"{name}.safetensors")


def assert_same_state(one: Path, other: Path) -> None:
    first, second = state_of(one), state_of(other)
    assert first.keys() == second.keys()
    assert any(name.startswith("optimiser.") for name in first)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_loss_falls_and_the_best_weights_are_kept(trained: Trained) -> None:
    losses = [epoch["train_total"] for epoch in trained.epochs]
    assert losses == sorted(losses, reverse=True)
    best = max(epoch["valid_bits"] for epoch in trained.epochs)
    assert trained.best.bits == pytest.approx(best)
    assert trained.epochs[trained.best_epoch - 1]["best"] == 1


def test_bits_on_valid_are_those_of_the_evaluation(trained: Trained, phantom: Dataset) -> None:
    images = ImageFolder(phantom.root / "images")
    for model in (trained.model, gazesearch.create_model("nextgaze", weights=trained.folder)):
        scores = score_fixations(model, phantom.scanpaths, split="valid", images=images)
        assert trained.best.bits == pytest.approx(scores.summary().mean, abs=1e-6)


def test_a_killed_run_goes_on_to_the_same_weights(
    trained: Trained, learn: Callable[..., Trained], phantom: Dataset, tmp_path: Path
) -> None:
    # Killed in the middle of the second epoch, after a step whose state was not written.
    code = (
        "import json, os, signal, sys, torch\n"
        "from gazesearch.training.recipe import recipe_of_json\n"
        "from gazesearch.training.run import train\n"
        "torch.set_num_threads(1)\n"
        "def killed(text, done):\n"
        "    if text.startswith('epoch') and done > 4.5 / 9:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "recipe, output, annotations, images = sys.argv[1:]\n"
        "train(recipe_of_json(recipe, where='test'), output=output, annotations=annotations,\n"
        "      images=images, progress=killed)\n"
    )
    output = tmp_path / "run"
    done = subprocess.run(
        [
            *(sys.executable, "-c", code, RECIPE.to_json(), output),
            *(phantom.annotations, phantom.root / "images"),
        ],
        check=False,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    steps = []
    again = learn(output, resume=True, progress=lambda text, at: steps.append((text, at)))
    assert steps[0][1] == pytest.approx(5 / 9)  # from the state after step 4
    assert_same_state(output, trained.folder)
    assert [e["step"] for e in again.epochs] == [3, 6, 9]
    for one, other in zip(again.epochs, trained.epochs, strict=True):
        assert one["valid_bits"] == other["valid_bits"]
        assert one["train_total"] == pytest.approx(other["train_total"])


def pressing(step: int, *, times: int = 1) -> Callable[[str, float], None]:
    """Progress at which Ctrl-C is pressed after a step of nine."""

    def press(text: str, done: float) -> None:
        if text.startswith("epoch") and round(done * 9) == step:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    return press


@pytest.mark.parametrize("step", [1, 6])
def test_ctrl_c_leaves_a_state_from_which_the_run_goes_on(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path, step: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "run", progress=pressing(step))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    learn(tmp_path / "run", resume=True)
    assert_same_state(tmp_path / "run", trained.folder)


def test_ctrl_c_pressed_again_breaks_off_at_once(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path, progress=pressing(5, times=2))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not (tmp_path / ".lock").exists()
    steps = []
    learn(tmp_path, resume=True, progress=lambda _text, done: steps.append(round(done * 9)))
    assert steps[0] == 5  # from the state after step 4: that of step 5 was not written any more
    assert_same_state(tmp_path, trained.folder)


def test_a_run_says_with_which_versions_each_part_of_it_was_trained(
    learn: Callable[..., Trained], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "run.json"

    def interrupted(step: int) -> dict[str, Any]:
        with pytest.raises(KeyboardInterrupt):
            learn(tmp_path, resume=True, progress=pressing(step))
        return dict(json.loads(file.read_text()))

    first = interrupted(3)
    assert "resumed" not in first
    interrupted(5)
    assert caplog.messages == []  # all of one version
    first["versions"]["torch"] = "1.0"  # as if the first three steps had been made with it
    file.write_text(json.dumps(first))
    interrupted(7)
    (said,) = caplog.messages
    assert said.startswith(f"{file}: goes on with torch {torch.__version__} (before: 1.0): ")
    learn(tmp_path, resume=True)
    learn(tmp_path, resume=True)  # which has nothing left to do
    record = json.loads(file.read_text())
    assert record["versions"]["torch"] == "1.0"
    assert [part["step"] for part in record["resumed"]] == [5, 7]
    assert {part["versions"]["torch"] for part in record["resumed"]} == {torch.__version__}
    assert caplog.messages == [said] * 2


def test_what_a_record_from_elsewhere_holds_does_not_reach_the_terminal_raw(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "run.json"
    then = {"settings": {}, "inputs": {"images": "x\n\x1b[2Jy", "\x1b[2J": "z"}}
    records.write(file, RunRecord(**then, versions={"torch": "1\n\x1b[2Jx"}))
    given = RunRecord(settings={}, inputs={"images": "sha256:0"}, versions={"torch": "2"})
    records.add_part(file, given, step=1)
    (said,) = caplog.messages
    assert r"torch 2 (before: '1\n\x1b[2Jx')" in said
    assert said.isprintable()
    with pytest.raises(BadSetting, match=r"images: 'x\\n\\x1b\[2Jy', not sha256:0") as raised:
        records.refuse_other_inputs(file, given)
    assert str(raised.value).isprintable()
    own = RunRecord(settings={}, inputs={"images": then["inputs"]["images"]})
    with pytest.raises(BadSetting, match=r"started with '\\x1b\[2J': z, not None") as raised:
        records.refuse_other_inputs(file, own)
    assert str(raised.value).isprintable()


@pytest.mark.skipif(sys.platform == "win32", reason="no lock there")
def test_two_runs_do_not_share_a_folder(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path
) -> None:
    assert not (trained.folder / ".lock").exists()
    with (
        alone(tmp_path / ".lock", busy="not free"),
        pytest.raises(BadSetting, match="another process trains into it"),
    ):
        learn(tmp_path)
    assert not (tmp_path / "recipe.json").exists()


@pytest.mark.parametrize("select", ["bits", "loss"])
def test_no_number_is_worse_than_any(select: str) -> None:
    def valid(value: float) -> Valid:
        return Valid(bits=-value, loss=value, first_bits=0, stop_bits=0, duration_nats=0)

    none = valid(float("nan"))
    assert valid(3.0).better_than(none, select)
    assert valid(2.0).better_than(valid(3.0), select)
    assert not none.better_than(valid(3.0), select)
    assert not none.better_than(none, select)


def test_weights_that_no_backbone_would_take_are_refused(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path
) -> None:
    chestsearch = replace(RECIPE, network=Network(kind="chestsearch"), backbone=BackboneSettings())
    with pytest.raises(BadSetting, match="chestsearch takes that of its own by --init"):
        learn(tmp_path, chestsearch, backbone=tmp_path / "none.pkl")
    fresh = replace(RECIPE, backbone=replace(RECIPE.backbone, pretrained=False))
    with pytest.raises(BadSetting, match="pretrained = false takes no weights"):
        learn(tmp_path, fresh, backbone=tmp_path / "none.pkl")


def test_durations_that_nothing_would_train_are_refused(
    learn: Callable[..., Trained], tmp_path: Path
) -> None:
    schedule = replace(RECIPE.schedule, mirror=False)
    published = replace(RECIPE, schedule=schedule, objective=ObjectiveSettings(kind="wacv2025"))
    with pytest.raises(BadSetting, match=r"trains no durations.*network.settings.durations = fal"):
        learn(tmp_path, published)


def test_a_phantom_is_made_for_a_recipe_that_does_not_look_at_it(tmp_path: Path) -> None:
    data = Data(images=10, observers=1, placeholder=True)
    recipe = replace(RECIPE, data=data, schedule=Schedule(epochs=1, images=4))
    assert train(recipe, output=tmp_path).best_epoch == 1


def test_a_state_that_does_not_say_where_it_stands_is_refused(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path
) -> None:
    last = Path("checkpoints") / "last.safetensors"
    (tmp_path / last).parent.mkdir()
    (tmp_path / "run.json").write_bytes((trained.folder / "run.json").read_bytes())
    with safe_open(trained.folder / last, framework="pt") as opened:
        told = opened.metadata()
    tensors = state_of(trained.folder)
    save_file(tensors, tmp_path / last, metadata=told | {"stand": "{}"})
    with pytest.raises(DataError, match="does not say where the run stands"):
        learn(tmp_path, resume=True)
    moment = next(name for name in tensors if name.endswith(".exp_avg"))
    save_file(tensors | {moment: torch.zeros(1)}, tmp_path / last, metadata=told)
    with pytest.raises(DataError, match="exp_avg: of another shape"):
        learn(tmp_path, resume=True)


@pytest.mark.parametrize("text", ["epoch,step\n1\n", "epoch\nx\n"])
def test_a_damaged_log_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "epochs.csv").write_text(text)
    with pytest.raises(DataError, match=r"epochs\.csv: is no log of a run"):
        read_epochs(tmp_path)


def test_a_finished_run_is_not_trained_further(
    trained: Trained, learn: Callable[..., Trained]
) -> None:
    before = state_of(trained.folder)
    again = learn(trained.folder, resume=True)
    assert again.best == trained.best
    assert all(torch.equal(before[name], t) for name, t in state_of(trained.folder).items())


def test_a_run_is_neither_overwritten_nor_gone_on_with_by_another_recipe(
    trained: Trained, learn: Callable[..., Trained]
) -> None:
    with pytest.raises(BadSetting, match="holds a run already"):
        learn(trained.folder)
    other = replace(RECIPE, schedule=replace(RECIPE.schedule, images=2))
    with pytest.raises(BadSetting, match=r"schedule\.images = 3, not 2"):
        learn(trained.folder, other, resume=True)


def test_a_run_does_not_go_on_with_other_data(
    trained: Trained, learn: Callable[..., Trained], phantom: Dataset, tmp_path: Path
) -> None:
    fewer = tmp_path / "fewer.json"
    gazesearch.write_scanpaths(phantom.scanpaths[3:], fewer)
    with pytest.raises(BadSetting, match=r"started with annotations: phantom-v1\.json sha256:"):
        learn(trained.folder, resume=True, annotations=fewer)


def test_a_damaged_state_is_refused(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints" / "last.safetensors"
    file.parent.mkdir()
    (tmp_path / "run.json").write_bytes((trained.folder / "run.json").read_bytes())
    file.write_bytes((trained.folder / "checkpoints" / "last.safetensors").read_bytes()[:-9])
    with pytest.raises(DataError, match="is no state of a run"):
        learn(tmp_path, resume=True)


def test_the_folder_is_enough_to_do_the_run_again(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path
) -> None:
    assert read_recipe(trained.folder / "recipe.json") == RECIPE
    record = json.loads((trained.folder / "run.json").read_text())
    assert record["seed"] == 0
    assert record["inputs"]["annotations"].startswith("phantom-v1.json sha256:")
    assert record["inputs"]["images"].startswith("sha256:")
    assert record["versions"]["torch"] == torch.__version__
    assert [f for f in (trained.folder / "logs").iterdir() if f.name.startswith("events")]
    again = learn(tmp_path / "again", read_recipe(trained.folder / "recipe.json"))
    assert_same_state(again.folder, trained.folder)
    other = learn(tmp_path / "other", rng=1)
    assert other.record.seed == 1
    assert other.best != trained.best


def test_kept_features_train_the_same_as_features_looked_at_each_time(
    learn: Callable[..., Trained], tmp_path: Path
) -> None:
    found = []
    for kept in ("float32", "no"):
        recipe = replace(RECIPE, backbone=BackboneSettings(name="tiny", kept=kept))
        recipe = replace(recipe, optimiser=Optimiser(), schedule=replace(RECIPE.schedule, epochs=1))
        found.append(learn(tmp_path / kept, recipe))
        assert (tmp_path / kept / "seen").is_dir() == (kept != "no")
    one, other = (done.epochs[0] for done in found)
    assert one["train_total"] == pytest.approx(other["train_total"], rel=1e-5)
    assert one["valid_bits"] == pytest.approx(other["valid_bits"], rel=1e-4)


def test_bfloat16_learns_nearly_the_same(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path
) -> None:
    low = learn(tmp_path, replace(RECIPE, schedule=replace(RECIPE.schedule, precision="bfloat16")))
    for one, other in zip(low.epochs, trained.epochs, strict=True):
        assert one["train_total"] == pytest.approx(other["train_total"], rel=0.01)
        assert one["train_total"] != other["train_total"]


def test_a_drawn_path_starts_where_the_rule_of_the_data_has_it(
    trained: Trained, learn: Callable[..., Trained], phantom: Dataset, tmp_path: Path
) -> None:
    given = replace(RECIPE, data=replace(RECIPE.data, first_fixation="replace"))
    given = replace(given, schedule=replace(RECIPE.schedule, epochs=1))
    assert not trained.model.network.settings.starts_in_centre
    assert learn(tmp_path, given).model.network.settings.starts_in_centre


def test_training_ends_early_without_better_epochs(
    learn: Callable[..., Trained], tmp_path: Path
) -> None:
    schedule = replace(RECIPE.schedule, epochs=9, patience=1, rate="constant", warm_up=0.0)
    recipe = replace(RECIPE, schedule=schedule, optimiser=Optimiser(rate=1e-12, average=0.0))
    done = learn(tmp_path, recipe)  # nothing moves, so that the second epoch is no better
    assert (len(done.epochs), done.best_epoch) == (2, 1)
    assert len(learn(tmp_path, recipe, resume=True).epochs) == 2


def test_a_run_starts_from_an_earlier_one(
    trained: Trained, learn: Callable[..., Trained], tmp_path: Path
) -> None:
    recipe = replace(RECIPE, schedule=replace(RECIPE.schedule, epochs=1))
    more = learn(tmp_path / "more", recipe, init=[trained.folder])
    assert more.epochs[0]["train_total"] < trained.epochs[0]["train_total"]
    assert any("started from run" in note for note in more.record.settings["notes"])
    assert any(name.endswith("model.safetensors") for name in more.record.inputs)
    wider = replace(recipe, network=Network(settings=SMALL | {"panels": 9}))
    with pytest.raises(
        DataError, match=r"is \(.*\), where this network has \(.*\): weights of another network"
    ):
        learn(tmp_path / "wider", wider, init=[trained.folder])
