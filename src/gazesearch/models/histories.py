"""Recorded paths taken apart: every fixation with the history that it follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazesearch.prediction import Floats, Requests
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.table import offsets_of

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """b fixations that a model is asked for.

    Attributes:
        record: row number of the path of each, (b,).
        position: number of the fixation in its path, from 1, (b,).
        xy: where it fell, (b, 2) px; NaN where the path had ended instead.
        requests, histories: the question: position - 1 fixations are known.
    """

    record: Integers
    position: Integers
    xy: Floats
    requests: Requests
    histories: Scanpaths

    def __len__(self) -> int:
        return len(self.record)


def steps(
    paths: Scanpaths, *, batch: int, first: bool = False, end: bool = False
) -> Iterator[Steps]:
    """Every fixation of some paths, path after path, in batches.

    Args:
        paths: recorded paths, as their first-fixation rule leaves them.
        batch: most fixations at a time; memory grows with them, not with the paths.
        first: whether the first fixation of each path is asked for too.
        end: whether it is also asked what would come after the last fixation of each path.
    """
    asked_for = paths.lengths + 1 if end else paths.lengths
    record = np.repeat(np.arange(len(paths)), asked_for)
    known = np.arange(len(record)) - offsets_of(asked_for)[:-1][record]  # fixations before each
    if not first:
        record, known = record[known > 0], known[known > 0]
    asked = Requests.of(paths)
    for start in range(0, len(record), batch):
        part = slice(start, start + batch)
        yield Steps(
            record=record[part],
            position=known[part] + 1,
            xy=_places(paths, record[part], known[part]),
            requests=asked[record[part]],
            histories=_cut(paths, record[part], known[part]),
        )


def _places(paths: Scanpaths, rows: Integers, known: Integers) -> Floats:
    """x, y of the fixation after so many of some paths, (b, 2) px; NaN after the last."""
    xy = np.full((len(rows), 2), np.nan)
    there = known < paths.lengths[rows]
    xy[there] = paths.fixations[paths.offsets[:-1][rows[there]] + known[there], :2]
    return xy


def _cut(paths: Scanpaths, rows: Integers, lengths: Integers) -> Scanpaths:
    """The first fixations of some paths, a path each."""
    offsets = offsets_of(lengths)
    flat = np.repeat(paths.offsets[:-1][rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    columns = paths.columns.take(rows)
    if "length" in columns:
        columns = columns.replaced("length", lengths.tolist())
    return paths.with_parts(
        paths.fixations[flat], offsets, columns=columns, integers=paths.integers[flat]
    )


def cells_under(xy: Floats, screen_sizes: Floats, shape: tuple[int, int]) -> Integers:
    """Cell under each point, row * w + column of cells that tile its screen evenly, (n,).

    Args:
        xy: (n, 2) px.
        screen_sizes: (n, 2): width, height px.
        shape: (h, w) cells.

    Returns:
        -1 where the point is off the screen: x must be from 0 to below the width, y alike.
    """
    cells = np.array([shape[1], shape[0]])
    # Rounding can carry a coordinate just short of the far edge into a cell that is not there.
    column, row = np.minimum(np.floor(xy * cells / screen_sizes), cells - 1).astype(np.int64).T
    inside = ((xy >= 0) & (xy < screen_sizes)).all(axis=1)
    under: Integers = np.where(inside, row * shape[1] + column, -1)
    return under
