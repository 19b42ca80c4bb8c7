"""One thing that an audit looked at: what was found, how bad it is, what it does to scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from gazesearch.scanpaths import Scanpaths

Severity = Literal["info", "warning", "error"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "error")
"""From mild to grave."""

Value = int | float | str | None
Rows = NDArray[np.intp]
EXAMPLES: Final = 5


@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures by group: names of the columns, and rows of as many values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that was looked at.

    Attributes:
        name: what was looked at; stands once in an audit and never changes its meaning.
        severity: `info`: nothing to mend; `warning`: some scores mean less than they seem to;
            `error`: scores of the test split are wrong, or cannot be had.
        found: one sentence of what was found.
        effect: one sentence of what that does to a benchmark.
        figures: the numbers behind it, by name.
        table: figures by group, where there are groups.
        examples: the first few records or images that it concerns.
    """

    name: str
    severity: Severity
    found: str
    effect: str
    figures: Mapping[str, Value] = field(default_factory=dict)
    table: Table | None = None
    examples: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name in words."""
        return self.name.replace("_", " ").capitalize()


def records(paths: Scanpaths, rows: Rows) -> tuple[str, ...]:
    """The first few of the given rows, as a report names records."""
    return tuple(_record(paths, int(row)) for row in rows[:EXAMPLES])


def first(names: Iterable[str]) -> tuple[str, ...]:
    """The first few names, sorted."""
    return tuple(sorted(names)[:EXAMPLES])


def number(n: int, noun: str, plural: str | None = None) -> str:
    """A number and what it counts.

    >>> number(1, "record"), number(2100, "person", "people")
    ('1 record', '2,100 people')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def worst(severities: Iterable[Severity]) -> Severity:
    """The gravest of several; `info` of none."""
    return max(severities, key=SEVERITIES.index, default="info")


def _record(paths: Scanpaths, row: int) -> str:
    path = paths[row]
    parts = [path.image, path.finding]
    if path.subject is not None:
        parts.append(f"subject {path.subject}")
    if path.split is not None:
        parts.append(path.split)
    return f"record {row}: {', '.join(parts)}"
