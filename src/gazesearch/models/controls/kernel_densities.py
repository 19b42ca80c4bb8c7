"""Kernel densities of the next fixation: of all findings, by finding, and with the history.

Densities are mixtures of parts, each a density on cells. Fitted on train; widths and weights are
chosen on valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Final, Literal, Self, final

import numpy as np

from gazesearch.errors import BadSetting, DataError
from gazesearch.models.conditional import Conditional
from gazesearch.models.controls.counts import Counts
from gazesearch.models.controls.densities import CELLS
from gazesearch.models.controls.habits import Habits
from gazesearch.models.controls.kernels import Frame, mixture_weights
from gazesearch.models.histories import cells_under, steps
from gazesearch.prediction import Floats, ImageSource, NextFixation, Requests, Rng
from gazesearch.scanpaths import Scanpaths

Part = Literal["uniform", "global", "finding", "position", "near", "saccades"]

UNIFORM: Final = 0.001
"""Least share of the uniform part: no place on the screen is impossible."""

BATCH: Final = 256


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Widths of the kernels, px of a screen whose larger side is 224 px.

    Attributes:
        place_px: round every recorded place; twice as wide for the finding's at one position.
        near_px: round the last fixation.
        from_px: how near to the last fixation a saccade of train must start to be followed.
        other_findings: weight of a saccade made in search for another finding.
    """

    place_px: float = 8.0
    near_px: float = 20.0
    from_px: float = 11.0
    other_findings: float = 0.2

    def __post_init__(self) -> None:
        for name in ("place_px", "near_px", "from_px"):
            if not getattr(self, name) > 0:
                raise BadSetting(f"{name}={getattr(self, name)}: must be above 0")
        if not 0 < self.other_findings <= 1:
            raise BadSetting(f"other_findings={self.other_findings}: must be above 0, at most 1")


GRID: Final = MappingProxyType(
    {
        "place_px": (6.0, 8.0, 10.0, 14.0),
        "near_px": (12.0, 20.0, 30.0),
        "from_px": (8.0, 11.0, 15.0, 20.0),
        "other_findings": (0.05, 0.2, 1.0),
    }
)
"""Widths tried on valid, one setting after the other, the others as they stand."""


