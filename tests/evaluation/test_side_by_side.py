"""Results of several predictors in one table: their own numbers, and only what can be compared."""

from __future__ import annotations

import pytest

import gazesearch
from gazesearch import Scanpaths, Scores, errors, metrics
from gazesearch.evaluation import side_by_side

A = [[10, 10, 0.2], [90, 90, 0.4], [10, 90, 0.3]]
B = [[10, 10, 0.2], [50, 50, 0.4]]
C = [[90, 10, 0.2], [90, 50, 0.1], [10, 50, 0.1]]


def table(*paths: object, **columns: object) -> Scanpaths:
    names = [f"{number}.png" for number in range(len(paths))]
    return Scanpaths.of(paths, image=names, finding="edema", screen_size=(100, 100), **columns)


def scores(*paths: object, people: Scanpaths | None = None, **options: object) -> Scores:
    chosen = ["scanmatch", "multimatch_shape"]
    people = table(A, C) if people is None else people
    return gazesearch.evaluate(table(*paths), people, **{"metrics": chosen, **options})


def test_each_predictor_has_a_column_with_its_own_means() -> None:
    results = {"same": scores(A, C), "swapped": scores(C, A)}
    lines = side_by_side(results).splitlines()
    assert lines[2] == "2 records scored, 0 missing, 0 surplus, 0 duplicated"
    assert lines[4].split() == ["same", "swapped", "n"]
    swapped = metrics.scanmatch(A, C, (100, 100))
    assert lines[5].split() == ["ScanMatch", "↑", "1.0000", f"{swapped:.4f}", "2"]


def test_undefined_values_are_counted_for_each_column_where_they_differ() -> None:
    text = side_by_side({"same": scores(A, C), "short": scores(A, B), "shorter": scores(B, B)})
    (line,) = (line for line in text.splitlines() if line.startswith("MultiMatch shape"))
    assert line.endswith("2/1/0, 0/1/2 undefined")
    assert "undefined  2/1/0" in line  # the mean of no value
    both = side_by_side({"one": scores(A, B), "two": scores(A, B)})
    assert "1, 1 undefined" in both


def test_a_metric_that_one_lacks_is_no_number_and_the_reason_names_who_lacks_it() -> None:
    untimed = [[x, y] for x, y, _ in A]
    chosen = ["scanmatch", "duration_error"]
    results = {
        "timed": scores(A, C, metrics=chosen),
        "untimed": scores(untimed, untimed, metrics=chosen),
    }
    text = side_by_side(results)
    (line,) = (line for line in text.splitlines() if line.startswith("Duration error"))
    assert line.split() == ["Duration", "error", "[s]", "↓", "0.0000", "-", "2"]
    assert "untimed: not computed: duration_error" in text


def test_two_settings_of_a_metric_stand_in_two_rows() -> None:
    coarse = scores(A, C, metrics=[metrics.get("scanmatch", bins=(4, 4))])
    rows = side_by_side({"fine": scores(A, C), "coarse": coarse}).splitlines()
    found = [line.split()[2:] for line in rows if line.startswith("ScanMatch")]
    assert found == [["1.0000", "-", "2"], ["-", "1.0000", "2"]]


def test_missing_predictions_are_told_of_the_predictor_that_lacks_them() -> None:
    text = side_by_side({"whole": scores(A, C), "part": scores(A, allow_missing=True)})
    assert "part: 1 record scored, 1 missing, 0 surplus, 0 duplicated" in text
    assert "whole: 2 records scored, 0 missing, 0 surplus, 0 duplicated" in text


@pytest.mark.parametrize(
    "other",
    [
        {"people": table(A, B)},
        {"people": table(A)},
        {"first_fixation": "prepend"},
        {"people": table(A, C, split=["test", "test"])},
    ],
    ids=["other paths", "fewer records", "another rule", "another split"],
)
def test_what_was_scored_otherwise_is_not_compared(other: dict[str, object]) -> None:
    with pytest.raises(errors.DataError, match="first and second were not scored on the same rec"):
        side_by_side({"first": scores(A, C), "second": scores(A, C, **other)})


def test_no_result_is_no_table() -> None:
    with pytest.raises(errors.DataError, match="no results"):
        side_by_side({})
