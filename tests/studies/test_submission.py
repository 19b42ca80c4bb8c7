"""What `check_submission` says of predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths
from gazesearch.evaluation import Truth
from gazesearch.scanpaths import GAZESEARCH
from gazesearch.studies import Check, check_submission
from gazesearch.studies.copies import copies

Predict = Callable[..., Scanpaths]


def said(check: Check) -> dict[str, str]:
    return {remark.name: remark.grade for remark in check.remarks}


def moved(paths: Scanpaths, by: float) -> Scanpaths:
    """The paths, all fixations but the first moved to the right."""
    fixations = paths.fixations.copy()
    fixations[:, 0] = np.clip(fixations[:, 0] + by, 0, 223.9)
    fixations[paths.offsets[:-1], :2] = 112
    return paths.with_parts(
        fixations, paths.offsets, columns=paths.columns, integers=paths.integers
    )


def test_good_predictions_get_no_remark_and_the_row_of_evaluate(
    predict: Predict, truth: Truth
) -> None:
    check = check_submission(predict(), truth)
    assert check.remarks == ()
    assert check.scores is not None
    ours = check.scores.summary("scanmatch").mean
    assert ours == gazesearch.evaluate(predict(), truth).summary("scanmatch").mean
    assert f"{ours:.4f} [" in check.to_table()
    assert json.loads(check.to_json())["ready"] is True


@pytest.mark.parametrize("by", [0.0, 0.5], ids=["exactly", "nearly"])
def test_paths_of_test_block_though_the_first_fixation_differs(truth: Truth, by: float) -> None:
    check = check_submission(moved(truth.scored, by), truth)
    assert said(check) == {"copies of test": "blocking"}
    assert "24 of 24 predictions" in check.blocking[0].said


def test_paths_of_train_are_a_hint(truth: Truth) -> None:
    assert truth.trained_on is not None
    train, scored = truth.trained_on, truth.scored
    answers = Scanpaths.of(
        [path.fixations for path in train],
        image=scored.image,
        finding=scored.finding,
        info=GAZESEARCH,
    )
    assert said(check_submission(answers, truth)) == {"copies of train": "hint"}


def test_part_of_a_path_of_test_is_found(predict: Predict, truth: Truth) -> None:
    ours = predict()
    fixations = ours.fixations.copy()
    fixations[2:5] = truth.scored.fixations[2:5]  # fixations 3 to 5 of the first path
    table = ours.with_parts(fixations, ours.offsets, columns=ours.columns, integers=ours.integers)
    assert np.flatnonzero(copies(table, truth).of_test).tolist() == [0]


def test_what_train_and_test_share_counts_as_learned(truth: Truth) -> None:
    shared = truth.scored[[0]]
    used = Scanpaths.concat([truth.used, shared])
    columns = used.columns.replaced("split", [*truth.used.split.tolist(), "train"])
    used = used.with_parts(used.fixations, used.offsets, columns=columns, integers=used.integers)
    rows = np.equal(used.split, "test").astype(np.bool_)
    from dataclasses import replace

    found = copies(shared, replace(truth, used=used, rows=rows, train=~rows))
    assert found.of_train.tolist() == [True]
    assert found.of_test.tolist() == [False]


def test_one_path_is_a_fact_and_so_is_one_a_finding(truth: Truth) -> None:
    scored = truth.scored
    look = np.array([[112.0, 112, 0.2], [60, 60, 0.3], [90, 30, 0.1]])

    def answers(paths: list[np.ndarray]) -> Scanpaths:
        return Scanpaths.of(paths, image=scored.image, finding=scored.finding, info=GAZESEARCH)

    assert said(check_submission(answers([look] * 24), truth)) == {"one path": "fact"}
    by_finding = answers([look, look[::-1]] * 12)
    assert said(check_submission(by_finding, truth))["one path a finding"] == "fact"


def test_what_is_missing_surplus_or_repeated_is_told(
    predict: Predict, truth: Truth, tmp_path: Path
) -> None:
    ours = predict()
    file = tmp_path / "p.json"
    gazesearch.write_scanpaths(ours, file)
    records = json.loads(file.read_text())
    records[0]["name"] = "elsewhere.jpg"
    file.write_text(json.dumps([*records, records[1]]))
    check = check_submission(file, truth)
    assert said(check) == {
        "missing": "blocking", "surplus": "hint", "unmarked draws": "hint", "draws": "fact",
    }  # fmt: skip
    assert "1 of 24 records have no prediction (the first: 12.jpg, edema)" in check.blocking[0].said
    assert check.scores is not None
    assert check.scores.counts.missing == 1


@pytest.mark.parametrize(
    ("change", "name", "grade"),
    [
        (lambda r: r.update(X=[x * 3 for x in r["X"]]), "frame", "blocking"),
        (lambda r: r.update(X=[x / 224 for x in r["X"]], Y=[y / 224 for y in r["Y"]]),
         "frame", "blocking"),
        (lambda r: r.update(X=[x / 3 for x in r["X"]], Y=[y / 3 for y in r["Y"]]),
         "frame", "hint"),
        (lambda r: r.update(width=512, height=512), "frame", "blocking"),
        (lambda r: r.pop("T"), "no durations", "hint"),
        (lambda r: r.update(X=[], Y=[], T=[]), "empty", "blocking"),
        (lambda r: r.update(X=[112], Y=[112], T=[0.1]), "short", "hint"),
        (lambda r: r.update(X=[1.0, *r["X"][1:]]), "start", "hint"),
        (lambda r: r.update(T=[-1.0, *r["T"][1:]]), "durations", "blocking"),
        (lambda r: r.update(task="cough"), "task", "blocking"),
    ],
    ids=["larger", "fractions", "smaller", "stated", "T", "empty", "short", "start", "-T", "task"],
)  # fmt: skip
def test_a_fault_of_all_records_is_named_and_graded(
    predict: Predict,
    truth: Truth,
    tmp_path: Path,
    change: Callable[[dict[str, object]], object],
    name: str,
    grade: str,
) -> None:
    file = tmp_path / "p.json"
    gazesearch.write_scanpaths(predict(), file)
    records = json.loads(file.read_text())
    for record in records:
        change(record)
    file.write_text(json.dumps(records))
    check = check_submission(file, truth)
    assert said(check)[name] == grade
    assert all("\n" not in remark.said for remark in check.remarks)


def test_one_fixation_off_the_screen_is_no_other_frame(
    predict: Predict, truth: Truth, tmp_path: Path
) -> None:
    file = tmp_path / "p.json"
    gazesearch.write_scanpaths(predict(), file)
    records = json.loads(file.read_text())
    records[3]["X"][2] = 300
    file.write_text(json.dumps(records))
    check = check_submission(file, truth)
    assert said(check) == {"off-screen": "blocking", "missing": "blocking"}
    assert "record 3, X[2]: 300" in check.blocking[0].said


def test_too_many_draws_are_not_scored(predict: Predict, truth: Truth) -> None:
    one = predict()
    check = check_submission(one[np.repeat(np.arange(len(one)), 101)], truth)
    assert said(check)["draws"] == "blocking"
    assert check.scores is None
