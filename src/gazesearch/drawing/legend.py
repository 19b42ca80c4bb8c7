"""The legend: what every mark, line and size means, in rows under the panels."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path

from gazesearch.drawing.content import Content, Trace
from gazesearch.drawing.panel import EDGE, HALO, LINE, STRONGEST, Scale
from gazesearch.drawing.styles import BOX_COLOUR, CIRCLE, DENSITY_COLOUR, STYLES, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT: Final = 8.5
ROW: Final = 16.0
SAMPLE: Final = 40.0  # width of what stands before a text
SPACE: Final = 5.0
BETWEEN: Final = 16.0
MARK_AREA: Final = 60.0
LONGEST: Final = 1000  # characters; no page holds as many in a line, and measuring more takes long
ROUND_SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True)
class Text:
    """One line of text that does not outgrow its place: left end, middle, widest, all pt."""

    page: Axes
    x: float
    y: float
    widest: float
    size: float = FONT

    def write(self, text: str) -> None:
        """Write it, its middle left out where it is too long."""
        shown = shortened(printable(text), self.widest, self.size)
        # File names may hold dollar signs: no mathematics here.
        self.page.text(
            self.x, self.y + 0.36 * self.size, shown, fontsize=self.size, ha="left", va="baseline",
            parse_math=False, color="black",
        )  # fmt: skip


def printable(text: str) -> str:
    """The text in one line without what no file format can hold, far too long ones cut."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in plain).strip()


def shortened(text: str, widest: float, size: float) -> str:
    """The text, or its two ends, no wider than `widest` pt.

    >>> shortened("a-long-name-of-a-model-and-its-settings", 90, 8.5)
    'a-long-na…-settings'
    """
    if text_width(text, size) <= widest:
        return text

    def ends(kept: int) -> str:
        front = (kept + 1) // 2
        return f"{text[:front]}…{text[len(text) - kept + front :]}"

    # The most characters that fit: more are never narrower, so half the rest is tried each time.
    fit, least_too_many = 0, len(text)
    while least_too_many - fit > 1:
        kept = (fit + least_too_many) // 2
        if text_width(ends(kept), size) <= widest:
            fit = kept
        else:
            least_too_many = kept
    return ends(fit)


@lru_cache(maxsize=1024)
def text_width(text: str, size: float) -> float:
    """Width in the font of all text, pt."""
    # `text_to_path` measures outlines at 100 units an em.
    width, _, _ = text_to_path.get_text_width_height_descent(
        text, FontProperties(family="DejaVu Sans", size=size), False
    )
    return float(width)


Sample = Callable[["Axes", float, float], None]


@dataclass(frozen=True)
class _Entry:
    text: str
    sample: Sample
    sample_width: float = SAMPLE

    def width(self, widest: float) -> float:
        return min(widest, self.sample_width + SPACE + text_width(printable(self.text), FONT))


@dataclass(frozen=True, kw_only=True)
class Legend:
    """Entries in rows, as many in a row as it holds."""

    content: Content
    rows: tuple[tuple[_Entry, ...], ...]
    width: float

    @classmethod
    def of(
        cls,
        content: Content,
        traces: Sequence[Trace],
        *,
        dense: bool,
        scale: Scale,
        width: float,
    ) -> Legend:
        """A legend of some sources and of what is common to all panels."""
        entries = [
            _Entry(described(trace, content), _source_sample(trace.style)) for trace in traces
        ]
        if any((trace.fixations[:, 2] >= 0).any() for trace in content.traces):
            seconds = _round_seconds(scale)
            entries.append(
                _Entry(f"{seconds:g} s (area: duration)", _size_sample(scale, seconds), 14.0)
            )
        if len(content.boxes):
            entries.append(_Entry("target", _box_sample, 18.0))
        if dense:
            entries.append(_Entry("next fixation (line: densest half)", _density_sample, 18.0))
        rows: list[list[_Entry]] = []
        free = 0.0
        for entry in entries:
            needed = entry.width(width)
            if rows and needed <= free:
                rows[-1].append(entry)
            else:
                rows.append([entry])
                free = width
            free -= needed + BETWEEN
        return cls(content=content, rows=tuple(map(tuple, rows)), width=width)

    @property
    def height(self) -> float:
        """pt."""
        return ROW * len(self.rows)

    def draw(self, page: Axes, left: float, top: float) -> None:
        """Draw all rows below a line of the page."""
        for at, row in enumerate(self.rows):
            x, y = left, top + ROW * (at + 0.5)
            for entry in row:
                self._entry(page, entry, x, y, self.width)
                x += entry.width(self.width) + BETWEEN

    def heading(self, page: Axes, trace: Trace, x: float, y: float, width: float) -> None:
        """The name of a panel's source with its sample."""
        self._entry(
            page, _Entry(described(trace, self.content), _source_sample(trace.style)), x, y, width
        )

    def _entry(self, page: Axes, entry: _Entry, x: float, y: float, width: float) -> None:
        entry.sample(page, x, y)
        start = entry.sample_width + SPACE
        Text(page, x + start, y, width - start).write(entry.text)


