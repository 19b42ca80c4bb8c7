"""Exact copies, and the facts that they show of the released file."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from gazesearch import Scanpaths, first_copies

LOOK = [[10, 20, 0.5], [30, 40, 0.25]]
SLOWER = [[10, 20, 0.5], [30, 40, 0.75]]


def table(*looks: object) -> Scanpaths:
    names = [f"{i}.jpg" for i in range(len(looks))]
    return Scanpaths.of(looks, image=names, finding="edema", screen_size=(100, 100))


def test_a_copy_points_to_the_first_of_its_kind() -> None:
    paths = table(LOOK, LOOK[:1], LOOK, LOOK[::-1], LOOK[:1])
    assert first_copies(paths).tolist() == [0, 1, 0, 3, 1]


def test_durations_count_only_when_asked_for() -> None:
    without = [fixation[:2] for fixation in LOOK]
    paths = table(LOOK, SLOWER, without, LOOK, without)
    assert first_copies(paths).tolist() == [0, 0, 0, 0, 0]
    assert first_copies(paths, durations=True).tolist() == [0, 1, 2, 0, 2]


def test_the_last_bit_and_the_order_make_another_path_but_the_sign_of_zero_does_not() -> None:
    paths = table([[0.0, 1]], [[-0.0, 1]], [[0.0, np.nextafter(1, 2)]], [[1, 0]])
    assert first_copies(paths).tolist() == [0, 0, 2, 3]


def test_copies_in_a_view_count_from_the_view() -> None:
    assert first_copies(table(LOOK, LOOK[:1], LOOK[:1])[1:]).tolist() == [0, 0]


def test_no_paths_have_no_copies() -> None:
    assert first_copies(table(LOOK)[:0]).tolist() == []


@pytest.mark.parametrize(
    ("durations", "involved", "repeats"),
    [pytest.param(False, 809, 422, id="places"), pytest.param(True, 796, 415, id="and-durations")],
)
def test_the_released_file_repeats_scanpaths_within_images(
    annotations: Scanpaths, durations: bool, involved: int, repeats: int
) -> None:
    first = first_copies(annotations, durations=durations)
    sizes = Counter(first.tolist())
    groups = [size for size in sizes.values() if size > 1]
    assert sum(groups) == involved
    assert int((first != np.arange(len(first))).sum()) == repeats
    assert len(groups) == involved - repeats
    assert (annotations.image[first] == annotations.image).all()
    if not durations:
        assert len(groups) == 387


@pytest.mark.parametrize(("split", "leaked"), [("test", 60), ("valid", 68)])
def test_scanpaths_of_the_released_test_and_valid_stand_in_train(
    annotations: Scanpaths, split: str, leaked: int
) -> None:
    train, held_out = annotations.where(split="train"), annotations.where(split=split)
    first = first_copies(Scanpaths.concat([train, held_out]))
    assert int((first[len(train) :] < len(train)).sum()) == leaked
