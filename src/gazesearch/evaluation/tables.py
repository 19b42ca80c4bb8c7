"""`Scores` as text, Markdown, CSV and JSON, and as a folder of files."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gazesearch.errors import DataError
from gazesearch.files import write_text, written_whole
from gazesearch.metrics import Metric

if TYPE_CHECKING:
    from gazesearch.evaluation.scores import By, Mask, Scores, Summary

GROUPS_A_TABLE: Final = 4


def to_text(scores: Scores, by: By | None = None) -> str:
    """The summary for a terminal: head, one table per few groups, what was refused, notes."""
    lines = [*_head(scores), ""]
    for groups in _chunks(scores.groups(by)):
        table = list(_rows(scores, groups))
        lines += [*_aligned(table, left=range(2, len(table[0]), 2)), ""]
    return "\n".join([*lines, *_foot(scores, by)]).rstrip() + "\n"


def to_markdown(scores: Scores, by: By | None = None) -> str:
    """The summary as Markdown."""
    lines = [*(line + "  " for line in _head(scores)), ""]
    for groups in _chunks(scores.groups(by)):
        head, *body = _rows(scores, groups)
        rule = ["---", *["---:"] * (len(head) - 1)]
        rows = [[cell.replace("|", "\\|") for cell in row] for row in (head, rule, *body)]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        lines.append("")
    return "\n".join([*lines, *(f"- {line}" for line in _foot(scores, by))]).rstrip() + "\n"


def side_by_side(results: Mapping[str, Scores]) -> str:
    """Summaries of several predictors for a terminal: a row a metric, a column a predictor.

    Args:
        results: scores by the name of the predictor.

    Raises:
        DataError: there is none, or they were not scored on the same records by the same rule.
    """
    if not results:
        raise DataError("side_by_side: no results given")
    first, *others = results
    for other in others:
        if _scored(results[other]) != _scored(results[first]):
            raise DataError(
                f"{first} and {other} were not scored on the same records by the same rule: "
                "score both against the same references"
            )
    rows = [["", *results, "n"]]
    for metric in dict.fromkeys(m for scores in results.values() for m in scores.metrics):
        found = [s.summary(metric.name) if metric in s.metrics else None for s in results.values()]
        means = ("-" if one is None else _number(one) for one in found)
        rows.append([_title(metric), *means, _ns([one for one in found if one is not None])])
    lines = [*_told(results, _head), "", *_aligned(rows, left=[len(results) + 1]), ""]
    lines.append("n: values behind a mean, in the order of the columns where they differ")
    return "\n".join([*lines, *_told(results, lambda scores: _foot(scores, None))]) + "\n"


def to_csv(scores: Scores, by: By | None = None) -> str:
    """The summary as CSV, one row per group and metric, numbers in full."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("group", "metric", "mean", "std", "best", "n", "undefined", "higher_is_better")
    )
    for label, mask in scores.groups(by).items():
        for metric in scores.metrics:
            found = scores.summary(metric.name, mask)
            numbers = (_or_empty(value) for value in (found.mean, found.std, found.best))
            writer.writerow(
                (label, metric.name, *numbers, found.n, found.undefined, metric.higher_is_better)
            )
    return out.getvalue()


def to_json(scores: Scores, by: By | None = None) -> str:
    """Counts, summaries, refusals, notes and the run record as JSON; undefined numbers are null."""
    groups = scores.groups(by)
    whole, *parts = groups.items()
    result: dict[str, Any] = {
        "records": asdict(scores.counts),
        "metrics": _summaries(scores, whole[1]),
        "groups": {label: {"metrics": _summaries(scores, mask)} for label, mask in parts},
        "refused": dict(scores.refused),
        "notes": list(scores.notes),
        "protocol": asdict(scores.protocol),
        "split": scores.split,
        "first_fixation": scores.first_fixation,
        "dataset": asdict(scores.dataset),
        "run": asdict(scores.run),
    }
    return json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def save(scores: Scores, folder: str | os.PathLike[str], by: By | None = None) -> None:
    """Write results.json, scores.parquet, summary.csv and summary.md into a folder."""
    from pyarrow import parquet

    root = Path(folder)
    with written_whole(root / "scores.parquet") as temporary:
        parquet.write_table(scores.to_arrow(), temporary, compression="zstd")
    write_text(root / "summary.csv", to_csv(scores, by))
    write_text(root / "summary.md", to_markdown(scores, by))
    write_text(root / "results.json", to_json(scores, by))


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
    if scores.several_draws:
        yield "several predictions a record: their mean, in parentheses the best of them"
    for why in dict.fromkeys(scores.refused.values()):
        names = ", ".join(name for name, reason in scores.refused.items() if reason == why)
        yield f"not computed: {names}: {why}"
    yield from scores.notes
    if by == "subject" and any(metric.kind == "map" for metric in scores.metrics):
        yield "fixation maps pool all people of an image: a subject's column shows the pooled value"


