"""What every planted finding needs: a place, a box, a texture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gazesearch.datasets.phantom.anatomy import Anatomy, Field
from gazesearch.datasets.phantom.canvas import Canvas
from gazesearch.datasets.phantom.config import SIDE_PX

Box = tuple[float, float, float, float]
"""x, y, width, height, px of the 224 px frame."""
Paint = Callable[[Canvas], None]


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A finding in a chest: its true box, the chest with it, and what it adds to the image."""

    box: Box
    anatomy: Anatomy
    paint: Paint


def box_of(left: float, top: float, right: float, bottom: float) -> Box:
    """The part of a box within the frame, to 0.1 px."""
    x0, y0, x1, y1 = (round(float(np.clip(v, 0, SIDE_PX)), 1) for v in (left, top, right, bottom))
    return x0, y0, round(x1 - x0, 1), round(y1 - y0, 1)


def a_side(rng: np.random.Generator) -> int:
    """-1 or +1."""
    return -1 if rng.random() < 0.5 else 1


def in_lung(
    anatomy: Anatomy, rng: np.random.Generator, *, inside: tuple[float, float], above: float
) -> tuple[int, float, float]:
    """Side, x and y of a place in a lung.

    Args:
        anatomy: the chest.
        rng: what the place is drawn from.
        inside: distance from the midline, from and to, as share of the chest wall's there.
        above: at least so far above the top of the diaphragm, px.
    """
    side = a_side(rng)
    y = float(rng.uniform(anatomy.apex + 26, anatomy.dome(side) - above))
    share = float(rng.uniform(*inside))
    wall = anatomy.wall_at(y)
    # What hides behind the heart cannot be seen.
    edge = float(anatomy.mediastinum_edge(np.array([y], np.float32), side)[0])
    return side, anatomy.midline + side * max(share * wall, min(edge + 9, 0.8 * wall)), y


def clouds(canvas: Canvas, grain: float, rng: np.random.Generator) -> Field:
    """A smooth random texture, 0 to 1, with lumps about `grain` px wide."""
    height, width = canvas.attenuation.shape
    few = int(SIDE_PX / grain) + 2
    coarse = Image.fromarray(rng.random((few, few), np.float32))
    fine = coarse.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(np.clip(np.asarray(fine), 0, 1), np.float32)


def nothing(canvas: Canvas) -> None:
    """Paints nothing: the chest itself shows the finding."""
