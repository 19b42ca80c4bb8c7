"""Sequence score: two scanpaths compared as strings of fixation clusters (Yang et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.errors import BadSetting, DataError, require
from gazesearch.metrics._alignment import longest, needleman_wunsch
from gazesearch.metrics._compile import kernel
from gazesearch.metrics._metric import Measure, Scorer, positive
from gazesearch.metrics._pairs import score_pair
from gazesearch.metrics._paths import Floats, Integers, Paths

ESTIMATED = "estimate_bandwidth"


def sequence_score(
    reference: ArrayLike, prediction: ArrayLike, screen_size: ArrayLike, *, clusters: ArrayLike
) -> float:
    """Similarity of two scanpaths, aligned cluster by cluster.

    Source: Yang et al. 2020, CVPR; alignment of Needleman and Wunsch 1970. Each fixation belongs to
    the nearest centre, the first of equally near ones; a match of equal clusters gains 1, all else
    costs nothing, and the sum is divided by the longer length. Where clusters differ so do scores:
    do not compare scores from different clusters.

    Args:
        reference, prediction: (n, 2) or (m, 3): x px, y px; durations are never looked at.
        screen_size: (width, height) px; does not enter the value.
        clusters: (c, 2) px, the centres, usually `fixation_clusters` of all reference fixations on
            the image.

    Returns:
        0 to 1, higher is better, symmetric. NaN if a path is empty or there are no clusters.

    Raises:
        DataError: a path or `clusters` is not such an array.
        BadSetting: the screen size is not whole px above 0.

    >>> centres = [[50, 50], [150, 150]]
    >>> a, b = [[40, 50], [150, 140], [60, 60]], [[50, 40], [60, 50], [30, 70], [45, 45]]
    >>> sequence_score(a, b, screen_size=(224, 224), clusters=centres)
    0.5
    """
    try:
        centres = np.array(clusters, dtype=np.float64)
    except (TypeError, ValueError):
        centres = np.full((1, 2), np.nan)
    if centres.size == 0:
        centres = centres.reshape(0, 2)
    if centres.ndim != 2 or centres.shape[1] != 2 or not np.isfinite(centres).all():
        raise DataError("clusters: give the centres as finite numbers, shape (c, 2), px")
    return score_pair(_GivenClusters(centres=centres), reference, prediction, screen_size)[0]


def fixation_clusters(fixations: ArrayLike, *, bandwidth: float | None = None) -> Floats:
    """Centres of the mean-shift clusters of fixations.

    Source: Comaniciu and Meer 2002, IEEE Transactions on Pattern Analysis and Machine Intelligence
    24(5), as `sklearn.cluster.MeanShift` has it (extra `cluster`).

    Args:
        fixations: (n, 2) or (n, 3): x px, y px; a third column is not looked at.
        bandwidth: radius of the kernel, px; None for `sklearn.cluster.estimate_bandwidth`.

    Returns:
        (c, 2) px. No clusters, (0, 2), of under two fixations or where the estimate is 0: it always
        is under seven fixations.

    Raises:
        DataError: `fixations` is not such an array, or not finite.
        BadSetting: `bandwidth` is not a finite number above 0.
        MissingExtra: scikit-learn is not installed.

    >>> fixation_clusters([[10, 10], [12, 10], [200, 100]], bandwidth=20)
    array([[ 11.,  10.],
           [200., 100.]])
    """
    radius = None if bandwidth is None else positive("bandwidth", bandwidth)
    try:
        points = np.asarray(fixations, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.full((1, 2), np.nan)
    if points.size == 0:
        points = points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise DataError("fixations: give finite x, y in px, shape (n, 2) or (n, 3)")
    points = points[:, :2]
    if not np.isfinite(points).all():
        raise DataError("fixations: give finite x, y in px, shape (n, 2) or (n, 3)")
    cluster = require("sklearn.cluster", extra="cluster")
    if len(points) < 2:
        return np.empty((0, 2))
    if radius is None:
        radius = float(cluster.estimate_bandwidth(points))
        if radius <= 0:
            return np.empty((0, 2))
    centres = cluster.MeanShift(bandwidth=radius).fit(points).cluster_centers_
    return np.array(centres, dtype=np.float64, order="C")


@dataclass(frozen=True, kw_only=True)
class SequenceScore(Measure):
    """Settings of the sequence score: `bandwidth` px, or the rule that finds it for each image.

    Clusters are made of all references of an image; of all references where these come as plain
    arrays, to `pairwise`.
    """

    name: ClassVar[str] = "sequence_score"
    by_image: ClassVar[bool] = True

    bandwidth: float | str | None = ESTIMATED

    def __post_init__(self) -> None:
        if self.bandwidth is None or self.bandwidth == ESTIMATED:
            object.__setattr__(self, "bandwidth", ESTIMATED)
        elif isinstance(self.bandwidth, str):
            raise BadSetting(f"bandwidth={self.bandwidth!r}: must be px or {ESTIMATED!r}")
        else:
            object.__setattr__(self, "bandwidth", positive("bandwidth", self.bandwidth))

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Clusters of each image that is asked for."""
        images = np.zeros(len(references), dtype=np.int64)
        if references.images is not None:
            images = np.unique(references.images.astype(str), return_inverse=True)[1]
        bandwidth = None if isinstance(self.bandwidth, str) else self.bandwidth
        image_of_fixation = references.each_fixation(images)
        wanted = np.unique(images[references.used])
        centres = [
            fixation_clusters(references.xy[image_of_fixation == image], bandwidth=bandwidth)
            for image in wanted
        ]
        group = np.searchsorted(wanted, images).astype(np.int64)  # of unused images: never read
        return _scorer(references, predictions, centres, group)


