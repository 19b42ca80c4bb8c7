"""What networks learn from: questions asked in recorded searches, and what came next."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor

from gazesearch.models.shapes import Bool, Float, Int

ENDED: Final = -1
"""In place of a target: the path ended."""

NOT_ASKED: Final = -2
"""In place of a target: the path went on, to a place that nobody is asked for: given by the rule of
first fixations, or off the screen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Searches:
    """b searches in the images of a batch, and what came next in each.

    Attributes:
        image: which of the batch's images is searched, (b,).
        finding: what for, its number in the network's tasks, (b,).
        cells: of the fixations so far, oldest first; 0 where there is none, (b, t).
        lengths: how many of them count, 0..t, (b,).
        target: cell of the next fixation, `ENDED` or `NOT_ASKED`, (b,).
        target_xy: share of the screen's width and height at which it fell; NaN at the end, (b, 2).
        log_seconds: log of how long it lasted; NaN where that is not known or 0, (b,).
        record: row of the path in the train table, (b,).
    """

    image: Int[Tensor, " b"]
    finding: Int[Tensor, " b"]
    cells: Int[Tensor, "b t"]
    lengths: Int[Tensor, " b"]
    target: Int[Tensor, " b"]
    target_xy: Float[Tensor, "b 2"]
    log_seconds: Float[Tensor, " b"]
    record: Int[Tensor, " b"]

    def __len__(self) -> int:
        return len(self.target)

    @property
    def placed(self) -> Bool[Tensor, " b"]:
        """Where a place is asked for."""
        return self.target >= 0

    @property
    def decided(self) -> Bool[Tensor, " b"]:
        """Where it was decided whether to go on: after any fixation; no path is empty."""
        return self.lengths > 0

    @property
    def ended(self) -> Bool[Tensor, " b"]:
        """Where the path ended."""
        return self.target == ENDED

    @property
    def timed(self) -> Bool[Tensor, " b"]:
        """Where the next fixation's duration is known."""
        return self.log_seconds.isfinite()

    def to(self, device: torch.device | str) -> Searches:
        """The same on another device."""
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return Searches(**moved)
