"""ChestSearch in bfloat16: near the numbers in float32, and float32 where that matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gazesearch import FINDINGS
from gazesearch.prediction import Requests

torch = pytest.importorskip("torch", reason="needs the extra `model`")

FRAME = (224, 224)
NAMES = [f"{n}.png" for n in "ab" for _ in FINDINGS]
ASKED = Requests.make(NAMES, list(FINDINGS) * 2, screen_size=FRAME)


def model_of(network: Any, precision: Any) -> Any:
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    return ChestSearchModel(network, precision=precision)


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {name: rng.integers(0, 256, FRAME, np.uint8) for name in set(NAMES)}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_places_are_in_float32_whatever_the_tokens_are_in(dtype: str) -> None:
    from gazesearch.models.chestsearch.pixel_decoder import cell_centres, sine_positions

    like = torch.zeros(1, dtype=getattr(torch, dtype))
    centres, positions = cell_centres((28, 28), like), sine_positions((28, 28), like)
    assert centres.dtype == positions.dtype == torch.float32
    np.testing.assert_allclose(centres[:28, 0], (np.arange(28) + 0.5) / 28, rtol=1e-6)
    np.testing.assert_allclose(
        positions[::28, 0], np.sin(2 * np.pi * np.arange(1, 29) / 28), atol=1e-6
    )


def test_the_image_side_in_bfloat16_is_near_that_in_float32(network: Any) -> None:
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        exact = network.encode(image)
        with torch.autocast("cpu", torch.bfloat16):
            rough = network.encode(image)
    for one, other in ((exact.dim, rough.dim), (exact.sharp, rough.sharp)):
        assert other.dtype == torch.float32
        error = ((one - other).square().mean().sqrt() / one.std()).item()
        assert 1e-4 < error < 0.02  # rounded, and not more


def test_answers_in_bfloat16_are_near_those_in_float32(quick: Any, images: Any) -> None:
    past = ASKED.answered([np.array([[112.0, 112.0], [60.0, 64.0]])] * len(ASKED), name="given")
    exact, rough = (
        model_of(quick, precision).next_fixation(ASKED, past, images=images)
        for precision in ("float32", "bfloat16")
    )
    error = np.abs(rough.log_mass - exact.log_mass)
    assert 1e-4 < error.max() < 0.5
    assert np.sqrt((error**2).mean()) < 0.05
    assert 1e-5 < np.abs(rough.log_stop - exact.log_stop).max() < 0.2
    # Logits are not rounded: hardly two cells are equal.
    assert len(np.unique(rough.log_mass[0])) > 3000


def test_features_of_one_precision_are_not_taken_for_the_other(quick: Any, images: Any) -> None:
    past = ASKED.answered([np.array([[112.0, 112.0]])] * len(ASKED), name="given")
    model = model_of(quick, "bfloat16")
    rough = model.next_fixation(ASKED, past, images=images)
    model.precision = "float32"
    exact = model.next_fixation(ASKED, past, images=images)
    fresh = model_of(quick, "float32").next_fixation(ASKED, past, images=images)
    np.testing.assert_array_equal(exact.log_mass, fresh.log_mass)
    assert not np.array_equal(exact.log_mass, rough.log_mass)


@pytest.mark.slow  # half a minute and more where the processor has no bfloat16
def test_paths_in_bfloat16_are_mostly_the_published_ones(network: Any, golden: Any) -> None:
    asked = Requests.make(["0"] * len(FINDINGS), list(FINDINGS), screen_size=FRAME)
    paths = model_of(network, "bfloat16").predict(asked, images={"0": golden["img0/pixels"]})
    same = 0
    for finding, path in enumerate(paths):
        expected = golden["img0/decode_px"][finding, : golden["img0/decode_len"][finding]]
        same += np.array_equal(path.fixations[:, :2], expected)
    assert same >= 9
