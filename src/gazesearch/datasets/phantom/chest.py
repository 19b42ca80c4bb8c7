"""A normal chest, tissue by tissue."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.phantom.anatomy import MEDIAL_PX, Field
from gazesearch.datasets.phantom.canvas import SIDES, Canvas, bump, step

RIBS: Final = 10


def draw_chest(canvas: Canvas, rng: np.random.Generator) -> None:
    """Add a normal chest to the canvas, broken ribs included."""
    draw_plain_chest(canvas)
    canvas.vessels += _vessels(canvas, rng)


def draw_plain_chest(canvas: Canvas) -> None:
    """Add the chest without the vessels of its lungs: nothing in it is random."""
    _body(canvas)
    for side in SIDES:
        _lung(canvas, side)
        _bones(canvas, side)
    _middle(canvas)


def _body(canvas: Canvas) -> None:
    """Trunk, neck, shoulders and arms; everything else is air."""
    a, x, y = canvas.anatomy, canvas.x, canvas.y
    off = np.abs(x - a.midline)
    shoulder = a.apex - 4 + 9 * step(off - 62, 26) - 30 * step(34 - off, 7)
    flank = a.half_width + 13 * a.habitus
    trunk = step(y - shoulder, 3) * step(flank + 60 * step(96 - y, 18) - off, 2.5)
    arm = bump(off - (flank + 19), 9) * step(y - 60, 20) * 0.8
    canvas.attenuation += trunk * np.float32(0.6 * a.habitus) + arm * np.float32(0.45)
    # The chest is rounder than the image: less tissue towards the skin.
    canvas.attenuation *= 1 - 0.25 * step(off - flank + 2, 9)
    belly = step(y - (a.dome_left + a.dome_right) / 2 - 4, 14) * step(flank - off, 12)
    canvas.attenuation += belly * np.float32(0.16)


def _lung(canvas: Canvas, side: int) -> None:
    """Air of one lung, with the breast and the abdomen at its edges."""
    a, y = canvas.anatomy, canvas.y
    distance = canvas.distance(side)
    wall = a.wall(y)
    floor = a.diaphragm(distance, side)
    inside = step(wall - distance, 1.3) * step(distance - MEDIAL_PX, 2.5)
    lung = inside * step(floor - y, 1.5)
    canvas.lungs[side] = lung
    fullness = 0.42 + 0.05 * step(y - a.apex - 30, 18)
    canvas.attenuation -= lung * np.asarray(fullness * a.habitus, np.float32)
    below = step(distance, 6) * step(y - floor, 2.0) * step(wall + 3 - distance, 4)
    canvas.attenuation += below * np.float32(0.5)
    centre_y, centre_x = a.dome(side) - 6, 0.56 * a.half_width
    round_ = 1 - ((distance - centre_x) / 36) ** 2 - ((y - centre_y) / 32) ** 2
    canvas.attenuation += step(round_, 0.25) * np.float32(0.07 * a.breast)


def _bones(canvas: Canvas, side: int) -> None:
    """Ribs from behind and in front, the chest wall's edge, clavicle and scapula."""
    a, y = canvas.anatomy, canvas.y
    distance = canvas.distance(side)
    wall = a.wall(y)
    cage = step(distance - 4, 3) * step(wall + 2.5 - distance, 1.6)
    canvas.attenuation += cage * (0.095 * _posterior_ribs(canvas, side, distance))
    s = np.clip(distance / a.half_width, 0, 1.2)
    front = (y - (a.apex + a.rib_phase + 62 - 42 * s**1.3)) / (a.rib_spacing * 1.25)
    band = _band(front, 0.25) * step(front + 2.4, 0.2) * step(3.5 - front, 0.2)
    reach = step(distance - 0.42 * a.half_width, 7)
    canvas.attenuation += cage * reach * np.asarray(0.045 * band, np.float32)
    low = step(y - a.apex - 6, 5)
    rim = bump(distance - wall - 1.5, 1.5) + 0.6 * bump(distance - wall - 6.5, 1.2)
    canvas.attenuation += low * rim * np.float32(0.09)
    start = a.apex + a.clavicle
    clavicle = y - (start - 0.16 * (distance - 12) - 3 * np.sin((distance - 12) / 18))
    reach = step(distance - 12, 3) * step(96 - distance, 3)
    bone = 0.7 * step(3.4 - np.abs(clavicle), 0.9) + 0.5 * bump(np.abs(clavicle) - 3.0, 0.8)
    canvas.attenuation += reach * np.asarray(0.11 * bone, np.float32)
    blade = distance - (a.half_width + 3 - 0.2 * (y - a.apex - 50))
    blade_reach = step(y - a.apex - 10, 5) * step(a.apex + 74 - y, 8)
    canvas.attenuation += blade_reach * (0.07 * step(blade, 2) + 0.06 * bump(blade, 1.3))
    head = np.hypot(distance - a.half_width - 17, y - a.apex - 16)
    canvas.attenuation += 0.16 * step(11 - head, 1.5)


