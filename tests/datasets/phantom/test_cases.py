"""Images and their findings: varied, visible, boxed."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch.datasets.phantom import Anatomy, AnatomyRanges, make_case
from gazesearch.datasets.phantom.canvas import Canvas
from gazesearch.datasets.phantom.chest import draw_chest
from gazesearch.datasets.phantom.findings import plant
from gazesearch.findings import FINDINGS

CASES = [make_case(1, number) for number in range(24)]


def attenuation(canvas: Canvas) -> np.ndarray:
    return canvas.attenuation + canvas.vessels


def test_images_differ_in_size_and_exposure() -> None:
    assert all(case.image.dtype == np.uint8 and case.image.ndim == 2 for case in CASES)
    assert len({case.image.shape for case in CASES}) == len(CASES)
    means = [case.image.mean() for case in CASES]
    assert max(means) - min(means) > 10


def test_lungs_are_dark_and_the_middle_is_bright() -> None:
    for case in CASES:
        h, w = case.image.shape
        middle = case.image[int(0.5 * h) : int(0.6 * h), int(0.46 * w) : int(0.54 * w)].mean()
        outside = case.image[: int(0.05 * h), : int(0.1 * w)].mean()
        lung = case.image[int(0.3 * h) : int(0.45 * h), int(0.25 * w) : int(0.35 * w)].mean()
        assert outside < lung < middle


def test_an_image_has_one_to_three_findings() -> None:
    assert {len(case.boxes) for case in CASES} == {1, 2, 3}


def test_boxes_lie_in_the_frame() -> None:
    boxes = np.array([box for case in CASES for box in case.boxes.values()])
    assert (boxes[:, 2:] > 5).all()
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= 224.05).all()


def test_a_case_depends_on_seed_and_number_only() -> None:
    again = make_case(1, 3)
    assert np.array_equal(again.image, CASES[3].image)
    assert again.boxes == CASES[3].boxes
    assert not np.array_equal(make_case(2, 3).image[:300, :300], CASES[3].image[:300, :300])


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_changes_its_box_more_than_the_rest(finding: str) -> None:
    ratios = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        chest = Anatomy.draw(AnatomyRanges(), rng)
        planted = plant(finding, chest, rng)
        pictures = []
        for anatomy, paints in ((chest, False), (planted.anatomy, True)):
            canvas = Canvas.blank(anatomy, 224, 224)
            draw_chest(canvas, np.random.default_rng(0))
            if paints:
                planted.paint(canvas)
            pictures.append(attenuation(canvas))
        change = np.abs(pictures[1] - pictures[0])
        x, y, w, h = planted.box
        inside = np.zeros((224, 224), np.bool_)
        inside[round(y) : round(y + h), round(x) : round(x + w)] = True
        ratios.append(change[inside].mean() / max(change[~inside].mean(), 1e-6))
        assert change[inside].max() > 0.08
    assert min(ratios) > 4


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_varies_in_place_or_size(finding: str) -> None:
    boxes = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        boxes.append(plant(finding, Anatomy.draw(AnatomyRanges(), rng), rng).box)
    assert np.ptp(np.array(boxes), axis=0).max() > 12
