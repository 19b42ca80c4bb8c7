"""What a network answers, as next fixations of requests: shared by ChestSearch and NextGaze."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray

from gazesearch.models.network import Output, SearchNetwork
from gazesearch.prediction import LogNormal, NextFixation, Requests

Rows = NDArray[np.int64]


def by_image(
    requests: Requests, *, images: int, most: int = sys.maxsize
) -> Iterator[tuple[list[str], Rows, Rows]]:
    """Some images at a time, and the rows that ask for them.

    Args:
        requests: what is asked.
        images: how many at a time.
        most: rows at a time.

    Yields:
        Names of the images, rows, and the number of the image of each row among the names.
    """
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(requests.image.tolist()):
        rows_of.setdefault(name, []).append(row)
    names = list(rows_of)
    for start in range(0, len(names), images):
        some = names[start : start + images]
        rows = np.concatenate([np.array(rows_of[name], np.int64) for name in some])
        image = np.repeat(np.arange(len(some)), [len(rows_of[name]) for name in some])
        for first in range(0, len(rows), most):
            part = slice(first, first + most)
            yield some, rows[part], image[part]


class Answers:
    """Next fixations of some requests, filled in some rows at a time.

    Attributes:
        log_mass, log_stop: as of `NextFixation`; -inf until they are told.
    """

    def __init__(self, count: int, network: SearchNetwork) -> None:
        """None is known yet of so many requests to a network."""
        self._network = network
        self.log_mass = np.full((count, *network.map_shape), -np.inf)
        self.log_stop = np.full(count, -np.inf)
        self._durations = np.zeros((count, 2))

    def put(self, rows: Rows, told: Output) -> None:
        """Take what the network answered for some rows."""
        log_mass = self._network.log_mass(told.map_logits.double())
        self.log_mass[rows] = log_mass.cpu().numpy()
        self.log_stop[rows] = F.logsigmoid(told.stop_logits.double()).cpu().numpy()
        if told.duration is not None:
            self._durations[rows] = told.duration.double().cpu().numpy()

    def next_fixation(self, *, durations: bool) -> NextFixation:
        """All of them; with durations, where the network has some."""
        mean, log_spread = self._durations.T
        lasting = LogNormal(mean=mean, spread=np.exp(log_spread)) if durations else None
        return NextFixation(log_mass=self.log_mass, log_stop=self.log_stop, duration=lasting)
