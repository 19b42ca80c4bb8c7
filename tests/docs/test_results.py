"""The figures in README and on the page of results are what the code computes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gazesearch
from gazesearch import Scanpaths
from gazesearch.evaluation import compare_with, truth_of

ROOT = Path(__file__).resolve().parents[2]
FAST = ("medoid", "fixed-path", "same-image-path", "random-train-path")


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_the_table_of_scanmatch(page: str, annotations: Scanpaths, released: Scanpaths) -> None:
    truth = truth_of(annotations, protocol="official")
    scores = gazesearch.evaluate(released, truth, metrics=["scanmatch"])
    found = compare_with(scores, FAST, truth, name="ChestSearch")
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in found.names:
        cells = [
            f"{one.mean:.4f} [{one.low:.3f}, {one.high:.3f}]"
            for one in found.estimates
            if one.predictor == name
        ]
        row = re.search(rf"^\| `?{name}`?(?: †)? \| (.*)$", text, re.MULTILINE)
        assert row is not None, name
        assert row[1].startswith(" | ".join(cells)), name
