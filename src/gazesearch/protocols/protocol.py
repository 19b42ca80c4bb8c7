"""`Protocol`: which records are learned from and scored, and by which rules; digested."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError
from gazesearch.scanpaths import DatasetInfo, FirstFixation, Scanpaths, ScreenSize

PARTS: Final = ("train", "valid", "test")

METRICS: Final = (
    "scanmatch",
    "scanmatch_duration",
    "multimatch_shape",
    "multimatch_direction",
    "multimatch_length",
    "multimatch_position",
    "multimatch_duration",
    "string_edit_distance",
    "string_edit_distance_published",
    "scaled_time_delay_embedding",
)
"""The metric families of the benchmark's paper: ScanMatch, MultiMatch, SED, STDE."""


class RecordId(NamedTuple):
    """What a record is called in a protocol, and what it looks like.

    Attributes:
        image, finding, subject: as in the table; the subject is None where it is absent.
        content: the first 16 hexadecimal digits of the SHA-256 of what scores depend on: fixations
            as recorded, screen size, target box and whether the answer was correct, so that data
            rebuilt with other settings never passes for the data of the protocol.
    """

    image: str
    finding: str
    subject: int | str | None
    content: str


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What a result says of its protocol.

    Attributes:
        name, version: of the protocol; None where records were chosen by hand (a split, a rule).
        digest: of records and rules: results with the same digest may stand in one table.
    """

    name: str | None
    version: int | None
    digest: str

    def __str__(self) -> str:
        named = "records chosen by hand" if self.name is None else f"{self.name} v{self.version}"
        return f"{named}, {self.digest[:19]}"


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A named, versioned choice of records and rules.

    Attributes:
        name, version: what a paper calls it; the version changes when its definition does.
        about: what it is for, one sentence.
        dataset: name of the dataset.
        screen_size: (width, height) px of the frame; None where it differs by path.
        first_fixation: rule by which recorded scanpaths are used, on every part.
        metrics: names of the metrics that its tables show.
        records: ids of `train`, `valid` and `test`, in the order of the dataset; `test` is scored.

    Raises:
        BadSetting: a part has another name, or test is empty.
    """

    name: str
    version: int
    about: str
    dataset: str
    screen_size: ScreenSize | None
    first_fixation: FirstFixation
    metrics: tuple[str, ...]
    records: Mapping[str, tuple[RecordId, ...]]

    def __post_init__(self) -> None:
        if set(self.records) != set(PARTS):
            raise BadSetting(f"protocol {self.name}: its parts must be {', '.join(PARTS)}")
        if not self.records["test"]:
            raise BadSetting(f"protocol {self.name}: no record is scored: test is empty")

    @cached_property
    def digest(self) -> str:
        """`sha256:...` over dataset, frame, first-fixation rule and the records of each part.

        The order of records, the name, the text and the metrics do not enter: equal digests mean
        that the same is scored against the same after learning from the same.
        """
        content = hashlib.sha256()
        rules = (self.dataset, self.screen_size and [float(s) for s in self.screen_size])
        content.update(json.dumps([*rules, self.first_fixation]).encode())
        for part in PARTS:
            lines = sorted(json.dumps(record) for record in self.records[part])
            content.update("\n".join(["", part, *lines]).encode())
        return f"sha256:{content.hexdigest()}"

    @property
    def stamp(self) -> Stamp:
        """Name, version and digest."""
        return Stamp(name=self.name, version=self.version, digest=self.digest)

    def applied(self, scanpaths: Scanpaths) -> Scanpaths:
        """The protocol's records, in its split, fixations as recorded.

        `with_first_fixation(table, protocol.first_fixation)` then gives the paths as they are used.

        Args:
            scanpaths: recorded scanpaths of the dataset; what the protocol leaves out is dropped.

        Raises:
            DataError: the dataset or its frame is another one, or a record of the protocol is not
                there, or not with the same fixations.
        """
        self._refuse_other_frame(scanpaths.info)
        rows: dict[RecordId, list[int]] = defaultdict(list)
        for row, record in enumerate(record_ids(scanpaths)):
            rows[record].append(row)
        part_of: list[str | None] = [None] * len(scanpaths)
        for part in PARTS:
            for record in self.records[part]:
                if not rows[record]:
                    raise DataError(self._absent(record, scanpaths))
                part_of[rows[record].pop(0)] = part
        table = scanpaths[[row for row, part in enumerate(part_of) if part is not None]]
        columns = table.columns.replaced("split", (part for part in part_of if part is not None))
        return table.with_parts(
            table.fixations, table.offsets, columns=columns, integers=table.integers
        )

    def _refuse_other_frame(self, info: DatasetInfo) -> None:
        # The same coordinates on another screen score otherwise, but would carry this digest.
        if (info.name, info.screen_size) != (self.dataset, self.screen_size):
            made = DatasetInfo(name=self.dataset, screen_size=self.screen_size)
            raise DataError(
                f"protocol {self.name}: made from {made.name} (frame {made.frame}), but these "
                f"annotations are read as {info.name} (frame {info.frame}): set --dataset and "
                "--screen-size as they were"
            )

    def _absent(self, record: RecordId, scanpaths: Scanpaths) -> str:
        known = zip(scanpaths.image, scanpaths.finding, scanpaths.subject, strict=True)
        there = record[:3] in set(known)
        why = (
            "its fixations, screen or target box differ"
            if there
            else "it is not in these annotations"
        )
        return (
            f"protocol {self.name}: record {record.image}, {record.finding}: {why}: the protocol "
            f"was made from other data of {self.dataset}"
        )

    def counts(self) -> dict[str, Counter[str]]:
        """Number of records of each part by finding."""
        return {part: Counter(record.finding for record in self.records[part]) for part in PARTS}


