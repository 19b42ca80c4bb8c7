"""Paths taken apart into fixations and their histories."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch.models.histories import cells_under, steps
from gazesearch.scanpaths import Scanpaths

PATHS = Scanpaths.of(
    [
        [[1, 2, 0.1], [3, 4, 0.2], [5, 6, 0.3]],
        np.empty((0, 3)),
        [[7, 8, 0.4]],
        [[9, 1, 1], [2, 3, 1]],
    ],
    image=["a", "b", "c", "d"],
    finding="edema",
    screen_size=(10, 10),
)


def test_every_fixation_comes_with_those_before_it() -> None:
    (all_,) = steps(PATHS, batch=100, first=True)
    assert all_.record.tolist() == [0, 0, 0, 2, 3, 3]
    assert all_.position.tolist() == [1, 2, 3, 1, 1, 2]
    assert all_.xy.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 1], [2, 3]]
    assert all_.histories.lengths.tolist() == [0, 1, 2, 0, 0, 1]
    assert all_.histories[2].fixations.tolist() == [[1, 2, 0.1], [3, 4, 0.2]]
    assert all_.requests.image.tolist() == ["a", "a", "a", "c", "d", "d"]


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_batches_hold_at_most_so_many_and_lose_none(batch: int) -> None:
    parts = list(steps(PATHS, batch=batch))
    assert max(map(len, parts)) <= batch
    assert np.concatenate([part.xy for part in parts]).tolist() == [[3, 4], [5, 6], [2, 3]]


def test_a_view_of_a_table_is_taken_apart_like_a_copy() -> None:
    (part,) = steps(PATHS[2:], batch=10)
    assert part.record.tolist() == [1]
    assert part.histories[0].fixations.tolist() == [[9, 1, 1]]


def test_cells_tile_the_screen_and_what_is_off_it_has_none() -> None:
    xy = np.array([[0, 0], [9.999, 0], [10, 5], [0, 20], [-0.001, 5], [4.999, 5], [5, 19.999]])
    sizes = np.tile([10.0, 20.0], (len(xy), 1))
    assert cells_under(xy, sizes, (4, 2)).tolist() == [0, 1, -1, -1, -1, 2, 7]


def test_rounding_carries_no_coordinate_into_a_cell_that_is_not_there() -> None:
    below = np.nextafter(224.0, 0)
    assert cells_under(np.array([[below, below]]), np.array([[224.0, 224.0]]), (7, 7)).item() == 48
