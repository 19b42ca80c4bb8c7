"""How a table is written: the numbers of a file, in its unit and its kinds (integer or float)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.scanpaths.columns import ABSENT
from gazesearch.scanpaths.table import Scanpaths


def written_fixations(paths: Scanpaths) -> NDArray[np.float64]:
    """X, Y and T of all fixations as the file counts them, (N, 3)."""
    fixations = paths.fixations.copy()
    if paths.info.duration_unit == "ms":
        fixations[:, 2] = milliseconds(fixations[:, 2])
    return fixations


def milliseconds(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ms with the fewest decimals that, divided by 1000, are exactly these seconds.

    Where there are none (seconds that no ms give), the product.

    >>> milliseconds(np.array([0.168, 0.0334]))
    array([168. ,  33.4])
    """
    product = seconds * 1000
    found = product.copy()
    open_ = np.isfinite(seconds)
    for decimals in range(13):
        candidate = np.round(product, decimals)
        exact = open_ & (candidate / 1000 == seconds)
        found[exact] = candidate[exact]
        open_ &= ~exact
    for direction in (-np.inf, np.inf):
        candidate = np.nextafter(product, direction)
        exact = open_ & (candidate / 1000 == seconds) & (product / 1000 != seconds)
        found[exact] = candidate[exact]
    return found


def written_records(paths: Scanpaths) -> Iterator[dict[str, Any]]:
    """The records of a file, fields in the table's order; `T` only where a path has durations."""
    fixations = written_fixations(paths)
    whole = paths.integers & (fixations == np.trunc(fixations))
    axes = {field: axis for axis, field in enumerate("XYT")}
    values = {
        field: [int(v) if w else v for v, w in zip(*both, strict=True)]
        for field, axis in axes.items()
        for both in [(fixations[:, axis].tolist(), whole[:, axis].tolist())]
    }
    timed = paths.has_durations.tolist()
    offsets = paths.offsets.tolist()
    columns = {field: paths.columns[field] for field in paths.columns}
    for row, (start, stop) in enumerate(pairwise(offsets)):
        record: dict[str, Any] = {}
        for field in paths.fields:
            if field in values:
                if field != "T" or timed[row]:
                    record[field] = values[field][start:stop]
            elif field in columns and columns[field][row] is not ABSENT:
                record[field] = columns[field][row]
        yield record
