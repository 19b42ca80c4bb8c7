"""Phantoms: radiograph-like images with planted findings, and observers whose truth is known."""

from gazesearch.datasets.phantom.anatomy import Anatomy
from gazesearch.datasets.phantom.cases import Case, make_case
from gazesearch.datasets.phantom.config import (
    PHANTOM_V1,
    AnatomyRanges,
    Exposure,
    ObserverConfig,
    PhantomConfig,
)
from gazesearch.datasets.phantom.layout import write_phantom
from gazesearch.datasets.phantom.observer import Observer

__all__ = [
    "PHANTOM_V1",
    "Anatomy",
    "AnatomyRanges",
    "Case",
    "Exposure",
    "Observer",
    "ObserverConfig",
    "PhantomConfig",
    "make_case",
    "write_phantom",
]
