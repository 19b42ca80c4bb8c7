"""`verify`: complete, unaltered, surplus; from the receipt alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hub import Hub

from gazesearch.access import download, find_release, verify
from gazesearch.errors import DataError, UnreadableFile
from gazesearch.receipts import NAME


@pytest.fixture
def root(hub: Hub, tmp_path: Path) -> Path:
    """A downloaded dataset, and a hub that is gone."""
    release = find_release()
    download(release, tmp_path / "data", accepted=release.conditions)
    hub.fail("drop", times=10**6)
    hub.state.calls.clear()
    return tmp_path / "data"


def test_a_download_is_sound_and_images_without_annotation_are_told(hub: Hub, root: Path) -> None:
    found = verify(root)
    assert found.is_sound
    assert (found.images, found.annotated, found.not_annotated) == (4, 3, 1)
    assert (found.surplus, found.without_image) == ((), ())
    assert "images without annotation: 1 of 4" in found.to_text()
    assert found.to_text().endswith("complete and unaltered\n")
    assert not hub.state.calls


def test_every_kind_of_difference_is_named(root: Path) -> None:
    (root / "images/a.jpg").unlink()
    (root / "images/b.jpg").write_bytes(b"x" + (root / "images/b.jpg").read_bytes()[1:])
    (root / "checkpoints/ckp_29999.pt").write_bytes(b"short")
    (root / "images/mine.jpg").write_bytes(b"x")
    found = verify(root)
    assert not found.is_sound
    assert found.missing == ("images/a.jpg",)
    assert found.altered == ("checkpoints/ckp_29999.pt", "images/b.jpg")
    assert found.surplus == ("images/mine.jpg",)


def test_altered_annotations_are_not_counted_with(root: Path) -> None:
    (root / "annotations/paths.json").write_text("[]")
    found = verify(root)
    assert found.altered == ("annotations/paths.json",)
    assert found.not_annotated is None


def test_the_command_ends_with_status_1_where_something_is_missing(
    root: Path, run: Any, run_here: Any
) -> None:
    assert run_here("verify", root).returncode == 0
    (root / "images/a.jpg").unlink()
    done = run("verify", root, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["missing"] == ["images/a.jpg"]
    assert done.stderr == (
        f"gazesearch: {root}: 1 missing, 0 altered: move altered files away and run gazesearch "
        "download again\n"
    )


def test_without_receipt_nothing_can_be_verified(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="run gazesearch download"):
        verify(tmp_path)


BROKEN = [
    pytest.param("{", id="no JSON"),
    pytest.param("[" * 100_000, id="deep"),
    pytest.param('{"receipt": 1}', id="empty"),
    pytest.param('{"receipt": 2}', id="later"),
    pytest.param('{"receipt": 1, "path": 3, "files": [4]}', id="types"),
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_damaged_receipt_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(DataError, match=NAME):
        verify(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("revision", "\x1b[2J"), ("made", "now\nfiles: all sound"), ("parts", ["\u202e"])],
)
def test_a_receipt_that_acts_in_a_terminal_is_refused(root: Path, field: str, value: Any) -> None:
    said = json.loads((root / NAME).read_text())
    (root / NAME).write_text(json.dumps({**said, field: value}))
    with pytest.raises(DataError, match="is no line of text") as raised:
        verify(root)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("digest", ["md5:00", "sha256:../../x", "sha256:00", "git-sha1:"])
def test_a_receipt_with_a_digest_that_is_none_is_refused(root: Path, digest: str) -> None:
    said = json.loads((root / NAME).read_text())
    said["files"][0]["digest"] = digest
    (root / NAME).write_text(json.dumps(said))
    with pytest.raises(DataError, match="is no receipt .digest"):
        verify(root)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "images/../../x", "a\\b", ""])
def test_a_receipt_that_leads_out_of_the_folder_is_refused(root: Path, path: str) -> None:
    said = json.loads((root / NAME).read_text())
    said["files"][0]["path"] = path
    (root / NAME).write_text(json.dumps(said))
    with pytest.raises(DataError, match="leads out of the folder"):
        verify(root)
