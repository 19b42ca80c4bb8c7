"""From rows of `Scores` to sums over images: each mean as a `Statistic` that can be resampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gazesearch.errors import DataError
from gazesearch.evaluation.means import (
    Floats,
    Mask,
    Numbers,
    means,
    pair_means,
    pair_numbers,
    record_numbers,
    trial_weights,
)
from gazesearch.evaluation.statistics import Statistic, ratio
from gazesearch.metrics import Metric

if TYPE_CHECKING:
    from gazesearch.evaluation.scores import Scores

_CURVES = ("tfp_area", "tfp_mismatch")


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Which record, pair of image and finding, and cluster the rows of a group belong to.

    Attributes:
        rows: the group's rows of the table.
        records, pairs, clusters: (r,) numbers from 0 of each row of the group. Clusters are
            numbered in order of their names, so that the order of a file decides nothing.
        count: number of clusters.
    """

    rows: Mask
    records: Numbers
    pairs: Numbers
    clusters: Numbers
    count: int

    @classmethod
    def of(cls, scores: Scores, rows: Mask, patients: Mapping[str, str] | None = None) -> Layout:
        """Lay out a group by image, or by patient where a mapping of images to patients is given.

        Raises:
            DataError: an image has no patient.
        """
        names = scores.keys["image"][rows].tolist()
        if patients is not None:
            absent = sorted({name for name in names if name not in patients})
            if absent:
                raise DataError(
                    f"patients: {len(absent)} images have none (the first: {absent[0]}): add them"
                )
            names = [patients[name] for name in names]
        numbers = {name: number for number, name in enumerate(sorted(set(names)))}
        return cls(
            rows=rows,
            records=record_numbers(scores.keys, rows),
            pairs=pair_numbers(scores.keys, rows),
            clusters=np.array([numbers[name] for name in names], dtype=np.intp),
            count=len(numbers),
        )

    def sums(self, clusters: Numbers, values: Floats) -> Floats:
        """Sum of values by cluster, (count,)."""
        return np.bincount(clusters, weights=values, minlength=self.count).astype(np.float64)


def defined_records(scores: Scores, metric: Metric, layout: Layout) -> Mask:
    """Which records of a group have a value of a metric, whatever the draw."""
    defined = ~np.isnan(_values(scores, metric, layout))
    found = np.zeros(int(layout.records.max(initial=-1)) + 1, np.bool_)
    found[layout.records[defined]] = True
    return found


def statistic(
    scores: Scores, metric: Metric, layout: Layout, among: Mask | None = None
) -> Statistic:
    """The mean that `Scores.summary` gives of a metric, as a function of sums over clusters.

    Args:
        among: which records count; None takes all.
    """
    values = _values(scores, metric, layout)
    if among is not None:
        values = np.where(among[layout.records], values, np.nan)
    if metric.name in _CURVES:
        return _curve(scores, metric, layout, values)
    if metric.kind == "search":
        defined = ~np.isnan(values)
        weights = _weights(scores, layout, defined)[defined]
        sums = (values[defined] * weights, weights)
        return _ratio(layout, layout.clusters[defined], *sums)
    # A value of maps is repeated on the rows of its image and finding, whose mean it therefore is.
    by_pair = pair_means(means(values, layout.records), layout.records, layout.pairs)
    cluster_of_pair = np.zeros(len(by_pair), np.intp)
    cluster_of_pair[layout.pairs] = layout.clusters
    defined = ~np.isnan(by_pair)
    return _ratio(layout, cluster_of_pair[defined], by_pair[defined], np.ones(defined.sum()))


def _values(scores: Scores, metric: Metric, layout: Layout) -> Floats:
    column = "first_on_target" if metric.name in _CURVES else metric.name
    found: Floats = scores.values[column][layout.rows]
    return found


def _ratio(layout: Layout, clusters: Numbers, values: Floats, weights: Floats) -> Statistic:
    count = layout.sums(clusters, weights)
    sums = np.stack([layout.sums(clusters, values), count], axis=1)
    return Statistic(sums=sums, present=count > 0, of=ratio)


def _weights(scores: Scores, layout: Layout, counted: Mask, *, reference: bool = False) -> Floats:
    predictions = scores.keys["prediction"][layout.rows]
    return trial_weights(layout.records, layout.pairs, predictions, counted, reference=reference)


def _curve(scores: Scores, metric: Metric, layout: Layout, first: Floats) -> Statistic:
    """Sums of a TFP curve: by cluster, curve and finding the trials on target by 1..K, and all."""
    last = int(str(metric.settings["max_fixations"]))
    counted = ~np.isnan(first)
    findings, finding = np.unique(
        scores.keys["finding"][layout.rows].astype(str), return_inverse=True
    )
    curves = [(first, False)]
    if metric.name == "tfp_mismatch":
        people = scores.values["reference_first_on_target"][layout.rows]
        curves.append((people, True))
    sums = np.zeros((layout.count, len(curves), len(findings), last + 1))
    for number, (steps, reference) in enumerate(curves):
        arrival = np.minimum(steps[counted], last + 1).astype(np.intp) - 1  # K: later or never
        weights = _weights(scores, layout, counted, reference=reference)[counted]
        np.add.at(sums[:, number], (layout.clusters[counted], finding[counted], arrival), weights)
    sums = sums.cumsum(axis=3)
    return Statistic(
        sums=sums.reshape(layout.count, -1),
        present=sums[:, 0, :, -1].sum(axis=1) > 0,
        of=partial(_area, shape=sums.shape[1:]),
    )


def _area(totals: Floats, *, shape: tuple[int, int, int]) -> Floats:
    """Area of a curve, or sum of absolute differences of two; curves are means over findings."""
    by_then = totals.reshape(len(totals), *shape)
    trials = by_then[..., -1:]
    there = trials > 0
    shares = np.divide(by_then[..., :-1], trials, out=np.zeros_like(by_then[..., 1:]), where=there)
    findings = there.sum(axis=2)
    none = np.full((len(totals), shape[0], shape[2] - 1), np.nan)
    curves = np.divide(shares.sum(axis=2), findings, out=none, where=findings > 0)
    found = curves[:, 0] if shape[0] == 1 else np.abs(curves[:, 0] - curves[:, 1])
    area: Floats = found.sum(axis=1)
    return area
