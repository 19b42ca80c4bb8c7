"""Cases: an image with its findings, from the seed of the dataset and the number of the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.phantom.anatomy import Anatomy
from gazesearch.datasets.phantom.canvas import Canvas, expose
from gazesearch.datasets.phantom.chest import draw_chest
from gazesearch.datasets.phantom.config import PHANTOM_V1, PhantomConfig
from gazesearch.datasets.phantom.findings import plant
from gazesearch.datasets.phantom.planting import Box, Planted
from gazesearch.findings import FINDINGS

# These change the chest itself, so they come before whatever is placed in it.
_FIRST: Final = ("cardiomegaly", "enlarged cardiomediastinum", "fracture")
_TRIES: Final = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One image and what is in it.

    Attributes:
        name: file name of the image.
        image: (h, w) uint8, native size.
        boxes: the true box of each finding, px of the 224 px frame.
    """

    name: str
    image: NDArray[np.uint8]
    boxes: dict[str, Box]


def make_case(seed: int, number: int, *, config: PhantomConfig = PHANTOM_V1) -> Case:
    """The case of this number; it depends on nothing but seed, number and configuration.

    >>> make_case(0, 3).name
    'phantom-0003.png'
    """
    rng = np.random.default_rng([seed, number])
    count = 1 + int(rng.choice(len(config.counts), p=config.counts))
    chosen = rng.choice(len(FINDINGS), size=count, replace=False)
    names = sorted((FINDINGS[k] for k in chosen), key=lambda name: (name not in _FIRST, name))
    anatomy = Anatomy.draw(config.anatomy, rng)
    planted: dict[str, Planted] = {}
    for name in names:
        planted[name] = _apart(name, anatomy, list(planted.values()), rng)
        anatomy = planted[name].anatomy
    width, height = (
        int(rng.integers(*side)) for side in (config.exposure.width, config.exposure.height)
    )
    canvas = Canvas.blank(anatomy, width, height)
    draw_chest(canvas, rng)
    for finding in planted.values():
        finding.paint(canvas)
    return Case(
        name=f"phantom-{number:04d}.png",
        image=expose(canvas, config.exposure, rng),
        boxes={name: planted[name].box for name in sorted(planted)},
    )


def _apart(name: str, anatomy: Anatomy, others: list[Planted], rng: np.random.Generator) -> Planted:
    """The finding at a place off the other boxes, or the last tried where none is found."""
    for _ in range(_TRIES):
        found = plant(name, anatomy, rng)
        if all(_shared(found.box, other.box) < 0.2 for other in others):
            break
    return found


def _shared(one: Box, other: Box) -> float:
    """Area that two boxes share, as part of the smaller one."""
    sides = [
        max(0.0, min(one[k] + one[k + 2], other[k] + other[k + 2]) - max(one[k], other[k]))
        for k in (0, 1)
    ]
    return sides[0] * sides[1] / min(one[2] * one[3], other[2] * other[3])
