"""The one interface of all backbones: inputs in, levels of features out, the finest first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gazesearch.models.chestsearch.inputs import eight_bits
from gazesearch.models.shapes import Float


class Backbone(nn.Module, ABC):
    """Features of images at several resolutions; subclasses are final.

    A frozen backbone computes no gradients and always stays in evaluation mode, so what it sees of
    an image may be kept.

    Attributes:
        kind: name, as in settings.
        channels: of each level.
        strides: px of the input along a side of a cell of each level.
        mean, std: of the pixels that it was trained on, from 0 to 255, per channel; inputs are
            (pixel - mean) / std.
        frozen: whether it stays as it is.
    """

    kind: ClassVar[str]
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    mean: tuple[float, float, float] = (127.5, 127.5, 127.5)
    std: tuple[float, float, float] = (127.5, 127.5, 127.5)
    frozen: bool = False

    @abstractmethod
    def levels(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """Levels of (i, channels, rows, columns), the finest first."""

    def forward(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """`levels`, without gradients where the backbone is frozen."""
        if not self.frozen:
            return self.levels(inputs)
        with torch.no_grad():
            return self.levels(inputs)

    def freeze(self) -> Backbone:
        """Keep the backbone as it is from now on."""
        self.frozen = True
        self.requires_grad_(requires_grad=False)
        self.eval()
        return self

    def train(self, mode: bool = True) -> Backbone:
        """Training mode, which a frozen backbone ignores."""
        super().train(mode and not self.frozen)
        return self

    def prepared(
        self, image: NDArray[Any], shape: tuple[int, int], *, where: str
    ) -> Float[Tensor, "3 H W"]:
        """The input of an image, stretched to a shape by Pillow's antialiased bilinear resizing.

        Args:
            image: (h, w) or (h, w, 3), uint8.
            shape: (H, W), px.
            where: the image's name, for errors.

        Raises:
            DataError: the array is no image of 8 bits.
        """
        stretched = eight_bits(image, where=where).resize(
            shape[::-1], PIL.Image.Resampling.BILINEAR
        )
        pixels = torch.from_numpy(np.array(stretched)).permute(2, 0, 1).float()
        mean, std = (torch.tensor(values)[:, None, None] for values in (self.mean, self.std))
        return ((pixels - mean) / std).contiguous()


def of_255(values: Any) -> tuple[float, float, float]:
    """Three values of pixels from 0 to 1, as a file may have them, for pixels from 0 to 255.

    Raises:
        TypeError, ValueError: they are not three numbers.
    """
    red, green, blue = (255 * float(value) for value in values)
    return red, green, blue
