"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import typer

from gazesearch.errors import BadSetting

Dataset = Annotated[
    str | None,
    typer.Option(
        help="gazesearch, coco_search18 or osie; guessed where fields and tasks leave no doubt."
    ),
]
ScreenSizeText = Annotated[
    str | None, typer.Option(metavar="WxH", help="Frame of the coordinates, px, as 224x224.")
]
DurationUnit = Annotated[
    Literal["s", "ms"] | None,
    typer.Option(help="Unit of T in every file; told from its magnitude where it leaves no doubt."),
]
Lenient = Annotated[bool, typer.Option("--lenient", help="Leave faulty records out and list them.")]
MaxSize = Annotated[
    str, typer.Option(metavar="SIZE", help="Largest file that is read, as 500MB or 4GiB.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}


def parse_screen_size(text: str | None) -> tuple[float, float] | None:
    """Width and height of `WxH`.

    >>> parse_screen_size("1680x1050")
    (1680.0, 1050.0)
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)[x×](\d+(?:\.\d+)?)", text.strip(), re.ASCII)
    if found is None:
        raise BadSetting(f"--screen-size {text!r}: must be WIDTHxHEIGHT, px, as 224x224")
    return float(found[1]), float(found[2])


def parse_size(text: str) -> int:
    """Bytes of a size with or without a unit.

    >>> parse_size("1GiB"), parse_size("500MB"), parse_size("17")
    (1073741824, 500000000, 17)
    """
    found = re.fullmatch(r"(\d{1,15}(?:\.\d+)?)\s*([KMG]I?|)B?", text.strip().upper(), re.ASCII)
    if found is None:
        raise BadSetting(f"--max-size {text!r}: must be a size in bytes, as 1000000, 500MB or 4GiB")
    return int(float(found[1]) * _UNITS[found[2]])
