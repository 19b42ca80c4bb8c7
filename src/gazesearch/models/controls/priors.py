"""Priors of information gain: where people look for a finding, whatever the image and the history.

Not controls of their own: `FindingDensity` knows a little more.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Self, final

from gazesearch.models.controls.kernel_densities import KernelDensity, Widths, share_of
from gazesearch.prediction import Floats, Rng
from gazesearch.scanpaths import Scanpaths

PUBLISHED_PX: Final = 24.0
"""Width of the published prior, px of a screen whose larger side is 224 px."""


@final
class FindingPrior(KernelDensity):
    """Kernel density of the finding's fixations in train; width and uniform share from valid."""

    name = "finding-prior"
    parts = ("uniform", "finding")
    tuned = ("place_px",)
    usual = (0.01, 0.99)
    grid = MappingProxyType({"place_px": (5.0, 6.0, 8.0, 10.0, 12.0, 14.0, 17.0, 20.0, 24.0, 30.0)})


@final
class PublishedPrior(KernelDensity):
    """Plain Gaussian of the published 24 px; nothing is chosen, nothing mixed in.

    It is not cut off at the edges: what would leave the screen is lost, and the rest brought to
    sum 1. So it is a little darker near them than the other densities.
    """

    name = "published-prior"
    parts = ("finding",)
    tuned = ()
    usual = (1.0,)

    def __init__(self) -> None:
        super().__init__(widths=Widths(place_px=PUBLISHED_PX))

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Count on train; valid and rng are not used."""
        return super().fit(train)

    def _spread(self, counts: Floats, width_px: float) -> Floats:
        return share_of(self._frame.plain_blur(share_of(counts), width_px))
