"""From next fixations to paths: greedy, sampled, typical; for every model with `next_fixation`.

Every path starts at the screen's centre, unless the model is asked for its first fixation too. What
falls out of the random generator for a request does not depend on the other requests, so batches of
any size give the same paths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from scipy.special import ndtri

from gazesearch import metrics
from gazesearch.errors import BadSetting
from gazesearch.metrics import Metric
from gazesearch.models.cells import cell_centres, inverse, sharpened
from gazesearch.models.median_durations import with_median_durations
from gazesearch.models.walking import Rows, Start, Step, Walk, grow, longest
from gazesearch.prediction import (
    ConditionalModel,
    ImageSource,
    NextFixation,
    Requests,
    Rng,
)
from gazesearch.scanpaths import Scanpaths

INHIBITION_PX: Final = 16.0
"""Radius of inhibition of return in the released decoder of GazeSearch, at 224 px."""


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

    def step(told: NextFixation, which: Rows, walk: Walk, rows: Rows) -> Step:
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
        return Step(xy=xy, stop=stop, duration=median)

    return grow(model, requests, step, images=images, max_fixations=max_fixations, start=start)


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
    max_fixations = longest(model, max_fixations)
    generator = np.random.default_rng(rng)
    repeated = requests.repeated(n)
    # Drawn before the walk, path by path: no path's numbers depend on where another one ends, and
    # a generator that goes through requests in several calls gives what it gives in one.
    uniform = generator.random((len(repeated), max_fixations, 5))

    def step(told: NextFixation, which: Rows, walk: Walk, rows: Rows) -> Step:
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
        return Step(xy=xy, stop=stop, duration=duration)

    draws = np.tile(np.arange(n), len(requests)).tolist()
    return grow(
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
    timed = any("durations" in one.needs for one in likeness)
    if durations == "median" and timed:
        drawn = with_median_durations(model, drawn, images=images)
    best = [
        start + _medoid(drawn[start : start + draws], likeness)
        for start in range(0, len(drawn), draws)
    ]
    found = requests.answered([drawn[row].fixations for row in best], name=model.name)
    if durations == "drawn" or timed:
        return found
    return with_median_durations(model, found, images=images)


def _same_way(named: Sequence[str | Metric]) -> list[Metric]:
    found = [metrics.get(one) if isinstance(one, str) else one for one in named]
    if len({one.higher_is_better for one in found}) != 1:
        raise BadSetting(
            f"metric={[one.name for one in found]}: must be one or more, all of them better when "
            "higher or all when lower"
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
