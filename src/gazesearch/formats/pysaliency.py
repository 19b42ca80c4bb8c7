"""`Scanpaths` to and from pysaliency's `FixationTrains` (extra `bridges`).

pysaliency numbers stimuli and people. Names of images are the scanpath attribute `image`; people
that are not whole numbers are named in `subject:json`; durations, in s, are the fixation attribute
`durations`. Times (`t`) count fixations, as in pysaliency's own COCO-Search18.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, require
from gazesearch.formats.left_out import kinds_of_numbers, say_left_out
from gazesearch.formats.path_columns import path_columns, table_in_seconds, with_columns
from gazesearch.scanpaths.info import DatasetInfo
from gazesearch.scanpaths.rules import Record
from gazesearch.scanpaths.table import Scanpaths

RESERVED: Final = (
    *("x", "y", "t", "n", "x_hist", "y_hist", "t_hist", "lengths", "subject", "subjects"),
    *("image", "duration", "durations", "duration_hist", "durations_hist", "scanpath_index"),
)
DURATIONS: Final = "durations"
MAPPING: Final = {DURATIONS: "duration"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Trains:
    """The content of pysaliency's scanpaths, n paths of up to k fixations.

    Attributes:
        x, y: (n, k) px; NaN after the end of a path.
        lengths: number of fixations of each path, (n,).
        stimulus, subject: their numbers, (n,).
        path_attributes: by name, one value a path.
        fixation_attributes: by name, (n, k).
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    lengths: NDArray[np.int64]
    stimulus: NDArray[np.int64]
    subject: NDArray[np.int64]
    path_attributes: Mapping[str, Sequence[Any]]
    fixation_attributes: Mapping[str, NDArray[np.float64]]


def trains_of(paths: Scanpaths, *, images: Sequence[str] | None = None) -> Trains:
    """A table as pysaliency counts it.

    Args:
        paths: the table.
        images: names in the order of the stimuli; None takes the table's, sorted.

    Raises:
        DataError: there is no fixation at all, or `images` lacks one.
    """
    if len(paths.fixations) == 0:
        raise DataError("pysaliency cannot hold a table without fixations")
    names = sorted(set(paths.image)) if images is None else list(images)
    number = {name: row for row, name in enumerate(names)}
    missing = next((name for name in paths.image if name not in number), None)
    if missing is not None:
        raise DataError(f"the stimuli lack the image {missing!r}: give all that the paths are on")
    lengths = paths.lengths
    there = np.arange(lengths.max()) < lengths[:, None]  # (n, k)
    x, y, durations = (np.full(there.shape, np.nan) for _ in range(3))
    for axis, rectangle in enumerate((x, y, durations)):
        rectangle[there] = paths.fixations[:, axis]
    columns = path_columns(paths, but=("name", "subject"), reserved=RESERVED)
    people = paths.subject.tolist()
    if all(type(who) is int and abs(who) < 2**63 for who in people):
        subject = people
    else:
        code = {who: row for row, who in enumerate(dict.fromkeys(people))}
        subject = [code[who] for who in people]
        named = path_columns(paths, reserved=("subject",)).get("subject:json")
        columns["subject:json"] = named or [""] * len(paths)
    timed = not np.isnan(durations).all()
    return Trains(
        x=x,
        y=y,
        lengths=lengths,
        stimulus=np.array([number[name] for name in paths.image], np.int64),
        subject=np.array(subject, np.int64),
        path_attributes={"image": paths.image.tolist(), **columns},
        fixation_attributes={DURATIONS: durations} if timed else {},
    )


def lost_of(paths: Scanpaths) -> tuple[str, ...]:
    """What pysaliency does not hold of a table, in words."""
    return kinds_of_numbers(paths)


def records_of(
    trains: Trains, *, source: str, images: Sequence[str] | None, finding: str | None
) -> list[Record]:
    """The records of a table, as a file's; fields of pysaliency's own are kept.

    Raises:
        DataError: images or findings cannot be told, or a stimulus has no name.
    """
    attributes = dict(trains.path_attributes)
    names = attributes.pop("image", None)
    if images is not None:
        if len(trains.stimulus) and not 0 <= trains.stimulus.min() <= trains.stimulus.max() < len(
            images
        ):
            raise DataError(f"{source}: a path is on a stimulus that is not there")
        names = [images[row] for row in trains.stimulus]
    if names is None:
        raise DataError(
            f"{source}: names of images are not told: give the stimuli, or put pysaliency's "
            "stimuli.hdf5 beside the file"
        )
    if finding is None and not {"task", "task:json"} & set(attributes):
        raise DataError(f"{source}: what was searched for is not told: give finding")
    records: list[Record] = []
    durations = trains.fixation_attributes.get(DURATIONS)
    for row, length in enumerate(trains.lengths.tolist()):
        record: Record = {"name": names[row]}
        if "subject:json" not in attributes:
            record["subject"] = int(trains.subject[row])
        record["X"] = trains.x[row, :length].tolist()
        record["Y"] = trains.y[row, :length].tolist()
        if durations is not None and not (length and np.isnan(durations[row, :length]).all()):
            record["T"] = durations[row, :length].tolist()
        records.append(record)
    with_columns(records, attributes, source=source)
    if finding is not None:
        for record in records:
            record["task"] = finding
    return records


