"""Arrays in a zip file (.npz), read and written member by member; pickled objects are refused."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gazesearch.errors import DataError, first_line
from gazesearch.models.maps.arrays import FAULTS, Kind, faulty

_HEADER: Final = 10_000  # bytes of an .npy header that are read at most


class Npz:
    """A .npz file that is read; a `Store`."""

    def __init__(self, file: str) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except FAULTS as error:
            raise DataError(f"{file}: not a .npz file that can be read: {first_line(error)}") from (
                error
            )
        self._sizes = {member.filename: member.file_size for member in self._zip.infolist()}

    def __contains__(self, name: str) -> bool:
        return f"{name}.npy" in self._sizes

    def kind(self, name: str) -> Kind:
        """What an array claims to be."""
        with self._opened(name) as stream:
            return self._kind(name, stream)[0]

    def read(self, name: str) -> NDArray[Any]:
        """All of an array."""
        with self._opened(name) as stream:
            kind, fortran = self._kind(name, stream)
            values = np.empty(kind.shape, kind.dtype, order="F" if fortran else "C")
            # A copy in the file's own order: no second array of the size of the first.
            flat = values.reshape(-1, order="A").view(np.uint8)
            got = 0
            while got < len(flat):
                part = stream.read(min(len(flat) - got, 2**20))
                if not part:
                    raise ValueError("ends before its numbers do")
                flat[got : got + len(part)] = np.frombuffer(part, np.uint8)
                got += len(part)
            stream.read(1)  # at the end the checksum is compared
        return values

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    @contextmanager
    def _opened(self, name: str) -> Iterator[Any]:
        """A member while it is open; what goes wrong with it becomes one line that names it."""
        try:
            with self._zip.open(f"{name}.npy") as stream:
                yield stream
        except FAULTS as error:
            raise faulty(self._file, name, error) from error

    def _kind(self, name: str, stream: Any) -> tuple[Kind, bool]:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version} of .npy: must be 1.0 or 2.0")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream, max_header_size=_HEADER)
        if dtype.hasobject:
            raise ValueError("holds Python objects, which are never read")
        size = dtype.itemsize
        for side in shape:
            size *= side
        if stream.tell() + size != self._sizes[f"{name}.npy"]:
            raise ValueError(f"{self._sizes[f'{name}.npy']:,} bytes do not hold {shape} {dtype}")
        return Kind(shape=shape, dtype=dtype), fortran


class NpzSink:
    """A .npz file that is written; a `Sink`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Write an array."""
        with self._zip.open(f"{name}.npy", "w", force_zip64=True) as stream:
            npy.write_array(stream, np.ascontiguousarray(values), allow_pickle=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
