"""Ladders of corruption: one thing about a scanpath is spoilt, in growing strength.

How a metric falls along a ladder says what it sees. The same random numbers serve every strength
of a ladder, path by path: a stronger corruption is a weaker one carried on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from gazesearch.errors import BadSetting, UnknownName
from gazesearch.prediction import Floats
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.table import offsets_of

_MOST_SWAPS: Final = 64
_MOST_ADDED: Final = 4.0


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """One kind of corruption.

    Attributes:
        title: what is spoilt.
        unit: what the strength counts.
        steps: the strengths that are measured, growing.
        spoil: (path (n, 3), screen size (2,), strength, generator) -> path (m, 3), m at least 1.
    """

    title: str
    unit: str
    steps: tuple[float, ...]
    spoil: Callable[[Floats, Floats, float, np.random.Generator], Floats]


def corrupted(scanpaths: Scanpaths, ladder: str, strength: float, *, rng: int = 0) -> Scanpaths:
    """The paths, each spoilt in one way; empty paths stay empty.

    Args:
        scanpaths: the paths.
        ladder: a name of `LADDERS`.
        strength: 0 changes nothing.
        rng: seed; with the same one, strengths of a ladder build on each other.

    Raises:
        UnknownName: no ladder is called so.
        BadSetting: the strength is below 0.
    """
    if ladder not in LADDERS:
        raise UnknownName("ladder", ladder, LADDERS)
    if not strength >= 0:
        raise BadSetting(f"strength={strength}: must be 0 or more")
    spoil, sizes = LADDERS[ladder].spoil, scanpaths.screen_sizes
    paths = []
    for row, path in enumerate(scanpaths):
        fixations = path.fixations
        if len(fixations) and strength > 0:
            fixations = spoil(fixations, sizes[row], strength, np.random.default_rng([rng, row]))
        paths.append(fixations)
    lengths = [len(path) for path in paths]
    flat = np.concatenate([np.empty((0, 3)), *paths])
    columns = scanpaths.columns
    if "length" in columns:
        columns = columns.replaced("length", lengths)
    integers = np.zeros(flat.shape, np.bool_)
    return scanpaths.with_parts(flat, offsets_of(lengths), columns=columns, integers=integers)


def _jitter(path: Floats, size: Floats, strength: float, rng: np.random.Generator) -> Floats:
    off = rng.standard_normal((len(path), 2)) * strength * size.max()
    return _moved(path, off, size)


def _shift(path: Floats, size: Floats, strength: float, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(0, 2 * np.pi)
    off = np.array([np.cos(angle), np.sin(angle)]) * strength * size.max()
    return _moved(path, off, size)


def _swap(path: Floats, size: Floats, strength: float, rng: np.random.Generator) -> Floats:
    order = np.arange(len(path))
    if len(path) > 1:
        for first, other in rng.integers(0, len(path), (_MOST_SWAPS, 2))[: int(strength)]:
            order[[first, other]] = order[[other, first]]
    return path[order]


def _reversal(path: Floats, size: Floats, strength: float, rng: np.random.Generator) -> Floats:
    kept = len(path) - round(strength * len(path))
    return np.concatenate([path[:kept], path[kept:][::-1]])


def _truncation(path: Floats, size: Floats, strength: float, rng: np.random.Generator) -> Floats:
    return path[: max(1, len(path) - round(strength * len(path)))]


def _added(path: Floats, size: Floats, strength: float, rng: np.random.Generator) -> Floats:
    most = int(_MOST_ADDED * len(path))
    new = np.column_stack([rng.uniform(0, size, (most, 2)), rng.choice(path[:, 2], most)])
    places = rng.random(most)
    grown = path
    for k in range(min(most, round(strength * len(path)))):
        grown = np.insert(grown, int(places[k] * (len(grown) + 1)), new[k], axis=0)
    return grown


def _durations(path: Floats, size: Floats, strength: float, rng: np.random.Generator) -> Floats:
    factors = np.exp(strength * rng.standard_normal(len(path)))
    return np.column_stack([path[:, :2], path[:, 2] * factors])


def _moved(path: Floats, off: Floats, size: Floats) -> Floats:
    """Fixations moved, and held on the screen."""
    xy = np.clip(path[:, :2] + off, 0, np.nextafter(size, 0))
    return np.column_stack([xy, path[:, 2]])


_FAR: Final = (0.01, 0.02, 0.05, 0.1, 0.2)
_SIDE: Final = "of the screen's larger side"

LADDERS: Final = {
    "jitter": Ladder(
        title="each fixation moved at random", unit=f"standard deviation, parts {_SIDE}",
        steps=_FAR, spoil=_jitter,
    ),
    "shift": Ladder(
        title="all fixations moved alike, in a random direction", unit=f"parts {_SIDE}",
        steps=_FAR, spoil=_shift,
    ),
    "swap": Ladder(
        title="two fixations at random change places", unit="times",
        steps=(1, 2, 4, 8), spoil=_swap,
    ),
    "reversal": Ladder(
        title="the end of the path runs backwards", unit="share of the path",
        steps=(0.25, 0.5, 0.75, 1.0), spoil=_reversal,
    ),
    "truncation": Ladder(
        title="the end of the path is cut off", unit="share of the path",
        steps=(0.2, 0.4, 0.6, 0.8), spoil=_truncation,
    ),
    "added": Ladder(
        title="fixations anywhere are put in at random", unit="share of the path",
        steps=(0.25, 0.5, 1.0, 2.0), spoil=_added,
    ),
    "durations": Ladder(
        title="each duration times a random factor", unit="standard deviation of its logarithm",
        steps=(0.25, 0.5, 1.0, 2.0), spoil=_durations,
    ),
}  # fmt: skip
"""Every ladder, by name."""
