"""Files of weights: not taken apart, but what is only called so is found."""

from __future__ import annotations

import codecs
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from gazesearch.access.look_inside import LARGEST, no_weights
from gazesearch.access.private import Finding, Searcher
from gazesearch.errors import first_line

_HEAD: Final = 512
_CHUNK: Final = 2**24
_ACROSS: Final = 256  # bytes of a chunk that are looked at with the next one


def is_text(file: Path) -> bool:
    """Whether a file is text, judged by its first 64 KiB: that is looked into like any other."""
    with file.open("rb") as opened:
        start = opened.read(2**16)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return b"\x00" not in start


def wrong_in_weights(file: Path, searcher: Searcher) -> Iterator[tuple[str, str]]:
    """Kind and words of what is wrong: another kind of file, names and identifiers in its bytes.

    Archives, as torch and NumPy write them, are gone through member by member.
    """
    found: dict[tuple[str, str], None] = {}
    with file.open("rb") as opened:
        found |= dict.fromkeys(_in_bytes(opened, searcher))
    if zipfile.is_zipfile(file):
        try:
            with zipfile.ZipFile(file) as packed:
                found |= dict.fromkeys(_in_members(packed, searcher))
        except (
            zipfile.BadZipFile,
            OSError,
            ValueError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            found["closed", f"cannot be unpacked: {first_line(error)}"] = None
    yield from sorted(found)


def _in_members(packed: zipfile.ZipFile, searcher: Searcher) -> Iterator[tuple[str, str]]:
    members = [one for one in packed.infolist() if not one.is_dir()]
    squeezed = [one for one in members if one.compress_type != zipfile.ZIP_STORED]
    if sum(one.file_size for one in squeezed) > LARGEST:
        yield "closed", "is packed, and larger than what is looked at"
        return
    for one in members:
        yield from searcher.in_words(one.filename)
        with packed.open(one) as opened:
            yield from _in_bytes(opened, searcher)


def _in_bytes(opened: IO[bytes], searcher: Searcher) -> Iterator[tuple[str, str]]:
    head = opened.read(_HEAD)
    if (kind := no_weights(head)) is not None:
        yield kind, "is no file of weights"
    told: set[Finding] = set()
    window = head
    while True:
        told |= {finding for finding, search in searcher.in_bytes() if search(window)}
        if not (chunk := opened.read(_CHUNK)):
            break
        window = window[-_ACROSS:] + chunk
    yield from told
