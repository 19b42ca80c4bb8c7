"""One scanpath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.scanpaths.columns import Array
from gazesearch.scanpaths.info import ScreenSize


@dataclass(frozen=True, kw_only=True, eq=False)
class Scanpath:
    """One scanpath: where somebody looked, in order, and for how long.

    Attributes:
        fixations: (n, 3) float64, read-only: x px, y px, duration s (NaN where there is none).
        image: image file name.
        finding: what was searched for (the field `task`).
        screen_size: (width, height) px.
        subject, draw, split, condition: as in the table; None where absent.
    """

    fixations: NDArray[np.float64]
    image: str
    finding: str
    screen_size: ScreenSize
    subject: int | str | None = None
    draw: int = 0
    split: str | None = None
    condition: str | None = None

    @property
    def x(self) -> NDArray[np.float64]:
        """Horizontal positions, (n,) px, right is positive."""
        return self.fixations[:, 0]

    @property
    def y(self) -> NDArray[np.float64]:
        """Vertical positions, (n,) px, down is positive."""
        return self.fixations[:, 1]

    @property
    def durations(self) -> NDArray[np.float64]:
        """Durations, (n,) s; NaN throughout where the path has none."""
        return self.fixations[:, 2]

    def __len__(self) -> int:
        return len(self.fixations)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.fixations, dtype=dtype, copy=copy)