def to_fixation_trains(paths: Scanpaths, *, stimuli: Any = None) -> Any:
    """A table as pysaliency's `FixationTrains`; what that does not hold is logged.

    Args:
        paths: the table; coordinates must count in px of the stimuli.
        stimuli: `pysaliency.Stimuli` with names (attribute `image`, or files), which tell the
            numbers of images; None numbers the table's images in the order of their names.

    Raises:
        MissingExtra: pysaliency is not installed.
        DataError: there is no fixation at all, or the stimuli lack an image.
    """
    pysaliency = require("pysaliency", extra="bridges")
    trains = trains_of(paths, images=None if stimuli is None else stimuli_names(stimuli))
    say_left_out("FixationTrains", "pysaliency", lost_of(paths))
    times = np.where(np.isnan(trains.x), np.nan, np.arange(trains.x.shape[1], dtype=np.float64))
    return pysaliency.FixationTrains(
        trains.x,
        trains.y,
        times,
        trains.stimulus,
        trains.subject,
        scanpath_attributes={k: np.array(v) for k, v in trains.path_attributes.items()},
        scanpath_fixation_attributes=dict(trains.fixation_attributes),
        scanpath_attribute_mapping={k: v for k, v in MAPPING.items() if trains.fixation_attributes},
    )


def from_fixation_trains(
    fixations: Any,
    *,
    stimuli: Any = None,
    finding: str | None = None,
    dataset: str | DatasetInfo | None = None,
) -> Scanpaths:
    """A table from pysaliency's `FixationTrains`, with the checks of a file.

    Args:
        fixations: the `FixationTrains`.
        stimuli: their stimuli, which tell names and sizes of the images; without, the attribute
            `image` names them and `dataset` gives the frame.
        finding: what was searched for, where no attribute `task` says it in words.
        dataset: as in `read_scanpaths`.

    Raises:
        DataError: names, findings or frame cannot be told, or the paths break the rules.
    """
    source = "FixationTrains"
    lengths = np.array(fixations.train_lengths, np.int64)
    trains = Trains(
        x=np.asarray(fixations.train_xs, np.float64),
        y=np.asarray(fixations.train_ys, np.float64),
        lengths=lengths,
        stimulus=np.asarray(fixations.train_ns, np.int64),
        subject=np.asarray(fixations.train_subjects, np.int64),
        path_attributes={
            name: [plain(value) for value in values]
            for name, values in fixations.scanpath_attributes.items()
        },
        fixation_attributes={
            name: np.asarray(values, np.float64)
            for name, values in fixations.scanpath_fixation_attributes.items()
        },
    )
    say_left_out(source, "Scanpaths", unknown_of(trains))
    images = None if stimuli is None else stimuli_names(stimuli)
    records = records_of(trains, source=source, images=images, finding=finding)
    if stimuli is not None and dataset is None:
        for record, number in zip(records, trains.stimulus.tolist(), strict=True):
            height, width = stimuli.sizes[number]
            record |= {"width": int(width), "height": int(height)}
    return table_in_seconds(records, source=source, dataset=dataset)


def unknown_of(trains: Trains) -> tuple[str, ...]:
    """Fixation attributes that a table has no place for."""
    return tuple(name for name in trains.fixation_attributes if name != DURATIONS)


def stimuli_names(stimuli: Any) -> list[str] | None:
    """Names of a pysaliency stimuli's images: attribute `image`, else file names, else None."""
    named = getattr(stimuli, "attributes", {}).get("image")
    if named is not None:
        return [str(plain(name)) for name in named]
    files = getattr(stimuli, "filenames", None)
    if files is not None:
        return [PurePath(file).name for file in files]
    names: list[str] = []
    for stimulus in getattr(stimuli, "stimulus_objects", []):  # of a part of other stimuli
        whole = getattr(stimulus, "stimuli", stimuli)
        known = None if whole is stimuli else stimuli_names(whole)
        if known is None:
            return None
        names.append(known[stimulus.index])
    return names or None


def plain(value: Any) -> Any:
    """A text where HDF5 gave bytes, a Python value where numpy gave its own."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
