"""The published layout of GazeSearch: `annotations/`, `images/`, `checkpoints/` in one folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from gazesearch.errors import DataError, UnreadableFile
from gazesearch.formats import read_scanpaths
from gazesearch.receipts import is_adopted
from gazesearch.scanpaths import DatasetInfo, Scanpaths

_ANNOTATION_ENDINGS: Final = (".json", ".parquet", ".csv")


@dataclass(frozen=True)
class Dataset:
    """A dataset's folder; its files are read when asked for.

    Attributes:
        root: the folder that holds `annotations/`, `images/` and `checkpoints/`.
        annotations: the file of recorded scanpaths.
        dataset: the dataset's name or description, where it was told.
    """

    root: Path
    annotations: Path
    dataset: str | DatasetInfo | None = None

    @cached_property
    def scanpaths(self) -> Scanpaths:
        """The recorded scanpaths."""
        return read_scanpaths(self.annotations, dataset=self.dataset)

    @property
    def info(self) -> DatasetInfo:
        """The dataset's description."""
        return self.scanpaths.info

    def image(self, name: str) -> Path:
        """Path of an image of the dataset.

        Raises:
            DataError: the name leads out of `images/`, and not to a file that
                `gazesearch download --local` has linked.
            UnreadableFile: there is no such image.
        """
        folder = (self.root / "images").resolve()
        try:
            path = (folder / name).resolve()
            there = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, a circle
            raise UnreadableFile(f"image {name!r}: is no file name: {error}") from error
        inside = folder in path.parents
        if not inside and not is_adopted(folder.parent, f"images/{name}", path):
            raise DataError(f"image {name!r}: leads out of {folder}")
        if not there:
            raise UnreadableFile(f"{path}: no such image: get the images of the dataset first")
        return path

    @property
    def checkpoints(self) -> dict[str, Path]:
        """Files in `checkpoints/` by name; empty where there is no such folder."""
        folder = self.root / "checkpoints"
        return {file.name: file for file in sorted(folder.glob("*")) if file.is_file()}


def load_dataset(
    root: str | os.PathLike[str], *, dataset: str | DatasetInfo | None = None
) -> Dataset:
    """Open a dataset in the published layout.

    Args:
        root: the folder that holds `annotations/` with one file of scanpaths in it.
        dataset: its name or description; None takes what `dataset.json` says, else guesses.

    Raises:
        UnreadableFile: there is no such folder or no file of annotations in it.
        DataError: there are several.
    """
    folder = Path(root) / "annotations"
    if not folder.is_dir():
        raise UnreadableFile(f"{folder}: no such folder: expected annotations/ and images/ in it")
    found = sorted(f for f in folder.iterdir() if f.suffix.lower() in _ANNOTATION_ENDINGS)
    if not found:
        raise UnreadableFile(f"{folder}: holds no {', '.join(_ANNOTATION_ENDINGS)} file")
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise DataError(f"{folder}: holds several files ({names}): read one by read_scanpaths")
    return Dataset(Path(root), found[0], dataset)
