"""Which images files, folders, lists and datasets hold, and what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from gazesearch.datasets.image_files import find_images
from gazesearch.errors import DataError, UnknownName, UnreadableFile


def write(path: Path, grey: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.full((4, 6), grey, np.uint8)).save(path, "PNG")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "films"
    for name in ("b.PNG", "p10/s2/a.png", "p10/s1/a.png", "a.jpg", ".hidden.png", ".cache/a.png"):
        write(root / name)
    (root / "notes.txt").write_text("no image")
    return root


def test_a_folder_is_searched_at_any_depth_and_names_are_paths_below_it(folder: Path) -> None:
    assert list(find_images([folder])) == ["a.jpg", "b.PNG", "p10/s1/a.png", "p10/s2/a.png"]


def test_a_file_is_called_by_its_name_whatever_its_ending(folder: Path) -> None:
    plain = write(folder / "p10" / "film")
    found = find_images([plain, folder / "b.PNG"])
    assert list(found) == ["film", "b.PNG"]
    assert found["film"].shape == (4, 6, 3)
    assert found.read("b.PNG").native_size == (6, 4)


def test_of_a_dataset_the_images_are_taken(tmp_path: Path) -> None:
    write(tmp_path / "images" / "a.png")
    write(tmp_path / "pictures" / "b.png")
    (tmp_path / "annotations").mkdir()
    assert list(find_images([tmp_path])) == ["a.png"]
    (tmp_path / "annotations").rmdir()  # now a folder like any other
    assert list(find_images([tmp_path])) == ["images/a.png", "pictures/b.png"]


def test_lines_of_a_list_count_from_its_folder(folder: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "other" / "z.png")
    listed = folder / "list.txt"
    (folder / "link.png").symlink_to(outside)  # followed, as it is named
    listed.write_text(
        f"\ufeffp10/s2/a.png\n\nb.PNG\r\n{outside}\nlink.png\n", encoding="utf-8", newline=""
    )
    found = find_images(listed=[listed])
    assert list(found) == ["p10/s2/a.png", "b.PNG", "z.png", "link.png"]
    assert all(found[name].shape == (4, 6, 3) for name in found)


def test_two_images_of_one_name_are_refused_in_one_line(folder: Path) -> None:
    with pytest.raises(DataError, match=r"two images are called 'a.png'") as caught:
        find_images([folder / "p10" / "s1", folder / "p10" / "s2"])
    assert "\n" not in str(caught.value)
    assert "give a folder above both" in str(caught.value)


def test_an_image_given_twice_counts_once(folder: Path) -> None:
    assert list(find_images([folder / "b.PNG", folder, folder])) == [
        "b.PNG", "a.jpg", "p10/s1/a.png", "p10/s2/a.png",
    ]  # fmt: skip


def test_a_link_is_followed_where_it_was_named_not_where_it_was_found(
    folder: Path, tmp_path: Path
) -> None:
    secret = write(tmp_path / "secret.png")
    link = folder / "link.png"
    link.symlink_to(secret)
    assert find_images([link])["link.png"].shape == (4, 6, 3)
    with pytest.raises(DataError, match="leads out of"):
        find_images([folder])["link.png"]


def test_what_is_not_there_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        find_images([tmp_path / "absent.png"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFile, match=r"holds no \.png, \.jpg, \.jpeg file"):
        find_images([tmp_path / "empty"])
    with pytest.raises(UnknownName, match="unknown image"):
        find_images([folder])["z.png"]


def test_the_digest_tells_lists_apart(folder: Path) -> None:
    before = find_images([folder]).digest()
    assert find_images([folder]).digest() == before
    with (folder / "a.jpg").open("ab") as file:
        file.write(b"more")
    longer = find_images([folder]).digest()
    assert longer[0] != before[0]
    write(folder / "c.png")
    assert find_images([folder]).digest()[0] != longer[0]
