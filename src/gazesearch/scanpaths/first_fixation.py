"""First-fixation rules: how recorded scanpaths are used where a model starts at the centre."""

from __future__ import annotations

import numpy as np

from gazesearch.errors import UnknownName
from gazesearch.scanpaths.columns import ABSENT
from gazesearch.scanpaths.info import FirstFixation
from gazesearch.scanpaths.table import Scanpaths, offsets_of


def with_first_fixation(paths: Scanpaths, rule: FirstFixation) -> Scanpaths:
    """Recorded paths as a first-fixation rule has them used; never for predictions.

    Args:
        paths: recorded scanpaths.
        rule: `replace` moves the first fixation to the screen's centre and keeps its duration (what
            the released GazeSearch code does; an empty path stays empty); `prepend` puts the centre
            with 0 s in front (what the dataset card says; without a duration where the path has
            none); `as-recorded` changes nothing.
    """
    if rule == "as-recorded":
        return paths
    if rule == "replace":
        return _replace(paths)
    if rule == "prepend":
        return _prepend(paths)
    raise UnknownName("first-fixation rule", rule, ("replace", "prepend", "as-recorded"))


def _replace(paths: Scanpaths) -> Scanpaths:
    there = paths.lengths > 0
    first = paths.offsets[:-1][there]
    fixations, integers = paths.fixations.copy(), paths.integers.copy()
    fixations[first, :2] = paths.screen_sizes[there] / 2
    integers[first, :2] = False
    return paths.with_parts(fixations, paths.offsets, columns=paths.columns, integers=integers)


def _prepend(paths: Scanpaths) -> Scanpaths:
    centres = np.zeros((len(paths), 3))
    centres[:, :2] = paths.screen_sizes / 2
    # An empty path lacks no durations, but it gains none in a table without them.
    centres[~paths.has_durations | (paths.info.duration_unit is None), 2] = np.nan
    columns = paths.columns
    if "length" in columns:
        longer = (n if n is ABSENT else n + 1 for n in columns["length"])
        columns = columns.replaced("length", longer)
    return paths.with_parts(
        np.insert(paths.fixations, paths.offsets[:-1], centres, axis=0),
        offsets_of(paths.lengths + 1),
        columns=columns,
        integers=np.insert(paths.integers, paths.offsets[:-1], False, axis=0),
    )
