"""Findings planted in a chest: each with its true box, each visible as textbooks say.

A plant may change the chest itself (a wide heart, a broken rib), paint on its image, or both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from gazesearch.datasets.phantom.anatomy import Anatomy, Break
from gazesearch.datasets.phantom.canvas import SIDES, Canvas, bump, step
from gazesearch.datasets.phantom.devices import device
from gazesearch.datasets.phantom.planting import (
    Planted,
    a_side,
    box_of,
    clouds,
    in_lung,
    nothing,
)

Planter = Callable[[Anatomy, np.random.Generator], Planted]


def plant(finding: str, anatomy: Anatomy, rng: np.random.Generator) -> Planted:
    """Plant a finding at a place and of a size that are typical of it."""
    return _PLANTERS[finding](anatomy, rng)


def atelectasis(a: Anatomy, rng: np.random.Generator) -> Planted:
    """Plates: two or three thin, slightly oblique bands above the diaphragm."""
    side = a_side(rng)
    inner = rng.uniform(0.22, 0.42) * a.half_width
    length = rng.uniform(30, 42)
    y = a.dome(side) - rng.uniform(8, 34)
    slope = rng.uniform(-0.3, 0.12)
    bands = [(y - 8.5 * k, rng.uniform(-3, 6), rng.uniform(2.4, 3.4)) for k in range(3)]
    bands = bands[: int(rng.integers(2, 4))]

    def paint(canvas: Canvas) -> None:
        distance = canvas.distance(side)
        for height, start, width in bands:
            along = distance - inner - start
            off = canvas.y - height - slope * (along - length / 2)
            reach = step(along, 3) * step(length - along, 3)
            canvas.attenuation += canvas.lungs[side] * reach * (0.3 * bump(off, width / 2))

    x0, x1 = sorted((a.midline + side * (inner - 3), a.midline + side * (inner + length + 6)))
    half = abs(slope) * length / 2 + 4
    return Planted(box=box_of(x0, bands[-1][0] - half, x1, y + half), anatomy=a, paint=paint)


def cardiomegaly(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A heart wider than half the chest."""
    wide = replace(
        a,
        heart_left=float(rng.uniform(26, 36)),
        heart_right=float(rng.uniform(0.70, 0.84)) * a.half_width,
    )
    box = box_of(
        a.midline - wide.heart_left, a.apex + 58, a.midline + wide.heart_right, a.dome(1) + 6
    )
    return Planted(box=box, anatomy=wide, paint=nothing)


