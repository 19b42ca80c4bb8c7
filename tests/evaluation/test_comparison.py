"""Predictors side by side: what is compared, what is refused, which way a difference points."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import gazesearch
from gazesearch import Comparison, Scanpaths, Scores, errors, metrics
from gazesearch.evaluation import PairedTest

Scored = Callable[..., Scores]
NAMES = ("mine", "theirs")


@pytest.fixture(scope="module")
def found(scored: Scored) -> Comparison:
    """A predictor with two draws a record against one with a single draw."""
    return gazesearch.compare(scored(draws=2), scored(draws=1, seed=2), names=NAMES, resamples=2000)


def only(found: Comparison, metric: str, group: str = "all records") -> PairedTest:
    (test,) = (test for test in found.tests if (test.metric, test.group) == (metric, group))
    return test


def changed(scores: Scores, name: str, values: np.ndarray) -> Scores:
    return replace(scores, values={**scores.values, name: values})


def test_means_and_intervals_are_those_of_each_alone(scored: Scored, found: Comparison) -> None:
    for name, scores in zip(NAMES, (scored(draws=2), scored(draws=1, seed=2)), strict=True):
        intervals = scores.intervals(resamples=2000)
        for one in found.estimates:
            if one.predictor == name:
                summary, interval = scores.summary(one.metric), intervals[one.metric]
                assert (one.mean, one.n, one.undefined) == (
                    summary.mean, summary.n, summary.undefined,
                )  # fmt: skip
                assert (one.low, one.high) == pytest.approx((interval.low, interval.high))
                assert one.images == interval.images


def test_a_difference_is_that_of_the_means_on_what_both_have(
    scored: Scored, found: Comparison
) -> None:
    one, two = scored(draws=2), scored(draws=1, seed=2)
    for metric in one.metrics:
        column = "first_on_target" if metric.name.startswith("tfp") else metric.name
        have = [set(s.keys["record"][~np.isnan(s.values[column])]) for s in (one, two)]
        rows = [np.isin(s.keys["record"], list(have[0] & have[1])) for s in (one, two)]
        expected = one.summary(metric.name, rows[0]).mean - two.summary(metric.name, rows[1]).mean
        test = only(found, metric.name)
        assert test.difference == pytest.approx(expected, abs=1e-12), metric.name
        if metric.kind != "map":
            assert test.records == len(have[0] & have[1])


def test_maps_are_counted_once_per_image_and_finding(scored: Scored, found: Comparison) -> None:
    keys = scored().keys
    pairs = set(zip(keys["image"], keys["finding"], strict=True))
    assert only(found, "map_cc").records == len(pairs)


def test_the_other_way_round_every_difference_changes_its_sign(
    scored: Scored, found: Comparison
) -> None:
    back = gazesearch.compare(
        scored(draws=1, seed=2), scored(draws=2), names=NAMES[::-1], resamples=2000
    )
    for one, two in zip(found.tests, back.tests, strict=True):
        assert (two.difference, two.low, two.high) == pytest.approx(
            (-one.difference, -one.high, -one.low), abs=1e-12
        )
        assert two.effect_size == pytest.approx(-one.effect_size)
        assert (two.p_value, two.favours) == (one.p_value, one.favours)


def test_who_is_better_is_named_whatever_the_direction(scored: Scored) -> None:
    scores = scored(images=40)
    better = scores
    for name, step in (("scanmatch", 0.2), ("string_edit_distance", -2.0)):
        better = changed(better, name, better.values[name] + step * (1 + scores.keys["record"] % 2))
    found = gazesearch.compare(better, scores, names=NAMES)
    up, down = only(found, "scanmatch"), only(found, "string_edit_distance")
    assert up.difference > 0 > down.difference
    assert up.favours == down.favours == "mine"
    assert only(found, "map_cc").favours is None
    assert up.p_value == 1 / 10_001
    assert up.p_holm == pytest.approx(len(scores.metrics) * up.p_value)


def test_a_predictor_does_not_differ_from_itself(scored: Scored) -> None:
    found = gazesearch.compare(scored(), scored(), names=NAMES, resamples=200)
    for test in found.tests:
        assert (test.difference, test.low, test.high, test.p_value) == (0, 0, 0, 1)
        assert math.isnan(test.detectable_difference)  # no spread was seen: nothing is known
        with pytest.raises(errors.BadSetting, match="images needed"):
            test.images_needed(0.1)


def test_images_needed_fall_with_the_square_of_the_difference(found: Comparison) -> None:
    test = only(found, "scanmatch")
    assert test.images == 24
    assert test.images_needed(test.detectable_difference * (1 + 1e-9)) == 24
    assert test.images_needed(test.detectable_difference / 3 * (1 + 1e-9)) == 9 * 24
    assert test.images_needed(0.01, power=0.9) > test.images_needed(0.01)


def test_without_a_common_value_nothing_is_said(scored: Scored) -> None:
    scores = scored()
    nothing = changed(scores, "scanmatch", np.full(len(scores), np.nan))
    found = gazesearch.compare(scores, nothing, names=NAMES, resamples=200)
    test = only(found, "scanmatch")
    assert (test.records, test.images, test.favours) == (0, 0, None)
    numbers = (test.difference, test.low, test.high, test.p_value, test.p_holm, test.effect_size)
    assert np.isnan(numbers).all()
    assert "undefined" in found.to_table()
    assert json.loads(found.to_json())["tests"][0]["p_value"] is None


def test_an_infinite_value_has_no_interval_and_no_test(scored: Scored) -> None:
    scores = scored()
    values = scores.values["map_kl"].copy()
    values[scores.keys["image"] == "3.jpg"] = np.inf
    found = gazesearch.compare(scores, changed(scores, "map_kl", values), resamples=200)
    test = only(found, "map_kl")
    assert test.difference == -np.inf
    assert np.isnan([test.low, test.high, test.p_value]).all()
    assert '"difference": "-inf"' in found.to_json()


def test_missing_predictions_show_in_the_coverage() -> None:
    recorded = Scanpaths.of(
        [[[1, 1], [2, 2], [9, 9]]] * 3,
        image=["a.jpg", "b.jpg", "c.jpg"], finding="edema", screen_size=(10, 10),
    )  # fmt: skip
    whole = gazesearch.evaluate(recorded, recorded, metrics=["scanmatch"])
    part = gazesearch.evaluate(recorded[:2], recorded, metrics=["scanmatch"], allow_missing=True)
    found = gazesearch.compare(whole, part, names=NAMES, resamples=200)
    assert [(one.scored, one.asked) for one in found.estimates] == [(3, 3), (2, 3)]
    assert "2 of 3" in found.to_table()
    assert "theirs: missing predictions (1) count" in found.to_table()


def test_groups_are_compared_one_by_one(scored: Scored) -> None:
    found = gazesearch.compare(
        scored(), scored(seed=3), scored(seed=4), names=("a", "b", "c"), by="finding", resamples=200
    )
    assert found.groups == ("all records", "edema", "fracture", "pneumonia")
    assert len(found.estimates) == 4 * 3 * len(found.metrics)
    assert len(found.tests) == 4 * 2 * len(found.metrics)
    for text in (found.to_table(), found.to_markdown()):
        assert "fracture: a − c" in text


def test_a_comparison_can_be_done_again(scored: Scored, found: Comparison) -> None:
    again = gazesearch.compare(
        scored(draws=2), scored(draws=1, seed=2), names=NAMES, resamples=2000
    )
    assert again.tests == found.tests
    assert found.run.seed == 0
    assert found.run.settings["resamples"] == 2000
    assert "predictions of mine" in found.run.inputs


def test_patients_take_the_place_of_images(scored: Scored) -> None:
    patients = {f"{number}.jpg": f"patient {number // 2}" for number in range(24)}
    found = gazesearch.compare(scored(), scored(seed=2), patients=patients, resamples=200)
    assert only(found, "scanmatch").images == 12
    assert "bootstrap over patients" in found.to_table()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": "valid"}, "mine and theirs cannot stand in one table: split all and valid"),
        ({"first_fixation": "replace"}, "first fixation as-recorded and replace"),
    ],
)
def test_what_was_not_scored_alike_is_refused(
    scored: Scored, change: dict[str, str], said: str
) -> None:
    other = replace(scored(), **change)  # type: ignore[arg-type]
    with pytest.raises(errors.DataError, match=said) as error:
        gazesearch.compare(scored(), other, names=NAMES)
    assert len(str(error.value).splitlines()) == 1


def test_other_records_are_refused(scored: Scored) -> None:
    with pytest.raises(errors.DataError, match="protocol sha256:.* and sha256:"):
        gazesearch.compare(scored(), scored(images=23), names=NAMES)


def test_the_same_records_in_another_order_are_refused(scored: Scored) -> None:
    """Rows are told apart by the number of their record: another order would mix them up."""
    one = scored(metrics=["length_error"])
    mixed = replace(one, keys=one.keys | {"image": one.keys["image"][::-1]})
    with pytest.raises(errors.DataError, match="scored on different records"):
        gazesearch.compare(one, mixed, names=NAMES)


def test_records_of_other_groups_are_refused(scored: Scored) -> None:
    """A result file whose images of train are others than in the first has no groups to match."""
    one = scored(metrics=["length_error"])
    seen = np.array([True] * len(one), dtype=object)
    mixed = replace(one, keys=one.keys | {"image_in_train": seen})
    for pair in ((one, mixed), (mixed, one)):
        with pytest.raises(errors.DataError, match="scored on different records"):
            gazesearch.compare(*pair, names=NAMES)


def test_other_settings_of_a_metric_are_refused(scored: Scored) -> None:
    one = scored(metrics=["length_error", "scanmatch"])
    two = scored(metrics=["length_error", metrics.get("scanmatch", bins=(8, 6))])
    with pytest.raises(errors.DataError, match=r"scanmatch: mine has bins=\(16, 12\).*\(8, 6\)"):
        gazesearch.compare(one, two, names=NAMES)


def test_only_metrics_that_all_have_are_compared_and_the_rest_is_named(scored: Scored) -> None:
    one, two = scored(metrics=["scanmatch", "map_cc"]), scored(metrics=["scanmatch"])
    found = gazesearch.compare(one, two, names=NAMES, resamples=100)
    assert [metric.name for metric in found.metrics] == ["scanmatch"]
    assert "not compared, as only some have it: map_cc (mine)" in found.to_table()
    with pytest.raises(errors.DataError, match="no metric was computed for all of mine, theirs"):
        gazesearch.compare(scored(metrics=["map_cc"]), two, names=NAMES)


@pytest.mark.parametrize("names", [("one",), ("a", "a"), "ab", ("", "b"), ("a\n", "b"), (1, 2)])
def test_names_must_tell_predictors_apart(scored: Scored, names: object) -> None:
    scores = scored(metrics=["length_error"])
    with pytest.raises(errors.BadSetting, match="name"):
        gazesearch.compare(scores, scores, names=names)  # type: ignore[arg-type]
