"""`DistributionScores` as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gazesearch.evaluation.intervals import RESAMPLES
from gazesearch.evaluation.properness import properness
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.tables import aligned, as_json, number, or_none, piped, title

if TYPE_CHECKING:
    from gazesearch.evaluation.distribution import DistributionScores

PROPER = {"known": "proper", "not known": "not known", "known not": "not proper"}


def to_text(found: DistributionScores) -> str:
    """The summary for a terminal."""
    lines = [*_head(found), "", *aligned(_rows(found), left=(0, 6)), "", *_foot(found)]
    return "\n".join(lines).rstrip() + "\n"


def to_markdown(found: DistributionScores) -> str:
    """The summary as Markdown."""
    head = [line + "  " for line in _head(found)]
    lines = [*head, "", *piped(_rows(found)), "", *(f"- {line}" for line in _foot(found))]
    return "\n".join(lines).rstrip() + "\n"


def to_json(found: DistributionScores) -> str:
    """Means, intervals and numbers of undefined values of every form, as JSON."""
    return as_json(content(found))


def _head(found: DistributionScores) -> Iterator[str]:
    scores = found.energy
    split = "all records" if scores.split == "all" else f"split {scores.split}"
    yield f"{scores.dataset.name}, {split}, first fixation {scores.first_fixation}"
    yield f"protocol: {scores.protocol}"
    several = f"{found.fewest} to {found.most}" if found.fewest < found.most else f"{found.most}"
    counts = scores.counts
    yield (
        f"{counts.scored:,} record{'s' * (counts.scored != 1)} scored, {counts.missing:,} missing, "
        f"{counts.surplus:,} surplus; draws a record: {several}"
    )


def _rows(found: DistributionScores) -> Iterator[list[str]]:
    """Head and one row a metric."""
    people = found.people
    yield ["", "energy form", "mean", f"best of {found.most}", "draws alike", "people alike",
           "energy form is", "n"]  # fmt: skip
    intervals = found.energy.intervals()
    for metric in found.metrics:
        energy = found.energy.summary(f"{metric.name}_energy")
        ends = intervals[f"{metric.name}_energy"]
        yield [
            title(metric),
            number(energy.mean, ends.low, ends.high),
            _mean(found.mean, f"{metric.name}_mean"),
            _mean(found.best, f"{metric.name}_best"),
            _mean(found.draws, f"{metric.name}_draws"),
            "" if people is None else _mean(people, f"{metric.name}_people"),
            PROPER[properness(metric.name).verdict],
            f"{energy.n:,}" + (f", {energy.undefined:,} undefined" if energy.undefined else ""),
        ]


def _mean(scores: Scores, name: str) -> str:
    mean = scores.summary(name).mean
    return "undefined" if mean != mean else f"{mean:.4f}"


def _foot(found: DistributionScores) -> Iterator[str]:
    yield "energy form: E s(X, y) - 1/2 E s(X, X'), X, X' different draws; directions as shown"
    yield "draws alike: E s(X, X'); as alike as people are to each other is as it should be"
    yield "not proper: some wrong distribution scores better than the true one (properness)"
    yield f"[95% interval]: bootstrap over images, {RESAMPLES:,} resamples; none under two images"
    scores = found.energy
    for why in dict.fromkeys(scores.refused.values()):
        names = ", ".join(name for name, reason in scores.refused.items() if reason == why)
        yield f"not computed: {names}: {why}"
    yield from scores.notes


def content(found: DistributionScores) -> dict[str, Any]:
    """What `to_json` writes."""
    scores = found.energy
    forms = {form: _summaries(table) for form, table in found.tables.items()}
    return {
        "records": asdict(scores.counts),
        "draws": {"fewest": found.fewest, "most": found.most},
        "metrics": {
            metric.name: {
                "higher_is_better": metric.higher_is_better,
                "proper": properness(metric.name).verdict,
                **{form: told[f"{metric.name}_{form}"] for form, told in forms.items()},
            }
            for metric in found.metrics
        },
        "refused": dict(scores.refused),
        "notes": list(scores.notes),
        "protocol": asdict(scores.protocol),
        "split": scores.split,
        "first_fixation": scores.first_fixation,
        "dataset": asdict(scores.dataset),
        "run": asdict(scores.run),
    }


def _summaries(scores: Scores) -> Mapping[str, dict[str, Any]]:
    intervals = scores.intervals()
    told = {}
    for metric in scores.metrics:
        one, ends = scores.summary(metric.name), intervals[metric.name]
        told[metric.name] = {
            "mean": or_none(one.mean),
            "low": or_none(ends.low),
            "high": or_none(ends.high),
            "n": one.n,
            "undefined": one.undefined,
        }
    return told
