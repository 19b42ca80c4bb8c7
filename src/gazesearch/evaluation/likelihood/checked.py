"""Maps as they may be scored: those that a model gave, checked and brought to sum 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gazesearch.errors import DataError
from gazesearch.models.histories import Steps
from gazesearch.prediction import MASS_TOLERANCE, Floats

FOREIGN_TOLERANCE: Final = 1e-3
"""|log of the sum of the masses| up to which a map is renormalised; beyond it is refused."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """Maps of sum 1.

    Attributes:
        log_mass, mass: (b, h, w).
        renormalised: how many were off by more than 1e-6, and were brought to sum 1.
    """

    log_mass: Floats
    mass: Floats
    renormalised: int

    @classmethod
    def of(cls, log_mass: Floats, step: Steps, name: str) -> Checked:
        """Check the maps that a model told.

        Args:
            log_mass: (b, h, w).
            step: what was asked.
            name: of the model.

        Raises:
            DataError: there are not as many as were asked for, or one is off by more than 1e-3.
        """
        if len(log_mass) != len(step):
            raise DataError(f"{name}: {len(log_mass)} maps for {len(step)} histories")
        most = log_mass.max(axis=(1, 2), initial=-np.inf)
        with np.errstate(invalid="ignore"):  # a map without mass: its sum is NaN, and refused
            mass = np.exp(log_mass - most[:, None, None])
        total = mass.sum(axis=(1, 2))
        excess = most + np.log(total)
        wrong = np.flatnonzero(~(np.abs(excess) <= FOREIGN_TOLERANCE))  # NaN too
        if len(wrong):
            row = wrong[0]
            with np.errstate(over="ignore"):
                reached = np.exp(excess[row])
            raise DataError(
                f"{name}: record {step.record[row]}, fixation {step.position[row]}: the log masses "
                f"sum to log {reached:.6g}: normalise them"
            )
        mass /= total[:, None, None]
        off = np.abs(excess) > MASS_TOLERANCE
        if off.any():
            log_mass = log_mass - np.where(off, excess, 0.0)[:, None, None]
        return cls(log_mass=log_mass, mass=mass, renormalised=int(off.sum()))

    def mixed(self, share: float) -> Checked:
        """The same with a share of uniform mass mixed in."""
        if not share:
            return self
        cells = self.mass.shape[1] * self.mass.shape[2]
        mass = (1 - share) * self.mass + share / cells
        return Checked(log_mass=np.log(mass), mass=mass, renormalised=self.renormalised)
