"""What the clean variant mends: each fault, as published and mended, side by side."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pytest

from gazesearch import Scanpaths
from gazesearch.errors import DataError, UnknownName
from gazesearch.evaluation.likelihood import next_fixation_bits
from gazesearch.models.histories import cells_under
from gazesearch.prediction import Requests

torch = pytest.importorskip("torch", reason="needs the extra `model`")

FRAME = (224, 224)
NONE = torch.zeros(1, dtype=torch.long)
EDEMA = torch.tensor([3])


def model_of(network: Any) -> Any:
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    return ChestSearchModel(network)


@pytest.fixture(scope="module")
def published_model(network: Any) -> Any:
    return model_of(network)


@pytest.fixture(scope="module")
def clean_model(clean: Any) -> Any:
    return model_of(clean)


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    return {"a.png": np.random.default_rng(5).integers(0, 256, FRAME, np.uint8)}


@pytest.fixture(scope="module")
def features(network: Any) -> Any:
    """Of an image of 64 x 64 px: 16 x 16 cells; both variants see the same."""
    with torch.inference_mode():
        return network.encode(torch.randn(1, 3, 64, 64, generator=torch.manual_seed(1)))


def asked(n: int = 1) -> Requests:
    return Requests.make(["a.png"] * n, "edema", screen_size=FRAME)


def after(model: Any, paths: list[list[tuple[float, float]]], images: Any) -> Any:
    requests = asked(len(paths))
    histories = requests.answered([np.array(p, float).reshape(-1, 2) for p in paths], name="test")
    return model.next_fixation(requests, histories, images=images)


def fed_into(module: Any, work: Any) -> Any:
    """What a module is called with while some work is done."""
    seen = []
    handle = module.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    try:
        with torch.inference_mode():
            work()
    finally:
        handle.remove()
    return seen[0]


def test_new_models_are_clean() -> None:
    from gazesearch.models.chestsearch import variants
    from gazesearch.models.chestsearch.model import ChestSearch

    with torch.device("meta"):
        assert ChestSearch().variant == variants.get("clean")
    with pytest.raises(UnknownName, match="did you mean wacv2025"):
        variants.get("wacv25")


def test_seven_fixations_can_be_followed(
    published_model: Any, clean_model: Any, images: Any
) -> None:
    seven = [(112.0, 112.0), *((20.0 * n, 30.0) for n in range(1, 7))]
    with pytest.raises(DataError, match="history of 7 fixations: chestsearch.wacv2025 takes 6"):
        after(published_model, [seven], images)
    assert np.isfinite(after(clean_model, [seven], images).log_stop).all()
    with pytest.raises(DataError, match="history of 8 fixations: chestsearch.clean takes 7"):
        after(clean_model, [[*seven, (5.0, 5.0)]], images)


def test_the_top_left_cell_keeps_its_position(network: Any, clean: Any, features: Any) -> None:
    from gazesearch.models.chestsearch.model import position_table

    cells = torch.tensor([[100, 0]])
    old, new = (
        fed_into(own.memory_layers[0], lambda own=own: own.remember(features, NONE, cells))
        for own in (network, clean)
    )
    position = position_table((1, 1), like=features.sharp)[0, 0]
    torch.testing.assert_close(new.tokens[0, -1], features.sharp[0, 0])
    torch.testing.assert_close(old.tokens[0, -1], features.sharp[0, 0] - position)
    torch.testing.assert_close(new.tokens[0, :-1], old.tokens[0, :-1])


def test_a_cell_is_a_quarter_of_a_pixel_number() -> None:
    from gazesearch.models.chestsearch.inputs import cells_of
    from gazesearch.models.chestsearch.variants import CLEAN, WACV2025

    pixels = np.arange(224.0)
    xy = np.stack([pixels, pixels[::-1]], axis=1)

    def columns(variant: Any, scale: tuple[float, float]) -> list[int]:
        sizes = np.tile(np.multiply(FRAME, scale, dtype=float), (224, 1))
        return (cells_of(xy * scale, sizes, (56, 56), variant=variant) % 56).tolist()

    right = (pixels // 4).astype(int).tolist()
    wrong = [n for n, column in enumerate(columns(WACV2025, (1, 1))) if column != right[n]]
    assert wrong == [124]
    for scale in ((1, 1), (10, 2), (0.5, 12.875)):
        assert columns(CLEAN, scale) == right


def test_training_decoding_and_evaluation_share_the_rule() -> None:
    from gazesearch.models.chestsearch.inputs import cells_of
    from gazesearch.models.chestsearch.variants import CLEAN, WACV2025

    every = np.stack(np.meshgrid(np.arange(224.0), np.arange(224.0)), axis=2).reshape(-1, 2)
    sizes = np.full_like(every, 224)
    scored = cells_under(every, sizes, (56, 56))
    clean, published = (
        cells_of(every, sizes, (56, 56), variant=own).numpy() for own in (CLEAN, WACV2025)
    )
    np.testing.assert_array_equal(clean, scored)
    assert (published != scored).sum() == 2 * 224 - 1  # of x or y at 124


def test_the_map_is_one_distribution(network: Any, clean: Any) -> None:
    logits = torch.tensor([[[0.0, 3.0], [20.0, 23.0]]]).double()
    old = network.log_mass(logits).exp().flatten()
    new = clean.log_mass(logits).exp().flatten()
    assert float(old.sum()) == pytest.approx(1)
    assert float(new.sum()) == pytest.approx(1)
    np.testing.assert_allclose(new[1::2] / new[::2], np.exp([3, 3]))
    assert float(old[3] / old[2]) == pytest.approx(1)  # a sigmoid cannot tell likely cells apart


def test_the_count_is_fed_as_a_share_of_seven(network: Any, clean: Any, features: Any) -> None:
    cells = torch.tensor([[1, 2, 3]])
    old, new = (
        fed_into(own.stop_head, lambda own=own: own(features, NONE, EDEMA, cells))
        for own in (network, clean)
    )
    assert old[0, -1] == 3
    assert new[0, -1] == pytest.approx(3 / 7)


def test_the_first_fixation_is_a_question(
    published_model: Any, clean_model: Any, images: Any
) -> None:
    old, new = (after(model, [[]], images) for model in (published_model, clean_model))
    assert np.exp(old.log_mass[0, 28, 28]) == 1
    assert old.log_stop[0] == -np.inf
    assert np.isfinite(new.log_mass).all()
    assert np.exp(new.log_mass).sum() == pytest.approx(1, abs=1e-9)
    assert np.isfinite(new.log_stop).all()

    path = np.array([[30.0, 40.0], [100.0, 90.0]])
    paths = Scanpaths.of([path], image=["a.png"], finding=["edema"], screen_size=FRAME)
    old_bits, new_bits = (
        next_fixation_bits(model, paths, first_fixation="as-recorded", images=images)
        for model in (published_model, clean_model)
    )
    assert old_bits.mean_first() == -np.inf
    assert np.isfinite(new_bits.mean_first())


def test_histories_of_all_lengths_in_a_batch(clean_model: Any, images: Any) -> None:
    path = [(112.0, 112.0), *((20.0 * n, 30.0) for n in range(1, 7))]
    paths = [path[:n] for n in (0, 7, 3)]
    together = after(clean_model, paths, images)
    for row, history in enumerate(paths):
        alone = after(clean_model, [history], images)
        np.testing.assert_allclose(together.log_mass[row], alone.log_mass[0], atol=1e-4)
        assert together.log_stop[row] == pytest.approx(alone.log_stop[0], abs=1e-4)
        assert together.duration.mean[row] == pytest.approx(alone.duration.mean[0], abs=1e-4)


def obstinate(network: Any) -> Any:
    """A network that always wants the same place, and never stops."""
    from gazesearch.models.chestsearch.model import WIDTH, Head

    own = copy.copy(network)
    own._modules = dict(network._modules)  # heads of its own, the rest is shared
    own.map_head, own.stop_head = Head(WIDTH, WIDTH), Head(WIDTH + 1, 1)
    with torch.no_grad():
        own.map_head[4].weight.zero_()
        own.map_head[4].bias.copy_(torch.linspace(-0.01, 0.01, WIDTH))
        own.stop_head[4].weight.zero_()
        own.stop_head[4].bias.fill_(-9)
    return own


def test_decoding_may_look_again_and_at_the_centre_of_a_cell(
    network: Any, clean: Any, images: Any
) -> None:
    old, new = (
        model_of(obstinate(own)).predict(asked(), images=images)[0].fixations[:, :2]
        for own in (network, clean)
    )
    assert old[0].tolist() == new[0].tolist() == [112, 112]
    assert len(old) == len(new) == 7
    assert all(np.hypot(*(a - b)) > 16 for a, b in itertools.combinations(old, 2))
    assert (new[1:] == new[1]).all()
    np.testing.assert_array_equal(new[1] % 4, [2, 2])
    np.testing.assert_array_equal(old[1] % 4, [0, 0])
    np.testing.assert_array_equal(old[1] + 2, new[1])


def test_fixations_last(published_model: Any, clean_model: Any, images: Any) -> None:
    models = (published_model, clean_model)
    old, new = (model.predict(asked(), images=images)[0] for model in models)
    assert not published_model.predicts_durations
    assert np.isnan(old.fixations[:, 2]).all()
    assert after(published_model, [[(112, 112)]], images).duration is None

    assert clean_model.predicts_durations
    for n, seconds in enumerate(new.fixations[:, 2]):
        told = after(clean_model, [[tuple(xy) for xy in new.fixations[:n, :2]]], images).duration
        assert seconds == pytest.approx(np.exp(told.mean[0]), rel=1e-4)
        assert told.spread[0] > 0
    draws = clean_model.sample(asked(), 3, images=images, rng=0)
    assert (draws.durations > 0).all()
    assert len(set(draws.durations.tolist())) > 3


def test_every_tensor_is_used(network: Any, clean: Any) -> None:
    def unused(own: Any) -> set[str]:
        own = copy.deepcopy(own)
        told = own(
            own.encode(torch.randn(1, 3, 64, 64)), NONE, EDEMA, torch.arange(6)[None], NONE + 5
        )
        parts = [told.map_logits, told.stop_logits, told.duration]
        sum(part.square().sum() for part in parts if part is not None).backward()
        rows = {"dim_kind": own.dim_kind.grad}
        found = {f"{k}[{n}]" for k, grad in rows.items() for n, r in enumerate(grad) if not r.any()}
        return found | {k for k, p in own.named_parameters() if p.grad is None or not p.grad.any()}

    assert unused(network) == {"dim_kind[1]"}
    assert unused(clean) == set()


def test_clean_paths_encode_an_image_once_and_count_in_the_frame(clean: Any, images: Any) -> None:
    encoded = []
    handle = clean.backbone.register_forward_hook(lambda _, x, __: encoded.append(len(x[0])))
    try:
        model = model_of(clean)
        findings = ["edema", "fracture", "edema"]
        small, large = (
            model.predict(
                Requests.make(["a.png"] * 3, findings, screen_size=size, subject=[1, 1, 2]),
                images=images,
            )
            for size in (FRAME, (2240, 448))
        )
    finally:
        handle.remove()
    assert sum(encoded) == 1
    np.testing.assert_array_equal(small[0].fixations, small[2].fixations)
    for a, b in zip(small, large, strict=True):
        np.testing.assert_allclose(a.fixations * (10, 2, 1), b.fixations)
