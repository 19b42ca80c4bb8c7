"""`Scanpaths` to and from Arrow, pandas and polars: one row a path, field names and units of files.

What a typed column cannot hold is written beside it, so that no frame needs hidden metadata:
`X:integer` (and `Y:`, `T:`) says which numbers were integers where a file mixed both kinds, and
`field:json` holds values of mixed or nested types as JSON. The dataset's description stands in the
metadata of Arrow schemas and in the `attrs` of pandas frames; polars has no place for it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from gazesearch.errors import DataError, first_line, require
from gazesearch.scanpaths.columns import ABSENT, Array
from gazesearch.scanpaths.info import DatasetInfo
from gazesearch.scanpaths.records import read_records
from gazesearch.scanpaths.rules import FIXATION_FIELDS, Record
from gazesearch.scanpaths.table import Scanpaths, offsets_of
from gazesearch.scanpaths.written import written_fixations

if TYPE_CHECKING:
    import pandas
    import polars

METADATA_KEY: Final = "gazesearch"
_JSON: Final = ":json"
_INTEGER: Final = ":integer"


def to_arrow(paths: Scanpaths) -> pa.Table:
    """The table as Arrow, with the dataset's description in the schema's metadata."""
    arrays: dict[str, pa.Array] = {}
    fixations = written_fixations(paths)
    for field in paths.fields:
        if field in FIXATION_FIELDS:
            arrays |= _fixation_arrays(paths, fixations, field)
        elif field in paths.columns:
            arrays |= _column_array(field, paths.columns[field])
    metadata = {METADATA_KEY: paths.info.to_json()}
    return pa.table(arrays).replace_schema_metadata(metadata)


def _fixation_arrays(paths: Scanpaths, fixations: Array, field: str) -> dict[str, pa.Array]:
    axis = FIXATION_FIELDS.index(field)
    missing = ~paths.has_durations if field == "T" else np.zeros(len(paths), np.bool_)
    if missing.all() and len(paths):
        return {}
    there = ~np.repeat(missing, paths.lengths)
    flat, integers = fixations[there, axis], paths.integers[there, axis]
    starts = pa.array(offsets_of(np.where(missing, 0, paths.lengths)), pa.int32())

    def lists(values: Array) -> pa.Array:
        # Nulls as a mask: a null among the offsets would lengthen the list before it.
        return pa.ListArray.from_arrays(starts, pa.array(values), mask=pa.array(missing))

    whole = integers & (flat == np.trunc(flat))
    if len(flat) and whole.all():
        return {field: lists(flat.astype(np.int64))}
    mixed = {f"{field}{_INTEGER}": lists(whole)} if whole.any() else {}
    return {field: lists(flat), **mixed}


def _column_array(field: str, values: Array) -> dict[str, pa.Array]:
    column = [None if value is ABSENT else value for value in values]
    kind = _arrow_type([value for value in values if value is not ABSENT])
    if kind is not None and not field.endswith((_JSON, _INTEGER)):
        return {field: pa.array(column, kind)}
    texts = [None if value is ABSENT else json.dumps(value) for value in values]
    return {f"{field}{_JSON}": pa.array(texts, pa.string())}


def _arrow_type(values: list[Any]) -> pa.DataType | None:
    """The type that holds these values and gives them back the same; None where there is none."""
    kinds = {type(value) for value in values}
    if kinds == {str}:
        return pa.string()
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {float}:
        return pa.float64()
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in values):
        return pa.int64()
    if kinds == {tuple} and any(values):
        element = _arrow_type([item for value in values for item in value])
        return None if element is None or pa.types.is_nested(element) else pa.list_(element)
    return None


def to_pandas(paths: Scanpaths) -> pandas.DataFrame:
    """The table as a pandas frame of Arrow-backed columns."""
    pd = require("pandas", extra="frames")
    frame: pandas.DataFrame = to_arrow(paths).to_pandas(types_mapper=pd.ArrowDtype)
    frame.attrs[METADATA_KEY] = paths.info.to_json()
    return frame


def to_polars(paths: Scanpaths) -> polars.DataFrame:
    """The table as a polars frame."""
    frame: polars.DataFrame = require("polars", extra="frames").from_arrow(to_arrow(paths))
    return frame


def from_arrow(table: pa.Table, *, dataset: str | DatasetInfo | None = None) -> Scanpaths:
    """Read an Arrow table with the checks of a file."""
    return _read(table, dataset, source="Arrow table")


def from_pandas(frame: pandas.DataFrame, *, dataset: str | DatasetInfo | None = None) -> Scanpaths:
    """Read a pandas frame with the checks of a file; lists may be Python lists or Arrow's."""
    source = "pandas frame"
    description = {key: frame.attrs[key] for key in (METADATA_KEY,) if key in frame.attrs}
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata(description)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"{source}: {first_line(error)}") from error
    return _read(table, dataset, source=source)


def from_polars(frame: polars.DataFrame, *, dataset: str | DatasetInfo | None = None) -> Scanpaths:
    """Read a polars frame with the checks of a file."""
    return _read(frame.to_arrow(), dataset, source="polars frame")


def _read(table: pa.Table, dataset: str | DatasetInfo | None, *, source: str) -> Scanpaths:
    described = described_in(table, source=source) if dataset is None else None
    return read_records(
        records_of(table, source=source),
        source=source,
        dataset=dataset or described,
        duration_unit=described.duration_unit if described is not None else None,
    ).scanpaths


def described_in(table: pa.Table, *, source: str) -> DatasetInfo | None:
    """The dataset's description in the schema's metadata, if there is one."""
    text = (table.schema.metadata or {}).get(METADATA_KEY.encode())
    if text is None:
        return None
    return DatasetInfo.from_json(text.decode("utf-8", "replace"), source=source)


def records_of(table: pa.Table, *, source: str) -> list[Record]:
    """The rows of a table as records; nulls are absent fields.

    Raises:
        DataError: a column cannot be read, or two have one name.
    """
    names = table.column_names
    fields = [name.removesuffix(_JSON) for name in names if not _is_mask(name)]
    if len(set(names)) < len(names) or len(set(fields)) < len(fields):
        raise DataError(f"{source}: a column name stands twice")
    records: list[Record] = [{} for _ in range(table.num_rows)]
    masks: dict[str, list[Any]] = {}
    for name in names:
        try:
            values = table.column(name).to_pylist()
        except (pa.ArrowException, ValueError, OverflowError) as error:
            raise DataError(f"{source}: column {name}: {first_line(error)}") from error
        if _is_mask(name):
            masks[name.removesuffix(_INTEGER)] = values
            continue
        encoded = name.endswith(_JSON)
        field = name.removesuffix(_JSON) if encoded else name
        for row, value in enumerate(values):
            if value is not None:
                records[row][field] = _decoded(value, row, name, source) if encoded else value
    for field, mask in masks.items():
        for record, whole in zip(records, mask, strict=True):
            _restore_integers(record, field, whole)
    return records


def _is_mask(name: str) -> bool:
    return name.endswith(_INTEGER) and name.removesuffix(_INTEGER) in FIXATION_FIELDS


def _decoded(text: Any, row: int, name: str, source: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        why = first_line(error)
        raise DataError(f"{source}: record {row}, {name}: not JSON: {why}") from error


def _restore_integers(record: Record, field: str, whole: Any) -> None:
    values = record.get(field)
    if isinstance(values, list) and isinstance(whole, list) and len(values) == len(whole):
        record[field] = [
            int(v) if w and type(v) is float and v.is_integer() else v
            for v, w in zip(values, whole, strict=True)
        ]
