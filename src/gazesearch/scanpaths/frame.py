"""Which dataset, frame and unit of durations records have: told, read off, or refused.

A guess is made only where fields and tasks leave no doubt, and is reported as a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from gazesearch.errors import DataError
from gazesearch.scanpaths.info import (
    COCO_SEARCH18,
    GAZESEARCH,
    OSIE,
    DatasetInfo,
    DurationUnit,
    ScreenSize,
    known_dataset,
)
from gazesearch.scanpaths.rules import Record

MS_ABOVE: Final = 10.0
S_BELOW: Final = 60.0
_OSIE_NAME: Final = re.compile(r"1[0-6]\d\d\.jpg|1700\.jpg")


@dataclass(frozen=True, kw_only=True)
class Described:
    """A dataset's description, and how it was come by."""

    info: DatasetInfo
    notes: tuple[str, ...] = ()


def describe(
    records: Sequence[Record],
    *,
    source: str,
    dataset: str | DatasetInfo | None,
    screen_size: ScreenSize | None,
    duration_unit: DurationUnit | None,
    predictions: bool,
) -> Described:
    """Tell what the records' coordinates and durations count in.

    Args:
        records: records whose types and lengths are already checked.
        source: name of the file, for messages.
        dataset: a known name or a description; None to guess.
        screen_size: (width, height) px; wins over the dataset's.
        duration_unit: wins over the dataset's and over the guess.
        predictions: a frame and unit of the records' own win over the dataset's.

    Raises:
        DataError: frame or unit cannot be told, or the durations contradict the dataset's unit.
    """
    notes: list[str] = []
    framed = [record for record in records if "width" in record and "height" in record]
    if dataset is not None:
        info = known_dataset(dataset)
    else:
        info = _guess(records, screen_size)
        if info.name != "unnamed":
            notes.append(f"read as {info.name} ({info.frame}), guessed from fields and tasks")
        else:
            notes.append("of no known dataset: tasks are not checked, paths are used as recorded")
    if screen_size is not None:
        info = replace(info, screen_size=(screen_size[0], screen_size[1]))
    elif framed and len(framed) == len(records) and (predictions or info.screen_size is None):
        info = replace(info, screen_size=_common_size(framed))
    elif info.screen_size is None and not framed and (records or dataset is None):
        raise DataError(
            f"{source}: the screen size cannot be told from {len(records)} records: give dataset "
            "or screen_size, or put width and height on every record"
        )
    told = info.duration_unit if dataset is not None and not predictions else None
    unit = duration_unit or _unit(records, info, source=source, told=told, predictions=predictions)
    return Described(info=replace(info, duration_unit=unit), notes=tuple(notes))


def _guess(records: Sequence[Record], screen_size: ScreenSize | None) -> DatasetInfo:
    """The known dataset that the records leave no doubt of, if every frame that is told agrees."""
    found = _known_by_content(records)
    framed = (record for record in records if "width" in record or "height" in record)
    told = {(record.get("width"), record.get("height")) for record in framed}
    if screen_size is not None:
        told = {(screen_size[0], screen_size[1])}
    return found if told <= {found.screen_size} else DatasetInfo(name="unnamed")


def _known_by_content(records: Sequence[Record]) -> DatasetInfo:
    """The one known dataset whose tasks and frame most records have, else an unnamed one.

    Most, not all: the others are then reported as faults of that dataset, one by one.
    """
    unnamed = DatasetInfo(name="unnamed")
    if not records:
        return unnamed
    if _mostly(record["task"] in (GAZESEARCH.tasks or ()) for record in records):
        return GAZESEARCH if _mostly_within(records, 224, 224) else unnamed
    if _mostly(record["task"] in (COCO_SEARCH18.tasks or ()) for record in records):
        # COCO-Search18 is also handed round in 512 x 320, off which a few fixations lie: only many
        # large coordinates leave no doubt.
        large = _share(x >= 512 for record in records for x in record["X"]) > 0.1
        return COCO_SEARCH18 if large and _mostly_within(records, 1680, 1050) else unnamed
    if all(_OSIE_NAME.fullmatch(record["name"]) for record in records):
        # OSIE's own frame is 800 x 600: fixations that reach far but stay in 400 x 300 are ours.
        reach = max((x for record in records for x in record["X"]), default=0)
        freeview = _mostly(record["task"] == "freeview" for record in records)
        return OSIE if freeview and reach > 200 and _mostly_within(records, 400, 300) else unnamed
    return unnamed


def _share(holds: Iterator[bool]) -> float:
    found = list(holds)
    return sum(found) / max(1, len(found))


def _mostly(holds: Iterator[bool]) -> bool:
    return _share(holds) > 0.5


def _mostly_within(records: Sequence[Record], width: float, height: float) -> bool:
    points = ((x, y) for r in records for x, y in zip(r["X"], r["Y"], strict=True))
    return _mostly(0 <= x < width and 0 <= y < height for x, y in points)


def _common_size(framed: Sequence[Record]) -> ScreenSize | None:
    sizes = {(record["width"], record["height"]) for record in framed}
    return sizes.pop() if len(sizes) == 1 else None


def _unit(
    records: Sequence[Record],
    info: DatasetInfo,
    *,
    source: str,
    told: DurationUnit | None,
    predictions: bool,
) -> DurationUnit | None:
    """Unit of `T` by magnitude: ms if the median is over 10, s if under 10 and all are under 60."""
    durations = np.fromiter(_durations(records), np.float64)
    if len(durations) == 0:
        return info.duration_unit if any("T" in record for record in records) else None
    median, longest = float(np.median(durations)), float(durations.max())
    found: DurationUnit | None = None
    if median > MS_ABOVE:
        found = "ms"
    elif median < MS_ABOVE and longest < S_BELOW:
        found = "s"
    if found is None:
        if told is not None:
            return told
        row = max(range(len(records)), key=lambda r: max(_durations(records[r : r + 1]), default=0))
        raise DataError(
            f"{source}: T may count in s or in ms (median {median:g}, largest {longest:g} in "
            f"record {row}): give duration_unit"
        )
    if not predictions and info.duration_unit not in (None, found):
        raise DataError(
            f"{source}: T looks like {found} (median {median:g}), but {info.name} counts in "
            f"{info.duration_unit}: give duration_unit if that is so"
        )
    return found


def _durations(records: Sequence[Record]) -> Iterator[float]:
    for record in records:
        for value in record.get("T", ()):
            if 0 <= value <= 1e300:  # the others are faults, reported as such
                yield float(value)
