"""pysaliency's HDF5 files, written and read by h5py alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch import Scanpaths, read_scanpaths, write_scanpaths
from gazesearch.errors import GazeSearchError

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install h5py")


def floats(paths: Scanpaths) -> Scanpaths:
    whole = np.zeros_like(paths.integers)
    return paths.with_parts(paths.fixations, paths.offsets, columns=paths.columns, integers=whole)


@pytest.mark.parametrize("data", ["odd", "annotations", "coco", "osie"])
def test_a_file_holds_a_table(
    data: str, tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    paths = request.getfixturevalue(data)
    write_scanpaths(paths, tmp_path / "f.hdf5")
    assert read_scanpaths(tmp_path / "f.hdf5") == floats(paths)
    assert ("which numbers were whole" in caplog.text) == bool(paths.integers.any())


def test_scanpaths_of_newer_versions_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as root:
        root.attrs.update(type=np.bytes_("ScanpathFixations"), version=np.bytes_("1.0"))
        group = root.create_group("scanpaths")
        for name, values in (("xs", [[1.0, 2], [3, np.nan]]), ("ys", [[4.0, 5], [6, np.nan]])):
            group[name] = values
        group["n"], group["lengths"] = [1, 0], [2, 1]
        attributes = group.create_group("scanpath_attributes")
        attributes.attrs["__attributes__"] = '["subject", "task"]'
        attributes["subject"], attributes["task"] = [4, 5], ["cup", "car"]
        fixations = group.create_group("fixation_attributes")
        fixations.attrs["__attributes__"] = '["durations", "ts"]'
        fixations["durations"], fixations["ts"] = [[0.1, 0.2], [0.3, 9]], [[0.0, 1], [0, 9]]
    with h5py.File(tmp_path / "stimuli.hdf5", "w") as root:
        root.attrs["type"] = np.bytes_("FileStimuli")
        root["filenames"] = ["stimuli/a.jpg", "stimuli/b.jpg"]
    paths = read_scanpaths(tmp_path / "f.h5", screen_size=(9, 9))
    assert paths.image.tolist() == ["b.jpg", "a.jpg"]
    assert (paths.subject.tolist(), paths.finding.tolist()) == ([4, 5], ["cup", "car"])
    assert paths.fixations.tolist() == [[1, 4, 0.1], [2, 5, 0.2], [3, 6, 0.3]]


# -- damaged and hostile files


def _external(root: Any) -> None:
    del root["train_xs"]
    root["train_xs"] = h5py.ExternalLink("secret.hdf5", "/x")


def _nested(root: Any) -> None:
    root["scanpath_attributes/out"] = h5py.ExternalLink("secret.hdf5", "/")
    root["scanpath_attributes"].attrs["__attributes__"] = '["out/x"]'


def _virtual(root: Any) -> None:
    layout = h5py.VirtualLayout((1, 2), "f8")
    layout[:] = h5py.VirtualSource("secret.hdf5", "x", (1, 2))
    del root["train_ys"]
    root.create_virtual_dataset("train_ys", layout)


def _stored(root: Any) -> None:
    del root["train_ys"]
    root.create_dataset("train_ys", (1, 2), "f8", external=[("secret.bin", 0, 16)])


def _put(name: str, values: Any) -> Callable[[Any], None]:
    def harm(root: Any) -> None:
        del root[name]
        root[name] = values

    return harm


def _bomb(root: Any) -> None:
    del root["train_xs"]
    root.create_dataset("train_xs", (2**20, 2**20), "f8", chunks=(2, 2), compression="gzip")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        pytest.param(_external, "train_xs is a link to elsewhere", id="link"),
        pytest.param(_nested, "it lacks out/x", id="link-in-the-way"),
        pytest.param(_virtual, "lies in another file", id="virtual"),
        pytest.param(_stored, "lies in another file", id="external"),
        pytest.param(_bomb, "has over 134,217,728 values", id="bomb"),
        pytest.param(_put("train_xs", [[1.0]]), "but y of", id="shape"),
        pytest.param(_put("train_xs", ["a"]), "no array of numbers", id="text"),
        pytest.param(_put("train_ns", [0.5]), "no whole number", id="half"),
        pytest.param(_put("train_ns", [[0]]), "no array of numbers with 1 axes", id="axes"),
        pytest.param(lambda r: r.pop("train_subjects"), "it lacks train_subjects", id="lacks"),
        pytest.param(lambda r: r.attrs.update(type="Stimuli"), "'Stimuli' '1.2' is not", id="kind"),
        pytest.param(lambda r: r.attrs.pop("version"), "it has no text version", id="version"),
        pytest.param(
            lambda r: r["scanpath_attributes"].attrs.update(__attributes__="{"),
            "not a pysaliency HDF5 file",
            id="json",
        ),
        pytest.param(
            lambda r: r["scanpath_attributes"].attrs.update(__attributes__='["image"]'),
            "what was searched for is not told",
            id="no-task",
        ),
        pytest.param(lambda r: r.attrs.update(gazesearch="{}"), "description", id="described"),
    ],
)
def test_hostile_files_are_one_line(
    harm: Callable[[Any], None], message: str, tmp_path: Path
) -> None:
    paths = Scanpaths.of([[[1.5, 2], [3, 4]]], image=["a"], finding="t", screen_size=(9, 9))
    write_scanpaths(paths, tmp_path / "f.hdf5")
    with h5py.File(tmp_path / "secret.hdf5", "w") as other:
        other["x"] = [[1.0, 2.0]]
    with h5py.File(tmp_path / "f.hdf5", "a") as root:
        harm(root)
    with pytest.raises(GazeSearchError, match=message) as caught:
        read_scanpaths(tmp_path / "f.hdf5")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("keep", [0, 8, 100, 600, 1500, -100])
def test_cut_files_are_one_line(keep: int, odd: Scanpaths, tmp_path: Path) -> None:
    write_scanpaths(odd, tmp_path / "f.hdf5")
    whole = (tmp_path / "f.hdf5").read_bytes()
    (tmp_path / "f.hdf5").write_bytes(whole[:keep])
    with pytest.raises(GazeSearchError, match="not a pysaliency HDF5 file") as caught:
        read_scanpaths(tmp_path / "f.hdf5")
    assert len(str(caught.value).splitlines()) == 1
