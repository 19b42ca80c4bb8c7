"""pysaliency's HDF5 files of scanpaths, read and written by h5py alone (extra `bridges`).

Written: `FixationTrains` 1.2, which pysaliency 0.2.22 and its successors read. Read: that, and the
`Scanpaths` and `ScanpathFixations` 1.0 of the successors. pysaliency 0.2.22 itself cannot write
under numpy 2, nor texts under any.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, first_line, require
from gazesearch.files import MAX_SIZE, readable, written_whole
from gazesearch.formats.pysaliency import (
    MAPPING,
    Trains,
    lost_of,
    plain,
    records_of,
    trains_of,
    unknown_of,
)
from gazesearch.scanpaths.info import DatasetInfo
from gazesearch.scanpaths.table import Scanpaths
from gazesearch.scanpaths.written import milliseconds

_MOST_VALUES: Final = 2**27
"""Most values of one dataset: a small file can unpack to any size."""
_STIMULI: Final = "stimuli.hdf5"
_DESCRIPTION: Final = "gazesearch"


def read(file: Path) -> tuple[list[Any], DatasetInfo | None]:
    """The records of a file of scanpaths, and the description if this package wrote it.

    Raises:
        DataError: it is not HDF5, not of a known kind, damaged, or points to other files.
        MissingExtra: h5py is not installed.
    """
    with _opened(file) as root:
        kind, version = _text(root, "type"), _text(root, "version")
        if kind == "FixationTrains" and version in ("1.0", "1.1", "1.2"):
            trains = _fixation_trains(root, version)
        elif kind in ("Scanpaths", "ScanpathFixations") and version == "1.0":
            trains = _scanpaths(root if kind == "Scanpaths" else _child(root, "scanpaths"))
        else:
            raise ValueError(
                f"{kind!r} {version!r} is not read: FixationTrains, Scanpaths and "
                "ScanpathFixations are"
            )
        described = None
        if _DESCRIPTION in root.attrs:
            described = DatasetInfo.from_json(_text(root, _DESCRIPTION), source=str(file))
    unknown = unknown_of(trains)
    if unknown:
        raise DataError(
            f"{file}: fixations have {', '.join(unknown)}, which a table cannot hold: read it with "
            "pysaliency and formats.pysaliency.from_fixation_trains, which leaves them out"
        )
    named = "image" in trains.path_attributes
    images = None if named else _names_beside(file)
    records = records_of(trains, source=str(file), images=images, finding=None)
    if described is not None and described.duration_unit == "ms":
        for record in records:  # a file's records count as its dataset does
            if "T" in record:
                record["T"] = milliseconds(np.array(record["T"])).tolist()
    return records, described


def write(parts: Iterable[Scanpaths], file: Path) -> tuple[str, ...]:
    """Write a file; returns what it cannot hold.

    Raises:
        DataError: there is no fixation at all.
        MissingExtra: h5py is not installed.
    """
    h5py = require("h5py", extra="bridges")
    paths = Scanpaths.concat(list(parts))
    trains = trains_of(paths)
    odd = [name for name in trains.path_attributes if "/" in name or name in (".", "..")]
    held = {name: v for name, v in trains.path_attributes.items() if name not in odd}
    times = np.where(np.isnan(trains.x), np.nan, np.arange(trains.x.shape[1], dtype=np.float64))
    with written_whole(file) as temporary, h5py.File(temporary, "w") as root:
        root.attrs["type"] = np.bytes_("FixationTrains")
        root.attrs["version"] = np.bytes_("1.2")
        root.attrs["__attributes__"] = np.bytes_(json.dumps(["subjects", "scanpath_index"]))
        mapping = MAPPING if trains.fixation_attributes else {}
        root.attrs["scanpath_attribute_mapping"] = np.bytes_(json.dumps(mapping))
        root.attrs[_DESCRIPTION] = np.bytes_(paths.info.to_json())
        for name, values in (
            ("train_xs", trains.x),
            ("train_ys", trains.y),
            ("train_ts", times),
            ("train_ns", trains.stimulus),
            ("train_subjects", trains.subject),
        ):
            root.create_dataset(name, data=values)
        for name, attributes in (
            ("scanpath_attributes", held),
            ("scanpath_fixation_attributes", trains.fixation_attributes),
        ):
            group = root.create_group(name)
            for attribute, column in attributes.items():
                texts = not isinstance(column, np.ndarray) and isinstance(column[0], str)
                kind = h5py.string_dtype() if texts else None
                group.create_dataset(attribute, data=column, dtype=kind)
            group.attrs["__attributes__"] = np.bytes_(json.dumps(sorted(attributes)))
    return (*lost_of(paths), *(f"{name} (HDF5 has no such name)" for name in odd))


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    h5py = require("h5py", extra="bridges")
    try:
        with h5py.File(file, "r") as root:
            yield root
    except DataError:
        raise
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, OverflowError) as error:
        why = first_line(error)
        raise DataError(f"{file}: not a pysaliency HDF5 file that can be read: {why}") from error
    except (AttributeError, MemoryError, RecursionError) as error:
        raise DataError(f"{file}: not a pysaliency HDF5 file that can be read") from error


def _fixation_trains(root: Any, version: str) -> Trains:
    x, y = _numbers(root, "train_xs", 2), _numbers(root, "train_ys", 2)
    empty: dict[str, Any] = {}
    return _checked(
        x=x,
        y=y,
        lengths=_lengths(x),
        stimulus=_whole(root, "train_ns"),
        subject=_whole(root, "train_subjects"),
        path_attributes=_attributes(root, "scanpath_attributes") if version > "1.0" else empty,
        fixation_attributes=(
            _rectangles(root, "scanpath_fixation_attributes") if version > "1.1" else empty
        ),
    )


def _scanpaths(root: Any) -> Trains:
    lengths = _whole(root, "length" if "length" in root else "lengths")
    attributes = _attributes(root, "scanpath_attributes")
    fixations = _rectangles(root, "fixation_attributes")
    fixations.pop("ts", None)
    people = attributes.pop("subject", None)
    if people is None:
        attributes["subject:json"] = [""] * len(lengths)
    return _checked(
        x=_numbers(root, "xs", 2),
        y=_numbers(root, "ys", 2),
        lengths=lengths,
        stimulus=_whole(root, "n"),
        subject=np.array(people or [0] * len(lengths), np.int64),
        path_attributes=attributes,
        fixation_attributes=fixations,
    )


def _lengths(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Fixations of each path: all up to the last that is a number."""
    if x.shape[1] == 0:
        return np.zeros(len(x), np.int64)
    there = ~np.isnan(x)
    last = x.shape[1] - there[:, ::-1].argmax(axis=1)
    return np.where(there.any(axis=1), last, 0)


