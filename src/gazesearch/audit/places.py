"""Fixations off the screen, and those that pile up at its border."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.audit.item import Item, Table, number, records
from gazesearch.scanpaths import Scanpaths

SIDES: Final = ("left", "top", "right", "bottom")
STRIPS: Final = 4
PILE: Final = 10
TIMES: Final = 5


def items(paths: Scanpaths) -> Iterator[Item]:
    """All of this file, in the order of a report."""
    screens = np.repeat(paths.screen_sizes, paths.lengths, axis=0)
    path = np.repeat(np.arange(len(paths)), paths.lengths)
    xy = paths.fixations[:, :2]
    yield off_screen(paths, path, np.asarray(((xy < 0) | (xy >= screens)).any(axis=1)))
    # From each border inwards: px between it and the fixation, in the order of SIDES.
    yield border(paths, path, np.hstack([xy, screens - xy]))


def off_screen(paths: Scanpaths, path: NDArray[np.intp], off: NDArray[np.bool_]) -> Item:
    """Fixations that lie off the screen and were kept."""
    rows = np.unique(path[off])
    return Item(
        name="off_screen",
        severity="warning" if off.any() else "info",
        found=f"{number(int(off.sum()), 'fixation')} of {number(len(rows), 'record')} "
        f"{'lies' if off.sum() == 1 else 'lie'} off the screen.",
        effect="ScanMatch moves such a fixation to the border, fixation maps leave it out: models "
        "are scored on places that nobody looked at, or on fewer.",
        figures={"fixations": int(off.sum()), "records": len(rows)},
        examples=records(paths, rows),
    )


def border(paths: Scanpaths, path: NDArray[np.intp], inwards: NDArray[np.float64]) -> Item:
    """Fixations in the outermost px of a side: many more than further in were clipped to it."""
    # The last px of the right and lower sides starts at width - 1: its distance is 1, not 0.
    outermost = (inwards >= 0) & np.where([True, True, False, False], inwards < 1, inwards <= 1)
    inner = (inwards >= 1) & (inwards < 1 + STRIPS) & ~outermost
    there, expected = outermost.sum(axis=0), inner.sum(axis=0) / STRIPS
    piled = (there > PILE) & (there > TIMES * expected)
    names = [side for side, is_piled in zip(SIDES, piled, strict=True) if is_piled]
    rows = np.unique(path[outermost[:, piled].any(axis=1)])
    found = f"{number(int(outermost.any(axis=1).sum()), 'fixation')} in the outermost px"
    return Item(
        name="border",
        severity="warning" if names else "info",
        found=f"{found}; they pile up {', '.join(names)}." if names else f"{found}, no pile.",
        effect="A pile at the border is made of fixations that were clipped to the screen: maps "
        "and priors learn a place that nobody looked at.",
        figures={"fixations": int(outermost.any(axis=1).sum()), "sides_with_a_pile": len(names)},
        table=Table(
            columns=("side", "in the outermost px", f"in a px of the next {STRIPS}"),
            rows=tuple(zip(SIDES, there.tolist(), expected.tolist(), strict=True)),
        ),
        examples=records(paths, rows),
    )
