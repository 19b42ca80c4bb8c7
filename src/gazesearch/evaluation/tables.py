"""`Scores` as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from gazesearch.evaluation.intervals import RESAMPLES, Interval
from gazesearch.metrics import Metric

if TYPE_CHECKING:
    from gazesearch.evaluation.means import Mask
    from gazesearch.evaluation.scores import By, Scores, Summary

GROUPS_A_TABLE: Final = 4

Found = dict[str, dict[str, tuple["Summary", Interval]]]
"""Mean and interval by group and metric."""


def find(scores: Scores, by: By | None = None) -> Found:
    """What the tables show; computed once where several are made."""
    found: Found = {}
    for label, mask in scores.groups(by).items():
        intervals = scores.intervals(mask)
        names = [metric.name for metric in scores.metrics]
        found[label] = {name: (scores.summary(name, mask), intervals[name]) for name in names}
    return found


def to_text(scores: Scores, by: By | None = None, *, found: Found | None = None) -> str:
    """The summary for a terminal: head, one table per few groups, what was refused, notes."""
    lines = [*_head(scores), ""]
    for groups in _chunks(found or find(scores, by)):
        left = range(0, 2 * len(groups) + 1, 2)  # titles and numbers of values
        lines += [*aligned(_rows(scores, groups), left=left), ""]
    return "\n".join([*lines, *_foot(scores, by)]).rstrip() + "\n"


def to_markdown(scores: Scores, by: By | None = None, *, found: Found | None = None) -> str:
    """The summary as Markdown."""
    lines = [*(line + "  " for line in _head(scores)), ""]
    for groups in _chunks(found or find(scores, by)):
        lines += [*piped(_rows(scores, groups)), ""]
    return "\n".join([*lines, *(f"- {line}" for line in _foot(scores, by))]).rstrip() + "\n"


def to_csv(scores: Scores, by: By | None = None, *, found: Found | None = None) -> str:
    """The summary as CSV, one row per group and metric, numbers in full."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ("group", "metric", "mean", "std", "best", "n", "undefined", "higher_is_better")
    writer.writerow((*head, "low", "high", "images"))
    for label, by_metric in (found or find(scores, by)).items():
        for metric in scores.metrics:
            one, interval = by_metric[metric.name]
            numbers = (_or_empty(value) for value in (one.mean, one.std, one.best))
            ends = (_or_empty(value) for value in (interval.low, interval.high))
            counts = (one.n, one.undefined, metric.higher_is_better)
            writer.writerow((label, metric.name, *numbers, *counts, *ends, interval.images))
    return out.getvalue()


def to_json(scores: Scores, by: By | None = None) -> str:
    """Counts, summaries, refusals, notes and the run record as JSON; undefined numbers are null."""
    return as_json(content(scores, by))


def content(scores: Scores, by: By | None = None, *, found: Found | None = None) -> dict[str, Any]:
    """What `to_json` writes."""
    groups = scores.groups(by)
    found = found or find(scores, by)
    whole, *parts = (
        (label, {"metrics": _summaries(scores, mask, found[label])})
        for label, mask in groups.items()
    )
    return {
        "records": asdict(scores.counts),
        "metrics": whole[1]["metrics"],
        "groups": dict(parts),
        "refused": dict(scores.refused),
        "notes": list(scores.notes),
        "protocol": asdict(scores.protocol),
        "split": scores.split,
        "first_fixation": scores.first_fixation,
        "dataset": asdict(scores.dataset),
        "run": asdict(scores.run),
    }


# -- what tables of scores and of comparisons share


def as_json(result: dict[str, Any]) -> str:
    """JSON text of a result that holds no NaN."""
    return json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def aligned(rows: Iterable[list[str]], *, left: Sequence[int] = (0,)) -> Iterator[str]:
    """A table for a terminal: columns to the right, but for those named."""
    table = list(rows)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = enumerate(zip(row, widths, strict=True))
        parts = (c.ljust(width) if i in left else c.rjust(width) for i, (c, width) in cells)
        yield "  ".join(parts).rstrip()


