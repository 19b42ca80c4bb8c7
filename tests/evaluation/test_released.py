"""The released benchmark: the figures that this project quotes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths, Scores, metrics


@pytest.fixture(scope="module")
def scores(annotations_file: Path, predictions_file: Path) -> Scores:
    return gazesearch.evaluate(predictions_file, annotations_file)


def test_the_test_split_is_scored_and_the_rest_reported_as_surplus(scores: Scores) -> None:
    assert scores.split == "test"
    assert scores.first_fixation == "replace"
    assert (scores.counts.scored, scores.counts.missing) == (488, 0)
    assert (scores.counts.surplus, scores.counts.duplicated) == (4387, 0)


@pytest.mark.parametrize(
    ("name", "expected", "digits"),
    [
        ("scanmatch", 0.4395, 4),
        ("multimatch_shape", 0.9205, 4),
        ("multimatch_direction", 0.6913, 4),
        ("multimatch_length", 0.9236, 4),
        ("multimatch_position", 0.8515, 4),
        ("string_edit_distance_published", 4.047, 3),
        ("scaled_time_delay_embedding", 0.8225, 4),
    ],
)
def test_released_predictions_score_as_quoted(
    scores: Scores, name: str, expected: float, digits: int
) -> None:
    found = scores.summary(name)
    assert round(found.mean, digits) == expected
    assert found.n + found.undefined == 488


def test_seen_and_unseen_images_stand_side_by_side(scores: Scores) -> None:
    groups = scores.groups()
    assert list(groups) == ["all records", "image also in train", "image unseen"]
    seen, unseen = groups["image also in train"], groups["image unseen"]
    assert (seen.sum(), unseen.sum()) == (366, 122)
    assert round(scores.summary("scanmatch", seen).mean, 4) == 0.4484
    assert round(scores.summary("scanmatch", unseen).mean, 4) == 0.4129
    assert "image unseen" in scores.to_table()


@pytest.mark.parametrize(
    ("group", "low", "high"), [("all records", 0.425, 0.455), ("image unseen", 0.394, 0.431)]
)
def test_intervals_are_those_quoted(scores: Scores, group: str, low: float, high: float) -> None:
    found = scores.intervals(scores.groups()[group])["scanmatch"]
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.003)


def test_released_predictions_beat_a_train_path_on_images_that_train_has(
    scores: Scores, annotations: Scanpaths, annotations_file: Path
) -> None:
    """The first train path of the finding, whatever the image: a floor that anybody can make."""
    used = gazesearch.with_first_fixation(annotations, "replace")
    first = {
        finding: paths[0] for finding, paths in used.where(split="train").group("task").items()
    }
    test = used.where(split="test")
    predicted = Scanpaths.of(
        [first[finding].fixations[:, :2] for finding in test.finding],
        image=test.image.tolist(), finding=test.finding.tolist(), info=annotations.info,
    )  # fmt: skip
    floor = gazesearch.evaluate(predicted, annotations_file, metrics=["scanmatch"])
    found = gazesearch.compare(scores, floor, names=["ChestSearch", "first path"])
    (seen,) = (one for one in found.tests if one.group == "image also in train")
    assert seen.favours == "ChestSearch"
    assert (seen.records, seen.images) == (366, 333)


@pytest.mark.parametrize(("rule", "expected"), [("prepend", 0.3986), ("as-recorded", 0.3322)])
def test_the_first_fixation_rule_decides_the_score(
    annotations: Scanpaths, released: Scanpaths, rule: str, expected: float
) -> None:
    found = gazesearch.evaluate(released, annotations, first_fixation=rule, metrics=["scanmatch"])
    assert round(found.summary("scanmatch").mean, 4) == expected


def test_scores_that_need_durations_are_refused_for_predictions_without(scores: Scores) -> None:
    for name in ("scanmatch_duration", "multimatch_duration", "duration_error"):
        assert scores.refused[name] == "the predictions have no durations"
        assert name not in scores.values
    assert "the predictions have no durations" in scores.to_table()


def test_search_efficiency_is_refused_where_all_boxes_are_empty(
    scores: Scores, annotations: Scanpaths
) -> None:
    for name in ("tfp_area", "tfp_mismatch", "scanpath_ratio"):
        assert "all target boxes" in scores.refused[name]
    with pytest.raises(gazesearch.errors.MissingTargetBoxes, match="4875 of 4875 records"):
        metrics.search_efficiency(annotations)


def test_every_finding_and_length_is_a_group(scores: Scores) -> None:
    by_finding = scores.groups("finding")
    assert len(by_finding) == 14
    assert sum(int(mask.sum()) for mask in by_finding.values()) == 2 * 488
    assert list(scores.groups("length"))[1:] == [f"{n} fixations" for n in (3, 4, 5, 6)]


def test_people_against_people_on_osie(osie: Scanpaths) -> None:
    test = osie.where(split="test")
    for name, expected in (("scanmatch", 0.3948), ("scanmatch_duration", 0.3926)):
        by_image = []
        for people in test.group("name").values():
            table = metrics.pairwise(name, people, people, (400, 300))
            different = ~np.eye(len(people), dtype=bool)
            by_image.append(np.nanmean(table[different]))
        assert round(float(np.mean(by_image)), 4) == expected


def test_coco_search18_has_the_published_search_efficiency(coco: Scanpaths) -> None:
    """People scored as predictions of themselves: their own curve, so no mismatch."""
    scores = gazesearch.evaluate(coco, coco, metrics=["tfp_area", "tfp_mismatch", "scanpath_ratio"])
    assert scores.curve().round(4).tolist() == [
        0.0078, 0.4161, 0.7505, 0.8642, 0.8998, 0.9070, 0.9107,
    ]  # fmt: skip
    assert round(scores.summary("tfp_area").mean, 4) == 4.7561
    assert scores.summary("tfp_mismatch").mean == 0
    ratio = scores.summary("scanpath_ratio")
    assert (round(ratio.mean, 4), ratio.n) == (0.8556, 2705)
    assert any("3028 records" in note for note in scores.notes)


def test_one_path_per_image_and_target_counts_as_one_trial(coco: Scanpaths) -> None:
    """Whatever the number of people that it is scored against."""
    answered = coco.where(correct=True)
    paths = Scanpaths.concat([people[:1] for people in answered.group("name", "task").values()])
    expected = metrics.search_efficiency(paths)
    unsigned = Scanpaths.of(
        [path.fixations for path in paths],
        image=paths.image.tolist(),
        finding=paths.finding.tolist(),
        info=paths.info,
    )
    scores = gazesearch.evaluate(unsigned, answered, metrics=["tfp_area", "scanpath_ratio"])
    assert scores.summary("tfp_area").mean == pytest.approx(expected.area)
    assert scores.summary("scanpath_ratio").mean == pytest.approx(expected.scanpath_ratio)


def test_naming_the_frame_of_a_known_dataset_changes_nothing(
    annotations_file: Path, predictions_file: Path
) -> None:
    scores = gazesearch.evaluate(
        predictions_file, annotations_file, metrics=["scanmatch"], screen_size=(224, 224)
    )
    assert scores.dataset.name == "gazesearch"
    assert round(scores.summary("scanmatch").mean, 4) == 0.4395
