"""The report: what it shows, that its numbers are the tables', and what it never does."""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

import gazesearch
from gazesearch import Scanpaths, Scores
from gazesearch.errors import BadSetting, DataError, UnknownName, UnreadableFile
from gazesearch.evaluation import compare
from gazesearch.evaluation.likelihood import FixationScores
from gazesearch.evaluation.report import Report, make_report, score_plots
from gazesearch.evaluation.report.commands import evaluating
from gazesearch.evaluation.report.palette import COLOURS, GROUND, LINE, SERIES, looks
from gazesearch.evaluation.report.plot import drawing_settings
from gazesearch.evaluation.tables import number, title
from gazesearch.images import ImageFolder

Command = Callable[..., subprocess.CompletedProcess[str]]
NASTY = "<script>alert('x')</script>&\"'$_a$"
SECTIONS = (
    "main-results", "positions", "findings", "seen-unseen", "likelihood", "draws", "cases", "gaze",
    "methods", "commands",
)  # fmt: skip


class Page(HTMLParser):
    """Elements in their order, ids, targets of links, and the text of each cell."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "td":
            self._in_cell = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(report: Report) -> Page:
    return Page(report.html)


def words_of(text: str) -> list[str]:
    """Words of a command after its first, lines joined as a shell does."""
    return shlex.split(text.replace("\\\n", ""))[1:]


def scored(names: list[str], predicted: list[str], root: Path) -> list[Path]:
    """Small results under any names."""
    path = [[1, 1], [9, 9], [1, 9]]
    table = Scanpaths.of([path, path], image=predicted, finding="edema", screen_size=(10, 10))
    folders = []
    for at, name in enumerate(names):
        folder = root / str(at) / name.replace("/", "-")
        gazesearch.evaluate(table, table, metrics=["scanmatch", "length_error"]).save(folder)
        folders.append(folder)
    return folders


# -- structure


def test_every_section_and_figure_is_there(report: Report, page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if name in SECTIONS] == list(SECTIONS)
    assert [plot.name for plot in report.plots] == [
        "forest", "positions", "findings", "calibration", "case-best", "case-median", "case-worst",
        "density", "distributions",
    ]  # fmt: skip
    pictures = [one for one in page.all("svg") if "plot" in str(one["class"])]
    assert len(pictures) == len(report.plots)
    assert all(one["role"] == "img" and one["aria-label"] for one in pictures)


def test_headings_and_tables_can_be_walked(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(two - one <= 1 for one, two in pairwise(levels))
    assert {one.get("scope") for one in page.all("th")} == {"col", "row"}
    assert len(page.all("caption")) == len(page.all("table")) > 8


def test_every_number_of_a_table_leads_to_its_command(report: Report, page: Page) -> None:
    ids = {attributes.get("id") for _, attributes in page.elements}
    targets = [str(one["href"]) for one in page.all("a")]
    assert all(target.startswith("#") and target[1:] in ids for target in targets)
    at = [k for k, (tag, _) in enumerate(page.elements) if tag == "td"]
    following = [page.elements[k + 1] for k in at]
    assert all(
        tag == "a" and str(found["href"]).startswith("#command-") for tag, found in following
    )
    assert "gazesearch compare mine other --by finding --resamples 200 --seed 0" in report.html


# -- numbers


def test_numbers_are_those_of_the_tables(files: Any, report: Report, page: Page) -> None:
    results = [Scores.load(folder) for folder in files.results]
    found = compare(*results, names=["mine", "other"], by="finding", resamples=200)
    cells = set(page.cells)
    whole = [e for e in found.estimates if e.group == "all records"]
    assert len(whole) == 8
    for estimate in whole:
        text = number(estimate.mean, estimate.low, estimate.high)
        assert any(cell.startswith(text) for cell in cells), (estimate.metric, text)
    for test in found.tests:
        if test.metric == "scanmatch" or test.group == "all records":
            assert number(test.difference, test.low, test.high, signed=True) in cells


def test_the_commands_of_the_page_make_the_same_page_again(
    command: Command, files: Any, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "annotations"
    folder.mkdir()
    shutil.copy(files.annotations.parents[1] / "dataset.json", tmp_path)
    for file in (files.annotations, files.mine, files.other, files.draws):
        shutil.copy(file, folder)
    monkeypatch.chdir(folder)
    told = [html.unescape(text) for text in re.findall("<li id=.*?<code>(.*?)</code>", report.html,
                                                       flags=re.DOTALL)]  # fmt: skip
    assert len(told) == 8
    for text in told:
        found = command(*words_of(text))
        assert found.returncode == 0, (text, found.stderr)
    assert (folder / "report.html").read_text("utf-8") == report.html


def test_commands_name_the_options_that_files_were_read_with(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(
        "name,task,X,Y,T\na.png,edema,1,1,200\na.png,edema,9,9,300\nb.png,edema,1,1,200\n"
        "c.png,edema,5,x,1\n"
    )
    read = ("--screen-size", "10x12", "--duration-unit", "ms", "--lenient")
    made = command(
        "evaluate", tmp_path / "a.csv", "--annotations", tmp_path / "a.csv", *read, "--output",
        tmp_path / "mine", "--metrics", "scanmatch,length_error",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    scores = Scores.load(tmp_path / "mine")
    assert scores.run.settings["reading"] == {
        "screen_size": [10, 12], "duration_unit": "ms", "lenient": True,
    }  # fmt: skip
    told = ["gazesearch", *words_of(evaluating(scores, "mine"))]
    assert told[told.index("--screen-size") :] == [
        *read, "--metrics", "scanmatch,length_error", "--output", "mine",
    ]  # fmt: skip


def test_methods_say_what_the_runs_say(files: Any, report: Report) -> None:
    methods = re.sub(r"<[^>]+>| +", " ", report.html[report.html.index('id="methods"') :])
    methods = re.sub(r"\s+", " ", methods)
    scores = Scores.load(files.results[0])
    assert scores.protocol.digest in methods
    assert f"against {scores.counts.scored} recorded scanpaths of 2 people" in methods
    assert "first-fixation rule as-recorded" in methods
    assert "ScanMatch (Cristino et al. 2010; bins=16 x 12, threshold=3.5)" in methods
    assert "(200 resamples, seed 0)" in methods
    assert "(Holm 1979)" in methods
    undefined = scores.summary("tfp_area").undefined
    assert f"TFP area {undefined}" in methods
    assert f"GazeSearch {gazesearch.__version__}" in methods


def worse_and_worse(root: Path) -> list[Path]:
    """Results of people's own paths, and of two predictors that are further off and longer."""
    images, size = ["a.png", "b.png", "c.png"], (300, 200)
    paths = [[[20, 20], [90, 30 + 20 * k], [20, 90]] for k in range(3)]
    people = Scanpaths.of(paths, image=images, finding="edema", screen_size=size)
    folders = []
    for name, by_px, longer in (
        ("mine", (0, 0, 0), (0, 0, 0)), ("near", (5, 8, 12), (0, 1, 1)),
        ("far", (30, 36, 39), (1, 2, 4)),
    ):  # fmt: skip
        told = [
            [[x + by, y] for x, y in path] + [[20, 20]] * more
            for path, by, more in zip(paths, by_px, longer, strict=True)
        ]
        table = Scanpaths.of(told, image=images, finding="edema", screen_size=size)
        metrics = ["scanmatch", "hausdorff", "length_error"]
        gazesearch.evaluate(table, people, metrics=metrics).save(root / name)
        folders.append(root / name)
    return folders