def described(trace: Trace, content: Content) -> str:
    """A source's name, and what its marks do not say."""
    said = [f"{len(trace.paths)} paths"] if len(trace.paths) > 1 else []
    if not len(trace.fixations):
        said.append("no fixation")
    elif not (trace.fixations[:, 2] >= 0).any():
        said.append("no durations")
    if unseen := int((~content.shown(trace.fixations)).sum()):
        said.append(f"{unseen} far off the frame")
    return f"{trace.label} ({', '.join(said)})" if said else trace.label


def _source_sample(style: Style) -> Sample:
    def draw(page: Axes, x: float, y: float) -> None:
        line = Line2D((x, x + SAMPLE), (y, y), color=style.colour, linewidth=LINE)
        if style.dashes:
            line.set_dashes(style.dashes)
            line.set_dash_capstyle("butt")
        line.set_gid(f"legend-line-{STYLES.index(style)}")
        page.add_line(line)
        _mark(page, x + SAMPLE / 2, y, style, MARK_AREA, f"legend-mark-{STYLES.index(style)}")

    return draw


def _mark(page: Axes, x: float, y: float, style: Style, area: float, name: str) -> None:
    for colour, size, edge, width in (
        ("white", area, "white", EDGE + 2 * HALO),
        (style.colour, area, "black", EDGE),
    ):
        page.scatter(
            x, y, s=style.marker_size(size), marker=style.shape, facecolors=colour,
            edgecolors=edge, linewidths=width, zorder=3, gid=name,
        )  # fmt: skip


def _size_sample(scale: Scale, seconds: float) -> Sample:
    def draw(page: Axes, x: float, y: float) -> None:
        style = Style(colour="#DDDDDD", shape=CIRCLE)
        _mark(page, x + 7, y, style, scale.per_second * seconds, "legend-size")

    return draw


def _round_seconds(scale: Scale) -> float:
    """A round duration whose mark is about as large as a row of the legend takes."""
    fitting = [s for s in ROUND_SECONDS if scale.per_second * s <= 3.14 / 4 * (ROW - 3) ** 2]
    return fitting[-1] if fitting else ROUND_SECONDS[0]


def _box_sample(page: Axes, x: float, y: float) -> None:
    box = Rectangle((x, y - 5), 18, 10, fill=False)
    box.set(edgecolor=BOX_COLOUR, linewidth=LINE, joinstyle="miter")
    page.add_patch(box)


def _density_sample(page: Axes, x: float, y: float) -> None:
    box: dict[str, Any] = {"xy": (x, y - 5), "width": 18.0, "height": 10}
    page.add_patch(
        Rectangle(**box, facecolor=DENSITY_COLOUR, alpha=STRONGEST * 0.6, edgecolor="none")
    )
    page.add_patch(Rectangle(**box, fill=False, edgecolor=DENSITY_COLOUR, linewidth=LINE))