class KernelDensity(Conditional):
    """A mixture of densities of the next fixation; subclasses say which, and are final.

    Attributes:
        widths: of the kernels, as given, or as chosen on valid.
        weights: share of each part, as chosen on valid.
        chosen_on: number of fixations of valid that chose; 0 before and without valid.
    """

    needs_images = False
    parts: ClassVar[tuple[Part, ...]]
    tuned: ClassVar[tuple[str, ...]]
    usual: ClassVar[tuple[float, ...]]
    """Weights without valid: those that the released valid split chooses, rounded."""
    grid: ClassVar[Mapping[str, tuple[float, ...]]] = GRID

    def __init__(self, *, widths: Widths | None = None) -> None:
        self._given = widths or Widths()
        self._settle()
        self._habits: Habits | None = None

    @property
    def habits(self) -> Habits:
        """Stopping and durations of train.

        Raises:
            DataError: the model was not fitted.
        """
        if self._habits is None:
            raise DataError(f"{self.name}: fit the model on train first")
        return self._habits

    @property
    def predicts_durations(self) -> bool:
        """Whether the train paths had durations."""
        return self.habits.log_mean is not None

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Count on train; choose widths (from `grid`) and weights on valid; rng is not used.

        Valid chooses by the likelihood of its fixations after the first, on images that train lacks
        where it has any: a density that recognises a train path of the same image by its last
        fixation would seem better than it is.

        Raises:
            DataError: no train path has a second fixation, or the paths have several frames.
        """
        if train.info.screen_size is None:
            raise DataError(f"{self.name}: train paths must share one frame")
        self._settle()
        self._frame = Frame.of(train.info.screen_size)
        self._counts = Counts.of(train)
        if not self._counts.later.any():
            raise DataError(f"{self.name}: no train path has a second fixation on the screen")
        by_finding = {finding: Counts.of(paths) for finding, paths in train.group("task").items()}
        self._by_finding = {
            name: counts for name, counts in by_finding.items() if counts.later.any()
        }
        self._habits = Habits.of(train)
        self._maps: dict[tuple[Part, str | None, int, float], Floats] = {}
        if valid is not None:
            self._choose(on_unseen_images(valid, train))
        return self

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The mixture; after an empty history the density of train's first fixations.

        Returns:
            Mass on 56 x 56 cells, whatever the screen; stopping and duration by position.
        """
        habits = self.habits
        mass = np.zeros((len(requests), CELLS, CELLS))
        for part, share in self.weights.items():
            if share > 0:
                mass += share * self._mass(part, self.widths, requests, histories)
        empty = histories.lengths == 0
        if empty.any():
            mass[empty] = self.first_places(self.widths.place_px)
        return NextFixation(
            log_mass=np.log(mass / mass.sum(axis=(1, 2), keepdims=True)),
            log_stop=habits.log_stop(histories.lengths),
            duration=habits.duration(histories.lengths),
        )

    def first_places(self, width_px: float) -> Floats:
        """Density of train's first fixations under a kernel, (CELLS, CELLS)."""
        start = self._frame.blur(share_of(self._counts.first), width_px)
        return (1 - UNIFORM) * start + UNIFORM / CELLS**2

    def finding_places(self, finding: str) -> Floats:
        """Density of the finding's fixations after the first, (CELLS, CELLS)."""
        places = self._places("finding", finding, 0, width_px=self.widths.place_px)
        return (1 - UNIFORM) * places + UNIFORM / CELLS**2

    # -- choosing

    def _settle(self) -> None:
        """Widths as given and the usual weights: what holds until valid chooses."""
        self.widths = self._given
        self.weights = dict(zip(self.parts, self.usual, strict=True))
        self.chosen_on = 0

    def _choose(self, valid: Scanpaths) -> None:
        """Settings of the grid in turn, each with its best weights; the first of equals."""
        self.chosen_on = int(np.maximum(valid.lengths - 1, 0).sum())
        if not self.chosen_on:
            return
        best, weights = self._likelihood(valid, self.widths)
        for setting in self.tuned:
            for value in self.grid[setting]:
                widths = replace(self.widths, **{setting: value})
                if widths == self.widths:
                    continue
                likelihood, found = self._likelihood(valid, widths)
                if likelihood > best:
                    best, weights, self.widths = likelihood, found, widths
        self.weights = weights

    def _likelihood(self, valid: Scanpaths, widths: Widths) -> tuple[float, dict[Part, float]]:
        """Mean log mass of valid's fixations after the first, and the weights that make it so."""
        observed = []
        for step in steps(valid, batch=BATCH):
            cells = cells_under(step.xy, step.requests.screen_sizes, (CELLS, CELLS))
            rows = np.flatnonzero(cells >= 0)
            observed.append(
                np.stack(
                    [
                        self._mass(part, widths, step.requests, step.histories).reshape(
                            len(step), -1
                        )[rows, cells[rows]]
                        for part in self.parts
                    ],
                    axis=1,
                )
            )
        parts = np.concatenate(observed)
        shares = (1 - UNIFORM) * mixture_weights(parts, self.usual)
        shares[self.parts.index("uniform")] += UNIFORM
        likelihood = float(np.log(parts @ shares).mean())
        return likelihood, dict(zip(self.parts, shares.tolist(), strict=True))

    # -- parts

    def _mass(self, part: Part, widths: Widths, requests: Requests, histories: Scanpaths) -> Floats:
        """One part of the mixture for each request, (b, CELLS, CELLS)."""
        if part == "uniform":
            return np.full((len(requests), CELLS, CELLS), 1 / CELLS**2)
        if part == "near":
            return self._frame.hills(last_places(histories), widths.near_px)
        if part == "saccades":
            return self._saccades(widths, requests, histories)
        known = histories.lengths
        keys = [
            (part, finding if part != "global" else None, k if part == "position" else 0)
            for finding, k in zip(requests.finding, known.tolist(), strict=True)
        ]
        maps = {key: self._places(*key, width_px=widths.place_px) for key in dict.fromkeys(keys)}
        return np.stack([maps[key] for key in keys])

    def _places(self, part: Part, finding: str | None, known: int, *, width_px: float) -> Floats:
        """Density of recorded places: all, the finding's, or the finding's at one position."""
        key = (part, finding, known, width_px)
        if key not in self._maps:
            counts = self._by_finding.get(finding, self._counts)
            places = counts.later
            if part == "position" and counts.after(known).any():
                places, width_px = counts.after(known), 2 * width_px
            self._maps[key] = self._spread(places, width_px)
        return self._maps[key]

    def _spread(self, counts: Floats, width_px: float) -> Floats:
        """Density of counted places, (CELLS, CELLS)."""
        return self._frame.blur(share_of(counts), width_px)

    def _saccades(self, widths: Widths, requests: Requests, histories: Scanpaths) -> Floats:
        """Where train went from near the last fixation, most of all in search for this finding."""
        near = self._frame.nearness(last_places(histories), widths.from_px)
        near = near.reshape(len(near), -1)
        went = widths.other_findings * (near @ self._counts.saccades)
        for finding in dict.fromkeys(requests.finding):
            if finding in self._by_finding:
                rows = np.flatnonzero(requests.finding == finding)
                own = near[rows] @ self._by_finding[finding].saccades
                went[rows] += (1 - widths.other_findings) * own
        nowhere = went.sum(axis=1) == 0  # so far from all of train that every weight is 0
        went[nowhere] = self._counts.later.reshape(-1)
        went /= went.sum(axis=1, keepdims=True)
        return self._frame.blur(went.reshape(-1, CELLS, CELLS), widths.place_px)


