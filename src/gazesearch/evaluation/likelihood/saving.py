"""`FixationScores` as a folder of files, and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.evaluation.likelihood.measures import FIXATIONS
from gazesearch.evaluation.likelihood.termination import Termination
from gazesearch.evaluation.likelihood.text import content, to_csv, to_markdown
from gazesearch.evaluation.saved_parts import Faulty, Head, Rows, described, field, opened, text
from gazesearch.evaluation.tables import as_json
from gazesearch.files import digest, write_text, written_whole

if TYPE_CHECKING:
    import pyarrow

    from gazesearch.evaluation.likelihood.table import FixationsBy, FixationScores

LAYOUT: Final = 1
"""Version of what `save` writes."""

_FIXATIONS: Final = "fixations.parquet"
_DECISIONS: Final = "decisions.parquet"


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
    told = {"layout": LAYOUT, "rows": digests}
    result = content(scores, by, found=found) | {"fixation_scores": told}
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
    head: Head


def load(folder: str | os.PathLike[str]) -> Saved:
    """Read what `save` wrote; see `FixationScores.load`."""
    root = Path(folder)
    with opened(root / "likelihood.json", "--likelihood --output") as result:
        told = described(result, "fixation_scores", LAYOUT)
        digests = field(told, "rows", dict)
        rows = Rows.read(root / _FIXATIONS, digests.get(_FIXATIONS))
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
            head=Head.of(result, needed=("model", "references")),
        )


def _keys(rows: Rows, *numbers: str) -> dict[str, NDArray[Any]]:
    return rows.in_order(rows.keys("record", "length", *numbers))


def _termination(root: Path, digests: dict[str, Any]) -> Termination | None:
    if _DECISIONS not in digests:
        return None
    rows = Rows.read(root / _DECISIONS, digests[_DECISIONS])
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
