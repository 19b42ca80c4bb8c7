"""`Scanpaths`, the table that every part of the house makes or uses, and what describes it."""

from gazesearch.scanpaths.copies import first_copies
from gazesearch.scanpaths.first_fixation import with_first_fixation
from gazesearch.scanpaths.info import (
    COCO_SEARCH18,
    GAZESEARCH,
    KNOWN_DATASETS,
    OSIE,
    DatasetInfo,
    DurationUnit,
    FirstFixation,
    ScreenSize,
    known_dataset,
)
from gazesearch.scanpaths.path import Scanpath
from gazesearch.scanpaths.table import Scanpaths

__all__ = [
    "COCO_SEARCH18",
    "GAZESEARCH",
    "KNOWN_DATASETS",
    "OSIE",
    "DatasetInfo",
    "DurationUnit",
    "FirstFixation",
    "Scanpath",
    "Scanpaths",
    "ScreenSize",
    "first_copies",
    "known_dataset",
    "with_first_fixation",
]
