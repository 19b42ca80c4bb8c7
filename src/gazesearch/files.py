"""Files: read with a limit, written whole or not at all, and the record of a run."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from gazesearch.errors import BadSetting, UnreadableFile

MAX_SIZE: Final = 2**30
"""Largest file that is read unless told otherwise: 1 GiB."""


def means_file(text: str) -> bool:
    """Whether a text that may be a name is the path of a file: it has a suffix, or there is one."""
    # Unlike Path.exists, it takes what is no path at all (too long, a NUL in it) for one of none.
    return bool(Path(text).suffix) or os.path.exists(text)  # noqa: PTH110


def readable(path: str | os.PathLike[str], *, max_size: int = MAX_SIZE) -> Path:
    """The path, if it is a file that may be read.

    Raises:
        UnreadableFile: it is absent, no regular file, not permitted, or over `max_size` bytes.
    """
    file = Path(path)
    try:
        if not file.exists():
            raise UnreadableFile(f"{file}: no such file")
        if not file.is_file():
            raise UnreadableFile(f"{file}: is not a file")
        size = file.stat().st_size
        if not os.access(file, os.R_OK):
            raise UnreadableFile(f"{file}: no permission to read it")
    except (OSError, ValueError) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(f"{str(file)!r}: cannot be opened: {_said(error)}") from error
    if size > max_size:
        raise UnreadableFile(
            f"{file}: {size:,} bytes, over the limit of {max_size:,}: raise --max-size (max_size)"
        )
    return file


def _said(error: OSError | ValueError) -> str:
    """What an error says, without the path, which the message has already."""
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def written_whole(path: str | os.PathLike[str], *, mode: int | None = None) -> Iterator[Path]:
    """A temporary path beside `path`; renamed to it if the block ends well, else removed.

    Args:
        path: the file.
        mode: who may read and write it; None takes that of the file it replaces, or the usual.

    Raises:
        UnreadableFile: the folder cannot be written to.
    """
    file = Path(path)
    temporary: Path | None = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files for the owner only; a result is as readable as any other file, or as
        # the one that it replaces.
        if mode is None:
            mode = file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask()
        temporary.chmod(mode)
        temporary.replace(file)
    except OSError as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(f"{file}: cannot be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def ready_folder(path: str | os.PathLike[str]) -> Path:
    """A folder that results can be written into, made if need be; asked before long work.

    Raises:
        UnreadableFile: it is a file, or cannot be made or written to.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UnreadableFile(f"{folder}: no folder to write to: {error.strerror}") from error
    return folder


def write_text(path: str | os.PathLike[str], text: str, *, mode: int | None = None) -> None:
    """Write a text file, UTF-8, whole or not at all; `mode` as in `written_whole`."""
    with written_whole(path, mode=mode) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def alone(file: Path, *, busy: str) -> Iterator[None]:
    """Hold a lock while the block runs, where the system and the disk know locks.

    Args:
        file: what is locked, made if need be; the block may remove it.
        busy: what to say to who comes second.

    Raises:
        BadSetting: another process, or another call in this one, holds it.
    """
    if sys.platform == "win32":  # a file that is open could not be removed
        yield
        return
    try:
        opened = file.open("a")
    except FileNotFoundError:  # its folder has just been removed by who held it
        raise BadSetting(busy) from None
    with opened:
        try:
            free = locked(opened)
        except OSError:  # a disk without locks
            free = True
        # Whoever held it may have removed the file after it was opened here.
        same = file.exists() and os.path.samestat(file.stat(), os.fstat(opened.fileno()))
        if not free or not same:
            raise BadSetting(busy)
        yield


def locked(opened: IO[Any]) -> bool:
    """Take the lock of an open file, if nobody has it; the system drops it when it is closed.

    Raises:
        OSError: the disk knows no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        here = opened.tell()
        opened.seek(2**30)  # a byte beyond the end: locked bytes cannot be read there
        try:
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            opened.seek(here)
        return True
    import fcntl

    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def digest(path: str | os.PathLike[str]) -> str:
    """`sha256:` and the hexadecimal digest of a file's bytes."""
    with readable(path, max_size=sys.maxsize).open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What is needed to do a run again: versions, settings, seed, digests of the inputs.

    Attributes:
        settings: the run's own settings.
        inputs: name of each input and its digest.
        seed: seed of the random numbers; None where none were drawn.
        made: date and time, UTC.
        versions: of Python and of the packages that numbers depend on.
        machine: processor architecture and operating system.
    """

    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    seed: int | None = None
    made: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    versions: Mapping[str, str] = field(default_factory=lambda: package_versions())
    machine: str = field(default_factory=lambda: f"{platform.machine()} {platform.system()}")


def package_versions(*more: str) -> dict[str, str]:
    """Versions of Python, this package and what its numbers depend on, and of more packages."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {"python": platform.python_version()}
    for package in ("gazesearch", "numpy", "numba", "scipy", "pyarrow", *more):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    return versions
