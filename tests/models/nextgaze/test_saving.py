"""Folders: what is saved is what is loaded, and what is not whole is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gazesearch.errors import DataError, UnreadableFile

torch = pytest.importorskip("torch", reason="needs the extra `train`")
for needed in ("jaxtyping", "safetensors", "huggingface_hub"):
    pytest.importorskip(needed, reason="needs the extra `train`")

from gazesearch.files import digest  # noqa: E402


@pytest.fixture
def folder(network: Any, tmp_path: Path) -> Path:
    from gazesearch.models.nextgaze.saving import save

    save(network, tmp_path, source={"run": "1234"})
    return tmp_path


def load(folder: Path) -> Any:
    from gazesearch.models.nextgaze.saving import load

    return load(folder)


def test_what_is_loaded_is_what_was_saved(folder: Path, network: Any) -> None:
    before = torch.random.get_rng_state()
    loaded = load(folder)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert loaded.settings == network.settings
    assert loaded.source == {"run": "1234"}
    assert not loaded.training
    ours, theirs = network.state_dict(), loaded.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_backbone_of_hugging_face_is_in_the_folder(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="needs the extra `train`")
    from gazesearch.models.backbones.creating import blank
    from gazesearch.models.nextgaze.network import NextGaze
    from gazesearch.models.nextgaze.saving import save
    from gazesearch.models.nextgaze.settings import NextGazeSettings

    config = {
        "model_type": "dinov2",
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    settings = NextGazeSettings(
        tasks=("freeview",), backbone="huggingface", input_shape=(28, 42), map_shape=(4, 6)
    )
    network = NextGaze(settings, blank("huggingface", {"config": config})).eval()
    save(network, tmp_path, source={})
    image = torch.randn(1, 3, 28, 42)
    with torch.no_grad():
        again = load(tmp_path).encode(image).panels
        assert torch.equal(again, network.encode(image).panels)


def changed(folder: Path, **changes: Any) -> None:
    file = folder / "config.json"
    config = json.loads(file.read_text())
    settings = changes.pop("settings", {})
    config |= changes
    if isinstance(config["settings"], dict):
        config["settings"] |= settings
    file.write_text(json.dumps(config))


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "chestsearch"},
        {"weights": "0" * 64},
        {"source": ["run"]},
        {"backbone": {"config": {}, "code": "run.py"}},
        {"settings": {"hidden": 6}},
        {"settings": {"hidden": "5"}},
        {"settings": {"hidden": True}},
        {"settings": {"durations": 1}},
        {"settings": {"dropout": 2.0}},
        {"settings": {"dropout": float("nan")}},
        {"settings": {"tasks": ["edema", 3]}},
        {"settings": {"map_shape": [6, 8, 2]}},
        {"settings": {"map_shape": [10**9, 10**9]}},
        {"settings": {"panels": 10**30}},
        {"settings": {"backbone": "../tiny"}},
        {"settings": {"backbone": "huggingface"}},
        {"settings": {"code": "os.system"}},
    ],
    ids=str,
)
def test_a_config_that_does_not_fit_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    changed(folder, **changes)
    with pytest.raises(DataError, match=str(folder)) as refused:
        load(folder)
    assert "\n" not in str(refused.value)


def test_weights_that_do_not_fit_are_refused(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    whole = load_file(file)
    for name, spoilt in (
        ("read", whole["read"].double()),
        ("read", whole["read"] * float("nan")),
        ("read", whole["read"][:2].clone()),
        ("more", whole["read"].clone()),
    ):
        save_file({**whole, name: spoilt}, file)
        changed(folder, weights=digest(file))
        with pytest.raises(DataError, match=name):
            load(folder)
    file.write_bytes(b"\xff" * 64)
    changed(folder, weights=digest(file))
    with pytest.raises(DataError, match=r"model\.safetensors"):
        load(folder)
    file.unlink()
    with pytest.raises(UnreadableFile):
        load(folder)


def test_a_file_of_another_digest_is_refused(folder: Path, made: Callable[..., Any]) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(DataError, match="is not the file that"):
        load(folder)
