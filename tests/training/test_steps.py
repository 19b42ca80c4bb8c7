"""Recorded paths as searches: every prefix, what came next, and what is not to be learnt."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gazesearch import Scanpaths, with_first_fixation
from gazesearch.errors import DataError, UnknownName
from gazesearch.models.histories import cells_under, steps
from gazesearch.models.objectives import ENDED, NOT_ASKED
from gazesearch.training.steps import some_of, steps_of

TASKS = ("edema", "nodule")


def searches_of(paths: Scanpaths, **options: object) -> object:
    told = {"tasks": TASKS, "map_shape": (3, 4), "max_history": 9, "first": True, **options}
    return steps_of(paths, **told)


@pytest.fixture
def one() -> Scanpaths:
    """A path through cells 0, 7 and 10 of 3 x 4, the second fixation of 0 s."""
    look = [[5, 5, 0.5], [35, 15, 0.0], [25, 25, 2.0]]
    return Scanpaths.of([look], image=["a.png"], finding="nodule", screen_size=(40, 30))


def test_a_path_is_asked_for_after_each_of_its_prefixes(one: Scanpaths) -> None:
    made = searches_of(one).searches
    assert made.cells.tolist() == [[0, 0, 0], [0, 0, 0], [0, 7, 0], [0, 7, 10]]
    assert made.lengths.tolist() == [0, 1, 2, 3]
    assert made.target.tolist() == [0, 7, 10, ENDED]
    assert made.finding.tolist() == [1] * 4
    assert made.target_xy[2].tolist() == [25 / 40, 25 / 30]
    assert made.target_xy[3].isnan().all()


def test_durations_are_learnt_where_they_are_known_and_above_zero(one: Scanpaths) -> None:
    told = searches_of(one).searches.log_seconds
    assert told[[0, 2]].tolist() == pytest.approx(np.log([0.5, 2.0]).tolist())
    assert told[[1, 3]].isnan().all()


def test_the_place_of_a_given_first_fixation_is_not_learnt_but_its_duration_is(
    one: Scanpaths,
) -> None:
    made = searches_of(with_first_fixation(one, "replace"), first=False).searches
    assert made.target.tolist() == [NOT_ASKED, 7, 10, ENDED]
    assert made.cells[3].tolist() == [6, 7, 10]  # the centre was looked at first
    assert float(made.log_seconds[0]) == pytest.approx(np.log(0.5))


def test_longer_histories_are_left_out_or_cut_to_their_last_fixations(one: Scanpaths) -> None:
    without = searches_of(one, max_history=2)
    assert without.left_out == 1
    assert without.searches.target.tolist() == [0, 7, 10]
    cut = searches_of(one, max_history=2, cut=True)
    assert cut.left_out == 0
    assert cut.searches.cells[3].tolist() == [7, 10]
    assert cut.searches.lengths.tolist() == [0, 1, 2, 2]


def test_searches_of_an_image_stand_together_and_are_those_that_are_scored() -> None:
    rng = np.random.default_rng(5)
    paths = Scanpaths.of(
        [rng.random((n, 2)) * (40, 30) for n in rng.integers(1, 8, 30)],
        image=[f"{n}.png" for n in rng.integers(0, 6, 30)],
        finding=rng.choice(TASKS, 30).tolist(),
        screen_size=(40, 30),
    )
    made = searches_of(paths)
    image = made.searches.image
    for number, name in enumerate(made.images):
        rows = slice(made.offsets[number], made.offsets[number + 1])
        assert (image[rows] == number).all()
        assert (paths.image[made.searches.record[rows].numpy()] == name).all()
    assert len(made) == paths.lengths.sum() + len(paths)
    scored = next(steps(paths, batch=1000, first=True))
    answers = scored.record, scored.position, scored.xy
    asked = {(int(r), int(k) - 1): xy for r, k, xy in zip(*answers, strict=True)}
    went_on = made.searches.placed
    for row in torch.nonzero(went_on).flatten().tolist():
        key = int(made.searches.record[row]), int(made.searches.lengths[row])
        cell = cells_under(asked.pop(key)[None], np.array([[40.0, 30.0]]), (3, 4))
        assert int(made.searches.target[row]) == cell[0]
    assert not asked


def test_a_fixation_off_the_screen_is_no_target_and_cannot_be_fed() -> None:
    looks = [[[5, 5], [50, 5]], [[50, 5], [5, 5]]]
    paths = Scanpaths.of(looks, image=["a.png"] * 2, finding="edema", screen_size=(40, 30))
    made = searches_of(paths)
    assert made.searches.target.tolist() == [0, NOT_ASKED, NOT_ASKED]
    assert made.searches.record.tolist() == [0, 0, 1]
    assert made.left_out == 3


def test_a_task_that_the_network_does_not_know_is_named(one: Scanpaths) -> None:
    with pytest.raises(UnknownName, match="unknown task of the network 'nodule'"):
        searches_of(one, tasks=("edema",))
    with pytest.raises(DataError, match="no recorded paths to learn from"):
        searches_of(one[:0])


def test_histories_are_cut_to_the_longest_that_is_left(one: Scanpaths) -> None:
    made = searches_of(one).searches
    assert some_of(made, torch.tensor([0, 1])).cells.shape == (2, 1)
    assert some_of(made, torch.tensor([0])).cells.shape == (1, 0)
