"""Files that came from elsewhere, read without running anything that stands in them.

Two kinds are known: a zip archive of `torch.save`, and a pickle of numpy arrays (as Mask2Former's).
What a file may name is listed in `stand_ins`; anything else is refused by its name, and memory
stays within a small multiple of the file's size.
"""

from __future__ import annotations

import io
import mmap
import os
import re
import zipfile
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from gazesearch.errors import DataError, first_line
from gazesearch.files import readable
from gazesearch.models.chestsearch import stand_ins
from gazesearch.models.chestsearch.pickles import interpret
from gazesearch.models.weights import MAX_SIZE

_MAX_PROGRAM: Final = 16 * 2**20  # bytes of a torch file's pickle, which holds no numbers
_MAX_NOTE: Final = 2**10  # bytes of the other small members
_TORCH_LEGACY: Final = 0x1950A86A20F9469CFC6C  # first object of a file of torch before 1.6

_MEMBERS: Final = re.compile(
    r"[^/]+/(?:data\.pkl|data/(?P<storage>[0-9]+)|version|byteorder|\.format_version"
    r"|\.storage_alignment|\.data/serialization_id)"
)


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a file starts as `torch.save` starts one since torch 1.6.

    Raises:
        UnreadableFile: absent, or too large.
    """
    with readable(path, max_size=MAX_SIZE).open("rb") as opened:
        return opened.read(4) == b"PK\x03\x04"


def read_torch(path: str | os.PathLike[str]) -> Any:
    """What `torch.save` wrote; tensors stay in the file until they are used.

    Raises:
        DataError: no zip archive of torch, broken, or naming or claiming more than tensors need.
        UnreadableFile: absent, or too large.
    """
    file = readable(path, max_size=MAX_SIZE)
    _refuse_unsafe_archive(file)
    try:
        return torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # a file can be broken in any way
        raise DataError(f"{file}: cannot be read as weights: {first_line(error)}") from error


def _refuse_unsafe_archive(file: Path) -> None:
    """Members as torch writes them, and a program that asks for no more than they hold."""
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = _storages(archive, file)
            (name,) = (m for m in archive.namelist() if m.endswith("/data.pkl"))
            program = archive.read(name)
    except DataError:
        raise
    except Exception as error:  # an archive can be broken in any way
        raise DataError(f"{file}: is cut off or broken: {first_line(error)}") from error
    interpret(
        io.BytesIO(program),
        file,
        named=stand_ins.TORCH,
        refer=partial(stand_ins.refer, sizes=sizes),
        by_stack=False,
    )


def _storages(archive: zipfile.ZipFile, file: Path) -> dict[str, int]:
    """Bytes of each storage of an archive, by key.

    Raises:
        DataError: the archive is not as torch writes them.
    """
    sizes, folders, kinds = {}, set(), []
    # What stands before the archive or in a comment can make it another one for torch's reader.
    odd = bool(archive.comment) or all(m.header_offset for m in archive.infolist())
    for member in archive.infolist():
        if member.compress_type != zipfile.ZIP_STORED:
            raise DataError(f"{file}: is compressed inside, as torch never does: refused")
        match = _MEMBERS.fullmatch(member.filename)
        folder, _, kind = member.filename.partition("/")
        folders.add(folder)
        kinds.append(kind)
        if match and match["storage"]:
            sizes[match["storage"]] = member.file_size
        else:
            limit = _MAX_PROGRAM if kind == "data.pkl" else _MAX_NOTE
            odd |= not match or member.file_size > limit
    if odd or len(folders) != 1 or len(set(kinds)) < len(kinds) or "data.pkl" not in kinds:
        raise DataError(f"{file}: is a zip archive, but not one that torch.save writes")
    return sizes


def read_numpy_pickle(path: str | os.PathLike[str]) -> Any:
    """A pickle of plain containers and numpy arrays; arrays come as tensors.

    Raises:
        DataError: broken, or naming or claiming more than arrays need.
        UnreadableFile: absent, or too large.
    """
    file = readable(path, max_size=MAX_SIZE)
    if file.stat().st_size == 0:
        raise DataError(f"{file}: is empty")
    with (
        file.open("rb") as opened,
        # A read from a mapping never allocates more than what is left of the file.
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as source,
    ):
        found = interpret(source, file, named=stand_ins.NUMPY)
    if found == _TORCH_LEGACY:
        raise DataError(
            f"{file}: was written by torch before 1.6: load and save it anew with torch.save"
        )
    return _with_tensors(found, file, file.stat().st_size, depth=2)


def _with_tensors(found: Any, file: Path, size: int, *, depth: int) -> Any:
    """Tensors for arrays, in dictionaries so many deep: one that holds itself has no end.

    Raises:
        DataError: an array is broken, or there are more numbers than so many bytes hold: the same
            ones again and again.
    """
    made: dict[tuple[int, int], Any] = {}  # what stands in many places is replaced once

    def tensor(array: stand_ins.Array) -> Tensor:
        nonlocal size
        try:
            numbers = array.numpy()
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise DataError(f"{file}: is broken: {first_line(error)}") from error
        size -= numbers.nbytes
        if size < 0:
            raise DataError(f"{file}: has the same numbers in many arrays: refused")
        return torch.from_numpy(numbers)

    def replaced(value: Any, depth: int) -> Any:
        is_array = isinstance(value, stand_ins.Array)
        if not is_array and (depth == 0 or not isinstance(value, dict)):
            return value
        key = (id(value), 0 if is_array else depth)
        if key not in made:
            made[key] = (
                tensor(value)
                if is_array
                else {name: replaced(inner, depth - 1) for name, inner in value.items()}
            )
        return made[key]

    return replaced(found, depth)
