"""The per-path columns of a table: values exactly as a file had them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import UnknownName

Array = NDArray[Any]


class _Absent:
    """The value of a field that a record does not have (None is a value)."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


class Columns:
    """Immutable object columns of one length, named as the fields of the records."""

    __slots__ = ("_values", "length")

    def __init__(self, values: Mapping[str, Array], length: int) -> None:
        self._values = {field: read_only(column) for field, column in values.items()}
        self.length = length

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, field: str) -> bool:
        return field in self._values

    def __getitem__(self, field: str) -> Array:
        if field not in self._values:
            raise UnknownName("field", field, self._values)
        return self._values[field]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Columns) and all(
            same(self.get(field).tolist(), other.get(field).tolist())
            for field in {*self._values, *other._values}
        )

    __hash__ = None  # type: ignore[assignment]

    def get(self, field: str, *, absent: Any = ABSENT) -> Array:
        """A column, with `absent` where a record lacks the field or none has it."""
        if field not in self._values:
            return constant(absent, self.length)
        if absent is ABSENT:
            return self._values[field]
        return objects(absent if v is ABSENT else v for v in self._values[field])

    def numbers(self, field: str, *, absent: float) -> NDArray[np.float64]:
        """A column as float64."""
        return self.get(field, absent=absent).astype(np.float64)

    def at(self, field: str, row: int, *, absent: Any = None) -> Any:
        """One value."""
        value = self._values[field][row] if field in self._values else ABSENT
        return absent if value is ABSENT else value

    def slice(self, start: int, stop: int) -> Columns:
        """Rows start..stop-1, as views."""
        return Columns({f: v[start:stop] for f, v in self._values.items()}, stop - start)

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """The given rows, copied once."""
        return Columns({f: v[rows] for f, v in self._values.items()}, len(rows))

    def replaced(self, field: str, values: Iterable[Any]) -> Columns:
        """The same columns with one of them exchanged or added."""
        return Columns({**self._values, field: objects(values)}, self.length)

    @staticmethod
    def concat(parts: Sequence[Columns]) -> Columns:
        """The rows of several, in order; fields that a part lacks are absent there."""
        fields = dict.fromkeys(field for part in parts for field in part)
        return Columns(
            {field: np.concatenate([part.get(field) for part in parts]) for field in fields},
            sum(part.length for part in parts),
        )

    def matching(self, wanted: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Rows whose fields have the wanted values (None: whatever), (n,)."""
        keep = np.ones(self.length, dtype=np.bool_)
        for field, value in wanted.items():
            if value is not None:
                keep &= np.fromiter((v == value for v in self.get(field)), np.bool_, self.length)
        return keep

    def order(self, by: Sequence[str]) -> NDArray[np.intp]:
        """Row numbers sorted by fields: stable, absent first, numbers before text."""
        keys = [self[field] for field in by]
        return np.array(
            sorted(range(self.length), key=lambda row: [_rank(key[row]) for key in keys]),
            dtype=np.intp,
        )

    def members(self, by: Sequence[str]) -> dict[Any, list[int]]:
        """Row numbers by the values of fields, in order of first appearance."""
        keys = [self[field] for field in by]
        groups: dict[Any, list[int]] = {}
        for row, key in enumerate(keys[0] if len(keys) == 1 else zip(*keys, strict=True)):
            groups.setdefault(key, []).append(row)
        return groups


def same(a: Any, b: Any) -> bool:
    """Equality that tells 1 from 1.0 and from True, as files do.

    >>> same([1, 2], (1, 2)), same([1], [1.0])
    (True, False)
    """
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if type(a) is float and type(b) is float:
        return a.hex() == b.hex()  # to the last bit: -0.0 is not 0.0
    return type(a) is type(b) and bool(a == b)


def objects(values: Iterable[Any]) -> Array:
    """An object array with one element a value, tuples and lists included."""
    return np.fromiter(values, dtype=object)


def constant(value: Any, n: int) -> Array:
    """An object array of n times the same value."""
    return objects([value] * n)


def read_only(array: Array) -> Array:
    """A view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def _rank(value: Any) -> tuple[int, Any]:
    if value is ABSENT or value is None:
        return (0, 0)
    return (2, value) if isinstance(value, str) else (1, value)