def _chunks(groups: dict[str, Mask]) -> Iterator[dict[str, Mask]]:
    labels = list(groups)
    for start in range(0, len(labels), GROUPS_A_TABLE):
        yield {label: groups[label] for label in labels[start : start + GROUPS_A_TABLE]}


def _rows(scores: Scores, groups: dict[str, Mask]) -> Iterator[list[str]]:
    """Head and one row a metric: its mean in each group, and how many values that rests on."""
    yield ["", *(part for label in groups for part in (label, "n"))]
    for metric in scores.metrics:
        found = [scores.summary(metric.name, mask) for mask in groups.values()]
        yield [_title(metric), *(part for one in found for part in (_number(one), _n(one)))]


def _title(metric: Metric) -> str:
    unit = f" [{metric.unit}]" if metric.unit else ""
    return f"{metric.title}{unit} {'↑' if metric.higher_is_better else '↓'}"


def _number(found: Summary) -> str:
    mean = "undefined" if math.isnan(found.mean) else f"{found.mean:.4f}"
    return mean if found.best is None else f"{mean} ({found.best:.4f})"


def _n(found: Summary) -> str:
    return f"{found.n:,}" + (f", {found.undefined:,} undefined" if found.undefined else "")


def _ns(found: Sequence[Summary]) -> str:
    """`_n` of several: each number once if all have it, else one after the other."""
    n, undefined = (
        "/".join(map("{:,}".format, numbers if len(set(numbers)) > 1 else numbers[:1]))
        for numbers in ([one.n for one in found], [one.undefined for one in found])
    )
    return n if undefined == "0" else f"{n}, {undefined} undefined"


def _scored(scores: Scores) -> tuple[object, ...]:
    """What two results must share to be compared: the rule, and the records one by one."""
    columns = (scores.keys[key] for key in ("record", "image", "finding", "subject", "length"))
    records = dict.fromkeys(zip(*(column.tolist() for column in columns), strict=True))
    return (scores.dataset.frame, scores.split, scores.first_fixation, tuple(records))


def _told(results: Mapping[str, Scores], lines: Callable[[Scores], Iterable[str]]) -> Iterator[str]:
    """The lines of all results, each once; by name those that are not true of all."""
    names: dict[str, list[str]] = {}
    for name, scores in results.items():
        for line in dict.fromkeys(lines(scores)):
            names.setdefault(line, []).append(name)
    for line, whose in names.items():
        yield line if len(whose) == len(results) else f"{', '.join(whose)}: {line}"


def _aligned(table: Sequence[Sequence[str]], *, left: Iterable[int]) -> Iterator[str]:
    """Lines of a table; the first column and those named stand left, the others right."""
    at_left = {0, *left}
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = (
            cell.ljust(width) if i in at_left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _summaries(scores: Scores, mask: Mask) -> dict[str, dict[str, Any]]:
    summaries: dict[str, dict[str, Any]] = {}
    for metric in scores.metrics:
        found = scores.summary(metric.name, mask)
        summaries[metric.name] = {
            "mean": _or_none(found.mean),
            "n": found.n,
            "undefined": found.undefined,
            "higher_is_better": metric.higher_is_better,
            "std": _or_none(found.std),
        }
        if found.best is not None:
            summaries[metric.name]["best"] = _or_none(found.best)
        if metric.kind == "search" and metric.name.startswith("tfp"):
            summaries[metric.name]["curve"] = _all_or_none(scores.curve(mask).tolist())
            reference = scores.curve(mask, reference=True).tolist()
            summaries[metric.name]["reference_curve"] = _all_or_none(reference)
    return summaries


def _or_none(value: float) -> float | str | None:
    """A number as JSON has it: null where undefined, text where infinite."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def _all_or_none(values: Sequence[float]) -> list[float | str | None]:
    return [_or_none(value) for value in values]


def _or_empty(value: float | None) -> float | str:
    return "" if value is None or math.isnan(value) else value
