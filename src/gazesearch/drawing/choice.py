"""Which records a picture shows: those of one image and finding, from several files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gazesearch.errors import DataError, UnknownName
from gazesearch.scanpaths import Scanpaths


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """What was chosen.

    Attributes:
        image, finding: of all chosen records.
        sources: one path each, by a name for the legend.
        notes: a line a source: which record it is, and how many others there are.
    """

    image: str
    finding: str
    sources: dict[str, Scanpaths]
    notes: tuple[str, ...]


def choose(
    tables: Mapping[str, Scanpaths],
    *,
    image: str | None = None,
    finding: str | None = None,
    subjects: Sequence[str] = (),
) -> Choice:
    """Pick the records to draw together.

    The first table decides: its first record with this image, finding and subject that its other
    subjects and the other tables have too. They give their first record of the same image and
    finding, of the same subject where they have it.

    Args:
        tables: by name; the first one is the one that is asked for.
        image: image name; None takes the first record's.
        finding: what was searched for.
        subjects: of the first table, as text; several become a source each.

    Raises:
        UnknownName: the first table has no such image, finding or subject.
        DataError: it has them, but not in one record; or another table has no such record.
    """
    name, table = next(iter(tables.items()))
    if len(table) == 0:
        raise DataError(f"{name}: holds no records")
    image = _known("image", image, table.image)
    finding = _known("finding", finding, table.finding)
    wanted = [_known("subject", who, table.subject) for who in dict.fromkeys(subjects)] or [None]
    first = _first_row(name, table, image=image, finding=finding, subject=wanted[0])
    others = [_searches(other) for other in list(tables.values())[1:]]
    for who in wanted[1:]:
        others.append(_searches(table[_rows(table, image=None, finding=None, subject=who)]))
    for row in _rows(table, image=image, finding=finding, subject=wanted[0]):
        if all((table.image[row], table.finding[row]) in searches for searches in others):
            first = row
            break
    image, finding = str(table.image[first]), str(table.finding[first])
    sources: dict[str, Scanpaths] = {}
    notes: list[str] = []
    for who in wanted:
        row = _first_row(name, table, image=image, finding=finding, subject=who)
        label = name if len(wanted) == 1 else f"{name}, subject {table.subject[row]}"
        sources[label] = table[row : row + 1]
        notes.append(_note(label, table, row))
    subject = None if table.subject[first] is None else str(table.subject[first])
    for other, rows in list(tables.items())[1:]:
        found = _rows(rows, image=image, finding=finding, subject=None)
        if len(found) == 0:
            raise DataError(f"{other}: has no record of image {image!r} and finding {finding!r}")
        same = [row for row in found if str(rows.subject[row]) == subject]
        row = int((same or found)[0])
        sources[other] = rows[row : row + 1]
        notes.append(_note(other, rows, row))
    return Choice(image=image, finding=finding, sources=sources, notes=tuple(notes))


def named_files(files: Sequence[Path]) -> dict[str, Path]:
    """Files by the shortest names that tell them apart.

    >>> list(named_files([Path("a/mine.json"), Path("b/mine.json"), Path("theirs.csv")]))
    ['a/mine', 'b/mine', 'theirs']
    """
    named: dict[str, Path] = {}
    stems = Counter(file.stem for file in files)
    for file in files:
        alone = stems[file.stem] == 1
        name = file.stem if alone else (file.parent / file.stem).as_posix()
        if name in named:
            name = file.as_posix()
        named[name] = file
    return named


def _searches(table: Scanpaths) -> set[tuple[str, str]]:
    return set(zip(table.image, table.finding, strict=True))


def _known(kind: str, wanted: str | None, column: Iterable[object]) -> str | None:
    if wanted is not None and wanted not in (names := {str(value) for value in column}):
        raise UnknownName(kind, wanted, names)
    return wanted


def _rows(
    table: Scanpaths, *, image: str | None, finding: str | None, subject: str | None
) -> list[int]:
    mask = np.ones(len(table), dtype=np.bool_)
    for wanted, column in (
        (image, table.image), (finding, table.finding), (subject, table.subject),
    ):  # fmt: skip
        if wanted is not None:
            mask &= np.array([str(value) == wanted for value in column], dtype=np.bool_)
    return [int(row) for row in np.flatnonzero(mask)]


def _first_row(
    name: str, table: Scanpaths, *, image: str | None, finding: str | None, subject: str | None
) -> int:
    rows = _rows(table, image=image, finding=finding, subject=subject)
    if not rows:
        asked = {"image": image, "finding": finding, "subject": subject}
        said = ", ".join(f"{key} {value!r}" for key, value in asked.items() if value is not None)
        found = _rows(table, image=image, finding=None, subject=None)
        there = ", ".join(sorted({str(table.finding[row]) for row in found}))
        raise DataError(f"{name}: no record has {said}: findings of the image: {there}")
    return rows[0]


def _note(label: str, table: Scanpaths, row: int) -> str:
    path = table[row]
    said = [f"record {row}", f"image {path.image}", f"finding {path.finding}"]
    if path.subject is not None:
        said.append(f"subject {path.subject}")
    if "draw" in table.columns:
        said.append(f"draw {path.draw}")
    count = len(path)
    said.append(f"{count} fixation{'s' * (count != 1)}")
    others = len(_rows(table, image=path.image, finding=path.finding, subject=None)) - 1
    more = f" ({others} more of this image and finding)" if others else ""
    return f"{label}: {', '.join(said)}{more}"
