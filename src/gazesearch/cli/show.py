"""`gazesearch show`: draw scanpaths."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gazesearch.cli.options import (
    Dataset,
    DurationUnit,
    MaxSize,
    ScreenSizeText,
    parse_screen_size,
    parse_size,
)


def show(
    file: Annotated[Path, typer.Argument(help="Scanpaths: .json, .parquet or .csv.")],
    output: Annotated[Path, typer.Option(help="The picture: .png, .svg or .pdf.")],
    image: Annotated[
        str | None, typer.Option(help="Image name; the first record's by default.")
    ] = None,
    finding: Annotated[
        str | None, typer.Option(help="Finding; the first record's by default.")
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option(help="Who looked; several times for several people.")
    ] = None,
    others: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE", help="Draw this file's path too; may be repeated."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of images; without it the frame stays plain."),
    ] = None,
    layout: Annotated[
        Literal["overlay", "side-by-side"], typer.Option(help="One panel, or a panel a source.")
    ] = "side-by-side",
    dpi: Annotated[float, typer.Option(min=20, max=1200, help="Dots an inch.")] = 200,
    dataset: Dataset = None,
    screen_size: ScreenSizeText = None,
    duration_unit: DurationUnit = None,
    max_size: MaxSize = "1GiB",
) -> None:
    """Draw the scanpaths of one record of FILE, alone or beside those of other files.

    \b
    Examples:
      gazesearch show gazesearch.json --output path.svg
      gazesearch show gazesearch.json --finding edema --with mine.json --output both.pdf
      gazesearch show gazesearch.json --images images/ --layout overlay --output path.png
    """
    from gazesearch import drawing
    from gazesearch.formats import read_scanpaths
    from gazesearch.images import ImageFolder

    drawing.picture_format(output)
    folder = None if images is None else ImageFolder(images)
    tables = {
        name: read_scanpaths(
            path,
            dataset=dataset,
            screen_size=parse_screen_size(screen_size),
            duration_unit=duration_unit,
            predictions=True,  # repeats of a record are draws here, whoever made them
            max_size=parse_size(max_size),
        )
        for name, path in drawing.named_files([file, *(others or ())]).items()
    }
    chosen = drawing.choose(tables, image=image, finding=finding, subjects=subject or ())
    pixels = None if folder is None else folder[chosen.image]
    title = f"{chosen.image}, {chosen.finding}"
    figure = drawing.draw(chosen.sources, image=pixels, layout=layout, title=title)
    drawing.save(figure, output, dpi=dpi)
    typer.echo("\n".join([*chosen.notes, f"wrote {output}"]))
