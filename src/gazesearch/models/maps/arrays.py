"""What files of arrays have in common: each array says what it claims to be before it is read."""

from __future__ import annotations

import zlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, first_line

FAULTS: Final = (
    *(ValueError, OSError, EOFError, KeyError, RuntimeError, TypeError, OverflowError),
    *(BadZipFile, zlib.error, MemoryError),
)
"""What damaged files make their readers raise."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Shape and type of an array, as its file states them before it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Store(Protocol):
    """Arrays by name, read one at a time."""

    def __contains__(self, name: str) -> bool: ...

    def kind(self, name: str) -> Kind:
        """What an array claims to be; nothing else of it is read."""

    def read(self, name: str) -> NDArray[Any]:
        """The numbers or texts of an array whose kind was found acceptable."""

    def close(self) -> None:
        """Close the file."""


class Sink(AbstractContextManager["Sink"], Protocol):
    """Takes arrays by name, one at a time."""

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Write an array."""


def faulty(file: str, name: str, why: object) -> DataError:
    """What is wrong with one array, in one line."""
    text = first_line(why) if isinstance(why, BaseException) else str(why)
    return DataError(f"{file}: {name}: {text}")