def consolidation(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A dense part of a lobe, straight along its fissure, with dark bronchi in it."""
    side, x, y = in_lung(a, rng, inside=(0.34, 0.62), above=20)
    rx, ry = rng.uniform(19, 25), rng.uniform(17, 23)
    upwards = y < a.apex + 62  # an upper lobe ends below in a fissure, a lower lobe above
    tilt = rng.uniform(-0.12, 0.12)
    angles = rng.uniform(-0.7, 0.7, 3)

    def paint(canvas: Canvas) -> None:
        u, v = canvas.x - x, canvas.y - y
        shape = step(1 - np.abs(u / rx) ** 3 - np.abs(v / ry) ** 3, 0.35)
        cut = (v - tilt * u) * (1 if upwards else -1)
        shape = shape * step(0.5 * ry - cut, 1.2)
        tubes = []
        for angle in angles.tolist():
            end = (x + side * 0.8 * rx * np.cos(angle), y + 0.8 * ry * np.sin(angle))
            tubes.append((((x - side * 0.7 * rx, y), end), 2.0, 1.0))
        air = canvas.strokes(tubes, 0.8)
        canvas.attenuation += canvas.lungs[side] * shape * (0.36 - 0.2 * air)

    low, high = (-ry, 0.5 * ry) if upwards else (-0.5 * ry, ry)
    return Planted(box=box_of(x - rx, y + low, x + rx, y + high), anatomy=a, paint=paint)


def edema(a: Anatomy, rng: np.random.Generator) -> Planted:
    """Haze round both hila like a bat's wings, blurred full vessels, fine lines at the bases."""
    reach, tall = rng.uniform(24, 34), rng.uniform(22, 32)
    y = a.apex + rng.uniform(54, 82)
    centre = a.mediastinum + rng.uniform(12, 20)
    texture = rng.integers(2**32)
    lines = []
    for side in SIDES:
        for k in range(6):
            x, at = a.midline + side * (a.half_width - 5), a.dome(side) - 4 - 5 * k
            lines.append((((x, at), (x - side * 9, at + rng.uniform(-1, 1))), 0.9, 1.0))

    def paint(canvas: Canvas) -> None:
        grain = 0.75 + 0.5 * clouds(canvas, 12, np.random.default_rng(texture))
        kerley = canvas.strokes(lines, 0.5)
        for side in SIDES:
            far = np.hypot((canvas.distance(side) - centre) / reach, (canvas.y - y) / tall)
            wing = bump(far, 0.62) * grain
            canvas.attenuation += canvas.lungs[side] * (0.31 * wing + 0.1 * kerley)
            canvas.vessels *= 1 + 0.4 * wing * canvas.lungs[side]

    wide = centre + reach
    box = box_of(a.midline - wide, y - tall, a.midline + wide, y + tall)
    return Planted(box=box, anatomy=a, paint=paint)


def enlarged_cardiomediastinum(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A mediastinum wide from the thoracic inlet to the heart."""
    wide = replace(a, mediastinum=float(rng.uniform(23, 31)))
    half = wide.mediastinum * 1.25
    box = box_of(a.midline - half, a.apex + 6, a.midline + half, a.apex + 66)
    return Planted(box=box, anatomy=wide, paint=nothing)


def fracture(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A rib with a gap, its outer part displaced, and a little blood round it."""
    side, rib = a_side(rng), int(rng.integers(2, 8))
    distance = float(rng.uniform(0.45, 0.85)) * a.half_width
    shift = float(rng.uniform(5.0, 6.5)) * (1 if rng.random() < 0.7 else -1)
    broken = Break(side=side, rib=rib, distance=distance, shift=shift)
    x, y = a.midline + side * distance, a.rib_at(rib, distance)

    def paint(canvas: Canvas) -> None:
        canvas.attenuation += 0.09 * bump(np.hypot(canvas.x - x, canvas.y - y), 6)
        for end in (-1, 1):  # the ends overlap what lies behind and stand out bright
            ends = np.hypot(
                canvas.distance(side) - distance - 3.2 * end,
                canvas.y - y - (shift if end > 0 else 0),
            )
            canvas.attenuation += 0.16 * bump(ends, 1.9)

    top, bottom = sorted((y, y + shift))
    changed = replace(a, breaks=(*a.breaks, broken))
    return Planted(box=box_of(x - 11, top - 8, x + 11, bottom + 8), anatomy=changed, paint=paint)


def lung_lesion(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A round, well circumscribed nodule or mass."""
    _, x, y = in_lung(a, rng, inside=(0.3, 0.8), above=12)
    radius = rng.uniform(5.5, 10)

    def paint(canvas: Canvas) -> None:
        far = np.hypot(canvas.x - x, canvas.y - y) / radius
        ball = np.sqrt(np.clip(1.15 - far**2, 0, 1)) * step(1 - far, 0.16)
        canvas.attenuation += 0.34 * ball

    r = radius + 1
    return Planted(box=box_of(x - r, y - r, x + r, y + r), anatomy=a, paint=paint)


def lung_opacity(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A hazy, ill-defined patch through which vessels still show."""
    side, x, y = in_lung(a, rng, inside=(0.32, 0.72), above=16)
    rx, ry = rng.uniform(13, 20, 2).tolist()
    texture = rng.integers(2**32)

    def paint(canvas: Canvas) -> None:
        grain = 0.6 + 0.8 * clouds(canvas, 9, np.random.default_rng(texture))
        haze = bump(np.hypot((canvas.x - x) / rx, (canvas.y - y) / ry), 0.6)
        canvas.attenuation += canvas.lungs[side] * (0.27 * haze * grain)

    return Planted(box=box_of(x - rx, y - ry, x + rx, y + ry), anatomy=a, paint=paint)


def pleural_effusion(a: Anatomy, rng: np.random.Generator) -> Planted:
    """Fluid that blunts the angle and climbs the chest wall in a meniscus."""
    side, height = a_side(rng), rng.uniform(18, 52)
    base = a.dome(side) + 14

    def paint(canvas: Canvas) -> None:
        out = np.clip(canvas.distance(side) / a.half_width, 0, 1.1)
        surface = base - height * (0.25 + 0.75 * out**3)
        fluid = canvas.lungs[side] * step(canvas.y - surface, 3.0)
        canvas.attenuation += fluid * np.float32(0.55)
        canvas.vessels *= 1 - 0.9 * fluid

    inner, outer = sorted((a.midline + side * 0.3 * a.half_width, a.midline + side * a.half_width))
    box = box_of(inner, base - height * 0.9, outer, base + 10)
    return Planted(box=box, anatomy=a, paint=paint)


def pleural_other(a: Anatomy, rng: np.random.Generator) -> Planted:
    """A thickened pleura along the chest wall, calcified at its inner edge."""
    side, length, thick = a_side(rng), rng.uniform(32, 52), rng.uniform(6, 9)
    y = rng.uniform(a.apex + 40, a.dome(side) - 8)

    def paint(canvas: Canvas) -> None:
        depth = a.wall(canvas.y) - canvas.distance(side)
        profile = thick * np.clip(1 - ((canvas.y - y) / (length / 2)) ** 2, 0, 1) ** 0.5
        plaque = canvas.lungs[side] * step(profile - depth, 0.9) * step(profile - 1, 0.6)
        rim = bump(depth - profile + 1, 0.8) * step(profile - 2.5, 0.6)
        canvas.attenuation += 0.3 * plaque + canvas.lungs[side] * (0.16 * rim)

    outer = a.wall_at(y)
    x0, x1 = sorted((a.midline + side * (outer - thick - 5), a.midline + side * (outer + 3)))
    return Planted(box=box_of(x0, y - length / 2, x1, y + length / 2), anatomy=a, paint=paint)


def pneumonia(a: Anatomy, rng: np.random.Generator) -> Planted:
    """Several fluffy spots that run together."""
    side, x, y = in_lung(a, rng, inside=(0.38, 0.66), above=20)
    spots = np.column_stack(
        [x + rng.normal(0, 9, 9), y + rng.normal(0, 9, 9), rng.uniform(3.2, 5.5, 9)]
    )
    spots[:, :2] = np.clip(spots[:, :2], (x - 15, y - 15), (x + 15, y + 15))

    def paint(canvas: Canvas) -> None:
        clear = np.ones_like(canvas.attenuation)
        for sx, sy, radius in spots.tolist():
            clear *= 1 - 0.8 * bump(np.hypot(canvas.x - sx, canvas.y - sy), radius)
        canvas.attenuation += canvas.lungs[side] * (0.32 * (1 - clear))

    low, high = spots[:, :2].min(axis=0) - 6, spots[:, :2].max(axis=0) + 6
    return Planted(box=box_of(low[0], low[1], high[0], high[1]), anatomy=a, paint=paint)


def pneumothorax(a: Anatomy, rng: np.random.Generator) -> Planted:
    """Air without vessels between the chest wall and the thin line of the lung's edge."""
    side = a_side(rng)
    gap, drop = rng.uniform(13, 24), rng.uniform(10, 22)
    bottom = rng.uniform(0.5, 0.9) * (a.dome(side) - a.apex) + a.apex
    lung = replace(a, apex=a.apex + float(drop), half_width=a.half_width - float(gap))

    def paint(canvas: Canvas) -> None:
        distance = canvas.distance(side)
        fade = step(bottom - canvas.y, 9)
        edge = a.wall(canvas.y) - fade * (a.wall(canvas.y) - lung.wall(canvas.y))
        beyond = canvas.lungs[side] * step(distance - edge, 0.8) * fade
        canvas.vessels *= 1 - 0.97 * beyond
        canvas.attenuation -= beyond * np.float32(0.10)
        line = bump(distance - edge, 0.8) * fade * canvas.lungs[side]
        canvas.attenuation += line * step(canvas.y - lung.apex + 1, 1) * np.float32(0.19)

    outer = a.wall_at(bottom)
    x0, x1 = sorted((a.midline + side * 0.35 * a.half_width, a.midline + side * (outer + 1)))
    return Planted(box=box_of(x0, a.apex + 1, x1, bottom), anatomy=a, paint=paint)


_PLANTERS: Final[dict[str, Planter]] = {
    "atelectasis": atelectasis,
    "cardiomegaly": cardiomegaly,
    "consolidation": consolidation,
    "edema": edema,
    "enlarged cardiomediastinum": enlarged_cardiomediastinum,
    "fracture": fracture,
    "lung lesion": lung_lesion,
    "lung opacity": lung_opacity,
    "pleural effusion": pleural_effusion,
    "pleural other": pleural_other,
    "pneumonia": pneumonia,
    "pneumothorax": pneumothorax,
    "support devices": device,
}
