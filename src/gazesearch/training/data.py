"""What a recipe learns from: recorded paths of train and valid, and their images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.image_files import find_images
from gazesearch.datasets.phantom import write_phantom
from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.scoring import Progress
from gazesearch.files import digest
from gazesearch.formats import read_scanpaths
from gazesearch.prediction import ImageSource
from gazesearch.protocols import find
from gazesearch.scanpaths import FirstFixation, Scanpaths, with_first_fixation
from gazesearch.training.settings import Data

_GREY: Final = 128
_SIDE: Final = 224


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """What is learnt from and chosen on; test is not here.

    Attributes:
        train, valid: recorded paths, as the first-fixation rule leaves them.
        first_fixation: the rule.
        images: of both, by name.
        digests: of the files, for the run record.
        notes: what there is to know of them, a line each.
    """

    train: Scanpaths
    valid: Scanpaths
    first_fixation: FirstFixation
    images: ImageSource
    digests: dict[str, str]
    notes: tuple[str, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """What is searched for: those that the dataset names, else those of train, sorted."""
        return self.train.info.tasks or tuple(sorted(self.train.group("task")))


class Placeholder:
    """The same grey square, whatever image is asked for."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return np.full((_SIDE, _SIDE), _GREY, np.uint8)

    def __iter__(self) -> Iterator[str]:
        return iter(())


def open_data(
    data: Data,
    *,
    folder: Path,
    annotations: str | os.PathLike[str] | None,
    images: str | os.PathLike[str] | None,
    seed: int,
    progress: Progress | None = None,
) -> Learned:
    """Read, or make, what a recipe names.

    Args:
        data: the recipe's.
        folder: where a phantom is made, if there is none there.
        annotations: file of recorded paths.
        images: folder of their images, or a dataset's folder with `images/` in it.
        seed: of the images that are drawn, where the recipe takes only some.

    Raises:
        BadSetting: the recipe needs annotations or images that were not named, or names that were.
        DataError: there is nothing to learn from or to choose on.
    """
    if data.placeholder and images is not None:
        raise BadSetting("placeholder = true looks at no images: leave out --images")
    if annotations is None and data.dataset != "phantom":
        raise BadSetting(f"dataset {data.dataset}: name its file: --annotations (annotations=)")
    if annotations is None:
        if images is not None:
            raise BadSetting("--images without --annotations: the phantom that is made has its own")
        made = write_phantom(
            folder,
            images=data.images,
            observers=data.observers,
            rng=data.phantom_seed,
            progress=progress,
        )
        annotations, images = made.annotations, made.root / "images"
    kind = data.dataset if data.dataset in ("osie", "gazesearch") else None
    table = read_scanpaths(annotations, dataset=kind)
    digests = {"annotations": f"{Path(annotations).name} {digest(annotations)}"}
    if data.protocol is not None:
        protocol = find(data.protocol, table)
        table = protocol.applied(table)
        digests["protocol"] = str(protocol.stamp)
    rule = data.first_fixation or table.info.first_fixation
    used = with_first_fixation(table, rule)
    train, valid = (used.where(split=split) for split in ("train", "valid"))
    for name, part in (("train", train), ("valid", valid)):
        if len(part) == 0:
            raise DataError(f"{annotations}: no record is of split {name}: set protocol")
    notes = [f"train: {train}", f"valid: {valid}", f"first fixation: {rule}"]
    if data.train_images is not None:
        train = _some_images(train, data.train_images, seed)
        notes.append(f"of train only {data.train_images} images: {train}")
    if data.placeholder:
        notes.append("images: placeholders, all the same grey")
        return Learned(
            train=train,
            valid=valid,
            first_fixation=rule,
            images=Placeholder(),
            digests=digests,
            notes=tuple(notes),
        )
    if images is None:
        raise BadSetting(f"dataset {data.dataset}: name the folder of its images: --images")
    found = find_images([images])
    digests["images"] = found.digest()[0]
    return Learned(
        train=train,
        valid=valid,
        first_fixation=rule,
        images=found,
        digests=digests,
        notes=tuple(notes),
    )


def _some_images(train: Scanpaths, count: int, seed: int) -> Scanpaths:
    names = sorted(set(train.image))
    if count > len(names):
        raise BadSetting(f"train_images = {count}: train has only {len(names)}")
    drawn = np.random.default_rng([seed, 0]).choice(names, count, replace=False)
    return train[np.isin(train.image.astype(str), drawn)]
