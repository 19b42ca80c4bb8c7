"""What a network saw of the images last asked for: kept, so that each is looked at once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from gazesearch.models.chestsearch.model import ChestSearch, Features
from gazesearch.prediction import ImageSource

Pixels = NDArray[np.uint8]

MOST: Final = 32
"""Images whose features are kept between questions, 5 MB each: as many as decoders ask for."""


class RememberedFeatures:
    """Features of the images last asked for, by their pixels and the network's weights."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Features] = OrderedDict()

    def of(
        self,
        images: list[Pixels],
        network: ChestSearch,
        encode: Callable[[list[Pixels]], Features],
        *,
        how: str,
    ) -> Features:
        """Features of images, in order; those that are not remembered are encoded together.

        Args:
            images: squeezed.
            network: whose features they are.
            encode: computes them.
            how: what they depend on besides pixels and weights.
        """
        made_by = how.encode() + _stamp(network)
        keys = [hashlib.sha256(pixels.tobytes() + made_by).digest() for pixels in images]
        # Held here: another thread may ask for so many images that these are forgotten meanwhile.
        held = {key: f for key in keys if (f := self._kept.get(key)) is not None}
        new = {key: n for n, key in enumerate(keys) if key not in held}
        if new:
            encoded = encode([images[n] for n in new.values()])
            for n, key in enumerate(new):
                one = slice(n, n + 1)  # a copy, so that it does not keep the whole batch alive
                held[key] = Features(
                    dim=encoded.dim[one].clone(),
                    sharp=encoded.sharp[one].clone(),
                    shape=encoded.shape,
                )
        found = [held[key] for key in keys]
        for key in keys:  # the last ones asked for stand last
            self._kept.pop(key, None)
            self._kept[key] = held[key]
        while len(self._kept) > max(MOST, len(keys)):
            self._kept.popitem(last=False)
        return Features(
            dim=torch.cat([f.dim for f in found]),
            sharp=torch.cat([f.sharp for f in found]),
            shape=found[0].shape,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Without features: those of a copy, whose weights lie elsewhere, would never be found."""
        return {"_kept": OrderedDict()}


class RememberedImages:
    """A source of images as `squeeze` makes them, those of the last ones asked for from memory."""

    def __init__(self, images: ImageSource | None, squeeze: Callable[[str], Pixels]) -> None:
        self._images, self._squeeze = images, squeeze
        self._kept: OrderedDict[str, Pixels] = OrderedDict()

    def __getitem__(self, name: str) -> Pixels:
        kept = self._kept.pop(name, None)
        pixels = self._squeeze(name) if kept is None else kept
        self._kept[name] = pixels
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return pixels

    def __iter__(self) -> Iterator[str]:
        return iter(self._images or ())


def _stamp(network: ChestSearch) -> bytes:
    """Changes when the weights do: training on, or loading others, makes features stale.

    What is written through a tensor's `.data` leaves no trace and is not noticed.
    """
    tensors = network.state_dict().values()
    return repr([(tensor.data_ptr(), tensor._version) for tensor in tensors]).encode()
