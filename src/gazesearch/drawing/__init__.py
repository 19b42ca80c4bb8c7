"""The one drawer of scanpaths and densities: figures of matplotlib, saved as PNG, SVG or PDF.

No global state of matplotlib is read or left changed: no pyplot, no backend, no settings.
"""

from gazesearch.drawing.choice import Choice, choose, named_files
from gazesearch.drawing.figure import draw
from gazesearch.drawing.output import ENDINGS, picture_format, save

__all__ = ["ENDINGS", "Choice", "choose", "draw", "named_files", "picture_format", "save"]
