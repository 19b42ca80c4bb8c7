"""How alike draws are to each other: the second term of the energy form, and diversity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics as metrics_
from gazesearch.evaluation.means import means
from gazesearch.metrics import Metric
from gazesearch.scanpaths import Scanpaths

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

_PAIRS_A_BLOCK: Final = 1_000_000
"""Pairs scored at once: memory is that of so many, or of one group if it has more."""


def between(
    paths: Scanpaths, groups: Sequence[Rows], makers: NDArray[np.intp], metrics: Sequence[Metric]
) -> dict[str, Floats]:
    """Mean of each metric over the ordered pairs of paths of different makers, group by group.

    Args:
        paths: n paths.
        groups: numbers of the paths of each of g groups; a path may be in several.
        makers: who made each path, (n,); two paths of one maker are no pair.
        metrics: of kind "pair", which do not depend on all references of an image.

    Returns:
        (g,) for each metric, under its name; NaN where no pair is defined.
    """
    found = {metric.name: np.full(len(groups), np.nan) for metric in metrics}
    for numbers in _blocks(groups):
        pairs = [_pairs(groups[number], makers) for number in numbers]
        first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
        group = np.repeat(np.arange(len(pairs)), [len(one) for one, _ in pairs])
        for metric, values in _scored(paths, first, second, metrics):
            told = means(values, group)
            found[metric.name][numbers[: len(told)]] = told
    return found


def _blocks(groups: Sequence[Rows]) -> Iterator[Rows]:
    """Numbers of some groups at a time, as many as keep to the limit of pairs."""
    before = np.cumsum([len(group) ** 2 for group in groups])
    numbered = zip((before // _PAIRS_A_BLOCK).tolist(), range(len(groups)), strict=True)
    for _, block in groupby(numbered, key=lambda pair: pair[0]):
        yield np.array([number for _, number in block], np.intp)


def _pairs(group: Rows, makers: NDArray[np.intp]) -> tuple[Rows, Rows]:
    first, second = np.nonzero(makers[group][:, None] != makers[group])
    return group[first], group[second]


def _scored(
    paths: Scanpaths, first: Rows, second: Rows, metrics: Sequence[Metric]
) -> Iterator[tuple[Metric, Floats]]:
    """Values of each metric; what shares a kernel is computed once, what lacks durations is NaN."""
    timed = paths.has_durations
    for needs_time in (False, True):
        asked = [metric for metric in metrics if ("durations" in metric.needs) == needs_time]
        if not asked:
            continue
        ready = timed[first] & timed[second] if needs_time else np.ones(len(first), np.bool_)
        scores = metrics_.paired(
            asked,
            paths,
            paths,
            screen_size=paths.screen_sizes,
            rows=first[ready],
            columns=second[ready],
        )
        for metric in asked:
            values = np.full(len(first), np.nan)
            values[ready] = scores[metric.name]
            yield metric, values
