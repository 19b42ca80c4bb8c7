"""The page: a head, a list of contents, sections, the commands behind every number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import jinja2
from markupsafe import Markup

from gazesearch.evaluation.report.commands import Command, Commands
from gazesearch.evaluation.report.content import Section
from gazesearch.evaluation.report.palette import COLOURS
from gazesearch.evaluation.report.sections import Material, verdicts

TEMPLATE: Final = "page.html.jinja"
STYLE: Final = "page.css"


@dataclass(frozen=True, kw_only=True)
class Head:
    """What stands above everything else.

    Attributes:
        title: of the page.
        about: what was scored, a line each.
        verdicts: what the tests say, a sentence each.
        sources: the command of the tests.
        pixels: whether the page shows pixels of images.
    """

    title: str
    about: tuple[str, ...]
    verdicts: tuple[str, ...]
    sources: tuple[Command, ...]
    pixels: bool

    @classmethod
    def of(cls, made: Material, *, pixels: bool) -> Head:
        """The head of these results."""
        first, *others = made.whole.names
        whole = made.whole
        split = "all records" if whole.split == "all" else f"split {whole.split}"
        return cls(
            title=first + (f" against {', '.join(others)}" if others else ""),
            about=(
                f"{whole.dataset}, {split}, first fixation {whole.first_fixation}",
                f"protocol: {whole.protocol}",
                *([f"fixation by fixation: {', '.join(made.fixations)}"] if made.fixations else []),
            ),
            verdicts=tuple(verdicts(made)),
            sources=(made.commands["compare None"],),
            pixels=pixels,
        )


def breakable(name: str) -> Markup:
    """A name that a narrow column may break after what joins its words.

    >>> print(breakable("a_b<c"))
    a_<wbr>b&lt;c
    """
    parts = re.split(r"(?<=[_\-./])", name)
    return Markup("<wbr>").join(parts)


def to_html(head: Head, sections: Sequence[Section], commands: Commands) -> str:
    """One page: its style stands in it, there is no script, and it asks for nothing."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breakable"] = breakable
    room = files("gazesearch.evaluation.report")
    template = room.joinpath(TEMPLATE).read_text("utf-8")
    style = room.joinpath(STYLE).read_text("utf-8")
    light, dark = (
        " ".join(f"--{colour.name}: {getattr(colour, ground)};" for colour in COLOURS)
        for ground in ("light", "dark")
    )
    return environment.from_string(template).render(
        head=head,
        sections=sections,
        commands=list(commands),
        style=Markup(style),  # our own file: no name stands in it
        light=Markup(light),
        dark=Markup(dark),
    )
