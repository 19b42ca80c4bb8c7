"""Parts of saved results, read as files of strangers are: each is checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import first_line
from gazesearch.files import RunRecord
from gazesearch.protocols import Stamp

if TYPE_CHECKING:
    import pyarrow


class Faulty(ValueError):
    """What is wrong with a saved result."""


def refuse_constant(text: str) -> float:
    """NaN and infinities, which JSON does not have."""
    raise Faulty(f"{text} is no number of JSON")


def field(parts: object, name: str, kind: type) -> Any:
    """A field of a JSON object, of the type that it must have."""
    if not isinstance(parts, dict):
        raise Faulty("must be an object of JSON")
    value = parts.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Faulty(f"{name} is absent or not {kind.__name__}")
    return value


def text(value: object) -> str:
    """A text that is safe to show."""
    if not isinstance(value, str) or not value.isprintable():
        raise Faulty(f"{value!r:.80}: must be a text of printable characters")
    return value


def texts(values: Mapping[Any, object]) -> dict[Any, str]:
    """Texts that are safe to show, by any key."""
    return {name: text(value) for name, value in values.items()}


def stamp(parts: dict[str, Any]) -> Stamp:
    """The stamp of the records and rules."""
    name, version = parts.get("name"), parts.get("version")
    if name is not None:
        name, version = text(name), field(parts, "version", int)
    elif version is not None:
        raise Faulty("protocol: a version without a name")
    return Stamp(name=name, version=version, digest=text(parts.get("digest")))


def run(parts: dict[str, Any], *, needed: tuple[str, ...]) -> RunRecord:
    """The run record; `needed` names inputs whose digests it must hold."""
    inputs = texts(field(parts, "inputs", dict))
    for name in needed:
        if name not in inputs:
            raise Faulty(f"run: no digest of the {name}")
    return RunRecord(
        settings=field(parts, "settings", dict),
        inputs=inputs,
        seed=None if parts.get("seed") is None else field(parts, "seed", int),
        made=text(parts.get("made")),
        versions=texts(field(parts, "versions", dict)),
        machine=text(parts.get("machine")),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """The table of a saved result; each column is checked for type and gaps when it is taken."""

    table: pyarrow.Table
    name: str

    @classmethod
    def read(cls, file: Path) -> Rows:
        """Read a Parquet file whole.

        Raises:
            Faulty: it is none, has no rows, or two columns of one name.
        """
        import pyarrow as pa
        from pyarrow import parquet

        try:
            # One thread: damaged files must fail here, not in a pool that outlives the call.
            table = parquet.ParquetFile(file).read(use_threads=False)
            table.validate(full=True)
        except (pa.ArrowException, OSError, MemoryError) as error:
            raise Faulty(f"{file.name}: {first_line(error)}") from error
        if not len(table) or len(set(table.column_names)) != table.num_columns:
            raise Faulty(f"{file.name}: no rows, or two columns of one name")
        return cls(table=table, name=file.name)

    def take(self, name: str, *types: str, gaps: bool = False) -> pyarrow.ChunkedArray:
        """A column, of one of some types, without gaps unless they are allowed."""
        known = name in self.table.column_names
        if not known or str(self.table.schema.field(name).type) not in types:
            raise Faulty(f"{self.name}: column {name} is absent or not {' or '.join(types)}")
        column = self.table.column(name)
        if column.null_count and not gaps:
            raise Faulty(f"{self.name}: column {name} has gaps")
        return column

    def in_order(self, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """As they stand in the file, so that a table that is saved again is the same one."""
        return {name: columns[name] for name in self.table.column_names if name in columns}

    def objects(self, name: str, *types: str, gaps: bool = False) -> NDArray[Any]:
        """A column as objects, texts of it checked."""
        values = self.take(name, *types, gaps=gaps).to_pylist()
        found = np.empty(len(values), dtype=object)
        found[:] = [text(value) if isinstance(value, str) else value for value in values]
        return found
