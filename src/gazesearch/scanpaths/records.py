"""From records to `Scanpaths`: every record is checked, all faults are collected.

A record is a mapping with the JSON's field names. Files and frames of every format are brought to
records first, so that one set of rules, and one wording of faults, serves them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, Fault, FaultyRecords
from gazesearch.scanpaths.columns import ABSENT, Columns, objects
from gazesearch.scanpaths.draws import with_draws
from gazesearch.scanpaths.frame import Described, describe
from gazesearch.scanpaths.info import DatasetInfo, DurationUnit, ScreenSize
from gazesearch.scanpaths.table import Scanpaths, offsets_of

Record = dict[str, Any]
FIXATION_FIELDS: Final = ("X", "Y", "T")
SPLITS: Final = ("train", "valid", "test")
LONGEST_S: Final = 600.0
LONGEST_PATH_S: Final = 3600.0
MOST_FIXATIONS: Final = 5000
"""Raw gaze samples read as fixations would make tables of pairs that fill the memory."""
FARTHEST_SCREENS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What came of reading records.

    Attributes:
        scanpaths: the table.
        dropped: faults of records that were left out (`lenient=True` only).
        notes: what a user should know, a sentence each: guesses, kept off-screen fixations, ...
        duplicated: predictions beyond the first with equal image, finding and subject, which were
            numbered as draws.
        off_screen: fixations off the screen that were kept.
    """

    scanpaths: Scanpaths
    dropped: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    duplicated: int = 0
    off_screen: int = 0


def read_records(
    records: Sequence[Any],
    *,
    source: str,
    dataset: str | DatasetInfo | None = None,
    screen_size: ScreenSize | None = None,
    duration_unit: DurationUnit | None = None,
    predictions: bool = False,
    lenient: bool = False,
) -> Reading:
    """Check records and gather them into a table.

    Args:
        records: what should be mappings with the JSON's field names.
        source: name of the file or frame, for messages.
        dataset, screen_size, duration_unit: as in `read_scanpaths`.
        predictions: the records come from a model: equal keys without `draw` are draws, a frame of
            their own wins over the dataset's, and durations may count in another unit.
        lenient: drop faulty records instead of refusing the file.

    Raises:
        FaultyRecords: records break the rules.
        DataError: frame or unit of durations cannot be told.
    """
    sieve = _Sieve(records)
    sieve.drop(fault for row, record in enumerate(records) for fault in _shape_faults(row, record))
    try:
        described = describe(
            sieve.records,
            source=source,
            dataset=dataset,
            screen_size=screen_size,
            duration_unit=duration_unit,
            predictions=predictions,
        )
    except DataError as error:
        # Where records are faulty, that is the likelier cause: say it rather than what follows.
        raise (FaultyRecords(source, sieve.faults) if sieve.faults else error) from None
    rows = _flatten(sieve.records, described.info.duration_unit)
    sieve.drop(_value_faults(sieve.records, rows, described.info))
    sieve.drop(_key_faults(sieve.records, predictions))
    faults = sorted(sieve.faults, key=lambda fault: fault.record or 0)
    if faults and not lenient:
        raise FaultyRecords(source, faults)
    if len(rows.lengths) > len(sieve.records):
        rows = _flatten(sieve.records, described.info.duration_unit)
    return _reading(sieve.records, rows, described, dropped=faults, predictions=predictions)


class _Sieve:
    """The records without the faulty ones, and the faults by their numbers in the file."""

    def __init__(self, records: Sequence[Any]) -> None:
        self.records: list[Record] = list(records)
        self.numbers = list(range(len(records)))
        self.faults: list[Fault] = []

    def drop(self, faults: Iterable[Fault]) -> None:
        """Note faults, whose `record` counts in `self.records`, and leave those records out."""
        found = list(faults)
        if not found:
            return
        faulty = {fault.record for fault in found}
        self.faults += [replace(f, record=self.numbers[f.record or 0]) for f in found]
        keep = [row for row in range(len(self.records)) if row not in faulty]
        self.records = [self.records[row] for row in keep]
        self.numbers = [self.numbers[row] for row in keep]


