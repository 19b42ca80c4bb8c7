"""Where the numbers of fixations stand: on their marks if they can, else close by.

Everything is in pt, y downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FONT_SIZE: Final = 7.5
DIGIT: Final = 0.636 * FONT_SIZE, 0.73 * FONT_SIZE  # width and height of DejaVu Sans' digits
TAG_PADDING: Final = 1.4  # white round a number that stands beside its mark
INSET: Final = 0.7  # from a number to the rim of its mark
HALO: Final = 2.5  # how much wider edge and halo make a mark
ANGLES: Final = np.radians(np.arange(0, 360, 22.5))
GAPS: Final = (1.5, 7.0, 14.0, 23.0)

# What is worse to cover, in arbitrary units a pt.
ON_LABEL: Final = 60.0
ON_MARK: Final = 8.0
ON_LINE: Final = 1.2
AWAY: Final = 0.8


@dataclass(frozen=True, kw_only=True, eq=False)
class Mark:
    """A fixation's mark.

    Attributes:
        centre: x, y.
        outline: outline of area `area` round 0.
        area: pt².
        text: its number.
    """

    centre: tuple[float, float]
    outline: Path
    area: float
    text: str

    @property
    def radius(self) -> float:
        """Of the circle with the same area."""
        return float(np.sqrt(self.area / np.pi))

    @property
    def side(self) -> float:
        """Of the square with the same area."""
        return float(np.sqrt(self.area))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Centre of a number, and whether it stands on its mark."""

    x: float
    y: float
    on_mark: bool


def place_labels(
    marks: Sequence[Mark],
    lines: Floats,
    *,
    size: tuple[float, float],
) -> list[Place]:
    """A place for the number of each mark.

    Numbers that are readable on their marks stay there. The others, those of small marks and of
    marks under others, go one by one to the place round their mark that covers least.

    Args:
        marks: in the order of drawing, so that later ones cover earlier ones.
        lines: ends of the saccades, (k, 2, 2).
        size: width and height of the panel, which numbers do not leave.

    Returns:
        One place a mark.
    """
    centres = np.array([mark.centre for mark in marks]).reshape(-1, 2)
    radii = np.array([mark.radius for mark in marks])
    half = np.array([(len(mark.text) * DIGIT[0] / 2, DIGIT[1] / 2) for mark in marks])
    places: list[Place | None] = [None] * len(marks)
    taken: list[tuple[float, float, float, float]] = []  # centre and half sides of placed numbers
    for at, mark in enumerate(marks):
        if _fits(mark, half[at]) and not _covered(centres[at], half[at], marks[at + 1 :]):
            places[at] = Place(x=mark.centre[0], y=mark.centre[1], on_mark=True)
            taken.append((*mark.centre, *half[at]))
    for at, mark in enumerate(marks):
        if places[at] is not None:
            continue
        box = half[at] + TAG_PADDING
        candidates = _round(mark, box, size)
        costs = [
            ON_LABEL * _depth_in_boxes(point, box, taken)
            + ON_MARK * float(_depth_in_discs(point, box, centres, radii).sum())
            + ON_LINE * _length_in_box(point, box, lines)
            + AWAY * float(np.hypot(*(point - centres[at])))
            for point in candidates
        ]
        x, y = candidates[int(np.argmin(costs))].tolist()
        places[at] = Place(x=x, y=y, on_mark=False)
        taken.append((x, y, *box))
    return [place for place in places if place is not None]


def _fits(mark: Mark, half: Floats) -> bool:
    """Whether the number lies inside the outline."""
    corners = np.array([(x, y) for x in (-1, 1) for y in (-1, 1)]) * (half + INSET)
    return bool(mark.outline.contains_points(corners).all())


def _covered(point: Floats, half: Floats, marks: Sequence[Mark]) -> bool:
    """Whether one of the marks, or the halo round it, touches the number."""
    steps = np.linspace(-1, 1, 5)
    grid = point + half * np.array([(x, y) for x in steps for y in steps])
    return any(
        mark.outline.contains_points((grid - mark.centre) * mark.side / (mark.side + HALO)).any()
        for mark in marks
    )


def _round(mark: Mark, box: Floats, size: tuple[float, float]) -> Floats:
    """Candidates for the centre of a number: rings round the mark, inside the panel."""
    directions = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
    # From the centre of a box to its rim in each direction, so that all gaps are alike.
    to_rim = (box / np.maximum(np.abs(directions), 1e-9)).min(axis=1)
    distances = mark.radius + np.array(GAPS)[:, None] + to_rim
    points = (np.array(mark.centre) + distances[..., None] * directions).reshape(-1, 2)
    inside = ((points >= box) & (points <= np.array(size) - box)).all(axis=1)
    kept = points[inside] if inside.any() else np.clip(points, box, np.array(size) - box)
    return np.asarray(kept)


def _depth_in_discs(point: Floats, half: Floats, centres: Floats, radii: Floats) -> Floats:
    """How deep a box reaches into each disc, (k,)."""
    outside = np.maximum(np.abs(centres - point) - half, 0)
    return np.maximum(radii - np.hypot(outside[:, 0], outside[:, 1]), 0)


def _depth_in_boxes(
    point: Floats, half: Floats, boxes: Sequence[tuple[float, float, float, float]]
) -> float:
    """How deep a box reaches into others, summed."""
    if not boxes:
        return 0.0
    others = np.array(boxes)
    depth = half + others[:, 2:] - np.abs(others[:, :2] - point)
    return float(np.maximum(depth.min(axis=1), 0).sum())


def _length_in_box(point: Floats, half: Floats, lines: Floats) -> float:
    """Length of all lines inside a box, by clipping each to it (Liang and Barsky 1984)."""
    if len(lines) == 0:
        return 0.0
    start, step = lines[:, 0] - point, lines[:, 1] - lines[:, 0]  # (k, 2)
    still = np.where(np.abs(step) < 1e-9, 1e-9, step)
    ends = np.stack([(-half - start) / still, (half - start) / still])  # (2, k, 2)
    enter = np.maximum(ends.min(axis=0).max(axis=1), 0)
    leave = np.minimum(ends.max(axis=0).min(axis=1), 1)
    return float((np.maximum(leave - enter, 0) * np.hypot(step[:, 0], step[:, 1])).sum())
