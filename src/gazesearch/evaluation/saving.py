"""`Scores` as a folder of files, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics as metrics_
from gazesearch.errors import DataError, GazeSearchError, first_line
from gazesearch.evaluation.tables import as_json, content, find, to_csv, to_markdown
from gazesearch.files import RunRecord, digest, readable, write_text, written_whole
from gazesearch.metrics import Metric
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import DatasetInfo, FirstFixation

if TYPE_CHECKING:
    import pyarrow

    from gazesearch.evaluation.scores import By, Scores

LAYOUT: Final = 1
"""Version of what `save` writes."""

_INTEGERS: Final = ("record", "prediction", "draw", "length")
_TEXTS: Final = ("image", "finding")
_OBJECTS: Final = {
    "subject": ("int64", "string", "null"),
    "split": ("string", "null"),
    "source": ("string", "null"),
    "image_in_train": ("bool", "null"),
}
_SEARCH: Final = ("first_on_target", "reference_first_on_target", "scanpath_ratio")


def save(scores: Scores, folder: str | os.PathLike[str], by: By | None = None) -> None:
    """Write scores.parquet, summary.csv, summary.md and results.json into a folder."""
    from pyarrow import parquet

    root, found = Path(folder), find(scores, by)
    rows = root / "scores.parquet"
    with written_whole(rows) as temporary:
        parquet.write_table(scores.to_arrow(), temporary, compression="zstd")
    write_text(root / "summary.csv", to_csv(scores, by, found=found))
    write_text(root / "summary.md", to_markdown(scores, by, found=found))
    described = {
        "layout": LAYOUT,
        "rows": digest(rows),
        "metrics": {metric.name: dict(metric.settings) for metric in scores.metrics},
    }
    result = content(scores, by, found=found) | {"scores": described}
    write_text(root / "results.json", as_json(result))


@dataclass(frozen=True, kw_only=True, eq=False)
class Saved:
    """The parts of a `Scores`, as they were read."""

    keys: dict[str, NDArray[Any]]
    values: dict[str, NDArray[np.float64]]
    metrics: tuple[Metric, ...]
    counts: dict[str, int]
    refused: dict[str, str]
    notes: tuple[str, ...]
    protocol: Stamp
    split: str
    first_fixation: FirstFixation
    dataset: DatasetInfo
    run: RunRecord


def load(folder: str | os.PathLike[str]) -> Saved:
    """Read what `save` wrote; see `Scores.load`."""
    root = Path(folder)
    file, rows = readable(root / "results.json"), readable(root / "scores.parquet")
    try:
        result = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
        described = _field(result, "scores", dict)
        if described.get("layout") != LAYOUT:
            raise _Faulty(f"layout {described.get('layout')!r}: this version reads {LAYOUT}")
        chosen = tuple(
            metrics_.get(name, **_field(described["metrics"], name, dict))
            for name in _field(described, "metrics", dict)
        )
        if not chosen:
            raise _Faulty("scores: no metrics")
        rule = _field(result, "first_fixation", str)
        if rule not in get_args(FirstFixation):
            raise _Faulty(f"first_fixation {rule!r}: must be one of {get_args(FirstFixation)}")
        if described.get("rows") != digest(rows):
            raise _Faulty("scores.parquet beside it is another one than was written with it")
        table = _Rows.read(rows)
        return Saved(
            keys=table.keys(),
            values=table.values(chosen),
            metrics=chosen,
            counts=_counts(_field(result, "records", dict)),
            refused=_texts(_field(result, "refused", dict)),
            notes=tuple(_texts(dict(enumerate(_field(result, "notes", list)))).values()),
            protocol=_stamp(_field(result, "protocol", dict)),
            split=_text(_field(result, "split", str)),
            first_fixation=rule,
            dataset=DatasetInfo.from_json(
                json.dumps(_field(result, "dataset", dict)), source="dataset"
            ),
            run=_run(_field(result, "run", dict)),
        )
    except (GazeSearchError, ValueError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, OSError):
            raise
        reason = first_line(error)
        raise DataError(
            f"{file}: not a result of `gazesearch evaluate --output` that can be read: {reason}"
        ) from error


class _Faulty(ValueError):
    """What is wrong with a saved result."""


def _refuse_constant(text: str) -> float:
    raise _Faulty(f"{text} is no number of JSON")


def _field(parts: object, name: str, kind: type) -> Any:
    if not isinstance(parts, dict):
        raise _Faulty("must be an object of JSON")
    value = parts.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _Faulty(f"{name} is absent or not {kind.__name__}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise _Faulty(f"{value!r:.80}: must be a text of printable characters")
    return value


def _texts(values: Mapping[Any, object]) -> dict[Any, str]:
    return {name: _text(value) for name, value in values.items()}


def _counts(parts: dict[str, Any]) -> dict[str, int]:
    counts = {
        name: _field(parts, name, int) for name in ("scored", "missing", "surplus", "duplicated")
    }
    if any(count < 0 for count in counts.values()):
        raise _Faulty("records: a count is below 0")
    return counts


def _stamp(parts: dict[str, Any]) -> Stamp:
    name, version = parts.get("name"), parts.get("version")
    if name is not None:
        name, version = _text(name), _field(parts, "version", int)
    elif version is not None:
        raise _Faulty("protocol: a version without a name")
    return Stamp(name=name, version=version, digest=_text(parts.get("digest")))


def _run(parts: dict[str, Any]) -> RunRecord:
    inputs = _texts(_field(parts, "inputs", dict))
    for name in ("predictions", "references"):
        if name not in inputs:
            raise _Faulty(f"run: no digest of the {name}")
    return RunRecord(
        settings=_field(parts, "settings", dict),
        inputs=inputs,
        seed=None if parts.get("seed") is None else _field(parts, "seed", int),
        made=_text(parts.get("made")),
        versions=_texts(_field(parts, "versions", dict)),
        machine=_text(parts.get("machine")),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """The table of a saved result; each column is checked for type and gaps when it is taken."""

    table: pyarrow.Table
    name: str

    @classmethod
    def read(cls, file: Path) -> _Rows:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            # One thread: damaged files must fail here, not in a pool that outlives the call.
            table = parquet.ParquetFile(file).read(use_threads=False)
            table.validate(full=True)
        except (pa.ArrowException, OSError, MemoryError) as error:
            raise _Faulty(f"{file.name}: {first_line(error)}") from error
        if not len(table) or len(set(table.column_names)) != table.num_columns:
            raise _Faulty(f"{file.name}: no rows, or two columns of one name")
        return cls(table=table, name=file.name)

    def keys(self) -> dict[str, NDArray[Any]]:
        keys = {name: self.take(name, "int64").to_numpy() for name in _INTEGERS}
        keys |= {name: self._objects(name, "string") for name in _TEXTS}
        keys |= {name: self._objects(name, *types, gaps=True) for name, types in _OBJECTS.items()}
        keys["predicted"] = self.take("predicted", "bool").to_numpy()
        return self._in_order(keys)

    def values(self, metrics: tuple[Metric, ...]) -> dict[str, NDArray[np.float64]]:
        needed = [_SEARCH if one.kind == "search" else (one.name,) for one in metrics]
        found = {name: self.take(name, "double") for some in needed for name in some}
        return self._in_order({name: column.to_numpy() for name, column in found.items()})

    def take(self, name: str, *types: str, gaps: bool = False) -> pyarrow.ChunkedArray:
        known = name in self.table.column_names
        if not known or str(self.table.schema.field(name).type) not in types:
            raise _Faulty(f"{self.name}: column {name} is absent or not {' or '.join(types)}")
        column = self.table.column(name)
        if column.null_count and not gaps:
            raise _Faulty(f"{self.name}: column {name} has gaps")
        return column

    def _in_order(self, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """As they stand in the file, so that a table that is saved again is the same one."""
        return {name: columns[name] for name in self.table.column_names if name in columns}

    def _objects(self, name: str, *types: str, gaps: bool = False) -> NDArray[Any]:
        values = self.take(name, *types, gaps=gaps).to_pylist()
        found = np.empty(len(values), dtype=object)
        found[:] = [_text(value) if isinstance(value, str) else value for value in values]
        return found
