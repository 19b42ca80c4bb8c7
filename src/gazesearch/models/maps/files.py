"""A file of maps as a model: it answers for the histories that its maps were made for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, final

import numpy as np

from gazesearch.errors import DataError
from gazesearch.models.conditional import Conditional
from gazesearch.models.maps.arrays import Store, faulty
from gazesearch.models.maps.index import Index
from gazesearch.models.maps.storage import open_store
from gazesearch.prediction import Floats, ImageSource, LogNormal, NextFixation, Requests
from gazesearch.scanpaths import Scanpaths

MAX_CELLS: Final = 2**24
"""Cells that a map may have at most, as 4096 x 4096."""


@final
class FileMaps(Conditional):
    """Maps of a file; each is read when it is asked for, and forgotten.

    It answers for no history but those of the file: decoding new paths is refused.

    Attributes:
        name: name of the file without its ending.
        index: the records of the file.
        shape: (h, w) of every map.
        as_log: whether the maps are natural logs of masses, and not masses.
    """

    needs_images = False

    def __init__(self, store: Store, *, file: Path) -> None:
        self.name = file.stem
        self._file, self._store = str(file), store
        self.index = Index.read(store, self._file)
        self._rows: dict[tuple[str, str], list[int]] = {}
        for row, key in enumerate(zip(self.index.image, self.index.finding, strict=True)):
            self._rows.setdefault(key, []).append(row)
        self._folder = self._find_folder()
        self.as_log = self._folder == "log_mass"
        self.shape = self._find_shape()

    @property
    def predicts_durations(self) -> bool:
        """Whether the file has the array `duration`."""
        return self.index.duration is not None

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The maps that the file has for these histories.

        Where a path of the file has ended, and it therefore has no map of what comes next, the map
        is NaN: only stopping is told there.

        Raises:
            DataError: the file has nothing for a history, or a map of another kind than it must be.
        """
        log_mass = np.full((len(requests), *self.shape), np.nan)
        places = np.empty(len(requests), np.int64)  # of the fixation asked about, in the index
        there = np.empty(len(requests), np.bool_)
        known = histories.lengths
        for at, offset in enumerate(histories.offsets[:-1].tolist()):
            k = int(known[at])
            history = histories.fixations[offset : offset + k, :2]
            row = self._row(requests, at, history)
            places[at] = self.index.offsets[row] + k
            there[at] = k < self._length(row)
            if there[at]:
                log_mass[at] = self._map(f"{self._folder}/{row}/{k + 1}")
        return NextFixation(
            log_mass=log_mass,
            log_stop=None if self.index.log_stop is None else self._stopping(places, known),
            duration=None if self.index.duration is None else self._durations(places, there),
        )

    def close(self) -> None:
        """Close the file; nothing can be asked any more."""
        self._store.close()

    def _stopping(self, places: np.ndarray, known: np.ndarray) -> Floats:
        """After the fixation before each place; a path never ends before its first fixation."""
        assert self.index.log_stop is not None
        log_stop = np.full(len(places), -np.inf)
        later = known > 0
        log_stop[later] = self.index.log_stop[places[later] - 1]
        return log_stop

    def _durations(self, places: np.ndarray, there: np.ndarray) -> LogNormal:
        """Of the fixation at each place; NaN where the path has ended."""
        assert self.index.duration is not None
        told = np.full((len(places), 2), np.nan)
        told[there] = self.index.duration[places[there]]
        return LogNormal(mean=told[:, 0], spread=told[:, 1])

    def _length(self, row: int) -> int:
        return int(self.index.offsets[row + 1] - self.index.offsets[row])

    def _row(self, requests: Requests, at: int, history: Floats) -> int:
        """The record with this history; one that goes on is preferred, for it has a map."""
        image, finding, who = (
            column[at] for column in (requests.image, requests.finding, requests.subject)
        )
        rows, subjects = self._rows.get((str(image), str(finding)), []), self.index.subject
        if subjects is not None and who is not None:
            rows = [row for row in rows if subjects[row] == str(who)]
        rows = [row for row in rows if self.index.follows(row, history)]
        if not rows:
            person = "" if who is None else f", subject {who}"
            raise DataError(
                f"{self._file}: nothing for image {image}, finding {finding}{person} after these "
                f"{len(history)} fixations: make the maps for the records and the first-fixation "
                "rule that are scored"
            )
        row = max(rows, key=self._length)
        if (self.index.screen_sizes[row] != requests.screen_sizes[at]).any():
            own, asked = (
                "x".join(f"{side:g}" for side in size)
                for size in (self.index.screen_sizes[row], requests.screen_sizes[at])
            )
            raise DataError(
                f"{self._file}: record {row} is of a screen of {own} px, the paths scored are of "
                f"one of {asked}"
            )
        return row

    def _map(self, name: str) -> Floats:
        if name not in self._store:
            raise faulty(self._file, name, "is absent: there must be a map for each fixation")
        kind = self._store.kind(name)
        if kind.shape != self.shape or kind.dtype.kind != "f":
            raise faulty(
                self._file,
                name,
                f"{kind.dtype} of shape {kind.shape}: must be floats of shape {self.shape}",
            )
        values = self._store.read(name).astype(np.float64, copy=False)
        if self.as_log:
            return values
        if not (values >= 0).all():
            raise faulty(self._file, name, "has a mass below 0 or NaN: log_mass is for logarithms")
        with np.errstate(divide="ignore"):  # no mass is -inf
            return np.asarray(np.log(values))

    def _find_folder(self) -> str:
        for folder in ("log_mass", "mass"):
            if any(f"{folder}/{name}" in self._store for name in self._names()):
                return folder
        raise DataError(
            f"{self._file}: holds no map: name them log_mass/RECORD/FIXATION or "
            "mass/RECORD/FIXATION, records from 0, fixations from 1"
        )

    def _find_shape(self) -> tuple[int, int]:
        """That of the first map, which all must have."""
        name = next(
            f"{self._folder}/{name}"
            for name in self._names()
            if f"{self._folder}/{name}" in self._store
        )
        shape = self._store.kind(name).shape
        if len(shape) != 2 or not 0 < shape[0] * shape[1] <= MAX_CELLS:
            raise faulty(
                self._file, name, f"shape {shape}: must be (h, w), of 1 to {MAX_CELLS:,} cells"
            )
        return shape

    def _names(self) -> list[str]:
        """Names that the first map may have: a file may lack maps of first fixations."""
        lengths = np.diff(self.index.offsets)
        return [
            f"{row}/{position}"
            for position in (2, 1)
            for row in np.flatnonzero(lengths >= position)[:1].tolist()
        ]


def open_maps(path: str | os.PathLike[str]) -> FileMaps:
    """A file of maps as a model. The maps stay in the file until they are asked for.

    Args:
        path: .npz, or .h5, .hdf5 (needs the extra `bridges`).

    Raises:
        UnreadableFile: it is absent or cannot be read.
        DataError: it is not of the format.
        MissingExtra: it is HDF5, and h5py is not installed.
    """
    store = open_store(path)
    try:
        return FileMaps(store, file=Path(path))
    except BaseException:
        store.close()
        raise
