"""The published model, number by number: what its own code computed with made-up weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `model`")

IMAGES = range(4)
HISTORIES = [f"img{i}/n{n}" for i in IMAGES for n in (1, 2, 4, 6)] + ["img2/special/n4"]
TOLERANCE = 1e-4
ALL = np.arange(13)


def assert_close(found: Any, expected: np.ndarray, spread: float = 1.0) -> None:
    difference = np.abs(np.asarray(found, np.float64) - expected).max() / spread
    assert difference <= TOLERANCE, difference


def sample(array: Any) -> np.ndarray:
    flat = array.flatten().numpy()
    return flat[:: max(1, flat.size // 509)][:509]


@pytest.fixture(scope="module")
def inputs(golden: Any) -> Any:
    from gazesearch.models.chestsearch.inputs import normalised, squeezed

    return normalised([squeezed(golden[f"img{i}/pixels"]) for i in IMAGES])


@pytest.fixture(scope="module")
def encoded(network: Any, inputs: Any) -> Any:
    """Features, and what the parts of the image side made on the way to them."""
    parts: list[Any] = []
    handles = [
        module.register_forward_hook(lambda _, __, made: parts.append(made))
        for module in (network.backbone, network.pixel_decoder, network.widen)
    ]
    with torch.inference_mode():
        features = network.encode(inputs)
    for handle in handles:
        handle.remove()
    return features, parts


@pytest.fixture(scope="module")
def features(encoded: Any) -> Any:
    return encoded[0]


def test_layout_is_the_published_one(shared_data: Path) -> None:
    from gazesearch.models.chestsearch import layout

    def listed(name: str) -> dict[str, tuple[int, ...]]:
        entries = json.loads((shared_data / "parity" / name).read_text())
        return {key: tuple(entry["shape"]) for key, entry in entries.items()}

    assert layout.checkpoint_shapes() == listed("chestsearch_state_dict.json")
    assert layout.part_shapes(layout.BACKBONE) == listed("m2f_r50.json")
    assert layout.part_shapes(layout.PIXEL_DECODER) == listed("m2f_pixel_decoder.json")


def test_input_is_the_published_one_to_the_bit(golden: Any, inputs: Any) -> None:
    from gazesearch.models.chestsearch.inputs import normalised, squeezed

    for i in IMAGES:
        np.testing.assert_array_equal(inputs[i, :, ::8, ::8], golden[f"img{i}/input_sample"])
    for i in (1, 3):
        bicubic = normalised([squeezed(golden[f"img{i}/pixels"], resampling="bicubic")])[0]
        np.testing.assert_array_equal(bicubic[:, ::8, ::8], golden[f"img{i}/input_bicubic_sample"])


def test_colours_are_fed_red_first() -> None:
    from gazesearch.models.chestsearch.inputs import MEAN, STD, normalised, squeezed

    orange = np.full((5, 7, 3), (255, 102, 0), np.uint8)
    expected = (np.array([1, 0.4, 0]) - MEAN) / STD
    assert_close(normalised([squeezed(orange)])[0, :, 0, 0], expected)


def test_input_does_not_depend_on_what_torch_is_set_to(golden: Any, inputs: Any) -> None:
    from gazesearch.models.chestsearch.inputs import normalised, squeezed

    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            fed = normalised([squeezed(golden[f"img{i}/pixels"]) for i in IMAGES])
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(fed, inputs)


def test_features_agree(golden: Any, encoded: Any) -> None:
    backbone, pyramid, _, widened = encoded[1]  # the coarse map is widened first
    names = ("res2", "res3", "res4", "res5", "P1", "P2", "P3", "P4", "input_proj_P4")
    for name, maps in zip(names, (*backbone, *pyramid, widened), strict=True):
        for i in IMAGES:
            mean, spread = golden[f"img{i}/{name}/mean_std"]
            assert_close(sample(maps[i]), golden[f"img{i}/{name}/sample"], spread)
            assert_close(
                [maps[i].mean(), maps[i].std(correction=0)], np.array([mean, spread]), spread
            )


@pytest.mark.parametrize("case", HISTORIES)
def test_each_step_agrees(golden: Any, network: Any, features: Any, case: str) -> None:
    from gazesearch.models.chestsearch.inputs import published_cells

    def expected(name: str) -> np.ndarray:
        return golden[f"{case}/{name}"]

    n = len(expected("tokens"))
    fixations = torch.from_numpy(golden[f"{case.rpartition('/')[0]}/fixations"][:n])
    image = torch.full((13,), int(case[3]))
    cells = published_cells(fixations[None], features.shape)
    assert (cells[0] + 1).tolist() == expected("tokens").tolist()

    with torch.inference_mode():
        memory = network.remember(features, image[:1], cells)
        query = network.read(memory[torch.zeros(13, dtype=torch.long)], torch.arange(13))
        told = network.answer(features, image, query, n)
    assert_close(
        memory.tokens[0, :, ::16], expected("memory_sample"), expected("memory_sample").std()
    )
    assert_close(query[:, ::16], expected("queries_sample"), expected("queries_sample").std())
    assert_close(told.stop_logits, expected("term_logits"))
    assert_close(told.map_logits[[1, 8, 11]], expected("map_logits"))
    flat = told.map_logits.flatten(1)
    assert flat.argmax(1).tolist() == expected("map_peak_cell").tolist()
    assert_close(flat.amax(1), expected("map_max"))
    shown = told.map_logits[12].sigmoid().repeat_interleave(4, 0).repeat_interleave(4, 1)
    assert_close(shown.flatten()[::97], expected("prob_224_sample"))


def test_padded_histories_give_what_bare_ones_give(
    golden: Any, network: Any, features: Any
) -> None:
    from gazesearch.models.chestsearch.inputs import published_cells

    lengths = torch.tensor([1, 2, 4, 6])
    fixations = torch.from_numpy(golden["img0/fixations"]).expand(4, 6, 2)
    cells = published_cells(fixations, features.shape)
    with torch.inference_mode():
        told = network(
            features, torch.zeros(4, dtype=torch.long), torch.full((4,), 8), cells, lengths
        )
    for row, n in enumerate(lengths.tolist()):
        assert_close(told.map_logits[row], golden[f"img0/n{n}/map_logits"][1])
        assert_close(told.stop_logits[row], golden[f"img0/n{n}/term_logits"][8])


@pytest.mark.parametrize("i", IMAGES)
def test_every_greedy_path_is_the_published_one(
    golden: Any, network: Any, features: Any, i: int
) -> None:
    from gazesearch.models.chestsearch.greedy import decode

    def expected(name: str) -> np.ndarray:
        return golden[f"img{i}/decode_{name}"]

    image, finding = torch.full((13,), i), torch.arange(13)
    with torch.inference_mode():
        full = decode(network, features, image, finding, all_steps=True)
        short = decode(network, features, image, finding)
    np.testing.assert_array_equal(full.pixels, expected("px"))
    np.testing.assert_array_equal((full.pixels / 224).float(), expected("norm"))
    np.testing.assert_array_equal(full.lengths, expected("len"))
    assert_close(full.stop_probabilities, expected("stop_prob"))
    assert_close(full.margins, expected("margin"))

    kept = np.arange(7) < expected("len")[:, None]
    np.testing.assert_array_equal(short.lengths, expected("len"))
    np.testing.assert_array_equal(short.pixels.numpy()[kept], expected("px")[kept])
    assert (short.pixels.numpy()[~kept] == -1).all()


def test_of_logits_whose_sigmoids_are_equal_the_first_is_chosen() -> None:
    from gazesearch.models.chestsearch.greedy import _likeliest

    logits = torch.zeros(1, 56, 56)
    logits[0, 20, 30], logits[0, 40, 10] = 30, 40  # 1 in float32, both
    chosen, margin = _likeliest(logits, torch.ones(1, 224, 224, dtype=torch.bool))
    assert chosen.tolist() == [[120, 80]]
    assert margin.tolist() == [-10]


def test_discs_reach_as_far_as_float32_says() -> None:
    from gazesearch.models.chestsearch.greedy import disc

    whole, less = disc(torch.tensor([[112, 124], [124, 112]]) / 224)
    assert whole.nonzero()[:, 1].unique().tolist() == list(range(96, 129))
    assert less.nonzero()[:, 1].unique().tolist() == list(range(108, 140))
    assert whole.nonzero()[:, 0].unique().tolist() == list(range(108, 140))
