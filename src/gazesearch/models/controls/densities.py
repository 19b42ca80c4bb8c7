"""Densities that know neither image nor finding: uniform, and a Gaussian round the centre."""

from __future__ import annotations

from typing import Final, Self, final

import numpy as np
from scipy.special import logsumexp

from gazesearch.errors import DataError
from gazesearch.models.conditional import Conditional
from gazesearch.models.controls.habits import Habits
from gazesearch.prediction import Floats, ImageSource, NextFixation, Requests, Rng
from gazesearch.scanpaths import Scanpaths

CELLS: Final = 56
"""Cells along each side of the maps, as in the published model."""


@final
class Uniform(Conditional):
    """Every place is as likely as any other; lengths and durations are people's."""

    name = "uniform"
    needs_images = False

    def __init__(self) -> None:
        self._habits: Habits | None = None

    @property
    def predicts_durations(self) -> bool:
        """Whether the train paths had durations."""
        return _fitted(self._habits, self.name).log_mean is not None

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Learn stopping and durations; the map needs no fitting. Valid and rng are not used."""
        self._habits = Habits.of(train)
        return self

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The same map whatever was asked; stopping and duration by position."""
        log_mass = np.full((len(requests), CELLS, CELLS), -2 * np.log(CELLS))
        return _answer(log_mass, _fitted(self._habits, self.name), histories)


@final
class CentreGaussian(Conditional):
    """A Gaussian round the screen's centre, as wide as people's fixations after the first."""

    name = "centre-gaussian"
    needs_images = False

    def __init__(self) -> None:
        self._habits: Habits | None = None
        self._spread = (0.0, 0.0)  # across and down, in screens

    @property
    def predicts_durations(self) -> bool:
        """Whether the train paths had durations."""
        return _fitted(self._habits, self.name).log_mean is not None

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Learn spread, stopping and durations; valid and rng are not used.

        Raises:
            DataError: no path has a second fixation.
        """
        self._habits = Habits.of(train)
        later = np.ones(len(train.fixations), np.bool_)
        later[train.offsets[:-1][train.lengths > 0]] = False
        if not later.any():
            raise DataError(f"{self.name}: no train path has a second fixation")
        sizes = np.repeat(train.screen_sizes, train.lengths, axis=0)
        offset = train.fixations[later, :2] / sizes[later] - 0.5
        across, down = (offset**2).mean(axis=0).tolist()
        self._spread = (_likeliest_spread(across), _likeliest_spread(down))
        return self

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The same map whatever was asked; stopping and duration by position."""
        habits = _fitted(self._habits, self.name)
        across, down = (_log_gaussian(spread) for spread in self._spread)
        log_mass = np.tile(down[:, None] + across[None, :], (len(requests), 1, 1))
        return _answer(log_mass, habits, histories)


def _likeliest_spread(second_moment: float) -> float:
    """Spread under which offsets of this mean square are likeliest, given that all lie in 0..1."""

    from scipy.optimize import minimize_scalar  # slow to import

    def cost(spread: float) -> float:
        peak = _log_gaussian(spread).max()
        return float(0.5 * second_moment / spread**2 - peak)

    return float(minimize_scalar(cost, bounds=(1 / CELLS, 4.0), method="bounded").x)


def _log_gaussian(spread: float) -> Floats:
    """Log mass of a Gaussian round 1/2, taken at the centres of the cells of 0..1."""
    z = ((np.arange(CELLS) + 0.5) / CELLS - 0.5) / spread
    log_mass: Floats = -0.5 * z**2 - logsumexp(-0.5 * z**2)
    return log_mass


def _answer(log_mass: Floats, habits: Habits, histories: Scanpaths) -> NextFixation:
    return NextFixation(
        log_mass=log_mass,
        log_stop=habits.log_stop(histories.lengths),
        duration=habits.duration(histories.lengths),
    )


def _fitted(habits: Habits | None, name: str) -> Habits:
    if habits is None:
        raise DataError(f"{name}: fit the model on train first")
    return habits
