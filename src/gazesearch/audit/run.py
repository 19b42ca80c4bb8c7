"""`audit_dataset`: look at all that can be wrong with recorded scanpaths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from gazesearch.audit import copies, distributions, places, records
from gazesearch.audit import images as images_
from gazesearch.audit.distinct import PERMUTATIONS, distinct_findings
from gazesearch.audit.item import Item
from gazesearch.audit.leaks import shared_images, shared_patients
from gazesearch.audit.result import Audit
from gazesearch.audit.sources import sources
from gazesearch.errors import BadSetting, DataError
from gazesearch.files import MAX_SIZE, RunRecord, digest
from gazesearch.formats import Reading, read_file
from gazesearch.formats.patients import read_patients
from gazesearch.prediction import Rng
from gazesearch.scanpaths import GAZESEARCH, DatasetInfo, DurationUnit, Scanpaths, ScreenSize

Source = Scanpaths | str | os.PathLike[str]
Progress = Callable[[str, float], None]


def audit_dataset(
    source: Source,
    *,
    images: str | os.PathLike[str] | None = None,
    patients: str | os.PathLike[str] | Mapping[str, str] | None = None,
    rng: Rng = 0,
    dataset: str | DatasetInfo | None = None,
    screen_size: ScreenSize | None = None,
    duration_unit: DurationUnit | None = None,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
    progress: Progress | None = None,
) -> Audit:
    """Look for what is wrong with recorded scanpaths, and say what that does to a benchmark.

    Paths are looked at as recorded, whatever the dataset's first-fixation rule.

    Args:
        source: recorded scanpaths, a table or a file.
        images: folder of the images; None leaves out what needs them. Images that only look alike
            are found with the extra `audit`.
        patients: CSV file with the columns `image,patient`, or a mapping from image to patient.
        rng: seed or generator of the permutation test.
        dataset, screen_size, duration_unit, lenient, max_size: for a file, as in `read_scanpaths`.
        progress: called with what is being done and the fraction done.

    Returns:
        One item for everything that was looked at, found or not.

    Raises:
        FaultyRecords, DataError: the annotations or the table of patients are not what they must
            be, or hold no records.
        UnreadableFile: a file or the folder of images is absent.

    >>> look = [[112, 112], [60, 64], [80, 90]]
    >>> paths = Scanpaths.of(
    ...     [look, look], image=["a", "a"], finding=["edema", "fracture"],
    ...     split=["train", "test"], screen_size=(224, 224),
    ... )
    >>> audit = audit_dataset(paths)
    >>> [item.name for item in audit.at_least("error")]
    ['shared_images', 'copies_across_splits']
    """
    if isinstance(source, Scanpaths):
        if dataset or screen_size or duration_unit:
            raise BadSetting(
                "dataset, screen_size and duration_unit are for files: a table has its own"
            )
        reading, read_from = Reading(scanpaths=source), "a table in memory"
    else:
        reading = read_file(
            source,
            dataset=dataset,
            screen_size=screen_size,
            duration_unit=duration_unit,
            lenient=lenient,
            max_size=max_size,
        )
        read_from = _digest(source)
    if not len(reading.scanpaths):
        raise DataError(f"{read_from.split()[0]}: holds no records: there is nothing to audit")
    inputs = {"annotations": read_from}
    if patients is not None and not isinstance(patients, Mapping):
        inputs["patients"] = _digest(patients)
        patients = read_patients(patients)
    return Audit(
        items=tuple(
            _items(
                reading,
                images=images,
                patients=patients,
                rng=np.random.default_rng(rng),
                say=progress or (lambda _text, _done: None),
            )
        ),
        dataset=reading.scanpaths.info,
        notes=reading.notes,
        run=RunRecord(
            settings={
                "images": images is not None,
                "patients": patients is not None,
                "permutations": PERMUTATIONS,
                "near_duplicates_share": copies.NEAR_SHARE,
                "similar_images_bits": images_.HASH_BITS,
            },
            inputs=inputs,
            seed=rng if isinstance(rng, int) else None,
        ),
    )


def _items(
    reading: Reading,
    *,
    images: str | os.PathLike[str] | None,
    patients: Mapping[str, str] | None,
    rng: np.random.Generator,
    say: Progress,
) -> Iterator[Item]:
    """All items, in the order of a report."""
    paths = reading.scanpaths
    say("looking at records", 0.0)
    yield from records.items(paths, reading.dropped)
    yield from places.items(paths)
    yield from distributions.items(paths)
    yield shared_images(paths)
    yield shared_patients(paths, patients)
    say("comparing scanpaths", 0.1)
    yield from copies.items(paths)
    yield distinct_findings(paths, rng)
    if paths.info.name == GAZESEARCH.name:
        yield sources(paths)
    if images is not None:
        yield from images_.items(paths, images, say)


def _digest(file: str | os.PathLike[str]) -> str:
    return f"{Path(file).name} {digest(file)}"
