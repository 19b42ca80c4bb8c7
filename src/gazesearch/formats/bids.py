"""BIDS folders of eye tracking: fixations as discrete events, no gaze samples.

| file | content |
|---|---|
| `dataset_description.json` | name, version of BIDS, this package's own description |
| `participants.tsv` | people as they are called in the table |
| `task-<label>_events.json` | the finding, and the screen: resolution, size, distance, origin |
| `sub-<label>/beh/*_physioevents.tsv.gz` and `.json` | a fixation a row; its columns |
| `sub-<label>/beh/*_events.tsv` | its header: when stimuli came is in no table |

Read in the page "Physiological recordings" of the specification. Onsets are those of a path without
gaps, from its own start: how long saccades lasted is in no table.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from gazesearch.errors import DataError, UnreadableFile
from gazesearch.files import MAX_SIZE, write_text
from gazesearch.formats.bids_files import (
    beneath,
    described,
    format_of,
    json_object,
    rows_of,
    value_of,
    write_rows,
    written,
)
from gazesearch.formats.left_out import say_left_out
from gazesearch.formats.path_columns import path_columns, table_in_seconds, with_columns
from gazesearch.scanpaths.info import DatasetInfo, known_dataset
from gazesearch.scanpaths.rules import Record
from gazesearch.scanpaths.table import Scanpaths

VERSION: Final = "1.10.1"
_EVENTS: Final = ("onset", "duration", "trial_type", "x_coordinate", "y_coordinate", "stim_file")
_TRIAL: Final = "trial_number"
_RESERVED: Final = (*_EVENTS, _TRIAL)
_NAME: Final = re.compile(r"sub-([A-Za-z0-9]+)(?:_[a-z]+-[A-Za-z0-9]+)*_physioevents\.tsv\.gz")
_TASK: Final = re.compile(r"_task-([A-Za-z0-9]+)_")
_TEXTS: Final = ("name", "task", "condition", "split")


def write_bids(
    paths: Scanpaths,
    folder: str | os.PathLike[str],
    *,
    screen_size_m: tuple[float, float] | None = None,
    screen_distance_m: float | None = None,
) -> None:
    """Write a table as a BIDS folder; what BIDS asks for or cannot hold is logged.

    Args:
        paths: the table.
        folder: where to; it must hold no `sub-*` yet, so that two tables never mix.
        screen_size_m: width and height of the screen, m. BIDS requires it, and no table knows it.
        screen_distance_m: from the eyes to the screen, m; likewise.

    Raises:
        DataError: a path has no fixations, for which no event could stand, or an image is called
            `n/a`; or the folder holds people already.
        UnreadableFile: the folder cannot be written.
    """
    root = Path(folder)
    if next(root.glob("sub-*"), None) is not None:
        raise DataError(f"{root}: already holds sub-*: write into a folder without any")
    if (paths.lengths == 0).any():
        row = int((paths.lengths == 0).argmax())
        raise DataError(
            f"{root}: BIDS cannot hold path {row}, which has no fixations: leave it out"
        )
    if "n/a" in paths.image:
        raise DataError(f"{root}: BIDS cannot hold the image name 'n/a', its word for none")
    lost = ["gaze samples (no _physio.tsv.gz, which BIDS wants beside events, so no OnsetSource)"]
    lost += ["when stimuli came"]
    lost += ["the screen's size in m"] * (screen_size_m is None)
    lost += ["the distance to the screen"] * (screen_distance_m is None)
    lost += ["which durations and coordinates were whole"] * bool(np.any(paths.integers))
    people = _labels(paths.subject.tolist())
    tasks = _labels(paths.finding.tolist())
    columns = path_columns(paths, but=("name", "task", "subject"), reserved=_RESERVED)
    write_text(
        root / "dataset_description.json",
        _json(
            {
                "Name": paths.info.name,
                "BIDSVersion": VERSION,
                "DatasetType": "derivative",
                "GeneratedBy": [{"Name": "gazesearch"}],
                "GazeSearch": json.loads(paths.info.to_json()),
            }
        ),
    )
    lines = ["participant_id\tsubject"]
    for who, label in people.items():
        lines.append(f"sub-{label}\t{'n/a' if who is None else json.dumps(who)}")
    write_text(root / "participants.tsv", "\n".join(lines) + "\n")
    for task, label in tasks.items():
        stimulus: dict[str, Any] = {"ScreenOrigin": ["top", "left"]}
        if paths.info.screen_size is not None:
            stimulus["ScreenResolution"] = list(paths.info.screen_size)
        if screen_size_m is not None:
            stimulus["ScreenSize"] = list(screen_size_m)
        if screen_distance_m is not None:
            stimulus["ScreenDistance"] = screen_distance_m
        write_text(
            root / f"task-{label}_events.json",
            _json({"TaskName": task, "StimulusPresentation": stimulus}),
        )
    keys = list(zip(paths.subject.tolist(), paths.finding.tolist(), strict=True))
    for who, task in dict.fromkeys(keys):
        subject = people[who]
        stem = f"sub-{subject}_task-{tasks[task]}_recording-eye1_physioevents"
        rows = [row for row, key in enumerate(keys) if key == (who, task)]
        write_rows(root / f"sub-{subject}" / "beh" / f"{stem}.tsv.gz", _lines(paths, rows, columns))
        write_text(root / f"sub-{subject}" / "beh" / f"{stem}.json", _json(_sidecar(columns)))
        # A validator takes the screen's JSON for lost where no events stand beside it.
        events = f"sub-{subject}_task-{tasks[task]}_events.tsv"
        write_text(root / f"sub-{subject}" / "beh" / events, "onset\tduration\n")
    say_left_out(root, "BIDS", lost)


def _labels(values: Sequence[Any]) -> dict[Any, str]:
    """A label of letters and digits for each value; equal ones are numbered."""
    labels: dict[Any, str] = {}
    for value in dict.fromkeys(values):
        text = "unknown" if value is None else str(value)
        label = re.sub(r"[^A-Za-z0-9]", "", text) or "x"
        taken = set(map(str.lower, labels.values()))  # a disk may not tell a from A
        number, unique = 1, label
        while unique.lower() in taken:
            number += 1
            unique = f"{label}x{number}"
        labels[value] = unique
    return labels


def _sidecar(columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    own = {
        "onset": "sum of the durations of the trial's earlier fixations; gaps are not known",
        "duration": "how long the fixation lasted",
        "trial_type": "fixation",
        "x_coordinate": "to the right of the screen's left side",
        "y_coordinate": "down from the screen's upper side",
        "stim_file": "image that was looked at",
        _TRIAL: "number of the scanpath in the dataset, from 1",
    }
    units = {"onset": "s", "duration": "s", "x_coordinate": "pixel", "y_coordinate": "pixel"}
    sidecar: dict[str, Any] = {
        "Columns": [*_EVENTS, _TRIAL, *columns],
        "Description": "Fixations of scanpaths, detected before; no gaze samples.",
    }
    for name, text in own.items():
        sidecar[name] = {"Description": text} | ({"Units": units[name]} if name in units else {})
    for name, values in columns.items():
        sidecar[name] = {"Description": "of the scanpath", "Format": format_of(values[0])}
    return sidecar


def _lines(
    paths: Scanpaths, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]
) -> list[list[str]]:
    lines = []
    for row in rows:
        kept = [written(values[row]) for values in columns.values()]
        onset: float | None = 0.0
        for x, y, duration in paths[row].fixations.tolist():
            timed = duration == duration
            cells = [onset if timed else None, duration if timed else None, "fixation", x, y]
            lines.append([*map(written, cells), paths.image[row], str(row + 1), *kept])
            onset = onset + duration if timed and onset is not None else None
    return lines


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2) + "\n"


def read_bids(
    folder: str | os.PathLike[str],
    *,
    dataset: str | DatasetInfo | None = None,
    max_size: int = MAX_SIZE,
) -> Scanpaths:
    """Read the fixations of a BIDS folder, with the checks of a file.

    A path is the fixations of a `trial_number`, else those in a row with one `stim_file`. Other
    events are left out and logged. Screen resolution, an origin at the top left, and coordinates in
    px must be told.

    Args:
        folder: the folder with `sub-*`.
        dataset: as in `read_scanpaths`; None takes the folder's own description, if it has one.
        max_size: largest file, bytes, unpacked.

    Raises:
        DataError: a file is not what it must be, has samples only, or the paths break the rules.
        UnreadableFile: there is no such folder, or no events in it.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UnreadableFile(f"{root}: no such folder")
    files = sorted(root.glob("sub-*/**/*_physioevents.tsv.gz"))
    if not files:
        samples = next(root.glob("sub-*/**/*_physio.tsv.gz"), None)
        also = " (its gaze samples need an event detector first)" if samples else ""
        raise UnreadableFile(f"{root}: no sub-*/**/*_physioevents.tsv.gz: no events to read{also}")
    about = root / "dataset_description.json"
    told = json_object(about, root) if about.exists() else {}
    if dataset is None and "GazeSearch" in told:
        dataset = DatasetInfo.from_json(json.dumps(told["GazeSearch"]), source=str(about))
    people = _people(root)
    found: list[tuple[float, Record]] = []
    others = 0
    for file in files:
        numbered, skipped = _read_events(beneath(file, root), root, people, max_size)
        found += numbered
        others += skipped
    if len({number for number, _ in found}) == len(found):  # the table's order, told by the trials
        found.sort(key=lambda pair: pair[0])
    say_left_out(root, "Scanpaths", [f"{others} events that are no fixations"] * bool(others))
    records = [record for _, record in found]
    framed = dataset is not None and known_dataset(dataset).screen_size is not None
    if framed and all("resolution" in record for record in records):
        told_sizes = {tuple(record["resolution"]) for record in records}
        size = known_dataset(dataset).screen_size  # type: ignore[arg-type]
        if told_sizes != {size}:
            raise DataError(
                f"{root}: ScreenResolution {sorted(told_sizes)} is not {size} of dataset"
            )
    for record in records:
        resolution = record.pop("resolution", None)
        if not framed and resolution is not None and "width" not in record:
            record |= dict(zip(("width", "height"), resolution, strict=True))
    return table_in_seconds(records, source=str(root), dataset=dataset)


