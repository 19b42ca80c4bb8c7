"""A `Check` as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gazesearch.evaluation.tables import aligned, as_json, find, number, or_none, title

if TYPE_CHECKING:
    from gazesearch.evaluation.scores import Scores
    from gazesearch.studies.submission import Check


def to_text(check: Check) -> str:
    """What was scored, the remarks, the row."""
    truth = check.truth
    lines = [
        f"protocol: {truth.protocol}, first fixation {truth.first_fixation}",
        f"{int(truth.rows.sum()):,} records are scored",
        "",
    ]
    lines += [f"{remark.grade.upper():9} {remark}" for remark in check.remarks]
    if not check.remarks:
        lines.append("nothing to remark")
    if check.scores is None:
        lines += ["", "no row: mend what blocks first"]
    else:
        counts = check.scores.counts
        missing = f", {counts.missing:,} missing, which count" if counts.missing else ""
        lines += ["", f"the row it would get ({counts.scored:,} records scored{missing}):"]
        lines += aligned(_row(check.scores))
        lines += ["↑ higher is better, ↓ lower is better; [95% interval] by bootstrap over images"]
    return "\n".join(lines) + "\n"


def to_json(check: Check) -> str:
    """Remarks and row, numbers in full."""
    return as_json(
        {
            "ready": not check.blocking,
            "remarks": [asdict(remark) for remark in check.remarks],
            "row": None if check.scores is None else _groups(check.scores),
            "protocol": asdict(check.truth.protocol),
            "first_fixation": check.truth.first_fixation,
        }
    )


def _row(scores: Scores) -> Iterator[list[str]]:
    found = find(scores)
    yield ["", *found]
    for metric in scores.metrics:
        cells = []
        for by_metric in found.values():
            summary, interval = by_metric[metric.name]
            gaps = f", {summary.undefined:,} undefined" if summary.undefined else ""
            cells.append(number(summary.mean, interval.low, interval.high) + gaps)
        yield [title(metric), *cells]


def _groups(scores: Scores) -> dict[str, Any]:
    return {
        label: {
            name: {
                "mean": or_none(summary.mean),
                "low": or_none(interval.low),
                "high": or_none(interval.high),
                "n": summary.n,
                "undefined": summary.undefined,
            }
            for name, (summary, interval) in by_metric.items()
        }
        for label, by_metric in find(scores).items()
    }
