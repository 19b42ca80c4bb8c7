"""Parts of saved results, read as files of strangers are: each is checked before it is used."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, GazeSearchError, first_line
from gazesearch.files import RunRecord, digest, readable
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import DatasetInfo, FirstFixation

if TYPE_CHECKING:
    import pyarrow


_TEXTS: Final = ("image", "finding")
_OBJECTS: Final = {
    "subject": ("int64", "string", "null"),
    "split": ("string", "null"),
    "source": ("string", "null"),
    "image_in_train": ("bool", "null"),
}


class Faulty(ValueError):
    """What is wrong with a saved result."""


@contextmanager
def opened(file: Path, made_by: str) -> Iterator[dict[str, Any]]:
    """The object of a JSON file, for as long as it is taken apart.

    Args:
        file: to be read.
        made_by: options of the command that writes such files.

    Raises:
        UnreadableFile: it is absent or cannot be read.
        DataError: it, or what is taken out of it meanwhile, is not as the command writes it.
    """
    text_ = readable(file).read_bytes()
    try:
        yield json.loads(text_.decode("utf-8"), parse_constant=refuse_constant)
    except (GazeSearchError, ValueError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, OSError):
            raise
        raise DataError(
            f"{file}: not a result of `gazesearch evaluate {made_by}` that can be read: "
            f"{first_line(error)}"
        ) from error


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
class Head:
    """What every saved result says of how it was made; as in `Scores`."""

    refused: dict[str, str]
    notes: tuple[str, ...]
    protocol: Stamp
    split: str
    first_fixation: FirstFixation
    dataset: DatasetInfo
    run: RunRecord

    @classmethod
    def of(cls, result: dict[str, Any], *, needed: tuple[str, ...]) -> Head:
        """The head of a result; `needed` as of `run`."""
        rule = field(result, "first_fixation", str)
        if rule not in get_args(FirstFixation):
            raise Faulty(f"first_fixation {rule!r}: must be one of {get_args(FirstFixation)}")
        return cls(
            refused=texts(field(result, "refused", dict)),
            notes=tuple(texts(dict(enumerate(field(result, "notes", list)))).values()),
            protocol=stamp(field(result, "protocol", dict)),
            split=text(field(result, "split", str)),
            first_fixation=rule,
            dataset=DatasetInfo.from_json(
                json.dumps(field(result, "dataset", dict)), source="dataset"
            ),
            run=run(field(result, "run", dict), needed=needed),
        )


def described(result: dict[str, Any], name: str, layout: int) -> dict[str, Any]:
    """What a result says of its rows, which must be of a layout."""
    parts: dict[str, Any] = field(result, name, dict)
    if parts.get("layout") != layout:
        raise Faulty(f"layout {parts.get('layout')!r}: this version reads {layout}")
    return parts


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """The table of a saved result; each column is checked for type and gaps when it is taken."""

    table: pyarrow.Table
    name: str

    @classmethod
    def read(cls, file: Path, written: object) -> Rows:
        """Read a Parquet file whole.

        Args:
            file: to be read.
            written: the digest that it had when it was written.

        Raises:
            UnreadableFile: it is absent or cannot be read.
            Faulty: it is another one, none, has no rows, or two columns of one name.
        """
        if digest(file) != written:
            raise Faulty(f"{file.name} beside it is another one than was written with it")
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

    def keys(self, *numbers: str) -> dict[str, NDArray[Any]]:
        """The columns that say what a row is: some of whole numbers, and those that all have."""
        keys = {name: self.take(name, "int64").to_numpy() for name in numbers}
        keys |= {name: self.objects(name, "string") for name in _TEXTS}
        keys |= {name: self.objects(name, *types, gaps=True) for name, types in _OBJECTS.items()}
        return keys
