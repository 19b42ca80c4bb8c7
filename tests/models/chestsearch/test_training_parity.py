"""The published training step, number by number, with made-up weights."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `model`")

SCREEN = np.array([[224.0, 224.0]])
CENTRE = (112.0, 112.0)


@pytest.fixture(scope="module")
def paths(golden: Any) -> list[dict[str, Any]]:
    """Three scanpaths: image, finding and pixels, of which training overwrites the first."""
    return json.loads(str(golden["meta_json"]))["train"]


@pytest.fixture(scope="module")
def searches(paths: list[dict[str, Any]]) -> Any:
    """Every prefix of every path, as the published dataset makes them."""
    from gazesearch.models.chestsearch.inputs import cells_in_training
    from gazesearch.models.objectives import ENDED, Searches

    rows: list[tuple[Any, ...]] = []
    for number, path in enumerate(paths):
        xy = np.array([CENTRE, *zip(path["X"][1:], path["Y"][1:], strict=True)], float)
        cells = torch.from_numpy(cells_in_training(xy, SCREEN, (56, 56)))
        for n in range(1, len(xy) + 1):
            last = n == len(xy)
            padded = torch.cat([cells[:n], torch.zeros(6 - n, dtype=torch.long)])
            place = np.full(2, np.nan) if last else xy[n] / SCREEN[0]
            rows.append((path["img"], path["task"], padded, n, ENDED if last else 0, place, number))
    image, finding, cells, lengths, target, place, record = zip(*rows, strict=True)
    return Searches(
        image=torch.tensor(image),
        finding=torch.tensor(finding),
        cells=torch.stack(cells),
        lengths=torch.tensor(lengths),
        target=torch.tensor(target),
        target_xy=torch.from_numpy(np.stack(place)),
        log_seconds=torch.full((len(rows),), math.nan),
        record=torch.tensor(record),
    )


@pytest.fixture(scope="module")
def answered(golden: Any, network: Any, searches: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Output, losses, and the gradient of the total by published name, of one training step."""
    from gazesearch.models.chestsearch.inputs import normalised, squeezed
    from gazesearch.models.chestsearch.layout import published_name
    from gazesearch.models.objectives import PublishedObjective

    images = normalised([squeezed(golden[f"img{i}/pixels"]) for i in range(3)])
    with torch.no_grad():
        levels = network.see(images)
    features = network.encode_seen(levels)
    output = network(features, searches.image, searches.finding, searches.cells, searches.lengths)
    losses = PublishedObjective(stop_weight=3.0)(
        output, network.log_mass(output.map_logits), searches
    )
    trained = [
        (published_name(name), parameter)
        for name, parameter in network.named_parameters()
        if not name.startswith("backbone.")
    ]
    gradients = torch.autograd.grad(losses.total, [p for _, p in trained], allow_unused=True)
    by_name = {name: g for (name, _), g in zip(trained, gradients, strict=True)}
    return output, losses, by_name


def sample(array: Any) -> np.ndarray:
    flat = array.detach().flatten().numpy()
    return flat[:: max(1, flat.size // 509)][:509]


def test_fixations_fall_in_the_published_cells(golden: Any, searches: Any) -> None:
    counted = golden["train/is_padding"] == 0
    np.testing.assert_array_equal(searches.lengths, counted.sum(1))
    np.testing.assert_array_equal(searches.cells[counted] + 1, golden["train/tokens_high"][counted])
    np.testing.assert_array_equal(searches.ended, golden["train/is_last"])


def test_targets_are_the_published_ones(golden: Any, searches: Any) -> None:
    from gazesearch.models.objectives.targets import Frame

    frame = Frame.of((56, 56))
    rows, columns = frame.pixels_of(searches.target_xy[searches.placed])
    down, across = frame.axes(reflected=True)
    made = down.height[rows, :, None] * across.height[columns, None]
    goes_on = ~golden["train/is_last"]
    expected = golden["train/target_map_sample"][goes_on]
    np.testing.assert_allclose(made[:, ::8, ::8], expected, atol=2e-6)
    peaks = down.peak[rows] * 224 + across.peak[columns]
    np.testing.assert_array_equal(peaks, golden["train/target_peak"][goes_on])
    # Reflection moved three of the nine away from where the person looked.
    moved = golden["train/target_peak"][goes_on] != golden["train/action"][goes_on]
    assert moved.sum() == 3


def test_logits_agree(golden: Any, answered: Any, searches: Any) -> None:
    output, _, _ = answered
    maps, stops = output.map_logits.detach(), output.stop_logits.detach()
    np.testing.assert_allclose(maps[:, ::4, ::4], golden["train/map_logits_sample"], atol=1e-4)
    expected = golden["train/term_logits"][np.arange(12), searches.finding]
    np.testing.assert_allclose(stops, expected, atol=1e-4)


def test_losses_agree(golden: Any, answered: Any) -> None:
    _, losses, _ = answered
    place, stop, stop_weight = golden["train/losses"]
    assert stop_weight == 3
    assert (losses.counts.map, losses.counts.stop, losses.counts.duration) == (9, 12, 0)
    assert losses.map.item() == pytest.approx(place, rel=1e-5)
    assert losses.stop.item() == pytest.approx(stop, rel=1e-5)
    assert losses.total.item() == pytest.approx(place + stop, rel=1e-5)


def test_gradients_agree(golden: Any, answered: Any) -> None:
    _, _, gradients = answered
    norms = dict(zip(golden["train/grad_norm_names"], golden["train/grad_norms"], strict=True))
    assert set(gradients) == set(norms)
    worst = max(
        abs(gradients[name].double().norm().item() - norm) / norm for name, norm in norms.items()
    )
    assert worst <= 1e-4, worst
    for key in [name for name in golden if name.startswith("train/grad/")]:
        expected = golden[key]
        found = sample(gradients[key.removeprefix("train/grad/")])
        assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max(), key


def test_what_never_gets_a_gradient_is_not_in_our_network(golden: Any, answered: Any) -> None:
    _, _, gradients = answered
    assert not set(golden["train/trainable_without_grad"]) & set(gradients)
    assert len(golden["train/trainable_without_grad"]) == 39
