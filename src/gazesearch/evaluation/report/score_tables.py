"""Tables of a comparison, of likelihood, calibration and draws; each number with its command."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gazesearch.evaluation.comparison import Comparison
from gazesearch.evaluation.distribution import DistributionScores
from gazesearch.evaluation.intervals import RESAMPLES, Interval
from gazesearch.evaluation.likelihood import Average, FixationScores
from gazesearch.evaluation.likelihood.measures import CALIBRATION, FIXATIONS, STOP, Measure
from gazesearch.evaluation.likelihood.table import Found
from gazesearch.evaluation.paired import Estimate, PairedTest
from gazesearch.evaluation.properness import properness
from gazesearch.evaluation.report.commands import Command, Commands
from gazesearch.evaluation.report.content import Cell, Table
from gazesearch.evaluation.report.plot import fitting
from gazesearch.evaluation.tables import number, title

COLUMNS: Final = 4
"""Columns of means that a printed page is wide enough for."""

INTERVAL: Final = "[95% interval]"
_PROPER = {"known": "yes", "not known": "not known", "known not": "no"}


def means(comparison: Comparison, group: str, source: Command) -> Iterator[Table]:
    """Means of all metrics, a few predictors a table."""
    found = {(e.predictor, e.metric): e for e in comparison.estimates if e.group == group}
    for some in _chunks(comparison.names):
        any_metric = comparison.metrics[0].name
        coverage = [found[name, any_metric] for name in some]
        rows = [("records with a prediction", _cells((_coverage(e) for e in coverage), source))]
        for metric in comparison.metrics:
            texts = (estimate(found[name, metric.name]) for name in some)
            rows.append((title(metric), _cells(texts, source)))
        yield Table(
            caption=f"Means {INTERVAL}, {group}",
            columns=_heads("metric", *some),
            rows=tuple(rows),
            notes=("↑ higher is better, ↓ lower is better",),
        )


def tests(comparison: Comparison, group: str, source: Command) -> Iterator[Table]:
    """The first against each other one."""
    first, *others = comparison.names
    what = comparison.clusters
    for other in others:
        found = {t.metric: t for t in comparison.tests if t.group == group and t.other == other}
        short = _short(first, other)
        rows = [
            (
                title(metric),
                (
                    *_cells(_test(found[metric.name]), source),
                    Cell(text=short[found[metric.name].favours], source=source, name=True),
                ),
            )
            for metric in comparison.metrics
        ]
        heads = ("metric", "difference", "p", "p, Holm", "effect", "detectable", "records")
        yield Table(
            caption=f"{first} − {other}, {group}",
            columns=_heads(*heads, what, "favours"),
            rows=tuple(rows),
            notes=(
                f"difference {INTERVAL}: where both have a value. p: the two exchanged within "
                f"{what}, two-sided; Holm: corrected over these {len(comparison.metrics)} metrics. "
                f"Effect: difference in standard deviations between {what}. Detectable: true "
                f"difference found with a chance of 80% on as many {what}. Favours: the better "
                "one where p, Holm is below 0.05.",
            ),
        )


def groups(
    comparison: Comparison, metric_name: str, source: Command, *, caption: str
) -> Iterator[Table]:
    """Means of one metric by group, with numbers of records and images; tests beside them."""
    metric = next(m for m in comparison.metrics if m.name == metric_name)
    found = {(e.predictor, e.group): e for e in comparison.estimates if e.metric == metric_name}
    tested = {(t.other, t.group): t for t in comparison.tests if t.metric == metric_name}
    first, *others = comparison.names
    # With n clusters no sign-flip p is below 2 / 2^n, and Holm multiplies the least by the metrics.
    fewest = math.floor(math.log2(2 / 0.05 * len(comparison.metrics))) + 1
    for other in others or [""]:
        heads = [first, *([other, "difference", "p, Holm"] if other else [])]
        rows = []
        for group in comparison.groups:
            one = found[first, group]
            texts = [f"{one.asked:,}", f"{one.images:,}", estimate(one)]
            if other:
                test = tested[other, group]
                texts += [estimate(found[other, group]), difference(test), decimals(test.p_holm, 4)]
            rows.append((group, _cells(texts, source)))
        against = f": {first} − {other}" if other else ""
        yield Table(
            caption=f"{title(metric)} {INTERVAL}, {caption}{against}",
            columns=_heads("group", "n records", comparison.clusters, *heads),
            rows=tuple(rows),
            notes=(
                f"p, Holm: corrected over the {len(comparison.metrics)} metrics of each group by "
                "itself, not over groups: of many groups some fall below 0.05 by chance. On fewer "
                f"than {fewest} {comparison.clusters} even the clearest difference does not.",
            )
            if other
            else (),
        )


def likelihood(
    tables: Mapping[str, FixationScores], positions: Mapping[str, Found], commands: Commands
) -> Iterator[Table]:
    """Measures of fixations, and the stopping score."""
    for some in _chunks(list(tables)):
        found = {name: next(iter(positions[name].values())) for name in some}
        rows = []
        for measure in (*FIXATIONS, STOP):
            if any(measure.name in row for row in found.values()):
                cells = tuple(
                    Cell(
                        text=_likelihood(tables[name], found[name], measure),
                        source=commands[f"likelihood {name}"],
                    )
                    for name in some
                )
                rows.append((_measure_title(measure), cells))
        heads = [Cell(text=name, source=commands[f"likelihood {name}"]) for name in some]
        yield Table(
            caption=f"Fixation by fixation, means {INTERVAL} over fixations 2 to n",
            columns=(Cell(text="measure"), *heads),
            rows=tuple(rows),
            notes=("↑ higher is better, ↓ lower is better; n: fixations with a value",),
        )


def positions(
    tables: Mapping[str, FixationScores],
    found: Mapping[str, Found],
    measure_name: str,
    commands: Commands,
) -> Iterator[Table]:
    """One measure at each position of a path; `found` is what `by("position")` gave."""
    measure = next(m for m in FIXATIONS if m.name == measure_name)
    for some in _chunks(list(tables)):
        labels = dict.fromkeys(label for name in some for label in found[name])
        rows = []
        for label in labels:
            cells = tuple(
                Cell(
                    text=_likelihood(tables[name], found[name].get(label, {}), measure),
                    source=commands[f"likelihood {name}"],
                )
                for name in some
            )
            rows.append((label, cells))
        heads = [Cell(text=name, source=commands[f"likelihood {name}"]) for name in some]
        yield Table(
            caption=f"{_measure_title(measure)}, by position {INTERVAL}",
            columns=(Cell(text="position"), *heads),
            rows=tuple(rows),
        )


def calibration(tables: Mapping[str, FixationScores], commands: Commands) -> Iterator[Table]:
    """Reliability of the probability of stopping, a table a model."""
    for name, scores in tables.items():
        assert scores.termination is not None
        source = commands[f"likelihood {name}"]
        found = scores.termination.calibration()
        ends = scores.termination.intervals()[CALIBRATION.name]
        rows = []
        for k, count in enumerate(found.count.tolist()):
            if count:
                close = "]" if k == len(found.count) - 1 else ")"
                between = f"[{found.edges[k]:g}, {found.edges[k + 1]:g}{close}"
                texts = (f"{count:,}", f"{found.told[k]:.3f}", f"{found.stopped[k]:.3f}")
                rows.append((between, _cells(texts, source)))
        error = number(found.error, ends.low, ends.high)
        yield Table(
            caption=f"Stopping of {name}: expected calibration error {error}",
            columns=_heads("probability told", "decisions", "mean told", "share stopped"),
            rows=tuple(rows),
        )


def draws(name: str, found: DistributionScores, source: Command) -> Table:
    """Energy form, mean and best of draws, diversity."""
    shown = [form for form in ("mean", "best", "draws", "people") if form in found.tables]
    titles = {"mean": "mean", "best": f"best of {found.most}", "draws": "draws alike",
              "people": "people alike"}  # fmt: skip
    heads = ["metric", f"energy form {INTERVAL}", *(titles[form] for form in shown)]
    intervals = found.energy.intervals()
    rows = []
    for metric in found.metrics:
        column = f"{metric.name}_energy"
        energy, ends = found.energy.summary(column), intervals[column]
        texts = [number(energy.mean, ends.low, ends.high) + _undefined(energy.undefined)]
        for form in shown:
            mean = found.tables[form].summary(f"{metric.name}_{form}").mean
            texts.append(decimals(mean, 4))
        texts += [_PROPER[properness(metric.name).verdict], f"{energy.n:,}"]
        rows.append((title(metric), _cells(texts, source)))
    return Table(
        caption=f"Draws of {name} as a distribution",
        columns=_heads(*heads, "proper", "n"),
        rows=tuple(rows),
        notes=(
            "Energy form: E s(X, y) − 1/2 E s(X, X′), X, X′ different draws; directions as shown. "
            f"[95% interval]: bootstrap over images, {RESAMPLES:,} resamples. "
            "Draws alike: E s(X, X′); as alike as people are to each other is as it should be. "
            "Proper: no: some wrong distribution scores better than the true one.",
        ),
    )


# -- texts of cells


def estimate(found: Estimate) -> str:
    """A mean, its interval and how many values it lacks."""
    shown = number(found.mean, found.low, found.high)
    return shown + _undefined(found.undefined)


def difference(found: PairedTest) -> str:
    """A difference and its interval, with signs."""
    return number(found.difference, found.low, found.high, signed=True)


def decimals(value: float, digits: int) -> str:
    """A number of so many decimals."""
    return "undefined" if math.isnan(value) else f"{value:.{digits}f}"


def _coverage(found: Estimate) -> str:
    return f"{found.scored:,} of {found.asked:,}"


def _test(found: PairedTest) -> Iterator[str]:
    yield difference(found)
    yield decimals(found.p_value, 4)
    yield decimals(found.p_holm, 4)
    yield decimals(found.effect_size, 2)
    yield decimals(found.detectable_difference, 4)
    yield f"{found.records:,}"
    yield f"{found.images:,}"


def _short(one: str, two: str) -> dict[str | None, str]:
    """What says which is favoured in a narrow column: names, of long ones both ends."""
    found: dict[str | None, str] = {name: fitting(name, 0.15) for name in (one, two)}
    if found[one] == found[two]:
        found = {one: one, two: two}
    return found | {None: "neither"}


def _likelihood(
    scores: FixationScores, row: Mapping[str, tuple[Average, Interval]], measure: Measure
) -> str:
    if measure.name not in row:
        return scores.refused.get(measure.name, "not taken")
    mean, interval = row[measure.name]
    more = _undefined(mean.undefined)
    more += f", {mean.impossible:,} impossible" if mean.impossible else ""
    return f"{number(mean.mean, interval.low, interval.high)}, n {mean.n:,}{more}"


def _measure_title(measure: Measure) -> str:
    arrow = {True: " ↑", False: " ↓", None: ""}[measure.higher_is_better]
    return measure.title + (f" [{measure.unit}]" if measure.unit else "") + arrow


def _undefined(count: int) -> str:
    return f", {count:,} undefined" if count else ""


def _cells(texts: Iterator[str] | Sequence[str], source: Command) -> tuple[Cell, ...]:
    return tuple(Cell(text=text, source=source) for text in texts)


def _heads(first: str, *others: str) -> tuple[Cell, ...]:
    return (Cell(text=first), *(Cell(text=other) for other in others))


def _chunks(names: Sequence[str], size: int = COLUMNS) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
