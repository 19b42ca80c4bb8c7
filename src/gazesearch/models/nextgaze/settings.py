"""All that makes one NextGaze another than the next, but for its weights."""

from __future__ import annotations

from dataclasses import dataclass

from gazesearch.errors import BadSetting


@dataclass(frozen=True, kw_only=True)
class NextGazeSettings:
    """Sizes and parts of a NextGaze; the defaults are for free viewing of photographs.

    Attributes:
        tasks: what can be searched for, by their numbers.
        backbone: kind, as `backbones.create` takes it.
        frozen: whether the backbone stays as it is.
        input_shape: (H, W) px to which images are stretched.
        map_shape: (h, w) cells of the map of the next fixation.
        panels: channels of the features of an image.
        blocks: residual convolutions on them.
        keys: channels of what a search is compared with in each cell.
        hidden: channels of the map before its last layer, beside the one that is linear; 0 for a
            map that is linear in all: features of a cell and offsets only add.
        recent: how many of the last fixations the map depends on.
        max_history: most fixations that are told apart by their number.
        prior_cells: width of the kernel with which train fixations are smoothed, cells.
        lapses: whether a share of looks, which is learned, falls anywhere.
        dropout: share of channels that are left out in training.
        sees_image: False for a network to which all images are alike.
        uses_history: False for one that knows only how many fixations there were.
        durations: whether it has any.
        longest: most fixations of a path that is drawn.
        starts_in_centre: whether drawn paths start in the centre, as searches in GazeSearch do;
            False where the first fixation was learnt and is drawn as well.
    """

    tasks: tuple[str, ...]
    backbone: str = "efficientnet_lite2"
    frozen: bool = True
    input_shape: tuple[int, int] = (608, 800)
    map_shape: tuple[int, int] = (38, 50)
    panels: int = 64
    blocks: int = 2
    keys: int = 32
    hidden: int = 16
    recent: int = 4
    max_history: int = 12
    prior_cells: float = 1.5
    lapses: bool = False
    dropout: float = 0.1
    sees_image: bool = True
    uses_history: bool = True
    durations: bool = True
    longest: int = 7
    starts_in_centre: bool = True

    def __post_init__(self) -> None:
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise BadSetting("tasks: must be one or more different names")
        for name in ("panels", "keys", "recent", "max_history", "longest"):
            if getattr(self, name) < 1:
                raise BadSetting(f"{name}={getattr(self, name)}: must be 1 or more")
        for name in ("input_shape", "map_shape"):
            if min(getattr(self, name)) < 1 or len(getattr(self, name)) != 2:
                raise BadSetting(f"{name}={getattr(self, name)}: must be (rows, columns)")
        if max(self.map_shape) < 2:
            raise BadSetting(f"map_shape={self.map_shape}: must have 2 cells or more")
        for name in ("blocks", "hidden"):
            if getattr(self, name) < 0:
                raise BadSetting(f"{name}={getattr(self, name)}: must be 0 or more")
        if not self.prior_cells > 0 or not 0 <= self.dropout < 1:
            raise BadSetting(
                f"prior_cells={self.prior_cells}, dropout={self.dropout}: "
                "prior_cells must be above 0, dropout from 0 to below 1"
            )
        if self.recent > self.max_history:
            raise BadSetting(f"recent={self.recent}: must be at most max_history")
