"""`Scores` as a folder of files, and back."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics as metrics_
from gazesearch.errors import DataError, GazeSearchError, first_line
from gazesearch.evaluation.saved_parts import (
    Faulty,
    Rows,
    field,
    refuse_constant,
    run,
    stamp,
    text,
    texts,
)
from gazesearch.evaluation.tables import as_json, content, find, to_csv, to_markdown
from gazesearch.files import RunRecord, digest, readable, write_text, written_whole
from gazesearch.metrics import Metric
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import DatasetInfo, FirstFixation

if TYPE_CHECKING:
    from gazesearch.evaluation.scores import By, Scores

LAYOUT: Final = 1
"""Version of what `save` writes."""

_INTEGERS: Final = ("record", "prediction", "draw", "length")
_TEXTS: Final = ("image", "finding")
_OBJECTS: Final = {
    "subject": ("int64", "string", "null"),
    "split": ("string", "null"),
    "source": ("string", "null"),
    "image_in_train": ("bool", "null"),
}
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
    described = {
        "layout": LAYOUT,
        "rows": digest(rows),
        "metrics": {metric.name: dict(metric.settings) for metric in scores.metrics},
    }
    result = content(scores, by, found=found) | {"scores": described}
    write_text(root / "results.json", as_json(result))


@dataclass(frozen=True, kw_only=True, eq=False)
class Saved:
    """The parts of a `Scores`, as they were read."""

    keys: dict[str, NDArray[Any]]
    values: dict[str, NDArray[np.float64]]
    metrics: tuple[Metric, ...]
    counts: dict[str, int]
    refused: dict[str, str]
    notes: tuple[str, ...]
    protocol: Stamp
    split: str
    first_fixation: FirstFixation
    dataset: DatasetInfo
    run: RunRecord


def load(folder: str | os.PathLike[str]) -> Saved:
    """Read what `save` wrote; see `Scores.load`."""
    root = Path(folder)
    file, rows = readable(root / "results.json"), readable(root / "scores.parquet")
    try:
        result = json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse_constant)
        described = field(result, "scores", dict)
        if described.get("layout") != LAYOUT:
            raise Faulty(f"layout {described.get('layout')!r}: this version reads {LAYOUT}")
        chosen = tuple(
            metrics_.get(name, **field(described["metrics"], name, dict))
            for name in field(described, "metrics", dict)
        )
        if not chosen:
            raise Faulty("scores: no metrics")
        rule = field(result, "first_fixation", str)
        if rule not in get_args(FirstFixation):
            raise Faulty(f"first_fixation {rule!r}: must be one of {get_args(FirstFixation)}")
        if described.get("rows") != digest(rows):
            raise Faulty("scores.parquet beside it is another one than was written with it")
        table = Rows.read(rows)
        return Saved(
            keys=_keys(table),
            values=_values(table, chosen),
            metrics=chosen,
            counts=_counts(field(result, "records", dict)),
            refused=texts(field(result, "refused", dict)),
            notes=tuple(texts(dict(enumerate(field(result, "notes", list)))).values()),
            protocol=stamp(field(result, "protocol", dict)),
            split=text(field(result, "split", str)),
            first_fixation=rule,
            dataset=DatasetInfo.from_json(
                json.dumps(field(result, "dataset", dict)), source="dataset"
            ),
            run=run(field(result, "run", dict), needed=("predictions", "references")),
        )
    except (GazeSearchError, ValueError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, OSError):
            raise
        reason = first_line(error)
        raise DataError(
            f"{file}: not a result of `gazesearch evaluate --output` that can be read: {reason}"
        ) from error


def _counts(parts: dict[str, Any]) -> dict[str, int]:
    counts = {
        name: field(parts, name, int) for name in ("scored", "missing", "surplus", "duplicated")
    }
    if any(count < 0 for count in counts.values()):
        raise Faulty("records: a count is below 0")
    return counts


def _keys(table: Rows) -> dict[str, NDArray[Any]]:
    keys = {name: table.take(name, "int64").to_numpy() for name in _INTEGERS}
    keys |= {name: table.objects(name, "string") for name in _TEXTS}
    keys |= {name: table.objects(name, *types, gaps=True) for name, types in _OBJECTS.items()}
    keys["predicted"] = table.take("predicted", "bool").to_numpy()
    return table.in_order(keys)


def _values(table: Rows, metrics: tuple[Metric, ...]) -> dict[str, NDArray[np.float64]]:
    needed = [_SEARCH if one.kind == "search" else (one.name,) for one in metrics]
    found = {name: table.take(name, "double") for some in needed for name in some}
    return table.in_order({name: column.to_numpy() for name, column in found.items()})