def record_ids(scanpaths: Scanpaths) -> list[RecordId]:
    """The id of every record of a table."""
    fixations = _comparable(scanpaths.fixations)
    others = _comparable(
        np.column_stack([scanpaths.screen_sizes, scanpaths.target_boxes, scanpaths.correct])
    )
    bounds = pairwise(scanpaths.offsets.tolist())
    contents = (
        hashlib.sha256(fixations[start:stop].tobytes() + other.tobytes()).hexdigest()[:16]
        for (start, stop), other in zip(bounds, others, strict=True)
    )
    columns = (scanpaths.image, scanpaths.finding, scanpaths.subject)
    return [RecordId(*fields) for fields in zip(*columns, contents, strict=True)]


def _comparable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers whose bytes are equal where they are: -0.0 is 0.0, and every NaN the same absence."""
    same = np.ascontiguousarray(values, dtype="<f8") + 0.0
    same[np.isnan(same)] = np.nan
    return same


def make_protocol(
    scanpaths: Scanpaths,
    parts: Mapping[str, NDArray[np.bool_]],
    *,
    name: str,
    version: int,
    about: str,
    first_fixation: FirstFixation | None,
    metrics: Iterable[str] = METRICS,
) -> Protocol:
    """A protocol of some rows of a table.

    Args:
        scanpaths: recorded scanpaths.
        parts: mask of rows, (n,), of each part; a part that is left out is empty.
        name, version, about, metrics: as in `Protocol`.
        first_fixation: the rule; None takes the dataset's.
    """
    ids = record_ids(scanpaths)
    nothing: NDArray[Any] = np.zeros(len(ids), np.bool_)
    return Protocol(
        name=name,
        version=version,
        about=about,
        dataset=scanpaths.info.name,
        screen_size=scanpaths.info.screen_size,
        first_fixation=first_fixation or scanpaths.info.first_fixation,
        metrics=tuple(metrics),
        records={
            part: tuple(ids[row] for row in np.flatnonzero(parts.get(part, nothing)))
            for part in PARTS
        },
    )
