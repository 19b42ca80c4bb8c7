"""A network that is to be trained starts from weights that were trained before.

From a whole ChestSearch of either variant (the published checkpoint, an earlier run), or from
Mask2Former's backbone and pixel decoder alone, as the published training did.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from gazesearch.errors import BadSetting
from gazesearch.files import digest
from gazesearch.models.chestsearch.checkpoints import load_backbone, load_pixel_decoder
from gazesearch.models.chestsearch.model import ChestSearch

_COUNT: Final = "stop_head.0.weight"  # its last column is for the number of fixations


@dataclass(frozen=True, kw_only=True)
class Started:
    """What a network's weights and buffers became.

    Attributes:
        copied: names of those taken as they were.
        changed: those made to fit, by name, and how.
        fresh: names of those that are still as the network was made.
        unused: names of weights that the network has no place for.
    """

    copied: tuple[str, ...]
    changed: Mapping[str, str]
    fresh: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        parts = [f"{len(self.copied)} weights copied"]
        parts += [f"{name}: {how}" for name, how in self.changed.items()]
        for kind, names in (("fresh", self.fresh), ("not used", self.unused)):
            if names:
                tops = dict.fromkeys(name.split(".")[0] for name in names)
                parts.append(f"{len(names)} {kind} ({', '.join(tops)})")
        return "; ".join(parts)


def start_from(network: ChestSearch, trained: ChestSearch) -> Started:
    """Give a network the weights of another, whatever the variants of both.

    Wherever the quirks of neither matter, both then say the same of the map and of stopping. A
    history longer than the trained network takes finds its last vector of order again: a fresh one
    would be a stranger to all layers that read it. Heads that the trained network lacks stay fresh.
    As a clean network reads the map by one softmax, it is at first surer than the published one
    was: to tell likely cells apart is what it has to learn.

    Args:
        network: is changed in place; its `source` names the files that the weights came from.
        trained: the other one.
    """
    own, theirs = network.variant, trained.variant
    given = dict(trained.state_dict())
    changed: dict[str, str] = {}
    rows = given["order"]
    if own.max_history > len(rows):
        more = own.max_history - len(rows)
        given["order"] = torch.cat([rows, rows[-1:].expand(more, -1)])
        changed["order"] = f"{len(rows)} rows, the last one {more} more"
    elif own.max_history < len(rows):
        given["order"] = rows[: own.max_history]
        changed["order"] = f"the first {own.max_history} of {len(rows)} rows"
    if theirs.unused_kind and not own.unused_kind:
        given["dim_kind"] = given["dim_kind"][:1]
        changed["dim_kind"] = "without the row that nothing reads"
    elif own.unused_kind and not theirs.unused_kind:
        given["dim_kind"] = given["dim_kind"].expand(2, -1)
        changed["dim_kind"] = "one row, twice: nothing reads the second"
    if own.count_unit != theirs.count_unit:
        scale = own.count_unit / theirs.count_unit
        weight = given[_COUNT].clone()
        weight[:, -1] *= scale
        given[_COUNT] = weight
        changed[_COUNT] = f"times {scale:g} for the number of fixations"
    started = _fill(network, given, changed)
    network.source = dict(trained.source)
    return started


def start_from_parts(
    network: ChestSearch,
    *,
    backbone: str | os.PathLike[str] | None = None,
    pixel_decoder: str | os.PathLike[str] | None = None,
) -> Started:
    """Give a network Mask2Former's weights, as the published training started.

    Args:
        network: is changed in place; its `source` names these files.
        backbone: `M2F_R50.pkl`, or Mask2Former's own file.
        pixel_decoder: `M2F_R50_MSDeformAttnPixelDecoder.pkl`, or Mask2Former's own file.

    Raises:
        BadSetting: neither is named.
        DataError: a file holds other weights, or is hostile.
        UnreadableFile: a file is absent or too large.
    """
    if backbone is None and pixel_decoder is None:
        raise BadSetting("start from parts: name a file of the backbone, the pixel decoder or both")
    given: dict[str, Tensor] = {}
    source: dict[str, str] = {}
    for path, load in ((backbone, load_backbone), (pixel_decoder, load_pixel_decoder)):
        if path is not None:
            given |= load(path)
            source[Path(path).name] = digest(path)
    started = _fill(network, given, {})
    network.source = source
    return started


def _fill(network: ChestSearch, given: Mapping[str, Tensor], changed: Mapping[str, str]) -> Started:
    own = network.state_dict()
    with torch.no_grad():
        for name in own.keys() & given.keys():
            own[name].copy_(given[name])
    return Started(
        copied=tuple(name for name in own if name in given and name not in changed),
        changed=dict(changed),
        fresh=tuple(name for name in own if name not in given),
        unused=tuple(name for name in given if name not in own),
    )
