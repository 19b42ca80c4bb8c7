"""Weights from elsewhere: the published files and ours are read, hostile ones named and refused."""

from __future__ import annotations

import collections
import math
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


@pytest.fixture(scope="module")
def slim() -> dict[str, Any]:
    """A state dict of the published layout whose tensors all lie in one storage of 10 MB."""
    from gazesearch.models.chestsearch import layout
    from gazesearch.models.chestsearch.model import position_of

    shapes = layout.checkpoint_shapes()
    most = max(map(math.prod, shapes.values()))
    numbers = torch.rand(most + len(shapes), generator=torch.Generator().manual_seed(0))
    state = {
        key: numbers[n : n + math.prod(shape)].view(shape)
        for n, (key, shape) in enumerate(shapes.items())
    }
    return state | dict.fromkeys(layout.TABLES, position_of(56, like=numbers))


@pytest.fixture(scope="module")
def slim_network(slim: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    from gazesearch.models.chestsearch.checkpoints import load_published

    return load_published(saved(tmp_path_factory.mktemp("slim") / "a.pt", slim))


# -- what is read


def test_tensors_that_lie_in_one_storage_are_parted(slim: dict[str, Any], tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    file = saved(tmp_path / "a.pt", slim)
    assert file.stat().st_size < 20e6
    network = load_published(file)
    assert torch.equal(network.finding_queries, slim["query_embed.weight"])
    with torch.no_grad():
        network.finding_queries.zero_()
    again = load_published(file)
    assert torch.equal(again.finding_queries, slim["query_embed.weight"])
    assert [k for k, v in network.state_dict().items() if not v.equal(again.state_dict()[k])] == [
        "finding_queries"
    ]


@pytest.mark.parametrize(
    "renamed",
    [
        pytest.param(staged, id="stages"),
        pytest.param(lambda s: {f"module.{k}": v for k, v in s.items()}, id="module"),
        pytest.param(lambda s: s | staged(s), id="both-and-equal"),
        pytest.param(collections.OrderedDict, id="ordered"),
    ],
)
def test_names_of_all_spellings_give_the_same_network(
    renamed: Callable[..., dict[str, Any]], slim: dict[str, Any], slim_network: Any, tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    assert same(load_published(saved(tmp_path / "a.pt", renamed(slim))), slim_network)


def test_the_folder_of_a_network_gives_it_back(network: Any, converted: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load

    assert sorted(f.name for f in converted.iterdir()) == ["config.json", "model.safetensors"]
    assert same(load(converted), network)


@pytest.mark.parametrize("kind", ["torch", "mask2former", "mask2former-flat"])
def test_mask2former_parts_fill_backbone_and_pixel_decoder(
    kind: str, slim: dict[str, Any], slim_network: Any, tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_backbone, load_pixel_decoder

    backbone, decoder = part(slim, BACKBONE), part(slim, PIXEL_DECODER)
    flat = {
        k.removeprefix("lateral_convs.").removeprefix("output_convs."): v
        for k, v in decoder.items()
    }
    assert {"adapter_1.weight", "layer_1.norm.bias"} <= set(flat)
    if kind == "torch":
        files = [tmp_path / "M2F_R50.pkl", tmp_path / "M2F_R50_MSDeformAttnPixelDecoder.pkl"]
        torch.save(
            {f"stages.{k}" if k.startswith("res") else k: v for k, v in backbone.items()}, files[0]
        )
        torch.save(flat, files[1])
    else:
        named = flat if kind == "mask2former-flat" else decoder
        whole = {f"backbone.{k}": v.numpy() for k, v in backbone.items()}
        whole |= {f"sem_seg_head.pixel_decoder.{k}": v.numpy() for k, v in named.items()}
        whole["sem_seg_head.predictor.query_embed.weight"] = np.ones((100, 256), np.float32)
        file = {"model": whole, "__author__": "third_party"}
        files = [tmp_path / "R50.pkl"] * 2
        files[0].write_bytes(pickle.dumps(file, protocol=5 if named is flat else 4))

    loaded = load_backbone(files[0]) | load_pixel_decoder(files[1])
    expected = slim_network.state_dict()
    assert set(loaded) == {k for k in expected if k.startswith(("backbone.", "pixel_decoder."))}
    assert all(torch.equal(loaded[k], expected[k]) for k in loaded)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_columns_first_or_rows_first_the_numbers_are_the_same(
    protocol: int, tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.untrusted import read_numpy_pickle

    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    file = tmp_path / "a.pkl"
    file.write_bytes(pickle.dumps({"c": rows, "f": np.asfortranarray(rows)}, protocol=protocol))
    found = read_numpy_pickle(file)
    for tensor in found.values():
        np.testing.assert_array_equal(tensor, rows)


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
        pytest.param(changed("query_embed.weight", lambda t: t.half()), "float16", id="half"),
        pytest.param(
            changed("fix_ind_emb.weight", lambda t: t.bfloat16()), "bfloat16", id="bfloat16"
        ),
        pytest.param(changed("query_embed.weight", lambda t: t.double()), "float64", id="double"),
        pytest.param(changed("query_embed.weight", lambda t: t / 0), "NaN or infinity", id="nan"),
        pytest.param(changed("query_embed.weight", lambda t: 3), "is int", id="no-tensor"),
        pytest.param(
            changed("pixel_loc_emb.pos_w_embedding", lambda t: t + 0.01),
            "pos_w_embedding: differs by 0.01",
            id="table-across",
        ),
        pytest.param(
            changed("pixel_loc_emb.pos_h_embedding", lambda t: t - 3e-5),
            "pos_h_embedding: differs by 3e-05",
            id="table-down",
        ),
        pytest.param(
            lambda s: s | {f"{BACKBONE}stages.res2.0.conv1.weight": torch.ones(64, 64, 1, 1)},
            "res2.0.conv1.weight is there twice",
            id="twice",
        ),
    ],
)
def test_what_is_not_the_published_layout_is_named(
    change: Callable[..., dict[str, Any]], said: str, slim: dict[str, Any], tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    with pytest.raises(DataError, match=said) as caught:
        load_published(saved(tmp_path / "a.pt", change(slim)))
    assert "\n" not in str(caught.value)


def test_tables_that_another_machine_computed_may_be_rounded_differently(
    slim: dict[str, Any], tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch import layout

    rounded = slim | {name: slim[name] + 5e-6 for name in layout.TABLES}
    assert "order" in layout.ours_of_published(rounded, where="test")


def test_a_bare_state_dict_is_no_checkpoint(slim: dict[str, Any], tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    torch.save(slim, tmp_path / "a.pt")
    with pytest.raises(DataError, match="holds no 'model'"):
        load_published(tmp_path / "a.pt")


@pytest.mark.parametrize("key", ["model", "variant", "weights", "findings", "source"])
def test_a_folder_of_something_else_is_refused(key: str, copied: Callable[..., Path]) -> None:
    from gazesearch.models.chestsearch.checkpoints import load

    with pytest.raises(DataError, match="config.json"):
        load(copied("a", **{key: "clean"}))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load, load_published

    with pytest.raises(UnreadableFile, match="no such file"):
        load_published(tmp_path / "a.pt")
    with pytest.raises(UnreadableFile, match="no such file"):
        load(tmp_path)
