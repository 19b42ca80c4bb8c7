"""`gazesearch submit-check`: what is wrong with predictions before they are sent in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.options import (
    Dataset,
    DurationUnit,
    Json,
    MaxSize,
    ScreenSizeText,
    parse_screen_size,
    parse_size,
)
from gazesearch.cli.progress import progress


class CheckFailed(Exception):
    """A check found what it is there to find."""


def submit_check(
    predictions: Annotated[
        Path, typer.Argument(help="Predicted scanpaths: .json, .parquet or .csv.")
    ],
    annotations: Annotated[Path, typer.Option(help="Recorded scanpaths to score against.")],
    protocol: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="official, unseen-images, image-disjoint or an exported file.",
        ),
    ] = "official",
    rank_by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The metric that ranks on the board: no prediction may leave it without a value.",
        ),
    ] = None,
    dataset: Dataset = None,
    screen_size: ScreenSizeText = None,
    duration_unit: DurationUnit = None,
    max_size: MaxSize = "64MiB",
    json: Json = False,
) -> None:
    """Say what is wrong with PREDICTIONS before they are sent in, and print the row they would get.

    What is BLOCKING must be mended, and ends with status 1; a HINT may be, a FACT need not.

    \b
    Examples:
      gazesearch submit-check mine.json --annotations gazesearch.json --protocol unseen-images
      gazesearch submit-check mine.csv --annotations gazesearch.json --protocol split.json --json
    """
    from gazesearch import metrics
    from gazesearch.evaluation import truth_of
    from gazesearch.studies import check_submission

    with progress() as say:
        say("reading references", 0.0)
        truth = truth_of(
            annotations,
            protocol=protocol,
            dataset=dataset,
            screen_size=parse_screen_size(screen_size),
        )
        found = check_submission(
            predictions,
            truth,
            ranked_by=None if rank_by is None else metrics.get(rank_by),
            duration_unit=duration_unit,
            max_size=parse_size(max_size),
            progress=say,
        )
    typer.echo(found.to_json() if json else found.to_table(), nl=False)
    if found.blocking:
        names = ", ".join(dict.fromkeys(remark.name for remark in found.blocking))
        raise CheckFailed(f"{predictions}: not ready to be sent: {names}")