# -- rules of a single record, before any number is looked at


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


def _shape_faults(row: int, record: Any) -> Iterator[Fault]:
    """Faults of types and lengths: what stops a record from being put into columns."""

    def fault(field: str | None, value: Any, mend: str) -> Fault:
        return Fault(record=row, field=field, value=_shown(value), mend=mend)

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


def _shown(value: Any) -> str:
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
    return field if plain else _shown(field)


# -- rules of numbers, keys and the dataset


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """All fixations, flat: as in the file, in s, and which were integers."""

    fixations: NDArray[np.float64]
    integers: NDArray[np.bool_]
    lengths: NDArray[np.int64]


def _flatten(records: Sequence[Record], unit: DurationUnit | None) -> _Rows:
    lengths = np.array([len(record["X"]) for record in records], dtype=np.int64)
    total = int(lengths.sum())
    fixations = np.full((total, 3), np.nan)
    integers = np.zeros((total, 3), dtype=np.bool_)
    for axis, field in enumerate(FIXATION_FIELDS):
        there = np.repeat(_having(records, field), lengths)
        values = [value for record in records for value in record.get(field, ())]
        kinds = np.fromiter((type(value) is int for value in values), np.bool_, len(values))
        large = [i for i in np.flatnonzero(kinds) if abs(values[i]) > 2**53]
        for place in large:  # would not survive the way through float64
            values[place] = math.inf
        integers[there, axis] = kinds
        fixations[there, axis] = values
    if unit == "ms":
        fixations[:, 2] /= 1000
    return _Rows(fixations=fixations, integers=integers, lengths=lengths)


def _having(records: Sequence[Record], field: str) -> NDArray[np.bool_]:
    return np.array([field in record for record in records], dtype=np.bool_)


def _value_faults(records: Sequence[Record], rows: _Rows, info: DatasetInfo) -> Iterator[Fault]:
    path = np.repeat(np.arange(len(records)), rows.lengths)
    place = np.arange(len(path)) - offsets_of(rows.lengths)[path]
    sizes = _screen_sizes(records, info)[path]
    x_y, durations = rows.fixations[:, :2], rows.fixations[:, 2]
    timed = np.repeat(_having(records, "T"), rows.lengths)
    off = (x_y < 0) | (x_y >= sizes)
    far = (x_y < -FARTHEST_SCREENS * sizes) | (x_y > FARTHEST_SCREENS * sizes)

    def faults(mask: NDArray[np.bool_], field: str, mend: str) -> Iterator[Fault]:
        for i in np.flatnonzero(mask):
            row, at = int(path[i]), int(place[i])
            yield Fault(
                record=row,
                field=f"{field}[{at}]",
                value=_shown(records[row][field][at]),
                mend=mend.format(size="{:g} x {:g}".format(*sizes[i])),
            )

    for axis, field in enumerate("XY"):
        finite = np.isfinite(x_y[:, axis])
        yield from faults(~finite, field, "must be a finite number, exact in float64")
        if info.outside == "refuse":
            yield from faults(
                finite & off[:, axis], field, "is off the screen of {size} px: check the frame"
            )
        else:
            yield from faults(finite & far[:, axis], field, "is over ten screens of {size} px away")
    finite = np.isfinite(durations)
    yield from faults(timed & ~finite, "T", "must be a finite number")
    yield from faults(timed & finite & (durations < 0), "T", "is negative: a duration is 0 or more")
    yield from faults(
        timed & finite & (durations > LONGEST_S), "T", "is over ten minutes: check duration_unit"
    )
    totals = np.bincount(path, weights=np.where(finite, durations, 0), minlength=len(records))
    for long in np.flatnonzero(totals > LONGEST_PATH_S).tolist():
        mend = "is how long the path lasts, over an hour: check duration_unit"
        yield Fault(record=long, field="T", value=f"{totals[long]:g} s", mend=mend)
    for row, record in enumerate(records):
        if info.tasks is not None and record["task"] not in info.tasks:
            mend = f"is no task of {info.name}, which has: {', '.join(info.tasks)}"
            yield Fault(record=row, field="task", value=_shown(record["task"]), mend=mend)
        for side, size in zip(("width", "height"), info.screen_size or (None, None), strict=True):
            if size is None:
                if side not in record:
                    mend = "is missing: the screen differs by record"
                    yield Fault(record=row, field=side, value="", mend=mend)
            elif side in record and record[side] != size:
                mend = f"differs from the frame {info.frame} of {info.name}"
                yield Fault(record=row, field=side, value=_shown(record[side]), mend=mend)


