"""`Comparison` as text, Markdown and JSON: means side by side, then the tests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from gazesearch.evaluation.tables import aligned, as_json, number, or_none, piped, title

if TYPE_CHECKING:
    from gazesearch.evaluation.comparison import Comparison
    from gazesearch.evaluation.paired import Estimate, PairedTest

PREDICTORS_A_TABLE: Final = 4

Table = list[list[str]]


def to_text(comparison: Comparison, *, tests: bool = True) -> str:
    """The comparison for a terminal, with its tests or without."""
    if not tests:
        comparison = replace(comparison, tests=())
    lines = [*_head(comparison), ""]
    for heading, table in _tables(comparison):
        lines += [heading, *aligned(table), ""]
    return "\n".join([*lines, *_foot(comparison)]) + "\n"


def to_markdown(comparison: Comparison) -> str:
    """The comparison as Markdown."""
    lines = [*(line + "  " for line in _head(comparison)), ""]
    for heading, table in _tables(comparison):
        lines += [f"**{heading}**", "", *piped(table), ""]
    return "\n".join([*lines, *(f"- {line}" for line in _foot(comparison))]) + "\n"


def to_json(comparison: Comparison) -> str:
    """Everything as JSON."""
    return as_json(
        {
            "names": list(comparison.names),
            "groups": list(comparison.groups),
            "clusters": comparison.clusters,
            "estimates": [_plain(asdict(one)) for one in comparison.estimates],
            "tests": [_plain(asdict(one)) for one in comparison.tests],
            "notes": list(comparison.notes),
            "dataset": comparison.dataset,
            "split": comparison.split,
            "first_fixation": comparison.first_fixation,
            "protocol": asdict(comparison.protocol),
            "run": asdict(comparison.run),
        }
    )


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: or_none(value) if isinstance(value, float) else value
        for name, value in fields.items()
    }


def _head(comparison: Comparison) -> Iterator[str]:
    records = "all records" if comparison.split == "all" else f"split {comparison.split}"
    yield f"{comparison.dataset}, {records}, first fixation {comparison.first_fixation}"
    yield f"protocol: {comparison.protocol}"


def _tables(comparison: Comparison) -> Iterator[tuple[str, Table]]:
    """Heading and table: of each group the means, then the first against each other one."""
    first, *others = comparison.names
    for group in comparison.groups:
        for start in range(0, len(comparison.names), PREDICTORS_A_TABLE):
            names = comparison.names[start : start + PREDICTORS_A_TABLE]
            yield f"{group}: means [95% interval]", _means(comparison, group, names)
        if not comparison.tests:
            continue
        if len(comparison.metrics) == 1:  # one table of all the others instead of one each
            yield f"{group}: {first} − each other one", _one_metric(comparison, group)
            continue
        for other in others:
            yield f"{group}: {first} − {other}", _tests(comparison, group, other)


def _means(comparison: Comparison, group: str, names: tuple[str, ...]) -> Table:
    found = {(e.predictor, e.metric): e for e in comparison.estimates if e.group == group}
    any_metric = comparison.metrics[0].name
    coverage = (found[name, any_metric] for name in names)
    rows = [["", *names], ["records scored", *(f"{e.scored:,} of {e.asked:,}" for e in coverage)]]
    for metric in comparison.metrics:
        rows.append([title(metric), *(_mean(found[name, metric.name]) for name in names)])
    return rows


def _mean(found: Estimate) -> str:
    shown = number(found.mean, found.low, found.high)
    return shown + (f", {found.undefined:,} undefined" if found.undefined else "")


def _tests(comparison: Comparison, group: str, other: str) -> Table:
    found = {t.metric: t for t in comparison.tests if t.group == group and t.other == other}
    rows = [_tests_head(comparison)]
    for metric in comparison.metrics:
        rows.append([title(metric), *_test(found[metric.name])])
    return rows


def _one_metric(comparison: Comparison, group: str) -> Table:
    rows = [_tests_head(comparison)]
    for found in comparison.tests:
        if found.group == group:
            rows.append([found.other, *_test(found)])
    return rows


def _tests_head(comparison: Comparison) -> list[str]:
    head = ["", "difference", "p", "p, Holm", "effect", "detectable", "records"]
    return [*head, comparison.clusters, "favours"]


def _test(found: PairedTest) -> Iterator[str]:
    yield number(found.difference, found.low, found.high, signed=True)
    yield _decimals(found.p_value, 4)
    yield _decimals(found.p_holm, 4)
    yield _decimals(found.effect_size, 2)
    yield _decimals(found.detectable_difference, 4)
    yield f"{found.records:,}"
    yield f"{found.images:,}"
    yield found.favours or "neither"


def _decimals(value: float, digits: int) -> str:
    return "undefined" if math.isnan(value) else f"{value:.{digits}f}"


def _foot(comparison: Comparison) -> Iterator[str]:
    what = comparison.clusters
    resamples = comparison.run.settings["resamples"]
    yield "↑ higher is better, ↓ lower is better"
    yield f"[95% interval]: bootstrap over {what}, {resamples:,} resamples; none under two {what}"
    if comparison.tests:
        yield "difference: first − other, where both have a value; with ↓ below 0 is better"
        yield f"p: the two exchanged within {what}, two-sided; Holm: corrected over these metrics"
        yield "favours: the better one where p, Holm is below 0.05"
        yield f"effect: difference in standard deviations between {what}"
        yield f"detectable: true difference found with a chance of 80% on as many {what}"
    yield from comparison.notes
