"""Results on phantom radiographs: two predictors, one of them with likelihood and draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import gazesearch
from gazesearch import write_scanpaths
from gazesearch.datasets.phantom import write_phantom
from gazesearch.evaluation import evaluate_distribution, truth_of
from gazesearch.evaluation.likelihood import open_model, score_fixations
from gazesearch.evaluation.report import Report, make_report
from gazesearch.models import controls
from gazesearch.prediction import Requests


@dataclass(frozen=True, kw_only=True)
class Files:
    """What a report is made from."""

    annotations: Path
    images: Path
    mine: Path
    draws: Path
    other: Path
    results: tuple[Path, Path]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    root = tmp_path_factory.mktemp("report")
    annotations = write_phantom(root / "data", images=24, observers=2, rng=3).annotations
    truth = truth_of(annotations)
    results, paths = [], []
    for name in ("mine", "other"):
        model = controls.get("history-density" if name == "mine" else "fixed-path")
        fitted = model.fit(truth.trained_on, valid=truth.chosen_on, rng=0)
        predicted = fitted.sample(Requests.of(truth.scored), 1, rng=0)
        write_scanpaths(predicted, root / f"{name}.json")
        scores = gazesearch.evaluate(
            root / f"{name}.json", annotations,
            metrics=["scanmatch", "string_edit_distance", "tfp_area", "map_cc"],
        )  # fmt: skip
        scores.save(root / "results" / name)
        results.append(root / "results" / name)
        paths.append(root / f"{name}.json")
        if name == "mine":
            opened = open_model("history-density", truth)
            score_fixations(opened.model, truth, origin=opened.origin).save(
                results[0] / "likelihood"
            )
            draws = fitted.sample(Requests.of(truth.scored), 2, rng=0)
            write_scanpaths(draws, root / "draws.json")
            evaluate_distribution(root / "draws.json", truth, metrics=["scanmatch"]).save(
                results[0] / "distribution"
            )
    return Files(
        annotations=annotations,
        images=root / "data" / "images",
        mine=paths[0],
        draws=root / "draws.json",
        other=paths[1],
        results=(results[0], results[1]),
    )


@pytest.fixture(scope="session")
def report(files: Files) -> Report:
    return make_report(
        files.results,
        annotations=files.annotations,
        predictions=[files.other, files.mine],
        resamples=200,
    )
