"""Any model's maps as a file that `open_maps` reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import numpy as np

from gazesearch.errors import DataError
from gazesearch.files import written_whole
from gazesearch.models.histories import steps
from gazesearch.models.maps.arrays import Sink
from gazesearch.models.maps.storage import open_sink
from gazesearch.prediction import ConditionalModel, ImageSource
from gazesearch.scanpaths import FirstFixation, Scanpaths, with_first_fixation

BATCH: Final = 32


def write_maps(
    path: str | os.PathLike[str],
    model: ConditionalModel,
    scanpaths: Scanpaths,
    *,
    first_fixation: FirstFixation | None = None,
    images: ImageSource | None = None,
    dtype: Literal["float32", "float64"] = "float64",
    batch: int = BATCH,
) -> None:
    """Write what a model says of every fixation of recorded paths, one map at a time.

    Args:
        path: .npz, or .h5, .hdf5 (needs the extra `bridges`).
        model: the model.
        scanpaths: the paths, as they were recorded.
        first_fixation: rule by which they are used; None takes the dataset's. First fixations get
            maps under `as-recorded` only.
        images: for models that look at images.
        dtype: type of the maps; float64 loses nothing.
        batch: most maps that the model is asked for at once; memory grows with it.

    Raises:
        DataError: there is no path.
        BadSetting: the ending is none that is written.
        MissingExtra: HDF5 is asked for, and h5py is not installed.
    """
    if not len(scanpaths):
        raise DataError("maps: there is no path to write maps for")
    rule = first_fixation or scanpaths.info.first_fixation
    used = with_first_fixation(scanpaths, rule)
    with written_whole(path) as temporary, open_sink(temporary, Path(path).suffix) as sink:
        _write_records(sink, used)
        log_stop = np.full(len(used.fixations), np.nan)
        duration = np.full((len(used.fixations), 2), np.nan)
        for step in steps(used, batch=batch, first=rule == "as-recorded", end=True):
            told = model.next_fixation(step.requests, step.histories, images=images)
            flat = used.offsets[:-1][step.record] + step.position - 1  # the fixation asked for
            there = step.position <= used.lengths[step.record]
            for at in np.flatnonzero(there):
                name = f"log_mass/{step.record[at]}/{step.position[at]}"
                sink.add(name, told.log_mass[at].astype(dtype))
            if told.log_stop is not None:
                later = step.position > 1
                log_stop[flat[later] - 1] = told.log_stop[later]
            if told.duration is not None:
                both = np.stack([told.duration.mean, told.duration.spread], axis=1)
                duration[flat[there]] = both[there]
        if not np.isnan(log_stop).all():
            sink.add("log_stop", log_stop)
        if not np.isnan(duration).all():
            sink.add("duration", duration)


def _write_records(sink: Sink, used: Scanpaths) -> None:
    sink.add("image", used.image.astype(np.str_))
    sink.add("finding", used.finding.astype(np.str_))
    if all(who is not None for who in used.subject):
        sink.add("subject", np.array([str(who) for who in used.subject]))
    sink.add("lengths", used.lengths)
    sink.add("fixations", used.fixations[:, :2])
    sink.add("screen_size", np.array(used.screen_sizes))
