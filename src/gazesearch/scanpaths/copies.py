"""Exact copies: scanpaths that occur more than once in a table."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gazesearch.scanpaths.table import Scanpaths


def first_copies(paths: Scanpaths, *, durations: bool = False) -> NDArray[np.int64]:
    """For each path the first one with exactly the same fixations, (n,); itself where it is new.

    Args:
        paths: the table.
        durations: whether durations must agree as well.

    >>> look = [[10, 20], [30, 40]]
    >>> twice = Scanpaths.of(
    ...     [look, look[::-1], look],
    ...     image=["a.jpg"] * 3,
    ...     finding=["edema", "fracture", "pneumonia"],
    ...     screen_size=(224, 224),
    ... )
    >>> first_copies(twice)
    array([0, 1, 0])
    """
    columns = slice(None) if durations else slice(2)
    flat = np.ascontiguousarray(paths.fixations[:, columns]) + 0.0  # -0.0 and 0.0 are one place
    offsets = paths.offsets.tolist()
    first: dict[bytes, int] = {}
    return np.array(
        [
            first.setdefault(flat[start:stop].tobytes(), row)
            for row, (start, stop) in enumerate(pairwise(offsets))
        ],
        dtype=np.int64,
    )