def test_labels_of_the_forest_are_those_of_its_marks(tmp_path: Path) -> None:
    """Rows by metric, colours and shapes by predictor, better on the side that says so."""
    results = [Scores.load(folder) for folder in worse_and_worse(tmp_path)]
    found = compare(*results, names=["mine", "near", "far"], resamples=100)
    figure = score_plots.forest(found, looks(found.names))
    (ax,) = figure.axes
    (legend,) = figure.legends
    drawn = {
        (line.get_color(), line.get_marker()): text.get_text()
        for line, text in zip(legend.get_lines(), legend.get_texts(), strict=True)
    }
    ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    rows = {at: text.get_text() for at, text in ticks}
    marks = {}
    for line in ax.lines:
        if line.get_marker() != "None" and len(line.get_xdata()) == 1:
            (x,), (y,) = line.get_data()
            label = drawn[line.get_markeredgecolor(), line.get_marker()]
            marks[label, rows[round(float(y))]] = float(x)
    expected = {
        (f"against {test.other}", title(metric)): (
            test.effect_size if metric.higher_is_better else -test.effect_size
        )
        for metric in found.metrics
        for test in found.tests
        if test.metric == metric.name
    }
    assert len({round(x, 6) for x in expected.values()}) == len(expected) == 6
    assert marks == pytest.approx(expected)
    assert min(expected.values()) > 0  # mine is people's own path: better by every metric
    beside = {text.get_text(): text.get_position()[0] for text in ax.texts}
    (mine,) = [text for text in beside if text.startswith("mine better")]
    (theirs,) = [text for text in beside if "other better" in text]
    assert beside[theirs] < 0.5 < beside[mine]
    assert sum(ax.get_xlim()) == pytest.approx(0)  # 0 is where the two texts meet


