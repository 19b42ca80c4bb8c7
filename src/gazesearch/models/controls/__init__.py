"""Controls: models that never see an image. What a model that looks must beat.

Each is fitted on train, and chooses, if it chooses, on valid. Leak controls remember which image
they saw in train: they tell what a benchmark gives away whose splits share images.
"""

from __future__ import annotations

from typing import Final, Protocol

from gazesearch.errors import UnknownName
from gazesearch.models.controls.consensus import Consensus, FixedPath, ImageMemoryPath
from gazesearch.models.controls.coordinate_ascent import Ascent
from gazesearch.models.controls.densities import CentreGaussian, Uniform
from gazesearch.models.controls.image_memory import ImageMemory, MemoryWidths
from gazesearch.models.controls.kernel_densities import (
    FindingDensity,
    GlobalDensity,
    HistoryDensity,
    Widths,
)
from gazesearch.models.controls.medoid import Medoid, SameImagePath
from gazesearch.models.controls.one_path import OnePath
from gazesearch.models.controls.train_paths import MeanPath, RandomTrainPath
from gazesearch.prediction import FittedModel, ScanpathModel

__all__ = [
    "Ascent",
    "CentreGaussian",
    "Consensus",
    "Control",
    "FindingDensity",
    "FixedPath",
    "GlobalDensity",
    "HistoryDensity",
    "ImageMemory",
    "ImageMemoryPath",
    "MeanPath",
    "Medoid",
    "MemoryWidths",
    "OnePath",
    "RandomTrainPath",
    "SameImagePath",
    "Uniform",
    "Widths",
    "describe",
    "get",
    "names",
    "remembers_images",
]


class Control(ScanpathModel, FittedModel, Protocol):
    """A scanpath model that is fitted on recorded scanpaths."""


_ALL: Final[tuple[type[Control], ...]] = (
    Uniform,
    CentreGaussian,
    RandomTrainPath,
    MeanPath,
    Medoid,
    FixedPath,
    GlobalDensity,
    FindingDensity,
    HistoryDensity,
    SameImagePath,
    Consensus,
    ImageMemoryPath,
    ImageMemory,
)
_BY_NAME: Final = {str(kind.name): kind for kind in _ALL}
_LEAK: Final = (SameImagePath, Consensus, ImageMemoryPath, ImageMemory)


def names() -> tuple[str, ...]:
    """Names of all controls, those that know least first, leak controls last."""
    return tuple(_BY_NAME)


def get(name: str) -> Control:
    """A control with its published settings, to be fitted.

    Raises:
        UnknownName: no control is called so.

    >>> get("medoid").needs_images
    False
    """
    return _kind(name)()


def describe(name: str) -> str:
    """What a control knows, in one line.

    Raises:
        UnknownName: no control is called so.

    >>> describe("uniform")
    "Every place is as likely as any other; lengths and durations are people's."
    """
    return (_kind(name).__doc__ or "").partition("\n")[0]


def remembers_images(name: str) -> bool:
    """Whether a control is a leak control: it remembers which train paths lie on an image.

    Raises:
        UnknownName: no control is called so.

    >>> remembers_images("consensus"), remembers_images("medoid")
    (True, False)
    """
    return _kind(name) in _LEAK


def _kind(name: str) -> type[Control]:
    if name not in _BY_NAME:
        raise UnknownName("control", name, _BY_NAME)
    return _BY_NAME[name]
