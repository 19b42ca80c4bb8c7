"""Paths that grow fixation by fixation, whatever decoder chooses the next one.

Every path starts at the screen's centre, unless the model is asked for its first fixation too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError
from gazesearch.prediction import ConditionalModel, Floats, ImageSource, NextFixation, Requests
from gazesearch.scanpaths import Scanpaths

Rows = NDArray[np.intp]

Start = Literal["centre", "model"]

MAX_FIXATIONS: Final = 7
IMAGES_TOGETHER: Final = 32
"""Images that a model looks at together, and may remember from step to step."""
_TOGETHER: Final = 512  # paths that grow together: 25 kB each for every map of 56 x 56 cells


@dataclass(kw_only=True, eq=False)
class Walk:
    """Paths that grow fixation by fixation."""

    sizes: Floats  # (n, 2)
    position: int  # index of the fixation that comes next
    fixations: Floats  # (n, max, 3)
    from_centre: bool  # else the first fixation is the model's

    def places(self, rows: Rows) -> NDArray[np.float64]:
        """x, y of the fixations so far of some paths, (position, len(rows), 2)."""
        return np.moveaxis(self.fixations[rows, : self.position, :2], 1, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """What a decoder chose for each path that goes on."""

    xy: Floats
    stop: NDArray[np.bool_]
    duration: Floats | None


def grow(
    model: ConditionalModel,
    requests: Requests,
    step: Callable[[NextFixation, Rows, Walk, Rows], Step],
    *,
    images: ImageSource | None,
    max_fixations: int | None,
    start: Start | None,
    draw: list[int] | None = None,
) -> Scanpaths:
    """Grow every path until it stops, some paths at a time: memory does not grow with them all."""
    max_fixations = longest(model, max_fixations)
    own = getattr(model, "start", "centre") if start is None else start
    if own not in get_args(Start):
        raise BadSetting(f"start={own!r}: must be 'centre' or 'model'")
    n = len(requests)
    walk = Walk(
        sizes=requests.screen_sizes,
        position=0,
        fixations=np.full((n, max_fixations, 3), np.nan),
        from_centre=own == "centre",
    )
    lengths = np.zeros(n, np.intp)
    for rows in _batches(model, requests):
        walk.position = 0
        while len(rows) and walk.position < max_fixations:
            rows = _one_step(model, requests, step, walk, rows, images)
            lengths[rows] = walk.position
    paths = [walk.fixations[row, : lengths[row]] for row in range(n)]
    return requests.answered(paths, name=model.name, draw=draw)


def _batches(model: ConditionalModel, requests: Requests) -> Iterator[Rows]:
    """Rows whose paths grow together: image by image, where the model looks at images."""
    n = len(requests)
    order, image = np.arange(n), np.zeros(n, np.intp)
    if model.needs_images:
        numbers: dict[str, int] = {}
        image = np.array([numbers.setdefault(name, len(numbers)) for name in requests.image])
        order = np.argsort(image, kind="stable")
        image = image[order]
    first = 0
    while first < n:
        end = min(first + _TOGETHER, int(np.searchsorted(image, image[first] + IMAGES_TOGETHER)))
        yield order[first:end]
        first = end


def _one_step(
    model: ConditionalModel,
    requests: Requests,
    step: Callable[[NextFixation, Rows, Walk, Rows], Step],
    walk: Walk,
    rows: Rows,
    images: ImageSource | None,
) -> Rows:
    """Give some paths their next fixation; returns those that did not stop instead.

    Paths that have gone the same way so far are one question to the model.
    """
    first, which = _distinct(requests, walk, rows)
    asked = requests[first]
    past = list(walk.fixations[first, : walk.position])
    if not model.predicts_durations:
        past = [path[:, :2] for path in past]
    told = model.next_fixation(asked, asked.answered(past, name=model.name), images=images)
    _refuse_no_mass(told, asked, model.name)
    made = step(told, which, walk, rows)
    xy, stop = made.xy, made.stop
    if walk.position == 0:  # no path is empty
        stop = np.zeros(len(rows), np.bool_)
        if walk.from_centre:  # the start is given, only its duration is the model's
            xy = walk.sizes[rows] / 2
    going = rows[~stop]
    walk.fixations[going, walk.position, :2] = xy[~stop]
    if made.duration is not None:
        walk.fixations[going, walk.position, 2] = made.duration[~stop]
    walk.position += 1
    return going


def _distinct(requests: Requests, walk: Walk, rows: Rows) -> tuple[Rows, Rows]:
    """The first row of each question that differs, and the number of the question of each row."""
    numbers: dict[Any, int] = {}
    first: list[int] = []
    which = np.empty(len(rows), np.intp)
    for place, row in enumerate(rows.tolist()):
        key = (
            requests.image[row],
            requests.finding[row],
            requests.subject[row],
            walk.sizes[row].tobytes(),
            walk.fixations[row, : walk.position].tobytes(),
        )
        which[place] = numbers.setdefault(key, len(numbers))
        if len(first) < len(numbers):
            first.append(row)
    return np.array(first, np.intp), which


def longest(model: ConditionalModel, max_fixations: int | None) -> int:
    """The longest path: as asked for, else the model's own, else that of GazeSearch."""
    own = getattr(model, "longest", MAX_FIXATIONS) if max_fixations is None else max_fixations
    if own < 1:
        raise BadSetting(f"max_fixations={own}: must be 1 or more")
    return int(own)


def _refuse_no_mass(told: NextFixation, asked: Requests, name: str) -> None:
    """From a map without mass or with NaN no place can be taken that is not made up."""
    most = told.log_mass.max(axis=(1, 2), initial=-np.inf)
    faulty = np.flatnonzero(~np.isfinite(most))
    if len(faulty):
        first = int(faulty[0])
        raise DataError(
            f"{name}: image {asked.image[first]}, finding {asked.finding[first]}: log_mass has NaN "
            "or no finite cell: a map must have mass somewhere"
        )
