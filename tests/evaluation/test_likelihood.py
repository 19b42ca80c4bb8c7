"""Bits over uniform: by hand, and what is refused or counted."""

from __future__ import annotations

import math
from typing import final

import numpy as np
import pytest

from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.likelihood import next_fixation_bits
from gazesearch.models.conditional import Conditional
from gazesearch.models.controls import HistoryDensity, Uniform
from gazesearch.prediction import ImageSource, NextFixation, Requests
from gazesearch.scanpaths import GAZESEARCH, Scanpaths

SIZE = (40.0, 20.0)
# 2 rows x 4 columns of cells of 10 x 10 px.
MASS = np.array([[0.30, 0.20, 0.10, 0.00], [0.05, 0.15, 0.08, 0.12]])


@final
class Told(Conditional):
    """Says the same map whatever is asked, and remembers what was asked."""

    name = "told"
    needs_images = False
    predicts_durations = False

    def __init__(self, mass: np.ndarray = MASS, *, copies: int = 0) -> None:
        self.mass, self.copies = mass, copies
        self.asked: list[tuple[str, list[list[float]]]] = []

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        self.asked += [
            (image, path.fixations[:, :2].tolist())
            for image, path in zip(requests.image, histories, strict=True)
        ]
        with np.errstate(divide="ignore"):
            log_mass = np.log(self.mass)
        return NextFixation(log_mass=np.tile(log_mass, (self.copies or len(requests), 1, 1)))


def table(*paths: list) -> Scanpaths:
    images = [f"{i}.png" for i in range(len(paths))]
    return Scanpaths.of(paths, image=images, finding="edema", screen_size=SIZE)


PATHS = table([[20, 10], [5, 5], [25, 15]], [[1, 1], [39, 19]], [[3, 3]])


def test_bits_by_hand_and_every_fixation_weighs_the_same() -> None:
    bits = next_fixation_bits(Told(), PATHS)
    later = [math.log2(mass * 8) for mass in (0.30, 0.08, 0.12)]
    assert bits.bits[bits.position > 1] == pytest.approx(later)
    assert bits.mean() == pytest.approx(np.mean(later))
    assert bits.mean(np.array([True, False, False])) == pytest.approx(np.mean(later[:2]))
    assert math.isnan(bits.mean(np.array([False, False, True])))  # no second fixation there
    assert bits.record.tolist() == [0, 0, 0, 1, 1, 2]
    assert bits.position.tolist() == [1, 2, 3, 1, 2, 1]


def test_first_fixations_stand_apart_and_only_as_recorded() -> None:
    recorded = next_fixation_bits(Told(), PATHS)
    assert recorded.first_fixation == "as-recorded"
    first = [math.log2(mass * 8) for mass in (0.08, 0.30, 0.30)]
    assert recorded.mean_first() == pytest.approx(np.mean(first))
    replaced = next_fixation_bits(Told(), PATHS, first_fixation="replace")
    assert set(replaced.position) == {2, 3}
    with pytest.raises(DataError, match="under replace are given, not predicted"):
        replaced.mean_first()


def test_the_rule_decides_the_history_and_is_the_datasets_by_default() -> None:
    model = Told()
    next_fixation_bits(model, PATHS[[1]], first_fixation="replace")
    next_fixation_bits(model, PATHS[[1]], first_fixation="prepend")
    assert model.asked == [
        ("1.png", [[20, 10]]),
        ("1.png", [[20, 10]]),
        ("1.png", [[20, 10], [1, 1]]),
    ]
    paths = Scanpaths.of([[[1, 1], [2, 2]]], image=["a"], finding="edema", info=GAZESEARCH)
    assert next_fixation_bits(Uniform().fit(paths), paths).first_fixation == "replace"


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_no_value_depends_on_the_batch(batch: int) -> None:
    model = HistoryDensity().fit(PATHS)
    one, other = next_fixation_bits(model, PATHS, batch=batch), next_fixation_bits(model, PATHS)
    assert (one.bits == other.bits).all()


def test_uniform_has_no_bits() -> None:
    bits = next_fixation_bits(Uniform().fit(PATHS), PATHS)
    assert bits.bits == pytest.approx(0, abs=1e-12)


def test_no_mass_is_counted_and_makes_the_mean_infinite() -> None:
    bits = next_fixation_bits(Told(), table([[1, 1], [35, 5], [1, 1]]))
    assert bits.impossible == 1
    assert bits.mean() == -math.inf


def test_a_fixation_off_the_screen_is_counted_and_in_no_mean_but_in_histories() -> None:
    model = Told()
    bits = next_fixation_bits(model, table([[1, 1], [40, 5], [5, 5]]))
    assert bits.off_screen == 1
    assert bits.mean() == pytest.approx(math.log2(0.3 * 8))
    assert model.asked[-1][1] == [[1, 1], [40, 5]]


def test_maps_a_little_off_are_brought_to_1_and_counted_and_others_refused() -> None:
    exact = next_fixation_bits(Told(), PATHS)
    assert exact.renormalised == 0
    near = next_fixation_bits(Told(MASS * 1.0005), PATHS)
    assert near.renormalised == len(near) == 6
    assert near.bits == pytest.approx(exact.bits, abs=1e-12)
    for wrong in (MASS * 1.01, MASS * 0, MASS * np.nan):
        with pytest.raises(DataError, match="told: record 0, fixation 1: the log masses sum to"):
            next_fixation_bits(Told(wrong), PATHS)


def test_mistakes_are_told() -> None:
    with pytest.raises(DataError, match="told: 9 maps for 6 histories"):
        next_fixation_bits(Told(copies=9), PATHS)
    with pytest.raises(BadSetting, match="batch=0"):
        next_fixation_bits(Told(), PATHS, batch=0)
    with pytest.raises(BadSetting, match="records: must be a mask"):
        next_fixation_bits(Told(), PATHS).mean(np.array([0, 1, 2]))


def test_nothing_scored_has_no_mean() -> None:
    bits = next_fixation_bits(Told(), PATHS[:0])
    assert len(bits) == 0
    assert math.isnan(bits.mean())
