"""What a backbone sees of images whenever they are asked for; nothing is kept on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gazesearch.errors import BadSetting, DataError
from gazesearch.models.network import SearchNetwork
from gazesearch.prediction import ImageSource, image_of
from gazesearch.training.views import exposed, moved

_MEMORY: Final = 2**30  # bytes of prepared images that are kept; the others are read again


class Looking:
    """Levels of images that are looked at whenever they are asked for."""

    def __init__(
        self,
        network: SearchNetwork,
        images: ImageSource,
        *,
        trained: bool,
        exposure: bool = False,
    ) -> None:
        """Look through a network's eyes, with gradients where its backbone is trained.

        Args:
            network, images: whose eyes, and what they look at.
            trained: whether the backbone is trained.
            exposure: whether each look, in training, is as of another exposure.
        """
        self._network, self._images, self._trained = network, images, trained
        self._exposure = exposure
        self._prepared: dict[str, Tensor] = {}
        self._room = _MEMORY

    def levels(
        self,
        names: Sequence[str],
        mirrored: Iterable[bool],
        shifts: NDArray[np.int64] | None = None,
    ) -> list[Tensor]:
        """As `seen.Seen.levels`; shifted too."""
        inputs = torch.stack(
            [
                self._input(name).flip(2) if flipped else self._input(name)
                for name, flipped in zip(names, mirrored, strict=True)
            ]
        )
        if shifts is not None and shifts.any():
            (height, width), (h, w) = inputs.shape[2:], self._network.map_shape
            if height % h or width % w:
                raise BadSetting(
                    f"schedule.shift: by whole cells, but inputs of {height} x {width} px have no "
                    f"whole number of px in each of {h} x {w} cells: change input_shape"
                )
            inputs = moved(inputs, torch.from_numpy(shifts), (height // h, width // w))
        if self._exposure and torch.is_grad_enabled():
            inputs = exposed(inputs)
        if not (self._trained and torch.is_grad_enabled()):
            return looked_at(self._network, inputs)
        device = next(backbone_of(self._network).parameters()).device
        return self._network.see(inputs.to(device))

    def _input(self, name: str) -> Tensor:
        if name not in self._prepared:
            image = self._network.prepared(image_of(self._images, name), where=name)
            self._room -= image.nbytes
            if self._room < 0:
                self._room += image.nbytes
                return image
            self._prepared[name] = image
        return self._prepared[name]


def looked_at(network: Any, inputs: Tensor) -> list[Tensor]:
    """What a frozen backbone sees, without gradients and as in use, whatever mode it is in."""
    backbone = backbone_of(network)
    training = backbone.training
    backbone.eval()
    try:
        with torch.no_grad():
            levels: list[Tensor] = network.see(inputs.to(next(network.parameters()).device))
    finally:
        backbone.train(training)
    return levels


def backbone_of(network: Any) -> nn.Module:
    """The part of a network that looks at images; frozen, what it sees may be kept.

    Raises:
        DataError: the network does not say which part that is.
    """
    backbone = getattr(network, "backbone", None)
    if not isinstance(backbone, nn.Module):
        raise DataError(f"{type(network).__name__}: has no module `backbone`: nothing can be kept")
    return backbone
