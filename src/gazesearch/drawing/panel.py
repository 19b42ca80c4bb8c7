"""One panel: image or plain frame, density, target boxes, saccades, fixations, numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Affine2D

from gazesearch.drawing.content import Content, Floats, Trace
from gazesearch.drawing.labels import DIGIT, FONT_SIZE, TAG_PADDING, Mark, Place, place_labels
from gazesearch.drawing.styles import ARROW, BOX_COLOUR, DENSITY_COLOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE: Final = 1.5  # pt, as all widths here
HALO: Final = 1.3  # white on either side
EDGE: Final = 0.7
ARROW_AREA: Final = 26.0
ROOM_FOR_ARROW: Final = 11.0  # free length between two marks
LOOSE: Final = 3.0  # from here on a number needs a line to its mark
CROWDED: Final = 80  # marks in a panel; beyond, numbers stand on marks or not at all
STRONGEST: Final = 0.85  # opacity of the densest cell

# Order of drawing. Marks lie between MARKS and NUMBERS, small ones over large ones.
IMAGE, DENSITY, BOXES, HALOS, LINES, ARROWS, MARKS, LEADERS, NUMBERS = range(1, 10)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Areas of marks, the same in all panels of a picture.

    Attributes:
        per_second: pt² a second.
        untimed: pt² where there are no durations.
    """

    per_second: float
    untimed: float

    @classmethod
    def of(cls, traces: Sequence[Trace], *, panel_width: float) -> Scale:
        """The longest fixation gets a mark that a panel can carry, the median one no large mark."""
        largest = float(np.clip(0.075 * panel_width, 20, 25))  # diameters
        middle = 0.6 * largest
        seconds = np.concatenate([trace.fixations[:, 2] for trace in traces])
        seconds = seconds[seconds > 0]  # NaN is not
        if len(seconds) == 0:
            return cls(per_second=_disc(middle), untimed=_disc(middle))
        limits = _disc(largest) / seconds.max(), _disc(middle) * 1.3 / np.median(seconds)
        return cls(per_second=float(min(limits)), untimed=_disc(middle))

    def areas(self, durations: Floats) -> Floats:
        """pt², proportional to durations; one and the same where they are NaN."""
        return np.where(np.isnan(durations), self.untimed, durations * self.per_second)


def _halo(width: float) -> withStroke:
    """White round a line of this width, so that it shows on dark and light images."""
    return withStroke(linewidth=width + 2 * HALO, foreground="white")


