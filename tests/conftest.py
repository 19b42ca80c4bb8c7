"""Fixtures that every test may use: the real data, where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import gazesearch
from gazesearch import Scanpaths

DEFAULT_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real datasets; skips where it is absent."""
    folder = Path(os.environ.get("GAZESEARCH_SHARED_DATA", DEFAULT_SHARED_DATA))
    if not folder.is_dir():
        pytest.skip(f"the real datasets are not at {folder}: set GAZESEARCH_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def annotations_file(shared_data: Path) -> Path:
    """The released GazeSearch annotations."""
    return next((shared_data / "gazesearch").glob("finding_visual_search*.json"))


@pytest.fixture(scope="session")
def predictions_file(shared_data: Path) -> Path:
    """The scanpaths that the released ChestSearch checkpoint predicted."""
    return shared_data / "gazesearch" / "chestsearch_released_predictions.json"


@pytest.fixture(scope="session")
def osie_file(shared_data: Path) -> Path:
    return shared_data / "osie" / "fixations.json"


@pytest.fixture(scope="session")
def coco_file(shared_data: Path) -> Path:
    return shared_data / "coco_search18" / "fixations_TP_validation_split1.json"


@pytest.fixture(scope="session")
def annotations(annotations_file: Path) -> Scanpaths:
    return gazesearch.read_scanpaths(annotations_file)


@pytest.fixture(scope="session")
def released(predictions_file: Path) -> Scanpaths:
    return gazesearch.read_scanpaths(predictions_file, predictions=True)


@pytest.fixture(scope="session")
def osie(osie_file: Path) -> Scanpaths:
    return gazesearch.read_scanpaths(osie_file)


@pytest.fixture(scope="session")
def coco(coco_file: Path) -> Scanpaths:
    return gazesearch.read_scanpaths(coco_file)
