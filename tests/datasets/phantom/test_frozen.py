"""phantom-v1 never changes: results that name it must stay comparable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gazesearch.datasets.phantom import PHANTOM_V1, Observer, make_case
from gazesearch.datasets.phantom.layout import searches

FROZEN = "phantom-v1 must never change: add another configuration instead"


def test_the_configuration_of_phantom_v1_is_frozen() -> None:
    digest = "sha256:00f66d2ef19751795bea99c97caab1034ee896b6dc402a86d6702543b55fb368"
    assert PHANTOM_V1.digest == digest, FROZEN


def test_every_parameter_enters_the_digest() -> None:
    other = replace(PHANTOM_V1, observer=replace(PHANTOM_V1.observer, focus=3.6))
    assert other.digest != PHANTOM_V1.digest
    assert replace(PHANTOM_V1, name="phantom-v1").digest == PHANTOM_V1.digest


def test_what_phantom_v1_draws_is_frozen() -> None:
    # With room for what processors differ by: a grey value here and there, by one.
    case = make_case(7, 4)
    assert case.image.shape == (398, 398), FROZEN
    assert list(case.boxes) == ["pleural other"], FROZEN
    np.testing.assert_allclose(
        list(case.boxes.values()), [(26.5, 119.7, 16.9, 34.3)], atol=0.11, err_msg=FROZEN
    )
    height, width = (side // 4 * 4 for side in case.image.shape)
    blocks = case.image[:height, :width].reshape(4, height // 4, 4, width // 4).mean(axis=(1, 3))
    np.testing.assert_allclose(
        blocks,
        [
            [56.52, 88.3, 91.78, 56.73],
            [95.93, 75.78, 89.57, 93.45],
            [73.39, 122.71, 143.73, 66.82],
            [137.42, 201.85, 202.29, 140.52],
        ],
        atol=0.1,
        err_msg=FROZEN,
    )


def test_how_observers_of_phantom_v1_search_is_frozen() -> None:
    case = make_case(7, 4)
    path = searches(case, Observer(), 1, split="train", rng=[7])[0]
    np.testing.assert_allclose(
        path.fixations,
        [[112.0, 112.0, 0.2391], [32.0, 143.2, 0.2835], [29.2, 133.1, 0.1916]],
        atol=1e-6,
        err_msg=FROZEN,
    )
