"""Sequence score and its clusters."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch import Scanpaths
from gazesearch.errors import BadSetting, DataError, MissingExtra
from gazesearch.metrics import fixation_clusters, get, paired, pairwise, sequence_score

SCREEN = (224, 224)
CENTRES = [(50, 50), (150, 50), (50, 150)]
A, B, C = CENTRES
QUICK = settings(deadline=None, max_examples=60)
COORDINATE = st.integers(0, 200)
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8)


def written_out(a: Any, b: Any, centres: Any) -> float:
    """Longest common subsequence of the clusters, over the longer length."""
    first, second = (
        [min(range(len(centres)), key=lambda c, p=p: math.dist(p, centres[c])) for p in path]
        for path in (a, b)
    )
    table = np.zeros((len(first) + 1, len(second) + 1))
    for i, s in enumerate(first, start=1):
        for j, t in enumerate(second, start=1):
            table[i, j] = (
                table[i - 1, j - 1] + 1 if s == t else max(table[i - 1, j], table[i, j - 1])
            )
    return float(table[-1, -1]) / max(len(a), len(b))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param([A, B, C], [A, B, C], 1.0, id="equal"),
        pytest.param([A, B, C], [A, C], 2 / 3, id="a gap is free, the longer length counts"),
        pytest.param([A, B], [B, A], 0.5, id="order counts"),
        pytest.param([A], [C], 0.0, id="neighbouring clusters do not match"),
        pytest.param([(70, 60)], [(20, 40)], 1.0, id="the nearest centre is the cluster"),
        pytest.param([(100, 50)], [A], 1.0, id="of equally near centres the first"),
        pytest.param([(9999, 50)], [B], 1.0, id="off the screen, the nearest centre all the same"),
    ],
)
def test_score_is_the_share_of_matched_clusters(a: Any, b: Any, expected: float) -> None:
    assert sequence_score(a, b, SCREEN, clusters=CENTRES) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("a", "b", "clusters"),
    [([], [A], CENTRES), ([A], [], CENTRES), ([], [], CENTRES), ([A], [A], [])],
    ids=["first empty", "second empty", "both empty", "no clusters"],
)
def test_empty_paths_and_no_clusters_are_undefined(a: Any, b: Any, clusters: Any) -> None:
    assert math.isnan(sequence_score(a, b, SCREEN, clusters=clusters))


@QUICK
@given(PATHS, PATHS, st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=6))
def test_score_is_that_of_the_definition_bounded_and_symmetric(a: Any, b: Any, c: Any) -> None:
    score = sequence_score(a, b, SCREEN, clusters=c)
    assert score == pytest.approx(written_out(a, b, c), abs=1e-12)
    assert 0 <= score <= 1
    assert sequence_score(b, a, SCREEN, clusters=c) == score
    assert sequence_score(a, a, SCREEN, clusters=c) == 1


@pytest.mark.parametrize(
    "clusters", [[(1, 2, 3)], [1, 2], [(math.nan, 0)], [("a", "b")]], ids=["3", "1-D", "nan", "str"]
)
def test_impossible_clusters_are_refused(clusters: Any) -> None:
    with pytest.raises(DataError, match="shape \\(c, 2\\)"):
        sequence_score([A], [B], SCREEN, clusters=clusters)


def around(*centres: tuple[int, int]) -> list[tuple[int, int]]:
    """Four fixations round each centre, 2 px away."""
    return [(x + dx, y + dy) for x, y in centres for dx, dy in ((2, 0), (-2, 0), (0, 2), (0, -2))]


def test_clusters_are_the_centres_of_crowds() -> None:
    centres = fixation_clusters(around(A, B), bandwidth=20)
    assert sorted(map(tuple, centres.tolist())) == [A, B]
    assert fixation_clusters(around(A, B)).shape[1] == 2


@pytest.mark.parametrize(
    "fixations", [[], [A], around(A)], ids=["none", "one", "four, the estimate is 0"]
)
def test_too_few_fixations_make_no_clusters(fixations: Any) -> None:
    assert fixation_clusters(fixations).shape == (0, 2)


@pytest.mark.parametrize(
    "fixations", [[1, 2], [(1, 2, 3, 4)], [(math.inf, 0)], "ab"], ids=["1-D", "4", "inf", "str"]
)
def test_impossible_fixations_are_refused(fixations: Any) -> None:
    with pytest.raises(DataError, match="finite x, y"):
        fixation_clusters(fixations)


@pytest.mark.parametrize("bandwidth", [0, -1.0, math.nan, "wide"])
def test_impossible_bandwidths_are_refused(bandwidth: Any) -> None:
    with pytest.raises(BadSetting, match="bandwidth"):
        fixation_clusters([A, B], bandwidth=bandwidth)
    with pytest.raises(BadSetting, match="bandwidth"):
        get("sequence_score", bandwidth=bandwidth)


def test_the_bandwidth_rule_stands_in_the_settings() -> None:
    assert get("sequence_score").settings == {"bandwidth": "estimate_bandwidth"}
    assert get("sequence_score", bandwidth=None) == get("sequence_score")
    assert get("sequence_score", bandwidth=30).settings == {"bandwidth": 30}


def test_without_scikit_learn_the_install_line_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(MissingExtra, match=r"pip install 'gazesearch\[cluster\]'"):
        fixation_clusters([A, B])


@pytest.fixture
def two_images() -> Scanpaths:
    """On one.png people look at A and B, on two.png at C only, which is near neither."""
    paths = [around(A), around(B), around(C), around(C)]
    images = ["one.png", "one.png", "two.png", "two.png"]
    return Scanpaths.of(paths, image=images, finding="edema", screen_size=SCREEN)


def test_clusters_are_those_of_all_references_of_the_image(two_images: Scanpaths) -> None:
    # Reference 0 sees only A, yet B is a cluster of its image: B in the prediction is no match.
    # Reference 2's image has one cluster: whatever is predicted matches.
    scores = paired(
        [get("sequence_score", bandwidth=20)],
        two_images,
        [[A, B], [A, A]],
        screen_size=SCREEN,
        rows=[0, 0, 2],
        columns=[0, 1, 0],
    )
    assert scores["sequence_score"].tolist() == [1 / 4, 2 / 4, 2 / 4]


def test_pairwise_on_a_table_clusters_by_image_and_on_arrays_all_together(
    two_images: Scanpaths,
) -> None:
    metric = get("sequence_score", bandwidth=20)
    predictions = [[A], [C]]
    by_image = pairwise(metric, two_images, predictions, SCREEN)
    together = pairwise(metric, list(two_images), predictions, SCREEN)
    # In one.png C is as near to A as may be and nearer to it than to B.
    assert by_image[:, 0].tolist() == [1 / 4, 0, 1 / 4, 1 / 4]
    assert together[:, 0].tolist() == [1 / 4, 0, 0, 0]


def test_paired_refuses_plain_arrays() -> None:
    with pytest.raises(DataError, match="sequence_score clusters the references of each image"):
        paired(["sequence_score"], [[A]], [[A]], screen_size=SCREEN)


def test_an_image_without_clusters_is_undefined() -> None:
    table = Scanpaths.of([[A], [A, B]], image=["a", "b"], finding="edema", screen_size=SCREEN)
    scores = paired(["sequence_score"], table, table, screen_size=SCREEN)["sequence_score"]
    assert np.isnan(scores).all()
