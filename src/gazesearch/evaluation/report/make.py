"""`make_report`: read, compare, draw and write down; `Report`, the page and its figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gazesearch.drawing import save as save_figure
from gazesearch.errors import BadSetting, UnknownName
from gazesearch.evaluation.comparison import Comparison, compare
from gazesearch.evaluation.intervals import RESAMPLES, seed_of
from gazesearch.evaluation.report import gaze_sections, sections
from gazesearch.evaluation.report.commands import commands_of, written_command
from gazesearch.evaluation.report.content import Section, plots_of
from gazesearch.evaluation.report.page import Head, to_html
from gazesearch.evaluation.report.palette import looks
from gazesearch.evaluation.report.paths import File, read_paths
from gazesearch.evaluation.report.plot import Plot
from gazesearch.evaluation.report.results import load_results, scored
from gazesearch.evaluation.scores import By
from gazesearch.evaluation.truth import read_options
from gazesearch.files import MAX_SIZE, write_text
from gazesearch.metrics import Metric
from gazesearch.prediction import ImageSource
from gazesearch.protocols import Protocol
from gazesearch.scanpaths import DurationUnit

FIGURES: tuple[str, ...] = (".svg", ".pdf")


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """One page, and its figures.

    Attributes:
        html: the page; the same bytes for the same inputs.
        plots: the figures, in its order.
        sections: what it shows.
        comparison: means, intervals and tests of all records, seen and unseen images.
    """

    html: str
    plots: tuple[Plot, ...]
    sections: tuple[Section, ...]
    comparison: Comparison

    def save(
        self, path: str | os.PathLike[str], *, figures: str | os.PathLike[str] | None = None
    ) -> None:
        """Write the page, and each figure as SVG and PDF into a folder.

        Args:
            path: of the page, `.html`.
            figures: the folder; None takes `<name>_figures` beside the page.

        Raises:
            BadSetting: the page's name does not end in .html.
            UnreadableFile: a file cannot be written.
        """
        page = checked_page(path)
        folder = page.with_name(f"{page.stem}_figures") if figures is None else Path(figures)
        for plot in self.plots:
            for ending in FIGURES:
                save_figure(plot.figure, folder / f"{plot.name}{ending}")
        write_text(page, self.html)

    def __repr__(self) -> str:
        names = ", ".join(self.comparison.names)
        return f"<Report: {names}, {len(self.sections)} sections, {len(self.plots)} figures>"


def make_report(
    results: Sequence[File],
    *,
    names: Sequence[str] | None = None,
    annotations: File | None = None,
    predictions: Sequence[File] = (),
    images: ImageSource | None = None,
    protocol: Protocol | File | None = None,
    headline: str | None = None,
    resamples: int = RESAMPLES,
    rng: int = 0,
    duration_unit: DurationUnit | None = None,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
    progress: Callable[[str, float], None] | None = None,
) -> Report:
    """Make one page of results: tables, figures, methods, and the command behind every number.

    All scores are taken from the results' tables. Scanpaths are read only to be drawn and counted,
    and only if they are those that were scored.

    Args:
        results: folders that `gazesearch evaluate --output` wrote; the first is tested against the
            others.
        names: of the predictors; None takes those of the folders.
        annotations: the recorded scanpaths, for cases, densities and distributions.
        predictions: files that results were scored from, likewise, in any order.
        images: draws the cases on their images; None on plain frames, without a pixel.
        protocol: an exported protocol's file, where the results were made with one.
        headline: metric of figures, cases and tables by group; None takes the first common one.
        resamples, rng: of intervals and tests.
        duration_unit, lenient, max_size: for files, as in `evaluate`.
        progress: called with what is being done and the fraction done.

    Raises:
        BadSetting: no result, names or a setting outside their range.
        DataError: the results are not of the same records, or a file is not what was scored.
        UnknownName: the headline is no metric that all have.
        UnreadableFile: a result or an image is absent.
    """
    say = progress or (lambda _text, _done: None)
    say("reading results", 0.0)
    loaded = load_results(results, names)
    tables = scored(loaded)
    paths = read_paths(
        loaded,
        annotations=annotations,
        predictions=predictions,
        protocol=protocol,
        duration_unit=duration_unit,
        lenient=lenient,
        max_size=max_size,
    )
    seed = seed_of(rng)
    compared = []
    groupings: tuple[By | None, ...] = (None, "finding", "length")
    for k, by in enumerate(groupings):
        say(f"comparing by {by}" if by else "comparing", 0.1 + 0.25 * k)
        compared.append(
            compare(*tables.values(), names=list(tables), by=by, resamples=resamples, rng=seed)
        )
    whole, by_finding, by_length = compared
    made = sections.Material(
        results=loaded,
        whole=whole,
        findings=by_finding,
        lengths=by_length,
        headline=_headline(whole, headline),
        styles=looks([one.name for one in loaded]),
        commands=commands_of(loaded, groupings=groupings, resamples=resamples, seed=seed),
    )
    own = made.commands.add(
        "report",
        "this page; figures and counts of scanpaths",
        written_command(
            [one.name for one in loaded],
            annotations=annotations,
            predictions=predictions,
            pixels=images is not None,
            headline=headline,
            resamples=resamples,
            seed=seed,
            protocol=protocol,
            reading=read_options(duration_unit=duration_unit, lenient=lenient),
        ),
    )
    say("drawing", 0.85)
    found = (
        sections.main_results(made),
        sections.positions(made),
        sections.findings(made),
        sections.seen(made),
        sections.likelihood(made),
        sections.draws(made),
        gaze_sections.cases(made, paths, images),
        gaze_sections.gaze(made, paths, (own,)),
        sections.method(made),
    )
    head = Head.of(made, pixels=images is not None and paths is not None)
    plots = plots_of(found)
    return Report(
        html=to_html(head, found, made.commands),
        plots=tuple(plots),
        sections=found,
        comparison=whole,
    )


def checked_page(path: str | os.PathLike[str]) -> Path:
    """Where the page goes.

    Raises:
        BadSetting: the name does not end in .html.
    """
    page = Path(path)
    if page.suffix.lower() not in (".html", ".htm"):
        raise BadSetting(f"--output {page}: a report is a page: name it .html")
    return page


def _headline(comparison: Comparison, name: str | None) -> Metric:
    known = {metric.name: metric for metric in comparison.metrics}
    if name is None:
        return comparison.metrics[0]
    if name not in known:
        raise UnknownName("metric of all results", name, known)
    return known[name]
