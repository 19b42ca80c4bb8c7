"""Plain CSV: one fixation a row, in order; the rows of a path stand together."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from gazesearch.errors import DataError
from gazesearch.files import written_whole
from gazesearch.scanpaths.columns import same
from gazesearch.scanpaths.rules import FIXATION_FIELDS, Record
from gazesearch.scanpaths.table import Scanpaths
from gazesearch.scanpaths.written import written_records

REQUIRED: Final = ("name", "task", "X", "Y")
COLUMNS: Final = (
    "name",
    "task",
    "subject",
    "draw",
    "X",
    "Y",
    "T",
    "condition",
    "split",
    "width",
    "height",
)
_KEY: Final = ("name", "task", "subject", "draw")
_CONSTANT: Final = ("condition", "split", "width", "height")
_NUMERIC: Final = ("X", "Y", "T", "draw", "width", "height", "subject")
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read(file: Path) -> tuple[list[Any], None]:
    """The records of a CSV file; it holds no description of its dataset.

    Raises:
        DataError: it is not UTF-8, has no header, or the rows of a path are apart.
    """
    return list(_paths(file)), None


def write(parts: Iterable[Scanpaths], file: Path) -> tuple[str, ...]:
    """Write tables as one CSV file; returns the fields that it cannot hold.

    The first table's fields are the columns. Each table is checked for itself: paths of equal keys
    must not stand in two of them.

    Raises:
        DataError: a path has no fixations, equal paths could not be told apart, or a text would be
            read back as something else (`" a.jpg"`, the subject `"12"`).
    """
    fields: list[str] | None = None
    lost: dict[str, None] = {}
    with written_whole(file) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for paths in parts:
            if fields is None:
                fields = [column for column in COLUMNS if column in paths.fields]
                writer.writerow(fields)
            _refuse_what_csv_cannot_hold(paths, file)
            for record in written_records(paths):
                for place in range(len(record["X"])):
                    cells = (record.get(field, "") for field in fields)
                    writer.writerow(c[place] if isinstance(c, list) else c for c in cells)
            kept = {*fields, "length"}  # the length is told by the rows
            lost |= dict.fromkeys(field for field in paths.fields if field not in kept)
    return tuple(lost)


def _refuse_what_csv_cannot_hold(paths: Scanpaths, file: Path) -> None:
    if (paths.lengths == 0).any():
        row = int((paths.lengths == 0).argmax())
        raise DataError(f"{file}: CSV cannot hold path {row}, which has no fixations: write JSON")
    seen = set()
    for row, record in enumerate(written_records(paths)):
        key = tuple(record.get(field) for field in _KEY)
        if key in seen:
            raise DataError(f"{file}: path {row} has the key of an earlier one: give it a draw")
        seen.add(key)
        for field in (*_KEY, *_CONSTANT):
            value = record.get(field)
            if value is not None and not same(_value(field, str(value).strip()), value):
                raise DataError(
                    f"{file}: CSV cannot hold {field} {value!r} of path {row}: write JSON"
                )


def _paths(file: Path) -> Iterator[Record]:
    """One record a run of rows with the same key."""
    seen: dict[tuple[str, ...], int] = {}
    key: tuple[str, ...] | None = None
    rows: list[dict[str, str]] = []
    for line, row in _rows(file):
        here = tuple(row.get(field, "") for field in _KEY)
        if here != key:
            if rows:
                yield _record(rows)
            if here in seen:
                raise DataError(
                    f"{file}: line {line}: rows of {' / '.join(filter(None, here))} stand apart "
                    f"(first at line {seen[here]}): put the rows of a path together, or add a "
                    "column draw for several paths"
                )
            key, seen[here], rows = here, line, []
        elif changed := [f for f in _CONSTANT if row.get(f) != rows[0].get(f)]:
            raise DataError(f"{file}: line {line}: {changed[0]} changes within a path")
        rows.append(row)
    if rows:
        yield _record(rows)


def _record(rows: list[dict[str, str]]) -> Record:
    """The record of a path's rows; an empty cell is an absent field."""
    first = rows[0]
    record = {f: _value(f, first[f]) for f in first if f not in FIXATION_FIELDS and first[f]}
    for field in FIXATION_FIELDS:
        if field in first and (field != "T" or any(row["T"] for row in rows)):
            record[field] = [_value(field, row[field]) for row in rows]
    return record


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, file)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"{file}: line {reader.line_num}: {len(cells)} cells for {len(header)} columns"
                )
            yield reader.line_num, {n: c.strip() for n, c in zip(header, cells, strict=True)}
    except csv.Error as error:
        raise DataError(f"{file}: line {reader.line_num}: not CSV: {error}") from error


def _check_header(header: list[str], file: Path) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise DataError(
            f"{file}: the header lacks {', '.join(missing)}: it must name {','.join(REQUIRED)} "
            f"and may name {', '.join(c for c in COLUMNS if c not in REQUIRED)}"
        )
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        raise DataError(f"{file}: unknown column {unknown[0]!r}: known are {', '.join(COLUMNS)}")
    if len(set(header)) < len(header):
        raise DataError(f"{file}: a column name stands twice in the header")


def _value(field: str, text: str) -> Any:
    """A cell's value; a text where it is no number, which `read_records` then reports."""
    if field not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if field != "subject" and _NUMBER.fullmatch(text):
        return float(text)
    return text
