"""Splits that share no image: by image or patient, stratified by finding, the same everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError
from gazesearch.scanpaths import Scanpaths


def disjoint_parts(
    scanpaths: Scanpaths,
    shares: Sequence[float],
    *,
    seed: int,
    patients: Mapping[str, str] | None = None,
) -> NDArray[np.intp]:
    """Number of the part of each record, (n,); all records of an image fall into one part.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011) over images: the finding with
    the fewest records left is dealt first, each of its images to the part that lacks most of it.
    Images are taken in the order of their digest with the seed: no generator, so that every
    version and machine gives the same split.

    Args:
        scanpaths: recorded scanpaths.
        shares: wanted share of the records for each part; they are scaled to sum to 1.
        seed: another seed, another split.
        patients: patient of each image; then all images of a patient fall into one part.

    Raises:
        DataError: an image has no patient in the table.
        BadSetting: there are fewer images (patients) than parts.
    """
    groups = _groups(scanpaths.image.tolist(), patients)
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < len(shares):
        raise BadSetting(f"{len(names)} images or patients: too few for {len(shares)} parts")
    findings, finding = np.unique(scanpaths.finding.astype(str), return_inverse=True)
    counts = np.zeros((len(names), len(findings)))  # records of each group and finding
    np.add.at(counts, (group, finding), 1)
    order = sorted(range(len(names)), key=lambda g: _shuffled(str(names[g]), seed))
    wanted = np.outer(np.asarray(shares) / np.sum(shares), counts.sum(axis=0))
    return _dealt(counts, wanted, order)[group]


def _dealt(
    counts: NDArray[np.float64], wanted: NDArray[np.float64], order: list[int]
) -> NDArray[np.intp]:
    """Part of each group: counts (g, f) of records, wanted (p, f), groups in order of dealing."""
    part = np.full(len(counts), -1, dtype=np.intp)
    lacking = wanted.copy()
    waiting = list(order)
    while waiting:
        left = counts[waiting].sum(axis=0)
        rarest = int(np.where(left > 0, left, np.inf).argmin())
        for g in [g for g in waiting if counts[g, rarest]]:
            # What lacks most of this finding; then most of all findings; then the first part.
            most = np.flatnonzero(lacking[:, rarest] >= lacking[:, rarest].max() - 1e-9)
            part[g] = most[lacking[most].sum(axis=1).round(9).argmax()]
            lacking[part[g]] -= counts[g]
        waiting = [g for g in waiting if part[g] < 0]
    return part


def _groups(images: list[str], patients: Mapping[str, str] | None) -> list[str]:
    if patients is None:
        return images
    for image in images:
        if image not in patients:
            raise DataError(f"image {image} has no patient in the table: add it, or leave it out")
    return [patients[image] for image in images]


def _shuffled(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{name}".encode()).digest()
