"""`DistributionScores` as a folder of files, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gazesearch.evaluation.distribution_forms import FORMS, Forms, table_of
from gazesearch.evaluation.distribution_tables import content, to_markdown
from gazesearch.evaluation.saved_parts import Faulty, Head, Rows, described, field, opened
from gazesearch.evaluation.saving import INPUTS, counts_of, keys_of, metrics_of
from gazesearch.evaluation.scores import Counts, Scores
from gazesearch.evaluation.tables import as_json
from gazesearch.files import digest, write_text, written_whole

if TYPE_CHECKING:
    import pyarrow

    from gazesearch.evaluation.distribution import DistributionScores

LAYOUT: Final = 1
"""Version of what `save` writes."""

_ROWS: Final = "distribution.parquet"


def save(found: DistributionScores, folder: str | os.PathLike[str]) -> None:
    """Write distribution.parquet, distribution.md and distribution.json into a folder."""
    from pyarrow import parquet

    root = Path(folder)
    with written_whole(root / _ROWS) as temporary:
        parquet.write_table(_arrow(found), temporary, compression="zstd")
    write_text(root / "distribution.md", to_markdown(found))
    told = {
        "layout": LAYOUT,
        "rows": digest(root / _ROWS),
        "metrics": {metric.name: dict(metric.settings) for metric in found.metrics},
        "forms": list(found.tables),
    }
    result = content(found) | {"distribution_scores": told}
    write_text(root / "distribution.json", as_json(result))


def _arrow(found: DistributionScores) -> pyarrow.Table:
    """One row per recorded path, all forms side by side."""
    table = found.energy.to_arrow()
    for form, scores in found.tables.items():
        if form != "energy":
            for name, values in scores.values.items():
                table = table.append_column(name, [values])
    return table


def load(folder: str | os.PathLike[str]) -> Forms:
    """Read what `save` wrote; see `DistributionScores.load`."""
    root = Path(folder)
    with opened(root / "distribution.json", "--distribution --output") as result:
        told = described(result, "distribution_scores", LAYOUT)
        metrics = metrics_of(told)
        if any(metric.kind != "pair" for metric in metrics):
            raise Faulty("distribution_scores: a metric that does not compare two paths")
        head, counts = Head.of(result, needed=INPUTS), Counts(**counts_of(result))
        rows = Rows.read(root / _ROWS, told.get("rows"))
        table = Scores(keys=keys_of(rows), values={}, metrics=metrics, counts=counts, **vars(head))
        draws = field(result, "draws", dict)
        return Forms(
            tables={form: _form(table, form, rows) for form in _forms(told)},
            fewest=field(draws, "fewest", int),
            most=field(draws, "most", int),
            metrics=metrics,
        )


def _forms(told: dict[str, Any]) -> list[str]:
    """The forms that were saved; people may be absent."""
    named: list[str] = field(told, "forms", list)
    if [form for form in FORMS if form in named or form != "people"] != named:
        raise Faulty(f"distribution_scores: forms must be {', '.join(FORMS)}, the last may lack")
    return named


def _form(table: Scores, form: str, rows: Rows) -> Scores:
    values = {
        metric.name: rows.take(f"{metric.name}_{form}", "double").to_numpy()
        for metric in table.metrics
    }
    return table_of(table, form, values)
