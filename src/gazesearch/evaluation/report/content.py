"""What a page is made of: sections of texts, tables, figures, and words for what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gazesearch.evaluation.report.commands import Command
from gazesearch.evaluation.report.plot import Plot


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A number, or a word, and the command that it comes from; names break in lines."""

    text: str
    source: Command | None = None
    name: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of the page.

    Attributes:
        caption: above it.
        columns: heads; the first is that of the row heads.
        rows: a head each, then a cell a column.
        notes: below it.
    """

    caption: str
    columns: tuple[Cell, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    notes: tuple[str, ...] = ()

    kind = "table"

    @property
    def source(self) -> Command | None:
        """The command that all numbers come from; None where the heads of columns name them."""
        if any(column.source for column in self.columns):
            return None
        found = {cell.source for _, cells in self.rows for cell in cells}
        return next(iter(found)) if len(found) == 1 else None


@dataclass(frozen=True, kw_only=True)
class Words:
    """A paragraph; `absent` where something is missing, `command` is what would add it."""

    text: str
    absent: bool = False
    command: str | None = None

    kind = "words"


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """A paragraph whose sentences name the commands that their numbers come from."""

    sentences: tuple[tuple[str, tuple[Command, ...]], ...]

    kind = "sentences"

    @property
    def runs(self) -> list[tuple[str, tuple[Command, ...]]]:
        """Sentences one after the other that share their commands, as one."""
        return [
            (" ".join(text for text, _ in some), sources)
            for sources, some in groupby(self.sentences, key=lambda sentence: sentence[1])
        ]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list under a small heading."""

    title: str
    items: tuple[str, ...]

    kind = "list"


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Figures side by side."""

    plots: tuple[Plot, ...]

    kind = "gallery"


Part = Table | Words | Sentences | Listed | Plot | Gallery


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page with a heading of its own; `name` is its anchor."""

    name: str
    title: str
    parts: tuple[Part, ...]


def plots_of(sections: Sequence[Section]) -> list[Plot]:
    """All figures, in the order of the page."""
    found: list[Plot] = []
    for section in sections:
        for part in section.parts:
            if isinstance(part, Plot):
                found.append(part)
            elif isinstance(part, Gallery):
                found += part.plots
    return found
