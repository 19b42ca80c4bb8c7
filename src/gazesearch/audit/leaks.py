"""Images and patients that stand in several splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.audit.item import Item, Rows, Severity, first, number, records
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.columns import objects

PAIRS: Final = (("test", "train"), ("valid", "train"), ("test", "valid"))
"""Records of the first split are looked up in the second."""


def shared_images(paths: Scanpaths) -> Item:
    """Records of one split whose image another split has."""
    seen = {pair: _shared(paths, paths.image, pair) for pair in PAIRS}
    there = seen["test", "train"]
    figures = said_pairs(seen) | {
        "test_images_in_train": len(set(paths.image[there])),
        "images_in_several_splits": _in_several(paths, paths.image),
    }
    return Item(
        name="shared_images",
        severity=graveness(seen),
        found=f"{_said(paths, there)} an image of train; "
        f"{number(figures['images_in_several_splits'], 'image')} in more than one split.",
        effect="A model that remembers its train images scores better on test than it would on "
        "images it has not seen: report the records on unseen images apart.",
        figures=figures,
        examples=records(paths, there),
    )


def shared_patients(paths: Scanpaths, patients: Mapping[str, str] | None) -> Item:
    """Records of one split whose patient another split has; no patient is ever named."""
    name = "shared_patients"
    effect = (
        "Images of one patient look alike: a model that remembers them scores better on test "
        "than it would on new patients."
    )
    if patients is None:
        found = "Not looked at: no table of patients was given (--patients)."
        return Item(name=name, severity="info", found=found, effect=effect)
    of_record = objects(patients.get(image) for image in paths.image)
    unknown = {image for image in paths.image if image not in patients}
    seen = {pair: _shared(paths, of_record, pair) for pair in PAIRS}
    there = seen["test", "train"]
    several = _in_several(paths, of_record)
    found = (
        f"{_said(paths, there)} a patient of train; {number(several, 'patient')} in more than one "
        f"split, {number(len(unknown), 'image')} of no known patient."
    )
    severity = graveness(seen)
    return Item(
        name=name,
        severity="warning" if unknown and severity == "info" else severity,
        found=found,
        effect=effect,
        figures=said_pairs(seen)
        | {
            "patients": len(set(of_record) - {None}),
            "patients_in_several_splits": several,
            "images_without_patient": len(unknown),
        },
        examples=records(paths, there) if len(there) else first(unknown),
    )


def graveness(seen: Mapping[tuple[str, str], Rows]) -> Severity:
    """What is shared between test and train makes scores wrong; the rest spoils choices."""
    if len(seen["test", "train"]):
        return "error"
    return "warning" if any(map(len, seen.values())) else "info"


def said_pairs(seen: Mapping[tuple[str, str], Rows]) -> dict[str, int]:
    """Numbers of records by pair of splits, under names such as `test_in_train`."""
    return {f"{split}_in_{other}": len(rows) for (split, other), rows in seen.items()}


def _shared(paths: Scanpaths, keys: NDArray[Any], pair: tuple[str, str]) -> Rows:
    """Rows of the first split whose key stands in the second; None is nobody's key."""
    here, there = (np.equal(paths.split, split).astype(np.bool_) for split in pair)
    known = set(keys[there]) - {None}
    return np.flatnonzero(here & np.array([key in known for key in keys], dtype=np.bool_))


def _in_several(paths: Scanpaths, keys: NDArray[Any]) -> int:
    splits: dict[Any, set[str]] = {}
    for key, split in zip(keys, paths.split, strict=True):
        if key is not None and split is not None:
            splits.setdefault(key, set()).add(split)
    return sum(len(found) > 1 for found in splits.values())


def _said(paths: Scanpaths, there: Rows) -> str:
    test = int(np.equal(paths.split, "test").sum())
    return f"{len(there):,} of {number(test, 'test record')} show{'s' * (test == 1)}"
