"""When people stop and how long they look, whatever they look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gazesearch.errors import DataError
from gazesearch.prediction import Floats, LogNormal
from gazesearch.scanpaths import Scanpaths

LEAST_HAZARD: Final = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Habits:
    """Stopping and durations by position in the path.

    Attributes:
        stop: probability that a path of k fixations ends there, for k = 0..K, (K+1,).
        log_mean, log_spread: of the log seconds of fixation k+1, (K,); None without durations.
    """

    stop: Floats
    log_mean: Floats | None
    log_spread: Floats | None

    @classmethod
    def of(cls, paths: Scanpaths) -> Habits:
        """Fit to recorded paths.

        Stopping is the share of paths that end after k fixations among those that have k, kept
        within 0.001 of 0 and 1 so that no path is impossible; a path never is empty.

        Raises:
            DataError: there is no path with a fixation.
        """
        lengths = paths.lengths
        if not lengths.max(initial=0):
            raise DataError("habits: no recorded path has a fixation")
        longest = int(lengths.max())
        reach = (lengths[:, None] >= np.arange(longest + 1)).sum(axis=0)
        end = (lengths[:, None] == np.arange(longest + 1)).sum(axis=0)
        stop = np.clip(end / reach, LEAST_HAZARD, 1 - LEAST_HAZARD)
        stop[0] = 0.0
        position = np.arange(len(paths.fixations)) - np.repeat(paths.offsets[:-1], lengths)
        timed = paths.durations > 0
        if not timed.any():
            return cls(stop=stop, log_mean=None, log_spread=None)
        logs = np.log(paths.durations[timed])
        means, spreads = np.full(longest, logs.mean()), np.full(longest, logs.std() + 1e-6)
        for k in range(longest):
            here = logs[position[timed] == k]
            if len(here) > 1:
                means[k], spreads[k] = here.mean(), here.std() + 1e-6
        return cls(stop=stop, log_mean=means, log_spread=spreads)

    def log_stop(self, lengths: np.ndarray) -> Floats:
        """Log probability of stopping after so many fixations, (b,)."""
        with np.errstate(divide="ignore"):  # 0 before the first fixation
            return np.asarray(np.log(self.stop[np.minimum(lengths, len(self.stop) - 1)]))

    def duration(self, lengths: np.ndarray) -> LogNormal | None:
        """Duration of the fixation after so many, (b,)."""
        if self.log_mean is None or self.log_spread is None:
            return None
        at = np.minimum(lengths, len(self.log_mean) - 1)
        return LogNormal(mean=self.log_mean[at], spread=self.log_spread[at])
