"""The published layout: annotations/, images/, checkpoints/."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gazesearch import DatasetInfo, load_dataset
from gazesearch.errors import DataError, FaultyRecords, UnreadableFile
from gazesearch.formats.description import write_description

RECORD = {"name": "a.jpg", "task": "edema", "X": [1, 2], "Y": [3, 4], "T": [0.2, 0.3]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "gazesearch"
    for folder in ("annotations", "images", "checkpoints"):
        (root / folder).mkdir(parents=True)
    (root / "annotations" / "paths.json").write_text(json.dumps([RECORD]))
    (root / "annotations" / "README.md").write_text("not scanpaths")
    (root / "images" / "a.jpg").write_bytes(b"jpeg")
    (root / "checkpoints" / "best.pt").write_bytes(b"weights")
    (root / "checkpoints" / "another.pt").write_bytes(b"weights")
    (root / "checkpoints" / "folder").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return root


def test_a_dataset_offers_scanpaths_images_and_checkpoints(root: Path) -> None:
    dataset = load_dataset(str(root))
    assert dataset.annotations == root / "annotations" / "paths.json"
    assert dataset.scanpaths.image.tolist() == ["a.jpg"]
    assert dataset.scanpaths is dataset.scanpaths
    assert dataset.info.name == "gazesearch"
    assert dataset.image("a.jpg").read_bytes() == b"jpeg"
    assert list(dataset.checkpoints) == ["another.pt", "best.pt"]
    assert dataset.checkpoints["best.pt"].read_bytes() == b"weights"


def test_without_images_and_checkpoints_the_scanpaths_are_there(root: Path) -> None:
    for file in [*(root / "checkpoints").glob("*.pt"), root / "images" / "a.jpg"]:
        file.unlink()
    (root / "images").rmdir()
    dataset = load_dataset(root)
    assert dataset.checkpoints == {}
    assert len(dataset.scanpaths) == 1
    with pytest.raises(UnreadableFile, match=r"a\.jpg: no such image: get the images"):
        dataset.image("a.jpg")


def test_opening_reads_nothing(root: Path) -> None:
    (root / "annotations" / "paths.json").write_text("[1]")
    dataset = load_dataset(root)
    with pytest.raises(FaultyRecords):
        _ = dataset.scanpaths


@pytest.mark.parametrize(
    "name",
    ["../../secret.jpg", "../annotations/paths.json", ".", "", "/etc/passwd", "sub/../../x"],
)
def test_an_image_name_cannot_lead_out_of_the_images(root: Path, name: str) -> None:
    with pytest.raises(DataError, match="leads out of"):
        load_dataset(root).image(name)


def test_a_link_out_of_the_images_is_not_followed(root: Path) -> None:
    (root / "images" / "link.jpg").symlink_to(root.parent / "secret.jpg")
    with pytest.raises(DataError, match="leads out of"):
        load_dataset(root).image("link.jpg")


@pytest.mark.parametrize("name", ["a\0.jpg", "x" * 5000, "circle/a.jpg"], ids=["0", "long", "link"])
def test_what_is_no_file_name_is_refused(root: Path, name: str) -> None:
    (root / "images" / "circle").symlink_to(root / "images" / "circle")
    with pytest.raises(UnreadableFile, match=r"^image .*: is no file name|no such image"):
        load_dataset(root).image(name)


def test_images_may_stand_in_folders(root: Path) -> None:
    (root / "images" / "p10").mkdir()
    (root / "images" / "p10" / "b.jpg").write_bytes(b"b")
    assert load_dataset(root).image("p10/b.jpg").read_bytes() == b"b"
    with pytest.raises(UnreadableFile, match="no such image"):
        load_dataset(root).image("p10")


def test_a_folder_without_annotations_is_refused(root: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such folder"):
        load_dataset(root / "images")
    (root / "annotations" / "paths.json").unlink()
    with pytest.raises(UnreadableFile, match=r"holds no \.json, \.parquet, \.csv file"):
        load_dataset(root)


def test_several_files_of_annotations_are_refused_by_name(root: Path) -> None:
    (root / "annotations" / "more.csv").write_text("name,task,X,Y\n")
    with pytest.raises(DataError, match=r"holds several files \(more\.csv, paths\.json\)"):
        load_dataset(root)


def test_a_description_beside_the_folders_says_what_it_is(root: Path) -> None:
    info = DatasetInfo(name="mine", screen_size=(90, 90), duration_unit="s", tasks=("edema",))
    write_description(root, info)
    assert load_dataset(root).info == info
    told = load_dataset(root, dataset="gazesearch")
    assert told.info.screen_size == (224, 224)
