"""Figures of scores: what the tables say, to be seen at a glance; nothing is computed anew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from gazesearch.evaluation.comparison import Comparison
from gazesearch.evaluation.likelihood import FixationScores
from gazesearch.evaluation.likelihood.table import Found
from gazesearch.evaluation.paired import PairedTest
from gazesearch.evaluation.report.palette import GROUND, INK, SOFT, Look
from gazesearch.evaluation.report.plot import canvas, drawing_settings, fitting, label, legend
from gazesearch.evaluation.tables import title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CERTAIN = 0.05


def forest(comparison: Comparison, styles: Mapping[str, Look]) -> Figure:
    """Difference of the first from each other one, a row a metric, right where the first is better.

    Metrics count in different units, so each difference and its interval is divided by the standard
    deviation between images that the effect size has.
    """
    metrics, (first, *others) = comparison.metrics, comparison.names
    group = comparison.groups[0]
    found = {(t.other, t.metric): t for t in comparison.tests if t.group == group}
    with drawing_settings():
        figure, axes = canvas(0.9 + 0.27 * len(metrics) * max(1, len(others) / 2))
        ax = axes[0, 0]
        for place, other in enumerate(others):
            shift = _shift(place, len(others))
            for row, metric in enumerate(metrics):
                mean, low, high = in_deviations(
                    found[other, metric.name], higher_is_better=metric.higher_is_better
                )
                certain = found[other, metric.name].p_holm < CERTAIN
                _whisker(ax, (mean, low, high), row + shift, styles[other], filled=certain)
            ax.plot([], [], color=styles[other].colour, marker=styles[other].marker, ms=5, lw=1.4,
                    label=label(f"against {other}", len(others)))  # fmt: skip
        ax.axvline(0, color=INK.light, lw=0.8)
        ax.set_yticks(range(len(metrics)), [title(metric) for metric in metrics])
        ax.set_ylim(len(metrics) - 0.5, -0.5)
        ax.grid(axis="y", visible=False)
        reach = max(abs(v) for v in ax.get_xlim())
        ax.set_xlim(-reach, reach)
        ax.set_xlabel(f"standard deviations between {comparison.clusters}")
        beside = {"va": "bottom", "transform": ax.transAxes}  # 0 is in the middle
        ax.text(0.49, 1, "← other better", ha="right", **beside)
        ax.text(0.51, 1, f"{fitting(first, 0.25)} better →", ha="left", **beside)
        legend(figure, ax, least=1)
    return figure


def in_deviations(test: PairedTest, *, higher_is_better: bool) -> tuple[float, float, float]:
    """Difference and interval in standard deviations, above 0 where the first is better."""
    if not test.effect_size or math.isnan(test.effect_size):
        return math.nan, math.nan, math.nan
    unit = test.difference / test.effect_size
    mean, low, high = (value / unit for value in (test.difference, test.low, test.high))
    return (mean, low, high) if higher_is_better else (-mean, -high, -low)


def by_group(
    comparison: Comparison, metric_name: str, styles: Mapping[str, Look], *, whole: bool = True
) -> Figure:
    """Means of one metric, a row a group."""
    metric = next(m for m in comparison.metrics if m.name == metric_name)
    groups = comparison.groups if whole else comparison.groups[1:]
    found = {(e.predictor, e.group): e for e in comparison.estimates if e.metric == metric_name}
    names = comparison.names
    with drawing_settings():
        figure, axes = canvas(0.9 + 0.13 * len(groups) * (1 + len(names)))
        ax = axes[0, 0]
        for place, name in enumerate(names):
            for row, group in enumerate(groups):
                one = found[name, group]
                at = row + _shift(place, len(names))
                _whisker(ax, (one.mean, one.low, one.high), at, styles[name])
            ax.plot([], [], color=styles[name].colour, marker=styles[name].marker, ms=5, lw=1.4,
                    label=label(name, len(names)))  # fmt: skip
        asked = {group: found[names[0], group].asked for group in groups}
        ax.set_yticks(
            range(len(groups)), [f"{fitting(group, 0.25)} ({asked[group]:,})" for group in groups]
        )
        ax.set_ylim(len(groups) - 0.5, -0.5)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel(title(metric))
        legend(figure, ax)
    return figure


def by_position(
    tables: Mapping[str, FixationScores], positions: Mapping[str, Found], styles: Mapping[str, Look]
) -> Figure:
    """Likelihood and information gain at each position of a path."""
    shown = [
        (name, what)
        for name, what in (
            ("log_likelihood", "bits over uniform"),
            ("information_gain", "bits over the finding's prior"),
        )
        if any(name in scores.values for scores in tables.values())
    ]
    with drawing_settings():
        figure, axes = canvas(3.0, columns=len(shown))
        for ax, (measure, what) in zip(axes[0], shown, strict=True):
            for place, name in enumerate(tables):
                found = positions[name]
                rows = [
                    (int(group.rpartition(" ")[2]), *cells[measure])
                    for group, cells in found.items()
                    if group.startswith("fixation ") and measure in cells
                ]
                if not rows:
                    continue
                x = np.array([row[0] for row in rows]) + 0.5 * _shift(place, len(tables))
                mean = np.array([row[1].mean for row in rows])
                ends = np.array([(row[2].low, row[2].high) for row in rows])
                bars = np.clip(np.abs(ends.T - mean), 0, None)
                ax.errorbar(x, mean, bars, color=styles[name].colour, marker=styles[name].marker,
                            ms=5, lw=1.4, label=label(name, len(tables)))  # fmt: skip
            ax.axhline(0, color=SOFT.light, lw=0.8)
            ax.set(title=what, xlabel="position of the fixation")
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        legend(figure, axes[0, 0], least=1)
    return figure


def calibration(tables: Mapping[str, FixationScores], styles: Mapping[str, Look]) -> Figure:
    """Share of searches that ended, by the probability that was told."""
    with drawing_settings():
        figure, axes = canvas(3.4, columns=2, width_ratios=(3, 2))
        ax, bars = axes[0]
        ax.plot([0, 1], [0, 1], color=SOFT.light, lw=0.8, ls=(0, (4, 3)), label="calibrated")
        for place, (name, scores) in enumerate(tables.items()):
            assert scores.termination is not None
            found = scores.termination.calibration()
            # An empty bin breaks the line: nothing is known between its neighbours.
            told = np.where(found.count > 0, found.told, np.nan)
            ax.plot(told, found.stopped, color=styles[name].colour, marker=styles[name].marker,
                    ms=5, lw=1.4, label=label(name, 1 + len(tables)))  # fmt: skip
            width = 0.8 / len(tables)
            at = (found.edges[:-1] + found.edges[1:]) / 2 * 10 + width * (
                place - (len(tables) - 1) / 2
            )
            bars.bar(at / 10, found.count, width=width / 10, color=styles[name].colour)
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="probability that was told",
               ylabel="share that stopped")  # fmt: skip
        bars.set(xlim=(0, 1), xlabel="probability of stopping", ylabel="decisions")
        legend(figure, ax)
    return figure


def _shift(place: int, count: int) -> float:
    """Places of several marks in one row, symmetrical round it."""
    return (place - (count - 1) / 2) * min(0.36, 0.75 / count)


def _whisker(
    ax: Axes, values: Sequence[float], at: float, style: Look, *, filled: bool = True
) -> None:
    mean, low, high = values
    if not math.isfinite(mean):
        return
    if math.isfinite(low) and math.isfinite(high):
        ax.plot([low, high], [at, at], color=style.colour, lw=1.4, solid_capstyle="butt")
    face = style.colour if filled else GROUND.light
    ax.plot(mean, at, marker=style.marker, ms=5, mec=style.colour, mfc=face, mew=1.2, ls="none")
