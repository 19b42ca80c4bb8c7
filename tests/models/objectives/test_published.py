"""The published losses against the same written out pixel by pixel, and what `clean` mends."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from gazesearch import Scanpaths
from gazesearch.errors import BadSetting, DataError

torch = pytest.importorskip("torch", reason="needs the extra `model`")

# Rows and columns of pixels looked at: corners, edges, the band where peaks move, the middle.
LOOKED_AT = [(0, 0), (223, 223), (5, 200), (100, 219), (21, 9), (112, 112)]


def shares(pixels: Any, shape: tuple[int, int] = (224, 224)) -> Any:
    """x, y of pixels in shares of the screen."""
    return np.array(pixels, float)[:, ::-1] / shape[::-1]


def by_pixel(
    logits: Any, pixels: Any, *, side: int, mode: str, easy: float = 1.0, sigma: float = 16.0
) -> float:
    """Focal loss over pixels, in float64, with scipy's Gaussian."""
    p = torch.sigmoid(logits.detach().double()).numpy().repeat(side, 1).repeat(side, 2)
    loss, positives = 0.0, 0
    for probability, (row, column) in zip(p, pixels, strict=True):
        target = np.zeros(probability.shape)
        target[row, column] = 1
        target = gaussian_filter(target, sigma, mode=mode, truncate=4)
        target /= target.max()
        hit = target == 1
        positives += hit.sum()
        loss -= (np.log(probability + 1e-8) * (1 - probability) ** easy)[hit].sum()
        missed = np.log(1 - probability + 1e-8) * probability**easy * (1 - target) ** 4
        loss -= missed[~hit].sum()
    assert positives == len(p)
    return float(loss / positives)


@pytest.mark.parametrize("easy", [1.0, 2.0])
@pytest.mark.parametrize("clean", [False, True], ids=["published", "clean"])
def test_map_loss_is_the_sum_over_pixels(
    asked: Any, answered: Any, clean: bool, easy: float
) -> None:
    from gazesearch.models.objectives import PublishedObjective

    output, log_mass = answered(6, shape=(56, 56), scale=2, dtype=torch.float32)
    searches = asked([0] * 6, xy=shares(LOOKED_AT))
    found = PublishedObjective(clean=clean, easy=easy)(output, log_mass, searches).map.item()
    mode = "constant" if clean else "reflect"
    expected = by_pixel(output.map_logits, LOOKED_AT, side=4, mode=mode, easy=easy)
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_pixel_looked_at_counts_by_how_wrong_it_is(asked: Any) -> None:
    from gazesearch.models.network import Output
    from gazesearch.models.objectives import PublishedObjective

    maps = torch.full((1, 56, 56), -15.0)  # all else is right
    maps[0, 25, 28] = 0.7
    output = Output(map_logits=maps, stop_logits=torch.zeros(1), duration=None)
    searches = asked([0], xy=shares([(100, 112)]))
    found = PublishedObjective(easy=2.0)(output, maps, searches).map.item()
    expected = by_pixel(maps, [(100, 112)], side=4, mode="reflect", easy=2.0)
    assert found == pytest.approx(expected, rel=1e-4)


def test_maps_of_other_cells_are_enlarged_to_about_224_pixels(asked: Any, answered: Any) -> None:
    from gazesearch.models.objectives import PublishedObjective

    output, log_mass = answered(1, shape=(38, 50), dtype=torch.float32)  # 4 px a cell
    found = PublishedObjective()(output, log_mass, asked([0], xy=shares([(30, 60)], (152, 200))))
    expected = by_pixel(output.map_logits, [(30, 60)], side=4, mode="reflect", sigma=16 * 200 / 224)
    assert found.map.item() == pytest.approx(expected, rel=1e-5)


def test_reflection_moves_the_peak_near_an_edge_and_clean_does_not() -> None:
    from gazesearch.models.objectives.targets import Frame

    frame = Frame.of((56, 56))
    pixels = np.arange(224)
    published, clean = (frame.axes(reflected=r)[0].peak.numpy() for r in (True, False))
    np.testing.assert_array_equal(clean, pixels)
    moved = abs(published - pixels)
    assert moved.max() == 15
    assert (moved[24:-24] == 0).all()
    assert (published[:16] == 0).all()
    np.testing.assert_array_equal(published[::-1], 223 - published)


