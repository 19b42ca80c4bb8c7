"""Searches drawn fixation by fixation from what an observer says comes next."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from gazesearch.prediction import Floats, ImageSource, NextFixation, Requests, Rng
from gazesearch.scanpaths import Scanpaths

STEPS: Final = 40
"""Places along a side of a cell: of 224 px and 56 cells, 0.1 px apart."""
_BATCH: Final = 512


class _Teller(Protocol):
    @property
    def name(self) -> str: ...
    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation: ...


def walk(
    teller: _Teller, requests: Requests, *, images: ImageSource | None, rng: Rng, longest: int
) -> list[Floats]:
    """One path a request, (n, 3) each.

    A path starts exactly at the centre. Every later fixation is uniform over the 40 x 40 places of
    its cell (for 224 px: 0.1 px apart, none outside the cell); durations are kept to 0.1 ms. What a
    path becomes depends on its own random numbers only, not on the requests beside it.

    Args:
        teller: says what comes next; it must give durations and stopping.
        requests: what is asked.
        images: the images asked for.
        rng: seed or generator.
        longest: most fixations a path may have, the start included.
    """
    generator = np.random.default_rng(rng)
    chances = generator.random((len(requests), longest, 4))  # stop, cell, across, down
    paces = generator.standard_normal((len(requests), longest))
    paths: list[Floats] = []
    for first in range(0, len(requests), _BATCH):
        rows = slice(first, first + _BATCH)
        paths += _batch(teller, requests[rows], images, chances[rows], paces[rows])
    return paths


def _batch(
    teller: _Teller,
    requests: Requests,
    images: ImageSource | None,
    chances: Floats,
    paces: Floats,
) -> list[Floats]:
    n, longest = paces.shape
    fixations = np.empty((n, longest, 3))
    lengths = np.zeros(n, np.intp)
    rows = np.arange(n)
    for position in range(longest):
        if not len(rows):
            break
        asked = requests[rows]
        past = asked.answered(list(fixations[rows, :position]), name=teller.name)
        told = teller.next_fixation(asked, past, images=images)
        assert told.log_stop is not None
        assert told.duration is not None
        going = chances[rows, position, 0] >= np.exp(told.log_stop)
        rows, chance = rows[going], chances[rows[going], position]
        sizes = requests.screen_sizes[rows]
        fixations[rows, position, :2] = (
            _places(told.log_mass[going], chance, sizes) if position else sizes / 2
        )
        log_s = told.duration.mean[going] + told.duration.spread[going] * paces[rows, position]
        fixations[rows, position, 2] = np.round(np.exp(log_s), 4)
        lengths[rows] = position + 1
    return [fixations[row, : lengths[row]] for row in range(n)]


def _places(log_mass: Floats, chance: Floats, sizes: Floats) -> Floats:
    """A place drawn from each mass, (b, 2) px."""
    _, height, width = log_mass.shape
    cell = _cells(np.exp(log_mass).reshape(-1, height * width), chance[:, 1])
    corner = np.stack([cell % width, cell // width], axis=1)
    steps = corner * STEPS + np.floor(chance[:, 2:] * STEPS)
    places: Floats = steps * sizes / (width * STEPS, height * STEPS)
    # In frames other than 224 px rounding puts some first places of a cell into the one before.
    short = np.floor(places * (width, height) / sizes) < corner
    return np.where(short, places * (1 + 2**-51), places)


def _cells(mass: Floats, chance: Floats) -> NDArray[np.intp]:
    """The cell where a uniform number falls on the cumulative mass, (b,)."""
    cumulative = np.cumsum(mass, axis=1)
    # Rounding must not carry the number past the last cell.
    aim = np.minimum(chance * cumulative[:, -1], np.nextafter(cumulative[:, -1], 0))
    return np.asarray((cumulative <= aim[:, None]).sum(axis=1), np.intp)
