"""`Truth`: the recorded scanpaths that predictions are scored against, chosen and read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.sources import source_of_record
from gazesearch.errors import FAULTS_SHOWN, BadSetting, DataError, UnknownName
from gazesearch.evaluation.matching import distinguishes_people
from gazesearch.files import MAX_SIZE, digest
from gazesearch.formats import Reading, read_file
from gazesearch.protocols import Protocol, Stamp, find, make_protocol, names
from gazesearch.scanpaths import (
    GAZESEARCH,
    DatasetInfo,
    DurationUnit,
    FirstFixation,
    Scanpaths,
    ScreenSize,
    with_first_fixation,
)
from gazesearch.scanpaths.columns import constant

Source = Scanpaths | str | os.PathLike[str]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """Recorded scanpaths, which of them are scored, and by which rules.

    Attributes:
        used: (n,) recorded scanpaths as they are used, of every split.
        lengths: (n,) fixations as recorded, before the first-fixation rule.
        sources: (n,) "REFLACX" or "EGD", the likely source of records of GazeSearch; else None.
        rows: (n,) which are scored.
        train: (n,) which are learned from; None where none are apart from those scored.
        split: name of the split that is scored, or "all".
        first_fixation: rule by which recorded paths are used.
        metrics: names that the protocol shows; None without a protocol.
        protocol: stamp of the records and rules.
        by_subject: whether the subjects of the records mean anything.
        notes: what reading the records found.
        digest: file name and digest of the records, or that they were a table in memory.
        reading: options that the file was read with, of those that were given (`read_options`), and
            the file of the protocol.
    """

    used: Scanpaths
    lengths: NDArray[np.int64]
    sources: NDArray[Any]
    rows: Mask
    train: Mask | None
    split: str
    first_fixation: FirstFixation
    metrics: tuple[str, ...] | None
    protocol: Stamp
    by_subject: bool
    notes: tuple[str, ...]
    digest: str
    reading: Mapping[str, object]

    @property
    def scored(self) -> Scanpaths:
        """The recorded scanpaths that are scored, as they are used."""
        return self.used[self.rows]

    @property
    def settings(self) -> dict[str, Any]:
        """What a run record says of the records, of the rules and of how they were read."""
        return {
            "protocol": asdict(self.protocol),
            "split": self.split,
            "first_fixation": self.first_fixation,
            "reading": dict(self.reading),
        }

    @property
    def trained_on(self) -> Scanpaths | None:
        """The recorded scanpaths that are learned from, as they are used."""
        return None if self.train is None else self.used[self.train]

    @property
    def chosen_on(self) -> Scanpaths | None:
        """The recorded scanpaths of valid, as they are used; None where it is scored or empty."""
        valid = np.equal(self.used.split, "valid").astype(np.bool_) & ~self.rows
        return self.used[valid] if valid.any() else None

    def seen(self) -> NDArray[Any]:
        """Whether train has the image of each scored record, (m,); None where it cannot be told."""
        images = self.used.image[self.rows]
        if self.train is None:
            return constant(None, len(images))
        known = set(self.used.image[self.train])
        return np.array([image in known for image in images], dtype=object)


def truth_of(
    references: Source,
    *,
    protocol: Protocol | str | os.PathLike[str] | None = None,
    split: str | None = None,
    first_fixation: FirstFixation | None = None,
    dataset: str | DatasetInfo | None = None,
    screen_size: ScreenSize | None = None,
    duration_unit: DurationUnit | None = None,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
) -> Truth:
    """Read recorded scanpaths and choose what is scored; the arguments are those of `evaluate`.

    Raises:
        BadSetting: a protocol together with a split or a first-fixation rule; a table together with
            a dataset or a screen size.
        DataError: nothing is left to score, or the protocol was made from other data.
        UnknownName: no protocol or split is called so.
    """
    if protocol is not None and (split is not None or first_fixation is not None):
        raise BadSetting(
            "a protocol sets split and first fixation: leave out --split and --first-fixation "
            "(split, first_fixation), or the protocol"
        )
    if isinstance(references, Scanpaths):
        if dataset or screen_size:
            raise BadSetting(
                "dataset and screen_size are for files: a table has its own description"
            )
        reading = Reading(scanpaths=references)
    else:
        reading = read_file(
            references,
            dataset=dataset,
            screen_size=screen_size,
            duration_unit=duration_unit,
            lenient=lenient,
            max_size=max_size,
        )
    recorded = reading.scanpaths
    by_subject = distinguishes_people(recorded)
    rule, chosen = first_fixation or recorded.info.first_fixation, None
    if protocol is not None:
        chosen = find(protocol, recorded)
        recorded, split, rule = chosen.applied(recorded), "test", chosen.first_fixation
    split, rows = _scored(recorded, split)
    train = np.equal(recorded.split, "train").astype(np.bool_)
    apart = split not in ("train", "all") and bool(train.any())
    return Truth(
        used=with_first_fixation(recorded, rule),
        lengths=recorded.lengths,
        sources=_sources(recorded),
        rows=rows,
        train=train if apart else None,
        split=split,
        first_fixation=rule,
        metrics=None if chosen is None else chosen.metrics,
        protocol=_stamp(recorded, rows, train & apart, rule) if chosen is None else chosen.stamp,
        by_subject=by_subject,
        notes=tuple(reading_notes(reading)),
        digest=source_digest(references),
        reading=read_options(
            dataset=dataset, screen_size=screen_size, duration_unit=duration_unit, lenient=lenient
        )
        | _file_of(protocol),
    )


def _file_of(protocol: Protocol | str | os.PathLike[str] | None) -> dict[str, object]:
    """The name of the file that a protocol stands in, if it does."""
    named = protocol is None or isinstance(protocol, Protocol) or str(protocol) in names()
    return {} if named else {"protocol": Path(str(protocol)).name}


def _scored(recorded: Scanpaths, split: str | None) -> tuple[str, Mask]:
    """Name of the split that is scored, and which records it has, (n,)."""
    splits = recorded.split
    known = {str(name) for name in splits if name is not None}
    name = ("test" if "test" in known else "all") if split is None else split
    if name != "all" and name not in known:
        raise UnknownName("split of the references", name, {*known, "all"})
    rows = np.full(len(recorded), True) if name == "all" else np.equal(splits, name)
    if not rows.any():
        raise DataError("the references hold no records: nothing can be scored")
    return name, rows.astype(np.bool_)


def _sources(recorded: Scanpaths) -> NDArray[Any]:
    if recorded.info.name != GAZESEARCH.name:
        return constant(None, len(recorded))
    return source_of_record(recorded)


def _stamp(recorded: Scanpaths, rows: Mask, train: Mask, rule: FirstFixation) -> Stamp:
    """The digest that a protocol of the same records and rule has, without a name."""
    valid = np.equal(recorded.split, "valid").astype(np.bool_) & ~rows & train.any()
    made = make_protocol(
        recorded,
        {"train": train, "valid": valid, "test": rows},
        name="chosen by hand",
        version=0,
        about="",
        first_fixation=rule,
    )
    return replace(made.stamp, name=None, version=None)


def read_options(
    *,
    dataset: str | DatasetInfo | None = None,
    screen_size: ScreenSize | None = None,
    duration_unit: DurationUnit | None = None,
    lenient: bool = False,
) -> dict[str, object]:
    """What a run record says of how files were read: the options that are not the usual ones.

    >>> read_options(dataset="osie", lenient=True)
    {'dataset': 'osie', 'lenient': True}
    """
    given = {
        "dataset": dataset.name if isinstance(dataset, DatasetInfo) else dataset,
        "screen_size": None if screen_size is None else list(screen_size),
        "duration_unit": duration_unit,
        "lenient": lenient or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def reading_notes(reading: Reading) -> list[str]:
    """What reading a file found, and the first records that were left out."""
    return [*reading.notes, *(f"dropped {fault}" for fault in reading.dropped[:FAULTS_SHOWN])]


def source_digest(source: Source) -> str:
    """File name and digest, or that it was a table in memory."""
    if isinstance(source, Scanpaths):
        return "a table in memory"
    return f"{Path(source).name} {digest(source)}"
