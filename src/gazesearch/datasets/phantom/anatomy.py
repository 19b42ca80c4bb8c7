"""A chest as numbers: where lungs, heart, ribs and diaphragm of one phantom lie.

All lengths and places are px of the 224 px frame, whatever size the image is rendered at.
Side -1 is the left of the image (the patient's right), +1 the right of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.phantom.config import AnatomyRanges

Field = NDArray[np.floating[Any]]
MEDIAL_PX = 7.0
"""Where a lung begins beside the midline, behind heart and vessels."""


@dataclass(frozen=True, kw_only=True)
class Break:
    """A broken rib: which one, how far from the midline, and by how much its end is displaced."""

    side: int
    rib: int
    distance: float
    shift: float


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """One chest.

    Attributes:
        midline: x of the spine.
        apex: y of the top of the lungs.
        half_width: of the rib cage at its widest.
        dome_left, dome_right: y of the top of the diaphragm at the image's left and right.
        mediastinum: half width of the upper mediastinum.
        heart_left, heart_right: reach of the heart from the midline to the image's left and right.
        rib_spacing, rib_phase: distance of ribs, and y of the first below the apex.
        clavicle: y of the inner ends of the clavicles, from the apex.
        breast: strength of breast shadows, 0 to 1.
        habitus: thickness of soft tissue, 1 is average.
        breaks: broken ribs.
    """

    midline: float
    apex: float
    half_width: float
    dome_left: float
    dome_right: float
    mediastinum: float
    heart_left: float
    heart_right: float
    rib_spacing: float
    rib_phase: float
    clavicle: float
    breast: float
    habitus: float
    breaks: tuple[Break, ...] = ()

    @classmethod
    def draw(cls, ranges: AnatomyRanges, rng: np.random.Generator) -> Anatomy:
        """A chest at random, every measure uniform within its range."""

        def within(name: str) -> float:
            low, high = getattr(ranges, name)
            return float(rng.uniform(low, high))

        dome = within("dome")
        return cls(
            midline=within("midline"),
            apex=within("apex"),
            half_width=within("half_width"),
            dome_left=dome,
            dome_right=dome + within("dome_difference"),
            mediastinum=within("mediastinum"),
            heart_left=within("heart_left"),
            heart_right=within("heart_right"),
            rib_spacing=within("rib_spacing"),
            rib_phase=within("rib_phase"),
            clavicle=within("clavicle"),
            breast=within("breast") if rng.random() < ranges.breast_share else 0.0,
            habitus=within("habitus"),
        )

    def dome(self, side: int) -> float:
        """y of the top of the diaphragm of a side."""
        return self.dome_left if side < 0 else self.dome_right

    def wall(self, y: Field) -> Field:
        """Distance of the inner chest wall from the midline at each y; 0 above the apex."""
        depth = max(self.dome_left, self.dome_right) + 20 - self.apex
        rise = np.clip((y - self.apex) / (0.85 * depth), 0, 1)
        return np.asarray(self.half_width * (1 - (1 - rise) ** 2.6) ** 0.42, np.float32)

    def wall_at(self, y: float) -> float:
        """The same at one y."""
        return float(self.wall(np.array([y], np.float32))[0])

    def diaphragm(self, distance: Field, side: int) -> Field:
        """y of the diaphragm at each distance from the midline."""
        top = 0.42 * self.half_width
        off = (distance - top) / (self.half_width - top)
        fall = np.where(off > 0, 25 * np.abs(off) ** 2.2, 4 * off**2)
        return np.asarray(self.dome(side) + fall, np.float32)

    def mediastinum_edge(self, y: Field, side: int) -> Field:
        """Distance of the edge of mediastinum and heart from the midline at each y."""
        base = self.mediastinum + 5 * _logistic((self.apex + 6 - y) / 5)
        knob = 7.0 if side > 0 else 2.5
        arch = knob * np.exp(-(((y - self.apex - 34) / 8) ** 2))
        heart = self.heart_right if side > 0 else self.heart_left
        floor = self.dome(side) + 6
        top = self.apex + (54 if side > 0 else 68)
        height = np.clip((y - top) / (floor - top), 0, 1.15)
        bulge = np.sin(np.minimum(height, 1) * np.pi * 0.5) ** (0.95 if side > 0 else 0.8)
        bulge = bulge - 0.25 * np.clip(height - 0.85, 0, 1) ** 1.0
        return np.asarray(np.maximum(base + arch, base + (heart - base) * bulge), np.float32)

    def rib_coordinate(self, distance: Field, y: Field) -> Field:
        """Number of the posterior rib at each place: whole on a rib's middle, from 0 at the top."""
        s = np.clip(distance / self.half_width, 0, None)
        curve = self.apex + self.rib_phase - 7 * np.sin(np.pi * np.minimum(s, 1)) + 26 * s**2.4
        return np.asarray((y - curve) / self.rib_spacing, np.float32)

    def rib_at(self, rib: int, distance: float) -> float:
        """y of the middle of a posterior rib."""
        place = np.array([distance], np.float32), np.zeros(1, np.float32)
        return float((rib - self.rib_coordinate(*place)[0]) * self.rib_spacing)


def _logistic(z: Field) -> Field:
    return np.asarray(0.5 * (1 + np.tanh(z / 2)), np.float32)
