"""Where training starts from: what is copied, changed and left fresh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gazesearch.errors import BadSetting, DataError

torch = pytest.importorskip("torch", reason="needs the extra `model`")


@pytest.fixture(scope="module")
def features(network: Any) -> Any:
    """Of an image of 64 x 64 px: 16 x 16 cells."""
    with torch.inference_mode():
        return network.encode(torch.randn(1, 3, 64, 64, generator=torch.manual_seed(2)))


@pytest.fixture(scope="module")
def started(network: Any) -> tuple[Any, Any]:
    """A clean network that started from the published one, and the account of it."""
    from gazesearch.models.chestsearch.model import ChestSearch
    from gazesearch.models.chestsearch.transfer import start_from

    own = ChestSearch()
    return own.eval(), start_from(own, network)


def answers(own: Any, features: Any, cells: list[int]) -> Any:
    """Of all 13 findings after one history."""
    with torch.inference_mode():
        none = torch.zeros(13, dtype=torch.long)
        return own(features, none, torch.arange(13), torch.tensor([cells] * 13))


def test_a_clean_network_starts_as_the_published_one(
    network: Any, started: Any, features: Any
) -> None:
    own, _ = started
    for n in (1, 3, 6):
        cells = [136, 9, 200, 77, 1, 255][:n]
        theirs, ours = (answers(one, features, cells) for one in (network, own))
        torch.testing.assert_close(ours.map_logits, theirs.map_logits, atol=1e-5, rtol=0)
        torch.testing.assert_close(ours.stop_logits, theirs.stop_logits, atol=1e-5, rtol=0)
        assert ours.duration.isfinite().all()


def test_its_quirks_are_mended_at_once(network: Any, started: Any, features: Any) -> None:
    own, _ = started
    theirs, ours = (answers(one, features, [136, 0]) for one in (network, own))  # the top left cell
    assert (ours.map_logits - theirs.map_logits).abs().max() > 1e-3
    assert answers(own, features, [136, 9, 200, 77, 1, 255, 30]).map_logits.isfinite().all()


def test_the_account_is_complete(network: Any, started: Any) -> None:
    own, account = started
    assert account.changed == {
        "order": "6 rows, the last one 1 more",
        "dim_kind": "without the row that nothing reads",
        "stop_head.0.weight": "times 7 for the number of fixations",
    }
    assert account.unused == ()
    assert {name.split(".")[0] for name in account.fresh} == {"duration_head"}
    assert {*account.copied, *account.changed, *account.fresh} == own.state_dict().keys()
    theirs = network.state_dict()
    assert all(torch.equal(own.state_dict()[name], theirs[name]) for name in account.copied)
    assert str(account).startswith(f"{len(account.copied)} weights copied; order: 6 rows")
    assert str(account).endswith("6 fresh (duration_head)")
    assert own.source == network.source
    assert own.source.keys() == {"ckp_29999.pt"}


def test_what_was_trained_is_left_alone(network: Any, started: Any, state: Any) -> None:
    assert torch.equal(network.stop_head[0].weight, state["termination_predictor.layers.0.weight"])
    assert torch.equal(network.order, state["fix_ind_emb.weight"])


def test_the_way_back_drops_what_the_published_variant_lacks(
    network: Any, started: Any, features: Any
) -> None:
    from gazesearch.models.chestsearch.model import ChestSearch
    from gazesearch.models.chestsearch.transfer import start_from
    from gazesearch.models.chestsearch.variants import WACV2025

    own = ChestSearch(variant=WACV2025).eval()
    account = start_from(own, started[0])
    assert account.fresh == ()
    assert {name.split(".")[0] for name in account.unused} == {"duration_head"}
    back, there = (answers(one, features, [5, 6, 7]) for one in (own, network))
    torch.testing.assert_close(back.stop_logits, there.stop_logits, atol=1e-5, rtol=0)
    assert torch.equal(back.map_logits, there.map_logits)


def test_parts_of_mask2former_are_a_start(state: Any, tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.layout import BACKBONE, PIXEL_DECODER
    from gazesearch.models.chestsearch.model import ChestSearch
    from gazesearch.models.chestsearch.transfer import start_from_parts

    files = {}
    for name, prefix in (("M2F_R50.pkl", BACKBONE), ("pixels.pkl", PIXEL_DECODER)):
        part = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        torch.save(part, files.setdefault(name, tmp_path / name))
    own = ChestSearch()
    account = start_from_parts(
        own, backbone=files["M2F_R50.pkl"], pixel_decoder=files["pixels.pkl"]
    )
    assert account.changed == {}
    assert {name.split(".")[0] for name in account.copied} == {"backbone", "pixel_decoder"}
    assert not any(name.startswith(("backbone", "pixel_decoder")) for name in account.fresh)
    assert torch.equal(own.backbone.stem.conv1.weight, state[f"{BACKBONE}stem.conv1.weight"])
    level = state[f"{PIXEL_DECODER}transformer.level_embed"]
    assert torch.equal(own.pixel_decoder.level_embed, level)
    assert own.source.keys() == files.keys()

    with pytest.raises(DataError, match="weights of another model"):
        start_from_parts(own, backbone=files["pixels.pkl"])
    with pytest.raises(BadSetting, match="name a file of the backbone, the pixel decoder or both"):
        start_from_parts(own)