@dataclass(frozen=True, kw_only=True, eq=False)  # == of arrays has no single truth value
class _GivenClusters(Measure):
    """The sequence score with clusters that the caller made, (c, 2) px."""

    name: ClassVar[str] = "sequence_score"

    centres: Floats

    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        return _scorer(
            references, predictions, [self.centres], np.zeros(len(references), dtype=np.int64)
        )


def _scorer(
    references: Paths, predictions: Paths, centres: list[Floats], group: Integers
) -> Scorer:
    """Bind the kernel; `group` is the index into `centres` of each reference, (n,)."""
    sizes = np.array([len(part) for part in centres], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    most = max(int(sizes.max()), 1)
    gains = np.zeros(2 * most - 1)
    gains[most - 1] = 1.0  # only clusters whose numbers differ by 0 match
    return partial(
        _scores,
        references.xy,
        references.offsets,
        predictions.xy,
        predictions.offsets,
        np.concatenate(centres),
        starts,
        group,
        gains,
        most - 1,
    )


@kernel
def _scores(
    a: Floats,
    a_offsets: Integers,
    b: Floats,
    b_offsets: Integers,
    centres: Floats,
    centre_offsets: Integers,
    group: Integers,
    gains: Floats,
    zero: int,
    rows: Integers,
    columns: Integers,
    out: Floats,
) -> None:
    longest_a, longest_b = longest(a_offsets, rows), longest(b_offsets, columns)
    row = np.empty(longest_b + 1)
    # A path's symbols depend on whose clusters count, hence they are found pair by pair.
    a_symbols = np.empty(longest_a, dtype=np.int64)
    b_symbols = np.empty(longest_b, dtype=np.int64)
    for pair in range(len(rows)):
        a_start, b_start = a_offsets[rows[pair]], b_offsets[columns[pair]]
        n, m = a_offsets[rows[pair] + 1] - a_start, b_offsets[columns[pair] + 1] - b_start
        first, last = centre_offsets[group[rows[pair]]], centre_offsets[group[rows[pair]] + 1]
        if n == 0 or m == 0 or first == last:
            out[pair, 0] = np.nan
            continue
        for i in range(n):
            a_symbols[i] = _nearest(a[a_start + i, 0], a[a_start + i, 1], centres, first, last)
        for j in range(m):
            b_symbols[j] = _nearest(b[b_start + j, 0], b[b_start + j, 1], centres, first, last)
        matches = needleman_wunsch(a_symbols, 0, n, b_symbols, 0, m, gains, zero, row)
        out[pair, 0] = matches / max(n, m)


@kernel
def _nearest(x: float, y: float, centres: Floats, first: int, last: int) -> int:
    """Number of the centre nearest to a point, from 0; of equally near ones the first."""
    best, smallest = 0, np.inf
    for c in range(first, last):
        dx, dy = centres[c, 0] - x, centres[c, 1] - y
        distance = dx * dx + dy * dy
        if distance < smallest:
            best, smallest = c - first, distance
    return best
