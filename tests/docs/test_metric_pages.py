"""What the pages of docs/metrics/ say holds on recorded paths (test_house: they are current)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths, metrics
from gazesearch.evaluation import truth_of
from gazesearch.evaluation.corruptions import LADDERS, corrupted

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "metrics"
TIMELY = ("scanmatch_duration", "multimatch_duration", "duration_error")
PAIRS = [m for m in metrics.TABLE if m.kind == "pair" and m.name != "sequence_score"]


@pytest.fixture(scope="module")
def measured() -> dict:
    return json.loads((FOLDER / "measured.json").read_text(encoding="utf-8"))


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import metric_pages

    return metric_pages


@pytest.fixture(scope="module")
def few(osie: Scanpaths) -> Scanpaths:
    """Five images, fifteen people each."""
    test = osie.where(split="test")
    names = list(dict.fromkeys(test.image))[:5]
    return test[np.array([name in names for name in test.image])]


@pytest.mark.parametrize("ladder", LADDERS)
def test_ladders_are_as_the_pages_say(
    ladder: str, few: Scanpaths, measured: dict, pages: ModuleType
) -> None:
    """Few paths scatter: a step may be better by 5% of the ladder where the page has none."""
    truth = truth_of(few, split="all")
    told = measured["ladders"]["osie"]["ladders"][ladder]
    found = {metric.name: [] for metric in PAIRS}
    for step in told["steps"]:
        scores = gazesearch.evaluate(corrupted(few, ladder, step), truth, metrics=PAIRS)
        for metric in scores.metrics:
            found[metric.name].append(scores.summary(metric.name).mean)
    for metric in PAIRS:
        if pages.undefined(metric, told):
            continue  # the means are of fewer and fewer paths
        said = pages.verdict(metric, told["steps"], told["means"][metric.name])
        falls = np.diff(found[metric.name]) * (-1 if metric.higher_is_better else 1)
        if said == "not seen":
            assert falls == pytest.approx(0, abs=1e-9), metric.name
        elif "not monotone" not in said:
            assert falls.min() >= -0.05 * np.abs(falls).sum(), metric.name
            assert falls.sum() > 0, metric.name


def test_durations_are_seen_by_those_that_need_them_alone(
    measured: dict, pages: ModuleType
) -> None:
    for metric in metrics.TABLE:
        if "target boxes" in metric.needs:
            continue
        told = measured["ladders"]["osie"]["ladders"]["durations"]
        said = pages.verdict(metric, told["steps"], told["means"][metric.name])
        assert (said != "not seen") == (metric.name in TIMELY), metric.name


def test_the_page_of_scanmatch_shows_that_the_energy_form_turns_the_order() -> None:
    text = (FOLDER / "scanmatch.md").read_text(encoding="utf-8").partition("| OSIE, test |")[2]
    text = text.partition("| phantom-v1, test |")[0]
    rows = dict(re.findall(r"^\| (people|the typical person).*?\| (.*) \[", text, re.MULTILINE))
    assert rows == {"people": "0.395 | 0.197", "the typical person": "0.451 | -0.049"}
    assert "it puts the one safe path first; as energy form, people" in text


def test_every_metric_has_a_page_in_the_navigation() -> None:
    listed = re.findall(r"metrics/(\w+)\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert listed == ["overview", *metrics.names()]
    assert {file.stem for file in FOLDER.glob("*.md")} == set(listed)
    assert {file.stem for file in FOLDER.glob("*.svg")} == set(metrics.names())
