"""How sources are told apart: by colour, and in grey by the shape of marks and the dashes of lines.

Colours are Okabe and Ito's, which colour-blind readers tell apart
(https://jfly.uni-koeln.de/color/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.path import Path
from numpy.typing import NDArray

DENSITY_COLOUR: Final = "#CC79A7"  # reddish purple, which no source has
BOX_COLOUR: Final = "#000000"


@dataclass(frozen=True, kw_only=True, eq=False)
class Style:
    """Look of one source.

    Attributes:
        colour: of marks and lines.
        shape: outline of a mark: area 1, centre of gravity at 0.
        dashes: lengths on and off in line widths; empty for a solid line.
    """

    colour: str
    shape: Path
    dashes: tuple[float, ...] = ()

    @property
    def ink(self) -> str:
        """Black or white, whichever reads better on the colour (WCAG contrast)."""
        light = _luminance(self.colour)
        return "white" if 1.05 / (light + 0.05) > (light + 0.05) / 0.05 else "black"

    def marker_size(self, area: float) -> float:
        """What `Axes.scatter` calls the size `s` of a mark with this area, both pt²."""
        # matplotlib scales a marker's path into a box of side 1 round its origin, then by sqrt(s).
        return area * (2 * float(np.abs(self.shape.vertices).max())) ** 2


def _luminance(colour: str) -> float:
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _polygon(vertices: NDArray[np.float64]) -> Path:
    """Closed outline, scaled to area 1 round its centre of gravity."""
    x, y = vertices.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = cross.sum() / 2
    middle = ((vertices + np.roll(vertices, -1, axis=0)) * cross[:, None]).sum(axis=0) / (6 * area)
    centred = (vertices - middle) / np.sqrt(abs(area))
    return Path(np.concatenate([centred, centred[:1]]), closed=True)


def _regular(sides: int, *, first_degrees: float) -> Path:
    angles = np.radians(first_degrees + 360 / sides * np.arange(sides))
    return _polygon(np.column_stack([np.cos(angles), np.sin(angles)]))


def _plus() -> Path:
    arm, reach = 0.5, 1.0
    quarter = np.array([[reach, -arm], [reach, arm], [arm, arm]])
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    return _polygon(np.concatenate([quarter @ np.linalg.matrix_power(turn, k) for k in range(4)]))


def _circle() -> Path:
    outline = Path.unit_circle()
    return Path(outline.vertices / np.sqrt(np.pi), outline.codes)


CIRCLE: Final = _circle()
STYLES: Final = (
    Style(colour="#0072B2", shape=CIRCLE),
    Style(colour="#E69F00", shape=_regular(4, first_degrees=45), dashes=(4, 1.6)),
    Style(colour="#000000", shape=_regular(4, first_degrees=0), dashes=(1, 1.2)),
    Style(colour="#D55E00", shape=_regular(3, first_degrees=90), dashes=(6, 1.5, 1, 1.5)),
    Style(colour="#56B4E9", shape=_plus(), dashes=(7.5, 3)),
    Style(colour="#009E73", shape=_regular(3, first_degrees=-90), dashes=(3, 1.3, 1, 1.3, 1, 1.3)),
)
"""As many sources as one picture takes, in order."""

ARROW: Final = _polygon(np.array([[1.0, 0.0], [-0.7, 0.75], [-0.35, 0.0], [-0.7, -0.75]]))
"""A saccade's arrow head, pointing right."""
