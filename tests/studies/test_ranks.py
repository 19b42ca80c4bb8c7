"""Ranks: all pairs tested, corrected together."""

from __future__ import annotations

from collections.abc import Callable

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
