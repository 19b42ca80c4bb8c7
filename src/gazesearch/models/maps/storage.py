"""Files of arrays by their ending.

Shape and type are read first and checked; only then the numbers are, one array at a time. Nothing
in a file is ever run, and no other file is opened.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from gazesearch.errors import BadSetting
from gazesearch.files import readable
from gazesearch.models.maps.arrays import Sink, Store
from gazesearch.models.maps.hdf5 import Hdf5, Hdf5Sink
from gazesearch.models.maps.npz import Npz, NpzSink

SUFFIXES: Final = (".npz", ".h5", ".hdf5")


def open_store(path: str | os.PathLike[str]) -> Store:
    """Open a file of arrays.

    Raises:
        UnreadableFile: it is absent, no file, or not permitted.
        DataError: it is not what its ending says.
        BadSetting: the ending is none of `SUFFIXES`.
        MissingExtra: it is HDF5 and h5py is not installed.
    """
    file = readable(path, max_size=sys.maxsize)  # streamed: its size costs nothing
    if file.suffix == ".npz":
        return Npz(str(file))
    if file.suffix in SUFFIXES:
        return Hdf5(str(file))
    raise BadSetting(f"{file}: maps are read from {', '.join(SUFFIXES)}")


def open_sink(path: str | os.PathLike[str], suffix: str) -> Sink:
    """A file to write arrays to, of the kind that a suffix says."""
    if suffix == ".npz":
        return NpzSink(path)
    if suffix in SUFFIXES:
        return Hdf5Sink(path)
    raise BadSetting(f"{suffix or 'no ending'}: maps are written as {', '.join(SUFFIXES)}")
