"""From next fixations to paths: greedy, sampled, typical; for every model with `next_fixation`.

Every path starts at the screen's centre, unless the model is asked for its first fixation too. What
falls out of the random generator for a request does not depend on the other requests, so batches of
any size give the same paths.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gazesearch import metrics
from gazesearch.errors import BadSetting, DataError
from gazesearch.metrics import Metric
from gazesearch.models.cells import cell_centres, inverse, sharpened
from gazesearch.models.median_durations import with_median_durations
from gazesearch.prediction import (
    ConditionalModel,
    Floats,
    ImageSource,
    NextFixation,
    Requests,
    Rng,
)
from gazesearch.scanpaths import Scanpaths

Rows = NDArray[np.intp]

Start = Literal["centre", "model"]

MAX_FIXATIONS: Final = 7
INHIBITION_PX: Final = 16.0
"""Radius of inhibition of return in the released decoder of GazeSearch, at 224 px."""
_BATCH: Final = 512  # paths that grow together: 25 kB each for every map of 56 x 56 cells
_IMAGES: Final = 32  # that a model looks at together, and may remember from step to step


def greedy(
    model: ConditionalModel,
    requests: Requests,
    *,
    images: ImageSource | None = None,
    max_fixations: int | None = None,
    start: Start | None = None,
    inhibition_px: float | None = INHIBITION_PX,
) -> Scanpaths:
    """The likeliest cell after the likeliest cell, by default not twice near the same place.

    A path ends when stopping is likelier than going on, at `max_fixations`, or when every cell is
    inhibited. Durations are the medians.

    Args:
        model: the model.
        requests: what is asked.
        images: for models that look at images.
        max_fixations: longest path, the start included; None takes the model's own `longest`, 7
            where it has none.
        start: "centre" of the screen, or "model": the first fixation is its answer too. None takes
            the model's own `start`, the centre where it has none.
        inhibition_px: cells whose centre is at most this far from an earlier fixation are left out;
            None leaves none out.

    Returns:
        One path a request, fixations at the centres of cells.
    """
    if inhibition_px is not None and not inhibition_px >= 0:
        raise BadSetting(f"inhibition_px={inhibition_px}: must be 0 or more, or None")

    def step(told: NextFixation, which: Rows, walk: _Walk, rows: Rows) -> _Step:
        b, (_, h, w) = len(rows), told.log_mass.shape
        centres = cell_centres(h, w, walk.sizes[rows])  # (b, h*w, 2)
        log_mass = told.log_mass.reshape(-1, h * w)[which]
        if inhibition_px is not None:
            for place in walk.places(rows):  # (b, 2), a fixation of each path
                near = np.hypot(*np.moveaxis(centres - place[:, None], -1, 0)) <= inhibition_px
                log_mass[near] = -np.inf
        best = log_mass.argmax(axis=1)
        stop = np.isneginf(log_mass.max(axis=1))
        if told.log_stop is not None:
            stop |= told.log_stop[which] > math.log(0.5)
        xy = centres[np.arange(b), best]
        median = None if told.duration is None else np.exp(told.duration.mean[which])
        return _Step(xy=xy, stop=stop, duration=median)

    return _walk(model, requests, step, images=images, max_fixations=max_fixations, start=start)


def sample(
    model: ConditionalModel,
    requests: Requests,
    n: int = 1,
    *,
    images: ImageSource | None = None,
    rng: Rng = None,
    temperature: float = 1.0,
    nucleus: float = 1.0,
    max_fixations: int | None = None,
    start: Start | None = None,
) -> Scanpaths:
    """Draws from the model's own distribution, or a sharpened one.

    Args:
        model: the model.
        requests: what is asked.
        n: number of draws a request.
        images: for models that look at images.
        rng: seed or generator.
        temperature: divides the log mass of cells; below 1 is sharper. Finite; stopping is left
            alone.
        nucleus: share of the mass that is kept, the likeliest cells first (Holtzman et al. 2020).
        max_fixations: longest path, the start included; None takes the model's own `longest`, 7
            where it has none.
        start: "centre" of the screen, or "model": the first fixation is its answer too. None takes
            the model's own `start`, the centre where it has none.

    Returns:
        n paths a request, standing together, with `draw` 0..n-1; places uniform within their cell.
    """
    if n < 1 or not 0 < temperature < math.inf or not 0 < nucleus <= 1:
        raise BadSetting(
            f"n={n}, temperature={temperature}, nucleus={nucleus}: n must be 1 or more, "
            "temperature above 0 and finite, nucleus above 0 and at most 1"
        )
    max_fixations = _longest(model, max_fixations)
    generator = np.random.default_rng(rng)
    repeated = requests.repeated(n)
    # Drawn before the walk, path by path: no path's numbers depend on where another one ends, and
    # a generator that goes through requests in several calls gives what it gives in one.
    uniform = generator.random((len(repeated), max_fixations, 5))

    def step(told: NextFixation, which: Rows, walk: _Walk, rows: Rows) -> _Step:
        b, (_, h, w) = len(rows), told.log_mass.shape
        # (b, 5): stop, cell, place across, place down, duration
        chance = uniform[rows, walk.position]
        mass = sharpened(told.log_mass.reshape(-1, h * w), temperature, nucleus)
        cell = inverse(mass, which, chance[:, 1])
        corner = np.stack([cell % w, cell // w], axis=1)
        xy = (corner + chance[:, 2:4]) * walk.sizes[rows] / (w, h)
        stop = np.zeros(b, np.bool_)
        if told.log_stop is not None:
            stop = chance[:, 0] < np.exp(told.log_stop[which])
        duration = None
        if told.duration is not None:
            mean, spread = told.duration.mean[which], told.duration.spread[which]
            duration = np.exp(mean + spread * ndtri(chance[:, 4]))
        return _Step(xy=xy, stop=stop, duration=duration)

    draws = np.tile(np.arange(n), len(requests)).tolist()
    return _walk(
        model,
        repeated,
        step,
        images=images,
        max_fixations=max_fixations,
        start=start,
        draw=draws,
    )


def typical(
    model: ConditionalModel,
    requests: Requests,
    *,
    draws: int = 64,
    metric: str | Metric | Sequence[str | Metric] = "scanmatch",
    images: ImageSource | None = None,
    rng: Rng = None,
    temperature: float = 1.0,
    nucleus: float = 1.0,
    max_fixations: int | None = None,
    start: Start | None = None,
    durations: Literal["drawn", "median"] = "drawn",
) -> Scanpaths:
    """Of many draws the one that is most like the others: minimum Bayes risk over the draws.

    Args:
        model: the model.
        requests: what is asked.
        draws: number of draws a request, at least 2.
        metric: of kind "pair"; which of two paths it takes first is averaged out. Several, such as
            the dimensions of MultiMatch, count by their sum, and must run the same way.
        images, rng, temperature, nucleus, max_fixations, start: as in `sample`.
        durations: "drawn" as its places are, or "median": of the model's, given the path. Metrics
            that look at durations then compare the medians.

    Returns:
        One path a request; the first of equals.
    """
    if draws < 2:
        raise BadSetting(f"draws={draws}: must be 2 or more")
    likeness = _same_way([metric] if isinstance(metric, str | Metric) else metric)
    drawn = sample(
        model,
        requests,
        draws,
        images=images,
        rng=rng,
        temperature=temperature,
        nucleus=nucleus,
        max_fixations=max_fixations,
        start=start,
    )
    if durations == "median" and any("durations" in one.needs for one in likeness):
        drawn = with_median_durations(model, drawn, images=images)
    best = [
        start + _medoid(drawn[start : start + draws], likeness)
        for start in range(0, len(drawn), draws)
    ]
    found = requests.answered([drawn[row].fixations for row in best], name=model.name)
    if durations == "drawn":
        return found
    return with_median_durations(model, found, images=images)


def _same_way(named: Sequence[str | Metric]) -> list[Metric]:
    found = [metrics.get(one) if isinstance(one, str) else one for one in named]
    if len({one.higher_is_better for one in found}) != 1:
        raise BadSetting(
            f"metric={[one.name for one in found]}: must be one or more, of all of which higher "
            "is better, or lower"
        )
    return found


def _medoid(paths: Scanpaths, likeness: Sequence[Metric]) -> int:
    """Number of the path most like the others; undefined similarities count as the worst."""
    width, height = paths.screen_sizes[0].tolist()
    total = np.zeros((len(paths), len(paths)))
    for metric in likeness:
        table = metrics.pairwise(metric, paths, paths, (width, height))
        if not metric.higher_is_better:
            table = -table
        total += np.where(np.isnan(table), np.nanmin(table, initial=0.0), table)
    np.fill_diagonal(total, 0.0)
    return int((total + total.T).sum(axis=1).argmax())


@dataclass(kw_only=True, eq=False)
class _Walk:
    """Paths that grow fixation by fixation."""

    sizes: Floats  # (n, 2)
    position: int  # index of the fixation that comes next
    fixations: Floats  # (n, max, 3)
    from_centre: bool  # else the first fixation is the model's

    def places(self, rows: Rows) -> NDArray[np.float64]:
        """x, y of the fixations so far of some paths, (position, len(rows), 2)."""
        return np.moveaxis(self.fixations[rows, : self.position, :2], 1, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """What a decoder chose for each path that goes on."""

    xy: Floats
    stop: NDArray[np.bool_]
    duration: Floats | None


def _walk(
    model: ConditionalModel,
    requests: Requests,
    step: Callable[[NextFixation, Rows, _Walk, Rows], _Step],
    *,
    images: ImageSource | None,
    max_fixations: int | None,
    start: Start | None,
    draw: list[int] | None = None,
) -> Scanpaths:
    """Grow every path until it stops, some paths at a time: memory does not grow with them all."""
    max_fixations = _longest(model, max_fixations)
    own = getattr(model, "start", "centre") if start is None else start
    if own not in get_args(Start):
        raise BadSetting(f"start={own!r}: must be 'centre' or 'model'")
    n = len(requests)
    walk = _Walk(
        sizes=requests.screen_sizes,
        position=0,
        fixations=np.full((n, max_fixations, 3), np.nan),
        from_centre=own == "centre",
    )
    lengths = np.zeros(n, np.intp)
    for rows in _batches(model, requests):
        walk.position = 0
        while len(rows) and walk.position < max_fixations:
            rows = _grow(model, requests, step, walk, rows, images)
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
        end = min(first + _BATCH, int(np.searchsorted(image, image[first] + _IMAGES)))
        yield order[first:end]
        first = end


def _grow(
    model: ConditionalModel,
    requests: Requests,
    step: Callable[[NextFixation, Rows, _Walk, Rows], _Step],
    walk: _Walk,
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


def _distinct(requests: Requests, walk: _Walk, rows: Rows) -> tuple[Rows, Rows]:
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


def _longest(model: ConditionalModel, max_fixations: int | None) -> int:
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
