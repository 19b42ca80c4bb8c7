"""ResNet-50 as ChestSearch has it, with the weights that its authors published."""

from __future__ import annotations

import os
from typing import final

from torch import Tensor

from gazesearch.models.backbones.backbone import Backbone, of_255
from gazesearch.models.chestsearch.backbone import STAGES
from gazesearch.models.chestsearch.backbone import ResNet50 as Network
from gazesearch.models.chestsearch.checkpoints import load_backbone
from gazesearch.models.chestsearch.inputs import MEAN, STD
from gazesearch.models.shapes import Float


@final
class ResNet50(Backbone):
    """Levels at 1/4, 1/8, 1/16 and 1/32 of the resolution; norms always stay as they are."""

    kind = "resnet50"
    channels = tuple(width for _, _, width in STAGES)
    strides = (4, 8, 16, 32)
    mean, std = of_255(MEAN), of_255(STD)

    def __init__(self) -> None:
        super().__init__()
        self.network = Network()

    def levels(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """The output of each stage."""
        found: list[Tensor] = self.network(inputs)
        return found


def load(path: str | os.PathLike[str]) -> ResNet50:
    """The backbone of `M2F_R50.pkl`, or of Mask2Former's own file.

    Raises:
        DataError: the file holds other weights, or no weights.
        UnreadableFile: the file is absent or too large.
    """
    made = ResNet50()
    own = {name.removeprefix("backbone."): value for name, value in load_backbone(path).items()}
    made.network.load_state_dict(own)
    return made
