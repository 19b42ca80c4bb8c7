"""Tables that every bridge must carry: odd names, absent values, paths without durations."""

from __future__ import annotations

import pytest

from gazesearch import Scanpaths
from gazesearch.scanpaths.records import read_records


@pytest.fixture
def odd() -> Scanpaths:
    """Five paths of 100 x 80 px with fields of every kind, whole numbers nowhere."""
    records = [
        {"name": "b.png", "subject": "Ann B.", "X": [1.5, 99.25], "Y": [0.1, 79.9]},
        {"name": "a ü.png", "subject": 7, "X": [3.25], "Y": [4.125], "T": [1 / 3]},
        {"name": "b.png", "X": [5.5], "Y": [6.5], "T": [0.1], "bbox": [1, 2, 3.5, 4]},
        {
            "name": "d/e.png",
            "subject": "AnnB",
            "X": [7.5],
            "Y": [8.5],
            "T": [0.7],
            "image": "other",
        },
        {"name": "b.png", "subject": 8, "X": [9.5], "Y": [1e-9], "T": [0.2], "note": {"k": "\t"}},
    ]
    tasks = ("potted plant", "edema", "edema", "pottedplant", "edema")
    filled = [{"task": t, "n": 3, **r} for t, r in zip(tasks, records, strict=True)]
    return read_records(filled, source="odd", screen_size=(100, 80), duration_unit="s").scanpaths
