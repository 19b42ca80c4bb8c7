"""GazeSearch JSON, which COCO-Search18 and OSIE share: a list of records, one a scanpath."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from gazesearch.errors import DataError
from gazesearch.files import written_whole
from gazesearch.scanpaths.table import Scanpaths
from gazesearch.scanpaths.written import written_records

_SPACE: Final = re.compile(r"[ \t\r\n]*")


def read(file: Path) -> tuple[list[Any], None]:
    """The records of a JSON file; it holds no description of its dataset.

    Raises:
        DataError: it is not UTF-8 or not a JSON list.
    """
    return list(_records(_text(file), file)), None


def write(parts: Iterable[Scanpaths], file: Path) -> tuple[str, ...]:
    """Write tables as one JSON file, a record a line. Everything is kept."""
    with written_whole(file) as temporary, temporary.open("w", encoding="utf-8") as out:
        out.write("[")
        records = (record for paths in parts for record in written_records(paths))
        for row, record in enumerate(records):
            out.write(",\n" if row else "\n")
            out.write(json.dumps(record, allow_nan=False))
        out.write("\n]\n")
    return ()


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from error


def _records(text: str, file: Path) -> Iterator[Any]:
    """The elements of a JSON list, one by one, so that a syntax error can name its record."""
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise DataError(f"{file}: must be a JSON list of records: [{{...}}, ...]")
    at, row = _skip(text, at + 1), 0
    while text[at : at + 1] != "]" or row:
        try:
            record, at = decoder.raw_decode(text, at)
        except RecursionError:
            raise DataError(f"{file}: record {row}: is nested too deeply") from None
        except (ValueError, _RepeatedField) as error:
            raise DataError(f"{file}: record {row}: {_reason(error, text)}") from None
        yield record
        row, at = row + 1, _skip(text, at)
        mark = text[at : at + 1]
        if mark == "]":
            break
        if mark != ",":
            where = _place(text, at)
            raise DataError(f"{file}: after record {row - 1}: expected , or ] at {where}")
        at = _skip(text, at + 1)
    if text[at + 1 :].strip(" \t\r\n"):
        raise DataError(f"{file}: text follows the list at {_place(text, at + 1)}")


class _RepeatedField(Exception):
    """A JSON object names a field twice: which value is meant cannot be told."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise _RepeatedField(next(name for name, count in counts.items() if count > 1))
    return record


def _reason(error: Exception, text: str) -> str:
    if isinstance(error, _RepeatedField):
        return f"field {str(error)[:40]!r} stands twice: remove one"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg.removesuffix(' at')} at {_place(text, error.pos)}"
    return "a number has too many digits"


def _place(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