def piped(rows: Iterable[list[str]]) -> Iterator[str]:
    """A Markdown table: columns to the right, but for the first."""
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    for row in (head, rule, *body):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def title(metric: Metric) -> str:
    """A metric as rows of tables name it: title, unit, direction."""
    unit = f" [{metric.unit}]" if metric.unit else ""
    return f"{metric.title}{unit} {'↑' if metric.higher_is_better else '↓'}"


def number(value: float, low: float, high: float, *, signed: bool = False) -> str:
    """A value with its interval, as `0.4395 [0.425, 0.454]`."""
    if math.isnan(value):
        return "undefined"
    sign = "+" if signed else ""
    if math.isnan(low) or math.isnan(high):
        return f"{value:{sign}.4f} [no interval]"
    return f"{value:{sign}.4f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def or_none(value: float) -> float | str | None:
    """A number as JSON has it: null where undefined, text where infinite."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


# -- parts of tables of scores


def _head(scores: Scores) -> Iterator[str]:
    counts = scores.counts
    split = "all records" if scores.split == "all" else f"split {scores.split}"
    yield f"{scores.dataset.name}, {split}, first fixation {scores.first_fixation}"
    yield f"protocol: {scores.protocol}"
    yield (
        f"{counts.scored:,} record{'s' * (counts.scored != 1)} scored, {counts.missing:,} missing, "
        f"{counts.surplus:,} surplus, {counts.duplicated:,} duplicated"
    )


def _foot(scores: Scores, by: By | None) -> Iterator[str]:
    yield "↑ higher is better, ↓ lower is better"
    yield f"[95% interval]: bootstrap over images, {RESAMPLES:,} resamples; none under two images"
    if scores.several_draws:
        yield "several predictions a record: their mean, in parentheses the best of them"
    for why in dict.fromkeys(scores.refused.values()):
        names = ", ".join(name for name, reason in scores.refused.items() if reason == why)
        yield f"not computed: {names}: {why}"
    yield from scores.notes
    if by == "subject" and any(metric.kind == "map" for metric in scores.metrics):
        yield "fixation maps pool all people of an image: a subject's column shows the pooled value"


def _chunks(found: Found) -> Iterator[Found]:
    labels = list(found)
    for start in range(0, len(labels), GROUPS_A_TABLE):
        yield {label: found[label] for label in labels[start : start + GROUPS_A_TABLE]}


def _rows(scores: Scores, groups: Found) -> Iterator[list[str]]:
    """Head and one row a metric: its mean in each group, and how many values that rests on."""
    yield ["", *(part for label in groups for part in (label, "n"))]
    for metric in scores.metrics:
        cells = [by_metric[metric.name] for by_metric in groups.values()]
        yield [title(metric), *(part for one in cells for part in (_mean(*one), _n(one[0])))]


def _mean(found: Summary, interval: Interval) -> str:
    mean = number(found.mean, interval.low, interval.high)
    return mean if found.best is None else f"{mean} ({found.best:.4f})"


def _n(found: Summary) -> str:
    return f"{found.n:,}" + (f", {found.undefined:,} undefined" if found.undefined else "")


def _summaries(
    scores: Scores, mask: Mask, by_metric: dict[str, tuple[Summary, Interval]]
) -> dict[str, dict[str, Any]]:
    summaries: dict[str, dict[str, Any]] = {}
    for metric in scores.metrics:
        found, interval = by_metric[metric.name]
        summaries[metric.name] = {
            "mean": or_none(found.mean),
            "n": found.n,
            "undefined": found.undefined,
            "higher_is_better": metric.higher_is_better,
            "std": or_none(found.std),
            "low": or_none(interval.low),
            "high": or_none(interval.high),
            "images": interval.images,
        }
        if found.best is not None:
            summaries[metric.name]["best"] = or_none(found.best)
        if metric.kind == "search" and metric.name.startswith("tfp"):
            summaries[metric.name]["curve"] = _all_or_none(scores.curve(mask).tolist())
            reference = scores.curve(mask, reference=True).tolist()
            summaries[metric.name]["reference_curve"] = _all_or_none(reference)
    return summaries


def _all_or_none(values: Sequence[float]) -> list[float | str | None]:
    return [or_none(value) for value in values]


def _or_empty(value: float | None) -> float | str:
    return "" if value is None or math.isnan(value) else value
