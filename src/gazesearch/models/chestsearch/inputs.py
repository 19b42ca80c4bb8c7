"""From pixels to what the network is fed: images as published, fixations as cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from torch import Tensor

from gazesearch.errors import DataError
from gazesearch.models.chestsearch.variants import Variant
from gazesearch.models.histories import cells_under
from gazesearch.models.shapes import Float, Int

SIDE: Final = 224
"""Width and height of the only frame that the published weights know, px."""

MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)

Resampling = Literal["bilinear", "bicubic"]


def squeezed(
    image: NDArray[Any], *, resampling: Resampling = "bilinear", where: str = "image"
) -> NDArray[np.uint8]:
    """An image at 224 x 224 px, whatever its aspect ratio, by Pillow's antialiased resizing.

    Args:
        image: (h, w) or (h, w, 3), uint8.
        resampling: "bilinear" as for the released predictions, "bicubic" as in the demo notebook.
        where: the image's name, for errors.

    Returns:
        (224, 224, 3); a grey image has three equal planes.

    Raises:
        DataError: the array is no image of 8 bits.
    """
    filter_ = PIL.Image.Resampling[resampling.upper()]
    return np.asarray(eight_bits(image, where=where).resize((SIDE, SIDE), filter_))


def eight_bits(image: NDArray[Any], *, where: str) -> PIL.Image.Image:
    """An image as RGB, for resizing.

    Args:
        image: (h, w) or (h, w, 3), uint8.
        where: the image's name, for errors.

    Raises:
        DataError: the array is no image of 8 bits.
    """
    grey = image.ndim == 2
    if image.dtype != np.uint8 or not (grey or (image.ndim == 3 and image.shape[2] == 3)):
        raise DataError(
            f"{where}: an array of {image.dtype} and shape {image.shape}: must be uint8, "
            "(h, w) or (h, w, 3)"
        )
    if image.size == 0:
        raise DataError(f"{where}: has no pixels")
    return PIL.Image.fromarray(image).convert("RGB")


def normalised(images: Sequence[NDArray[np.uint8]]) -> Float[Tensor, "i 3 224 224"]:
    """The network's input of images that were squeezed."""
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    mean, std = (
        torch.tensor(values, dtype=torch.float32, device="cpu")[:, None, None]
        for values in (MEAN, STD)
    )
    return ((pixels.float() / 255 - mean) / std).contiguous()


def cells_of(
    xy: NDArray[np.float64],
    screen_sizes: NDArray[np.float64],
    shape: tuple[int, int],
    *,
    variant: Variant,
) -> Int[Tensor, " n"]:
    """Cell of each fixation, row * w + column: the one way from pixels to cells.

    Args:
        xy: (n, 2) px, on the screen.
        screen_sizes: (n, 2), width and height of the frame in which xy counts, px.
        shape: h, w of the map.
        variant: by whose rule; the clean one is that of evaluation too.
    """
    if not variant.cells_in_float32:
        return torch.from_numpy(cells_under(xy, screen_sizes, shape))
    # What rounding to float32 carries to the far edge belongs to the last cell.
    below_one = np.nextafter(np.float32(1), np.float32(0))
    share = np.minimum((xy / screen_sizes).astype(np.float32), below_one)
    return published_cells(torch.from_numpy(share), shape)


def cells_in_training(
    xy: NDArray[np.float64], screen_sizes: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Cell of each fixation as the published training took it: pixels were divided by 225.

    Of the pixels 4, 8, ..., 220 that greedy decoding predicts, each is one cell nearer to the top
    left than in decoding. For `objective="wacv2025"` as published; `cells_of` mends it.

    Args:
        xy: (n, 2) px, on the screen.
        screen_sizes: (n, 2), width and height of the frame in which xy counts, px.
        shape: h, w of the map.
    """
    share = (xy / screen_sizes * SIDE / (SIDE + 1)).astype(np.float32)
    cells: NDArray[np.int64] = published_cells(torch.from_numpy(share), shape).numpy()
    return cells


def published_cells(fixations: Float[Tensor, "*b 2"], shape: tuple[int, int]) -> Int[Tensor, "*b"]:
    """Cell of each fixation, x, y from 0 to below 1, as published: floor of a float32 product."""
    h, w = shape
    column, row = (fixations * fixations.new_tensor([w, h])).long().unbind(-1)
    return row * w + column
