"""`download --local`: files that the user holds become links, and still open as the dataset's."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import PIL.Image
import pytest
from hub import Hub

from gazesearch import load_dataset
from gazesearch.access import Downloaded, download, find_release, verify
from gazesearch.errors import DataError, UnreadableFile
from gazesearch.images import ImageFolder


def jpeg(grey: int) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("L", (40, 30), grey).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def mimic(dataset: SimpleNamespace, tmp_path: Path) -> Path:
    """Two of four images in the layout of MIMIC-CXR-JPG, the second of another size."""
    for i, name in enumerate("abcd"):
        dataset.repo.files[f"images/{name}.jpg"] = dataset.files[f"images/{name}.jpg"] = jpeg(i)
    dataset.repo.touch()
    root = tmp_path / "mimic"
    for name, more in (("a", b""), ("b", b" ")):
        study = root / "files" / "p10" / "p10000032" / f"s5041426{ord(name) % 10}"
        study.mkdir(parents=True)
        (study / f"{name}.jpg").write_bytes(dataset.files[f"images/{name}.jpg"] + more)
    (root / "README").write_text("other")
    return root


def get(folder: Path, local: Path) -> Downloaded:
    release = find_release()
    return download(release, folder, accepted=release.conditions, local=local)


def test_files_that_fit_are_linked_and_the_others_fetched(
    hub: Hub, dataset: SimpleNamespace, mimic: Path, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    done = get(root, mimic)
    assert (done.adopted, done.other) == (1, ("images/b.jpg",))
    assert "1 of your files have the name but not the content" in done.to_text()
    assert (root / "images/a.jpg").is_symlink()
    assert (root / "images/a.jpg").resolve().is_relative_to(mimic)
    assert not (root / "images/b.jpg").is_symlink()
    for path, content in dataset.files.items():
        assert (root / path).read_bytes() == content
    assert not [c for c in hub.state.calls if c.path.endswith("/images/a.jpg")]
    assert get(root, mimic).kept == len(dataset.files)


def test_what_is_linked_opens_and_verifies(hub: Hub, mimic: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    get(root, mimic)
    found = verify(root)
    assert found.is_sound
    assert (found.adopted, found.surplus) == (1, ())
    assert load_dataset(root).image("a.jpg").is_relative_to(mimic)
    assert ImageFolder(root / "images").read("a.jpg").native_size == (40, 30)


def test_a_link_that_the_receipt_does_not_know_is_not_followed(
    hub: Hub, mimic: Path, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    get(root, mimic)
    (tmp_path / "secret.jpg").write_bytes(jpeg(9))
    (root / "images/b.jpg").unlink()
    (root / "images/b.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "images/z.jpg").symlink_to(tmp_path / "secret.jpg")
    for name in ("b.jpg", "z.jpg"):
        with pytest.raises(DataError, match="leads out of"):
            load_dataset(root).image(name)
        with pytest.raises(DataError, match="leads out of"):
            ImageFolder(root / "images").read(name)


def test_a_linked_file_that_has_changed_is_altered_and_not_opened(
    hub: Hub, mimic: Path, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    get(root, mimic)
    target = (root / "images/a.jpg").resolve()
    target.write_bytes(target.read_bytes()[:-1] + b"!")
    assert verify(root).altered == ("images/a.jpg",)
    with pytest.raises(DataError, match="leads out of"):
        load_dataset(root).image("a.jpg")


def test_a_folder_that_is_none_is_refused(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="--local takes one"):
        get(tmp_path / "data", tmp_path / "nowhere")
