"""Who is better than whom: every pair of entries tested, and the ranks that follow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from gazesearch.evaluation.clusters import Layout, defined_records, statistic
from gazesearch.evaluation.intervals import LEVEL, RESAMPLES
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.statistics import Statistic, holm, sign_flip_test
from gazesearch.metrics import Metric

PAIRS_A_ROUND: Final = 50
MOST_RESAMPLES: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Ranks of submissions, and what each does not beat.

    Attributes:
        rank: 1 + number of submissions that are ahead: significantly better, or better than one
            that is. None for controls, and where there is nothing to test: no value, one that is
            not finite, or values on one image only.
        tied: the other submissions of which neither is ahead.
        not_beaten: controls that a submission is not significantly better than.
        tests: number of pairs that were tested, all corrected together.
        resamples: of each test.
    """

    rank: Mapping[str, int | None]
    tied: Mapping[str, tuple[str, ...]]
    not_beaten: Mapping[str, tuple[str, ...]]
    tests: int
    resamples: int


def ranked(
    scores: Mapping[str, Scores], metric: Metric, *, controls: frozenset[str], seed: int
) -> Ranks:
    """Test all pairs of which one is a submission, and rank the submissions.

    Each pair is tested on the records that have a value for both, by exchange of the two within
    images (`sign_flip_test`); p-values are corrected over all pairs of the board (Holm).
    Tests alone need not agree: A may beat B, and B beat C, while A and C are not told apart. Being
    ahead is therefore passed on, so that of two submissions of one rank neither beats the other.

    Args:
        scores: of each entry, all of the same records.
        metric: what ranks.
        controls: which entries are controls.
        seed: of the resamples.
    """
    layouts = {
        name: Layout.of(of, np.ones(len(of), np.bool_))
        for name, of in scores.items()
        if metric in of.metrics
    }
    valued = [
        name
        for name, layout in layouts.items()
        if statistic(scores[name], metric, layout).resampled
    ]
    pairs = [
        pair
        for pair in combinations(valued, 2)
        if not (pair[0] in controls and pair[1] in controls)
    ]
    resamples = min(RESAMPLES * max(1, math.ceil(len(pairs) / PAIRS_A_ROUND)), MOST_RESAMPLES)
    sides = [_sides(pair, scores, layouts, metric) for pair in pairs]
    tested = [k for k, (one, other) in enumerate(sides) if one.resampled and other.resampled]
    p_values = np.full(len(pairs), np.nan)
    p_values[tested] = sign_flip_test([sides[k] for k in tested], resamples=resamples, seed=seed)
    better: dict[str, set[str]] = {name: set() for name in scores}  # those better than this one
    for (one, other), (first, second), p in zip(pairs, sides, holm(p_values), strict=True):
        if p < 1 - LEVEL:
            ahead = (first.value > second.value) == metric.higher_is_better
            better[other if ahead else one].add(one if ahead else other)
    ours = [name for name in valued if name not in controls]
    _pass_on(better, ours)
    return Ranks(
        rank={name: 1 + len(better[name] - controls) if name in ours else None for name in scores},
        tied={
            name: tuple(
                other
                for other in ours
                if other != name and other not in better[name] and name not in better[other]
            )
            if name in ours
            else ()
            for name in scores
        },
        not_beaten={
            name: tuple(c for c in valued if c in controls and name not in better[c])
            if name in ours
            else ()
            for name in scores
        },
        tests=len(pairs),
        resamples=resamples,
    )


def _pass_on(better: dict[str, set[str]], among: Sequence[str]) -> None:
    """Whoever is better than one that is better is ahead, too (Warshall)."""
    for middle in among:
        for name in among:
            if middle in better[name]:
                better[name] |= better[middle] & set(among) - {name}


def _sides(
    pair: tuple[str, str],
    scores: Mapping[str, Scores],
    layouts: Mapping[str, Layout],
    metric: Metric,
) -> tuple[Statistic, Statistic]:
    """The means of two entries on the records that have a value for both."""
    have = [defined_records(scores[name], metric, layouts[name]) for name in pair]
    common = have[0] & have[1]
    one, other = (statistic(scores[name], metric, layouts[name], common) for name in pair)
    return one, other
