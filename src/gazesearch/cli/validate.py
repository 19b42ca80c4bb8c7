"""`gazesearch validate`: check a file of scanpaths."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.options import (
    Dataset,
    DurationUnit,
    Json,
    Lenient,
    MaxSize,
    ScreenSizeText,
    parse_screen_size,
    parse_size,
)
from gazesearch.cli.progress import progress


def validate(
    file: Annotated[Path, typer.Argument(help="Scanpaths: .json, .parquet or .csv.")],
    predictions: Annotated[
        bool, typer.Option("--predictions", help="The file comes from a model.")
    ] = False,
    dataset: Dataset = None,
    screen_size: ScreenSizeText = None,
    duration_unit: DurationUnit = None,
    lenient: Lenient = False,
    max_size: MaxSize = "1GiB",
    json: Json = False,
) -> None:
    """Check every record of FILE; each fault is named with record, field and mend.

    \b
    Examples:
      gazesearch validate gazesearch.json
      gazesearch validate mine.csv --predictions --dataset gazesearch
      gazesearch validate mine.csv --predictions --screen-size 512x512
    """
    from gazesearch.formats import read_file
    from gazesearch.formats.summary import as_json, as_text

    with progress() as say:
        say(f"reading {file.name}", 0.0)
        reading = read_file(
            file,
            dataset=dataset,
            screen_size=parse_screen_size(screen_size),
            duration_unit=duration_unit,
            predictions=predictions,
            lenient=lenient,
            max_size=parse_size(max_size),
        )
    typer.echo(as_json(reading) if json else as_text(reading), nl=False)