def _screen_sizes(records: Sequence[Record], info: DatasetInfo) -> NDArray[np.float64]:
    if info.screen_size is not None:
        return np.broadcast_to(np.array(info.screen_size, np.float64), (len(records), 2))
    nan = math.nan  # where a side is missing, which is a fault of its own
    sides = [(record.get("width", nan), record.get("height", nan)) for record in records]
    return np.array(sides, dtype=np.float64).reshape(-1, 2)


def _key(record: Record) -> tuple[Any, ...]:
    return (record["name"], record["task"], record.get("subject", ABSENT))


def _key_faults(records: Sequence[Record], predictions: bool) -> Iterator[Fault]:
    """Records that are the same one twice; equal predictions without `draw` are draws instead."""
    first: dict[tuple[Any, ...], int] = {}
    numbered: dict[tuple[Any, ...], bool] = {}
    for row, record in enumerate(records):
        key, draw = _key(record), record.get("draw", ABSENT)
        if numbered.setdefault(key, draw is not ABSENT) != (draw is not ABSENT):
            mend = "must stand on all records of the same name, task and subject, or on none"
            yield Fault(
                record=row,
                field="draw",
                value="absent" if draw is ABSENT else _shown(draw),
                mend=mend,
            )
        elif (key, draw) in first and not (predictions and draw is ABSENT):
            mend = f"has the name, task, subject and draw of record {first[key, draw]}: remove one"
            yield Fault(record=row, field="name", value=_shown(record["name"]), mend=mend)
        else:
            first.setdefault((key, draw), row)


# -- the result


def _reading(
    records: Sequence[Record],
    rows: _Rows,
    described: Described,
    *,
    dropped: Sequence[Fault],
    predictions: bool,
) -> Reading:
    fields = tuple(dict.fromkeys(field for record in records for field in record))
    columns = {
        field: objects(_frozen(record.get(field, ABSENT)) for record in records)
        for field in fields
        if field not in FIXATION_FIELDS
    }
    for field in ("name", "task"):  # there are none where no record is left
        columns.setdefault(field, objects(()))
    paths = Scanpaths(
        rows.fixations,
        offsets_of(rows.lengths),
        columns=Columns(columns, len(records)),
        info=described.info,
        fields=fields,
        integers=rows.integers,
    )
    notes, duplicated = list(described.notes), 0
    if predictions:
        paths, duplicated = with_draws(paths)
    if duplicated:
        notes.append(
            f"{duplicated} records repeat the image, finding and subject of an earlier one: "
            "numbered as draws"
        )
    sizes = np.repeat(paths.screen_sizes, paths.lengths, axis=0)
    x_y = paths.fixations[:, :2]
    off_screen = int(((x_y < 0) | (x_y >= sizes)).any(axis=1).sum())
    if off_screen:
        notes.append(f"{off_screen} fixations lie off the screen and were kept")
    if dropped:
        notes.append(f"{len({fault.record for fault in dropped})} faulty records were dropped")
    return Reading(
        scanpaths=paths,
        dropped=tuple(dropped),
        notes=tuple(notes),
        duplicated=duplicated,
        off_screen=off_screen,
    )


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