def _disc(diameter: float) -> float:
    return float(np.pi * diameter**2 / 4)


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """An axes that counts in px of the canvas, and its size in pt."""

    axes: Axes
    content: Content
    number: int
    size: tuple[float, float]

    def to_pt(self, xy: Floats) -> Floats:
        """Px of the canvas in pt from the panel's top left corner."""
        left, top, right, bottom = self.content.view
        per_px = np.array(self.size) / (right - left, bottom - top)
        return np.asarray((xy - np.array([left, top])) * per_px)

    def to_px(self, xy: Floats) -> Floats:
        """The other way."""
        left, top, right, bottom = self.content.view
        per_pt = np.array([right - left, bottom - top]) / self.size
        return np.asarray(xy * per_pt + np.array([left, top]))

    def draw(
        self, traces: Sequence[Trace], *, scale: Scale, density: Floats | None, alpha: float
    ) -> None:
        """Draw everything."""
        left, top, right, bottom = self.content.view
        self.axes.set(xlim=(left, right), ylim=(bottom, top))
        self.axes.set_axis_off()
        self._ground(alpha)
        if density is not None:
            self._density(density)
        self._boxes()
        marks: list[tuple[Mark, Trace, str]] = []
        lines = [np.empty((0, 2, 2))]
        for trace in traces:
            for at, path in enumerate(trace.paths):
                name = f"{trace.number}-{at}"
                shown = self.content.shown(path).tolist()
                lines.append(self._saccades(trace, path, shown, scale, name))
                marks.extend(self._marks(trace, path, shown, scale, name))
        # Small marks on large ones; of equals the later source's on top, the same on every run.
        marks.sort(key=lambda entry: -entry[0].area)
        self._fixations(marks, np.concatenate(lines))

    def _ground(self, alpha: float) -> None:
        width, height = self.content.canvas
        extent = (0.0, width, height, 0.0)
        if self.content.grey is not None:
            self.axes.imshow(
                self.content.grey, cmap="gray", vmin=0, vmax=1, alpha=alpha, extent=extent,
                aspect="auto", zorder=IMAGE, gid=f"image-{self.number}",
            )  # fmt: skip
        rim = Rectangle((0, 0), width, height, fill=False, zorder=IMAGE, clip_on=False)
        rim.set(edgecolor="0.55", linewidth=0.8, gid=f"frame-{self.number}")
        self.axes.add_patch(rim)

    def _density(self, mass: Floats) -> None:
        """Each cell as opaque as it is dense; a line round the densest cells with half the mass."""
        width, height = self.content.canvas
        rgba = np.empty((*mass.shape, 4))
        rgba[..., :3] = to_rgb(DENSITY_COLOUR)
        rgba[..., 3] = STRONGEST * mass / mass.max()
        self.axes.imshow(
            rgba, extent=(0.0, width, height, 0.0), aspect="auto", interpolation="nearest",
            zorder=DENSITY, gid=f"density-{self.number}",
        )  # fmt: skip
        rows, columns = mass.shape
        padded = np.pad(mass, 1)  # so that a region at the rim is closed too
        x = (np.arange(-1, columns + 1) + 0.5) * width / columns
        y = (np.arange(-1, rows + 1) + 0.5) * height / rows
        for colour, line_width in (("white", LINE + 2 * HALO), (DENSITY_COLOUR, LINE)):
            self.axes.contour(
                x, y, padded, levels=[half_mass_level(mass)], colors=colour,
                linewidths=line_width, zorder=DENSITY,
            )  # fmt: skip

    def _boxes(self) -> None:
        for at, (x, y, width, height) in enumerate(self.content.boxes.tolist()):
            box = Rectangle((x, y), width, height, fill=False, zorder=BOXES)
            box.set(edgecolor=BOX_COLOUR, linewidth=LINE, joinstyle="miter")
            box.set_path_effects([_halo(LINE)])
            box.set_gid(f"target-box-{self.number}-{at}")
            self.axes.add_patch(box)

    def _saccades(
        self, trace: Trace, path: Floats, shown: Sequence[bool], scale: Scale, name: str
    ) -> Floats:
        """Lines with an arrow head in the middle of their free part; their ends in pt."""
        ends = self.to_pt(path[:, :2])
        radii = np.sqrt(scale.areas(path[:, 2]) / np.pi)
        for at, (start, stop) in enumerate(pairwise(ends)):
            x, y = self.to_px(np.stack([start, stop])).T
            style = trace.style
            self.axes.add_line(
                Line2D(x, y, color="white", linewidth=LINE + 2 * HALO, zorder=HALOS, alpha=0.8)
            )
            line = Line2D(x, y, color=style.colour, linewidth=LINE, zorder=LINES)
            if style.dashes:
                line.set_dashes(style.dashes)
                line.set_dash_capstyle("butt")
            line.set_gid(f"saccade-{name}-{at + 1}")
            self.axes.add_line(line)
            length = float(np.hypot(*(stop - start)))
            free = length - radii[at] - radii[at + 1]
            if free >= ROOM_FOR_ARROW and shown[at] and shown[at + 1]:
                middle = start + (stop - start) * (radii[at] + free / 2) / length
                self._arrow(trace, middle, stop - start, f"arrow-{name}-{at + 1}")
        return np.stack([ends[:-1], ends[1:]], axis=1) if len(ends) > 1 else np.empty((0, 2, 2))

    def _arrow(self, trace: Trace, at: Floats, direction: Floats, name: str) -> None:
        turned = Affine2D().rotate(float(np.arctan2(-direction[1], direction[0])))
        head = ARROW.transformed(turned)
        size = ARROW_AREA * (2 * float(np.abs(head.vertices).max())) ** 2
        x, y = self.to_px(at)
        self.axes.scatter(
            x, y, s=size, marker=head, color=trace.style.colour, edgecolors="none", zorder=ARROWS,
            gid=name, path_effects=[_halo(0)],
        )  # fmt: skip

    def _marks(
        self, trace: Trace, path: Floats, shown: Sequence[bool], scale: Scale, name: str
    ) -> Iterator[tuple[Mark, Trace, str]]:
        areas = scale.areas(path[:, 2]).tolist()
        for at, (centre, area) in enumerate(zip(self.to_pt(path[:, :2]), areas, strict=True)):
            if shown[at]:
                side = area**0.5
                outline = trace.style.shape.transformed(Affine2D().scale(side, -side))
                x, y = centre.tolist()
                mark = Mark(centre=(x, y), outline=outline, area=area, text=str(at + 1))
                yield mark, trace, f"{name}-{at + 1}"

    def _fixations(self, marks: Sequence[tuple[Mark, Trace, str]], lines: Floats) -> None:
        places = place_labels([mark for mark, _, _ in marks], lines, size=self.size)
        for order, ((mark, trace, name), place) in enumerate(zip(marks, places, strict=True)):
            x, y = self.to_px(np.array(mark.centre))
            self.axes.scatter(
                x, y, s=trace.style.marker_size(mark.area), marker=trace.style.shape,
                facecolors=trace.style.colour, edgecolors="black", linewidths=EDGE, clip_on=False,
                zorder=MARKS + order / (len(marks) + 1), gid=f"fixation-{name}",
                path_effects=[_halo(EDGE)],
            )  # fmt: skip
            if not place.on_mark:
                if len(marks) > CROWDED:
                    continue
                self._tag(mark, trace, place)
            x, y = self.to_px(np.array([place.x, place.y + DIGIT[1] / 2]))
            self.axes.text(
                x, y, mark.text, fontsize=FONT_SIZE, ha="center", va="baseline", zorder=NUMBERS,
                color=trace.style.ink if place.on_mark else "black", gid=f"number-{name}",
            )  # fmt: skip

    def _tag(self, mark: Mark, trace: Trace, place: Place) -> None:
        """White ground under a number beside its mark, and a line to the mark if that is far."""
        half = np.array([len(mark.text) * DIGIT[0] / 2, DIGIT[1] / 2]) + TAG_PADDING
        corners = np.array([place.x, place.y]) + np.stack([-half, half])
        (left, top), (right, bottom) = self.to_px(corners)
        away = np.array([place.x, place.y]) - mark.centre
        distance = float(np.hypot(*away))
        if distance > mark.radius + float(np.hypot(*half)) + LOOSE:
            rim = mark.centre + away * mark.radius / distance
            x, y = self.to_px(np.stack([rim, np.array([place.x, place.y])])).T
            leader = Line2D(x, y, color="black", linewidth=EDGE, zorder=LEADERS)
            leader.set_path_effects([_halo(EDGE)])
            self.axes.add_line(leader)
        tag = Rectangle((left, top), right - left, bottom - top, zorder=LEADERS + 0.5)
        tag.set(facecolor="white", edgecolor=trace.style.colour, linewidth=0.9, clip_on=False)
        self.axes.add_patch(tag)


def half_mass_level(mass: Floats) -> float:
    """A mass between that of the densest cells with half of all mass, and that of the others."""
    ordered = np.sort(mass, axis=None)[::-1]
    last = int(np.searchsorted(np.cumsum(ordered), 0.5 * ordered.sum()))
    inside = ordered[min(last, len(ordered) - 1)]
    below = ordered[ordered < inside]
    return float((inside + (below[0] if len(below) else 0.0)) / 2)
