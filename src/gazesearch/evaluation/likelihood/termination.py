"""When a model thinks that a search ends: log score of every decision, and calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.evaluation.intervals import RESAMPLES, Interval
from gazesearch.evaluation.likelihood.averages import Average, average, clusters_of, ends
from gazesearch.evaluation.likelihood.measures import CALIBRATION, STOP, stop_log_score
from gazesearch.evaluation.means import Mask
from gazesearch.evaluation.statistics import Statistic, ratio
from gazesearch.prediction import Floats

BINS: Final = 10
"""Bins of the calibration curve, of equal width: [0, 0.1), ... [0.9, 1]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """How often searches ended where a model said that they would, by what it said.

    Attributes:
        edges: (bins+1,) of the bins of the probability of stopping; the last one holds 1.
        count: (bins,) decisions in each.
        told: (bins,) mean probability in each; NaN where there is no decision.
        stopped: (bins,) share that ended; NaN likewise.
        error: expected calibration error: mean of |told - stopped| over decisions; NaN without any.
    """

    edges: Floats
    count: NDArray[np.int64]
    told: Floats
    stopped: Floats
    error: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Termination:
    """A row for each decision: after each of the fixations 1..n go on, n-1 times, or stop, once.

    Attributes:
        keys: columns that say what a row is: `record`, `after` (number of the fixation that it
            follows), `position` (of the one that would come next), and those of the records.
        log_stop: (d,) log probability of stopping.
        stopped: (d,) whether the search ended.
    """

    keys: Mapping[str, NDArray[Any]]
    log_stop: Floats
    stopped: Mask

    def __len__(self) -> int:
        return len(self.log_stop)

    @property
    def log_scores(self) -> Floats:
        """log2 of the probability given to what was decided, (d,) bits; 0 is best."""
        return stop_log_score(self.log_stop, self.stopped)

    def summary(self, where: Mask | None = None) -> Average:
        """Mean log score over decisions, each weighs the same.

        Args:
            where: rows of a group; None takes all.
        """
        return average(self.log_scores[_rows(self, where)])

    def calibration(self, where: Mask | None = None, *, bins: int = BINS) -> Calibration:
        """Reliability curve in bins of equal width, and its expected error.

        Args:
            where: rows of a group; None takes all.
            bins: number of bins.
        """
        rows = _rows(self, where)
        sums = np.zeros((bins, 3))
        np.add.at(sums, self._bins(rows, bins), self._terms(rows))
        count = sums[:, 0]
        none = np.full((bins, 2), np.nan)
        shares = np.divide(sums[:, 1:], count[:, None], out=none, where=count[:, None] > 0)
        return Calibration(
            edges=np.arange(bins + 1) / bins,
            count=count.astype(np.int64),
            told=shares[:, 0],
            stopped=shares[:, 1],
            error=float(_error(sums.reshape(1, -1))[0]),
        )

    def intervals(
        self,
        where: Mask | None = None,
        *,
        resamples: int = RESAMPLES,
        rng: int | np.random.Generator = 0,
    ) -> dict[str, Interval]:
        """95% intervals of log score and calibration error, by bootstrap over images.

        The error is a sum of absolute differences, which resampling can only raise: its interval
        lies somewhat too high.
        """
        rows = _rows(self, where)
        clusters, count = clusters_of(self.keys["image"][rows])
        scores = self.log_scores[rows]
        means = np.stack([np.bincount(clusters, w, count) for w in (scores, None)], axis=1)
        sums = np.zeros((count, BINS, 3))
        np.add.at(sums, (clusters, self._bins(rows, BINS)), self._terms(rows))
        present = means[:, 1] > 0
        statistics = {
            STOP.name: Statistic(sums=means.astype(np.float64), present=present, of=ratio),
            CALIBRATION.name: Statistic(sums=sums.reshape(count, -1), present=present, of=_error),
        }
        return ends(statistics, resamples=resamples, rng=rng)

    def _bins(self, rows: Mask, bins: int) -> NDArray[np.intp]:
        told = np.exp(self.log_stop[rows])
        return np.minimum((told * bins).astype(np.intp), bins - 1)

    def _terms(self, rows: Mask) -> Floats:
        """1, probability and outcome of each decision, (d, 3)."""
        told = np.exp(self.log_stop[rows])
        return np.stack([np.ones(len(told)), told, self.stopped[rows]], axis=1)


def _rows(table: Termination, where: Mask | None) -> Mask:
    return np.ones(len(table), np.bool_) if where is None else where


def _error(totals: Floats) -> Floats:
    """Expected calibration error of sums by bin of count, probability, outcome: (B, m) -> (B,)."""
    count, told, stopped = np.moveaxis(totals.reshape(len(totals), -1, 3), 2, 0)
    off, all_ = np.abs(told - stopped).sum(axis=1), count.sum(axis=1)
    found: Floats = np.divide(off, all_, out=np.full(len(totals), np.nan), where=all_ > 0)
    return found
