"""The sections of the page; what is missing is said, with the command that would add it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gazesearch.evaluation.comparison import Comparison
from gazesearch.evaluation.likelihood import FixationScores
from gazesearch.evaluation.likelihood.table import Found
from gazesearch.evaluation.report import score_plots, score_tables
from gazesearch.evaluation.report.commands import Commands
from gazesearch.evaluation.report.content import Listed, Part, Section, Words
from gazesearch.evaluation.report.methods import methods, software_of
from gazesearch.evaluation.report.palette import Look
from gazesearch.evaluation.report.plot import Plot
from gazesearch.evaluation.report.results import Result
from gazesearch.evaluation.tables import title
from gazesearch.metrics import Metric


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """All that sections are made from.

    Attributes:
        results: the predictors.
        whole, findings, lengths: comparisons: seen and unseen images, by finding, by path length.
        headline: the metric that figures and tables by group show.
        styles: a look for each predictor.
        commands: numbered.
    """

    results: tuple[Result, ...]
    whole: Comparison
    findings: Comparison
    lengths: Comparison
    headline: Metric
    styles: Mapping[str, Look]
    commands: Commands

    @cached_property
    def positions(self) -> dict[str, Found]:
        """Means of fixations by their position, computed once."""
        return {name: scores.by("position") for name, scores in self.fixations.items()}

    @property
    def fixations(self) -> dict[str, FixationScores]:
        """Scores of fixations, of the predictors that have them."""
        return {one.name: one.fixations for one in self.results if one.fixations is not None}


def main_results(made: Material) -> Section:
    """Means, tests, forest plot."""
    whole, source = made.whole, made.commands["compare None"]
    group = whole.groups[0]
    parts: list[Part] = [*score_tables.means(whole, group, source)]
    if len(whole.names) < 2:
        parts.append(Words(text="Only one result with scores of paths is given, so there is no "
                           "test and no forest plot: name others after it.",
                           absent=True))  # fmt: skip
        return Section(name="main-results", title="Main results", parts=tuple(parts))
    first, *others = whole.names
    found = [t for t in whole.tests if t.group == group]
    against = "; ".join(_verdict(made, other) for other in others)
    parts.append(
        Plot(
            name="forest",
            figure=score_plots.forest(whole, made.styles),
            caption=f"{first} against each other predictor: difference and 95% interval in "
            f"standard deviations between {whole.clusters}, right of 0 where {first} is better. "
            "Filled: p, Holm is below 0.05.",
            alt=f"Forest plot of {len(found)} differences, {len(whole.metrics)} metrics: "
            f"{against}.",
            sources=(source,),
        )
    )
    parts += score_tables.tests(whole, group, source)
    return Section(name="main-results", title="Main results", parts=tuple(parts))


def verdicts(made: Material) -> Iterator[str]:
    """A sentence on each other predictor, for the head of the page."""
    first, *others = made.whole.names
    for other in others:
        yield f"{first} against {other}: {_verdict(made, other)}."


def _verdict(made: Material, other: str) -> str:
    whole = made.whole
    first, group = whole.names[0], whole.groups[0]
    favours = [t.favours for t in whole.tests if t.group == group and t.other == other]
    ours, theirs = favours.count(first), favours.count(other)
    return (
        f"of {len(favours)} metrics {ours} favour {first}, {theirs} {other}, "
        f"{len(favours) - ours - theirs} neither (p, Holm below 0.05)"
    )


def positions(made: Material) -> Section:
    """Likelihood by position where there is any, else scores by length of the path."""
    tables, parts = made.fixations, list[Part]()
    if tables:
        parts.append(
            Plot(
                name="positions",
                figure=score_plots.by_position(tables, made.positions, made.styles),
                caption="Likelihood of the recorded fixation, given those before it, by its "
                "position in the path, with 95% intervals.",
                alt=f"Bits over uniform and over the finding's prior at each position, of "
                f"{', '.join(tables)}; the numbers stand in the table below.",
                sources=tuple(made.commands[f"likelihood {name}"] for name in tables),
            )
        )
        parts += score_tables.positions(tables, made.positions, "log_likelihood", made.commands)
        some = {n: t for n, t in tables.items() if "information_gain" in t.values}
        if some:
            parts += score_tables.positions(some, made.positions, "information_gain", made.commands)
    lacking = [name for name in made.whole.names if name not in tables]
    if lacking:
        parts.append(
            Words(
                text=f"No score by position for {', '.join(lacking)}: a similarity of whole paths "
                "has none. It needs a model's maps, fixation by fixation:",
                command="gazesearch evaluate MODEL_OR_MAPS --annotations FILE --likelihood "
                "--output RESULT/likelihood",
                absent=True,
            )
        )
    source = made.commands["compare length"]
    parts += score_tables.groups(
        made.lengths, made.headline.name, source, caption="by fixations of the recorded path"
    )
    return Section(name="positions", title="By position and length", parts=tuple(parts))


def findings(made: Material) -> Section:
    """The headline metric by finding."""
    return _grouped(made, made.findings, "findings", "By finding", "finding", "by finding")


def seen(made: Material) -> Section:
    """The headline metric on images that train has, and on images that it has not."""
    if len(made.whole.groups) > 1:
        found = _grouped(
            made, made.whole, "seen-unseen", "Seen and unseen images", "None",
            "by whether train has the image, too",
        )  # fmt: skip
        source = made.commands["compare None"]
        groups = made.whole.groups[1:]
        tables = (t for group in groups for t in score_tables.means(made.whole, group, source))
        return replace(found, parts=(*found.parts, *tables))
    known = {v for one in made.results if one.scores is not None
             for v in one.scores.keys["image_in_train"].tolist()}  # fmt: skip
    text = (
        "No scored image is in train: all of this report is on unseen images."
        if known == {False}
        else "The recorded scanpaths have no train apart from those scored, so that seen and "
        "unseen images cannot be told apart."
    )
    return Section(
        name="seen-unseen", title="Seen and unseen images", parts=(Words(text=text, absent=True),)
    )


def _grouped(
    made: Material, comparison: Comparison, name: str, heading: str, key: str, caption: str
) -> Section:
    source, metric = made.commands[f"compare {key}"], made.headline
    plot = Plot(
        name=name,
        figure=score_plots.by_group(comparison, metric.name, made.styles),
        caption=f"{title(metric)} {caption}, with 95% intervals; records in parentheses.",
        alt=f"{metric.title} of {', '.join(comparison.names)} in {len(comparison.groups)} groups; "
        "the numbers stand in the table below.",
        sources=(source,),
    )
    tables = score_tables.groups(comparison, metric.name, source, caption=caption)
    return Section(name=name, title=heading, parts=(plot, *tables))


def likelihood(made: Material) -> Section:
    """Measures of fixations, stopping and its calibration."""
    tables, parts = made.fixations, list[Part]()
    if not tables:
        parts.append(
            Words(
                text="No result holds scores fixation by fixation, so there is no likelihood and "
                "no calibration. They are added by:",
                command="gazesearch evaluate MODEL_OR_MAPS --annotations FILE --likelihood "
                "--output RESULT/likelihood",
                absent=True,
            )
        )
        return Section(name="likelihood", title="Likelihood and calibration", parts=tuple(parts))
    parts += score_tables.likelihood(tables, made.positions, made.commands)
    stopping = {name: one for name, one in tables.items() if one.termination is not None}
    if stopping:
        parts.append(
            Plot(
                name="calibration",
                figure=score_plots.calibration(stopping, made.styles),
                caption="How often searches ended where a model said that they would, and how many "
                "decisions each bin holds.",
                alt=f"Calibration curves of {', '.join(stopping)}; the numbers stand in the tables "
                "below.",
                sources=tuple(made.commands[f"likelihood {name}"] for name in stopping),
            )
        )
        parts += score_tables.calibration(stopping, made.commands)
    silent = [name for name in tables if name not in stopping]
    if silent:
        text = f"No calibration of {', '.join(silent)}: the model does not tell when it stops."
        parts.append(Words(text=text, absent=True))
    return Section(name="likelihood", title="Likelihood and calibration", parts=tuple(parts))


def draws(made: Material) -> Section:
    """Energy form and diversity of draws."""
    parts: list[Part] = [
        score_tables.draws(one.name, one.draws, made.commands[f"distribution {one.name}"])
        for one in made.results
        if one.draws is not None
    ]
    if not parts:
        parts.append(
            Words(
                text="No result holds draws scored as a distribution. They are added by:",
                command="gazesearch evaluate PREDICTIONS --annotations FILE --distribution "
                "--output RESULT/distribution",
                absent=True,
            )
        )
    return Section(name="draws", title="Draws as a distribution", parts=tuple(parts))


def method(made: Material) -> Section:
    """The paragraph for a paper, and what a reader must know of the data."""
    software = software_of(made.results)
    parts: list[Part] = [*methods(made.results, made.whole, made.commands, software=software)]
    notes = _distinct([*made.whole.notes, *_likelihood_notes(made.results)])
    if notes:
        parts.append(Listed(title="Notes of the runs", items=tuple(notes)))
    return Section(name="methods", title="Methods", parts=tuple(parts))


def _likelihood_notes(results: Sequence[Result]) -> Iterator[str]:
    for one in results:
        if one.fixations is not None:
            yield from one.fixations.notes
            for why in dict.fromkeys(one.fixations.refused.values()):
                yield f"{one.name}: {why}"


def _distinct(notes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(notes))
