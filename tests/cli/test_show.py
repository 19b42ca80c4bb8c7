"""`gazesearch show`, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(command: Command) -> Command:
    return partial(command, "show")


@pytest.fixture(scope="module")
def run_apart(command_apart: Command) -> Command:
    return partial(command_apart, "show")


def record(**changes: object) -> dict[str, object]:
    return {
        "name": "a.png", "task": "edema", "subject": 1, "X": [112, 60, 180], "Y": [112, 64, 90],
        "T": [0.2, 0.3, 0.4], **changes,
    }  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Recorded paths, predictions, and a folder with the image."""
    recorded, predicted, images = tmp_path / "r.json", tmp_path / "p.json", tmp_path / "images"
    recorded.write_text(json.dumps([record(), record(subject=2), record(name="b.png")]))
    predicted.write_text(json.dumps([record(subject=None) | {"X": [112, 9, 9]}]).replace(
        '"subject": null, ', ""
    ))  # fmt: skip
    images.mkdir()
    PIL.Image.fromarray(np.full((40, 30), 77, dtype=np.uint8)).save(images / "a.png")
    return recorded, predicted, images


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_the_first_record_is_drawn_and_named(
    run: Command, files: tuple[Path, Path, Path], tmp_path: Path, ending: str
) -> None:
    output = tmp_path / "out" / f"picture{ending}"
    done = run(files[0], "--output", output)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "r: record 0, image a.png, finding edema, subject 1, 3 fixations "
        "(1 more of this image and finding)",
        f"wrote {output}",
    ]
    assert output.stat().st_size > 1000
    assert list(output.parent.iterdir()) == [output]


def test_files_stand_side_by_side_or_in_one_panel(
    run: Command, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    for layout, panels in (("side-by-side", 3), ("overlay", 1)):
        output = tmp_path / f"{layout}.svg"
        done = run(
            files[0], "--with", files[1], "--subject", "1", "--subject", "2", "--output", output,
            "--layout", layout,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        svg = output.read_text()
        assert svg.count('id="frame-') == panels
        assert {svg.count(f'id="number-{k}-0-') for k in range(3)} == {3}
        assert "<image" not in svg


def test_pixels_come_only_from_a_named_folder(
    run_apart: Command, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    output = tmp_path / "a.svg"
    done = run_apart(files[0], "--images", files[2], "--output", output)
    assert done.returncode == 0, done.stderr
    assert "<image" in output.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--output", "a.gif"], "unknown picture ending '.gif'"),
        (["--output", "a.svg", "--image", "x.png"], "unknown image 'x.png'"),
        (["--output", "a.svg", "--finding", "fracture"], "unknown finding 'fracture'"),
        (["--output", "a.svg", "--image", "b.png", "--subject", "2"], "no record has"),
        (["--output", "a.svg", "--images", "nowhere"], "no such folder of images"),
        (["--output", "a.svg", "--image", "b.png", "--images", "images"], "holds no image 'b.png'"),
        (["--output", "a.svg", "--with", "absent.json"], "no such file"),
    ],
)  # fmt: skip
def test_an_error_is_one_line(
    run: Command,
    files: tuple[Path, Path, Path],
    tmp_path: Path,
    arguments: list[str],
    says: str,
) -> None:
    names = {"a.svg", "a.gif", "nowhere", "images", "absent.json"}
    done = run(files[0], *[tmp_path / a if a in names else a for a in arguments])
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "a.svg").exists()
