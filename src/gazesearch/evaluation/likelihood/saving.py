"""`FixationScores` as a folder of files, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, GazeSearchError, first_line
from gazesearch.evaluation.likelihood.measures import FIXATIONS
from gazesearch.evaluation.likelihood.termination import Termination
from gazesearch.evaluation.likelihood.text import content, to_csv, to_markdown
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
from gazesearch.evaluation.tables import as_json
from gazesearch.files import RunRecord, digest, readable, write_text, written_whole
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import DatasetInfo, FirstFixation

if TYPE_CHECKING:
    import pyarrow

    from gazesearch.evaluation.likelihood.table import FixationsBy, FixationScores

LAYOUT: Final = 1
"""Version of what `save` writes."""

_FIXATIONS: Final = "fixations.parquet"
_DECISIONS: Final = "decisions.parquet"
_OBJECTS: Final = {
    "subject": ("int64", "string", "null"),
    "split": ("string", "null"),
    "source": ("string", "null"),
    "image_in_train": ("bool", "null"),
}


def arrow_of(keys: Mapping[str, NDArray[Any]], values: Mapping[str, NDArray[Any]]) -> pyarrow.Table:
    """Keys, then values, as Arrow."""
    import pyarrow as pa

    columns = {name: column.tolist() for name, column in keys.items()}
    if len({type(who) for who in columns["subject"] if who is not None}) > 1:
        columns["subject"] = [None if who is None else str(who) for who in columns["subject"]]
    return pa.table({**columns, **values})


def save(
    scores: FixationScores, folder: str | os.PathLike[str], by: FixationsBy | None = None
) -> None:
    """Write the tables, their means and `likelihood.json` into a folder."""
    root, found = Path(folder), scores.by(by)
    tables = {_FIXATIONS: scores.to_arrow()}
    if scores.termination is not None:
        one = scores.termination
        tables[_DECISIONS] = arrow_of(one.keys, {"log_stop": one.log_stop, "stopped": one.stopped})
    for name, table in tables.items():
        _write(table, root / name)
    write_text(root / "likelihood.csv", to_csv(scores, by, found=found))
    write_text(root / "likelihood.md", to_markdown(scores, by, found=found))
    digests = {name: digest(root / name) for name in tables}
    described = {"layout": LAYOUT, "rows": digests}
    result = content(scores, by, found=found) | {"fixation_scores": described}
    write_text(root / "likelihood.json", as_json(result))


def _write(table: pyarrow.Table, file: Path) -> None:
    from pyarrow import parquet

    with written_whole(file) as temporary:
        parquet.write_table(table, temporary, compression="zstd")


@dataclass(frozen=True, kw_only=True, eq=False)
class Saved:
    """The parts of a `FixationScores`, as they were read."""

    keys: dict[str, NDArray[Any]]
    values: dict[str, NDArray[np.float64]]
    termination: Termination | None
    counts: dict[str, int]
    model: str
    mix_uniform: float
    refused: dict[str, str]
    notes: tuple[str, ...]
    protocol: Stamp
    split: str
    first_fixation: FirstFixation
    dataset: DatasetInfo
    run: RunRecord


def load(folder: str | os.PathLike[str]) -> Saved:
    """Read what `save` wrote; see `FixationScores.load`."""
    root = Path(folder)
    file = readable(root / "likelihood.json")
    try:
        result = json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse_constant)
        described = field(result, "fixation_scores", dict)
        if described.get("layout") != LAYOUT:
            raise Faulty(f"layout {described.get('layout')!r}: this version reads {LAYOUT}")
        rule = field(result, "first_fixation", str)
        if rule not in get_args(FirstFixation):
            raise Faulty(f"first_fixation {rule!r}: must be one of {get_args(FirstFixation)}")
        digests = field(described, "rows", dict)
        rows = _table(root / _FIXATIONS, digests)
        share = result.get("mix_uniform")
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise Faulty("mix_uniform is no share")
        return Saved(
            keys=_keys(rows, "position"),
            values={
                one.name: rows.take(one.name, "double").to_numpy()
                for one in FIXATIONS
                if one.name in rows.table.column_names
            },
            termination=_termination(root, digests),
            counts=_counts(field(result, "counts", dict)),
            model=text(field(result, "model", str)),
            mix_uniform=float(share),
            refused=texts(field(result, "refused", dict)),
            notes=tuple(texts(dict(enumerate(field(result, "notes", list)))).values()),
            protocol=stamp(field(result, "protocol", dict)),
            split=text(field(result, "split", str)),
            first_fixation=rule,
            dataset=DatasetInfo.from_json(
                json.dumps(field(result, "dataset", dict)), source="dataset"
            ),
            run=run(field(result, "run", dict), needed=("model", "references")),
        )
    except (GazeSearchError, ValueError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, OSError):
            raise
        raise DataError(
            f"{file}: not a result of `gazesearch evaluate --likelihood --output` that can be "
            f"read: {first_line(error)}"
        ) from error


def _table(file: Path, digests: dict[str, Any]) -> Rows:
    if digests.get(file.name) != digest(readable(file)):
        raise Faulty(f"{file.name} beside it is another one than was written with it")
    return Rows.read(file)


def _keys(rows: Rows, *numbers: str) -> dict[str, NDArray[Any]]:
    keys = {name: rows.take(name, "int64").to_numpy() for name in ("record", "length", *numbers)}
    keys |= {name: rows.objects(name, "string") for name in ("image", "finding")}
    keys |= {name: rows.objects(name, *types, gaps=True) for name, types in _OBJECTS.items()}
    return rows.in_order(keys)


def _termination(root: Path, digests: dict[str, Any]) -> Termination | None:
    if _DECISIONS not in digests:
        return None
    rows = _table(root / _DECISIONS, digests)
    log_stop = rows.take("log_stop", "double").to_numpy()
    if not (log_stop <= 0).all():
        raise Faulty(f"{_DECISIONS}: log_stop must be log probabilities, 0 or below")
    return Termination(
        keys=_keys(rows, "after", "position"),
        log_stop=log_stop,
        stopped=rows.take("stopped", "bool").to_numpy(),
    )


def _counts(parts: dict[str, Any]) -> dict[str, int]:
    return {name: field(parts, name, int) for name in ("records", "fixations", "renormalised")}
