"""A figure of the report: drawn once, inline in the page as SVG, and as files beside it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import matplotlib.style
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from gazesearch.drawing.legend import printable, shortened
from gazesearch.drawing.output import plain_settings
from gazesearch.evaluation.report.commands import Command
from gazesearch.evaluation.report.palette import COLOURS, GROUND, INK, LINE, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN: Final = 7.2
FONT: Final = 9
COLUMNS: Final = 4
"""Entries in a row of a legend."""

_SAMPLE: Final = 0.085  # of the page's width: mark and gaps of an entry

_SETTINGS: Final = {
    "font.size": FONT,
    "text.parse_math": False,  # names are names, whatever dollars they hold
    "text.color": INK.light,
    "axes.labelcolor": INK.light,
    "axes.edgecolor": SOFT.light,
    "axes.facecolor": "none",
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE.light,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT.light,
    "ytick.color": SOFT.light,
    "xtick.labelcolor": INK.light,
    "ytick.labelcolor": INK.light,
    "legend.frameon": False,
    "figure.facecolor": GROUND.light,
    "savefig.facecolor": GROUND.light,
}
_METADATA: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}
_DPI: Final = 150


@dataclass(frozen=True, kw_only=True, eq=False)
class Plot:
    """A figure with what is said of it.

    Attributes:
        name: of its files and its id.
        figure: of matplotlib.
        caption: below it, one or two sentences.
        alt: what it shows, for those who do not see it.
        sources: commands that its numbers come from.
        on_paper: it stays black on white on a dark page, as it was drawn.
    """

    name: str
    figure: Figure
    caption: str
    alt: str
    sources: tuple[Command, ...] = ()
    on_paper: bool = False

    kind = "plot"

    @property
    def svg(self) -> Markup:
        """The figure as an element of the page: no header, no style, no name twice."""
        return inline(self.figure, name=self.name, alt=self.alt, on_paper=self.on_paper)


@contextmanager
def drawing_settings() -> Iterator[None]:
    """The report's look, whatever a user's configuration says, and back afterwards."""
    with plain_settings(), matplotlib.style.context(_SETTINGS):
        yield


def canvas(height: float, columns: int = 1, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure as wide as the page, and its axes (rows, columns)."""
    figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def fitting(name: str, share: float = 1.0) -> str:
    """A name no wider than a share of the page; of a long one both ends."""
    return shortened(printable(name), share * 72 * WIDTH_IN, FONT)


def label(name: str, count: int) -> str:
    """A name as a legend of so many takes it, which leaves out what begins with `_`."""
    found = fitting(name, 1 / min(COLUMNS, count) - _SAMPLE)
    return f" {found}" if found.startswith("_") else found


def legend(figure: Figure, axes: Axes, *, least: int = 2) -> None:
    """One legend above all panels, of so many entries or more."""
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) >= least:
        figure.legend(handles, labels, loc="outside upper left", ncols=min(COLUMNS, len(labels)))


def inline(figure: Figure, *, name: str, alt: str, on_paper: bool) -> Markup:
    """SVG to stand in HTML: colours become variables, ids are the figure's own."""
    out = io.StringIO()
    with drawing_settings():
        figure.savefig(out, format="svg", transparent=not on_paper, metadata=_METADATA, dpi=_DPI)
    figure.set_layout_engine("none")  # everything has its place now; files need not look again
    text = out.getvalue()
    width, height = map(float, re.findall(r'<svg[^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0])
    body = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    body = re.sub(
        r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", body, flags=re.S
    )
    body = _own_ids(body, name)
    if not on_paper:
        for colour in COLOURS:
            body = body.replace(colour.light, f"var(--{colour.name})")
    body = re.sub(r"\n\s*", "\n", body)
    paper = " paper" if on_paper else ""
    return Markup(
        f'<svg class="plot{paper}" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {width:g} {height:g}">{body}</svg>'
    )


def _own_ids(body: str, name: str) -> str:
    """Ids that something points to, under the figure's name; the others go."""
    wanted = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', body))
    used = {one or two for one, two in wanted}

    def renamed(found: re.Match[str]) -> str:
        return f' id="{name}-{found[1]}"' if found[1] in used else ""

    body = re.sub(r' id="([^"]*)"', renamed, body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", body)
    return re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', body)
