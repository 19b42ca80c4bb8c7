"""What `check_submission` says of predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths, metrics
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
    check = check_submission(one[np.repeat(np.arange(len(one)), 100)], truth, metrics=["dtw"])
    assert said(check)["draws"] == "fact"


@pytest.mark.parametrize(
    "hide",
    [
        lambda path: np.vstack([path, [[5.0, 219, 0.1]]]),
        lambda path: np.delete(path, 1, axis=0),
        lambda path: np.vstack([path[:1], [[5.0, 219, 0.1]], path[1:]]),
    ],
    ids=["one more", "one less", "one between"],
)
def test_answers_moved_a_little_and_lengthened_or_shortened_are_still_copies(
    truth: Truth, hide: Callable[[np.ndarray], np.ndarray]
) -> None:
    scored = truth.scored
    paths = [hide(path.fixations + np.array([0.001, 0.001, 0])) for path in scored]
    answers = Scanpaths.of(paths, image=scored.image, finding=scored.finding, info=GAZESEARCH)
    assert copies(answers, truth).of_test.all()


def shared_images(truth: Truth) -> Truth:
    """The same, with train on the images of test."""
    used = truth.used
    names = [str(name) for name in used.image]
    names[: len(names) // 2] = names[len(names) // 2 :]
    columns = used.columns.replaced("name", names)
    moved = used.with_parts(used.fixations, used.offsets, columns=columns, integers=used.integers)
    return replace(truth, used=moved)


def test_a_piece_of_train_does_not_make_answers_learned(truth: Truth) -> None:
    truth = shared_images(truth)
    assert truth.trained_on is not None
    scored, train = truth.scored, truth.trained_on
    assert scored.image.tolist() == train.image.tolist()
    paths = [
        np.vstack([one.fixations, other.fixations[1:4]])
        for one, other in zip(scored, train, strict=True)
    ]
    answers = Scanpaths.of(paths, image=scored.image, finding=scored.finding, info=GAZESEARCH)
    found = copies(answers, truth)
    assert found.of_test.all()
    assert not found.of_train.any()


def test_pieces_of_train_paths_are_of_train_whatever_follows(truth: Truth) -> None:
    truth = shared_images(truth)
    assert truth.trained_on is not None
    paths = [np.vstack([path.fixations[:4], [[5.0, 219, 0.1]]]) for path in truth.trained_on]
    scored = truth.scored
    found = copies(
        Scanpaths.of(paths, image=scored.image, finding=scored.finding, info=GAZESEARCH), truth
    )
    assert found.of_train.all()
    assert not found.of_test.any()


def test_what_is_further_off_than_the_limit_is_no_copy(truth: Truth) -> None:
    """1/200 of 224 px is 1.12 px."""
    assert copies(moved(truth.scored, 1.1), truth).of_test.all()
    assert not copies(moved(truth.scored, 1.2), truth).of_test.any()


def test_a_path_that_many_draws_vary_is_looked_up_without_comparing_the_draws(
    truth: Truth,
) -> None:
    """All pairs among 2,400 draws that lie within a pixel would be over 200,000 distances."""
    scored = truth.scored
    rng = np.random.default_rng(0)
    look = np.array([[112.0, 112, 0.2], [60, 60, 0.3], [90, 30, 0.1]])
    rows = np.repeat(np.arange(len(scored)), 100)
    draws = Scanpaths.of(
        [look + rng.uniform(0, 0.5, (3, 3)) for _ in rows],
        image=scored.image[rows],
        finding=scored.finding[rows],
        draw=np.tile(np.arange(100), len(scored)).tolist(),
        info=GAZESEARCH,
    )
    with pytest.MonkeyPatch.context() as patch:
        measured: list[int] = []
        import gazesearch.audit.copies as audit

        kernel = audit.paired

        def counted(*args: object, rows: np.ndarray, **more: object) -> object:
            measured.append(len(rows))
            return kernel(*args, rows=rows, **more)  # type: ignore[arg-type]

        patch.setattr(audit, "paired", counted)
        found = copies(draws, truth)
    assert not found.of_test.any()
    assert sum(measured) < len(draws)


def test_who_leaves_the_ranking_metric_out_where_it_is_hard_is_blocked(
    predict: Predict, truth: Truth
) -> None:
    ours = predict()
    ranks = metrics.get("multimatch_position")
    short = Scanpaths.of(
        [path.fixations[: 2 if row in (3, 5) else None] for row, path in enumerate(ours)],
        image=ours.image,
        finding=ours.finding,
        info=GAZESEARCH,
    )
    whole, cut = (
        check_submission(paths, truth, metrics=[ranks], ranked_by=ranks) for paths in (ours, short)
    )
    assert whole.remarks == ()
    assert [remark.name for remark in cut.blocking] == ["gaps"]
    assert "2 predictions have no value of multimatch_position" in cut.blocking[0].said
    assert f"the first: {ours.image[3]}, {ours.finding[3]}" in cut.blocking[0].said
    assert check_submission(short, truth, metrics=[ranks]).blocking == ()


def test_one_draw_without_a_value_is_a_gap_too(predict: Predict, truth: Truth) -> None:
    ours = predict()
    ranks = metrics.get("scanmatch_duration")
    twice = np.repeat(np.arange(len(ours)), 2)
    paths = [ours[row].fixations for row in twice.tolist()]
    paths[7] = paths[7][:, :2]
    draws = Scanpaths.of(
        paths,
        image=ours.image[twice],
        finding=ours.finding[twice],
        draw=[0, 1] * len(ours),
        info=GAZESEARCH,
    )
    found = check_submission(draws, truth, metrics=[ranks], ranked_by=ranks)
    assert [remark.name for remark in found.blocking] == ["gaps"]
    assert "1 prediction has no value" in found.blocking[0].said


def test_where_the_recorded_path_itself_has_no_value_nobody_is_blamed(
    predict: Predict, truth: Truth
) -> None:
    """One recorded path of two fixations: MultiMatch is undefined there for everybody."""
    used = truth.used
    paths = [path.fixations for path in used]
    paths[-1] = paths[-1][:2]
    cut = Scanpaths.of(
        paths, image=used.image, finding=used.finding, split=used.split, info=GAZESEARCH
    )
    ranks = metrics.get("multimatch_position")
    found = check_submission(predict(), replace(truth, used=cut), metrics=[ranks], ranked_by=ranks)
    assert found.scores is not None
    assert found.scores.summary("multimatch_position").undefined == 1
    assert found.blocking == ()


def test_what_train_has_on_another_image_is_learned(truth: Truth) -> None:
    """The audit finds paths that stand on two images: to repeat one is memory."""
    used = truth.used
    half = len(used) // 2
    paths = [path.fixations for path in used]
    paths[:half] = paths[half:]
    both = Scanpaths.of(
        paths, image=used.image, finding=used.finding, split=used.split, info=GAZESEARCH
    )
    truth = replace(truth, used=both)
    found = copies(truth.scored, truth)
    assert found.of_train.all()
    assert not found.of_test.any()


def test_a_stretch_that_train_and_test_share_is_no_answer(truth: Truth) -> None:
    truth = shared_images(truth)
    used = truth.used
    half = len(used) // 2
    paths = [path.fixations.copy() for path in used]
    for ours, theirs in zip(paths[:half], paths[half:], strict=True):
        theirs[1:4] = ours[1:4]
    both = Scanpaths.of(
        paths, image=used.image, finding=used.finding, split=used.split, info=GAZESEARCH
    )
    truth = replace(truth, used=both)
    pieces = [np.vstack([path[:4], [[5.0, 219, 0.1]]]) for path in paths[:half]]
    scored = truth.scored
    answers = Scanpaths.of(pieces, image=scored.image, finding=scored.finding, info=GAZESEARCH)
    assert not copies(answers, truth).of_test.any()
    assert copies(scored, truth).of_test.all()  # the last fixation is of test alone


def test_answers_without_the_fixation_that_prepend_keeps_are_copies(truth: Truth) -> None:
    """On other images, where only the whole path to the last digit tells."""
    scored = truth.scored
    paths = [path.fixations[1:] for path in scored]
    answers = Scanpaths.of(
        [*paths[2:], *paths[:2]], image=scored.image, finding=scored.finding, info=GAZESEARCH
    )
    assert not copies(answers, truth).of_test.any()
    assert copies(answers, replace(truth, first_fixation="prepend")).of_test.all()


def test_almost_the_same_on_another_image_is_no_copy(truth: Truth) -> None:
    shifted = moved(truth.scored, 0.5)
    paths = [path.fixations for path in shifted]
    answers = Scanpaths.of(
        [*paths[2:], *paths[:2]], image=shifted.image, finding=shifted.finding, info=GAZESEARCH
    )
    assert not copies(answers, truth).of_test.any()


def test_what_ranks_may_be_without_any_value(predict: Predict, truth: Truth) -> None:
    """Such a submission has no rank: nothing is gained by it."""
    ours = predict()
    ranks = metrics.get("multimatch_position")
    short = Scanpaths.of(
        [path.fixations[:2] for path in ours],
        image=ours.image,
        finding=ours.finding,
        info=GAZESEARCH,
    )
    assert check_submission(short, truth, metrics=[ranks], ranked_by=ranks).blocking == ()