def test_clean_takes_the_cell_that_a_pixel_is_in() -> None:
    from gazesearch.models.chestsearch.inputs import cells_in_training, cells_of
    from gazesearch.models.chestsearch.variants import CLEAN
    from gazesearch.models.objectives.targets import Frame

    pixels = np.arange(224)
    xy, screens = np.stack([pixels, pixels], 1).astype(float), np.full((224, 2), 224.0)
    rows, columns = Frame.of((56, 56)).pixels_of(torch.from_numpy(xy / screens))
    np.testing.assert_array_equal(rows, pixels)
    np.testing.assert_array_equal(columns, pixels)

    clean = cells_of(xy, screens, (56, 56), variant=CLEAN).numpy()
    np.testing.assert_array_equal(clean, pixels // 4 * 57)
    published = cells_in_training(xy, screens, (56, 56))
    lower = published < clean
    np.testing.assert_array_equal(pixels[lower], np.arange(4, 221, 4))
    np.testing.assert_array_equal(published[lower], clean[lower] - 57)


def test_no_logit_is_too_large_for_float32(asked: Any, answered: Any) -> None:
    from gazesearch.models.objectives import PublishedObjective

    output, log_mass = answered(6, shape=(56, 56), scale=100, dtype=torch.float32)
    losses = PublishedObjective()(output, log_mass, asked([0] * 6, xy=shares(LOOKED_AT)))
    exact = dataclasses.replace(output, map_logits=output.map_logits.double())
    expected = PublishedObjective()(exact, log_mass, asked([0] * 6, xy=shares(LOOKED_AT)))
    assert losses.map.item() == pytest.approx(expected.map.item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(losses.total, output.map_logits)
    assert gradient.isfinite().all()
    assert gradient.any()


def test_half_precision_is_summed_in_float32(asked: Any, answered: Any) -> None:
    from gazesearch.models.objectives import PublishedObjective

    output, log_mass = answered(2, shape=(56, 56), dtype=torch.bfloat16)
    losses = PublishedObjective()(output, log_mass, asked([0, -1], xy=shares([(9, 9), (9, 9)])))
    assert losses.map.dtype == losses.stop.dtype == losses.total.dtype == torch.float32


def test_gradients_are_right(asked: Any, answered: Any) -> None:
    from gazesearch.models.network import Output
    from gazesearch.models.objectives import PublishedObjective

    places = asked([0, -1, 0], xy=shares([(1, 1), (1, 1), (30, 200)]))
    objective = PublishedObjective(easy=2.0)

    def total(maps: Any, stops: Any) -> Any:
        output = Output(map_logits=maps, stop_logits=stops, duration=None)
        return objective(output, maps, places).total

    output, _ = answered(3, shape=(7, 7))
    assert torch.autograd.gradcheck(total, (output.map_logits, output.stop_logits))


def test_stops_weigh_as_much_as_all_else(asked: Any, answered: Any) -> None:
    from gazesearch.models.objectives import PublishedObjective

    output, log_mass = answered(4)
    searches = asked([5, -1, 7, -2], lengths=[1, 2, 0, 1], xy=shares([(9, 9)] * 4))
    losses = PublishedObjective(stop_weight=3.0)(output, log_mass, searches)
    p = output.stop_logits.sigmoid().detach().numpy()
    expected = -(np.log(1 - p[0]) + 3 * np.log(p[1]) + np.log(1 - p[3])) / 3
    assert losses.stop.item() == pytest.approx(expected)
    assert losses.counts.stop == 3  # no path is empty: there is no decision before the first


def test_stop_weight_is_that_of_the_released_train_split(annotations: Scanpaths) -> None:
    from gazesearch.models.objectives.published import STOP_WEIGHT, stop_weight_of

    lengths = annotations.group("split")["train"].lengths
    asked = int(np.minimum(lengths, 6).sum())  # after each of the first six fixations
    ends = int((lengths <= 6).sum())
    assert (asked, ends) == (23_116, 3_870)
    assert stop_weight_of(asked, ends) == STOP_WEIGHT
    with pytest.raises(DataError, match="no path ends"):
        stop_weight_of(5, 0)


@pytest.mark.parametrize("setting", ["easy", "near", "sigma", "stop_weight"])
def test_settings_out_of_range_are_refused(setting: str) -> None:
    from gazesearch.models.objectives import PublishedObjective, Weights

    with pytest.raises(BadSetting, match=f"{setting}=-1.0"):
        PublishedObjective(**{setting: -1.0})
    with pytest.raises(BadSetting, match="weight of stop=nan"):
        Weights(stop=float("nan"))
