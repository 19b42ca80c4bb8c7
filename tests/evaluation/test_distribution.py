"""Draws as a distribution: energy form, best, diversity; people as their own distribution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths, compare, metrics
from gazesearch.datasets.phantom import Observer, make_case
from gazesearch.datasets.phantom.layout import searches
from gazesearch.errors import BadSetting, DataError, MissingPredictions
from gazesearch.evaluation import (
    DistributionScores,
    evaluate_distribution,
    people_distribution,
    truth_of,
)
from gazesearch.evaluation.people import typical_person
from gazesearch.models import controls
from gazesearch.prediction import Requests

SIZE = (224, 224)


def recorded(subjects: tuple[int, ...] = (1, 2, 3), *, images: int = 3, seed: int = 0) -> Scanpaths:
    rng = np.random.default_rng(seed)
    n = images * len(subjects)
    return Scanpaths.of(
        [rng.uniform(0, [224, 224, 1], (rng.integers(3, 7), 3)) for _ in range(n)],
        image=[f"{k // len(subjects)}.jpg" for k in range(n)],
        finding="edema",
        subject=list(subjects) * images,
        screen_size=SIZE,
    )


def drawn(counts: tuple[int, ...] = (3, 2, 4), *, seed: int = 1) -> Scanpaths:
    rng = np.random.default_rng(seed)
    return Scanpaths.of(
        [rng.uniform(0, [224, 224, 1], (rng.integers(3, 7), 3)) for _ in range(sum(counts))],
        image=[f"{k}.jpg" for k, count in enumerate(counts) for _ in range(count)],
        finding="edema",
        draw=[number for count in counts for number in range(count)],
        screen_size=SIZE,
    )


def repeated(paths: Scanpaths) -> Scanpaths:
    columns = [paths.columns.replaced("draw", [number] * len(paths)) for number in (0, 1)]
    return Scanpaths.concat(
        paths.with_parts(paths.fixations, paths.offsets, columns=one, integers=paths.integers)
        for one in columns
    )


@pytest.mark.parametrize("name", ["scanmatch", "scaled_time_delay_embedding", "dtw"])
def test_every_form_is_what_its_formula_says(name: str) -> None:
    people, draws = recorded(), drawn()
    found = evaluate_distribution(draws, people, metrics=[name])
    higher = metrics.get(name).higher_is_better
    for row, path in enumerate(people):
        own = draws.where(image=path.image)
        cross = metrics.pairwise(name, [path.fixations], own, SIZE)[0]
        apart = ~np.eye(len(own), dtype=bool)
        alike = metrics.pairwise(name, own, own, SIZE)[apart].mean()
        told = {form: one.values[f"{name}_{form}"][row] for form, one in found.tables.items()}
        assert told["mean"] == pytest.approx(cross.mean(), abs=1e-12)
        assert told["best"] == (cross.max() if higher else cross.min())
        assert told["draws"] == pytest.approx(alike, abs=1e-12)
        assert told["energy"] == pytest.approx(cross.mean() - alike / 2, abs=1e-12)


def test_people_meet_neither_themselves_nor_the_one_left_out() -> None:
    """Person 2 recorded one path twice: as a pair with himself that would be agreement."""
    people = recorded((1, 2, 2, 3), images=1)
    paths = [path.fixations for path in people]
    people = Scanpaths.of(
        [paths[0], paths[1], paths[1], paths[3]],
        image=["0.jpg"] * 4,
        finding="edema",
        subject=[1, 2, 2, 3],
        screen_size=SIZE,
    )
    found = people_distribution(people, metrics=["scanmatch"])
    table = metrics.pairwise("scanmatch", people, people, SIZE)
    energy = found.energy.values["scanmatch_energy"]
    assert energy[0] == pytest.approx(table[0, 1:].mean() - table[1, 3] / 2, abs=1e-12)
    assert energy[1] == pytest.approx(table[1, [0, 3]].mean() - table[0, 3] / 2, abs=1e-12)
    assert found.people is not None
    pairs = [table[0, 1], table[0, 2], table[0, 3], table[1, 3], table[2, 3]]
    assert found.people.values["scanmatch_people"] == pytest.approx(np.mean(pairs), abs=1e-12)


def test_paths_of_nobody_in_particular_are_not_of_one_more_person() -> None:
    people = recorded((1, 2, 3), images=1)
    columns = people.columns.replaced("subject", [1, 2, None])
    people = people.with_parts(
        people.fixations, people.offsets, columns=columns, integers=people.integers
    )
    found = evaluate_distribution(drawn((3,)), people, metrics=["scanmatch"])
    assert found.people is not None
    pair = metrics.pairwise("scanmatch", people, people, SIZE)[0, 1]
    assert found.people.values["scanmatch_people"] == pytest.approx(pair, abs=1e-12)


def test_there_is_a_row_for_each_recorded_path_and_undefined_ones_are_counted() -> None:
    people, draws = recorded(), drawn((2, 1, 3))
    found = evaluate_distribution(draws, people, metrics=["scanmatch"])
    assert (found.fewest, found.most) == (1, 3)
    for table in found.tables.values():
        assert len(table) == len(people)
    assert found.energy.summary("scanmatch_energy").undefined == 3
    assert found.mean.summary("scanmatch_mean").undefined == 0
    interval = found.energy.intervals()["scanmatch_energy"]
    assert interval.images == 2
    assert interval.low <= found.energy.summary("scanmatch_energy").mean <= interval.high


def test_one_draw_each_is_refused_and_so_is_what_has_no_energy_form() -> None:
    with pytest.raises(DataError, match="no record has two draws"):
        evaluate_distribution(drawn((1, 1, 1)), recorded(), metrics=["scanmatch"])
    with pytest.raises(DataError, match="map_cc: does not compare two paths"):
        evaluate_distribution(drawn(), recorded(), metrics=["map_cc"])
    with pytest.raises(DataError, match="sequence_score: its clusters"):
        evaluate_distribution(drawn(), recorded(), metrics=["sequence_score"])


def test_missing_predictions_are_refused_or_undefined() -> None:
    draws = drawn()
    draws = draws[np.array([name != "1.jpg" for name in draws.image])]
    with pytest.raises(MissingPredictions, match="3 of 9 records"):
        evaluate_distribution(draws, recorded(), metrics=["scanmatch"])
    found = evaluate_distribution(draws, recorded(), metrics=["scanmatch"], allow_missing=True)
    assert found.energy.counts.missing == 3
    for form, table in found.tables.items():
        undefined = table.summary(f"scanmatch_{form}").undefined
        assert undefined == (0 if form == "people" else 3)


def test_draws_without_durations_have_no_value_that_needs_them() -> None:
    draws = drawn()
    mixed = Scanpaths.of(
        [path.fixations[:, : 2 + (path.draw > 0)] for path in draws],
        image=draws.image.tolist(),
        finding="edema",
        draw=draws.draw.tolist(),
        screen_size=SIZE,
    )
    names = ["scanmatch", "duration_error"]
    found = evaluate_distribution(mixed, recorded(), metrics=names)
    energy = found.energy.values["duration_error_energy"].reshape(3, 3)
    assert np.isnan(energy).all(axis=1).tolist() == [False, True, False]  # image 1: one with T
    assert not np.isnan(found.energy.values["scanmatch_energy"]).any()


def test_a_model_is_sampled_as_each_person() -> None:
    people = recorded()
    model = controls.get("random-train-path").fit(recorded(seed=3))
    found = evaluate_distribution(model, people, draws=4, rng=5, metrics=["dtw"])
    told = evaluate_distribution(
        model.sample(Requests.of(people), 4, rng=5), people, metrics=["dtw"]
    )
    assert found.most == 4
    assert np.array_equal(found.energy.values["dtw_energy"], told.energy.values["dtw_energy"])


def test_two_models_are_compared_by_one_form_and_forms_never_mix() -> None:
    people = recorded(images=3)
    one, other = (evaluate_distribution(drawn(seed=s), people, metrics=["dtw"]) for s in (1, 2))
    (test,) = [t for t in compare(one.energy, other.energy).tests if t.group == "all records"]
    difference = one.energy.summary("dtw_energy").mean - other.energy.summary("dtw_energy").mean
    assert test.difference == pytest.approx(difference)
    with pytest.raises(DataError, match="no metric was computed for all"):
        compare(one.energy, other.mean)


def test_what_is_saved_says_what_the_table_says(tmp_path: Path) -> None:
    import json

    import pyarrow.parquet as pq

    found = evaluate_distribution(drawn(), recorded(), metrics=["scanmatch", "length_error"])
    found.save(tmp_path)
    told = json.loads((tmp_path / "distribution.json").read_text())["metrics"]
    mean = found.energy.summary("scanmatch_energy").mean
    assert told["scanmatch"]["energy"]["mean"] == mean
    assert (told["scanmatch"]["proper"], told["length_error"]["proper"]) == ("known not", "known")
    assert f"{mean:.4f}" in found.to_table()
    rows = pq.read_table(tmp_path / "distribution.parquet")
    assert rows.num_rows == 9
    assert rows["scanmatch_energy"].to_pylist() == found.energy.values["scanmatch_energy"].tolist()


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    draws = drawn((2, 3, 1))  # image 2 has no energy form
    chosen = [metrics.get("scanmatch", bins=(8, 6)), metrics.get("dtw")]
    found = evaluate_distribution(draws, recorded(), metrics=chosen)
    found.save(tmp_path / "one")
    loaded = DistributionScores.load(tmp_path / "one")
    assert loaded.to_json() == found.to_json()
    assert loaded.to_table() == found.to_table()
    assert list(loaded.metrics) == chosen
    loaded.save(tmp_path / "two")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    told = compare(loaded.energy, found.energy, names=["loaded", "found"], resamples=100)
    assert {test.difference for test in told.tests} == {0.0}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"forms"', '"farms"', "forms is absent"),
        ('"layout": 1', '"layout": 2', "layout 2: this version reads 1"),
        ('"fewest": 2', '"fewest": "x"', "fewest is absent or not int"),
        ('"dtw": {}', '"map_cc": {}', "does not compare two paths"),
        ('"rows": "sha256:', '"rows": "sha256:0', "another one than was written with it"),
    ],
)
def test_saved_draws_that_are_damaged_are_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    evaluate_distribution(drawn(), recorded(), metrics=["dtw"]).save(tmp_path)
    file = tmp_path / "distribution.json"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(DataError, match=said) as error:
        DistributionScores.load(tmp_path)
    assert "gazesearch evaluate --distribution --output" in str(error.value)


def test_osie_the_energy_form_turns_the_order_of_people_and_one_safe_path(osie: Scanpaths) -> None:
    """METRICS.md: people 0.197 and 0.395, the most typical path repeated -0.049 and 0.451."""
    people = people_distribution(osie, metrics=["scanmatch"])
    safe = repeated(typical_person(osie.where(split="test")))
    typical = evaluate_distribution(safe, osie, metrics=["scanmatch"])
    energy = [found.energy.summary("scanmatch_energy").mean for found in (people, typical)]
    plain = [found.mean.summary("scanmatch_mean").mean for found in (people, typical)]
    assert energy == pytest.approx([0.197, -0.049], abs=5e-3)
    assert plain == pytest.approx([0.395, 0.451], abs=1e-3)
    assert energy[0] > energy[1]
    assert plain[0] < plain[1]


@pytest.mark.slow
def test_on_a_phantom_the_truth_has_the_best_energy_scores() -> None:
    """All predictors that keep to what they were fitted on; see the page of ScanMatch."""
    observer = Observer()
    cases = [make_case(3, number) for number in range(40)]
    images = {case.name: case.image for case in cases}
    splits = ["train" if number % 2 else "test" for number in range(len(cases))]
    paths = Scanpaths.concat(
        searches(case, observer, 4, split=split, rng=[number])
        for number, (case, split) in enumerate(zip(cases, splits, strict=True))
    )
    truth = truth_of(paths, split="test")
    names = ["scanmatch", "string_edit_distance", "dtw", "scaled_time_delay_embedding"]
    true = evaluate_distribution(observer, truth, metrics=names, draws=8, images=images)
    for name in ("uniform", "random-train-path", "medoid", "finding-density"):
        model = controls.get(name).fit(truth.trained_on)
        other = evaluate_distribution(model, truth, metrics=names, draws=8)
        for metric in map(metrics.get, names):
            sign = 1 if metric.higher_is_better else -1
            one, two = (
                found.energy.summary(f"{metric.name}_energy").mean for found in (true, other)
            )
            assert sign * one > sign * two, (name, metric.name)


def test_the_command_line_shows_and_saves_it(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from gazesearch.cli import app

    for name, paths in (("people.json", recorded()), ("draws.json", drawn())):
        gazesearch.write_scanpaths(paths, tmp_path / name)
    asked = ["evaluate", str(tmp_path / "draws.json"), "--annotations"]
    asked += [str(tmp_path / "people.json"), "--dataset", "gazesearch", "--distribution"]
    done = CliRunner().invoke(app, [*asked, "--output", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    truth = truth_of(tmp_path / "people.json", dataset="gazesearch")
    found = evaluate_distribution(tmp_path / "draws.json", truth)
    assert found.to_table().splitlines()[4:8] == done.output.splitlines()[4:8]
    assert (tmp_path / "out" / "distribution.md").is_file()
    refused = CliRunner().invoke(app, [*asked, "--by", "finding"])
    assert isinstance(refused.exception, BadSetting)
