"""How fast a search reaches its target: TFP curve and scanpath ratio (Yang et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazesearch.errors import BadSetting, DataError, MissingTargetBoxes

if TYPE_CHECKING:
    from gazesearch.scanpaths import Scanpaths

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)  # == of arrays has no single truth value
class SearchEfficiency:
    """Search efficiency of a set of trials.

    Attributes:
        curve: (K,) share of trials on target by fixation 1..K, the mean over targets. TFP is short
            for target-fixation probability.
        area: plain sum of the K values of `curve`, 0 to K; higher is a faster search.
        scanpath_ratio: mean over trials that reach the target at fixation 2..K of (distance from
            fixation 1 to the box centre / path length), 0 to 1; higher is straighter. NaN if none.
        counts: number of trials of each finding (target).
        trials: number of all trials.
        reached: number of trials that enter `scanpath_ratio`.
        mismatch: sum of absolute differences to the reference's curve, 0 to K, lower is nearer;
            None where no reference was given.
    """

    curve: Floats
    area: float
    scanpath_ratio: float
    counts: dict[str, int]
    trials: int
    reached: int
    mismatch: float | None


def search_efficiency(
    scanpaths: Scanpaths,
    *,
    max_fixations: int = 7,
    reference: Scanpaths | SearchEfficiency | None = None,
) -> SearchEfficiency:
    """TFP curve, its area and the scanpath ratio (Yang et al. 2020, CVPR), of every trial given.

    Which trials count is the caller's choice (usually those with `correct == 1`). A fixation is on
    the target when it is strictly inside the box; fixation 1 is the starting one. The published
    code overwrites the step it found by the path's length: not reproduced.

    Args:
        scanpaths: trials with target boxes.
        max_fixations: K, the last fixation that counts.
        reference: people's trials, or their `SearchEfficiency`, whose curve is compared.

    Raises:
        MissingTargetBoxes: a record has no box, or one without area.
        DataError: there is no trial, or the reference's curve has another length.
        BadSetting: `max_fixations` is not a whole number above 0.

    >>> from gazesearch.scanpaths import Scanpaths
    >>> trials = Scanpaths.of(
    ...     [[[112, 112], [112, 52], [52, 52]], [[112, 112], [180, 180]]],
    ...     image=["a.jpg", "b.jpg"],
    ...     finding=["edema", "fracture"],
    ...     screen_size=(224, 224),
    ...     target_boxes=[[42, 42, 20, 20], [10, 10, 20, 20]],
    ... )
    >>> found = search_efficiency(trials, max_fixations=4)
    >>> found.curve
    array([0. , 0. , 0.5, 0.5])
    >>> found.area, round(found.scanpath_ratio, 4), found.reached
    (1.0, 0.7071, 1)
    """
    if len(scanpaths) == 0:
        raise DataError("search efficiency: no trials given: at least one is needed")
    boxes = scanpaths.target_boxes
    without = int(np.count_nonzero(~_usable(boxes)))
    if without:
        raise MissingTargetBoxes(
            f"{without} of {len(boxes)} records have no target box with an area: search efficiency "
            "cannot be computed: give each record a bbox [x, y, width, height] or leave it out"
        )
    fixations, offsets, findings = scanpaths.fixations, scanpaths.offsets, scanpaths.finding
    first = first_on_target(fixations, offsets, boxes)
    curve = curve_from_first(first, findings, max_fixations=max_fixations)
    curve.flags.writeable = False
    ratios = scanpath_ratios(fixations, offsets, boxes, max_fixations=max_fixations)
    ratios = ratios[~np.isnan(ratios)]
    targets, trials = np.unique(findings.astype(str), return_counts=True)
    return SearchEfficiency(
        curve=curve,
        area=float(curve.sum()),
        scanpath_ratio=float(ratios.mean()) if len(ratios) else float("nan"),
        counts=dict(zip(targets.tolist(), trials.tolist(), strict=True)),
        trials=len(boxes),
        reached=len(ratios),
        mismatch=None if reference is None else _mismatch(curve, reference),
    )


def first_on_target(fixations: ArrayLike, offsets: ArrayLike, boxes: ArrayLike) -> Floats:
    """Index, from 1, of each path's first fixation strictly inside its box.

    Args:
        fixations: (N, 2) or (N, 3): x px, y px; a third column is ignored.
        offsets: (n+1,): path i is rows `offsets[i]:offsets[i+1]`.
        boxes: (n, 4): x, y, width, height px.

    Returns:
        (n,): 1 or more; inf if the path never gets there, NaN if its box is absent (NaN) or has no
        area. Lower is faster.

    Raises:
        DataError: shapes do not fit, or a coordinate is not finite.

    >>> first_on_target([[0, 0], [5, 5], [0, 0]], [0, 2, 3], [[2, 2, 6, 6], [2, 2, 6, 6]])
    array([ 2., inf])
    """
    xy, start, path, box = _trials(fixations, offsets, boxes)
    usable = _usable(box)
    first = np.where(usable, np.inf, np.nan)
    corner, size = box[path, :2], box[path, 2:]
    within = (corner < xy) & (xy < corner + size)
    inside = np.flatnonzero(within.all(axis=1) & usable[path])
    arrived, at = np.unique(path[inside], return_index=True)  # the first of each path: rows ascend
    first[arrived] = inside[at] - start[arrived] + 1
    return first


def scanpath_ratios(
    fixations: ArrayLike, offsets: ArrayLike, boxes: ArrayLike, *, max_fixations: int = 7
) -> Floats:
    """How straight each path goes to its target: min(1, distance to the centre / path length).

    The distance is from fixation 1 to the centre of the box, the length that of the path up to the
    first fixation on target. That fixation lies inside and the first outside, so the length is
    never 0.

    Args:
        fixations, offsets, boxes: as for `first_on_target`.
        max_fixations: K, the last fixation that counts.

    Returns:
        (n,): above 0, at most 1, higher is straighter; NaN for paths that do not reach the target
        at fixation 2..K (not by then, or at the start already) or have no box.

    Raises:
        DataError: shapes do not fit, or a coordinate is not finite.
        BadSetting: `max_fixations` is not a whole number above 0.

    >>> scanpath_ratios([[0, 0], [0, 4], [3, 4]], [0, 3], [[2, 3, 2, 2]]).round(4)
    array([0.7143])
    """
    last = _whole(max_fixations)
    xy, start, path, box = _trials(fixations, offsets, boxes)
    first = first_on_target(xy, offsets, box)
    reached = (first >= 2) & (first <= last)
    # Step r leads from row r-1 to row r; it counts where both belong to the way to the target.
    # Summed path by path, so that no path's last digits depend on its neighbours.
    position = np.arange(len(xy)) - start[path]  # from 0
    steps = np.flatnonzero((position > 0) & (position < first[path]) & reached[path])
    lengths = np.bincount(
        path[steps], weights=np.hypot(*(xy[steps] - xy[steps - 1]).T), minlength=len(box)
    )
    centres = box[reached, :2] + box[reached, 2:] / 2
    distances = np.hypot(*(centres - xy[start[reached]]).T)
    ratios = np.full(len(box), np.nan)
    ratios[reached] = np.minimum(1.0, distances / lengths[reached])
    return ratios


def curve_from_first(
    first: ArrayLike,
    findings: Sequence[str] | NDArray[Any],
    *,
    max_fixations: int = 7,
    weights: ArrayLike | None = None,
) -> Floats:
    """TFP curve of trials whose first fixation on target is known.

    Args:
        first: (n,) as `first_on_target` gives it; rows that are NaN are left out.
        findings: (n,) the target of each trial.
        max_fixations: K, the length of the curve.
        weights: (n,) how much each trial counts within its finding, above 0; None is 1 each.

    Returns:
        (K,): share of trials on target by fixation 1..K, per finding, then the mean over findings;
        never falling, 0 to 1. NaN throughout if no row is left.

    Raises:
        DataError: `first` and `findings` differ in length.
        BadSetting: `max_fixations` is not a whole number above 0.

    >>> curve_from_first([1, 3, float("inf")], ["edema", "edema", "fracture"], max_fixations=3)
    array([0.25, 0.25, 0.5 ])
    """
    last = _whole(max_fixations)
    steps = np.asarray(first, dtype=np.float64)
    names = np.asarray(findings, dtype=str)
    if steps.ndim != 1 or steps.shape != names.shape:
        raise DataError(f"first {steps.shape} and findings {names.shape}: one of each a trial")
    known = ~np.isnan(steps)
    if not known.any():
        return np.full(last, np.nan)
    targets, target = np.unique(names[known], return_inverse=True)
    # Counts are whole numbers until the one division, so that shares are exact.
    bins = np.minimum(steps[known], last + 1).astype(np.intp)  # 1..K, and K+1 for later or never
    arrivals = np.bincount(
        target * (last + 1) + bins - 1,
        weights=None if weights is None else np.asarray(weights, dtype=np.float64)[known],
        minlength=len(targets) * (last + 1),
    ).reshape(len(targets), last + 1)
    by_then = arrivals.cumsum(axis=1)[:, :last]
    curve: Floats = np.mean(by_then / arrivals.sum(axis=1, keepdims=True), axis=0)
    return curve


def _mismatch(curve: Floats, reference: Scanpaths | SearchEfficiency) -> float:
    if not isinstance(reference, SearchEfficiency):
        reference = search_efficiency(reference, max_fixations=len(curve))
    if len(reference.curve) != len(curve):
        raise DataError(
            f"reference curve of {len(reference.curve)} fixations, this one of {len(curve)}: "
            "compute both with the same max_fixations"
        )
    return float(np.abs(curve - reference.curve).sum())


def _trials(
    fixations: ArrayLike, offsets: ArrayLike, boxes: ArrayLike
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp], Floats]:
    """Checked x, y (N, 2); first row of each path (n,); path of each row (N,); boxes (n, 4)."""
    xy = np.asarray(fixations, dtype=np.float64)
    xy = xy.reshape(0, 2) if xy.size == 0 else xy
    ends = np.asarray(offsets, dtype=np.intp)
    box = np.asarray(boxes, dtype=np.float64)
    box = box.reshape(0, 4) if box.size == 0 else box
    if xy.ndim != 2 or xy.shape[1] not in (2, 3):
        raise DataError(f"fixations of shape {xy.shape}: must be (N, 2) or (N, 3)")
    if box.ndim != 2 or box.shape[1] != 4:
        raise DataError(f"boxes of shape {box.shape}: must be (n, 4), x, y, width, height")
    if ends.shape != (len(box) + 1,):
        raise DataError(
            f"offsets of shape {ends.shape}: must be ({len(box) + 1},), one per box + 1"
        )
    lengths = np.diff(ends)
    if ends[0] != 0 or ends[-1] != len(xy) or (lengths < 0).any():
        raise DataError(f"offsets must rise from 0 to the number of fixations, {len(xy)}")
    if not np.isfinite(xy[:, :2]).all():
        raise DataError("fixations: a coordinate is not finite")
    return xy[:, :2], ends[:-1], np.repeat(np.arange(len(box)), lengths), box


def _usable(boxes: Floats) -> NDArray[np.bool_]:
    """Which boxes (n, 4) are there and have an area."""
    return np.asarray(np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1))


def _whole(max_fixations: int) -> int:
    if isinstance(max_fixations, bool) or not isinstance(max_fixations, int | np.integer):
        raise BadSetting(f"max_fixations {max_fixations!r}: must be a whole number above 0")
    if max_fixations < 1:
        raise BadSetting(f"max_fixations {max_fixations}: must be a whole number above 0")
    return int(max_fixations)
