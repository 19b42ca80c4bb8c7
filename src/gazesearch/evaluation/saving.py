"""`Scores` as a folder of files, and back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics as metrics_
from gazesearch.evaluation.saved_parts import Faulty, Head, Rows, described, field, opened
from gazesearch.evaluation.tables import as_json, content, find, to_csv, to_markdown
from gazesearch.files import digest, write_text, written_whole
from gazesearch.metrics import Metric

if TYPE_CHECKING:
    from gazesearch.evaluation.scores import By, Scores

LAYOUT: Final = 1
"""Version of what `save` writes."""

INPUTS: Final = ("predictions", "references")
"""Inputs whose digests every result holds."""

NUMBERS: Final = ("record", "prediction", "draw", "length")
"""Keys that are whole numbers."""

_SEARCH: Final = ("first_on_target", "reference_first_on_target", "scanpath_ratio")


def save(scores: Scores, folder: str | os.PathLike[str], by: By | None = None) -> None:
    """Write scores.parquet, summary.csv, summary.md and results.json into a folder."""
    from pyarrow import parquet

    root, found = Path(folder), find(scores, by)
    rows = root / "scores.parquet"
    with written_whole(rows) as temporary:
        parquet.write_table(scores.to_arrow(), temporary, compression="zstd")
    write_text(root / "summary.csv", to_csv(scores, by, found=found))
    write_text(root / "summary.md", to_markdown(scores, by, found=found))
    told = {
        "layout": LAYOUT,
        "rows": digest(rows),
        "metrics": {metric.name: dict(metric.settings) for metric in scores.metrics},
    }
    result = content(scores, by, found=found) | {"scores": told}
    write_text(root / "results.json", as_json(result))


@dataclass(frozen=True, kw_only=True, eq=False)
class Saved:
    """The parts of a `Scores`, as they were read."""

    keys: dict[str, NDArray[Any]]
    values: dict[str, NDArray[np.float64]]
    metrics: tuple[Metric, ...]
    counts: dict[str, int]
    head: Head


def load(folder: str | os.PathLike[str]) -> Saved:
    """Read what `save` wrote; see `Scores.load`."""
    root = Path(folder)
    with opened(root / "results.json", "--output") as result:
        told = described(result, "scores", LAYOUT)
        chosen = metrics_of(told)
        head, counts = Head.of(result, needed=INPUTS), counts_of(result)
        table = Rows.read(root / "scores.parquet", told.get("rows"))
        return Saved(
            keys=keys_of(table),
            values=_values(table, chosen),
            metrics=chosen,
            counts=counts,
            head=head,
        )


def metrics_of(told: dict[str, Any]) -> tuple[Metric, ...]:
    """The metrics of a result, with their settings."""
    named = field(told, "metrics", dict)
    chosen = tuple(metrics_.get(name, **field(named, name, dict)) for name in named)
    if not chosen:
        raise Faulty("no metrics")
    return chosen


def counts_of(result: dict[str, Any]) -> dict[str, int]:
    """How many records a result has, as in `Counts`."""
    parts = field(result, "records", dict)
    counts = {
        name: field(parts, name, int) for name in ("scored", "missing", "surplus", "duplicated")
    }
    if any(count < 0 for count in counts.values()):
        raise Faulty("records: a count is below 0")
    return counts


def keys_of(table: Rows) -> dict[str, NDArray[Any]]:
    """The keys of a table of scores, in their order."""
    keys = table.keys(*NUMBERS)
    keys["predicted"] = table.take("predicted", "bool").to_numpy()
    return table.in_order(keys)


def _values(table: Rows, metrics: tuple[Metric, ...]) -> dict[str, NDArray[np.float64]]:
    needed = [_SEARCH if one.kind == "search" else (one.name,) for one in metrics]
    found = {name: table.take(name, "double") for some in needed for name in some}
    return table.in_order({name: column.to_numpy() for name, column in found.items()})
