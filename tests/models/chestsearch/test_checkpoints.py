"""Weights from elsewhere: the published files and ours are read, hostile ones named and refused."""

from __future__ import annotations

import collections
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch.errors import DataError, UnreadableFile

torch = pytest.importorskip("torch", reason="needs the extra `model`")

BACKBONE = "encoder.backbone."
PIXEL_DECODER = "encoder.pixel_decoder."


def same(one: Any, other: Any) -> bool:
    """Whether two networks have the same numbers."""
    one, other = one.state_dict(), other.state_dict()
    return list(one) == list(other) and all(torch.equal(one[k], other[k]) for k in one)


def part(state: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def staged(state: dict[str, Any]) -> dict[str, Any]:
    """With `stages.` before the names of the backbone's stages, as some files have it."""
    return {
        key.replace("encoder.backbone.res", f"{BACKBONE}stages.res"): state[key] for key in state
    }


def saved(path: Path, state: dict[str, Any]) -> Path:
    torch.save({"model": state, "step": 1}, path)
    return path


# -- what is read


@pytest.mark.parametrize(
    "renamed",
    [
        pytest.param(staged, id="stages"),
        pytest.param(lambda s: {f"module.{k}": v for k, v in s.items()}, id="module"),
        pytest.param(lambda s: s | staged(s), id="both-and-equal"),
    ],
)
def test_names_of_all_spellings_give_the_same_network(
    renamed: Callable[..., dict[str, Any]], state: dict[str, Any], network: Any, tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    assert same(load_published(saved(tmp_path / "a.pt", renamed(state))), network)


def test_the_folder_of_a_network_gives_it_back(network: Any, tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load, save

    save(network, tmp_path / "made", source={"ckp_29999.pt": "sha256:0"})
    assert sorted(f.name for f in (tmp_path / "made").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    assert same(load(tmp_path / "made"), network)


@pytest.mark.parametrize("kind", ["torch", "mask2former"])
def test_mask2former_parts_fill_backbone_and_pixel_decoder(
    kind: str, state: dict[str, Any], network: Any, tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_backbone, load_pixel_decoder

    backbone, decoder = part(state, BACKBONE), part(state, PIXEL_DECODER)
    files = [tmp_path / "M2F_R50.pkl", tmp_path / "M2F_R50_MSDeformAttnPixelDecoder.pkl"]
    if kind == "torch":
        top = ("lateral_convs.", "output_convs.")
        flat = {
            next((k.removeprefix(t) for t in top if k.startswith(t)), k): v
            for k, v in decoder.items()
        }
        torch.save(
            {f"stages.{k}" if k.startswith("res") else k: v for k, v in backbone.items()}, files[0]
        )
        torch.save(flat, files[1])
    else:
        whole = {f"backbone.{k}": v.numpy() for k, v in backbone.items()}
        whole |= {f"sem_seg_head.pixel_decoder.{k}": v.numpy() for k, v in decoder.items()}
        whole["sem_seg_head.predictor.query_embed.weight"] = np.ones((100, 256), np.float32)
        file = {"model": whole, "__author__": "third_party"}
        files[0].write_bytes(pickle.dumps(file, protocol=4))
        files[1].write_bytes(pickle.dumps(file, protocol=5))

    loaded = load_backbone(files[0]) | load_pixel_decoder(files[1])
    expected = network.state_dict()
    assert set(loaded) == {k for k in expected if k.startswith(("backbone.", "pixel_decoder."))}
    assert all(torch.equal(loaded[k], expected[k]) for k in loaded)


# -- what is no such file


def without(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda state: {k: v for k, v in state.items() if k != key}


def changed(key: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda state: state | {key: change(state[key])}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(without("query_pos.weight"), "lacks query_pos.weight", id="unused-lacks"),
        pytest.param(lambda s: s | {"extra": torch.ones(1)}, "unlike the model, extra", id="more"),
        pytest.param(
            changed("query_embed.weight", lambda t: t[:12]), r"shape \(12, 384\)", id="shape"
        ),
        pytest.param(changed("query_embed.weight", lambda t: t.half()), "float16", id="dtype"),
        pytest.param(changed("query_embed.weight", lambda t: t / 0), "NaN or infinity", id="nan"),
        pytest.param(changed("query_embed.weight", lambda t: 3), "is int", id="no-tensor"),
        pytest.param(
            changed("pixel_loc_emb.pos_w_embedding", lambda t: t + 0.01),
            "differs by 0.01",
            id="table",
        ),
        pytest.param(
            lambda s: s | {f"{BACKBONE}stages.res2.0.conv1.weight": torch.ones(64, 64, 1, 1)},
            "res2.0.conv1.weight is there twice",
            id="twice",
        ),
    ],
)
def test_what_is_not_the_published_layout_is_named(
    change: Callable[..., dict[str, Any]], said: str, state: dict[str, Any], tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    with pytest.raises(DataError, match=said) as caught:
        load_published(saved(tmp_path / "a.pt", change(state)))
    assert "\n" not in str(caught.value)


def test_a_bare_state_dict_is_no_checkpoint(state: dict[str, Any], tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    torch.save({"a": torch.ones(1)}, tmp_path / "a.pt")
    with pytest.raises(DataError, match="holds no 'model'"):
        load_published(tmp_path / "a.pt")


@pytest.mark.parametrize("key", ["model", "variant", "weights", "findings", "source"])
def test_a_folder_of_something_else_is_refused(key: str, network: Any, tmp_path: Path) -> None:
    import json

    from gazesearch.models.chestsearch.checkpoints import load, save

    save(network, tmp_path, source={})
    config = tmp_path / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {key: "clean"}))
    with pytest.raises(DataError, match="config.json"):
        load(tmp_path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load, load_published

    with pytest.raises(UnreadableFile, match="no such file"):
        load_published(tmp_path / "a.pt")
    with pytest.raises(UnreadableFile, match="no such file"):
        load(tmp_path)


def test_ordered_dictionaries_are_fine(state: dict[str, Any], network: Any, tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    ordered = collections.OrderedDict(state)
    assert same(load_published(saved(tmp_path / "a.pt", ordered)), network)
