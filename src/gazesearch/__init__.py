"""GazeSearch: finding-specific scanpaths on chest X-rays, loaded, scored and compared.

Public names are loaded on first use, so that `import gazesearch` stays instant.

>>> import gazesearch
>>> gazesearch.metrics.scanmatch([[10, 10], [90, 90]], [[10, 10], [90, 90]], (100, 100))
1.0
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gazesearch import errors, metrics, protocols
    from gazesearch.audit import Audit, audit_dataset
    from gazesearch.datasets import Dataset, load_dataset
    from gazesearch.errors import GazeSearchError
    from gazesearch.evaluation import Comparison, Scores, compare, evaluate
    from gazesearch.findings import FINDINGS
    from gazesearch.formats import read_scanpaths, write_scanpaths
    from gazesearch.models.catalogue import create_model, list_models
    from gazesearch.models.predict import predict
    from gazesearch.scanpaths import (
        DatasetInfo,
        Scanpath,
        Scanpaths,
        first_copies,
        with_first_fixation,
    )
    from gazesearch.training.run import train

__version__ = "0.1.0"

__all__ = [
    "FINDINGS",
    "Audit",
    "Comparison",
    "Dataset",
    "DatasetInfo",
    "GazeSearchError",
    "Scanpath",
    "Scanpaths",
    "Scores",
    "audit_dataset",
    "compare",
    "create_model",
    "errors",
    "evaluate",
    "first_copies",
    "list_models",
    "load_dataset",
    "metrics",
    "predict",
    "protocols",
    "read_scanpaths",
    "train",
    "with_first_fixation",
    "write_scanpaths",
]

_HOMES: Final = {
    "Comparison": "evaluation",
    "FINDINGS": "findings",
    "Audit": "audit",
    "Dataset": "datasets",
    "DatasetInfo": "scanpaths",
    "GazeSearchError": "errors",
    "Scanpath": "scanpaths",
    "Scanpaths": "scanpaths",
    "Scores": "evaluation",
    "audit_dataset": "audit",
    "compare": "evaluation",
    "create_model": "models.catalogue",
    "evaluate": "evaluation",
    "first_copies": "scanpaths",
    "list_models": "models.catalogue",
    "load_dataset": "datasets",
    "predict": "models.predict",
    "read_scanpaths": "formats",
    "train": "training.run",
    "with_first_fixation": "scanpaths",
    "write_scanpaths": "formats",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"gazesearch.{_HOMES[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"gazesearch.{name}")
    raise AttributeError(f"module 'gazesearch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
