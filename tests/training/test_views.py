"""How images are shown in training: what is asked moves with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gazesearch import Scanpaths
from gazesearch.errors import BadSetting
from gazesearch.models.objectives import ENDED, NOT_ASKED, Searches
from gazesearch.training.batches import SharedPrefixes
from gazesearch.training.looking import Looking
from gazesearch.training.seen import Seen
from gazesearch.training.settings import ObjectiveSettings, Recipe, Schedule
from gazesearch.training.steps import steps_of
from gazesearch.training.views import exposed, mirrored, moved, shifted

SHAPE = (3, 4)
PX = 10


def searches_of(path: list[list[float]]) -> Searches:
    paths = Scanpaths.of([path] * 2, image=["a.png"] * 2, finding="edema", screen_size=(40, 30))
    return steps_of(paths, tasks=("edema",), map_shape=SHAPE, max_history=5, first=True).searches


def test_mirroring_twice_changes_nothing_and_once_only_left_and_right() -> None:
    look = [[5, 5, 0.5], [35, 15, 0.1], [25, 25, 2.0]]
    made = searches_of(look)
    which = torch.arange(len(made)) < 4
    once = mirrored(made, which, SHAPE)
    assert once.cells[3].tolist() == [3, 4, 9]
    assert once.target[:4].tolist() == [3, 4, 9, ENDED]
    assert once.target_xy[0].tolist() == [1 - 5 / 40, 5 / 30]
    assert torch.equal(once.cells[4:], made.cells[4:])
    twice = mirrored(once, which, SHAPE)
    assert torch.equal(twice.cells, made.cells)
    assert torch.equal(twice.target, made.target)


def test_the_cell_that_was_looked_at_is_shown_where_it_is_asked_for() -> None:
    made = searches_of([[5, 5, 0.5], [35, 15, 0.1], [25, 25, 2.0]])
    images = torch.zeros(len(made), 1, 3 * PX, 4 * PX)
    for image, cell in zip(images, made.target.tolist(), strict=True):
        if cell >= 0:
            row, column = divmod(cell, 4)
            image[0, PX * row : PX * row + PX, PX * column : PX * column + PX] = 1.0
    by = torch.tensor([[1, 2], [-2, 0], [0, -1], [1, 1]] * 2)
    asked = shifted(made, by, SHAPE)
    shown = torch.nn.functional.avg_pool2d(moved(images, by, (PX, PX)), PX).flatten(1)
    assert shown.shape == (8, 12)
    assert asked.target.tolist()[:4] == [9, 5, 6, ENDED]
    for row in torch.nonzero(asked.placed).flatten().tolist():
        assert shown[row, asked.target[row]] == 1.0
        assert torch.equal(asked.cells[row, 2:], made.cells[row, 2:])  # padding


def test_what_leaves_the_map_is_not_asked_for_and_stays_known_at_its_edge() -> None:
    made = searches_of([[5, 5, 0.5], [35, 15, 0.1], [25, 25, 2.0]])
    asked = shifted(made, torch.tensor([[1, 0]] * len(made)), SHAPE)
    assert asked.target.tolist()[:4] == [1, NOT_ASKED, 11, ENDED]
    assert asked.cells[3].tolist() == [1, 7, 11]
    assert asked.target_xy[0].tolist() == [5 / 40 + 1 / 4, 5 / 30]


def test_another_exposure_keeps_mean_spread_and_the_order_of_grey_values() -> None:
    images = torch.randn(4, 1, 40, 40).expand(-1, 3, -1, -1) * 30 + 100
    torch.manual_seed(1)
    one = exposed(images)
    torch.manual_seed(1)
    assert torch.equal(one, exposed(images))
    assert not torch.equal(one, exposed(images))
    assert torch.equal(one[:, 0], one[:, 2])
    for before, after in zip(images, one, strict=True):
        assert torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1] > 0.9
    blank = torch.full((1, 3, 8, 8), 7.0)
    assert torch.allclose(exposed(blank), blank, atol=1e-3)


def test_shifts_are_drawn_anew_each_epoch_and_searches_follow(small: Any) -> None:
    table = steps_of(
        small.some_paths(40, images=8),
        tasks=small.TASKS,
        map_shape=small.SHAPE,
        max_history=5,
        first=False,
    )
    options: dict[str, Any] = {"images": 4, "map_shape": small.SHAPE, "seed": 3}
    still, moving = SharedPrefixes(table, **options), SharedPrefixes(table, shift=1, **options)
    one, other = still.at(0, 0), moving.at(0, 0)
    assert not one.shifts.any()
    assert np.abs(other.shifts).max() == 1
    by = torch.from_numpy(other.shifts)[one.searches.image]
    assert torch.equal(other.searches.target, shifted(one.searches, by, small.SHAPE).target)
    assert not np.array_equal(other.shifts, moving.at(1, 0).shifts)
    assert np.array_equal(other.shifts, moving.at(0, 0).shifts)


def test_images_are_shifted_before_the_network_looks(small: Any, pictures: dict[str, Any]) -> None:
    looking = Looking(small.Small(), pictures, trained=True)
    name = next(iter(pictures))
    (still,) = looking.levels([name], [False])
    (moving,) = looking.levels([name], [False], np.array([[1, 0]]))
    assert torch.allclose(moving[..., 1:], still[..., :-1])
    assert not torch.allclose(moving[..., :1], moving[..., 1:2])


def test_what_was_kept_cannot_be_shifted_nor_exposed() -> None:
    with pytest.raises(BadSetting, match="kept"):
        Seen({}, built=0).levels(["a"], [False], np.array([[1, 0]]))
    with pytest.raises(BadSetting, match='backbone.kept = "no"'):
        Recipe(schedule=Schedule(shift=1))
    with pytest.raises(BadSetting, match='backbone.kept = "no"'):
        Recipe(schedule=Schedule(exposure=True))


def test_the_published_objective_is_not_mirrored() -> None:
    with pytest.raises(BadSetting, match="mirror"):
        Recipe(objective=ObjectiveSettings(kind="wacv2025"), schedule=Schedule(mirror=True))
