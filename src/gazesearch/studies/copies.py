"""Predictions that are recorded scanpaths again: to the last digit, almost, or in part.

The first fixation is left out on both sides: where paths are used with the screen's centre in
front, it says nothing of where a path comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.audit.copies import near_pairs
from gazesearch.audit.scenes import scenes
from gazesearch.evaluation.truth import Truth
from gazesearch.scanpaths import Scanpaths, first_copies
from gazesearch.scanpaths.columns import Columns, constant
from gazesearch.scanpaths.table import offsets_of

SHORTEST: Final = 2
"""Fixations after the first of a path under which agreement may well be chance."""
STRETCH: Final = 3
"""Consecutive fixations after the first that two paths share to the last digit: in part a copy."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Copies:
    """Which predictions are copies, (n,) each.

    A path that train or valid have is learned, whatever else has it: it counts as one of theirs.

    Attributes:
        of_train: copies of a path of train or valid: the same on any image, almost the same or in
            part on its own.
        of_test: likewise of paths that are scored, and that train and valid do not have.
    """

    of_train: Mask
    of_test: Mask


def copies(predictions: Scanpaths, truth: Truth) -> Copies:
    """Look predictions up among the recorded scanpaths.

    The same means all fixations after the first, to the last digit, on any image. Almost the same
    means a discrete Fréchet distance of at most 1/200 of the screen's shorter side, as the audit
    has it; in part, three consecutive fixations to the last digit: both on one image only.

    Args:
        predictions: the predictions that are scored, in the frame of the references.
        truth: the recorded scanpaths; those that are neither scored, of train nor of valid are not
            looked at.
    """
    learned = [part for part in (truth.trained_on, truth.chosen_on) if part is not None]
    of_train, of_test = np.zeros((2, len(predictions)), np.bool_)
    if learned:
        of_train = _found(predictions, Scanpaths.concat([_bare(part) for part in learned]), truth)
    of_test = _found(predictions, truth.scored, truth) & ~of_train
    return Copies(of_train=of_train, of_test=of_test)


def _found(predictions: Scanpaths, recorded: Scanpaths, truth: Truth) -> Mask:
    """Which predictions are copies of recorded paths."""
    references = [_without_first(recorded)]
    if truth.first_fixation == "prepend":  # the first fixation as recorded may be left out, too
        references.append(_without_first(references[0]))
    n = len(predictions)
    both = Scanpaths.concat([_without_first(predictions), *references])
    first = first_copies(both)
    long = both.lengths >= SHORTEST
    known = set(first[n:][long[n:]].tolist())
    found = np.array([int(copy) in known for copy in first[:n]], np.bool_)
    # Of equal paths on an image one is looked at: predictors of few paths would make many pairs.
    scene = scenes(both)
    groups: dict[tuple[int, int], int] = {}
    keys = zip(scene.tolist(), first.tolist(), strict=True)
    group = np.array([groups.setdefault(key, len(groups)) for key in keys], np.intp)
    unique = np.unique(group, return_index=True)[1]
    ours, theirs = (set(group[rows].tolist()) for rows in (slice(n), slice(n, None)))
    near = unique[near_pairs(both[unique], first[unique], shortest=SHORTEST)]
    copied = {
        int(group[one])
        for pair in near
        for one, other in (pair, pair[::-1])
        if group[one] in ours and group[other] in theirs
    }
    found |= np.isin(group[:n], list(copied))
    return found | _in_part(both, scene, n)


def _in_part(both: Scanpaths, scene: NDArray[np.intp], n: int) -> Mask:
    """Which of the first n paths share a stretch with one of the others on their image."""
    flat = np.ascontiguousarray(both.fixations[:, :2]) + 0.0
    offsets = both.offsets.tolist()

    def stretches(row: int) -> set[tuple[int, bytes]]:
        starts = range(offsets[row], offsets[row + 1] - STRETCH + 1)
        return {(int(scene[row]), flat[at : at + STRETCH].tobytes()) for at in starts}

    known = set().union(*map(stretches, range(n, len(both))))
    return np.array([not known.isdisjoint(stretches(row)) for row in range(n)], np.bool_)


def _without_first(paths: Scanpaths) -> Scanpaths:
    """The paths without their first fixation, and without columns that have nothing to do here."""
    keep = np.ones(len(paths.fixations), np.bool_)
    keep[paths.offsets[:-1][paths.lengths > 0]] = False
    bare = _bare(paths)
    return Scanpaths(
        paths.fixations[keep],
        offsets_of(np.maximum(paths.lengths - 1, 0)),
        columns=bare.columns,
        info=paths.info,
    )


def _bare(paths: Scanpaths) -> Scanpaths:
    """Only image and frame of the paths: fields of files differ, and these do not."""
    kept = {"name": paths.image, "task": constant("", len(paths))}
    if paths.info.screen_size is None:
        for axis, side in enumerate(("width", "height")):
            kept[side] = constant(None, len(paths))
            kept[side][:] = paths.screen_sizes[:, axis].tolist()
    return Scanpaths(
        paths.fixations, paths.offsets, columns=Columns(kept, len(paths)), info=paths.info
    )
