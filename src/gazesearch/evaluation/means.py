"""How rows of scores become one number: over draws, then people, then pairs of image and finding.

Rows are numbered by what they belong to; a number is a group. Undefined values are NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = Mapping[str, NDArray[Any]]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


def record_numbers(keys: Keys, rows: Mask) -> Numbers:
    """Number of the recorded scanpath of each row, from 0 within the rows."""
    return np.unique(keys["record"][rows], return_inverse=True)[1]


def pair_numbers(keys: Keys, rows: Mask) -> Numbers:
    """Number of the (image, finding) of each row, from 0 within the rows, as first seen."""
    numbers: dict[tuple[str, str], int] = {}
    pairs = zip(keys["image"][rows], keys["finding"][rows], strict=True)
    return np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs], dtype=np.intp)


def trial_weights(
    records: Numbers, pairs: Numbers, predictions: NDArray[Any], counted: Mask, *, reference: bool
) -> Floats:
    """How much each row counts as a trial, so that paths that stand on several rows count once.

    A prediction that is scored against several people is one trial, the draws of a record share
    one, and a person's own path (`reference`) is one however many predictions it was scored with.
    """
    weights = 1 / sizes(records, counted)
    if not reference:
        numbers: dict[tuple[int, int], int] = {}
        keys = zip(pairs.tolist(), predictions, strict=True)
        trials = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.intp)
        weights /= sizes(trials, counted)
    return weights


def sizes(groups: Numbers, counted: Mask) -> Floats:
    """Number of counted rows in the group of each row, at least 1."""
    _, number = np.unique(groups, return_inverse=True)
    found = np.bincount(number[counted], minlength=int(number.max(initial=-1)) + 1)
    return np.maximum(found, 1)[number].astype(np.float64)


def means(values: Floats, groups: Numbers) -> Floats:
    """Mean of the defined values of each group; NaN for a group without any."""
    n = int(groups.max()) + 1 if len(groups) else 0
    defined = ~np.isnan(values)
    counts = np.bincount(groups[defined], minlength=n)
    sums = np.bincount(groups[defined], weights=values[defined], minlength=n)
    found: Floats = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
    return found


def best_of(values: Floats, groups: Numbers, *, higher: bool) -> Floats:
    """Best defined value of each group; NaN for a group without any."""
    n = int(groups.max()) + 1 if len(groups) else 0
    best = np.full(n, np.nan)
    (np.fmax if higher else np.fmin).at(best, groups, values)
    return best


def weighted_mean(values: Floats, weights: Floats) -> float:
    """Mean of the defined values; NaN if there is none."""
    defined = ~np.isnan(values)
    total = weights[defined].sum()
    return float((values[defined] * weights[defined]).sum() / total) if total else float("nan")


def pair_means(by_record: Floats, records: Numbers, pairs: Numbers) -> Floats:
    """Mean over the people of each (image, finding)."""
    pair_of_record = np.zeros(len(by_record), np.intp)
    pair_of_record[records] = pairs
    return means(by_record, pair_of_record)


def mean_over_pairs(by_record: Floats, records: Numbers, pairs: Numbers) -> float:
    """Mean over (image, finding) of the mean over its people."""
    by_pair = pair_means(by_record, records, pairs)
    defined = by_pair[~np.isnan(by_pair)]
    return float(defined.mean()) if len(defined) else float("nan")
