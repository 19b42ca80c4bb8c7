"""A phantom, which has none of the faults, and copies of it to plant faults in."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gazesearch import Audit, audit_dataset
from gazesearch.datasets import Dataset
from gazesearch.datasets.phantom import write_phantom


@dataclass
class Copy:
    """A copy of the phantom: its records may be changed, its files are on disk."""

    root: Path
    records: list[dict[str, Any]]

    @property
    def annotations(self) -> Path:
        return self.root / "annotations" / "phantom-v1.json"

    @property
    def images(self) -> Path:
        return self.root / "images"

    def audit(self, **options: Any) -> Audit:
        self.annotations.write_text(json.dumps(self.records))
        return audit_dataset(self.annotations, **options)

    def of(self, **wanted: Any) -> list[dict[str, Any]]:
        """The records whose fields have the wanted values."""
        return [r for r in self.records if all(r[f] == value for f, value in wanted.items())]


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_phantom(tmp_path_factory.mktemp("phantom"), images=24, rng=3)


@pytest.fixture
def copy(phantom: Dataset, tmp_path: Path) -> Copy:
    root = tmp_path / "copy"
    shutil.copytree(phantom.root, root)
    return Copy(root, json.loads(phantom.annotations.read_text()))
