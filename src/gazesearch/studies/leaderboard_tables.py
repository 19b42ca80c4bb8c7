"""`Standings` as text, Markdown, HTML and JSON; the same bytes for the same board."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from gazesearch.evaluation.tables import aligned, title
from gazesearch.metrics import Metric
from gazesearch.studies.leaderboard_files import as_text

if TYPE_CHECKING:
    from gazesearch.studies.leaderboard_standings import Cell, Number, Row, Standings

_TEMPLATE: Final = "leaderboard.html.jinja"
_MARKS: Final = re.compile(r"""([\\`*_{}\[\]<>()#+!|&~:@$^="']|(?<=www)\.)""", re.IGNORECASE)
"""What Markdown of any kind makes something of, inside a line."""


def to_text(board: Standings) -> str:
    """Head, ranks, notes."""
    lines = [board.title, *_head(board), ""]
    head = ["rank", "name", *(f"{title(board.ranked_by)}, {label}" for label in board.groups)]
    rows = [[*_rank_and_name(row), *_ranking(board, row)] for row in board.rows]
    lines += [*aligned([head, *rows], left=(0, 1)), ""]
    for row in board.rows:
        lines += [f"{row.name}: {remark}" for remark in _said(row)]
    return "\n".join([*lines, *board.notes()]) + "\n"


def to_markdown(board: Standings) -> str:
    """The ranking, then every metric on all records."""
    lines = [f"# {_plain(board.title)}", "", *(f"{_plain(line)}  " for line in _head(board)), ""]
    head = ["rank", "submission", *(f"{title(board.ranked_by)}, {label}" for label in board.groups)]
    ranking = [[*_ranked_title(row), *_ranking(board, row)] for row in board.rows]
    lines += [*_piped([head, *ranking], left=2), "", "## All metrics", ""]
    rows = [["", *(title(metric) for metric in board.metrics)]]
    for row in board.rows:
        cells = (shown(_cell(row, board.groups[0], metric)) for metric in board.metrics)
        rows.append([_plain(row.about.title), *cells])
    lines += [*_piped(rows), "", "## Submissions", ""]
    for row in board.rows:
        lines.append(f"- **{_plain(row.about.title)}** ({_plain(row.name)}): {_about(row)}")
        lines += [f"    - {_plain(remark)}" for remark in _said(row)]
    lines += ["", "## How to read it", "", *(f"- {note}" for note in board.notes())]
    return "\n".join(lines) + "\n"


def to_html(board: Standings) -> str:
    """One page: its style stands in it, there is no script, and it asks for nothing."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = files("gazesearch.studies").joinpath(_TEMPLATE).read_text("utf-8")
    environment.filters["title"] = title
    return environment.from_string(template).render(
        board=board,
        head=list(_head(board)),
        rows=[_shown_row(board, row) for row in board.rows],
        notes=list(board.notes()),
    )


def to_json(board: Standings) -> str:
    """Everything."""
    return as_text(
        {
            "title": board.title,
            "dataset": board.dataset,
            "records": board.records,
            "protocol": asdict(board.protocol),
            "first_fixation": board.first_fixation,
            "annotations": board.annotations,
            "ranked_by": board.ranked_by.name,
            "tests": board.tests,
            "resamples": board.resamples,
            "rows": [asdict(row) | {"kind": row.kind} for row in board.rows],
            "notes": list(board.notes()),
        }
    )


def shown(cell: Cell | None) -> str:
    """A mean with its interval, as `0.4395 [0.425, 0.454]`.

    >>> shown(None)
    '–'
    """
    if cell is None:
        return "–"
    gaps = f", {cell.undefined:,} undefined" if cell.undefined else ""
    if not isinstance(cell.low, float) or not isinstance(cell.high, float):
        return f"{_number(cell.mean)} [no interval]{gaps}"
    return f"{_number(cell.mean)} [{cell.low:.3f}, {cell.high:.3f}]{gaps}"


def _number(value: Number) -> str:
    if value is None:
        return "undefined"
    return f"{value:.4f}" if isinstance(value, float) else value


def _cell(row: Row, group: str, metric: Metric) -> Cell | None:
    return row.cells[group].get(metric.name)


def _head(board: Standings) -> Iterator[str]:
    yield f"{board.dataset}, {board.records:,} records, first fixation {board.first_fixation}"
    yield f"protocol: {board.protocol}; annotations {board.annotations[:19]}"


def _rank_and_name(row: Row) -> list[str]:
    if row.about.kind == "control":
        return ["", f"{row.name} ({row.kind})"]
    return ["–" if row.rank is None else str(row.rank), row.name]


def _ranked_title(row: Row) -> list[str]:
    name = _plain(row.about.title)
    if row.about.kind == "control":
        return ["", f"*{name}* ({row.kind}{' †' if row.about.leak else ''})"]
    linked = name if row.about.link is None else f"[{name}](<{row.about.link}>)"
    return ["–" if row.rank is None else str(row.rank), linked]


def _ranking(board: Standings, row: Row) -> list[str]:
    return [shown(_cell(row, label, board.ranked_by)) for label in board.groups]


def _about(row: Row) -> str:
    about = row.about
    if about.kind == "control":
        return f"{row.kind}, predictions {row.digest[:19]}"
    authors = _plain(", ".join(about.authors))
    learned = "not said" if about.trained_on is None else _plain(about.trained_on)
    return (
        f"{authors}, {_plain(about.date or '')}; trained on: {learned}; predictions "
        f"{row.digest[:19]}"
    )


def _said(row: Row) -> Iterator[str]:
    """What is remarkable about an entry, a line each."""
    if row.tied:
        yield f"tied with: {', '.join(row.tied)}"
    if row.not_beaten:
        yield f"not significantly better than: {', '.join(row.not_beaten)}"
    yield from map(str, row.remarks)


def _plain(text: str) -> str:
    """A text of which Markdown makes nothing: every mark is escaped.

    >>> _plain("<b>|*x*")
    '\\\\<b\\\\>\\\\|\\\\*x\\\\*'
    """
    return _MARKS.sub(r"\\\1", text)


def _piped(rows: list[list[str]], *, left: int = 1) -> Iterator[str]:
    """A Markdown table of cells that are escaped already; `left` columns of text, then numbers."""
    head, *body = rows
    for row in (head, ["---"] * left + ["---:"] * (len(head) - left), *body):
        yield "| " + " | ".join(row) + " |"


# -- the page


def _shown_row(board: Standings, row: Row) -> dict[str, Any]:
    low, high = _range(board)
    main = _cell(row, board.groups[0], board.ranked_by)
    bar = None
    if main is not None and all(isinstance(v, float) for v in (main.mean, main.low, main.high)):
        at = [100 * (float(v) - low) / (high - low) for v in (main.low, main.mean, main.high)]  # type: ignore[arg-type]
        bar = {"left": f"{at[0]:.1f}", "width": f"{at[2] - at[0]:.1f}", "mean": f"{at[1]:.1f}"}
    return {
        "row": row,
        "bar": bar,
        "ranking": _ranking(board, row),
        "cells": [shown(_cell(row, board.groups[0], metric)) for metric in board.metrics],
        "said": list(_said(row)),
    }


def _range(board: Standings) -> tuple[float, float]:
    """Ends of the axis that all intervals fit on."""
    cells = (_cell(row, board.groups[0], board.ranked_by) for row in board.rows)
    ends = [v for cell in cells if cell for v in (cell.low, cell.high) if isinstance(v, float)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin
