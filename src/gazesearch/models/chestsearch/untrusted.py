"""Files that came from elsewhere, read without running anything that stands in them.

Three kinds are known by their first bytes: a zip archive of `torch.save`, a pickle of numpy arrays
(as Mask2Former's), and safetensors. What a file may name is listed here; anything else is refused
by its name, and memory stays within the size of the file.
"""

from __future__ import annotations

import math
import os
import pickle
import pickletools
import re
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from gazesearch.errors import DataError, first_line
from gazesearch.files import readable

MAX_SIZE: Final = 4 * 2**30
"""Largest file that is read; the published checkpoint has some 330 MB with its optimiser."""

_MAX_PROGRAM: Final = 64 * 2**20  # bytes of a torch file's pickle, which holds no numbers
_TORCH_LEGACY: Final = 0x1950A86A20F9469CFC6C  # first object of a file of torch before 1.6

_TORCH_NAMES: Final = re.compile(
    r"collections\.OrderedDict|torch\._utils\._rebuild_(tensor_v2|parameter)|torch\.\w+Storage"
)


def read_torch(path: str | os.PathLike[str]) -> Any:
    """What `torch.save` wrote; tensors stay in the file until they are used.

    Raises:
        DataError: no zip archive of torch, broken, or naming more than tensors need.
        UnreadableFile: absent, or too large.
    """
    file = readable(path, max_size=MAX_SIZE)
    _refuse_unsafe_archive(file)
    try:
        return torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # a file can be broken in any way
        raise DataError(f"{file}: cannot be read as weights: {first_line(error)}") from error


def _refuse_unsafe_archive(file: Path) -> None:
    """Nothing compressed, nothing large but numbers, no names but those of tensors."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise DataError(f"{file}: is compressed inside, as torch never does: refused")
            programs = [m for m in members if m.filename.endswith("/data.pkl")]
            if len(programs) != 1 or programs[0].file_size > _MAX_PROGRAM:
                raise DataError(f"{file}: is a zip archive, but not one that torch.save writes")
            program = archive.read(programs[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise DataError(f"{file}: is cut off or broken: {first_line(error)}") from error
    for name in _names_in(program, file):
        if not _TORCH_NAMES.fullmatch(name):
            refuse(name, file)


def _names_in(program: bytes, file: Path) -> set[str]:
    """What a pickle of the protocol that torch writes asks to import."""
    names = set()
    try:
        for opcode, argument, _ in pickletools.genops(program):
            if opcode.name in ("GLOBAL", "INST"):
                names.add(str(argument).replace(" ", "."))
            elif opcode.name in ("STACK_GLOBAL", "EXT1", "EXT2", "EXT4"):
                raise DataError(
                    f"{file}: imports by {opcode.name}, as torch.save does not by default: refused"
                )
    except (ValueError, IndexError, UnicodeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file}: is cut off or broken: {first_line(error)}") from error
    return names


def refuse(name: str, file: Path | str) -> NoReturn:
    """Say what a file tried to import."""
    raise DataError(
        f"{file}: wants to import {name!r}, which no weights need: refused, nothing was run"
    )


def read_numpy_pickle(path: str | os.PathLike[str]) -> Any:
    """A pickle of plain containers and numpy arrays; arrays come as tensors.

    Raises:
        DataError: broken, or naming more than arrays need.
        UnreadableFile: absent, or too large.
    """
    file = readable(path, max_size=MAX_SIZE)
    with file.open("rb") as opened:
        try:
            found = _ArrayUnpickler(opened, file).load()
        except DataError:
            raise
        except Exception as error:  # a file can be broken in any way
            raise DataError(f"{file}: is cut off or broken: {first_line(error)}") from error
    if found == _TORCH_LEGACY:
        raise DataError(
            f"{file}: was written by torch before 1.6: load and save it anew with torch.save"
        )
    return _with_tensors(found, file, depth=2)


class _ArrayUnpickler(pickle.Unpickler):
    """Builds stand-ins for arrays, so that not even numpy's own functions are called."""

    def __init__(self, opened: Any, file: Path) -> None:
        super().__init__(opened, encoding="latin-1")
        self.file = file

    def find_class(self, module: str, name: str) -> Any:
        """One of a few names, or a refusal."""
        known = _STAND_INS.get(f"{module.replace('numpy._core', 'numpy.core')}.{name}")
        if known is None:
            refuse(f"{module}.{name}", self.file)
        return known

    def persistent_load(self, pid: Any) -> NoReturn:
        """Refuse: plain pickles refer to nothing outside."""
        refuse(f"persistent id {pid!r}"[:100], self.file)


class _Dtype:
    """A numpy dtype of plain numbers."""

    def __init__(self, code: str, *_: Any) -> None:
        self.code = code
        self.order = "<"

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        """The real one."""
        if not re.fullmatch(r"[fiu][1248]|b1", str(self.code)) or self.order not in ("<", "|", "="):
            raise ValueError(f"numbers of type {self.order}{self.code}"[:60])
        return np.dtype(self.code)


class _Array:
    """An array as it stands in the file."""

    shape: Any = (0,)
    dtype: Any = None
    fortran: Any = False
    data: Any = b""

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, self.fortran, self.data = state

    def numpy(self) -> NDArray[Any]:
        """The numbers, if they are as many as the shape claims."""
        kind = self.dtype.numpy()
        data = self.data.encode("latin-1") if isinstance(self.data, str) else bytes(self.data)
        if math.prod(self.shape) * kind.itemsize != len(data):
            raise ValueError(f"an array of shape {self.shape} in {len(data):,} bytes"[:100])
        numbers: NDArray[Any] = np.frombuffer(data, kind).copy()
        return numbers.reshape(tuple(self.shape), order="F" if self.fortran in (True, "F") else "C")


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order, data))
    return array


def _scalar(dtype: Any, data: Any) -> _Array:
    return _frombuffer(data, dtype, (), "C")


_STAND_INS: Final = {
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _frombuffer,
    "numpy.ndarray": _Array,
    "numpy.dtype": _Dtype,
    "collections.OrderedDict": OrderedDict,
}


def _with_tensors(found: Any, file: Path, *, depth: int) -> Any:
    """Tensors for arrays, in dictionaries so many deep: one that holds itself has no end."""
    if isinstance(found, _Array):
        try:
            return torch.from_numpy(found.numpy())
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise DataError(f"{file}: is broken: {first_line(error)}") from error
    if isinstance(found, dict) and depth > 0:
        return {key: _with_tensors(value, file, depth=depth - 1) for key, value in found.items()}
    return found


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        DataError: broken, or with a header over 100 MB.
        UnreadableFile: absent, or too large.
    """
    file = readable(path, max_size=MAX_SIZE)
    try:
        tensors: dict[str, Tensor] = load_file(file)
    except (SafetensorError, ValueError, OSError, MemoryError) as error:
        raise DataError(f"{file}: is cut off or broken: {first_line(error)}") from error
    return tensors
