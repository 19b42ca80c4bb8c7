"""Protocols: which records a result is learned from and scored on, and by which rules.

`get` makes one by name for the annotations at hand, `read_protocol` opens one that a paper pins.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.files import means_file
from gazesearch.formats.patients import read_patients
from gazesearch.protocols.files import read_protocol, write_protocol
from gazesearch.protocols.protocol import (
    METRICS,
    PARTS,
    Protocol,
    RecordId,
    Stamp,
    make_protocol,
    record_ids,
)
from gazesearch.protocols.splits import disjoint_parts
from gazesearch.scanpaths import FirstFixation, Scanpaths

__all__ = [
    "ABOUT",
    "METRICS",
    "PARTS",
    "Protocol",
    "RecordId",
    "Stamp",
    "find",
    "folds",
    "get",
    "image_disjoint",
    "make_protocol",
    "names",
    "official",
    "read_patients",
    "read_protocol",
    "record_ids",
    "unseen_images",
    "write_protocol",
]

ABOUT: Final = {
    "official": "The released split: what published figures were computed on.",
    "unseen-images": "The released split, scored only on test images that train does not have.",
    "image-disjoint": "A new split, no image in two parts, each finding 80 : 10 : 10.",
}
"""What each protocol is for."""

_SHARES: Final = (0.8, 0.1, 0.1)  # about those of the released split


def names() -> tuple[str, ...]:
    """Names of the protocols."""
    return tuple(ABOUT)


def official(scanpaths: Scanpaths, *, first_fixation: FirstFixation | None = None) -> Protocol:
    """The released split: what published figures were computed on.

    Args:
        scanpaths: all recorded scanpaths of the dataset, with their split.
        first_fixation: another rule than the dataset's own.

    Raises:
        DataError: the records name no test split.
    """
    _refuse_without_test(scanpaths, "official")
    return make_protocol(
        scanpaths,
        {part: np.equal(scanpaths.split, part).astype(np.bool_) for part in PARTS},
        name="official",
        version=1,
        about=ABOUT["official"],
        first_fixation=first_fixation,
    )


def unseen_images(scanpaths: Scanpaths, *, first_fixation: FirstFixation | None = None) -> Protocol:
    """The released split, scored only on test images that train does not have.

    Args:
        scanpaths, first_fixation: as in `official`.

    Raises:
        DataError: the records name no test split, or train has every image of test.
    """
    _refuse_without_test(scanpaths, "unseen-images")
    split = scanpaths.split
    seen = set(scanpaths.image[np.equal(split, "train").astype(np.bool_)])
    unseen = np.array([image not in seen for image in scanpaths.image], dtype=np.bool_)
    masks = {part: np.equal(split, part).astype(np.bool_) for part in PARTS}
    if not (masks["test"] & unseen).any():
        raise DataError("unseen-images: train has every image of test: nothing is left to score")
    return make_protocol(
        scanpaths,
        masks | {"test": masks["test"] & unseen},
        name="unseen-images",
        version=1,
        about=ABOUT["unseen-images"],
        first_fixation=first_fixation,
    )


def image_disjoint(
    scanpaths: Scanpaths,
    *,
    seed: int = 0,
    patients: Mapping[str, str] | None = None,
    first_fixation: FirstFixation | None = None,
) -> Protocol:
    """A new split, no image in two parts, each finding 80 : 10 : 10.

    Args:
        scanpaths: all recorded scanpaths; their own split is ignored.
        seed: another seed, another split.
        patients: patient of each image (`read_patients`); then no patient is in two parts.
        first_fixation: another rule than the dataset's own.

    Raises:
        DataError: an image has no patient.
        BadSetting: there are too few images.
    """
    part = disjoint_parts(scanpaths, _SHARES, seed=seed, patients=patients)
    return make_protocol(
        scanpaths,
        {name: part == number for number, name in enumerate(PARTS)},
        name=_name("image-disjoint", seed, patients),
        version=1,
        about=ABOUT["image-disjoint"],
        first_fixation=first_fixation,
    )


def folds(
    scanpaths: Scanpaths,
    k: int,
    *,
    seed: int = 0,
    patients: Mapping[str, str] | None = None,
    first_fixation: FirstFixation | None = None,
) -> tuple[Protocol, ...]:
    """k splits, no image in two parts: each record is in the test part of one of them.

    Fold i is scored in protocol i and chosen on (valid) in the one before; the rest is train.

    Args:
        scanpaths, seed, patients, first_fixation: as in `image_disjoint`.
        k: number of folds, 3 or more.

    Raises:
        As `image_disjoint`; BadSetting: k is under 3.
    """
    if k < 3:
        raise BadSetting(f"k={k}: must be 3 or more: one fold each for test, valid and train")
    fold = disjoint_parts(scanpaths, [1 / k] * k, seed=seed, patients=patients)
    return tuple(
        make_protocol(
            scanpaths,
            {
                "train": (fold != i) & (fold != (i + 1) % k),
                "valid": fold == (i + 1) % k,
                "test": fold == i,
            },
            name=_name(f"image-disjoint-{i + 1}of{k}", seed, patients),
            version=1,
            about=f"Fold {i + 1} of {k}, no image in two parts.",
            first_fixation=first_fixation,
        )
        for i in range(k)
    )


_MAKERS: Final[Mapping[str, Callable[[Scanpaths], Protocol]]] = {
    "official": official,
    "unseen-images": unseen_images,
    "image-disjoint": image_disjoint,
}


def get(name: str, scanpaths: Scanpaths) -> Protocol:
    """A protocol by name, with its defaults, for the recorded scanpaths of a dataset.

    Raises:
        UnknownName: no protocol is called so.
    """
    if name not in _MAKERS:
        raise UnknownName("protocol", name, _MAKERS)
    return _MAKERS[name](scanpaths)


def find(protocol: Protocol | str | os.PathLike[str], scanpaths: Scanpaths) -> Protocol:
    """A protocol as it is, by name, or from a file.

    Raises:
        UnknownName: it is neither a name nor a file.
    """
    if isinstance(protocol, Protocol):
        return protocol
    if str(protocol) in _MAKERS:
        return get(str(protocol), scanpaths)
    if not means_file(str(protocol)):
        raise UnknownName("protocol", str(protocol), _MAKERS)
    return read_protocol(protocol)


def _name(name: str, seed: int, patients: Mapping[str, str] | None) -> str:
    grouped = "" if patients is None else "-by-patient"
    return f"{name}{grouped}" + (f"-seed{seed}" if seed else "")


def _refuse_without_test(scanpaths: Scanpaths, name: str) -> None:
    if not np.equal(scanpaths.split, "test").any():
        raise DataError(f"{name}: no record is of split test: take image-disjoint instead")
