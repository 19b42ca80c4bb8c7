"""`FixationScores` as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gazesearch.evaluation.intervals import RESAMPLES, Interval
from gazesearch.evaluation.likelihood.measures import CALIBRATION, STOP, Measure
from gazesearch.evaluation.tables import GROUPS_A_TABLE, aligned, as_json, number, or_none, piped

if TYPE_CHECKING:
    from gazesearch.evaluation.likelihood.averages import Average
    from gazesearch.evaluation.likelihood.table import FixationsBy, FixationScores, Found
    from gazesearch.evaluation.likelihood.termination import Termination

Cells = Iterator[list[str]]


def to_text(
    scores: FixationScores, by: FixationsBy | None = None, *, found: Found | None = None
) -> str:
    """The means for a terminal: head, one table per few groups, calibration, notes."""
    lines = [*_head(scores), ""]
    for groups in _chunks(found or scores.by(by)):
        lines += [*aligned(_rows(scores, groups), left=range(0, 2 * len(groups) + 1, 2)), ""]
    if scores.termination is not None:
        lines += [*aligned(_curve(scores.termination)), ""]
    return "\n".join([*lines, *_foot(scores)]).rstrip() + "\n"


def to_markdown(
    scores: FixationScores, by: FixationsBy | None = None, *, found: Found | None = None
) -> str:
    """The means as Markdown."""
    lines = [*(line + "  " for line in _head(scores)), ""]
    for groups in _chunks(found or scores.by(by)):
        lines += [*piped(_rows(scores, groups)), ""]
    if scores.termination is not None:
        lines += [*piped(_curve(scores.termination)), ""]
    return "\n".join([*lines, *(f"- {line}" for line in _foot(scores))]).rstrip() + "\n"


def to_csv(
    scores: FixationScores, by: FixationsBy | None = None, *, found: Found | None = None
) -> str:
    """The means as CSV, one row per group and measure, numbers in full."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ("group", "measure", "mean", "std", "n", "undefined", "impossible", "higher_is_better")
    writer.writerow((*head, "low", "high", "images"))
    for label, row in (found or scores.by(by)).items():
        for one in _measures(scores):
            if one.name in row:
                mean, interval = row[one.name]
                numbers = (_or_empty(value) for value in (mean.mean, mean.std))
                counts = (mean.n, mean.undefined, mean.impossible, one.higher_is_better)
                ends = (_or_empty(value) for value in (interval.low, interval.high))
                writer.writerow((label, one.name, *numbers, *counts, *ends, interval.images))
    return out.getvalue()


def to_json(scores: FixationScores, by: FixationsBy | None = None) -> str:
    """All as JSON; undefined numbers are null, infinite ones text."""
    return as_json(content(scores, by))


def content(
    scores: FixationScores, by: FixationsBy | None = None, *, found: Found | None = None
) -> dict[str, Any]:
    """What `to_json` writes."""
    found = found or scores.by(by)
    whole, *parts = (
        (label, {name: _cell(*cell) for name, cell in row.items()}) for label, row in found.items()
    )
    result = {
        "model": scores.model,
        "mix_uniform": scores.mix_uniform,
        "counts": asdict(scores.counts),
        "measures": whole[1],
        "groups": {label: {"measures": row} for label, row in parts},
        "refused": dict(scores.refused),
        "notes": list(scores.notes),
        "protocol": asdict(scores.protocol),
        "split": scores.split,
        "first_fixation": scores.first_fixation,
        "dataset": asdict(scores.dataset),
        "run": asdict(scores.run),
    }
    if scores.first_fixation == "as-recorded":
        ends = scores.intervals(first=True)
        result["first_fixations"] = {
            one.name: _cell(scores.summary(one.name, first=True), ends[one.name])
            for one in scores.measures
        }
    if scores.termination is not None:
        result["stop_calibration"] = _calibration(scores.termination)
    return result


# -- parts


