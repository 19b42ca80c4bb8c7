"""Predictions that are recorded scanpaths again: to the last digit, almost, or in part.

The first fixation is left out on both sides: where paths are used with the screen's centre in
front, it says nothing of where a path comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.audit.copies import NEAR_SHARE, near_pairs
from gazesearch.audit.scenes import scenes
from gazesearch.evaluation.truth import Truth
from gazesearch.scanpaths import Scanpaths, first_copies
from gazesearch.scanpaths.columns import Columns, constant
from gazesearch.scanpaths.table import offsets_of

SHORTEST: Final = 2
"""Fixations after the first of a path under which agreement may well be chance."""
STRETCH: Final = 3
"""Consecutive fixations after the first that two paths share, almost: in part a copy."""

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Copies:
    """Which predictions are copies, (n,) each; none is both.

    What train or valid have is learned, whatever else has it: it is evidence of them only.

    Attributes:
        of_train: copies of a path of train or valid: the same on any image, almost the same or in
            part on its own.
        of_test: likewise of paths that are scored, by fixations that train and valid do not have.
    """

    of_train: Mask
    of_test: Mask


def copies(predictions: Scanpaths, truth: Truth) -> Copies:
    """Look predictions up among the recorded scanpaths.

    The same means all fixations after the first, to the last digit, on any image. Almost the same
    means a discrete Fréchet distance of at most 1/200 of the screen's shorter side, as the audit
    has it; in part, three consecutive fixations no coordinate of which is further off than that:
    both on one image only.

    A path of test that has something of train in it is a copy of test by the rest: adding a piece
    of a train path to an answer does not make it learned.

    Args:
        predictions: the predictions that are scored, in the frame of the references.
        truth: the recorded scanpaths; those that are neither scored, of train nor of valid are not
            looked at.
    """
    parts = [part for part in (truth.trained_on, truth.chosen_on) if part is not None]
    ours = _without_first(predictions)
    scored = _recorded(truth.scored, truth)
    if not parts:
        found = _whole(ours, scored) | _shares(_Stretches.of(ours), _Stretches.of(scored))
        return Copies(of_train=np.zeros(len(ours), np.bool_), of_test=found)
    learned = _recorded(Scanpaths.concat([_bare(part) for part in parts]), truth)
    mine, theirs, known = map(_Stretches.of, (ours, scored, learned))
    learned_whole = _whole(ours, learned)
    answers = scored[np.flatnonzero(~_whole(scored, learned))]
    only_theirs = theirs.at(~theirs.near(known))
    of_test = (_whole(ours, answers) | _shares(mine, only_theirs)) & ~learned_whole
    return Copies(of_train=(learned_whole | _shares(mine, known)) & ~of_test, of_test=of_test)


def _recorded(paths: Scanpaths, truth: Truth) -> Scanpaths:
    """Recorded paths as predictions may repeat them."""
    bare = _without_first(paths)
    if truth.first_fixation == "prepend":  # the first fixation as recorded may be left out, too
        bare = Scanpaths.concat([bare, _without_first(bare)])
    return bare


def _whole(ours: Scanpaths, theirs: Scanpaths) -> Mask:
    """Which of our paths are one of theirs: the same on any image, almost the same on its own."""
    n = len(ours)
    both = Scanpaths.concat([ours, theirs])
    first = first_copies(both)
    long = both.lengths >= SHORTEST
    known = set(first[n:][long[n:]].tolist())
    found = np.array([int(copy) in known for copy in first[:n]], np.bool_)
    # Of equal paths on an image one is looked at: predictors of few paths would make many pairs.
    group = np.unique(np.stack([scenes(both), first]), axis=1, return_inverse=True)[1].ravel()
    sides = [np.unique(group[rows], return_index=True) for rows in (slice(n), slice(n, None))]
    unique = np.concatenate([sides[0][1], sides[1][1] + n])
    pairs = near_pairs(
        both[unique], first[unique], shortest=SHORTEST, between=np.flatnonzero(unique < n)
    )
    found |= np.isin(group[:n], group[unique[pairs]].ravel())
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stretches:
    """All runs of three consecutive fixations of a table.

    Attributes:
        paths: the table.
        row: (k,) path that each is of.
        points: (k, 6) x and y, in the distances up to which they count as the same.
    """

    paths: Scanpaths
    row: NDArray[np.intp]
    points: Floats

    @classmethod
    def of(cls, paths: Scanpaths) -> _Stretches:
        many = np.maximum(paths.lengths - STRETCH + 1, 0)
        row = np.repeat(np.arange(len(paths)), many)
        start = paths.offsets[:-1][row] + np.arange(len(row)) - (np.cumsum(many) - many)[row]
        xy = paths.fixations[start[:, None] + np.arange(STRETCH), :2].reshape(-1, 2 * STRETCH)
        limits = paths.screen_sizes.min(axis=1, initial=np.inf) * NEAR_SHARE
        return cls(paths=paths, row=row, points=xy / limits[row, None])

    def at(self, which: Mask) -> _Stretches:
        """Some of them."""
        return _Stretches(paths=self.paths, row=self.row[which], points=self.points[which])

    def near(self, others: _Stretches) -> Mask:
        """Which of them, (k,), have one of the others in the same place of the same image."""
        from scipy.spatial import KDTree

        if not (len(self.row) and len(others.row)):
            return np.zeros(len(self.row), np.bool_)
        scene = scenes(Scanpaths.concat([self.paths, others.paths]))
        # Images lie far apart on an axis of their own.
        place = 4.0 * scene[np.concatenate([self.row, len(self.paths) + others.row])]
        points = np.column_stack([np.concatenate([self.points, others.points]), place])
        k = len(self.row)
        apart, _ = KDTree(points[k:]).query(points[:k], p=np.inf, distance_upper_bound=1 + 1e-9)
        return np.asarray(np.isfinite(apart))


def _shares(ours: _Stretches, theirs: _Stretches) -> Mask:
    """Which of our paths share a stretch with one of theirs."""
    found = np.zeros(len(ours.paths), np.bool_)
    found[ours.row[ours.near(theirs)]] = True
    return found


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
