"""An `Audit` as text, JSON and a page, and as a folder of files."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gazesearch.audit.item import SEVERITIES, Item, Severity, Table, Value, number
from gazesearch.files import write_text

if TYPE_CHECKING:
    from gazesearch.audit.result import Audit

WIDTH: Final = 100
_TEMPLATE: Final = "report.html.jinja"


def to_text(audit: Audit) -> str:
    """Head, the items from grave to mild, notes."""
    lines = [f"{audit.dataset.name} {audit.dataset.frame}: {_summary(audit)}", ""]
    for item in _by_severity(audit):
        lines += [*_item(item), ""]
    return "\n".join([*lines, *audit.notes]).rstrip() + "\n"


def to_json(audit: Audit) -> str:
    """Everything, for machines; undefined numbers are null."""
    result: dict[str, Any] = {
        "severity": audit.severity,
        "counts": _counts(audit),
        "items": [asdict(item) for item in audit.items],
        "notes": list(audit.notes),
        "dataset": asdict(audit.dataset),
        "run": asdict(audit.run),
    }
    return json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def to_html(audit: Audit) -> str:
    """One page: its style stands in it, there is no script, and it asks for nothing."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["value"] = shown
    template = files("gazesearch.audit").joinpath(_TEMPLATE).read_text("utf-8")
    return environment.from_string(template).render(
        audit=audit,
        items=list(_by_severity(audit)),
        counts=_counts(audit),
        summary=_summary(audit),
    )


def save(audit: Audit, folder: str | os.PathLike[str]) -> None:
    """Write audit.txt, audit.json and audit.html into a folder."""
    root = Path(folder)
    write_text(root / "audit.txt", to_text(audit))
    write_text(root / "audit.json", to_json(audit))
    write_text(root / "audit.html", to_html(audit))


def shown(value: Value) -> str:
    """A figure as people read it.

    >>> shown(4875), shown(0.98359), shown(None)
    ('4,875', '0.9836', 'undefined')
    """
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else value


def _counts(audit: Audit) -> dict[Severity, int]:
    return {
        severity: sum(item.severity == severity for item in audit.items)
        for severity in reversed(SEVERITIES)
    }


def _summary(audit: Audit) -> str:
    counts = _counts(audit)
    return (
        f"{number(counts['error'], 'error')}, {number(counts['warning'], 'warning')}, "
        f"{counts['info']:,} for information"
    )


def _by_severity(audit: Audit) -> list[Item]:
    return sorted(audit.items, key=lambda item: -SEVERITIES.index(item.severity))


def _item(item: Item) -> Iterator[str]:
    yield f"{item.severity.upper():8}{item.name}"
    # What was looked at without a finding takes one sentence; JSON and the page have both.
    plain = item.severity == "info" and item.table is None
    for sentence in (item.found,) if plain else (item.found, item.effect):
        yield from textwrap.wrap(
            sentence,
            WIDTH,
            initial_indent=" " * 8,
            subsequent_indent=" " * 8,
            break_long_words=False,
            break_on_hyphens=False,
        )
    if item.table is not None:
        yield from (f"{'':10}{line}" for line in _aligned(item.table))
    if item.severity != "info":
        yield from (f"{'':10}{example}" for example in item.examples)


def _aligned(table: Table) -> Iterator[str]:
    rows = [table.columns, *([shown(value) for value in row] for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    for name, *cells in rows:
        right = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *right]).rstrip()
