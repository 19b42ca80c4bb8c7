"""Saving a figure: whole or not at all, and the same bytes every time."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib.style

from gazesearch.errors import BadSetting, UnknownName
from gazesearch.files import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Date and time would make every file another one.
_METADATA: Final[dict[str, dict[str, Any]]] = {
    ".png": {},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
ENDINGS: Final = tuple(_METADATA)
DPI: Final = 200.0
_SETTINGS: Final = {
    "svg.hashsalt": "gazesearch",
    "svg.fonttype": "none",  # text stays text: to be found, copied and edited
    "pdf.fonttype": 42,
}
_one_at_a_time = threading.RLock()


@contextmanager
def plain_settings() -> Iterator[None]:
    """matplotlib's own settings, whatever a user's configuration says, and back afterwards."""
    # Settings are one global dict, which threads would give back in the wrong order.
    with (
        _one_at_a_time,
        matplotlib.style.context(["default", _SETTINGS]),
        warnings.catch_warnings(),
    ):
        # A name in letters that DejaVu Sans lacks is drawn as boxes; in SVG a viewer's font helps.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def picture_format(path: str | os.PathLike[str]) -> str:
    """The format that a file's ending asks for.

    Raises:
        UnknownName: none of ours.

    >>> picture_format("figure.PDF")
    'pdf'
    """
    file = Path(path)
    ending = file.suffix.lower()
    if ending not in _METADATA:
        raise UnknownName("picture ending", ending or file.name, ENDINGS)
    return ending[1:]


def save(figure: Figure, path: str | os.PathLike[str], *, dpi: float = DPI) -> None:
    """Write a figure as PNG, SVG or PDF, by the file's ending.

    Args:
        figure: what `draw` made.
        path: `.png`, `.svg` or `.pdf`.
        dpi: dots an inch of PNG, and of the image inside SVG and PDF.

    Raises:
        UnknownName: another ending.
        BadSetting: dpi outside 20 to 1200.
        UnreadableFile: the file cannot be written.
    """
    form = picture_format(path)
    if not 20 <= dpi <= 1200:
        raise BadSetting(f"dpi {dpi}: must be from 20 to 1200")
    with plain_settings(), written_whole(path) as temporary:
        figure.savefig(temporary, format=form, dpi=dpi, metadata=_METADATA[f".{form}"])
