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
    assert bool(known.counterexample) == (known.verdict == "known not") == (known.gain > 0)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sequence_score"])
def test_where_it_is_not_proper_a_wrong_distribution_gains(name: str) -> None:
    known = properness(name)
    if known.counterexample:
        gain = gain_of_a_lie(metrics.get(name), known.counterexample)
        assert gain == pytest.approx(known.gain, abs=6e-5)
    else:
        assert name == "length_error"


def test_a_form_without_symmetry_pays_for_what_nobody_does() -> None:
    """All people look at two corners; half of the predictor's paths lack the second one."""
    likeness = np.exp(-0.4 * np.sqrt(2))  # of people's path, as an answer, to a path without it
    expected = (1 - (3 + likeness) / 8) - (1 - 1 / 2)
    stde = metrics.get("scaled_time_delay_embedding")
    assert gain_of_a_lie(stde, "ay | ay a") == pytest.approx(expected, abs=1e-12)
    assert gain_of_a_lie(stde, "ay | a") == pytest.approx(0, abs=1e-12)  # one path is not enough


def test_the_sequence_score_with_a_cluster_for_each_place() -> None:
    """Then it is the longest common subsequence: a ScanMatch that pays for equals only."""
    known = properness("sequence_score")
    paths = paths_of(known.counterexample.replace("|", " "))
    centres = np.unique(np.concatenate(paths)[:, :2], axis=0)
    same = metrics.get("scanmatch", bins=(5, 5), threshold=1)
    size = (SIDE_PX, SIDE_PX)
    for a in paths:
        for b in paths:
            told = metrics.sequence_score(a, b, size, clusters=centres)
            assert told == metrics.pairwise(same, [a], [b], size)[0, 0]
    assert gain_of_a_lie(same, known.counterexample) == pytest.approx(known.gain, abs=6e-5)


def test_no_wrong_distribution_of_lengths_gains() -> None:
    lengths = np.random.default_rng(0).integers(0, 30, 200)
    paths = [np.zeros((n, 2)) for n in lengths]
    table = -metrics.pairwise("length_error", paths, paths, (SIDE_PX, SIDE_PX))
    centred = np.eye(len(paths)) - 1 / len(paths)
    assert np.linalg.eigvalsh(centred @ table @ centred).min() > -1e-9 * len(paths)


def test_what_compares_no_pairs_is_refused() -> None:
    with pytest.raises(UnknownName, match="map_cc"):
        properness("map_cc")
