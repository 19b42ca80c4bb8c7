"""Rules of a single record, before any of its numbers is looked at: fields, types, lengths."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from gazesearch.errors import Fault

Record = dict[str, Any]
FIXATION_FIELDS: Final = ("X", "Y", "T")
SPLITS: Final = ("train", "valid", "test")
MOST_FIXATIONS: Final = 5000
"""Raw gaze samples read as fixations would make tables of pairs that fill the memory."""


def _is_text(value: Any) -> bool:
    return type(value) is str and value != "" and value.isprintable()


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300


def _is_box(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) == 4
        and all(map(_is_number, value))
        and min(value[2:]) >= 0
    )


_RULES: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "name": (_is_text, "must be the image's file name, a printable text"),
    "task": (_is_text, "must be what was searched for, a printable text"),
    "subject": (
        lambda v: (type(v) is int and abs(v) < 2**63) or _is_text(v),
        "must be a whole number or a text",
    ),
    "draw": (lambda v: type(v) is int and 0 <= v < 2**63, "must be a whole number from 0 up"),
    "condition": (_is_text, "must be a text, as `present`"),
    "split": (lambda v: v in SPLITS, f"must be one of {', '.join(SPLITS)}"),
    "bbox": (_is_box, "must be [x, y, width, height], px, no side below 0"),
    "length": (lambda v: type(v) is int, "must be the number of fixations"),
    "fixOnTarget": (lambda v: v in (0, 1) and type(v) in (bool, int), "must be true or false"),
    "correct": (lambda v: v in (0, 1) and type(v) in (bool, int), "must be 1 or 0"),
    "width": (lambda v: _is_number(v) and v > 0, "must be the screen's width, px, above 0"),
    "height": (lambda v: _is_number(v) and v > 0, "must be the screen's height, px, above 0"),
}


def shape_faults(row: int, record: Any) -> Iterator[Fault]:
    """Faults of types and lengths: what stops a record from being put into columns."""

    def fault(field: str | None, value: Any, mend: str) -> Fault:
        return Fault(record=row, field=field, value=shown(value), mend=mend)

    if type(record) is not dict:
        yield fault(None, record, "must be an object with fields name, task, X, Y")
        return
    for field in ("name", "task", "X", "Y"):
        if field not in record:
            yield Fault(record=row, field=field, value="", mend="is missing: every record needs it")
    for field, value in record.items():
        if field in FIXATION_FIELDS:
            if not isinstance(value, (list, tuple)):
                yield fault(field, value, "must be a list of numbers, one a fixation")
            elif not set(map(type, value)) <= {int, float}:
                place = next(i for i, v in enumerate(value) if type(v) not in (int, float))
                yield fault(f"{field}[{place}]", value[place], "must be a number")
        elif field in _RULES:
            holds, mend = _RULES[field]
            if not holds(value):
                yield fault(field, value, mend)
        elif field == "" or "\0" in field:  # no column of a frame can have such a name
            yield fault(_named(field), value, "must have a name without zero bytes")
        elif not _is_json(value) or not _is_json(field):
            yield fault(_named(field), value, "must be plain, finite JSON text or numbers")
    lists = {f: record[f] for f in FIXATION_FIELDS if isinstance(record.get(f), (list, tuple))}
    lengths = {field: len(value) for field, value in lists.items()}
    if max(lengths.values(), default=0) > MOST_FIXATIONS:
        mend = f"is over {MOST_FIXATIONS} fixations: are these gaze samples? detect fixations first"
        yield Fault(record=row, field="X, Y, T", value=str(max(lengths.values())), mend=mend)
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{field} has {n}" for field, n in lengths.items())
        yield Fault(record=row, field="X, Y, T", value=said, mend="must have equal lengths")
    elif lengths and type(record.get("length")) is int and record["length"] not in lengths.values():
        yield fault("length", record["length"], f"must be {min(lengths.values())}, as X has")


def _is_json(value: Any, depth: int = 0) -> bool:
    """Whether a value can be written as strict JSON in UTF-8 and read back the same."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)
    if value is None or type(value) is bool:
        return True
    if type(value) is int:
        return value.bit_length() <= 1024
    if type(value) is float:
        return math.isfinite(value)
    if depth > 50:
        return False
    if type(value) is dict:
        return all(type(k) is str and _is_json([k, v], depth) for k, v in value.items())
    return isinstance(value, (list, tuple)) and all(_is_json(v, depth + 1) for v in value)


def shown(value: Any) -> str:
    """A value as a message shows it: short and printable."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        text = type(value).__name__
    text = text.encode("ascii", "backslashreplace").decode()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _named(field: Any) -> str:
    """A field's name as it is, or as a value is shown where it would spoil the line."""
    plain = type(field) is str and field.isprintable() and 0 < len(field) <= 60
    return field if plain else shown(field)