def _head(scores: FixationScores) -> Iterator[str]:
    split = "all records" if scores.split == "all" else f"split {scores.split}"
    yield f"{scores.model} on {scores.dataset.name}, {split}, {_rule(scores)}"
    yield f"protocol: {scores.protocol}"
    counts = scores.counts
    mixed = f", {scores.mix_uniform:.4g} uniform mixed in" if scores.mix_uniform else ""
    yield f"{counts.fixations:,} fixations of {counts.records:,} records scored{mixed}"


def _rule(scores: FixationScores) -> str:
    return f"first fixation {scores.first_fixation}"


def _foot(scores: FixationScores) -> Iterator[str]:
    yield "means over fixations 2 to n, given those before; ↑ higher is better, ↓ lower is better"
    yield f"[95% interval]: bootstrap over images, {RESAMPLES:,} resamples; none under two images"
    if scores.first_fixation == "as-recorded":
        first = scores.summary(first=True)
        yield f"first fixations, apart: {first.mean:.4f} bits over uniform, n {first.n:,}"
    for why in dict.fromkeys(scores.refused.values()):
        names = ", ".join(name for name, reason in scores.refused.items() if reason == why)
        yield f"not taken: {names}: {why}"
    yield from scores.notes


def _chunks(found: Found) -> Iterator[Found]:
    labels = list(found)
    for start in range(0, len(labels), GROUPS_A_TABLE):
        yield {label: found[label] for label in labels[start : start + GROUPS_A_TABLE]}


def _measures(scores: FixationScores) -> tuple[Measure, ...]:
    return scores.measures if scores.termination is None else (*scores.measures, STOP)


def _rows(scores: FixationScores, groups: Found) -> Cells:
    """Head and one row a measure: its mean in each group, and how many values that rests on."""
    yield ["", *(part for label in groups for part in (label, "n"))]
    for one in _measures(scores):
        row = [_title(one)]
        for group in groups.values():
            cell = group.get(one.name)
            row += ["", ""] if cell is None else [_mean(*cell), _n(cell[0])]
        yield row


def _title(one: Measure) -> str:
    arrow = {True: " ↑", False: " ↓", None: ""}[one.higher_is_better]
    return one.title + (f" [{one.unit}]" if one.unit else "") + arrow


def _mean(mean: Average, interval: Interval) -> str:
    return number(mean.mean, interval.low, interval.high)


def _n(mean: Average) -> str:
    more = f", {mean.undefined:,} undefined" if mean.undefined else ""
    return f"{mean.n:,}{more}" + (f", {mean.impossible:,} impossible" if mean.impossible else "")


def _curve(termination: Termination) -> Cells:
    """The calibration curve of stopping, bins without a decision left out."""
    found, ends = termination.calibration(), termination.intervals()[CALIBRATION.name]
    yield ["probability of stopping", "decisions", "mean told", "share stopped"]
    for k, count in enumerate(found.count.tolist()):
        if count:
            close = "]" if k == len(found.count) - 1 else ")"
            between = f"[{found.edges[k]:g}, {found.edges[k + 1]:g}{close}"
            yield [between, f"{count:,}", f"{found.told[k]:.3f}", f"{found.stopped[k]:.3f}"]
    error = number(found.error, ends.low, ends.high)
    yield [f"calibration error ↓ {error}", f"{len(termination):,}", "", ""]


def _cell(mean: Average, interval: Interval) -> dict[str, Any]:
    return {
        "mean": or_none(mean.mean),
        "std": or_none(mean.std),
        "n": mean.n,
        "undefined": mean.undefined,
        "impossible": mean.impossible,
        "low": or_none(interval.low),
        "high": or_none(interval.high),
        "images": interval.images,
    }


def _calibration(termination: Termination) -> dict[str, Any]:
    found, ends = termination.calibration(), termination.intervals()[CALIBRATION.name]
    return {
        "error": or_none(found.error),
        "low": or_none(ends.low),
        "high": or_none(ends.high),
        "edges": found.edges.tolist(),
        "count": found.count.tolist(),
        "told": [or_none(value) for value in found.told.tolist()],
        "stopped": [or_none(value) for value in found.stopped.tolist()],
    }


def _or_empty(value: float) -> float | str:
    return "" if math.isnan(value) else value