def test_labels_of_the_forest_reach_the_page(report: Report) -> None:
    start = report.html.index('id="forest-figure"')
    drawn = report.html[start : report.html.index("</svg>", start)]
    texts = [html.unescape(text) for text in re.findall(r"<text [^>]*>([^<]*)</text>", drawn)]
    labels = ["against other", "← other better", "mine better →"]
    labels += [title(metric) for metric in report.comparison.metrics]
    assert [texts.count(label) for label in labels] == [1] * len(labels)
    places = [texts.index(title(metric)) for metric in report.comparison.metrics]
    assert places == sorted(places)


def test_tables_by_group_say_what_p_is_corrected_over(report: Report) -> None:
    start, end = (report.html.index(f'id="{name}"') for name in ("findings", "seen-unseen"))
    section = report.html[start:end]
    assert "corrected over the 4 metrics of each group by itself, not over groups" in section


# -- what is missing


def test_missing_parts_are_said(files: Any) -> None:
    bare = make_report(files.results[1:], resamples=200)
    sentences = (
        "Only one result with scores of paths is given",
        "No score by position for other",
        "No result holds scores fixation by fixation",
        "No result holds draws scored as a distribution",
        "No scanpaths are given, so no case is shown",
        "No scanpaths are given, so there is no density",
    )
    for sentence in sentences:
        assert sentence in bare.html, sentence
    for section in bare.sections:
        assert section.parts, section.name


def test_only_what_was_scored_is_drawn(files: Any, tmp_path: Path) -> None:
    results, annotations = files.results, files.annotations
    changed = tmp_path / "mine.json"
    changed.write_text(files.mine.read_text() + "\n")
    with pytest.raises(DataError, match="no result was scored from it"):
        make_report(results, annotations=annotations, predictions=[changed], resamples=100)
    records = json.loads(annotations.read_text())
    fewer = tmp_path / "annotations.json"
    fewer.write_text(json.dumps([r for r in records if r["split"] != "test"] + [
        next(r for r in records if r["split"] == "test")]))  # fmt: skip
    with pytest.raises(DataError, match="holds other records than the results"):
        make_report(results, annotations=fewer, resamples=100)
    with pytest.raises(BadSetting, match="give --annotations"):
        make_report(results, predictions=[files.mine], resamples=100)


def test_results_of_other_records_are_refused(files: Any, tmp_path: Path) -> None:
    others = scored(["small"], ["a.png", "b.png"], tmp_path)
    with pytest.raises(DataError, match="cannot stand in one report: dataset"):
        make_report([files.results[0], *others])
    with pytest.raises(UnreadableFile, match="holds no results.json"):
        make_report([tmp_path])
    with pytest.raises(UnknownName, match="metric of all results"):
        make_report(others, headline="scanmtch", resamples=100)


# -- what it never does


def test_the_page_asks_for_nothing(report: Report) -> None:
    assert not re.search(
        r"<script|<img|<link|<iframe|<object|<form|@import|https?:|\son\w+=", report.html
    )
    addresses = re.findall(r'(?:src|href)="([^"]*)"', report.html)
    assert {address[:1] for address in addresses if not address.startswith("data:image/png")} == {
        "#"
    }
    assert all(one.startswith("url(#") for one in re.findall(r"url\([^)]*", report.html))
    assert "default-src 'none'" in report.html
    assert "prefers-color-scheme: dark" in report.html
    assert "@media print" in report.html


