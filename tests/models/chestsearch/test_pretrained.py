"""Folders of models: saved, loaded by name and digest, and nothing in them run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gazesearch.errors import BadSetting, DataError, UnknownName, UnreadableFile

torch = pytest.importorskip("torch", reason="needs the extra `model`")


def model_class() -> Any:
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    return ChestSearchModel


@pytest.mark.parametrize("variant", ["network", "clean"])
def test_a_saved_model_comes_back(
    variant: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    network = request.getfixturevalue(variant)
    model_class()(network).save_pretrained(tmp_path / "a")
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert config["source"] == network.source
    again = model_class().from_pretrained(tmp_path / "a")
    assert again.name == f"chestsearch.{network.variant.name}"
    assert again.network.source == network.source
    theirs, ours = network.state_dict(), again.network.state_dict()
    assert list(theirs) == list(ours)
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)


def test_where_the_weights_came_from_is_kept(checkpoint: Path, network: Any) -> None:
    from gazesearch.files import digest

    assert network.source == {"ckp_29999.pt": digest(checkpoint)}


def test_the_card_names_terms_and_papers_and_is_not_written_over(
    network: Any, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("mine")
    model_class()(network).save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    (tmp_path / "README.md").unlink()
    model_class()(network).save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text()
    for said in ("license: other", "MIMIC-CXR", "GazeSearch: Radiology Findings", "CVPR 2024"):
        assert said in card


def test_a_config_chooses_among_the_variants_and_nothing_else(copied: Callable[..., Path]) -> None:
    odd = copied("a", variant="os.system", images_at_once=0)
    with pytest.raises(DataError, match="config.json: unknown variant 'os.system'") as caught:
        model_class().from_pretrained(odd)
    assert "\n" not in str(caught.value)
    other = copied("b", images_at_once=1, network="os.system", config={"a": 1})
    assert model_class().from_pretrained(other).images_at_once == 4
    (other / "config.json").write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        model_class().from_pretrained(other)


def test_a_pickle_is_no_fallback(copied: Callable[..., Path]) -> None:
    other = copied("a")
    (other / "model.safetensors").rename(other / "pytorch_model.bin")
    with pytest.raises(UnreadableFile, match="model.safetensors: no such file"):
        model_class().from_pretrained(other)


def test_published_weights_are_not_taken_for_clean_ones(
    checkpoint: Path, converted: Path, copied: Callable[..., Path]
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load, load_published

    said = "wacv2025, not clean: clean has 7 history rows, where it has 6, and a duration head"
    with pytest.raises(BadSetting, match=said) as caught:
        load_published(checkpoint, variant="clean")
    assert "\n" not in str(caught.value)
    with pytest.raises(UnknownName, match="variant 'dirty'"):
        load_published(checkpoint, variant="dirty")
    with pytest.raises(BadSetting, match="holds the variant wacv2025, not clean"):
        load(converted, variant="clean")
    with pytest.raises(DataError, match=r"clean by its config.json: lacks duration_head"):
        load(copied("a", variant="clean"))


def test_what_the_hub_does_not_give_is_said_in_a_line(tmp_path: Path) -> None:
    for name in ("nobody/nothing", "no/such/folder"):
        with pytest.raises(UnreadableFile, match=f"{name}: no such folder, and not") as caught:
            model_class().from_pretrained(name, local_files_only=True, cache_dir=tmp_path)
        assert "\n" not in str(caught.value)
