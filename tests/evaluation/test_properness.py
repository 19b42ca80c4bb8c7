"""What is declared of energy forms is so: each counterexample is one."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch import metrics
from gazesearch.errors import UnknownName
from gazesearch.evaluation import properness
from gazesearch.evaluation.properness import SIDE_PX, gain_of_a_lie, paths_of

NAMES = [metric.name for metric in metrics.TABLE if metric.kind == "pair"]


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_of_pairs_is_declared(name: str) -> None:
    known = properness(name)
    assert known.why
    assert bool(known.counterexample) == (known.verdict == "known not")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sequence_score"])
def test_where_it_is_not_proper_a_wrong_distribution_gains(name: str) -> None:
    words = properness(name).counterexample
    if words:
        paths = paths_of(words)
        highest = metrics.pairwise(name, paths, paths, (SIDE_PX, SIDE_PX)).max()
        assert gain_of_a_lie(metrics.get(name), words) > 1e-3 * highest
    else:
        assert name == "length_error"


def test_the_sequence_score_with_a_cluster_for_each_place() -> None:
    """Then it is the longest common subsequence: a ScanMatch that pays for equals only."""
    words = properness("sequence_score").counterexample
    paths = paths_of(words)
    centres = np.unique(np.concatenate(paths)[:, :2], axis=0)
    same = metrics.get("scanmatch", bins=(5, 5), threshold=1)
    size = (SIDE_PX, SIDE_PX)
    for a in paths:
        for b in paths:
            told = metrics.sequence_score(a, b, size, clusters=centres)
            assert told == metrics.pairwise(same, [a], [b], size)[0, 0]
    assert gain_of_a_lie(same, words) > 1e-3


def test_no_wrong_distribution_of_lengths_gains() -> None:
    lengths = np.random.default_rng(0).integers(0, 30, 200)
    paths = [np.zeros((n, 2)) for n in lengths]
    table = -metrics.pairwise("length_error", paths, paths, (SIDE_PX, SIDE_PX))
    centred = np.eye(len(paths)) - 1 / len(paths)
    assert np.linalg.eigvalsh(centred @ table @ centred).min() > -1e-9 * len(paths)


def test_what_compares_no_pairs_is_refused() -> None:
    with pytest.raises(UnknownName, match="map_cc"):
        properness("map_cc")
