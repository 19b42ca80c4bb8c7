"""The tutorial, run from the first cell to the last, and the page that it becomes.

Its cells are run by `docs/notebooks.py` in a fresh process, not by a Jupyter kernel: that needs no
socket, and no kernel that is installed for this very interpreter.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
TUTORIAL = DOCS / "guide" / "score-my-model.ipynb"


def outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", ())]


def texts(notebook: dict[str, Any]) -> list[str]:
    """What the cells print, and the text of their values."""
    shown = (output.get("text") or output["data"]["text/plain"] for output in outputs(notebook))
    return ["".join(text) for text in shown]


def pictures(notebook: dict[str, Any]) -> list[bytes]:
    data = (output.get("data", {}).get("image/png") for output in outputs(notebook))
    return [base64.b64decode(png) for png in data if png is not None]


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The notebook as it is in the repository."""
    return json.loads(TUTORIAL.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The notebook with the outputs of a run."""
    file = tmp_path_factory.mktemp("tutorial") / "run.ipynb"
    done = subprocess.run(
        [sys.executable, DOCS / "notebooks.py", TUTORIAL, file],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr  # a warning would be the first thing that a newcomer sees
    return json.loads(file.read_text(encoding="utf-8"))


def test_the_tutorial_shows_a_table_and_a_comparison(made: dict[str, Any]) -> None:
    tables = [text for text in texts(made) if "ScanMatch ↑" in text]
    assert len(tables) == 3
    assert "undefined" in tables[0]
    assert "pneumonia" in tables[1]
    assert "image-free" in tables[2]


def test_the_tutorial_shows_one_line_for_a_broken_file(made: dict[str, Any]) -> None:
    (line,) = (text for text in texts(made) if "broken.csv" in text)
    assert "off the screen" in line
    assert len(line.splitlines()) == 1


def test_the_tutorial_shows_one_picture_with_colours_on_a_grey_image(made: dict[str, Any]) -> None:
    (png,) = pictures(made)
    pixels = np.asarray(PIL.Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    assert pixels.shape[1] > 600
    blue = (pixels[..., 2] - pixels[..., 0] > 100).mean()
    image = (np.ptp(pixels, axis=2) == 0) & (pixels[..., 0] > 60) & (pixels[..., 0] < 240)
    assert blue > 0.001
    assert image.mean() > 0.3


def test_what_the_tutorial_shows_is_what_a_reader_finds_in_it(
    kept: dict[str, Any], made: dict[str, Any]
) -> None:
    assert texts(made) == texts(kept), (
        "the outputs in the notebook are old: run "
        "`python docs/notebooks.py docs/guide/score-my-model.ipynb`"
    )
    assert len(pictures(kept)) == 1


def test_the_page_of_the_tutorial_holds_what_the_notebook_holds(kept: dict[str, Any]) -> None:
    spec = importlib.util.spec_from_file_location("notebooks", DOCS / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    notebooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(notebooks)
    page, files = notebooks.page(kept, "tutorial")
    assert [*files.values()] == pictures(kept)
    assert all(f"]({name})" in page for name in files)
    assert all(text.rstrip() in page for text in texts(kept) if "Picture" not in text)
    link = "[it](guide/a.ipynb), [there](https://host/b.ipynb)"
    turned = notebooks.on_page_markdown(link, page=None, config=None, files=None)
    assert turned == "[it](guide/a.md), [there](https://host/b.ipynb)"
