"""Pictures of a dataset card: counts and places of fixations, never a pixel of an image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gazesearch.access.harmless import plain
from gazesearch.audit import Audit
from gazesearch.files import written_whole
from gazesearch.scanpaths import Scanpaths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDER: Final = "pictures"
TEAL: Final = "#00796b"
GREY: Final = "#b0bec5"
CELLS: Final = 56  # across and down
NAMES_SHOWN: Final = 20


def write_pictures(audit: Audit, paths: Scanpaths, root: Path) -> Mapping[str, str]:
    """Write the pictures as PNG below a folder.

    Returns:
        Path below `root` and what is to be seen, for each picture.
    """
    from matplotlib.figure import Figure

    from gazesearch.drawing.output import plain_settings

    made: dict[str, str] = {}
    with plain_settings():
        for name, size, draw, says in _PICTURES:
            figure = Figure(figsize=size, facecolor="white", layout="constrained")
            if not draw(figure, audit, paths):
                continue
            path = f"{FOLDER}/{name}.png"
            with written_whole(root / path) as temporary:
                figure.savefig(temporary, format="png", dpi=110, metadata={"Software": None})
            made[path] = says
    return made


def _records(figure: Figure, audit: Audit, _paths: Scanpaths) -> bool:
    table = audit["by_finding"].table
    if table is None:
        return False
    rows = sorted(table.rows, key=lambda row: int(row[1] or 0))[-NAMES_SHOWN:]
    splits = table.columns[3:]
    axes = figure.add_subplot()
    left = np.zeros(len(rows))
    names = [_name(str(row[0])) for row in rows]
    for at, split in enumerate(splits or ("records",)):
        counted = np.array([float(row[3 + at if splits else 1] or 0) for row in rows])
        colour = (TEAL, "#4db6ac", GREY)[at % 3]
        axes.barh(range(len(rows)), counted, left=left, color=colour, label=split)
        left += counted
    axes.set_yticks(range(len(rows)), names)
    _plain(axes, "records")
    if splits:
        axes.legend(frameon=False, loc="lower right")
    return True


def _fixations(figure: Figure, audit: Audit, _paths: Scanpaths) -> bool:
    tables = [(audit["lengths"].table, "records", "fixations of a record")]
    if audit["durations"].table is not None:
        tables.append((audit["durations"].table, "fixations", "duration"))
    for at, (table, counted, label) in enumerate(tables):
        if table is None:
            return False
        axes = figure.add_subplot(1, len(tables), at + 1)
        names = [str(row[0]).removesuffix(" s") for row in table.rows]
        axes.bar(range(len(names)), [float(row[1] or 0) for row in table.rows], color=TEAL)
        slanted: dict[str, Any] = {"rotation": 45, "ha": "right"} if len(names) > 8 else {}
        axes.set_xticks(range(len(names)), names, fontsize=8, **slanted)
        axes.set_xlabel(label + (", s" if label == "duration" else ""))
        axes.set_ylabel(counted)
        axes.spines[["top", "right"]].set_visible(False)
    return True


def _places(figure: Figure, _audit: Audit, paths: Scanpaths) -> bool:
    if paths.info.screen_size is None or not len(paths.fixations):
        return False
    width, height = paths.info.screen_size
    later = np.ones(len(paths.fixations), np.bool_)
    later[paths.offsets[:-1][paths.lengths > 0]] = False  # the first is often the centre's
    x, y = paths.fixations[later, 0], paths.fixations[later, 1]
    counts, _, _ = np.histogram2d(y, x, bins=CELLS, range=((0, height), (0, width)))
    axes = figure.add_subplot()
    shown = axes.imshow(
        counts, cmap="Greys", extent=(0, width, height, 0), interpolation="nearest", aspect="equal"
    )
    axes.set(xlabel="x, px", ylabel="y, px")
    figure.colorbar(shown, ax=axes, shrink=0.8, label="fixations in a cell")
    return True


_PICTURES: Final = (
    ("records", (7.2, 4.2), _records, "Records of each finding, by split."),
    (
        "fixations",
        (7.2, 2.8),
        _fixations,
        "How many fixations a record has, and how long they last.",
    ),
    (
        "places",
        (4.2, 4.0),
        _places,
        "Where fixations fall in the frame, the first of each record left out, all findings "
        "together; darker is more often. No image is under it.",
    ),
)


def _plain(axes: Axes, label: str) -> None:
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)


def _name(text: str) -> str:
    # A dollar sign would start a formula.
    return plain(text, limit=32).replace("$", r"\$")