def _posterior_ribs(canvas: Canvas, side: int, distance: Field) -> Field:
    """Brightness of the ribs behind the lung, 0 to about 1."""
    a = canvas.anatomy
    number = a.rib_coordinate(distance, canvas.y)
    for broken in a.breaks:
        if broken.side == side:
            beyond = step(distance - broken.distance, 0.8)
            slide = beyond * np.exp(-np.clip(distance - broken.distance, 0, None) / 22)
            here = np.abs(number - broken.rib) < 0.5
            number = number - here * slide * np.float32(broken.shift / a.rib_spacing)
    ribs = _band(number, 0.23) * step(number + 0.5, 0.1) * step(RIBS - 0.5 - number, 0.1)
    for broken in a.breaks:
        if broken.side == side:
            gap = bump(distance - broken.distance, 1.3) * (np.abs(number - broken.rib) < 0.6)
            ribs = ribs * (1 - 0.9 * gap)
    return np.asarray(ribs, np.float32)


def _band(coordinate: Field, half: float) -> Field:
    """Bands round whole numbers, `half` to either side: bright edges, paler inside."""
    off = np.abs(coordinate - np.rint(coordinate))
    edge = 0.35 * bump(off - half + 0.05, 0.05)
    return np.asarray(0.75 * step(half - off, 0.07) + edge, np.float32)


def _middle(canvas: Canvas) -> None:
    """Mediastinum, heart, aorta, spine, trachea, hila and the stomach's air."""
    a, x, y = canvas.anatomy, canvas.x, canvas.y
    for side in SIDES:
        distance = canvas.distance(side)
        edge = a.mediastinum_edge(y, side)
        floor = a.diaphragm(distance, side)
        half = step(distance + 0.5, 0.8) * step(y - a.apex + 14, 8)
        shadow = half * step(edge - distance, 2.0)
        thick = np.sqrt(np.clip(1 - distance / np.maximum(edge, 1), 0.05, 1))
        depth = 0.36 + 0.2 * thick * step(y - a.apex - 50, 22)
        canvas.attenuation += shadow * depth * step(floor + 14 - y, 10)
        hilum = np.hypot((distance - a.mediastinum - 9) / 7, (y - a.apex - 58 - 3 * side) / 11)
        canvas.attenuation += canvas.lungs[side] * (0.13 * bump(hilum, 0.8))
    off = np.abs(x - a.midline)
    body = 0.5 + 0.5 * np.tanh(4 * np.cos(2 * np.pi * (y - a.apex) / 12.5) + 2.2)
    canvas.attenuation += step(9 - off, 1.2) * (0.05 + 0.05 * body)
    windpipe = step(4.6 - off, 1.4) * step(y - 4, 6) * step(a.apex + 48 - y, 5)
    canvas.attenuation -= windpipe * np.float32(0.17)
    for side in SIDES:
        bronchus = np.abs(canvas.distance(side) - 0.85 * (y - a.apex - 44))
        reach = step(y - a.apex - 46, 3) * step(a.apex + 62 - y, 3)
        canvas.attenuation -= reach * bump(bronchus, 2.2) * np.float32(0.08)
    stomach = np.hypot((canvas.distance(1) - 42) / 15, (y - a.dome_right - 17) / 7)
    canvas.attenuation -= 0.2 * step(1 - stomach, 0.35)


def _vessels(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Vessels that branch from the hila and thin out towards the pleura."""
    a = canvas.anatomy
    lines: list[tuple[list[tuple[float, float]], float, float]] = []
    for side in SIDES:
        for angle in np.linspace(-1.25, 1.35, 15):
            place = np.array([a.mediastinum + 6, a.apex + 58 + 3 * side])
            heading = float(angle + rng.normal(0, 0.1))
            _branch(lines, side, a.midline, place, heading, 3.0, rng)
    air = canvas.lungs[-1] + canvas.lungs[1]
    return np.asarray(0.17 * air * canvas.strokes(lines, 0.55), np.float32)


def _branch(
    lines: list[tuple[list[tuple[float, float]], float, float]],
    side: int,
    midline: float,
    place: NDArray[np.float64],
    heading: float,
    width: float,
    rng: np.random.Generator,
) -> None:
    """One vessel and its two daughters, until it is too thin to be seen."""
    points = [place]
    for turn in rng.normal(0, 0.16, 3).tolist():
        heading += turn
        points.append(points[-1] + 4.5 * np.array([np.cos(heading), np.sin(heading)]))
    drawn = [(midline + side * float(px), float(py)) for px, py in points]
    lines.append((drawn, width, min(1.0, 0.22 + 0.24 * width)))
    if width < 0.85:
        return
    for spread in (-0.3, 0.3):
        _branch(
            lines,
            side,
            midline,
            points[-1],
            heading + spread * rng.uniform(0.4, 1.4),
            width * 0.72,
            rng,
        )
