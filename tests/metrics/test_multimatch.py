"""MultiMatch. A screen of 300x400 px has a diagonal of 500 px."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch.errors import BadSetting, DataError
from gazesearch.metrics import multimatch

SCREEN = (300, 400)
QUICK = settings(deadline=None, max_examples=150)
# Few and small numbers: costs are often equal, so that ties are common.
COORDINATE = st.integers(0, 3)
SECONDS = st.sampled_from([0.0, 0.1, 0.25, 0.3])
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE, SECONDS), min_size=3, max_size=7)
A = [(0, 0, 0.2), (60, 0, 0.3), (60, 80, 0.1)]


def costs(a: Any, b: Any) -> Any:
    """Lengths of the vector differences of all saccades of a and b."""
    first, second = np.diff(np.array(a)[:, :2], axis=0), np.diff(np.array(b)[:, :2], axis=0)
    x, y = np.moveaxis(first[:, None] - second[None, :], -1, 0)
    return np.sqrt(x * x + y * y)


def cheapest(cost: Any) -> tuple[list[tuple[int, int]], Any]:
    """Cells of the cheapest path, found backwards by the tie rule, and what each cell costs."""
    total = np.full(cost.shape, np.inf)

    def before(i: int, j: int) -> list[tuple[int, int]]:
        cells = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
        return [(p, q) for p, q in cells if p >= 0 and q >= 0]

    for i, j in np.ndindex(cost.shape):
        total[i, j] = min((total[c] for c in before(i, j)), default=-cost[0, 0]) + cost[i, j]
    path = [(cost.shape[0] - 1, cost.shape[1] - 1)]
    while path[-1] != (0, 0):
        path.append(min(before(*path[-1]), key=lambda cell: total[cell]))  # the first of equals
    return path, total


def written_out(a: Any, b: Any, screen: tuple[int, int]) -> tuple[float, ...]:
    """The definition with numpy."""
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    path, _ = cheapest(costs(a, b))
    diagonal = math.hypot(*screen)
    vectors_a, vectors_b = np.diff(a[:, :2], axis=0), np.diff(b[:, :2], axis=0)
    rows = []
    for i, j in path:
        u, v = vectors_a[i], vectors_b[j]
        turn = abs(math.atan2(u[1], u[0]) - math.atan2(v[1], v[0]))
        longer = max(a[i, 2], b[j, 2])
        rows.append(
            (
                math.dist(u, v) / (2 * diagonal),
                min(turn, 2 * math.pi - turn) / math.pi,
                abs(math.hypot(*u) - math.hypot(*v)) / diagonal,
                math.dist(a[i, :2], b[j, :2]) / diagonal,
                abs(a[i, 2] - b[j, 2]) / longer if longer else math.nan,
            )
        )
    return tuple(1 - np.median(np.array(rows), axis=0))


def test_five_dimensions_of_a_case_by_hand() -> None:
    # Saccades of a: (60, 0), (0, 80); of b: (0, 0), (0, 80). Costs: 60 100 / 80 0: the diagonal.
    # Vector differences 60, 0: median 30, shape 1 - 30/1000. Angles: 0 against 0 (a saccade of
    # length 0 points right), 90 against 90. Lengths 60 against 0, 80 against 80: 1 - 30/500.
    # Fixations 0 px and 60 px apart: 1 - 30/500. Durations |0.2 - 0.4| / 0.4 = 0.5 and 0: 1 - 0.25.
    b = [(0, 0, 0.4), (0, 0, 0.3), (0, 80, 0.9)]
    expected = (0.97, 1.0, 0.94, 0.94, 0.75)
    assert multimatch(A, b, SCREEN) == pytest.approx(expected, abs=1e-12)


def test_the_median_of_an_odd_number_of_cells_is_the_middle_one() -> None:
    # Saccades of a: 10, 0, 30 px to the right; of b: 10, 2, 24: along the diagonal the differences
    # are 0, 2, 6; no other path is as cheap as 2 + 6.
    a, b = [(0, 0), (10, 0), (10, 0), (40, 0)], [(0, 0), (10, 0), (12, 0), (36, 0)]
    assert multimatch(a, b, SCREEN).shape == pytest.approx(1 - 2 / 1000)


def test_directions_are_compared_along_the_smaller_angle() -> None:
    # All saccades to the left, one a little up, one a little down: 2 atan(1/10) apart, over pi.
    a, b = [(200, 9), (190, 10), (180, 11)], [(200, 11), (190, 10), (180, 9)]
    assert multimatch(a, b, SCREEN).direction == pytest.approx(1 - 2 * math.atan(0.1) / math.pi)


def test_a_saccade_of_length_zero_points_right_whatever_the_sign_of_zero() -> None:
    a = [(0.0, 5), (-0.0, 5), (30, 5)]
    assert multimatch(a, [(0, 5), (10, 5), (40, 5)], SCREEN).direction == 1.0


TIES = {
    # x of the fixations; the saccades are their differences. Costs c[i, j] = |a_i - b_j|.
    # a: 10, 20; b: 50, 10. c = 40 0 / 30 10. Ways into (1, 1): diagonal 0, from above c01 = 0.
    # The diagonal is taken: differences 40, 10, median 25; with (0, 1) they were 40, 0, 10.
    "diagonal before (i-1, j)": ([0, 10, 30], [0, 50, 60], 25.0),
    # The same with a and b changed over: ways into (1, 1): diagonal 0, from the left c10 = 0.
    "diagonal before (i, j-1)": ([0, 50, 60], [0, 10, 30], 25.0),
    # a: 90, 0, 75; b: 5, 100, 20. c = 85 10 70 / 5 100 20 / 70 25 55. Ways into (2, 2): diagonal
    # 100; from above 10 + 20 = 30; from the left 5 + 25 = 30. From above is taken: differences
    # 85, 10, 20, 55, median 37.5; from the left they were 85, 5, 25, 55, median 40.
    "(i-1, j) before (i, j-1)": ([0, 90, 90, 165], [0, 5, 105, 125], 37.5),
    # The same with a and b changed over: now the other way round the matrix comes first.
    "(i-1, j) before (i, j-1), changed over": ([0, 5, 105, 125], [0, 90, 90, 165], 40.0),
}


@pytest.mark.parametrize(("a", "b", "median"), TIES.values(), ids=TIES)
def test_ties_in_the_path_are_broken_by_rule(a: list[int], b: list[int], median: float) -> None:
    first, second = [(x, 0) for x in a], [(x, 0) for x in b]
    assert multimatch(first, second, SCREEN).shape == pytest.approx(1 - median / 1000, abs=1e-12)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_under_three_fixations_all_five_are_undefined(n: int) -> None:
    for scores in (multimatch(A[:n], A, SCREEN), multimatch(A, A[:n], SCREEN)):
        assert all(math.isnan(score) for score in scores)


def test_fixations_off_the_screen_are_neither_clipped_nor_truncated() -> None:
    # The same saccades 600.5 px to the left: position 1 - 600.5/500, all else as if identical.
    moved = [(x - 600.5, y, seconds) for x, y, seconds in A]
    assert multimatch(A, moved, SCREEN) == pytest.approx((1, 1, 1, 1 - 600.5 / 500, 1), abs=1e-12)


def test_zero_over_zero_makes_only_the_duration_undefined() -> None:
    a, b = [(0, 0, 0.0), *A[1:]], [(9, 9, 0.0), *A[1:]]
    scores = multimatch(a, b, SCREEN)
    assert math.isnan(scores.duration)
    assert not any(math.isnan(score) for score in scores[:4])


def test_one_duration_of_zero_differs_by_all() -> None:
    # Differences 1 (0 s against 0.2 s) and 0 (0.3 s against 0.3 s): 1 - 1/2.
    assert multimatch([(0, 0, 0.0), *A[1:]], A, SCREEN).duration == 0.5


def test_the_last_duration_is_never_used() -> None:
    assert multimatch([*A[:2], (60, 80, 7.0)], A, SCREEN) == multimatch(A, A, SCREEN)


def test_without_durations_only_the_duration_is_undefined() -> None:
    scores = multimatch([row[:2] for row in A], A, SCREEN)
    assert scores[:4] == multimatch(A, A, SCREEN)[:4]
    assert math.isnan(scores.duration)


def test_durations_of_part_of_a_path_are_refused() -> None:
    with pytest.raises(DataError, match="1 of 3 durations are NaN"):
        multimatch([*A[:2], (60, 80, math.nan)], A, SCREEN)


def test_the_published_variant_fills_short_paths_with_1_1() -> None:
    published = multimatch(A[:1], A, SCREEN, variant="published")
    exact = multimatch([A[0], (1, 1, 1), (1, 1, 1)], A, SCREEN)
    assert published[:4] == exact[:4]
    assert math.isnan(published.duration)


def test_the_published_variant_rounds_coordinates_to_float32() -> None:
    a = [(x + 0.1, y, seconds) for x, y, seconds in A]
    rounded = [(float(np.float32(x)), y, seconds) for x, y, seconds in a]
    published = multimatch(a, A, SCREEN, variant="published")
    assert published[:4] == multimatch(rounded, A, SCREEN)[:4]
    assert published[:4] != multimatch(a, A, SCREEN)[:4]


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(BadSetting, match="'exact' or 'published'"):
        multimatch(A, A, SCREEN, variant="simplified")  # type: ignore[arg-type]


@QUICK
@given(PATHS, PATHS)
def test_scores_are_those_of_the_definition_on_paths_full_of_ties(a: Any, b: Any) -> None:
    expected = written_out(a, b, SCREEN)
    assert multimatch(a, b, SCREEN) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@QUICK
@given(PATHS, PATHS)
def test_scores_are_bounded_and_the_same_on_a_larger_screen(a: Any, b: Any) -> None:
    scores = multimatch(a, b, SCREEN)
    assert all(0 <= score <= 1 for score in scores[:4])
    assert multimatch(a, a, SCREEN)[:4] == (1, 1, 1, 1)
    factor = np.array([4, 4, 1])
    larger = multimatch(a * factor, b * factor, (4 * SCREEN[0], 4 * SCREEN[1]))
    assert larger == pytest.approx(scores, abs=1e-12, nan_ok=True)


def test_scores_are_symmetric_where_the_path_is_unique() -> None:
    rng = np.random.default_rng(3)
    for n, m in rng.integers(3, 12, size=(50, 2)):
        a, b = (rng.uniform(0, 1, (k, 3)) * (300, 400, 0.6) for k in (n, m))
        assert multimatch(a, b, SCREEN) == pytest.approx(multimatch(b, a, SCREEN), abs=1e-12)


def shortest_paths(cost: Any) -> int:
    """Number of cheapest paths; costs within 1e-9 count as equal."""
    _, total = cheapest(cost)
    ways = np.zeros(cost.shape, dtype=np.int64)
    ways[0, 0] = 1
    for i, j in np.ndindex(cost.shape):
        for p, q in ((i - 1, j - 1), (i - 1, j), (i, j - 1)):
            if p >= 0 and q >= 0 and total[p, q] + cost[i, j] <= total[i, j] + 1e-9:
                ways[i, j] += ways[p, q]
    return int(ways[-1, -1])


def test_shortest_paths_are_counted_right() -> None:
    assert shortest_paths(np.array([[40.0, 0.0], [30.0, 10.0]])) == 2
    assert shortest_paths(np.array([[40.0, 1.0], [30.0, 10.0]])) == 1


def compare_with_multimatch_gaze(pairs: list[tuple[Any, Any]], screen: tuple[int, int]) -> int:
    """All five values agree where the path is unique; returns how many pairs have no unique one."""
    oracle = pytest.importorskip("multimatch_gaze", reason="needs the public MultiMatch, an oracle")
    ambiguous = 0
    for a, b in pairs:
        if shortest_paths(costs(a, b)) > 1:
            ambiguous += 1
            continue
        structured = [
            np.rec.fromarrays(path.T, names="start_x,start_y,duration") for path in (a, b)
        ]
        expected = oracle.docomparison(*structured, screensize=list(screen))
        np.testing.assert_allclose(multimatch(a, b, screen), expected, rtol=0, atol=1e-9)
    return ambiguous


def test_multimatch_gaze_agrees_on_1100_random_pairs_of_osie(shared_data: Path) -> None:
    records = json.loads((shared_data / "osie" / "fixations.json").read_text())
    paths = [np.array([r["X"], r["Y"], r["T"]], dtype=float).T for r in records]
    paths = [path for path in paths if len(path) >= 3]
    drawn = np.random.default_rng(20260).integers(0, len(paths), size=(1100, 2))
    pairs = [(paths[first], paths[second]) for first, second in drawn]
    # Fractions of px: no two paths through the matrix cost the same.
    assert compare_with_multimatch_gaze(pairs, (400, 300)) == 0


def test_multimatch_gaze_agrees_on_the_released_predictions_but_one(
    annotations_file: Path, predictions_file: Path
) -> None:
    predicted = {
        (r["name"], r["task"]): np.array([r["X"], r["Y"], np.ones(len(r["X"]))]).T
        for r in json.loads(predictions_file.read_text())
    }
    pairs = []
    for r in json.loads(annotations_file.read_text()):
        if r["split"] == "test":
            reference = np.array([r["X"], r["Y"], r["T"]], dtype=float).T
            reference[0, :2] = 112  # the first-fixation rule `replace`
            pairs.append((reference, predicted[r["name"], r["task"]]))
    assert len(pairs) == 488
    assert compare_with_multimatch_gaze(pairs, (224, 224)) == 1


def test_the_five_fields_are_named() -> None:
    names = ("shape", "direction", "length", "position", "duration")
    assert multimatch(A, A, SCREEN)._fields == names