@final
class GlobalDensity(KernelDensity):
    """Where people look at all: kernel density of train's fixations after the first."""

    name = "global-density"
    parts = ("uniform", "global")
    tuned = ("place_px",)
    usual = (0.01, 0.99)


@final
class FindingDensity(KernelDensity):
    """Where people look for this finding: its kernel density, backed by that of all findings."""

    name = "finding-density"
    parts = ("uniform", "global", "finding", "position")
    tuned = ("place_px",)
    usual = (0.01, 0.24, 0.65, 0.1)


@final
class HistoryDensity(KernelDensity):
    """Where people look next for this finding, given the last fixation; never sees an image."""

    name = "history-density"
    parts = ("uniform", "global", "finding", "position", "near", "saccades")
    tuned = ("place_px", "near_px", "from_px", "other_findings")
    usual = (0.01, 0.01, 0.03, 0.01, 0.04, 0.9)


def last_places(histories: Scanpaths) -> Floats:
    """The last fixation of each path, (b, 2) in screens; the centre where there is none."""
    places = np.full((len(histories), 2), 0.5)
    there = histories.lengths > 0
    last = histories.fixations[histories.offsets[1:][there] - 1, :2]
    places[there] = last / histories.screen_sizes[there]
    return places


def on_unseen_images(valid: Scanpaths, train: Scanpaths) -> Scanpaths:
    """The paths of valid on images that train lacks; all where there are none."""
    known = set(train.image)
    unseen = np.array([image not in known for image in valid.image], np.bool_)
    return valid[unseen] if unseen.any() else valid


def share_of(counts: Floats) -> Floats:
    """Counts brought to sum 1; all cells alike where nothing was counted."""
    if not counts.any():
        return np.full_like(counts, 1 / counts.size)
    return np.asarray(counts / counts.sum())
