"""`Scanpaths` to and from pymovements: fixations as precomputed events (extra `bridges`).

An event a fixation, named `fixation`, with `onset`, `offset` and `duration` in ms and its place
(x, y) in px as `location`; the trial column `trial` counts paths from 0. `duration_s` is the
duration to the last bit, which ms cannot always hold. Onsets are those of a path without gaps: how
long saccades lasted is in no table. Where a path has no durations, its times are null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from gazesearch.errors import DataError, first_line, require
from gazesearch.formats.left_out import kinds_of_numbers, say_left_out
from gazesearch.formats.path_columns import path_columns, table_in_seconds, with_columns
from gazesearch.scanpaths.info import DatasetInfo
from gazesearch.scanpaths.rules import Record
from gazesearch.scanpaths.table import Scanpaths
from gazesearch.scanpaths.written import milliseconds

ORIGIN: Final = "upper left"
_TIMES: Final = ("onset", "offset", "duration")
_SECONDS: Final = "duration_s"
_RESERVED: Final = ("name", "location", "trial", "image", *_TIMES, _SECONDS)
_EVENT: Final = "fixation"


def to_pymovements(paths: Scanpaths) -> tuple[Any, Any]:
    """A table as pymovements' `Events` and `Experiment`; what those do not hold is logged.

    The experiment says the screen in px and its origin, nothing of cm, distance or sampling, which
    no table knows. `events.frame.write_parquet(...)` keeps everything in a file.

    Raises:
        MissingExtra: pymovements is not installed.
        DataError: a path has no fixations, or the frame differs by path.
    """
    pymovements = require("pymovements", extra="bridges")
    polars = require("polars", extra="bridges")
    if (paths.lengths == 0).any():
        row = int((paths.lengths == 0).argmax())
        raise DataError(f"events cannot hold path {row}, which has no fixations: leave it out")
    if paths.info.screen_size is None:
        raise DataError("an experiment has one screen: bring the paths to one frame first")
    path = np.repeat(np.arange(len(paths)), paths.lengths)
    duration = milliseconds(paths.durations)
    times = np.nan_to_num(duration)
    offset = np.cumsum(times)
    before = (offset - times)[paths.offsets[:-1]] if len(paths) else np.zeros(0)
    onset = offset - times - before[path]
    timed = ~np.isnan(duration)

    def or_null(values: Any) -> Any:
        column = [v if t else None for v, t in zip(values.tolist(), timed.tolist(), strict=True)]
        return polars.Series(column, dtype=polars.Float64)

    columns = path_columns(paths, but=("name",), reserved=_RESERVED)
    frame = {
        "trial": path,
        "name": [_EVENT] * len(path),
        "onset": or_null(onset),
        "offset": or_null(onset + times),
        "duration": or_null(duration),
        _SECONDS: or_null(paths.durations),
        "location": paths.fixations[:, :2].tolist(),
        "image": paths.image[path].tolist(),
    }
    frame |= {name: [values[row] for row in path] for name, values in columns.items()}
    lost = (*kinds_of_numbers(paths), "the dataset's description beside the screen")
    say_left_out("Events", "pymovements", lost)
    width, height = paths.info.screen_size
    events = pymovements.Events(
        data=polars.DataFrame(frame, schema_overrides={"location": polars.List(polars.Float64)}),
        trial_columns=["trial"],
    )
    experiment = pymovements.Experiment(
        screen_width_px=int(width) if width == int(width) else width,
        screen_height_px=int(height) if height == int(height) else height,
        origin=ORIGIN,
    )
    return events, experiment


def from_pymovements(
    events: Any,
    experiment: Any = None,
    *,
    finding: str | None = None,
    dataset: str | DatasetInfo | None = None,
) -> Scanpaths:
    """A table from pymovements' events, with the checks of a file.

    Args:
        events: `Events` with the columns `location` (px) and `image`; paths are the trials of
            `events.trial_columns`, in order of appearance. Events that are no fixations are left
            out and logged.
        experiment: `Experiment` whose screen is the frame; its origin must be the upper left
            corner.
        finding: what was searched for, where no column `task` says it.
        dataset: as in `read_scanpaths`.

    Raises:
        DataError: a column is missing, frame or findings cannot be told, or the paths break the
            rules.
    """
    polars = require("polars", extra="bridges")
    source = "pymovements events"
    frame, trials = events.frame, list(events.trial_columns or ())
    missing = [name for name in ("location", "image") if name not in frame.columns]
    if missing or not trials:
        raise DataError(
            f"{source}: they lack {', '.join(missing) or 'trial columns'}: a path is the fixations "
            "of a trial, each with its location in px, and the image of them all"
        )
    if finding is None and not {"task", "task:json"} & set(frame.columns):
        raise DataError(f"{source}: what was searched for is not told: give finding")
    is_fixation = frame["name"] == _EVENT
    others = int((~is_fixation).sum())
    say_left_out(source, "Scanpaths", [f"{others} events that are no fixations"] * bool(others))
    grouped = frame.filter(is_fixation).group_by(trials, maintain_order=True).agg(polars.all())
    columns = {name: grouped[name].to_list() for name in grouped.columns}
    columns |= {name: [[value] for value in columns[name]] for name in trials}
    records: list[Record] = []
    for number in range(len(grouped)):
        where = f"{source}: trial {number}"
        located = columns["location"][number]
        if not all(isinstance(place, list) and len(place) == 2 for place in located):
            raise DataError(f"{where}: location must be (x, y) for every fixation")
        record: Record = {
            "name": _same(columns, "image", number, where),
            "X": [place[0] for place in located],
            "Y": [place[1] for place in located],
        }
        durations = _durations(columns, number)
        if any(duration is not None for duration in durations):
            record["T"] = durations
        records.append(record)
    fields = [name for name in grouped.columns if name not in _RESERVED]
    with_columns(
        records,
        {
            field: [
                _same(columns, field, number, f"{source}: trial {number}")
                for number in range(len(grouped))
            ]
            for field in fields
        },
        source=source,
    )
    for record in records:
        if finding is not None:
            record["task"] = finding
        for field in [field for field, value in record.items() if value is None]:
            del record[field]
    screen = None if experiment is None else _screen(experiment, source)
    return table_in_seconds(records, source=source, dataset=dataset, screen_size=screen)


def _durations(columns: Mapping[str, list[Any]], number: int) -> list[Any]:
    """Durations of a trial, s; null where there are none."""
    if _SECONDS in columns:
        return list(columns[_SECONDS][number])
    ms = columns["duration"][number]
    return [d / 1000 if isinstance(d, (int, float)) else d for d in ms]


def _same(columns: Mapping[str, list[Any]], column: str, number: int, where: str) -> Any:
    """The one value of a column within a trial."""
    values = columns[column][number]
    if any(value != values[0] for value in values):
        raise DataError(f"{where}: {column} changes within a trial")
    return values[0]


def _screen(experiment: Any, source: str) -> tuple[float, float]:
    screen = experiment.screen
    if screen.origin != ORIGIN:
        raise DataError(
            f"{source}: origin {screen.origin!r}: locations must count from the {ORIGIN} corner"
        )
    try:
        return float(screen.width_px), float(screen.height_px)
    except (TypeError, ValueError, AttributeError) as error:
        why = first_line(error)
        raise DataError(f"{source}: the experiment tells no screen in px: {why}") from error
