"""What can be seen in an image, cell by cell: the observer's eyes.

Everything here is computed from pixels. The image is squeezed to 224 x 224 px, its grey values are
counted from their median in units of their 5% to 95% range, and the midline of the chest is where
the upper half is brightest.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from gazesearch.datasets.phantom.anatomy import Anatomy
from gazesearch.datasets.phantom.canvas import Canvas
from gazesearch.datasets.phantom.chest import draw_plain_chest
from gazesearch.datasets.phantom.config import CELLS, SIDE_PX
from gazesearch.errors import DataError
from gazesearch.prediction import Floats

SIDE: Final = int(SIDE_PX)
CELL_PX: Final = SIDE // CELLS
AVERAGE: Final = Anatomy(
    midline=112.0,
    apex=29.0,
    half_width=86.0,
    dome_left=150.0,
    dome_right=156.0,
    mediastinum=13.5,
    heart_left=19.5,
    heart_right=43.5,
    rib_spacing=14.5,
    rib_phase=7.0,
    clavicle=16.0,
    breast=0.0,
    habitus=1.0,
)
"""The chest that an observer has in mind."""


def features(image: NDArray[Any]) -> Floats:
    """Features of every cell of an image, (56, 56, f)."""
    grey = _standard(squeezed(image))
    midline = _midline(grey)
    seen = _seen(grey, midline)
    air = 1 / (1 + np.exp(8 * (_blurred(_expected(midline), 1.0) + 0.3)))
    return np.stack([*seen, *(air * channel for channel in seen), *_places(midline)], axis=-1)


def squeezed(image: NDArray[Any]) -> NDArray[np.uint8]:
    """An image of any size, grey or RGB, as 224 x 224 grey values of 0 to 255.

    8-bit images are taken as they are, others are scaled from their least to their greatest value.

    Raises:
        DataError: it is no image.
    """
    array = np.asarray(image)
    if array.ndim not in (2, 3) or array.size == 0 or (array.ndim == 3 and array.shape[2] != 3):
        raise DataError(f"image of shape {array.shape}: must be (h, w) or (h, w, 3)")
    if array.dtype != np.uint8:
        values = array.astype(np.float64)
        if not np.isfinite(values).all():
            raise DataError("image: holds NaN or infinity")
        low, high = values.min(), values.max()
        array = np.rint(255 * (values - low) / max(high - low, 1e-12)).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(array)).convert("L")
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def _standard(grey: NDArray[Any]) -> Floats:
    values = grey.astype(np.float64)
    low, middle, high = np.percentile(values, [5, 50, 95])
    standard: Floats = (values - middle) / max(high - low, 1.0)
    return standard


def _midline(grey: Floats) -> float:
    """x of the spine, cells."""
    columns = ndimage.gaussian_filter1d(grey[24 : SIDE // 2].mean(axis=0), 3.0)
    return (int(columns[80:145].argmax()) + 80.5) / CELL_PX


def _seen(grey: Floats, midline: float) -> list[Floats]:
    """Brightness and its contrasts at several widths, fine lines, texture, asymmetry."""
    cells = _pooled(grey)
    g1, g2, g4, g8 = (_blurred(cells, width) for width in (1.0, 2.0, 4.0, 8.0))
    opened = ndimage.grey_opening(grey, size=(5, 5))
    closed = ndimage.grey_closing(grey, size=(5, 5))
    bright, dark = grey - opened, closed - grey
    peaks = bright.reshape(CELLS, CELL_PX, CELLS, CELL_PX).max(axis=(1, 3))
    lines, gaps = _pooled(bright), _pooled(dark)
    across = _pooled(np.abs(ndimage.gaussian_filter1d(grey, 1.0, axis=1, order=1)))
    down = _pooled(np.abs(ndimage.gaussian_filter1d(grey, 1.0, axis=0, order=1)))
    surprise = g1 - _expected(midline)
    asymmetry = g2 - _mirrored(g2, midline)
    return [
        cells,
        np.clip(cells - g2, 0, None),
        np.clip(g2 - cells, 0, None),
        np.clip(g1 - g4, 0, None),
        np.clip(g4 - g1, 0, None),
        g2 - g8,
        _blurred(surprise, 1.0),
        _blurred(np.abs(surprise), 2.0),
        _blurred(surprise, 5.0),
        asymmetry,
        _blurred(asymmetry, 3.0),
        peaks,
        _blurred(np.clip(peaks - 0.12, 0, None), 2.0),
        _blurred(lines, 1.0),
        _blurred(gaps, 1.0),
        _blurred(lines + gaps, 3.0),
        _blurred(across, 1.0),
        _blurred(across, 1.0) - _blurred(across, 5.0),
        _blurred(down, 1.5),
        _blurred(cells**2, 2.0) - _blurred(cells, 2.0) ** 2,
    ]


def _places(midline: float) -> list[Floats]:
    """Powers of distance from the midline and of height, and a constant."""
    x = (np.arange(CELLS) + 0.5 - midline) / 20
    u, v = np.meshgrid(np.abs(x), (np.arange(CELLS) + 0.5 - CELLS / 2) / 20)
    right = np.broadcast_to(np.tanh(6 * x), u.shape)
    powers = [u**i * v**j for i in range(5) for j in range(5 - i) if i + j]
    return [*powers, right, right * u, right * v, right * u * v, right * u**2, right * v**2]


def _expected(midline: float) -> Floats:
    """An average chest at this midline."""
    return _shifted(_average(), midline - AVERAGE.midline / CELL_PX)


@cache
def _average() -> Floats:
    canvas = Canvas.blank(AVERAGE, SIDE, SIDE)
    draw_plain_chest(canvas)
    grey = np.rint(255 * np.tanh(np.clip(canvas.attenuation, 0, None)).astype(np.float64) ** 1.15)
    return _blurred(_pooled(_standard(grey)), 1.0)


def _mirrored(cells: Floats, midline: float) -> Floats:
    return _shifted(cells[:, ::-1], 2 * midline - CELLS)


def _shifted(cells: Floats, across: float) -> Floats:
    moved = ndimage.shift(cells, (0, across), order=1, mode="nearest")
    return np.asarray(moved, np.float64)


def _pooled(pixels: Floats) -> Floats:
    pooled: Floats = pixels.reshape(CELLS, CELL_PX, CELLS, CELL_PX).mean(axis=(1, 3))
    return pooled


def _blurred(cells: Floats, width: float) -> Floats:
    return np.asarray(ndimage.gaussian_filter(cells, width, mode="nearest"), np.float64)
