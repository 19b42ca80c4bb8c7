"""`draw`: panels on a page, title above, legend below; all sizes in pt until the page is made."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from gazesearch.drawing.content import Content, Density, Floats, Source, Trace, densities, gather
from gazesearch.drawing.legend import Legend, Text
from gazesearch.drawing.output import plain_settings
from gazesearch.drawing.panel import Panel, Scale
from gazesearch.errors import BadSetting

Layout = Literal["overlay", "side-by-side"]

MARGIN: Final = 12.0
GAP: Final = 18.0  # between panels: marks reach over the rim
HEADING: Final = 18.0
TALLEST: Final = 1.35  # height of a panel over its width; taller images become narrower
COLUMNS: Final = 3
PANEL_IN: Final = {1: 5.0, 2: 3.4, 3: 2.8}  # width of a panel, by panels in a row
NOTEBOOK_DPI: Final = 100


class Picture(Figure):
    """A figure that a notebook shows without pyplot, as the last value of a cell."""

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        with plain_settings():
            self.savefig(png, format="png", dpi=NOTEBOOK_DPI)
        return png.getvalue()


def draw(
    sources: Mapping[str, Source],
    *,
    image: ArrayLike | None = None,
    density: Density | Mapping[str, Density] | None = None,
    target_boxes: bool = True,
    layout: Layout = "overlay",
    alpha: float = 0.6,
    title: str | None = None,
    width: float | None = None,
) -> Figure:
    """Draw scanpaths of one image.

    Fixations are numbered marks with an area proportional to their durations, all of one area where
    a path has none; saccades are lines with an arrow head. Sources differ in colour, shape and
    dashes. Axes count in px of the image where there is one, else of the frame. A number stands on
    its mark or, if that is small or covered, beside it; in a panel of over 80 marks not there.

    Args:
        sources: paths by the name that the legend shows, 1 to 6; a table may hold several paths.
        image: (h, w) or (h, w, 3), integers over their whole range or floats from 0 to 1. It is
            drawn grey, stretched over the frame that fixations count in.
        density: mass of the next fixation: a `NextFixation` of one request or (h, w) cells; by
            source name where panels differ.
        target_boxes: draw the boxes that the tables hold.
        layout: all in one panel, or a panel each.
        alpha: opacity of the image, 0 to 1: on white, so that marks stand out.
        title: above the panels.
        width: of the figure, inches.

    Returns:
        A figure that belongs to no window and no pyplot; `save` writes it, a notebook shows it.

    Raises:
        BadSetting: no source or over six, or a setting outside its range.
        DataError: several images, or image or density of another shape.
        FrameMismatch: the sources count px in different frames.

    >>> from gazesearch import Scanpaths
    >>> look = Scanpaths.of(
    ...     [[[112, 112, 0.2], [60, 64, 0.4]]],
    ...     image=["a.png"],
    ...     finding="edema",
    ...     screen_size=(224, 224),
    ... )
    >>> figure = draw({"reader": look}, title="a.png, edema", width=3.5)
    >>> float(figure.get_figwidth())
    3.5
    """
    if layout not in get_args(Layout):
        raise BadSetting(f"layout {layout!r}: must be one of {', '.join(get_args(Layout))}")
    if not 0 <= alpha <= 1:
        raise BadSetting(f"alpha {alpha}: must be from 0 to 1")
    if width is not None and not 1 <= width <= 40:
        raise BadSetting(f"width {width}: must be from 1 to 40 inches")
    content = gather(sources, image=image, target_boxes=target_boxes)
    masses = densities(density, list(sources), layout=layout)
    apart = layout == "side-by-side" and len(content.traces) > 1
    groups = [(trace,) for trace in content.traces] if apart else [content.traces]
    with plain_settings():
        return _page(content, groups, masses, alpha=alpha, title=title, width=width)


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """Where panels stand on the page."""

    columns: int
    rows: int
    page_width: float
    panel: tuple[float, float]

    @classmethod
    def of(cls, content: Content, panels: int, width: float | None) -> _Grid:
        columns = min(panels, COLUMNS) if panels != 4 else 2
        inches = width or PANEL_IN[columns] * columns
        page_width = 72 * inches
        column = (page_width - 2 * MARGIN - GAP * (columns - 1)) / columns
        left, top, right, bottom = content.view
        tall = (bottom - top) / (right - left)
        panel = (column, column * tall)
        if tall > TALLEST:
            panel = (column * TALLEST / tall, column * TALLEST)
        elif tall < 0.1:
            panel = (column, column * 0.1)
        rows = -(-panels // columns)
        return cls(columns=columns, rows=rows, page_width=page_width, panel=panel)

    def corner(self, at: int, *, headed: bool) -> tuple[float, float]:
        """Left and top of a panel, pt below the title."""
        row, column = divmod(at, self.columns)
        slot = (self.page_width - 2 * MARGIN + GAP) / self.columns
        indent = (slot - GAP - self.panel[0]) / 2
        left = MARGIN + column * slot + indent
        return left, row * self.row_height(headed=headed) + HEADING * headed

    def row_height(self, *, headed: bool) -> float:
        """Height of a row of panels with what is above and below it."""
        return self.panel[1] + GAP + HEADING * headed


def _page(
    content: Content,
    groups: Sequence[tuple[Trace, ...]],
    masses: Mapping[str, Floats],
    *,
    alpha: float,
    title: str | None,
    width: float | None,
) -> Figure:
    grid = _Grid.of(content, len(groups), width)
    scale = Scale.of(content.traces, panel_width=grid.panel[0])
    headed = len(groups) > 1
    legend = Legend.of(
        content,
        () if headed else content.traces,
        dense=bool(masses),
        scale=scale,
        width=grid.page_width - 2 * MARGIN,
    )
    top = MARGIN + (HEADING + 10 if title else 0)
    below = top + grid.rows * grid.row_height(headed=headed)
    height = below + legend.height + MARGIN - (0 if legend.height else GAP)
    figure = Picture(figsize=(grid.page_width / 72, height / 72), facecolor="white")
    page = figure.add_axes((0, 0, 1, 1))
    page.set(xlim=(0, grid.page_width), ylim=(height, 0))
    page.set_axis_off()
    if title:
        Text(page, MARGIN, MARGIN + 9, grid.page_width - 2 * MARGIN, size=10).write(title)
    for at, traces in enumerate(groups):
        x, y = grid.corner(at, headed=headed)
        y += top
        if headed:
            legend.heading(page, traces[0], x, y - HEADING / 2 - 4, grid.panel[0])
        w, h = grid.panel
        axes = figure.add_axes(
            (x / grid.page_width, 1 - (y + h) / height, w / grid.page_width, h / height)
        )
        panel = Panel(axes=axes, content=content, number=at, size=grid.panel)
        panel.draw(traces, scale=scale, density=masses.get(traces[0].label), alpha=alpha)
    legend.draw(page, MARGIN, below)
    return figure
