"""An image in the making: what is drawn adds up as attenuation, then is exposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from gazesearch.datasets.phantom.anatomy import Anatomy, Field
from gazesearch.datasets.phantom.config import SIDE_PX, Exposure

SIDES: Final = (-1, 1)


@dataclass(kw_only=True, eq=False)
class Canvas:
    """An image in the making.

    Attributes:
        x, y: place of every column, (1, w), and row, (h, 1), px of the 224 px frame.
        attenuation: summed so far, (h, w); air is 0, soft tissue about 0.6, the abdomen over 1.
        vessels: those of the lungs, kept apart until the end, since findings erase them.
        lungs: share of lung of each side at every pixel, 0 to 1.
    """

    anatomy: Anatomy
    x: Field
    y: Field
    attenuation: Field
    vessels: Field
    lungs: dict[int, Field]

    @classmethod
    def blank(cls, anatomy: Anatomy, width: int, height: int) -> Canvas:
        """Nothing but air, `width` x `height` px."""
        across = (np.arange(width, dtype=np.float32) + 0.5) * (SIDE_PX / width)
        down = (np.arange(height, dtype=np.float32) + 0.5) * (SIDE_PX / height)
        zero = np.zeros((height, width), np.float32)
        return cls(
            anatomy=anatomy,
            x=across[None, :],
            y=down[:, None],
            attenuation=zero,
            vessels=zero.copy(),
            lungs={},
        )

    def distance(self, side: int) -> Field:
        """Distance from the midline towards a side, px; negative on the other side."""
        return np.asarray(side * (self.x - self.anatomy.midline), np.float32)

    def strokes(
        self, lines: Sequence[tuple[Sequence[tuple[float, float]], float, float]], blur: float
    ) -> Field:
        """Polylines as a soft layer.

        Args:
            lines: of each its points (x px, y px), its width in px and its strength, 0 to 1.
            blur: standard deviation of the blur, px.
        """
        height, width = self.attenuation.shape
        layer = Image.new("L", (width, height))
        pen = ImageDraw.Draw(layer)
        across, down = width / SIDE_PX, height / SIDE_PX
        for points, thickness, strength in lines:
            places = [(px * across, py * down) for px, py in points]
            pen.line(
                places,
                fill=round(255 * strength),
                width=max(1, round(thickness * across)),
                joint="curve",
            )
        drawn = np.asarray(layer, np.float32) / 255
        return np.asarray(ndimage.gaussian_filter(drawn, (blur * down, blur * across)))


def step(distance: Field, softness: float) -> Field:
    """1 well above 0, 0 well below, with an edge about `softness` px wide."""
    return np.asarray(0.5 * (1 + np.tanh(distance / softness)), np.float32)


def bump(distance: Field, width: float) -> Field:
    """1 at 0, a Gaussian of standard deviation `width` px."""
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2), np.float32)


def expose(canvas: Canvas, exposure: Exposure, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The image, (h, w): tone curve, quantum noise, mottle, collimation."""
    height, width = canvas.attenuation.shape
    total = canvas.attenuation + canvas.vessels
    gain, gamma = rng.uniform(*exposure.gain), rng.uniform(*exposure.gamma)
    tone = np.tanh(np.clip(gain * total, 0, None)) ** np.float32(gamma)
    grain = rng.standard_normal((height, width), np.float32)
    coarse = rng.standard_normal((height // 4 + 1, width // 4 + 1), np.float32)
    mottle = np.repeat(np.repeat(coarse, 4, axis=0), 4, axis=1)[:height, :width]
    noise = rng.uniform(*exposure.noise)
    tone = tone + np.float32(noise) * ndimage.gaussian_filter(grain, 0.6) * 1.6
    tone = tone + np.float32(noise) * ndimage.gaussian_filter(mottle, 3.0) * 1.2
    return np.asarray(np.clip(np.rint(tone * 246 + 4), 0, 255), np.uint8)
