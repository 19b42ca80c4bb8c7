"""`dataset.json`: a dataset's description, beside the folder of its annotations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from gazesearch.files import readable, write_text
from gazesearch.scanpaths.info import DatasetInfo

_NAME: Final = "dataset.json"
_MAX_SIZE: Final = 2**20


def described_beside(file: Path) -> DatasetInfo | None:
    """The description that stands beside the `annotations` folder of a file, if there is one."""
    folder = file.absolute().parent  # a bare file name has no parent of its own
    if folder.name != "annotations" or not (folder.parent / _NAME).exists():
        return None
    return read_description(folder.parent)


def read_description(root: str | os.PathLike[str]) -> DatasetInfo:
    """Read `dataset.json` of a dataset's folder."""
    path = readable(Path(root) / _NAME, max_size=_MAX_SIZE)
    return DatasetInfo.from_json(path.read_text("utf-8", "replace"), source=str(path))


def write_description(root: str | os.PathLike[str], info: DatasetInfo) -> None:
    """Write `dataset.json` into a dataset's folder."""
    write_text(Path(root) / _NAME, info.to_json() + "\n")