def test_pixels_only_when_asked_for(files: Any, report: Report) -> None:
    assert "This page holds no pixel of any image." in report.html
    before = len(re.findall("data:image/png", report.html))  # the densities
    shown = make_report(
        files.results,
        annotations=files.annotations,
        predictions=[files.mine],
        images=ImageFolder(files.images),
        resamples=100,
    )
    # One density less, as one file of predictions less is given, and three images.
    assert len(re.findall("data:image/png", shown.html)) == before - 1 + 3
    assert "This page shows pixels of images" in shown.html


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    folders = scored([NASTY, "_other"], [NASTY, "b.png"], tmp_path)
    page = make_report(folders, names=[NASTY, "_other"], resamples=100).html
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(") > 10
    drawn = page[page.index('<svg class="plot') :]
    assert "$_a$" in drawn[: drawn.index("</svg>")]  # no formula is made of it
    assert len(re.findall("> *_other</text>", drawn)) == 1  # of the legend by finding
    for name in ("", "a\nb", "a\u202eb"):
        with pytest.raises(BadSetting, match="printable|different"):
            make_report(folders, names=[name, "other"])


def test_figures_are_the_same_bytes_too(tmp_path: Path) -> None:
    results = scored(["mine", "other"], ["a.png", "b.png"], tmp_path)
    for name in ("one", "two"):
        made = make_report(results, resamples=100)
        made.save(tmp_path / name / "page.html")
    one, two = (dict(contents(tmp_path / name)) for name in ("one", "two"))
    assert one == two
    assert {Path(name).suffix for name in one} == {".html", ".svg", ".pdf"}
    assert len(one) == 1 + 2 * len(made.plots)


def contents(root: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(root.rglob("*")):
        if file.is_file():
            yield file.relative_to(root).as_posix(), file.read_bytes()


def test_long_names_leave_figures_and_tables_whole(tmp_path: Path) -> None:
    names = [f"{start}_{'predictions' * 5}" for start in ("one", "two")]
    made = make_report(scored(names, ["a.png", "b.png"], tmp_path), resamples=100)
    with drawing_settings():
        for plot in made.plots:
            plot.figure.canvas.draw()
            width = plot.figure.bbox.width
            named = [one for one in plot.figure.findobj(Text) if "predict" in one.get_text()]
            assert named
            for text in named:  # ticks beyond the axes, which are not drawn, are texts, too
                box = text.get_window_extent()
                assert -1 < box.x0 <= box.x1 < width + 1, (plot.name, text.get_text())
    assert f'<th scope="col">one_<wbr>{"predictions" * 5}' in made.html


def test_nothing_is_drawn_where_no_decision_was_made(files: Any) -> None:
    scores = FixationScores.load(files.results[0] / "likelihood")
    assert scores.termination is not None
    empty = scores.termination.calibration().count == 0
    assert empty.any()
    figure = score_plots.calibration({"mine": scores}, looks(["mine"]))
    (line,) = [one for one in figure.axes[0].lines if one.get_label() == "mine"]
    assert np.isnan(line.get_xdata()).tolist() == empty.tolist()


# -- colours


def luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_colours_stand_out_from_their_ground(ground: str) -> None:
    behind = luminance(getattr(GROUND, ground))
    for colour in COLOURS:
        if colour not in (GROUND, LINE):
            one, two = sorted((behind, luminance(getattr(colour, ground))))
            needed = 3 if colour in SERIES else 4.5
            assert (two + 0.05) / (one + 0.05) >= needed, colour


# -- command line


def test_the_command_writes_page_and_figures(command: Command, files: Any, tmp_path: Path) -> None:
    shutil.copytree(files.results[1], tmp_path / "other")
    words = ("report", tmp_path / "other", "--resamples", "100", "--output", tmp_path / "r.html")
    found = command(*words)
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"wrote {tmp_path / 'r.html'} and 1 figures\n"
    assert sorted(f.name for f in (tmp_path / "r_figures").iterdir()) == [
        "findings.pdf", "findings.svg",
    ]  # fmt: skip
    refused = command(*words, "--images", tmp_path)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "--show-images: give both" in refused.stderr
    refused = command(*words[:2], "--output", tmp_path / "r.pdf")
    assert (refused.returncode, refused.stderr.count("name it .html")) == (2, 1)
