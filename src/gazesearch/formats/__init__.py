"""Reading and writing files of scanpaths; reading is validating.

| ending | layout |
|---|---|
| `.json` | GazeSearch, COCO-Search18, OSIE: a list of records |
| `.parquet` | the same fields, one row a record, `X`, `Y`, `T` as lists |
| `.csv` | one fixation a row, `name,task,X,Y` and a few optional columns |
| `.hdf5`, `.h5` | scanpaths of pysaliency |

`formats.bids` reads and writes BIDS folders; `formats.pysaliency` and `formats.pymovements` turn
tables into the objects of those packages and back.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

from gazesearch.errors import FAULTS_SHOWN, BadSetting, UnknownName
from gazesearch.files import MAX_SIZE, readable
from gazesearch.formats import csv, gazesearch_json, parquet, pysaliency_hdf5
from gazesearch.formats.description import described_beside
from gazesearch.formats.left_out import say_left_out
from gazesearch.scanpaths.info import DatasetInfo, DurationUnit, ScreenSize, known_dataset
from gazesearch.scanpaths.records import Reading, read_records
from gazesearch.scanpaths.table import Scanpaths

__all__ = [
    "Reading",
    "read_file",
    "read_scanpaths",
    "refuse_unknown_ending",
    "write_parts",
    "write_scanpaths",
]

_logger = logging.getLogger("gazesearch")


def read_scanpaths(
    path: str | os.PathLike[str],
    *,
    dataset: str | DatasetInfo | None = None,
    screen_size: ScreenSize | None = None,
    duration_unit: DurationUnit | None = None,
    predictions: bool = False,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
) -> Scanpaths:
    """Read and check a file of scanpaths.

    Args:
        path: a `.json`, `.parquet`, `.csv` or `.hdf5` file.
        dataset: "gazesearch", "coco_search18", "osie", or a `DatasetInfo`; None takes what stands
            in a `dataset.json` beside its folder or in the file, else guesses where fields and
            tasks leave no doubt.
        screen_size: (width, height) px of the frame, where the dataset does not say.
        duration_unit: "s" or "ms"; None tells it from the durations' magnitude.
        predictions: the file comes from a model: records with equal image, finding and subject are
            draws, not faults.
        lenient: leave faulty records out instead of refusing the file; they are logged.
        max_size: largest file that is read, bytes.

    Returns:
        The table. What a user should know (guesses, kept off-screen fixations, dropped records) is
        logged to the logger `gazesearch`; `formats.read_file` returns it instead.

    Raises:
        FaultyRecords: records break the rules; every fault names record, field, value and mend.
        DataError: the file is not of its format, or frame or unit cannot be told.
        UnreadableFile: the file is absent or too large.
    """
    reading = read_file(
        path,
        dataset=dataset,
        screen_size=screen_size,
        duration_unit=duration_unit,
        predictions=predictions,
        lenient=lenient,
        max_size=max_size,
    )
    for note in reading.notes:
        _logger.info("%s: %s", path, note)
    for fault in reading.dropped[:FAULTS_SHOWN]:
        _logger.warning("%s: dropped %s", path, fault)
    return reading.scanpaths


def read_file(
    path: str | os.PathLike[str],
    *,
    dataset: str | DatasetInfo | None = None,
    screen_size: ScreenSize | None = None,
    duration_unit: DurationUnit | None = None,
    predictions: bool = False,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
) -> Reading:
    """As `read_scanpaths`, with the notes, the dropped faults and the counts beside the table."""
    if duration_unit not in (None, "s", "ms"):
        raise BadSetting(f"duration_unit {duration_unit!r}: must be s or ms")
    file = readable(path, max_size=max_size)
    records, described = _format(file).read(file)
    if dataset is None:
        dataset = described_beside(file)
    if dataset is None and described is not None:
        # What a file says of itself needs no confirmation by the magnitude of its durations.
        dataset, duration_unit = described, duration_unit or described.duration_unit
    elif dataset is not None and predictions and described is not None:
        # Predictions are read as their references' dataset, but in the frame that they state.
        dataset = replace(known_dataset(dataset), screen_size=described.screen_size)
        duration_unit = duration_unit or described.duration_unit
    return read_records(
        records,
        source=str(file),
        dataset=dataset,
        screen_size=screen_size,
        duration_unit=duration_unit,
        predictions=predictions,
        lenient=lenient,
    )


def write_scanpaths(paths: Scanpaths, path: str | os.PathLike[str]) -> None:
    """Write a table in the format of the file's ending; whole or not at all.

    JSON and Parquet hold everything. CSV holds no target boxes and no unknown fields, HDF5 not
    which numbers were whole: what is left out is logged.

    Raises:
        DataError: the format cannot hold a path (CSV: a path without fixations).
        MissingExtra: HDF5 needs h5py, which is not installed.
        UnreadableFile: the file cannot be written.
    """
    write_parts([paths], path)


def write_parts(parts: Iterable[Scanpaths], path: str | os.PathLike[str]) -> None:
    """Write tables one after the other as one file, with no more than one of them in memory.

    HDF5, whose arrays are as wide as the longest path, takes them all into memory.

    Args:
        parts: at least one; all of one dataset, with the same fields and with keys that differ.
        path: as in `write_scanpaths`, which gives the same bytes for JSON and CSV if the tables are
            joined first. In Parquet each is a row group.

    Raises: as `write_scanpaths`; and DataError where Parquet's columns would differ.
    """
    file = Path(path)
    say_left_out(file, _NAMES.get(file.suffix.lower(), ""), _format(file).write(parts, file))


class _Format(Protocol):
    """What a module of this package offers."""

    def read(self, file: Path) -> tuple[list[Any], DatasetInfo | None]: ...
    def write(self, parts: Iterable[Scanpaths], file: Path) -> tuple[str, ...]: ...


def refuse_unknown_ending(path: str | os.PathLike[str]) -> None:
    """Refuse a file whose format is not known; asked before long work.

    Raises:
        UnknownName: its ending is none of ours.
    """
    _format(Path(path))


def _format(file: Path) -> _Format:
    ending = file.suffix.lower()
    if ending not in _FORMATS:
        raise UnknownName("file ending", ending or file.name, _FORMATS)
    return _FORMATS[ending]


_FORMATS: Final[dict[str, _Format]] = {
    ".json": gazesearch_json,
    ".parquet": parquet,
    ".csv": csv,
    ".hdf5": pysaliency_hdf5,
    ".h5": pysaliency_hdf5,
}
_NAMES: Final = {".csv": "CSV", ".hdf5": "pysaliency", ".h5": "pysaliency"}
