"""What a folder was downloaded as: revision, sizes, digests, date and the conditions accepted."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from gazesearch.errors import DataError, UnreadableFile, first_line
from gazesearch.files import readable, write_text

NAME: Final = "gazesearch-receipt.json"

_FORMAT: Final = 1
_MAX_SIZE: Final = 2**26  # bytes of a receipt
_BLOCK: Final = 2**20  # bytes hashed at a time


@dataclass(frozen=True, kw_only=True)
class ReceivedFile:
    """One file of a receipt.

    Attributes:
        path: below the folder, with slashes.
        size: bytes.
        digest: as the hub counts it: `sha256:…` of the bytes, or `git-sha1:…`, git's name of them.
        adopted: the user's own file, outside the folder, that a link stands for; None for a file
            that lies in the folder.
    """

    path: str
    size: int
    digest: str
    adopted: str | None = None

    def is_in(self, file: Path) -> bool:
        """Whether a file has this size and digest.

        Raises:
            OSError: it cannot be read.
        """
        if not file.is_file() or file.stat().st_size != self.size:
            return False
        return content_digest(file, self.digest.partition(":")[0]) == self.digest


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was downloaded into a folder.

    Attributes:
        repo: id of the dataset on the hub.
        revision: commit of the dataset, 40 hex digits.
        endpoint: address of the hub.
        made: date and time, UTC.
        parts: folders of the published layout that were asked for.
        conditions: text of the conditions that were accepted.
        files: every file of these parts.
    """

    repo: str
    revision: str
    endpoint: str
    made: str
    parts: tuple[str, ...]
    conditions: str
    files: tuple[ReceivedFile, ...]

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write the receipt into a folder, whole or not at all."""
        path = Path(folder) / NAME
        text = json.dumps({"receipt": _FORMAT, **asdict(self)}, indent=1, ensure_ascii=False)
        write_text(path, text + "\n")
        return path

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Receipt:
        """The receipt of a folder.

        Raises:
            UnreadableFile: there is none.
            DataError: it is damaged, or of a later version.
        """
        path = Path(folder) / NAME
        if not path.is_file():
            raise UnreadableFile(
                f"{path}: no receipt, so no download has ended here: run gazesearch download"
            )
        found = readable(path, max_size=_MAX_SIZE).stat()
        return _read(path, found.st_mtime_ns, found.st_size)


def content_digest(path: Path, kind: str) -> str:
    """Digest of a file's bytes, after the kind and a colon.

    Args:
        path: the file.
        kind: `sha256`, or `git-sha1` for the name that git gives to the content.

    Raises:
        DataError: no such kind.
        OSError: the file cannot be read.
    """
    if kind not in ("sha256", "git-sha1"):
        raise DataError(f"{path}: digest of kind {kind!r}: must be sha256 or git-sha1")
    with path.open("rb") as file:
        if kind == "sha256":
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        # The hub's choice, not ours: git names contents so.
        size = os.fstat(file.fileno()).st_size
        found = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        while block := file.read(_BLOCK):
            found.update(block)
    return f"git-sha1:{found.hexdigest()}"


def is_adopted(folder: Path, path: str, target: Path) -> bool:
    """Whether the receipt of a folder says that `path` stands for the file `target` outside it.

    The target's digest is compared too: a folder from elsewhere can claim no file whose content
    its author does not have.
    """
    try:
        listed = _by_path(Receipt.read(folder)).get(path)
        return listed is not None and listed.adopted == str(target) and listed.is_in(target)
    except (DataError, OSError):
        return False


@lru_cache(maxsize=4)
def _by_path(receipt: Receipt) -> Mapping[str, ReceivedFile]:
    return {file.path: file for file in receipt.files}


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int) -> Receipt:
    """Read once as long as time of change and size stay."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["receipt"] != _FORMAT:
            raise DataError(f"{path}: receipt of format {said['receipt']!r}: update gazesearch")
        receipt = Receipt(
            repo=_line(said["repo"]),
            revision=_line(said["revision"]),
            endpoint=_line(said["endpoint"]),
            made=_line(said["made"]),
            parts=tuple(_line(part) for part in said["parts"]),
            conditions=_text(said["conditions"]),
            files=tuple(_file(file) for file in said["files"]),
        )
    except DataError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: is no receipt ({first_line(error)}): run gazesearch download again"
        ) from None
    return receipt


def _file(said: Mapping[str, Any]) -> ReceivedFile:
    size, adopted = said["size"], said["adopted"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"size {size!r}")
    path = _text(said["path"])
    if not is_safe(path):
        raise ValueError(f"path {path!r} leads out of the folder")
    digest = _text(said["digest"])
    if not is_digest(digest):
        raise ValueError(f"digest {digest!r}")
    return ReceivedFile(
        path=path,
        size=size,
        digest=digest,
        adopted=None if adopted is None else _text(adopted),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _line(value: Any) -> str:
    """A text that is shown."""
    if not _text(value).isprintable():
        raise ValueError(f"{value!r} is no line of text")
    return str(value)


def is_digest(text: str) -> bool:
    """Whether a text is a digest as a receipt has it; part of it becomes a file's name."""
    return re.fullmatch(r"sha256:[0-9a-f]{64}|git-sha1:[0-9a-f]{40}", text) is not None


def is_safe(path: str) -> bool:
    """Whether a path of slashes stays below its folder, on every system, and is printable."""
    parts = path.split("/")
    return path.isprintable() and not any(
        part in ("", ".", "..") or "\\" in part or ":" in part for part in parts
    )
