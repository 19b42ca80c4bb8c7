"""What `gazesearch train chestsearch --init` starts from (`test_transfer`: what becomes of it)."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `model`")

from gazesearch.errors import DataError  # noqa: E402
from gazesearch.models.chestsearch import layout  # noqa: E402
from gazesearch.models.chestsearch.model import ChestSearch  # noqa: E402
from gazesearch.training.initial import start_from  # noqa: E402


@pytest.fixture
def fresh() -> ChestSearch:
    torch.manual_seed(4)
    return ChestSearch()


@pytest.mark.parametrize("kind", ["checkpoint", "converted"])
def test_a_clean_network_starts_from_the_published_weights(
    fresh: ChestSearch, kind: str, network: Any, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(kind)
    told = start_from(fresh, [path])
    found, given = fresh.state_dict(), network.state_dict()
    assert torch.equal(found["order"][:6], given["order"])
    assert torch.equal(found["map_head.0.weight"], given["map_head.0.weight"])
    (note,) = told.notes
    assert note.startswith(f"started from {path.name}: ")
    assert "fresh (duration_head)" in note
    (source,) = told.sources
    assert source == (path.name if path.is_file() else "made/model.safetensors")


def test_the_backbone_and_the_pixel_decoder_come_from_their_own_files(
    fresh: ChestSearch, state: dict[str, Any], network: Any, tmp_path: Path
) -> None:
    own = {name: tensor.clone() for name, tensor in fresh.state_dict().items()}
    files = []
    for name, prefix in (
        ("M2F_R50.pkl", layout.BACKBONE),
        ("M2F_R50_MSDeformAttnPixelDecoder.pkl", layout.PIXEL_DECODER),
    ):
        part = {
            key.removeprefix(prefix): value.numpy()
            for key, value in state.items()
            if key.startswith(prefix)
        }
        files.append(tmp_path / name)
        files[-1].write_bytes(pickle.dumps(part))
    told = start_from(fresh, files)
    assert list(told.sources) == [file.name for file in files]
    given = network.state_dict()
    for name, tensor in fresh.state_dict().items():
        loaded = name.startswith(("backbone.", "pixel_decoder."))
        assert torch.equal(tensor, given[name] if loaded else own[name]), name


def test_what_is_neither_part_is_refused(fresh: ChestSearch, tmp_path: Path) -> None:
    file = tmp_path / "other.pkl"
    file.write_bytes(pickle.dumps({"weight": torch.zeros(3).numpy()}))
    with pytest.raises(DataError, match="weights of another model"):
        start_from(fresh, [file])
