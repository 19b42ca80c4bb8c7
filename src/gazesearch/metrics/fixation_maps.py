"""Fixation maps and how alike two of them are (Bylinskii et al. 2019, Kümmerer et al. 2015).

Everywhere here fixations are (n, 2) or (n, 3), x px, y px, a third column is ignored, n may be 0;
maps are (h, w), their cells tile the screen evenly, (x, y) lies in row floor(y * h / height) and
column floor(x * w / width), and they need not sum to 1. Another shape, a coordinate that is not
finite or two maps of unequal shape raise `DataError`, an impossible screen `BadSetting`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.errors import BadSetting, DataError
from gazesearch.metrics._maps import (
    Floats,
    as_density,
    cells_of,
    checked_map,
    gaussians,
    inner,
    points_of,
    same_shape,
    sides_of,
    standardised,
)

if TYPE_CHECKING:
    from gazesearch.scanpaths import ScreenSize

LONGEST_SIDE_CELLS: Final = 224
SIGMAS_PER_SIDE: Final = 14
EPSILON: Final = float(np.finfo(np.float64).eps)  # 2.2204e-16, as in the published code
_NAN: Final = float("nan")


def map_shape(screen_size: ScreenSize) -> tuple[int, int]:
    """Cells (down, across) of the fixation map of a screen.

    One cell a px while the longer side has at most 224 px; beyond that 224 cells on the longer
    side and as many on the shorter as keep the aspect, to the nearest cell.

    Args:
        screen_size: (width, height), px.

    Raises:
        BadSetting: a side is not finite and above 0.

    >>> map_shape((224, 224)), map_shape((1680, 1050))
    ((224, 224), (140, 224))
    """
    width, height = sides_of(screen_size)
    per_px = min(1.0, LONGEST_SIDE_CELLS / max(width, height))
    return max(1, round(height * per_px)), max(1, round(width * per_px))


def fixation_map(
    fixations: ArrayLike,
    screen_size: ScreenSize,
    *,
    sigma_px: float | None = None,
    weights: ArrayLike | None = None,
) -> Floats:
    """Density of fixations: a Gaussian round each, taken at the centres of the cells.

    The sum over fixations is exact (no truncation, no transform). A fixation off the screen adds
    the part of its Gaussian that reaches the screen.

    Args:
        fixations: (n, 2) or (n, 3): x px, y px.
        screen_size: (width, height), px.
        sigma_px: standard deviation of the Gaussian, px; None is 1/14 of the longer side of the
            screen, 16 px on 224.
        weights: (n,) weight of each fixation, at least 0 (durations, for example); None is 1 each.

    Returns:
        (h, w) as `map_shape` says: mass of each cell, sum 1. NaN throughout if there is no mass:
        no fixation, no weight above 0, or all too far off the screen.

    Raises:
        BadSetting: `sigma_px` or a side of the screen is not finite and above 0.
        DataError: shapes do not fit, a coordinate is not finite, a weight is below 0 or not finite.

    >>> density = fixation_map([[112, 112], [60, 64]], (224, 224))
    >>> density.shape, round(float(density.sum()), 12)
    ((224, 224), 1.0)
    """
    xy = points_of(fixations)
    width, height = sides_of(screen_size)
    rows, columns = map_shape(screen_size)
    sigma = max(width, height) / SIGMAS_PER_SIDE if sigma_px is None else sigma_px
    if not (math.isfinite(sigma) and sigma > 0):
        raise BadSetting(f"sigma_px {sigma_px}: must be finite and above 0 px")
    across = gaussians(xy[:, 0], width, columns, sigma)  # (n, w)
    down = gaussians(xy[:, 1], height, rows, sigma)  # (n, h)
    if weights is not None:
        weight = np.asarray(weights, dtype=np.float64)
        if weight.shape != (len(xy),):
            raise DataError(f"weights of shape {weight.shape} for {len(xy)} fixations")
        if not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise DataError("weights: each must be finite and at least 0")
        down = down * weight[:, None]
    density = as_density(down.T @ across, "fixation map")
    return np.full((rows, columns), _NAN) if density is None else density


def cc(reference_map: ArrayLike, predicted_map: ArrayLike) -> float:
    """Linear correlation (Pearson) of two maps over their cells (CC of Bylinskii et al. 2019).

    Args:
        reference_map, predicted_map: (h, w).

    Returns:
        -1 to 1, higher is better, symmetric. NaN if a map is constant or has a cell that is not
        finite.

    >>> round(cc([[0, 1], [2, 3]], [[0, 2], [4, 7]]), 4)
    0.9944
    """
    reference, predicted = same_shape(reference_map, predicted_map)
    a, b = standardised(reference), standardised(predicted)
    if a is None or b is None:
        return _NAN
    return min(1.0, max(-1.0, inner(a, b) / a.size))


def nss(reference_fixations: ArrayLike, predicted_map: ArrayLike, screen_size: ScreenSize) -> float:
    """Normalised scanpath saliency: the standardised map at the fixations (Peters et al. 2005).

    The map is brought to mean 0 and standard deviation 1 (over its cells, dividing by their
    number); the score is its mean over the fixations on the screen, each counted.

    Args:
        reference_fixations: (n, 2) or (n, 3): x px, y px.
        predicted_map: (h, w).
        screen_size: (width, height), px.

    Returns:
        Unbounded, 0 at chance, higher is better. NaN if no fixation is on the screen, or the map is
        constant or has a cell that is not finite.

    >>> nss([[1.5, 0.5]], [[0, 2]], (2, 1))
    1.0
    """
    predicted = checked_map(predicted_map)
    scaled = standardised(predicted)
    cells = cells_of(reference_fixations, predicted.shape, screen_size)
    if scaled is None or len(cells) == 0:
        return _NAN
    return float(scaled.ravel()[cells].mean())


def kl(reference_map: ArrayLike, predicted_map: ArrayLike) -> float:
    """Kullback-Leibler divergence of the prediction from the reference, nats.

    With both maps summing to 1, sum of Q log(e + Q / (P + e)), e = 2.2204e-16 (Bylinskii et al.
    2019; Q reference, P prediction). e alone can bring near-equal maps to -1e-11: that counts as 0.

    Args:
        reference_map, predicted_map: (h, w), no cell below 0.

    Returns:
        0 or more, lower is better. NaN if a map is all 0 or has a cell that is not finite.

    Raises:
        DataError: a cell is below 0.

    >>> round(kl([[1, 1]], [[3, 1]]), 4)  # log(2 / 3) / 2 + log(2) / 2
    0.1438
    """
    reference, predicted = same_shape(reference_map, predicted_map)
    q, p = as_density(reference, "reference map"), as_density(predicted, "predicted map")
    if q is None or p is None:
        return _NAN
    return max(0.0, float(np.sum(q * np.log(EPSILON + q / (p + EPSILON)))))


def auc_judd(
    reference_fixations: ArrayLike, predicted_map: ArrayLike, screen_size: ScreenSize
) -> float:
    """Area under the ROC curve whose thresholds are the map's values at fixated cells (Judd).

    A cell is fixated or not, however many fixations fall into it. At each distinct value among the
    fixated cells the curve has one point, (share of the other cells, share of the fixated cells)
    that have at least this value; (0, 0) and (1, 1) are added, straight lines join them. The
    published code instead breaks ties by random jitter. For untied maps the value is the ordinary
    ROC area plus f / 2n (n fixated cells, f the share of other cells above the lowest of them).

    Args:
        reference_fixations: (n, 2) or (n, 3): x px, y px.
        predicted_map: (h, w); only the order of its values matters.
        screen_size: (width, height), px.

    Returns:
        0 to 1, 0.5 for a constant map, higher is better. NaN if no fixation is on the screen, every
        cell is fixated, or the map has a cell that is not finite.

    >>> auc_judd([[1.5, 0.5]], [[0, 2, 3, 1]], (4, 1))  # points (1/3, 1) and the two ends
    0.8333333333333334
    """
    predicted = checked_map(predicted_map)
    fixated = np.unique(cells_of(reference_fixations, predicted.shape, screen_size))
    others = predicted.size - len(fixated)
    if len(fixated) == 0 or others == 0 or not np.isfinite(predicted).all():
        return _NAN
    values = predicted.ravel()
    thresholds, counts = np.unique(values[fixated], return_counts=True)
    hits = counts[::-1].cumsum()  # fixated cells at or above each threshold, the highest first
    at_least = predicted.size - np.sort(values).searchsorted(thresholds[::-1], side="left")
    true_share = np.concatenate([[0.0], hits / len(fixated), [1.0]])
    false_share = np.concatenate([[0.0], (at_least - hits) / others, [1.0]])
    return float(np.trapezoid(true_share, false_share))


def sim(reference_map: ArrayLike, predicted_map: ArrayLike) -> float:
    """Similarity, or histogram intersection: the mass that two maps share (Bylinskii et al. 2019).

    Both maps are brought to sum 1 (without first subtracting their minimum, as the published code
    does but the paper does not); the score is the sum of the smaller value of each cell.

    Args:
        reference_map, predicted_map: (h, w), no cell below 0.

    Returns:
        0 to 1, higher is better, symmetric. NaN if a map is all 0 or has a cell that is not finite.

    Raises:
        DataError: a cell is below 0.

    >>> sim([[1, 1]], [[3, 1]])
    0.75
    """
    reference, predicted = same_shape(reference_map, predicted_map)
    q, p = as_density(reference, "reference map"), as_density(predicted, "predicted map")
    if q is None or p is None:
        return _NAN
    return min(1.0, float(np.minimum(q, p).sum()))


def information_gain(
    reference_fixations: ArrayLike,
    predicted_map: ArrayLike,
    baseline_map: ArrayLike,
    screen_size: ScreenSize,
) -> float:
    """Bits per fixation by which the prediction explains fixations better than a baseline.

    Mean over the fixations on the screen of log2 P - log2 B, both maps summing to 1 (Kümmerer et
    al. 2014, 2015). Nothing is added to either: a density that gives a fixation no mass earns it.

    Args:
        reference_fixations: (n, 2) or (n, 3): x px, y px.
        predicted_map, baseline_map: (h, w), no cell below 0.
        screen_size: (width, height), px.

    Returns:
        Unbounded, 0 at the baseline's level, higher is better; -inf if the prediction, inf if the
        baseline has no mass at a fixation. NaN if both lack it at some fixation, no fixation is
        on the screen, or a map is all 0 or has a cell that is not finite.

    Raises:
        DataError: a cell is below 0.

    >>> information_gain([[1.5, 0.5]], [[1, 3]], [[1, 1]], (2, 1))  # log2(0.75 / 0.5)
    0.5849625007211562
    """
    predicted, baseline = same_shape(predicted_map, baseline_map)
    cells = cells_of(reference_fixations, predicted.shape, screen_size)
    p, b = as_density(predicted, "predicted map"), as_density(baseline, "baseline map")
    if p is None or b is None or len(cells) == 0:
        return _NAN
    p, b = p.ravel()[cells], b.ravel()[cells]
    if not p.all() and not b.all():
        return _NAN  # inf less inf
    with np.errstate(divide="ignore"):  # log2 of no mass is the -inf that is meant
        return float(np.mean(np.log2(p) - np.log2(b)))


def map_scores(
    reference_fixations: ArrayLike,
    predicted_fixations: ArrayLike | None,
    screen_size: ScreenSize,
    *,
    sigma_px: float | None = None,
    baseline_map: ArrayLike | None = None,
) -> dict[str, float]:
    """All fixation-map metrics of one (image, finding).

    Args:
        reference_fixations: (n, 2) or (n, 3): x px, y px, of all recorded paths together.
        predicted_fixations: likewise, of all predicted paths; None if there is no prediction, which
            counts as 0; KL and information gain have no worst value and stay undefined.
        screen_size: (width, height), px.
        sigma_px: as for `fixation_map`, for both maps.
        baseline_map: (h, w) as `map_shape` says, for information gain, which is NaN without it.

    Returns:
        `map_cc`, `map_nss`, `map_kl`, `map_auc_judd`, `map_sim`, `map_information_gain`. What the
        reference leaves undefined is NaN, with or without a prediction; all are NaN if a prediction
        has no fixation.

    >>> look = [[112, 112, 0.25], [60, 64, 0.50]]
    >>> scores = map_scores(look, [[112, 112], [90, 64]], (224, 224))
    >>> round(scores["map_cc"], 4), round(scores["map_sim"], 4), round(scores["map_kl"], 4)
    (0.6785, 0.6742, 0.8403)
    """
    reference_map = fixation_map(reference_fixations, screen_size, sigma_px=sigma_px)
    missing = predicted_fixations is None
    # Without a prediction the reference stands in: what even this leaves undefined stays so.
    predicted_map = reference_map
    if predicted_fixations is not None:
        predicted_map = fixation_map(predicted_fixations, screen_size, sigma_px=sigma_px)
    scores = {
        "map_cc": cc(reference_map, predicted_map),
        "map_nss": nss(reference_fixations, predicted_map, screen_size),
        "map_kl": _NAN if missing else kl(reference_map, predicted_map),
        "map_auc_judd": auc_judd(reference_fixations, predicted_map, screen_size),
        "map_sim": sim(reference_map, predicted_map),
        "map_information_gain": _NAN,
    }
    if missing:
        return {name: score if math.isnan(score) else 0.0 for name, score in scores.items()}
    if baseline_map is not None:
        scores["map_information_gain"] = information_gain(
            reference_fixations, predicted_map, baseline_map, screen_size
        )
    return scores
