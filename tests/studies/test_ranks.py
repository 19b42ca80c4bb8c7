"""Ranks: all pairs tested, corrected together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

import gazesearch
from gazesearch import Scanpaths, Scores, metrics
from gazesearch.evaluation import Truth, compare
from gazesearch.studies.leaderboard_ranks import Ranks, ranked

Predict = Callable[..., Scanpaths]
METRIC = metrics.get("dtw")


def rank(scores: dict[str, Scores], *controls: str) -> Ranks:
    return ranked(scores, METRIC, controls=frozenset(controls), seed=0)


def scored(predict: Predict, truth: Truth, px: float, seed: int = 1) -> Scores:
    return gazesearch.evaluate(predict(px, seed), truth, metrics=["dtw"])


def test_who_is_clearly_better_is_ahead_and_the_others_tie(predict: Predict, truth: Truth) -> None:
    found = rank(
        {
            "far": scored(predict, truth, 60),
            "near": scored(predict, truth, 10),
            "twin": scored(predict, truth, 60, seed=4),
        }
    )
    assert found.rank == {"far": 2, "near": 1, "twin": 2}
    assert found.tied == {"far": ("twin",), "near": (), "twin": ("far",)}


def test_controls_have_no_rank_and_are_named_where_they_are_not_beaten(
    predict: Predict, truth: Truth
) -> None:
    scores = {
        "control": scored(predict, truth, 30, seed=3),
        "same": scored(predict, truth, 30),
        "near": scored(predict, truth, 10),
    }
    found = rank(scores, "control")
    assert found.rank == {"control": None, "same": 2, "near": 1}
    assert found.not_beaten == {"control": (), "same": ("control",), "near": ()}


def test_a_pair_is_tested_as_compare_tests_it(predict: Predict, truth: Truth) -> None:
    """Two submissions: one test, so that nothing is corrected."""
    for px in (30, 33, 36, 45):
        one, other = scored(predict, truth, 30), scored(predict, truth, px, seed=2)
        (test,) = (t for t in compare(one, other).tests if t.group == "all records")
        found = rank({"one": one, "other": other})
        ahead = test.favours is not None
        assert sorted(filter(None, found.rank.values())) == ([1, 2] if ahead else [1, 1])


def test_resamples_grow_with_the_pairs_so_that_a_test_can_still_find_something(
    predict: Predict, truth: Truth
) -> None:
    far = {f"far{k}": scored(predict, truth, 60, seed=k) for k in range(10)}
    found = rank({"near": scored(predict, truth, 5), **far})
    assert found.tests == 55
    assert found.resamples == 20_000
    assert found.rank["near"] == 1
    assert np.all([found.rank[name] != 1 for name in far])


def test_where_there_is_nothing_to_test_there_is_no_rank(predict: Predict, truth: Truth) -> None:
    """No value at all, a value on one image only, or one that is not finite: none is first."""
    good = scored(predict, truth, 30)
    image = good.keys["image"]

    def only(where: np.ndarray, otherwise: float) -> Scores:
        return replace(good, values={"dtw": np.where(where, good.values["dtw"], otherwise)})

    found = rank(
        {
            "good": good,
            "none": only(image == "", np.nan),
            "one": only(image == image[0], np.nan),
            "endless": only(image != image[0], np.inf),
        }
    )
    assert found.rank == {"good": 1, "none": None, "one": None, "endless": None}
    assert found.tied == {"good": (), "none": (), "one": (), "endless": ()}
    assert found.tests == 0


def test_of_two_submissions_of_one_rank_neither_beats_the_other(
    predict: Predict, truth: Truth
) -> None:
    """Tests on different records need not agree: what they say is passed on.

    First and last share four images, on which nothing can be told apart; the first beats the
    middle one, and that the last, each on eight.
    """
    middle = scored(predict, truth, 30)
    number = np.unique(middle.keys["image"], return_inverse=True)[1]
    value = middle.values["dtw"]
    first = replace(middle, values={"dtw": np.where(number < 8, value - 5, np.nan)})
    last = replace(middle, values={"dtw": np.where(number >= 4, value + 5, np.nan)})
    found = rank({"first": first, "last": last, "middle": middle})
    assert found.rank == {"first": 1, "middle": 2, "last": 3}
    assert found.tied == {"first": (), "middle": (), "last": ()}


def test_a_control_ahead_costs_no_rank_and_controls_are_not_tested_with_each_other(
    predict: Predict, truth: Truth
) -> None:
    found = rank(
        {
            "best": scored(predict, truth, 5),
            "good": scored(predict, truth, 10),
            "ours": scored(predict, truth, 60),
        },
        "best",
        "good",
    )
    assert found.rank["ours"] == 1
    assert found.not_beaten["ours"] == ("best", "good")
    assert found.tests == 2


def test_pairs_are_corrected_together(predict: Predict, truth: Truth) -> None:
    """By hand: one of 12 images says -2, eleven say 1, the sum is 9.

    Exchanges that reach as far, from either side: all eleven alike and the first against them (1),
    or at most two of the eleven different and the first with them (1 + 11 + 55). That is
    2 * 68 = 136 of 4,096, p = 0.033; of 21 pairs 0.70.
    """
    good = scored(predict, truth, 30)
    number = np.unique(good.keys["image"], return_inverse=True)[1]
    worse = np.where(number == 0, -2.0, 1.0)

    def moved(by: np.ndarray) -> Scores:
        return replace(good, values={"dtw": good.values["dtw"] + by})

    alone = rank({"one": good, "other": moved(worse)})
    assert alone.rank == {"one": 1, "other": 2}
    noise = np.where(number % 2, 1.0, -1.0)
    crowd = {f"same{k}": moved(k * 1e-3 * noise) for k in range(5)}
    assert rank({"one": good, "other": moved(worse), **crowd}).rank["other"] == 1
