"""Fixtures that every test may use: the real data, where it is at hand; the command line."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gazesearch
from gazesearch import Scanpaths
from gazesearch.cli import main

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


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`gazesearch WORDS` in this process, whose imports serve all tests."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        # A process without handlers prints warnings; pytest's, on the root, would keep them.
        root, stray = logging.getLogger(), logging.StreamHandler(err)
        stray.setLevel(logging.WARNING)
        root.addHandler(stray)
        status: object = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["gazesearch", *map(str, words)])
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            try:
                main()
            except SystemExit as end:
                status = end.code or 0
            finally:
                root.removeHandler(stray)
        assert isinstance(status, int)
        return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def command_apart() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The same in a process of its own, as a user runs it."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gazesearch.cli", *map(str, words)],
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    return run
