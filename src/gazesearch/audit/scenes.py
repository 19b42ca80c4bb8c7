"""Which records show the same: one image in one frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazesearch.scanpaths import Scanpaths


def scenes(paths: Scanpaths) -> NDArray[np.intp]:
    """Number of each path's image and frame, (n,): paths of one number count in the same px."""
    numbers: dict[tuple[str, float, float], int] = {}
    keys = zip(paths.image, *paths.screen_sizes.T.tolist(), strict=True)
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)
