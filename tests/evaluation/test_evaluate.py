"""What is scored against what, what is refused, and how means are taken: small cases by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

import gazesearch
from gazesearch import DatasetInfo, Scanpaths, errors, metrics

SIZE = (100.0, 100.0)
A = [[10, 10, 0.2], [90, 90, 0.4], [10, 90, 0.3]]
B = [[10, 10, 0.2], [50, 50, 0.4], [10, 90, 0.3]]
C = [[90, 10, 0.2], [90, 50, 0.1]]


def table(paths: list[list[list[float]]], **columns: object) -> Scanpaths:
    columns.setdefault("image", ["a.jpg"] * len(paths))
    columns.setdefault("finding", "edema")
    columns.setdefault("screen_size", SIZE)
    return Scanpaths.of(paths, **columns)  # type: ignore[arg-type]


def scanmatch(a: object, b: object) -> float:
    return metrics.scanmatch(a, b, SIZE)


def test_a_prediction_without_subject_is_scored_against_every_person() -> None:
    people = table([A, B], subject=[1, 2])
    scores = gazesearch.evaluate(table([A]), people, metrics=["scanmatch"])
    assert scores.values["scanmatch"].tolist() == [1.0, scanmatch(B, A)]
    assert scores.summary("scanmatch").mean == pytest.approx((1 + scanmatch(B, A)) / 2)
    assert scores.counts.scored == 2


def test_a_prediction_with_subject_is_scored_against_that_person_only() -> None:
    people = table([A, B], subject=[1, 2])
    predicted = table([B, A], subject=[2, 1])
    scores = gazesearch.evaluate(predicted, people, metrics=["scanmatch"])
    assert scores.values["scanmatch"].tolist() == [1.0, 1.0]


def test_a_constant_subject_is_a_placeholder() -> None:
    placeholder = table([A, C], image=["a.jpg", "b.jpg"], subject=[1, 1])
    predicted = table([A, C], image=["a.jpg", "b.jpg"], subject=[7, 8])
    scores = gazesearch.evaluate(predicted, placeholder, metrics=["scanmatch"])
    assert scores.values["scanmatch"].tolist() == [1.0, 1.0]


def test_people_of_one_image_count_as_much_as_the_one_person_of_another() -> None:
    people = table([A, B, C], image=["a.jpg", "a.jpg", "b.jpg"], subject=[1, 2, 1])
    predicted = table([A, C], image=["a.jpg", "b.jpg"])
    found = gazesearch.evaluate(predicted, people, metrics=["scanmatch"]).summary("scanmatch")
    assert found.mean == pytest.approx(((1 + scanmatch(B, A)) / 2 + 1) / 2)
    assert found.n == 3


def test_several_predictions_give_their_mean_and_the_best() -> None:
    predicted = table([A, B, C])
    scores = gazesearch.evaluate(predicted, table([A]), metrics=["scanmatch", "dtw"])
    each = [scanmatch(A, path) for path in (A, B, C)]
    found = scores.summary("scanmatch")
    assert found.mean == pytest.approx(np.mean(each))
    assert found.best == 1.0
    assert scores.summary("dtw").best == 0.0
    assert scores.counts.duplicated == 2
    assert scores.keys["draw"].tolist() == [0, 1, 2]
    assert "the best of them" in scores.to_table()


def test_the_split_test_is_taken_where_there_is_one_and_said() -> None:
    recorded = table([A, B], image=["a.jpg", "b.jpg"], split=["train", "test"])
    scores = gazesearch.evaluate(table([B], image=["b.jpg"]), recorded, metrics=["dtw"])
    assert scores.split == "test"
    assert "split test" in scores.to_table().splitlines()[0]
    unsplit = gazesearch.evaluate(table([A]), table([A]), metrics=["dtw"])
    assert "all records" in unsplit.to_table().splitlines()[0]


def test_an_unknown_split_is_refused_by_name() -> None:
    with pytest.raises(errors.UnknownName, match="valid"):
        gazesearch.evaluate(table([A]), table([A]), split="valid")


def test_a_missing_prediction_is_refused_with_the_first_named() -> None:
    recorded = table([A, C], image=["a.jpg", "b.jpg"])
    with pytest.raises(errors.MissingPredictions, match=r"1 of 2 records.*b\.jpg, edema"):
        gazesearch.evaluate(table([A]), recorded)


@pytest.mark.parametrize(
    ("name", "penalty"),
    [
        ("scanmatch", 0.0),
        ("multimatch_shape", 0.0),
        ("scaled_time_delay_embedding", 0.0),
        ("string_edit_distance", 2.0),
        ("length_error", 2.0),
        ("dtw", math.hypot(*SIZE)),
        ("frechet", math.hypot(*SIZE)),
        ("hausdorff", math.hypot(*SIZE)),
        ("duration_error", 0.15),
        ("map_cc", 0.0),
        ("map_sim", 0.0),
    ],
)
def test_an_allowed_missing_prediction_counts_at_its_worst(name: str, penalty: float) -> None:
    recorded = table([A, C], image=["a.jpg", "b.jpg"])
    scores = gazesearch.evaluate(table([A]), recorded, allow_missing=True, metrics=[name])
    assert scores.values[name][1] == pytest.approx(penalty)
    assert (scores.counts.scored, scores.counts.missing) == (1, 1)
    assert scores.summary(name).n == 2
    assert "missing predictions (1) count" in scores.to_table()


def test_a_missing_search_never_finds_its_target() -> None:
    boxes = [[80, 80, 15, 15]] * 2
    recorded = table([A, A], image=["a.jpg", "b.jpg"], target_boxes=boxes)
    scores = gazesearch.evaluate(
        table([A]), recorded, allow_missing=True, metrics=["tfp_area", "tfp_mismatch"]
    )
    assert scores.values["first_on_target"].tolist() == [2.0, np.inf]
    assert scores.summary("tfp_area").mean == pytest.approx(6 / 2)
    assert scores.summary("tfp_mismatch").mean == pytest.approx(6 / 2)


def test_predictions_in_another_frame_are_refused_and_both_frames_named() -> None:
    predicted = table([A], screen_size=(448, 224))
    with pytest.raises(errors.FrameMismatch, match="448x224 px.*100x100"):
        gazesearch.evaluate(predicted, table([A]))


def test_a_file_that_names_its_own_frame_is_refused_likewise(tmp_path: Path) -> None:
    record = {"name": "a.jpg", "task": "edema", "X": [1], "Y": [1], "width": 448, "height": 448}
    file = tmp_path / "predictions.json"
    file.write_text(json.dumps([record]))
    with pytest.raises(errors.FrameMismatch, match="448x448 px.*100x100"):
        gazesearch.evaluate(file, table([A]))


def test_durations_on_some_predictions_leave_the_others_undefined() -> None:
    recorded = table([A, A], image=["a.jpg", "b.jpg"])
    without = [row[:2] for row in A]
    predicted = table([A, without], image=["a.jpg", "b.jpg"])
    found = gazesearch.evaluate(predicted, recorded, metrics=["scanmatch_duration"])
    summary = found.summary("scanmatch_duration")
    assert (summary.mean, summary.n, summary.undefined) == (1.0, 1, 1)
    assert "1 undefined" in found.to_table()


def test_nothing_is_invented_where_every_metric_asked_for_is_refused() -> None:
    without = [row[:2] for row in A]
    with pytest.raises(errors.DataError, match="scanmatch_duration: the predictions have no dur"):
        gazesearch.evaluate(table([without]), table([A]), metrics=["scanmatch_duration"])


def test_only_correct_trials_count_in_search_efficiency() -> None:
    info = DatasetInfo(name="two", screen_size=SIZE, duration_unit="s")
    frame = table([A, A], image=["a.jpg", "b.jpg"], target_boxes=[[80, 80, 15, 15]] * 2, info=info)
    recorded = Scanpaths.from_arrow(
        frame.to_arrow().append_column("correct", [[1, 0]]), dataset=info
    )
    predicted = table([A, C], image=["a.jpg", "b.jpg"])
    scores = gazesearch.evaluate(predicted, recorded, metrics=["tfp_area"])
    found = scores.summary("tfp_area")
    assert (found.mean, found.n, found.undefined) == (6.0, 1, 1)
    assert any(note.startswith("search efficiency: 1 records") for note in scores.notes)


def test_a_map_metric_is_one_value_per_image_and_finding() -> None:
    people = table([A, B, C], image=["a.jpg", "a.jpg", "b.jpg"], subject=[1, 2, 1])
    scores = gazesearch.evaluate(
        table([A, C], image=["a.jpg", "b.jpg"]), people, metrics=["map_cc", "map_kl"]
    )
    values = scores.values["map_cc"]
    assert values[0] == values[1]
    found = scores.summary("map_cc")
    assert found.n == 2
    assert found.mean == pytest.approx((values[0] + values[2]) / 2)


def test_information_gain_needs_train_records() -> None:
    with pytest.raises(errors.DataError, match="train records"):
        gazesearch.evaluate(table([A]), table([A]), metrics=["map_information_gain"])
    recorded = table([B, A], image=["a.jpg", "b.jpg"], split=["train", "test"])
    predicted = table([B], image=["b.jpg"])
    scores = gazesearch.evaluate(predicted, recorded, metrics=["map_information_gain"])
    # Baseline and prediction are the same fixations, hence the same map.
    assert scores.summary("map_information_gain").mean == pytest.approx(0, abs=1e-12)


def test_predictions_that_do_not_start_at_the_centre_are_counted() -> None:
    scores = gazesearch.evaluate(
        table([A]), table([A]), first_fixation="replace", metrics=["length_error"]
    )
    assert any("1 of 1 predictions do not start at the centre" in note for note in scores.notes)


def test_scores_survive_being_saved(tmp_path: Path) -> None:
    recorded = table([A, B], image=["a.jpg", "b.jpg"], split=["train", "test"])
    predicted = table([C], image=["b.jpg"])
    scores = gazesearch.evaluate(predicted, recorded)
    scores.save(tmp_path / "out")
    rows = pyarrow.parquet.read_table(tmp_path / "out" / "scores.parquet")
    assert rows.column("image").to_pylist() == ["b.jpg"]
    assert rows.column("scanmatch").to_pylist() == scores.values["scanmatch"].tolist()
    result = json.loads((tmp_path / "out" / "results.json").read_text())
    assert result["metrics"]["dtw"]["mean"] == scores.summary("dtw").mean
    assert result["metrics"]["multimatch_shape"]["mean"] is None  # C has two fixations
    assert result["metrics"]["multimatch_shape"]["undefined"] == 1
    assert result["run"]["versions"]["gazesearch"]
    assert result["run"]["settings"]["metrics"]["scanmatch"]["bins"] == [16, 12]
    csv = (tmp_path / "out" / "summary.csv").read_text().splitlines()
    assert csv[0] == ("group,metric,mean,std,best,n,undefined,higher_is_better,low,high,images")
    assert "| ScanMatch ↑ |" in (tmp_path / "out" / "summary.md").read_text()


def test_settings_of_a_metric_are_honoured_and_recorded() -> None:
    loose = metrics.get("scanmatch", threshold=30.0)
    scores = gazesearch.evaluate(table([B]), table([A]), metrics=[loose])
    expected = metrics.scanmatch(A, B, SIZE, threshold=30.0)
    assert scores.summary("scanmatch").mean == expected
    assert scores.run.settings["metrics"]["scanmatch"]["threshold"] == 30.0


def test_scores_do_not_depend_on_the_order_of_either_file() -> None:
    rng = np.random.default_rng(0)
    images = [f"{i}.jpg" for i in range(20)]
    paths = [rng.uniform(0, 100, (n, 2)).tolist() for n in rng.integers(3, 8, 20)]
    recorded, predicted = table(paths, image=images), table(paths[::-1], image=images)
    order = rng.permutation(20)
    straight = gazesearch.evaluate(predicted, recorded, metrics=["scanmatch", "map_nss"])
    mixed = gazesearch.evaluate(
        predicted[order], recorded[order[::-1]], metrics=["scanmatch", "map_nss"]
    )
    for name in ("scanmatch", "map_nss"):
        assert mixed.summary(name).mean == pytest.approx(straight.summary(name).mean, abs=1e-15)


def test_an_empty_reference_table_is_refused() -> None:
    with pytest.raises(errors.DataError, match="no records"):
        gazesearch.evaluate(table([A]), table([A])[:0])


def test_a_parquet_file_that_states_another_frame_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "predictions.parquet"
    gazesearch.write_scanpaths(table([A], screen_size=(448, 448)), file)
    with pytest.raises(errors.FrameMismatch, match="448x448 px.*100x100"):
        gazesearch.evaluate(file, table([A]))


def test_every_prediction_without_a_value_is_counted() -> None:
    scores = gazesearch.evaluate(table([A, A[:2]]), table([A]), metrics=["multimatch_shape"])
    found = scores.summary("multimatch_shape")
    assert (found.mean, found.n, found.undefined) == (1.0, 1, 1)


def test_a_missing_prediction_leaves_what_has_no_worst_value_undefined() -> None:
    recorded = table([A, C], image=["a.jpg", "b.jpg"])
    scores = gazesearch.evaluate(table([A]), recorded, allow_missing=True, metrics=["map_kl"])
    found = scores.summary("map_kl")
    assert (found.n, found.undefined) == (1, 1)


def test_the_unit_that_is_told_counts_for_both_files(tmp_path: Path) -> None:
    file = tmp_path / "paths.json"
    record = {"name": "a.jpg", "task": "x", "X": [1, 2, 3], "Y": [1, 2, 3], "T": [0.2, 0.3, 61]}
    file.write_text(json.dumps([record]))
    with pytest.raises(errors.DataError, match="give duration_unit"):
        gazesearch.evaluate(file, file, screen_size=SIZE)
    scores = gazesearch.evaluate(
        file, file, screen_size=SIZE, duration_unit="s", metrics=["duration_error"]
    )
    assert scores.summary("duration_error").mean == 0


def test_clusters_of_the_sequence_score_do_not_depend_on_the_split() -> None:
    rng = np.random.default_rng(0)
    paths = [rng.normal([[20, 20], [80, 80], [20, 80]], 4).tolist() for _ in range(12)]
    split = ["train"] * 6 + ["test"] * 6
    recorded = table(paths, subject=list(range(12)), split=split)
    predicted = table(paths[::-1], subject=list(range(12)))
    asked = [metrics.get("sequence_score", bandwidth=15)]
    part = gazesearch.evaluate(predicted, recorded, metrics=asked)
    whole = gazesearch.evaluate(predicted, recorded, metrics=asked, split="all")
    in_test = np.array([name == "test" for name in whole.keys["split"]])
    assert part.values["sequence_score"].tolist() == (
        whole.values["sequence_score"][in_test].tolist()
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metrics": []}, "none is named"),
        ({"metrics": "scanmatch"}, "must be a list"),
        ({"metrics": ["scanmatch", metrics.get("scanmatch", bins=(8, 6))]}, "two settings"),
        ({"screen_size": (100, 100)}, "are for files"),
    ],
    ids=["none", "text", "twice", "frame-of-a-table"],
)
def test_contradicting_options_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(errors.BadSetting, match=said):
        gazesearch.evaluate(table([A]), table([A]), **options)  # type: ignore[arg-type]


def test_search_metrics_of_one_table_share_their_last_fixation() -> None:
    recorded = table([A], target_boxes=[[80, 80, 15, 15]])
    asked = [metrics.get("tfp_area", max_fixations=2), metrics.get("tfp_mismatch")]
    with pytest.raises(errors.BadSetting, match="one max_fixations"):
        gazesearch.evaluate(table([A]), recorded, metrics=asked)


def test_subjects_1_and_text_1_are_two_groups_and_can_be_saved(tmp_path: Path) -> None:
    recorded = table([A, B], subject=[1, "1"])
    scores = gazesearch.evaluate(table([A]), recorded, metrics=["dtw"])
    assert len(scores.groups("subject")) == 3
    scores.save(tmp_path, by="subject")
    assert pyarrow.parquet.read_table(tmp_path / "scores.parquet").num_rows == 2


def test_groups_by_overlap_need_a_train_split() -> None:
    scores = gazesearch.evaluate(table([A]), table([A]), metrics=["dtw"])
    with pytest.raises(errors.DataError, match="no train"):
        scores.to_table(by="split-overlap")


def test_lengths_are_those_recorded_whatever_the_rule() -> None:
    scores = gazesearch.evaluate(
        table([A]), table([A]), first_fixation="prepend", metrics=["length_error"]
    )
    assert scores.keys["length"].tolist() == [3]
    assert scores.values["length_error"].tolist() == [1.0]


def test_the_baseline_of_information_gain_is_that_of_the_finding() -> None:
    recorded = table(
        [A, C, A], image=["a.jpg", "c.jpg", "b.jpg"], finding=["edema", "fracture", "edema"],
        split=["train", "train", "test"],
    )  # fmt: skip
    predicted = table([A], image=["b.jpg"])
    gain = gazesearch.evaluate(predicted, recorded, metrics=["map_information_gain"])
    assert gain.summary("map_information_gain").mean == pytest.approx(0, abs=1e-12)


def test_the_width_of_a_map_is_a_setting() -> None:
    narrow, wide = (metrics.get("map_nss", sigma_px=s) for s in (2.0, 20.0))
    values = [
        gazesearch.evaluate(table([B]), table([A]), metrics=[m]).summary("map_nss").mean
        for m in (narrow, wide)
    ]
    assert values[0] != pytest.approx(values[1])


def test_spread_is_the_standard_deviation_of_a_sample() -> None:
    recorded = table([A, A, A], image=["a.jpg", "b.jpg", "c.jpg"])
    predicted = table([A, A[:2], A[:1]], image=["a.jpg", "b.jpg", "c.jpg"])
    found = gazesearch.evaluate(predicted, recorded, metrics=["length_error"])
    assert found.summary("length_error").std == pytest.approx(np.std([0, 1, 2], ddof=1))


def test_inputs_are_recorded_by_name_and_digest(tmp_path: Path) -> None:
    file = tmp_path / "predictions.parquet"
    gazesearch.write_scanpaths(table([A]), file)
    run = gazesearch.evaluate(file, table([A]), metrics=["dtw"]).run
    assert run.inputs["predictions"].startswith("predictions.parquet sha256:")
    assert run.inputs["references"] == "a table in memory"


def records_file(path: Path, *records: dict[str, object]) -> Path:
    path.write_text(json.dumps(records))
    return path


def framed(name: str, width: int) -> dict[str, object]:
    return {"name": name, "task": "x", "X": [1, 2], "Y": [1, 2], "width": width, "height": 100}


def test_frames_that_differ_by_path_are_compared_path_by_path(tmp_path: Path) -> None:
    recorded = records_file(tmp_path / "a.json", framed("a.jpg", 100), framed("b.jpg", 200))
    same = records_file(tmp_path / "p.json", framed("b.jpg", 200), framed("a.jpg", 100))
    other = records_file(tmp_path / "q.json", framed("b.jpg", 150), framed("a.jpg", 100))
    assert gazesearch.evaluate(same, recorded, metrics=["dtw"]).summary("dtw").mean == 0
    with pytest.raises(errors.FrameMismatch, match=r"b\.jpg, in 150x100 px instead of 200x100 px"):
        gazesearch.evaluate(other, recorded, metrics=["dtw"])


def test_whether_subjects_mean_anything_is_told_by_the_whole_file() -> None:
    recorded = table(
        [A, B], image=["a.jpg", "b.jpg"], subject=[2, 1], split=["train", "test"]
    )  # only person 1 in test, but the file knows two
    with pytest.raises(errors.MissingPredictions):
        gazesearch.evaluate(table([B], image=["b.jpg"], subject=[2]), recorded)


def test_references_without_durations_leave_what_needs_them_undefined() -> None:
    without = [row[:2] for row in A]
    recorded = table([A, without], image=["a.jpg", "b.jpg"])
    predicted = table([A, A], image=["a.jpg", "b.jpg"])
    found = gazesearch.evaluate(predicted, recorded, metrics=["duration_error"])
    summary = found.summary("duration_error")
    assert (summary.mean, summary.n, summary.undefined) == (0.0, 1, 1)


def test_a_missing_prediction_costs_as_many_edits_as_its_reference_is_long() -> None:
    recorded = table([A, [*A, *A]], image=["a.jpg", "b.jpg"])
    scores = gazesearch.evaluate(
        table([A]), recorded, allow_missing=True, metrics=["string_edit_distance"]
    )
    assert scores.values["string_edit_distance"].tolist() == [0, 6]


def test_every_group_stands_in_some_table() -> None:
    findings = [f"finding {letter}" for letter in "abcdefghij"]
    both = table([A] * 10, image=["a.jpg"] * 10, finding=findings)
    scores = gazesearch.evaluate(both, both, metrics=["dtw"])
    for text in (scores.to_table(by="finding"), scores.to_markdown(by="finding")):
        assert all(finding in text for finding in findings)


def test_json_holds_the_best_draw_and_both_curves() -> None:
    recorded = table([A], target_boxes=[[80, 80, 15, 15]])
    scores = gazesearch.evaluate(table([B, A]), recorded, metrics=["scanmatch", "tfp_area"])
    found = json.loads(scores.to_json())["metrics"]
    assert found["scanmatch"]["best"] == 1.0
    assert found["scanmatch"]["mean"] < 1.0
    assert found["tfp_area"]["curve"] == [0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]  # B never gets there
    assert found["tfp_area"]["reference_curve"] == [0, 1, 1, 1, 1, 1, 1]
