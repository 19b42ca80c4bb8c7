"""`Audit`: everything that was looked at, as a terminal, JSON or a page shows it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gazesearch.audit.item import SEVERITIES, Item, Severity, worst
from gazesearch.errors import UnknownName
from gazesearch.files import RunRecord
from gazesearch.scanpaths import DatasetInfo


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """What is wrong with a dataset, and what that does to a benchmark.

    Attributes:
        items: all that was looked at, also where nothing was found; each name stands once.
        dataset: the description of what was audited.
        notes: what was guessed or left out when the file was read.
        run: versions, settings, seed and digests of the inputs.
    """

    items: tuple[Item, ...]
    dataset: DatasetInfo
    notes: tuple[str, ...]
    run: RunRecord

    def __getitem__(self, name: str) -> Item:
        """One item.

        Raises:
            UnknownName: nothing of this name was looked at.
        """
        named = {item.name: item for item in self.items}
        if name not in named:
            raise UnknownName("item of the audit", name, named)
        return named[name]

    @property
    def severity(self) -> Severity:
        """The gravest severity found."""
        return worst(item.severity for item in self.items)

    def at_least(self, severity: Severity) -> tuple[Item, ...]:
        """The items of this severity or a graver one.

        Raises:
            UnknownName: there is no such severity.
        """
        if severity not in SEVERITIES:
            raise UnknownName("severity", severity, SEVERITIES)
        allowed = SEVERITIES[SEVERITIES.index(severity) :]
        return tuple(item for item in self.items if item.severity in allowed)

    def to_table(self) -> str:
        """All items as text, for a terminal, the gravest first."""
        from gazesearch.audit.report import to_text

        return to_text(self)

    def to_json(self) -> str:
        """All items, their figures and tables, and the run record as JSON."""
        from gazesearch.audit.report import to_json

        return to_json(self)

    def to_html(self) -> str:
        """All items as one page that needs no other file and asks for none."""
        from gazesearch.audit.report import to_html

        return to_html(self)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write `audit.txt`, `audit.json` and `audit.html`.

        Raises:
            UnreadableFile: the folder cannot be written to.
        """
        from gazesearch.audit.report import save

        save(self, folder)

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{sum(item.severity == severity for item in self.items)} {severity}"
            for severity in reversed(SEVERITIES)
        )
        return f"<Audit: {self.dataset.name}, {counts}>"
