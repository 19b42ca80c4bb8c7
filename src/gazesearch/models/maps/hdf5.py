"""Arrays in an HDF5 file, by h5py (extra `bridges`).

Links to elsewhere, data in other files and filters that are not HDF5's own are refused.
"""

from __future__ import annotations

import os
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, first_line, require
from gazesearch.models.maps.arrays import FAULTS, Kind, faulty


class Hdf5:
    """An HDF5 file that is read; a `Store`."""

    def __init__(self, file: str) -> None:
        self._h5py = require("h5py", extra="bridges")
        self._name = file
        try:
            self._file = self._h5py.File(file, "r")
        except OSError as error:
            raise DataError(
                f"{file}: not an HDF5 file that can be read: {first_line(error)}"
            ) from (error)

    def __contains__(self, name: str) -> bool:
        return name in self._file

    def kind(self, name: str) -> Kind:
        """What an array claims to be."""
        found = self._dataset(name)
        return Kind(shape=tuple(found.shape), dtype=np.dtype(found.dtype))

    def read(self, name: str) -> NDArray[Any]:
        """All of an array."""
        found = self._dataset(name)
        try:
            if self._h5py.check_string_dtype(found.dtype) is not None:
                # Objects: texts of one width would all be as wide as the longest.
                return np.asarray(found.asstr()[()], dtype=object)
            if found.dtype.hasobject:
                raise ValueError("holds neither numbers nor texts")
            return np.asarray(found[()])
        except FAULTS as error:
            raise faulty(self._name, name, error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _dataset(self, name: str) -> Any:
        """A dataset whose numbers lie in this very file, unfiltered or by HDF5's own filters."""
        at = self._file
        try:
            for part in name.split("/"):
                if not isinstance(at.get(part, getlink=True), self._h5py.HardLink):
                    raise ValueError("is a link to elsewhere")
                at = at[part]
            if not isinstance(at, self._h5py.Dataset) or at.shape is None:
                raise ValueError("is no array")
            if at.is_virtual or at.external:
                raise ValueError("its numbers lie in another file")
            if at.compression not in (None, "gzip", "lzf"):
                raise ValueError(f"compressed by {at.compression}: must be gzip or lzf")
            if at.chunks is not None and np.prod(at.chunks) > 4 * max(1, np.prod(at.shape)):
                raise ValueError("its chunks are larger than itself")
        except FAULTS as error:
            raise faulty(self._name, name, error) from error
        return at


class Hdf5Sink:
    """An HDF5 file that is written; a `Sink`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._h5py = require("h5py", extra="bridges")
        self._file = self._h5py.File(path, "w")

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Write an array."""
        if values.dtype.kind == "U":
            self._file.create_dataset(
                name, data=values.tolist(), dtype=self._h5py.string_dtype(encoding="utf-8")
            )
        else:
            self._file.create_dataset(name, data=values)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
