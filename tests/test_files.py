"""Files: whole or not at all, within a limit, with digests and the record of a run."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import platform
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy
import pytest

import gazesearch
from gazesearch.errors import GazeSearchError, UnreadableFile
from gazesearch.files import MAX_SIZE, RunRecord, digest, readable, write_text, written_whole

POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")


# -- written whole


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "a.txt"
    with written_whole(str(file)) as temporary:
        temporary.write_text("half")
        assert temporary.parent == file.parent
        assert temporary.name.endswith(".part")
        assert not file.exists()
    assert file.read_text() == "half"
    assert [f.name for f in file.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "error", [RuntimeError("x"), KeyboardInterrupt(), GazeSearchError("x")], ids=repr
)
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")

    def write() -> None:
        with written_whole(file) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert file.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["a.txt"]


def test_an_oserror_within_is_an_unreadable_file_that_names_the_target(tmp_path: Path) -> None:
    with (
        pytest.raises(UnreadableFile, match=f"^{tmp_path}/a.txt: cannot be written: disk is gone$"),
        written_whole(tmp_path / "a.txt"),
    ):
        raise OSError(5, "disk is gone")
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_file_within_keeps_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="^b: absent$"), written_whole(tmp_path / "a.txt"):
        raise UnreadableFile("b: absent")


def test_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(UnreadableFile, match="cannot be written"):
        write_text(tmp_path / "a.txt", "x")
    assert [f.name for f in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_as_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(UnreadableFile, match="cannot be written"):
        write_text(tmp_path / "a" / "b.txt", "x")


@POSIX
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_is_as_readable_as_the_umask_says(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.txt", "x")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == mode


@POSIX
def test_a_private_file_stays_private(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")
    file.chmod(0o600)
    write_text(file, "new")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == "new"


def test_text_is_written_as_utf8_with_plain_newlines(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "ä↑\n")
    assert (tmp_path / "a.txt").read_bytes() == "ä↑\n".encode()


# -- readable


def test_a_file_within_the_limit_is_given_back_as_a_path(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert readable(str(file)) == file
    assert readable(file, max_size=3) == file
    assert MAX_SIZE == 1024**3


def test_a_file_over_the_limit_is_refused_with_both_sizes(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"a" * 2000)
    with pytest.raises(UnreadableFile, match="2,000 bytes, over the limit of 1,999: raise --max"):
        readable(file, max_size=1999)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("absent", "no such file", id="absent"),
        pytest.param(".", "is not a file", id="folder"),
        pytest.param("a\0b", "no such file|cannot be opened", id="zero-byte"),
        pytest.param("x" * 5000, "no such file|cannot be opened", id="long-name"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        readable(tmp_path / name)


@POSIX
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableFile, match="is not a file"):
        readable(tmp_path / "pipe")


def test_a_file_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("x")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    with pytest.raises(UnreadableFile, match="no permission to read it"):
        readable(tmp_path / "a")


# -- digests and the record of a run


def test_a_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert digest(tmp_path / "a") == f"sha256:{hashlib.sha256(b'abc').hexdigest()}"
    assert digest(str(tmp_path / "a")).endswith("f20015ad")
    with pytest.raises(UnreadableFile):
        digest(tmp_path / "absent")


def test_a_run_record_says_what_a_run_needs() -> None:
    record = RunRecord(settings={"a": 1}, inputs={"b": "sha256:0"}, seed=3)
    assert record.versions["python"] == platform.python_version()
    assert record.versions["gazesearch"] == gazesearch.__version__
    assert record.versions["numpy"] == numpy.__version__
    assert set(record.versions) == {"python", "gazesearch", "numpy", "numba", "scipy", "pyarrow"}
    made = datetime.fromisoformat(record.made)
    assert made.tzinfo == UTC
    assert timedelta(0) <= datetime.now(UTC) - made < timedelta(minutes=1)
    assert platform.machine() in record.machine
    assert RunRecord(settings={}, inputs={}).seed is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.seed = 4  # type: ignore[misc]


def test_a_package_that_is_absent_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata as metadata

    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    record = RunRecord(settings={}, inputs={})
    assert set(record.versions.values()) == {platform.python_version(), "absent"}
    assert sys.version.startswith(record.versions["python"])
