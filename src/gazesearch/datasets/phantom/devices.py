"""Support devices: tubes, lines and a pacemaker."""

from __future__ import annotations

from typing import Final

import numpy as np

from gazesearch.datasets.phantom.anatomy import Anatomy
from gazesearch.datasets.phantom.canvas import Canvas, step
from gazesearch.datasets.phantom.planting import Planted, a_side, box_of

Points = list[tuple[float, float]]
Line = tuple[Points, float, float]
STRENGTH: Final = 0.42


def device(anatomy: Anatomy, rng: np.random.Generator) -> Planted:
    """One of: endotracheal tube, central venous line, pacemaker, chest tube."""
    makers = (_endotracheal_tube, _central_line, _pacemaker, _chest_tube)
    return makers[int(rng.integers(len(makers)))](anatomy, rng)


def _endotracheal_tube(a: Anatomy, rng: np.random.Generator) -> Planted:
    """Two fine walls and a marked line in the windpipe, down to above its fork."""
    lean, tip = rng.uniform(-5, 5), a.apex + rng.uniform(24, 44)
    lines: list[Line] = []
    for off, width, strength in ((-2.6, 0.9, 0.55), (2.6, 0.9, 0.55), (1.0, 1.2, 1.0)):
        top = (a.midline + lean + off, 0.0)
        lines.append(([top, (a.midline + off, tip)], width, strength))
    return _drawn(a, lines)


def _central_line(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A thin line from under a clavicle to the great vein at the right of the heart."""
    side = a_side(rng)
    start = (a.midline + side * rng.uniform(58, 84), a.apex + rng.uniform(14, 34))
    bend = (a.midline + side * rng.uniform(12, 20), a.apex + rng.uniform(8, 16))
    vein = a.midline - a.mediastinum + rng.uniform(-2, 2)
    points = [start, bend, (vein, a.apex + 34), (vein, a.apex + rng.uniform(52, 78))]
    return _drawn(a, [(_smooth(points), 1.6, 0.9)])


def _pacemaker(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A generator under the clavicle, with a lead into the heart."""
    side = 1 if rng.random() < 0.8 else -1
    x = a.midline + side * rng.uniform(48, 62)
    y = a.apex + rng.uniform(20, 42)
    rx, ry = rng.uniform(9, 12), rng.uniform(7, 9)
    vein = a.midline - 0.7 * a.mediastinum
    tip = (a.midline + rng.uniform(12, 30), a.dome(1) - rng.uniform(6, 16))
    inlet = (a.midline + side * 16, a.apex + 14)
    points = [(x, y - ry + 2), inlet, (vein, a.apex + 40), (vein, a.apex + 72), tip]
    lines: list[Line] = [(_smooth(points), 1.6, 0.9)]
    plain = _drawn(a, lines, around=[(x - rx, y - ry), (x + rx, y + ry)])

    def paint(canvas: Canvas) -> None:
        plain.paint(canvas)
        shape = 1 - np.abs((canvas.x - x) / rx) ** 3.5 - np.abs((canvas.y - y) / ry) ** 3.5
        canvas.attenuation += 0.75 * step(shape, 0.15)

    return Planted(box=plain.box, anatomy=a, paint=paint)


def _chest_tube(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A wide tube with a marked line, from the flank up into the chest."""
    side = a_side(rng)
    start_y = a.dome(side) - rng.uniform(0, 24)
    start = (a.midline + side * (a.half_width + 12), start_y)
    middle = (a.midline + side * rng.uniform(46, 62), start_y - rng.uniform(12, 26))
    tip = (a.midline + side * rng.uniform(28, 44), a.apex + rng.uniform(20, 50))
    points = _smooth([start, middle, tip])
    marked = [(px + 1.5, py) for px, py in points]
    return _drawn(a, [(points, 3.6, 0.45), (marked, 1.1, 0.9)])


def _drawn(a: Anatomy, lines: list[Line], around: Points | None = None) -> Planted:
    """Lines as a finding, with the box round them and round other points."""
    places = np.array([p for points, _, _ in lines for p in points] + (around or []))
    low, high = places.min(axis=0) - 3, places.max(axis=0) + 3

    def paint(canvas: Canvas) -> None:
        canvas.attenuation += np.float32(STRENGTH) * canvas.strokes(lines, 0.35)

    return Planted(box=box_of(low[0], low[1], high[0], high[1]), anatomy=a, paint=paint)


def _smooth(points: Points) -> Points:
    """The points with their corners cut three times (Chaikin)."""
    line = np.array(points, np.float64)
    for _ in range(3):
        early = 0.75 * line[:-1] + 0.25 * line[1:]
        late = 0.25 * line[:-1] + 0.75 * line[1:]
        inner = np.stack([early, late], axis=1).reshape(-1, 2)
        line = np.concatenate([line[:1], inner[1:-1], line[-1:]])
    return [(float(px), float(py)) for px, py in line]
