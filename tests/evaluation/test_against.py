"""Comparing with controls and people by name: what they learn from, what they are scored on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths, errors, metrics
from gazesearch.evaluation import compare_with, truth_of
from gazesearch.evaluation.against import answers_of_control, names, score_named

FINDINGS = ("edema", "fracture")


def table(*, people: int = 1, seed: int = 0) -> Scanpaths:
    rng = np.random.default_rng(seed)
    keys = [
        (f"{image}.jpg", finding, subject)
        for image in range(40)
        for finding in FINDINGS
        for subject in range(people)
    ]
    parts = {image: ("train", "train", "valid", "test")[image % 4] for image in range(40)}
    return Scanpaths.of(
        [rng.uniform(0, [224, 224, 1], (6, 3)) for _ in keys],
        image=[image for image, _, _ in keys],
        finding=[finding for _, finding, _ in keys],
        subject=[subject for _, _, subject in keys],
        split=[parts[int(image[:-4])] for image, _, _ in keys],
        screen_size=(224, 224),
    )


ASKED = [metrics.get("scanmatch"), metrics.get("length_error")]


def scored(name: str, paths: Scanpaths) -> gazesearch.Scores:
    truth = truth_of(paths)
    return score_named(name, truth, asked=ASKED, rng=0, say=lambda _text, _done: None)


@pytest.mark.parametrize("name", names())
def test_every_named_predictor_is_scored_on_what_is_scored(name: str) -> None:
    scores = scored(name, table(people=3))
    assert scores.counts.scored == 60
    assert scores.counts.missing == 0
    assert 0 < scores.summary("scanmatch").mean < 1
    assert scores.run.inputs["predictions"].startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["fixed-path", "medoid", "random-train-path", "history-density"])
def test_a_control_never_looks_at_what_it_is_scored_on(name: str) -> None:
    """Other test paths, the same answers: so other scores only through the references."""
    paths = table()
    moved = paths.fixations.copy()
    test = np.repeat(np.equal(paths.split, "test").astype(bool), paths.lengths)
    moved[test, :2] = 224 - moved[test, :2]
    other = paths.with_parts(moved, paths.offsets, columns=paths.columns, integers=paths.integers)
    one, two = (answers_of_control(name, truth_of(p), rng=0)[0] for p in (paths, other))
    assert np.array_equal(one.fixations, two.fixations, equal_nan=True)


def test_a_control_needs_train_and_people_need_each_other() -> None:
    paths = table()
    alone = paths.where(split="test")
    with pytest.raises(errors.DataError, match="fixed-path: there are no train records apart"):
        scored("fixed-path", alone)
    with pytest.raises(errors.DataError, match="no 2 people"):
        scored("people", paths)
    with pytest.raises(errors.UnknownName, match="did you mean fixed-path"):
        scored("fixed-paht", paths)


def test_files_controls_and_people_stand_in_one_comparison(tmp_path: Path) -> None:
    paths = table(people=3)
    truth = truth_of(paths, protocol="official")
    file = tmp_path / "theirs.json"
    theirs = Scanpaths.of(
        [[[112, 112]]] * 20,
        image=[f"{image}.jpg" for image in range(3, 40, 4) for _ in FINDINGS],
        finding=[*FINDINGS] * 10,
        screen_size=(224, 224),
    )
    gazesearch.write_scanpaths(theirs, file)
    mine = gazesearch.evaluate(theirs, truth, metrics=["scanmatch"])
    found = compare_with(mine, [str(file), "fixed-path", "people"], truth, name="mine")
    assert found.names == ("mine", "theirs", "fixed-path", "people")
    means = {e.predictor: e.mean for e in found.estimates if e.group == "all records"}
    assert means["mine"] == means["theirs"]
    assert found.protocol.name == "official"
    text = found.to_table()
    assert text.count("mine − each other one") == 1
    with pytest.raises(errors.UnknownName, match="unknown control 'nobody'"):
        compare_with(mine, ["nobody"], truth, name="mine")
    with pytest.raises(errors.UnreadableFile, match="no such file"):
        compare_with(mine, ["gone.json"], truth, name="mine")


def some_predictions(file: Path, n: int) -> Path:
    keys = [(f"{image}.jpg", finding) for image in range(3, 40, 4) for finding in FINDINGS][:n]
    theirs = Scanpaths.of(
        [[[112, 112]]] * n,
        image=[image for image, _ in keys],
        finding=[finding for _, finding in keys],
        screen_size=(224, 224),
    )
    gazesearch.write_scanpaths(theirs, file)
    return file


def test_who_looked_alone_is_in_no_mean_of_people(tmp_path: Path) -> None:
    paths = table(people=3)
    alone = (paths.image == "3.jpg") & (paths.finding == "edema") & (paths.subject != 0)
    truth = truth_of(paths[~alone.astype(np.bool_)])
    mine = gazesearch.evaluate(some_predictions(tmp_path / "mine.json", 20), truth)
    found = compare_with(mine, ["people", "typical-person"], truth, name="mine")
    people = {e.predictor: e for e in found.estimates if e.metric == "scanmatch"}["people"]
    assert (people.scored, people.asked, people.undefined) == (57, 58, 1)
    assert people.mean > 0.1
    assert {t.records for t in found.tests if t.metric == "scanmatch"} == {57}
    assert "people: no answer for 1 of 58 records, which are in no mean" in found.notes


def test_what_pools_people_is_not_scored_for_people(tmp_path: Path) -> None:
    """Everybody but one, pooled over everybody, is everybody: a correlation of 1 means nothing."""
    truth = truth_of(table(people=3))
    mine = gazesearch.evaluate(
        some_predictions(tmp_path / "mine.json", 20), truth, metrics=["scanmatch", "map_cc"]
    )
    found = compare_with(mine, ["people"], truth, name="mine")
    assert [metric.name for metric in found.metrics] == ["scanmatch"]
    assert any(note.startswith("people: map_cc pools all people") for note in found.notes)
    maps = gazesearch.evaluate(tmp_path / "mine.json", truth, metrics=["map_cc"])
    with pytest.raises(errors.DataError, match="people: map_cc pools .*ask for a metric of paths"):
        compare_with(maps, ["people"], truth, name="mine")


def test_files_are_read_and_counted_as_the_predictions_were(tmp_path: Path) -> None:
    truth = truth_of(table())
    mine = some_predictions(tmp_path / "medoid.json", 19)
    short = some_predictions(tmp_path / "short.json", 18)
    faulty = short.with_name("faulty.json")
    faulty.write_text(short.read_text().replace('"edema"', "7", 1))
    scores = gazesearch.evaluate(mine, truth, metrics=["scanmatch"], allow_missing=True)
    found = compare_with(
        scores, [str(short), str(faulty), "medoid"], truth, name="medoid", lenient=True
    )
    assert found.names == ("medoid (predictions)", "short", "faulty", "medoid")
    assert [e.scored for e in found.estimates] == [19, 18, 17, 20]
    with pytest.raises(errors.BadSetting, match="medoid is named twice"):
        compare_with(scores, ["medoid", "medoid"], truth, name="mine")


def test_a_truth_is_chosen_once() -> None:
    paths = table()
    with pytest.raises(errors.BadSetting, match="chosen already"):
        gazesearch.evaluate(paths, truth_of(paths), split="valid")


def test_sources_of_the_released_file(annotations: Scanpaths, released: Scanpaths) -> None:
    scores = gazesearch.evaluate(released, annotations, metrics=["scanmatch"])
    groups = scores.groups("source")
    assert list(groups) == ["all records", "source EGD", "source REFLACX"]
    assert sum(int(mask.sum()) for mask in list(groups.values())[1:]) == 488
