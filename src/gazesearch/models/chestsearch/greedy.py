"""The published decoding: the likeliest pixel, outside discs around what was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from gazesearch.models.chestsearch.inputs import SIDE, published_cells
from gazesearch.models.chestsearch.model import ChestSearch, Features, Memory
from gazesearch.models.chestsearch.variants import WACV2025
from gazesearch.models.shapes import Bool, Float, Int

STEPS: Final = WACV2025.max_history


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """Paths of b searches.

    Attributes:
        pixels: x, y of the fixations in the 224 px frame, (b, 7, 2); -1 where none was decoded.
        lengths: how many of them are the path, 1 to 7, (b,).
        stop_probabilities: that the path ends with the fixations so far, (b, 6); NaN after its end.
        margins: logit of the chosen cell minus that of the best other one with a free pixel,
            (b, 6); NaN after the end.
    """

    pixels: Int[Tensor, "b 7 2"]
    lengths: Int[Tensor, " b"]
    stop_probabilities: Float[Tensor, "b 6"]
    margins: Float[Tensor, "b 6"]


def decode(
    model: ChestSearch,
    features: Features,
    image: Int[Tensor, " b"],
    finding: Int[Tensor, " b"],
    *,
    all_steps: bool = False,
) -> Decoded:
    """Greedy paths as published, from the centre on.

    A path ends at the first step where stopping is likelier than not; what that step predicts is no
    part of it.

    Args:
        model: the network, of variant `wacv2025`.
        features: of the images.
        image: which of them each search looks at.
        finding: published id of what it looks for.
        all_steps: decode six steps of every path, as published, although its end is known.
    """
    b = len(finding)
    device = finding.device
    pixels = torch.full((b, STEPS + 1, 2), -1, device=device)
    pixels[:, 0] = SIDE // 2
    lengths = torch.full((b,), STEPS + 1, device=device)
    stops = torch.full((b, STEPS), torch.nan, device=device)
    margins = torch.full((b, STEPS), torch.nan, device=device)
    free = torch.ones(b, SIDE, SIDE, dtype=torch.bool, device=device)

    rows = torch.arange(b, device=device)
    for step in range(STEPS):
        past = (pixels[rows, : step + 1] / SIDE).float()  # (r, t, 2)
        free[rows] &= ~disc(past[:, -1])
        if step == 0:
            memory = _first_memory(model, features, image)
        else:
            cells = published_cells(past, features.shape)
            memory = model.remember(features, image[rows], cells)
        query = model.read(memory, finding[rows])
        told = model.answer(features, image[rows], query, step + 1)

        stops[rows, step] = told.stop_logits.sigmoid()
        chosen, margins[rows, step] = _likeliest(told.map_logits, free[rows])
        pixels[rows, step + 1] = chosen
        ended = (stops[rows, step] > 0.5) & (lengths[rows] > STEPS)
        lengths[rows[ended]] = step + 1
        if not all_steps:
            pixels[rows[ended], step + 1] = -1
            margins[rows[ended], step] = torch.nan
            rows = rows[~ended]
            if len(rows) == 0:
                break
    return Decoded(pixels=pixels, lengths=lengths, stop_probabilities=stops, margins=margins)


def _first_memory(model: ChestSearch, features: Features, image: Int[Tensor, " b"]) -> Memory:
    """All searches of an image start with the same memory: it is made once."""
    images, which = image.unique(return_inverse=True)
    centre = torch.full((len(images), 1, 2), 0.5, device=image.device)
    return model.remember(features, images, published_cells(centre, features.shape))[which]


def disc(fixation: Float[Tensor, "b 2"]) -> Bool[Tensor, "b 224 224"]:
    """Pixels within 16 px of a fixation, x, y from 0 to 1.

    In float32: 224 * (124 / 224) is a little less than 124 there, so that the disc reaches exactly
    16 px to the left and not to the right.
    """
    along = torch.arange(SIDE, dtype=torch.float32, device=fixation.device)
    x, y = ((along - SIDE * c[:, None]) ** 2 for c in fixation.unbind(1))
    return (x[:, None] + y[:, :, None]).sqrt() <= WACV2025.inhibition_px


def _likeliest(
    map_logits: Float[Tensor, "b h w"], free: Bool[Tensor, "b 224 224"]
) -> tuple[Int[Tensor, "b 2"], Float[Tensor, " b"]]:
    """x, y of the likeliest free pixel, the first of equals row by row, and its cell's margin."""
    h, w = map_logits.shape[1:]
    scale = SIDE // h
    shown = map_logits.sigmoid().repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    best = torch.where(free, shown, 0).flatten(1).argmax(1)  # the first of equals, as tested
    y, x = best // SIDE, best % SIDE

    open_cells = free.unflatten(1, (h, scale)).unflatten(3, (w, scale)).any(4).any(2)
    logits = map_logits.masked_fill(~open_cells, -torch.inf).flatten(1)
    cell = (y // scale * w + x // scale)[:, None]
    chosen = logits.gather(1, cell)
    others = logits.scatter(1, cell, -torch.inf).amax(1)
    return torch.stack([x, y], dim=1), chosen.squeeze(1) - others
