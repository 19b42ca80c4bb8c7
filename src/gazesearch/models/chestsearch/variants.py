"""The two ChestSearches: as published, and with what changes its numbers for the worse mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gazesearch.errors import UnknownName


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Every difference between the two, one named field each: published | clean.

    Attributes:
        name: as in checkpoints and options.
        max_history: most fixations that are fed, a learnt vector for the order of each: 6, so that
            a path of seven is never asked whether it goes on | 7.
        top_left_without_position: a fixation in the top left cell loses its position, because its
            number is also that of a mark which nothing uses | it keeps it.
        cells_in_float32: cells come from a product in float32, so that 124 of 224 px is in cell 30
            | the floor of an exact quotient, 31. For `inputs.cells_of`.
        count_unit: what the number of fixations is divided by before it enters the stop head: 1,
            so that it enters as it is | 7.
        unused_kind: there is a second vector for the kind of dim tokens that nothing reads | not.
        independent_cells: each cell of the map has a sigmoid of its own, and their sum means
            nothing | one softmax over all cells.
        starts_in_centre: the first fixation is no question, it is in the centre | the model says
            where it falls; decoders still put the centre first.
        predicts_pixels: greedy paths consist of pixels, the first free one of the likeliest cell:
            its top left corner | of the centres of cells.
        inhibition_px: how near to an earlier fixation greedy decoding takes no other: 16, which
            training knows nothing of | None, anywhere.
        durations: there are none | a log-normal of the duration of the next fixation.
    """

    name: str
    max_history: int
    top_left_without_position: bool
    cells_in_float32: bool
    count_unit: int
    unused_kind: bool
    independent_cells: bool
    starts_in_centre: bool
    predicts_pixels: bool
    inhibition_px: float | None
    durations: bool


WACV2025: Final = Variant(
    name="wacv2025",
    max_history=6,
    top_left_without_position=True,
    cells_in_float32=True,
    count_unit=1,
    unused_kind=True,
    independent_cells=True,
    starts_in_centre=True,
    predicts_pixels=True,
    inhibition_px=16.0,
    durations=False,
)
"""The model of the published checkpoint, quirk by quirk."""

CLEAN: Final = Variant(
    name="clean",
    max_history=7,
    top_left_without_position=False,
    cells_in_float32=False,
    count_unit=7,
    unused_kind=False,
    independent_cells=False,
    starts_in_centre=False,
    predicts_pixels=False,
    inhibition_px=None,
    durations=True,
)
"""For new models."""


def names() -> tuple[str, ...]:
    """Names of the variants."""
    return tuple(_ALL)


def get(name: str) -> Variant:
    """A variant by its name.

    Raises:
        UnknownName: none is called so.

    >>> get("clean").max_history
    7
    """
    if name not in _ALL:
        raise UnknownName("variant", name, _ALL)
    return _ALL[name]


_ALL: Final = {variant.name: variant for variant in (CLEAN, WACV2025)}
