"""Where train looks, counted in cells: whole numbers, which no order of the records changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from gazesearch.models.controls.densities import CELLS
from gazesearch.models.controls.kernels import as_map
from gazesearch.models.histories import cells_under
from gazesearch.prediction import Floats
from gazesearch.scanpaths import Scanpaths


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Fixations of some paths.

    Attributes:
        first: first fixations, (CELLS, CELLS).
        later: fixations after the first, (CELLS, CELLS).
        by_position: of fixations 2, 3, ... apart, (K, CELLS, CELLS).
        saccades: from each cell (rows) to each cell (columns), both on the screen.
    """

    first: Floats
    later: Floats
    by_position: Floats
    saccades: csr_array

    @classmethod
    def of(cls, paths: Scanpaths) -> Counts:
        """Count; fixations off the screen are left out."""
        lengths = paths.lengths
        sizes = np.repeat(paths.screen_sizes, lengths, axis=0)
        cells = cells_under(paths.fixations[:, :2], sizes, (CELLS, CELLS))
        known = np.arange(len(cells)) - np.repeat(paths.offsets[:-1], lengths)
        later = known > 0
        here, there = cells[np.flatnonzero(later) - 1], cells[later]
        kept = (here >= 0) & (there >= 0)
        return cls(
            first=as_map(cells[~later]),
            later=as_map(cells[later]),
            by_position=np.stack(
                [as_map(cells[known == k]) for k in range(1, max(2, int(lengths.max(initial=0))))]
            ),
            saccades=csr_array(
                (np.ones(kept.sum()), (here[kept], there[kept])), shape=(CELLS**2, CELLS**2)
            ),
        )

    def after(self, known: int) -> Floats:
        """Counts of the fixation after so many, (CELLS, CELLS); beyond the longest path, its last.

        After none they are those of the second: see `first`.
        """
        return np.asarray(self.by_position[min(max(known, 1), len(self.by_position)) - 1])