def _people(root: Path) -> dict[str, Any]:
    """Subjects by their labels, from this package's column of `participants.tsv`."""
    file = root / "participants.tsv"
    if not file.exists():
        return {}
    header, *rows = rows_of(file, root, packed=False)
    if header[:1] != ["participant_id"] or "subject" not in header:
        return {}
    column = header.index("subject")
    people = {}
    for line, cells in enumerate(rows, start=2):
        if len(cells) != len(header):
            raise DataError(f"{file}: line {line}: {len(cells)} cells for {len(header)} columns")
        people[cells[0].removeprefix("sub-")] = value_of(cells[column], None, guess=True)
    return people


def _read_events(
    file: Path, root: Path, people: Mapping[str, Any], max_size: int
) -> tuple[list[tuple[float, Record]], int]:
    """The paths of a file, each with its trial's number, and how many events are no fixations."""
    match, task = _NAME.fullmatch(file.name), _TASK.search(file.name)
    if match is None or task is None:
        raise DataError(f"{file}: must be named sub-<label>_task-<label>_..._physioevents.tsv.gz")
    sidecar = described(file, root)
    names = sidecar.get("Columns")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{file}: its JSON lists no Columns, without which it cannot be read")
    missing = [
        n for n in ("trial_type", "x_coordinate", "y_coordinate", "stim_file") if n not in names
    ]
    if missing:
        raise DataError(
            f"{file}: it has no {', '.join(missing)}: fixations must have places and an image; "
            "with samples only, detect events first"
        )
    for axis in ("x_coordinate", "y_coordinate"):
        if (unit := _unit(sidecar, axis)) not in ("pixel", "pixels", "px"):
            raise DataError(f"{file}: {axis} counts in {unit!r}: must be pixel")
    seconds = {"None": 1.0, "s": 1.0, "ms": 1000.0}.get(str(_unit(sidecar, "duration")))
    if seconds is None:
        raise DataError(
            f"{file}: duration counts in {_unit(sidecar, 'duration')!r}: must be s or ms"
        )
    meta = _screen(root, file, task[1])
    records: list[tuple[float, Record]] = []
    key: tuple[Any, ...] | None = None
    skipped = 0
    kept = [name for name in names if name not in _RESERVED]
    for line, cells in enumerate(rows_of(file, root, packed=True, max_size=max_size), start=1):
        if len(cells) != len(names):
            raise DataError(f"{file}: line {line}: {len(cells)} cells for {len(names)} columns")
        row = dict(zip(names, cells, strict=True))
        if row["trial_type"] != "fixation":
            skipped += 1
            continue
        if row["stim_file"] == "n/a":
            raise DataError(f"{file}: line {line}: stim_file is n/a: on which image did it fall?")
        here = (row.get(_TRIAL), row["stim_file"])
        if here != key:
            key = here
            number = value_of(row.get(_TRIAL, "n/a"), "number")
            record: Record = {
                "name": row["stim_file"],
                **meta,
                "X": [],
                "Y": [],
                "T": [],
            }
            who = people.get(match[1], match[1])
            fields = {n: [value_of(row[n], (sidecar.get(n) or {}).get("Format"))] for n in kept}
            with_columns(
                [record], {f: v for f, v in fields.items() if v[0] is not None}, source=str(file)
            )
            if who is not None:
                record.setdefault("subject", who)
            sort = number if isinstance(number, (int, float)) else float(len(records))
            records.append((float(sort), record))
        record = records[-1][1]
        for field, name, per in (
            ("X", "x_coordinate", 1.0),
            ("Y", "y_coordinate", 1.0),
            ("T", "duration", seconds),
        ):
            value = value_of(row.get(name, "n/a"), "number")
            record[field].append(value / per if isinstance(value, float) and per != 1 else value)
    for _, record in records:
        if all(value is None for value in record["T"]):
            del record["T"]
    return records, skipped


def _unit(sidecar: Mapping[str, Any], column: str) -> Any:
    about = sidecar.get(column)
    return about.get("Units") if isinstance(about, dict) else None


def _screen(root: Path, file: Path, task: str) -> dict[str, Any]:
    """Task and screen, from the events' JSON of the task."""
    events = described(file, root, suffix="events")
    stimulus = events.get("StimulusPresentation")
    if not isinstance(stimulus, dict):
        raise DataError(f"{file}: no StimulusPresentation in task-{task}_events.json: the screen")
    origin = stimulus.get("ScreenOrigin")
    if origin != ["top", "left"]:
        raise DataError(f"{file}: ScreenOrigin {origin!r}: must be ['top', 'left']")
    found: dict[str, Any] = {"task": events.get("TaskName", task)}
    resolution = stimulus.get("ScreenResolution")
    if resolution is not None:
        sides = resolution if isinstance(resolution, list) else []
        if len(sides) != 2 or not all(type(v) in (int, float) and 0 < v < 1e9 for v in sides):
            raise DataError(f"{file}: ScreenResolution {resolution!r}: must be [width, height], px")
        found["resolution"] = sides
    return found
