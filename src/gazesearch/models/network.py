"""What a network that looks at images and is trained must offer, and what it answers.

Axes: i images, b searches (an image, a task and the fixations so far), t past fixations, h w cells
of the map that fixations fall on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray
from torch import Tensor

from gazesearch.models.shapes import Float, Int


@dataclass(frozen=True, kw_only=True, eq=False)
class Output:
    """What comes next in each search.

    Attributes:
        map_logits: of the next fixation, per cell, (b, h, w); the network's `log_mass` makes a
            distribution of them.
        stop_logits: of the path's end instead of a next fixation, (b,).
        duration: mean and log of the spread of the next fixation's log seconds, (b, 2); None where
            the network has no durations.
    """

    map_logits: Float[Tensor, "b h w"]
    stop_logits: Float[Tensor, " b"]
    duration: Float[Tensor, "b 2"] | None


class SearchNetwork(Protocol):
    """A network that answers searches in images; an `nn.Module` all the same.

    What a frozen backbone sees of an image is a list of tensors, one a level, which may be kept
    between epochs; what is trained comes after it.

    Attributes:
        tasks: what can be searched for; searches name them by their number here.
        map_shape: h, w of the cells that tile every screen evenly.
        max_history: most fixations that are fed.
    """

    tasks: tuple[str, ...]
    map_shape: tuple[int, int]
    max_history: int

    def prepared(self, image: NDArray[Any], *, where: str) -> Float[Tensor, "3 H W"]:
        """The network's input of an image as it was read; all inputs are of one size."""

    def see(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """What the backbone sees: levels of (i, channels, rows, columns), the finest first."""

    def encode_seen(self, levels: list[Tensor]) -> Any:
        """Features of images: once for each, whatever tasks and steps follow."""

    def forward(
        self,
        features: Any,
        image: Int[Tensor, " b"],
        finding: Int[Tensor, " b"],
        cells: Int[Tensor, "b t"],
        lengths: Int[Tensor, " b"] | None = None,
    ) -> Output:
        """The fixation after those in `cells`, oldest first, of which `lengths` count."""

    def log_mass(self, map_logits: Float[Tensor, "b h w"]) -> Float[Tensor, "b h w"]:
        """Log of the probability that the next fixation falls in a cell."""
