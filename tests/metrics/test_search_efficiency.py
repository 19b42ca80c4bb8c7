"""Search efficiency: hand-derived trials, a plain second implementation, the real benchmark."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gazesearch
from gazesearch.errors import BadSetting, DataError, MissingTargetBoxes
from gazesearch.metrics.search_efficiency import (
    SearchEfficiency,
    curve_from_first,
    first_on_target,
    scanpath_ratios,
    search_efficiency,
)
from gazesearch.scanpaths import Scanpaths

NAN, INF = math.nan, math.inf
BOX = [10, 20, 6, 4]  # strictly inside: 10 < x < 16, 20 < y < 24; centre (13, 22)
OUT, ON = [0, 0], [13, 22]


def flat(paths):
    """Fixations and offsets of a list of paths."""
    rows = [row for path in paths for row in path]
    return np.array(rows, dtype=float).reshape(-1, 2), np.cumsum([0, *map(len, paths)])


def table(paths, boxes, findings=None):
    return Scanpaths.of(
        paths,
        image=[f"{i}.jpg" for i in range(len(paths))],
        finding=findings or ["edema"] * len(paths),
        screen_size=(224, 224),
        target_boxes=boxes,
    )


# -- first fixation on target ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param([ON], 1, id="at the start"),
        pytest.param([OUT, OUT, ON], 3, id="third"),
        pytest.param([OUT, ON, OUT, ON], 2, id="the first of two visits"),
        pytest.param([OUT, OUT], INF, id="never"),
        pytest.param([], INF, id="empty path"),
        pytest.param([[10, 22]], INF, id="on the left edge"),
        pytest.param([[16, 22]], INF, id="on the right edge"),
        pytest.param([[13, 20]], INF, id="on the upper edge"),
        pytest.param([[13, 24]], INF, id="on the lower edge"),
        pytest.param([[10.001, 20.001]], 1, id="just inside the upper left corner"),
        pytest.param([[15.999, 23.999]], 1, id="just inside the lower right corner"),
        pytest.param([[13, 30]], INF, id="inside across only"),
        pytest.param([[30, 22]], INF, id="inside down only"),
        pytest.param([[22, 13]], INF, id="x and y exchanged"),
    ],
)
def test_first_on_target_is_strictly_inside_and_counts_from_1(path, expected):
    fixations, offsets = flat([path])
    assert first_on_target(fixations, offsets, [BOX]).tolist() == [expected]


@pytest.mark.parametrize(
    "box",
    [
        pytest.param([0, 0, 0, 0], id="released GazeSearch placeholder"),
        pytest.param([10, 20, 6, 0], id="no height"),
        pytest.param([10, 20, 0, 4], id="no width"),
        pytest.param([16, 24, -6, -4], id="negative size"),
        pytest.param([NAN, NAN, NAN, NAN], id="absent"),
        pytest.param([10, 20, NAN, 4], id="partly absent"),
        pytest.param([10, 20, INF, 4], id="infinite"),
        pytest.param([-INF, 20, 6, 4], id="infinite corner"),
    ],
)
def test_a_box_without_area_leaves_the_trial_undefined_and_the_others_alone(box):
    fixations, offsets = flat([[OUT, ON], [OUT, ON]])
    np.testing.assert_array_equal(first_on_target(fixations, offsets, [box, BOX]), [NAN, 2])
    ratios = scanpath_ratios(fixations, offsets, [box, BOX])
    assert math.isnan(ratios[0])
    assert ratios[1] == 1.0
    with pytest.raises(MissingTargetBoxes, match=r"^1 of 2 records .*search efficiency cannot be"):
        search_efficiency(table([[OUT, ON], [OUT, ON]], [box, BOX]))


def test_durations_are_not_looked_at():
    fixations, offsets = flat([[OUT, ON], [OUT]])
    timed = np.column_stack([fixations, [NAN, 0.2, 9.0]])
    for part in (first_on_target, scanpath_ratios):
        np.testing.assert_array_equal(
            part(timed, offsets, [BOX, BOX]), part(fixations, offsets, [BOX, BOX])
        )


# -- scanpath ratio -------------------------------------------------------------------------------


def test_ratio_is_distance_to_the_centre_over_the_way_there():
    # (1, 22) -> (1, 6): 16; -> (13, 22): sqrt(12^2 + 16^2) = 20. The way is 36 px long, the centre
    # (13, 22) is 12 px from the start: 12 / 36. What follows the first visit does not count.
    fixations, offsets = flat([[[1, 22], [1, 6], ON, OUT, ON]])
    np.testing.assert_allclose(scanpath_ratios(fixations, offsets, [BOX]), [1 / 3], rtol=1e-15)


def test_ratio_is_at_most_1_where_the_box_is_met_before_its_centre():
    # 100 px wide box from x = 10: met after 11 px, its centre is 60 px from the start.
    fixations, offsets = flat([[[0, 5], [11, 5]]])
    assert scanpath_ratios(fixations, offsets, [[10, 0, 100, 10]]).tolist() == [1.0]


def test_ratio_uses_both_sides_of_the_box():
    # Straight from (13, 2) down to the centre (13, 22), then it counts from the centre: 20 / 20.
    # From (3, 22) by (3, 2), 20 px, and on to (13, 22), sqrt(100 + 400): 10 / (20 + sqrt(500)).
    fixations, offsets = flat([[[13, 2], ON], [[3, 22], [3, 2], ON]])
    np.testing.assert_allclose(
        scanpath_ratios(fixations, offsets, [BOX, BOX]), [1, 10 / (20 + 500**0.5)], rtol=1e-15
    )


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        pytest.param([ON, OUT, ON], False, id="at the start, back later"),
        pytest.param([OUT, ON], True, id="at fixation 2"),
        pytest.param([OUT, OUT, ON], True, id="at fixation K"),
        pytest.param([OUT, OUT, OUT, ON], False, id="at fixation K + 1"),
        pytest.param([OUT, OUT, OUT], False, id="never"),
        pytest.param([], False, id="empty path"),
    ],
)
def test_ratio_counts_trials_that_arrive_at_fixation_2_to_k(path, reached):
    fixations, offsets = flat([path])
    assert (
        bool(~np.isnan(scanpath_ratios(fixations, offsets, [BOX], max_fixations=3)[0])) == reached
    )


def test_resting_at_the_start_neither_lengthens_nor_breaks_the_way():
    fixations, offsets = flat([[OUT, OUT, ON]])
    assert scanpath_ratios(fixations, offsets, [BOX]).tolist() == [1.0]


def test_a_trial_s_ratio_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(3)
    paths = [rng.uniform(0, 30, (n, 2)).tolist() for n in rng.integers(0, 9, 200)]
    boxes = np.tile([8.0, 8, 12, 12], (200, 1))
    together = scanpath_ratios(*flat(paths), boxes)
    alone = [scanpath_ratios(*flat([path]), boxes[:1])[0] for path in paths]
    assert np.isfinite(together).sum() > 50
    np.testing.assert_array_equal(together, alone)  # to the last bit


# -- the curve ------------------------------------------------------------------------------------


def test_curve_is_the_mean_over_findings_of_each_finding_s_share():
    # edema: arrivals 1, 3, never, 4 -> by fixation 1, 2, 3: 1/4, 1/4, 2/4. fracture: 2 -> 0, 1, 1.
    # Mean over the two findings (a mean over the five trials would give 1/5, 2/5, 3/5).
    curve = curve_from_first([1, 3, INF, 4, 2], ["edema"] * 4 + ["fracture"], max_fixations=3)
    assert curve.tolist() == [1 / 8, 5 / 8, 6 / 8]


def test_curve_leaves_out_undefined_trials_and_findings_that_have_no_other():
    assert curve_from_first([1, NAN, NAN], ["a", "a", "b"], max_fixations=2).tolist() == [1, 1]


@pytest.mark.parametrize("first", [[], [NAN, NAN]])
def test_curve_of_no_defined_trial_is_undefined(first):
    curve = curve_from_first(first, ["a"] * len(first), max_fixations=2)
    assert curve.shape == (2,)
    assert np.isnan(curve).all()


def test_curve_is_not_lengthened_or_shortened_by_path_length():
    found = search_efficiency(table([[OUT] * 9 + [ON], [OUT]], [BOX, BOX]), max_fixations=10)
    assert found.curve.tolist() == [0] * 9 + [0.5]


# -- the whole ------------------------------------------------------------------------------------


def test_search_efficiency_by_hand():
    # edema: at fixation 2 straight (ratio 1), and never. fracture: at fixation 3, by 16 + 20 px
    # where 12 are needed (ratio 1/3). Curve: edema 0, 1/2, 1/2; fracture 0, 0, 1; mean 0, 1/4, 3/4.
    paths = [[[13, 0], ON], [OUT, OUT], [[1, 22], [1, 6], ON]]
    found = search_efficiency(
        table(paths, [BOX] * 3, ["edema", "edema", "fracture"]), max_fixations=3
    )
    assert found.curve.tolist() == [0, 1 / 4, 3 / 4]
    assert found.area == 1.0
    assert found.scanpath_ratio == pytest.approx((1 + 1 / 3) / 2, rel=1e-15)
    assert found.counts == {"edema": 2, "fracture": 1}
    assert (found.trials, found.reached, found.mismatch) == (3, 2, None)


def test_no_trial_that_arrives_leaves_the_ratio_undefined_and_the_curve_0():
    found = search_efficiency(table([[OUT]], [BOX]))
    assert found.curve.tolist() == [0] * 7
    assert found.area == 0.0
    assert math.isnan(found.scanpath_ratio)
    assert found.reached == 0


def test_mismatch_is_the_sum_of_absolute_differences_to_the_reference():
    # Curves 0, 1, 1 and 1/2, 1/2, 1/2: 1/2 + 1/2 + 1/2, though their areas differ by 1/2 only.
    model = table([[OUT, ON]], [BOX])
    people = table([[ON], [OUT]], [BOX, BOX])
    reference = search_efficiency(people, max_fixations=3)
    for given_as in (people, reference):
        assert search_efficiency(model, max_fixations=3, reference=given_as).mismatch == 1.5
    assert search_efficiency(model, reference=model).mismatch == 0.0


def test_mismatch_refuses_a_curve_of_another_length():
    trials = table([[OUT, ON]], [BOX])
    reference = search_efficiency(trials, max_fixations=6)
    with pytest.raises(DataError, match="reference curve of 6 fixations, this one of 7"):
        search_efficiency(trials, reference=reference)


def test_the_result_cannot_be_changed():
    found = search_efficiency(table([[OUT, ON]], [BOX]))
    assert isinstance(found, SearchEfficiency)
    with pytest.raises(ValueError, match="read-only"):
        found.curve[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.area = 1.0  # type: ignore[misc]


def test_a_view_of_a_table_is_scored_as_its_own_trials():
    paths = [[ON], [OUT, ON], [OUT, OUT], [OUT, OUT, ON]]
    whole = table(paths, [BOX] * 4)
    view, own = search_efficiency(whole[1:3]), search_efficiency(table(paths[1:3], [BOX] * 2))
    np.testing.assert_array_equal(view.curve, own.curve)
    assert (view.scanpath_ratio, view.counts) == (own.scanpath_ratio, own.counts)


# -- what is refused ------------------------------------------------------------------------------


def test_no_trials_are_refused():
    with pytest.raises(DataError, match="no trials"):
        search_efficiency(table([[ON]], [BOX])[:0])


def test_a_table_without_boxes_is_refused_in_one_line():
    trials = Scanpaths.of([[ON], [OUT]], image=["a", "b"], finding="edema", screen_size=(224, 224))
    with pytest.raises(MissingTargetBoxes) as caught:
        search_efficiency(trials)
    assert str(caught.value).startswith("2 of 2 records have no target box")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("max_fixations", [0, -1, 2.0, True, "7", None, NAN])
def test_max_fixations_must_be_a_whole_number_above_0(max_fixations):
    with pytest.raises(BadSetting, match="max_fixations"):
        search_efficiency(table([[OUT, ON]], [BOX]), max_fixations=max_fixations)
    with pytest.raises(BadSetting, match="max_fixations"):
        curve_from_first([1.0], ["a"], max_fixations=max_fixations)
    with pytest.raises(BadSetting, match="max_fixations"):
        scanpath_ratios([OUT, ON], [0, 2], [BOX], max_fixations=max_fixations)


@pytest.mark.parametrize(
    ("fixations", "offsets", "boxes"),
    [
        pytest.param([OUT, ON], [0, 1], [BOX], id="offsets end early"),
        pytest.param([OUT, ON], [0, 3], [BOX], id="offsets end late"),
        pytest.param([OUT, ON], [1, 2], [BOX], id="offsets start late"),
        pytest.param([OUT, ON], [0, 3, 2], [BOX, BOX], id="offsets fall"),
        pytest.param([OUT, ON], [0, 1, 2], [BOX], id="more paths than boxes"),
        pytest.param([OUT, ON], [], [], id="no offsets"),
        pytest.param([OUT, ON], [0, 2], [BOX[:3]], id="boxes of three"),
        pytest.param([[1], [2]], [0, 2], [BOX], id="fixations of one column"),
        pytest.param([1, 2], [0, 2], [BOX], id="flat fixations"),
        pytest.param([OUT, [NAN, 1]], [0, 2], [BOX], id="NaN coordinate"),
        pytest.param([OUT, [1, INF]], [0, 2], [BOX], id="infinite coordinate"),
    ],
)
@pytest.mark.parametrize("part", [first_on_target, scanpath_ratios])
def test_parts_that_do_not_fit_are_refused(part, fixations, offsets, boxes):
    with pytest.raises(DataError):
        part(fixations, offsets, boxes)


def test_curve_refuses_findings_of_another_length():
    with pytest.raises(DataError, match="one of each a trial"):
        curve_from_first([1.0, 2.0], ["a"])


def test_no_paths_give_no_values():
    assert first_on_target([], [0], []).shape == (0,)
    assert scanpath_ratios([], [0], []).shape == (0,)


# -- against a plain second implementation --------------------------------------------------------


def plainly(paths, boxes, findings, last):
    """The definitions of the published measure, trial by trial."""
    shares, ratios = {}, []
    for path, (x, y, w, h), finding in zip(paths, boxes, findings, strict=True):
        on_target = [x < px < x + w and y < py < y + h for px, py in path]
        first = on_target.index(True) + 1 if True in on_target else None
        hits = [first is not None and first <= k for k in range(1, last + 1)]
        shares.setdefault(finding, []).append(hits)
        if first is not None and 2 <= first <= last:
            length = sum(math.dist(path[i], path[i + 1]) for i in range(first - 1))
            ratios.append(min(1, math.dist(path[0], (x + w / 2, y + h / 2)) / length))
    per_finding = [
        [sum(column) / len(rows) for column in zip(*rows, strict=True)] for rows in shares.values()
    ]
    curve = [sum(column) / len(per_finding) for column in zip(*per_finding, strict=True)]
    return curve, sum(ratios) / len(ratios) if ratios else NAN, len(ratios)


# Whole numbers on a small screen, so that edges, corners and repeated points are met often.
small = st.integers(0, 12)
trial = st.tuples(
    st.lists(st.tuples(small, small), max_size=9),
    st.tuples(small, small, st.integers(1, 8), st.integers(1, 8)),
    st.sampled_from(["edema", "fracture", "pneumonia"]),
)


@given(st.lists(trial, min_size=1, max_size=12), st.integers(1, 8))
def test_search_efficiency_agrees_with_the_plain_definition(trials, last):
    paths, boxes, findings = map(list, zip(*trials, strict=True))
    found = search_efficiency(table(paths, boxes, findings), max_fixations=last)
    curve, ratio, reached = plainly(paths, boxes, findings, last)
    np.testing.assert_allclose(found.curve, curve, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(found.scanpath_ratio, ratio, rtol=1e-14)
    assert found.area == pytest.approx(sum(curve), rel=1e-13, abs=1e-15)
    assert found.reached == reached
    assert sum(found.counts.values()) == found.trials == len(trials)


@given(st.lists(trial, min_size=1, max_size=12), st.integers(1, 8))
def test_search_efficiency_keeps_its_bounds(trials, last):
    paths, boxes, findings = map(list, zip(*trials, strict=True))
    found = search_efficiency(table(paths, boxes, findings), max_fixations=last)
    assert found.curve.shape == (last,)
    assert (np.diff(found.curve) >= 0).all()
    assert found.curve[0] >= 0
    assert found.curve[-1] <= 1
    assert 0 <= found.area <= last
    assert math.isnan(found.scanpath_ratio) == (found.reached == 0)
    assert math.isnan(found.scanpath_ratio) or 0 < found.scanpath_ratio <= 1


@given(
    st.lists(trial, min_size=1, max_size=8),
    st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
    st.sampled_from([0.25, 2.0, 8.0]),
)
def test_search_efficiency_does_not_depend_on_origin_scale_or_order(trials, shift, scale):
    # Whole numbers and powers of two: moving and scaling them rounds nothing.
    paths, boxes, findings = map(list, zip(*trials, strict=True))
    found = search_efficiency(table(paths, boxes, findings))
    moved = [[((x + shift[0]) * scale, (y + shift[1]) * scale) for x, y in p] for p in paths]
    frames = [
        ((x + shift[0]) * scale, (y + shift[1]) * scale, w * scale, h * scale)
        for x, y, w, h in boxes
    ]
    again = search_efficiency(table(moved[::-1], frames[::-1], findings[::-1]))
    np.testing.assert_array_equal(again.curve, found.curve)
    np.testing.assert_allclose(again.scanpath_ratio, found.scanpath_ratio, rtol=1e-14)


# -- real data ------------------------------------------------------------------------------------


def test_coco_search18_correct_trials(shared_data):
    path = shared_data / "coco_search18" / "fixations_TP_validation_split1.json"
    people = gazesearch.read_scanpaths(path, dataset="coco_search18")
    found = search_efficiency(people[people.correct == 1])
    assert found.curve.round(4).tolist() == [0.0078, 0.4161, 0.7505, 0.8642, 0.8998, 0.9070, 0.9107]
    assert round(found.area, 4) == 4.7561
    assert round(found.scanpath_ratio, 4) == 0.8556
    assert (found.reached, found.trials, len(found.counts)) == (2705, 3028, 18)


def test_released_gazesearch_annotations_are_refused_with_the_reason(shared_data):
    (path,) = (shared_data / "gazesearch").glob("finding_visual_search_*.json")
    released = gazesearch.read_scanpaths(path, dataset="gazesearch")
    with pytest.raises(MissingTargetBoxes, match="4875 of 4875 records have no target box"):
        search_efficiency(released)
