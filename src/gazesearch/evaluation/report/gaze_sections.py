"""Sections that need the scanpaths themselves: cases, densities, distributions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gazesearch.evaluation.report import gaze_plots
from gazesearch.evaluation.report.commands import Command
from gazesearch.evaluation.report.content import Gallery, Part, Section, Words
from gazesearch.evaluation.report.gaze_plots import Case, Habits
from gazesearch.evaluation.report.paths import Paths
from gazesearch.evaluation.report.plot import Plot
from gazesearch.evaluation.report.sections import Material
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.tables import title
from gazesearch.metrics import Metric
from gazesearch.prediction import ImageSource

_ASK = "--annotations FILE and --predictions FILE of a result"


def cases(made: Material, paths: Paths | None, images: ImageSource | None) -> Section:
    """Best, median and worst case of the first predictor whose paths are given."""
    name, heading = "cases", "Best, median and worst cases"
    metric = made.headline
    tables = {one.name: one.scores for one in made.results if one.scores is not None}
    if paths is None or not paths.matches:
        text = f"No scanpaths are given, so no case is shown: {_ASK} add them."
        return Section(name=name, title=heading, parts=(Words(text=text, absent=True),))
    if metric.kind != "pair":
        text = f"{metric.title} has no value for a single path, so no case is shown: take another "
        return Section(
            name=name, title=heading, parts=(Words(text=text + "--headline.", absent=True),)
        )
    predictor = next(iter(paths.matches))
    found = choose_cases(tables[predictor], metric)
    if not found:
        text = f"{metric.title} of {predictor} has no value, so no case is shown."
        return Section(name=name, title=heading, parts=(Words(text=text, absent=True),))
    pixels = "on its image" if images is not None else "on a plain frame, without its image"
    plots = tuple(
        Plot(
            name=f"case-{case.rank}",
            figure=gaze_plots.draw_case(paths, predictor, case, images=images),
            caption=f"{case.rank.capitalize()}: {title(metric)} {case.value:.4f}. {_place(case)}.",
            alt=f"Scanpath of a person and of {predictor} for {_place(case)}, {pixels}; numbers "
            "give the order of fixations, areas their durations.",
            sources=(made.commands[f"scores {predictor}"],),
            on_paper=True,
        )
        for case in found
    )
    said = Words(
        text=f"The records on which {predictor} scores best, in the middle and worst by "
        f"{metric.title}, each {pixels}. Of equal scores the first record is taken."
    )
    return Section(name=name, title=heading, parts=(said, Gallery(plots=plots)))


def choose_cases(scores: Scores, metric: Metric) -> list[Case]:
    """Rows with the best, the median and the worst value; fewer where values are few."""
    values = scores.values[metric.name]
    rows = np.flatnonzero(np.isfinite(values) & scores.keys["predicted"])
    if not len(rows):
        return []
    order = -values[rows] if metric.higher_is_better else values[rows]
    best_first = rows[np.argsort(order, kind="stable")]
    ranked = {"best": best_first[0], "median": best_first[len(rows) // 2], "worst": best_first[-1]}
    cases: dict[int, Case] = {}
    for rank, row in ranked.items():
        image, finding, subject = (scores.keys[key][row] for key in ("image", "finding", "subject"))
        cases.setdefault(
            int(row),
            Case(rank=rank, row=int(row), value=float(values[row]), image=str(image),
                 finding=str(finding), subject=subject),
        )  # fmt: skip
    return list(cases.values())


def _place(case: Case) -> str:
    who = "" if case.subject is None else f", person {case.subject}"
    return f"{case.image}, {case.finding}{who}"


def gaze(made: Material, paths: Paths | None, sources: tuple[Command, ...]) -> Section:
    """Density of fixations, distributions of durations, saccade lengths and directions."""
    name, heading = "gaze", "Where, how long and how far people and predictors look"
    if paths is None:
        text = (
            f"No scanpaths are given, so there is no density and no distribution: {_ASK} add them."
        )
        return Section(name=name, title=heading, parts=(Words(text=text, absent=True),))
    parts: list[Part] = []
    tables = gaze_plots.sources(paths)
    listed = ", ".join(tables)
    frame = gaze_plots.one_frame(paths)
    first = " without the first, which the rule gives" if paths.given_first else ""
    if frame is None:
        parts.append(Words(text="The frame differs by path, so that there is no common density.",
                           absent=True))  # fmt: skip
    else:
        parts.append(
            Plot(
                name="density",
                figure=gaze_plots.density(paths, frame),
                caption=f"Density of fixations{first}, over all images and findings (Gaussian of "
                "1/14 of the frame's longer side; number of fixations in parentheses). The line "
                "holds the densest half.",
                alt=f"Density of fixations in the frame of {frame[0]:g} by {frame[1]:g} px, a "
                f"panel each for {listed}.",
                sources=sources,
            )
        )
    found = {one: Habits.of(table) for one, table in tables.items()}
    started = (
        " The first fixation is where the rule puts it, so that first saccades start there."
        if paths.given_first
        else ""
    )
    parts.append(
        Plot(
            name="distributions",
            figure=gaze_plots.distributions(found, made.styles),
            caption="Shares, by source. The last bin holds all beyond the 99th percentile; of "
            "directions the radius is the root of the share."
            f"{started} {_medians(found)}",
            alt=f"Four panels: fixations of a path, durations, lengths and directions of saccades, "
            f"of {listed}. {_medians(found)}",
            sources=sources,
        )
    )
    lacking = [one.name for one in made.results
               if one.scores is not None and one.name not in paths.matches]  # fmt: skip
    if lacking:
        text = f"Not shown: {', '.join(lacking)}: --predictions FILE adds what was scored."
        parts.append(Words(text=text, absent=True))
    return Section(name=name, title=heading, parts=tuple(parts))


def _medians(found: Mapping[str, Habits]) -> str:
    told = []
    for name, habits in found.items():
        parts = [f"{_median(habits.lengths)} fixations"]
        parts.append(
            f"{_median(habits.durations)} s" if len(habits.durations) else "without durations"
        )
        parts.append(f"{_median(habits.amplitudes)} px a saccade")
        told.append(f"{name} {', '.join(parts)}")
    return f"Medians: {'; '.join(told)}."


def _median(values: np.ndarray) -> str:
    return f"{np.median(values):.3g}" if len(values) else "none"
