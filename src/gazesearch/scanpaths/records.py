"""From records to `Scanpaths`: every record is checked, all faults are collected.

A record is a mapping with the JSON's field names. Files and frames of every format are brought to
records first, so that one set of rules, and one wording of faults, serves them all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, Fault, FaultyRecords
from gazesearch.scanpaths.columns import ABSENT, Columns, objects
from gazesearch.scanpaths.draws import with_draws
from gazesearch.scanpaths.frame import Described, describe
from gazesearch.scanpaths.info import DatasetInfo, DurationUnit, ScreenSize
from gazesearch.scanpaths.rules import FIXATION_FIELDS, Record, shape_faults, shown
from gazesearch.scanpaths.table import Scanpaths, offsets_of

LONGEST_S: Final = 600.0
LONGEST_PATH_S: Final = 3600.0
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
    sieve.drop(fault for row, record in enumerate(records) for fault in shape_faults(row, record))
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
                value=shown(records[row][field][at]),
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
            yield Fault(record=row, field="task", value=shown(record["task"]), mend=mend)
        for side, size in zip(("width", "height"), info.screen_size or (None, None), strict=True):
            if size is None:
                if side not in record:
                    mend = "is missing: the screen differs by record"
                    yield Fault(record=row, field=side, value="", mend=mend)
            elif side in record and record[side] != size:
                mend = f"differs from the frame {info.frame} of {info.name}"
                yield Fault(record=row, field=side, value=shown(record[side]), mend=mend)


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
                value="absent" if draw is ABSENT else shown(draw),
                mend=mend,
            )
        elif (key, draw) in first and not (predictions and draw is ABSENT):
            mend = f"has the name, task, subject and draw of record {first[key, draw]}: remove one"
            yield Fault(record=row, field="name", value=shown(record["name"]), mend=mend)
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
