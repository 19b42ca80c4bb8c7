"""What functions of fixation maps share: checks, cells under fixations, scaling of maps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazesearch.errors import BadSetting, DataError

if TYPE_CHECKING:
    from gazesearch.scanpaths import ScreenSize

Floats = NDArray[np.float64]


def sides_of(screen_size: ScreenSize) -> tuple[float, float]:
    width, height = (float(side) for side in screen_size)
    if not all(math.isfinite(side) and side > 0 for side in (width, height)):
        raise BadSetting(f"screen_size {screen_size}: both sides must be finite and above 0 px")
    return width, height


def points_of(fixations: ArrayLike) -> Floats:
    """x, y of fixations, (n, 2) px; off-screen ones included."""
    points = np.asarray(fixations, dtype=np.float64)
    if points.size == 0:
        return np.empty((0, 2))
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise DataError(f"fixations of shape {points.shape}: must be (n, 2) or (n, 3)")
    if not np.isfinite(points[:, :2]).all():
        raise DataError("fixations: a coordinate is not finite")
    return points[:, :2]


def gaussians(at: Floats, side: float, cells: int, sigma: float) -> Floats:
    """Gaussian round each of n coordinates at the centres of the cells along a side, (n, cells)."""
    centres = (np.arange(cells) + 0.5) * (side / cells)
    with np.errstate(over="ignore"):  # too far away for float64 is no mass
        values: Floats = np.exp(-0.5 * ((centres - at[:, None]) / sigma) ** 2)
    return values


def cells_of(
    fixations: ArrayLike, shape: tuple[int, ...], screen_size: ScreenSize
) -> NDArray[np.intp]:
    """Flat index of the cell under each fixation on the screen, (k,), k <= n."""
    xy, sides = points_of(fixations), np.array(sides_of(screen_size))
    xy = xy[((xy >= 0) & (xy < sides)).all(axis=1)]
    cells = np.array([shape[1], shape[0]])
    # Rounding can carry a coordinate just short of the far edge into a cell that is not there.
    column, row = np.minimum(np.floor(xy * cells / sides).astype(np.intp), cells - 1).T
    flat: NDArray[np.intp] = row * shape[1] + column
    return flat


def checked_map(values: ArrayLike, name: str = "predicted map") -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.size == 0:
        raise DataError(f"{name} of shape {array.shape}: must be (h, w) with at least one cell")
    return array


def same_shape(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    a, b = checked_map(first, "first map"), checked_map(second, "second map")
    if a.shape != b.shape:
        raise DataError(f"maps of shape {a.shape} and {b.shape}: make both on the same cells")
    return a, b


def as_density(values: Floats, name: str) -> Floats | None:
    """The map brought to sum 1; None if it is all 0 or has a cell that is not finite."""
    low, high = values.min(), values.max()  # NaN where any cell is NaN
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    if low < 0:
        raise DataError(f"{name}: a cell is below 0: give masses, not logarithms")
    if high == 0:
        return None
    density: Floats = values / high  # so that no sum overflows
    density /= density.sum()
    return density


def standardised(values: Floats) -> Floats | None:
    """The map brought to mean 0 and deviation 1; None if constant or a cell is not finite."""
    low, high = values.min(), values.max()  # NaN where any cell is NaN
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return None
    centred: Floats = values / max(-low, high)  # so that no square overflows
    centred -= centred.mean()
    centred /= math.sqrt(inner(centred, centred) / centred.size)
    return centred


def inner(a: Floats, b: Floats) -> float:
    """Sum of products over all cells; not by BLAS, whose last digits depend on its threads."""
    return float(np.einsum("ij,ij->", a, b))
