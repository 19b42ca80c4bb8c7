"""Colours of the page and of its figures, each for a light and for a dark ground.

A figure is drawn in the light colours, which its files keep; in the page each becomes a variable of
CSS, so that one drawing serves both grounds. Text reaches 4.5:1 on its ground,
marks 3:1 (WCAG 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Colour:
    """A colour by name, on a light and on a dark ground."""

    name: str
    light: str
    dark: str


GROUND: Final = Colour(name="ground", light="#fefefe", dark="#14171a")
INK: Final = Colour(name="ink", light="#1b1f24", dark="#e6e9ec")
SOFT: Final = Colour(name="soft", light="#57606a", dark="#a3adb7")
LINE: Final = Colour(name="line", light="#d5dae0", dark="#343b43")
LINK: Final = Colour(name="link", light="#0b5394", dark="#86b9de")
SERIES: Final = (
    Colour(name="s1", light="#0072b2", dark="#56b4e9"),
    Colour(name="s2", light="#b8500a", dark="#f0954a"),
    Colour(name="s3", light="#007a5a", dark="#2cc29a"),
    Colour(name="s4", light="#a3487d", dark="#e29cc4"),
    Colour(name="s5", light="#7a6000", dark="#e0c24a"),
    Colour(name="s6", light="#5b4bb5", dark="#a9a0f0"),
)
MARKERS: Final = ("o", "s", "D", "^", "v", "P")
COLOURS: Final = (GROUND, INK, SOFT, LINE, LINK, *SERIES)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a predictor is drawn, in every figure the same; over six, looks come again."""

    colour: str
    marker: str


def looks(names: Sequence[str]) -> dict[str, Look]:
    """A look for each predictor, in their order."""
    pairs = islice(cycle(zip(SERIES, MARKERS, strict=True)), len(names))
    return {
        name: Look(colour=colour.light, marker=marker)
        for name, (colour, marker) in zip(names, pairs, strict=True)
    }
