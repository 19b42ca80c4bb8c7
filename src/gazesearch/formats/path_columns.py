"""The fields of paths but X, Y, T, one value a path, for formats that have columns of their own.

A column is plain where all paths have a value of one simple type; others are JSON texts under
`field:json`, as in frames, with "" where a path lacks the field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gazesearch.errors import DataError, first_line
from gazesearch.scanpaths.columns import ABSENT
from gazesearch.scanpaths.info import DatasetInfo, ScreenSize, known_dataset
from gazesearch.scanpaths.records import read_records
from gazesearch.scanpaths.rules import Record
from gazesearch.scanpaths.table import Scanpaths

_JSON: Final = ":json"


def path_columns(
    paths: Scanpaths, *, but: Sequence[str] = (), reserved: Sequence[str] = ()
) -> dict[str, list[Any]]:
    """The columns of a table by the name that they are written under.

    Args:
        paths: the table.
        but: fields that the format keeps elsewhere.
        reserved: names that mean something else in the format; such a field is a JSON text.
    """
    columns: dict[str, list[Any]] = {}
    for field in paths.fields:
        if field not in paths.columns or field in but:
            continue
        values = paths.columns[field].tolist()
        if field not in reserved and not field.endswith(_JSON) and _is_plain(values):
            columns[field] = values
        else:
            columns[field + _JSON] = ["" if v is ABSENT else json.dumps(v) for v in values]
    return columns


def _is_plain(values: list[Any]) -> bool:
    """Whether all are of one simple type, and come back the same from any typed column."""
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return all(-(2**63) <= value < 2**63 for value in values)
    if kinds == {str}:
        return all(value.isprintable() and value not in ("", "n/a") for value in values)
    return kinds in ({float}, {bool})


def with_columns(
    records: Sequence[Record], columns: Mapping[str, Sequence[Any]], *, source: str
) -> None:
    """Put columns back into records, one value a record.

    Raises:
        DataError: a JSON text is none.
    """
    for name, values in columns.items():
        field = name.removesuffix(_JSON)
        for row, (record, value) in enumerate(zip(records, values, strict=True)):
            if name == field:
                record[field] = value
            elif value != "":
                try:
                    record[field] = json.loads(value)
                except (ValueError, TypeError, RecursionError) as error:
                    why = first_line(error)
                    raise DataError(f"{source}: record {row}, {name}: not JSON: {why}") from error


def table_in_seconds(
    records: Sequence[Record],
    *,
    source: str,
    dataset: str | DatasetInfo | None,
    screen_size: ScreenSize | None = None,
) -> Scanpaths:
    """A table of records whose durations count in s, whatever the files of its dataset count in."""
    table = read_records(
        records, source=source, dataset=dataset, screen_size=screen_size, duration_unit="s"
    ).scanpaths
    unit = None if dataset is None else known_dataset(dataset).duration_unit
    return Scanpaths(
        table.fixations,
        table.offsets,
        columns=table.columns,
        info=replace(table.info, duration_unit=unit or table.info.duration_unit),
        fields=table.fields,
        integers=table.integers,
    )