def _checked(**parts: Any) -> Trains:
    trains = Trains(**parts)
    n, k = trains.x.shape
    if trains.y.shape != (n, k):
        raise ValueError(f"x of shape {(n, k)}, but y of {trains.y.shape}")
    for name in ("lengths", "stimulus", "subject"):
        if getattr(trains, name).shape != (n,):
            raise ValueError(f"{n} paths, but {name} of shape {getattr(trains, name).shape}")
    if n and not 0 <= trains.lengths.min() <= trains.lengths.max() <= k:
        raise ValueError(f"a length lies outside 0..{k}")
    for name, values in trains.path_attributes.items():
        if len(values) != n:
            raise ValueError(f"{n} paths, but {len(values)} values of {name}")
    for name, rectangle in trains.fixation_attributes.items():
        if rectangle.shape != (n, k):
            raise ValueError(f"x of shape {(n, k)}, but {name} of {rectangle.shape}")
    return trains


# -- h5py, never followed out of the file


def _child(group: Any, name: str) -> Any:
    """A dataset or group that lies in this file itself."""
    h5py = require("h5py", extra="bridges")
    link = None if "/" in name else group.get(name, getlink=True)
    if link is None:
        raise ValueError(f"it lacks {name}")
    if type(link) is not h5py.HardLink:
        raise ValueError(f"{name} is a link to elsewhere, which is not followed")
    return group[name]


def _values(group: Any, name: str) -> NDArray[Any]:
    h5py = require("h5py", extra="bridges")
    found = _child(group, name)
    if not isinstance(found, h5py.Dataset) or found.shape is None:
        raise ValueError(f"{name} is no array")
    if found.is_virtual or found.external:
        raise ValueError(f"{name} lies in another file, which is not followed")
    if math.prod(found.shape) > _MOST_VALUES:
        raise ValueError(f"{name} has over {_MOST_VALUES:,} values")
    return np.asarray(found[...])


def _numbers(group: Any, name: str, axes: int) -> NDArray[np.float64]:
    values = _values(group, name)
    if values.ndim != axes or values.dtype.kind not in "iuf":
        raise ValueError(f"{name} is no array of numbers with {axes} axes")
    return values.astype(np.float64)


def _whole(group: Any, name: str) -> NDArray[np.int64]:
    values = _numbers(group, name, 1)
    if not (np.isfinite(values) & (values == np.trunc(values)) & (abs(values) < 2**53)).all():
        raise ValueError(f"{name} has a value that is no whole number")
    # From the file's own integers where it has them: float64 would round large ones.
    exact = _values(group, name)
    return np.asarray(exact if exact.dtype.kind in "iu" else values).astype(np.int64)


def _listed(group: Any) -> list[str]:
    names = json.loads(_text(group, "__attributes__"))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("__attributes__ is no list of names")
    return names


def _attributes(root: Any, name: str) -> dict[str, list[Any]]:
    group = _child(root, name)
    return {
        attribute: [plain(value) for value in _values(group, attribute)]
        for attribute in _listed(group)
    }


def _rectangles(root: Any, name: str) -> dict[str, NDArray[np.float64]]:
    group = _child(root, name)
    return {attribute: _numbers(group, attribute, 2) for attribute in _listed(group)}


def _text(group: Any, name: str) -> str:
    value = group.attrs.get(name)
    if isinstance(value, (bytes, np.bytes_)):
        value = value.decode("utf-8")
    if not isinstance(value, str):
        raise ValueError(f"it has no text {name}")
    return value


def _names_beside(file: Path) -> list[str] | None:
    """File names of the stimuli that pysaliency keeps beside its fixations."""
    beside = file.absolute().parent / _STIMULI
    if not beside.exists():
        return None
    with _opened(readable(beside, max_size=MAX_SIZE)) as root:
        if _text(root, "type") != "FileStimuli":
            return None
        names: Mapping[int, Any] = dict(enumerate(_values(root, "filenames").tolist()))
    return [PurePath(str(plain(name)).replace("\\", "/")).name for name in names.values()]
