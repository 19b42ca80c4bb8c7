"""Figures of where people and predictors look, how long and how far; and single cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gazesearch.drawing import draw
from gazesearch.drawing.panel import half_mass_level
from gazesearch.evaluation.report.palette import INK, SERIES, Look
from gazesearch.evaluation.report.paths import Paths
from gazesearch.evaluation.report.plot import (
    WIDTH_IN,
    canvas,
    drawing_settings,
    fitting,
    label,
    legend,
)
from gazesearch.metrics import fixation_map
from gazesearch.prediction import ImageSource
from gazesearch.scanpaths import Scanpaths

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

PEOPLE: Final = "people"
PANELS: Final = 4
"""Density panels in a row."""
DIRECTIONS: Final = 16
STEPS: Final = 32
CASE_IN: Final = 3.5


def one_frame(paths: Paths) -> tuple[float, float] | None:
    """The frame that all scored paths share; None where it differs."""
    sizes = np.unique(paths.people.screen_sizes, axis=0)
    return (float(sizes[0, 0]), float(sizes[0, 1])) if len(sizes) == 1 else None


def sources(paths: Paths) -> dict[str, Scanpaths]:
    """People first, then predictors; a name that people have, too, gets a word more."""
    named = {name: found.predictions for name, found in paths.matches.items()}
    people = PEOPLE if PEOPLE not in named else "people as recorded"
    return {people: paths.people, **named}


def density(paths: Paths, frame: tuple[float, float]) -> Figure:
    """Where fixations fall, over all images and findings; a line round the densest half."""
    tables = {name: paths.places(table) for name, table in sources(paths).items()}
    columns = min(PANELS, len(tables))
    rows = -(-len(tables) // columns)
    width, height = frame
    panel = WIDTH_IN / columns
    tall = min(height / width, 1.6)
    with drawing_settings():
        figure, axes = canvas(rows * (panel * tall + 0.25), columns=columns, rows=rows)
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, (name, places) in zip(axes.flat, tables.items(), strict=False):
            ax.set_axis_on()
            ax.grid(visible=False)
            ax.set(xticks=[], yticks=[], xlim=(0, width), ylim=(height, 0), aspect="equal")
            for spine in ax.spines.values():
                spine.set_visible(True)
            ax.set_title(f"{fitting(name, 1 / columns - 0.12)} ({len(places):,})")
            if len(places):
                _density(ax, fixation_map(places, frame), frame)
    return figure


def _density(ax: Axes, mass: Floats, frame: tuple[float, float]) -> None:
    if not np.isfinite(mass).all():
        return
    step = max(1, max(mass.shape) // 112)
    small = mass[::step, ::step]
    rgba = np.empty((*small.shape, 4))
    rgba[..., :3] = to_rgb(SERIES[0].light)
    rgba[..., 3] = 0.9 * small / small.max()
    ax.imshow(rgba, extent=(0, frame[0], frame[1], 0), interpolation="none", aspect="equal")
    rows, columns = small.shape
    x, y = (
        (np.arange(columns) + 0.5) / columns * frame[0],
        (np.arange(rows) + 0.5) / rows * frame[1],
    )
    ax.contour(x, y, small, levels=[half_mass_level(small)], colors=SERIES[1].light, linewidths=1.2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Habits:
    """What the distributions are made of, of one source.

    Attributes:
        lengths: fixations of each path.
        durations: s, of fixations that have one.
        saccades: x, y px from each fixation to the next, (n, 2).
    """

    lengths: NDArray[np.int64]
    durations: Floats
    saccades: Floats

    @classmethod
    def of(cls, table: Scanpaths) -> Habits:
        """All fixations of a table; the first ones, too, as saccades start there."""
        steps = np.diff(table.fixations[:, :2], axis=0)
        inside = np.ones(len(steps), np.bool_)
        ends = table.offsets[1:-1] - 1
        inside[ends[(ends >= 0) & (ends < len(steps))]] = False
        durations = table.durations[np.isfinite(table.durations)]
        return cls(lengths=table.lengths, durations=durations, saccades=steps[inside])

    @property
    def amplitudes(self) -> Floats:
        """Length of each saccade, px."""
        return np.asarray(np.hypot(*self.saccades.T))

    @property
    def angles(self) -> Floats:
        """Direction of each saccade that leads anywhere: 0 right, pi / 2 up."""
        moved = self.saccades[self.amplitudes > 0]
        return np.asarray(np.arctan2(-moved[:, 1], moved[:, 0]))


def distributions(found: Mapping[str, Habits], styles: Mapping[str, Look]) -> Figure:
    """Fixations of a path, durations, lengths and directions of saccades, as shares."""
    with drawing_settings():
        figure = Figure(figsize=(WIDTH_IN, 5.6), layout="constrained")
        grid = figure.add_gridspec(2, 2)
        panels = [figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1]),
                  figure.add_subplot(grid[1, 0])]  # fmt: skip
        rose = figure.add_subplot(grid[1, 1], projection="polar")
        longest = max((int(h.lengths.max(initial=0)) for h in found.values()), default=1)
        edges = (
            np.arange(1, longest + 2) - 0.5,
            _edges([h.durations for h in found.values()]),
            _edges([h.amplitudes for h in found.values()]),
        )
        for place, (name, habits) in enumerate(found.items()):
            colour, width = _line(name, place, styles)
            values = (habits.lengths, habits.durations, habits.amplitudes)
            for ax, some, bins in zip(panels, values, edges, strict=True):
                if len(some):
                    share = np.histogram(np.clip(some, bins[0], bins[-1]), bins)[0] / len(some)
                    ax.stairs(share, bins, color=colour, lw=width, label=label(name, len(found)))
            _rose(rose, habits.angles, colour, width)
        titles = ("fixations of a path", "durations, s", "lengths of saccades, px")
        for ax, what in zip(panels, titles, strict=True):
            ax.set_title(what)
            ax.set_ylabel("share")
            ax.set_ylim(bottom=0)
        panels[0].xaxis.set_major_locator(MaxNLocator(integer=True))
        legend(figure, panels[0])
        rose.set_title("directions of saccades")
        rose.set_yticklabels([])
        rose.set_xticks(np.pi / 2 * np.arange(4), ["right", "up", "left", "down"])
    return figure


def _edges(values: list[Floats]) -> Floats:
    """Bins up to the 99th percentile of all; what is longer counts in the last one."""
    every = np.concatenate([np.zeros(0), *values])
    top = float(np.quantile(every, 0.99)) if len(every) else 1.0
    return np.linspace(0, top or 1.0, STEPS + 1)


def _line(name: str, place: int, styles: Mapping[str, Look]) -> tuple[str, float]:
    if name in styles and place:
        return styles[name].colour, 1.4
    return INK.light, 2.2


def _rose(ax: Axes, angles: Floats, colour: str, width: float) -> None:
    if not len(angles):
        return
    turn = 2 * np.pi / DIRECTIONS
    at = np.rint(angles / turn).astype(np.intp) % DIRECTIONS
    # Areas of a rose say how much: the root of the share is the radius.
    share = np.sqrt(np.bincount(at, minlength=DIRECTIONS) / len(angles))
    theta = np.arange(DIRECTIONS + 1) * turn
    ax.plot(theta, np.append(share, share[0]), color=colour, lw=width)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A record whose score is the best, the median or the worst.

    Attributes:
        rank: "best", "median", "worst".
        row: of the scores.
        value: of the metric.
        image, finding, subject: which record.
    """

    rank: str
    row: int
    value: float
    image: str
    finding: str
    subject: object


def draw_case(paths: Paths, name: str, case: Case, *, images: ImageSource | None) -> Figure:
    """A recorded path and what was predicted for it, on a plain frame unless images are given."""
    matches = paths.matches[name]
    recorded = matches.references[[int(matches.rows[case.row])]]
    predicted = matches.predictions[[int(matches.columns[case.row])]]
    pixels = None if images is None else images[case.image]
    person = "person" if name != "person" else "recorded"
    return draw({person: recorded, name: predicted}, image=pixels, width=CASE_IN)


__all__ = [
    "PEOPLE", "Case", "Habits", "density", "distributions", "draw_case", "one_frame", "sources",
]  # fmt: skip
