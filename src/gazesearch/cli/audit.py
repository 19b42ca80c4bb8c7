"""`gazesearch audit`: what is wrong with a dataset, and what that does to a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

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


class AuditFailed(Exception):
    """The audit found what `--fail-on` was told to stop at."""


def audit(
    annotations: Annotated[Path, typer.Argument(help="Recorded scanpaths: .json, .parquet, .csv.")],
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images, to look at too.")
    ] = None,
    patients: Annotated[
        Path | None, typer.Option(help="CSV with the columns image,patient.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for audit.txt, audit.json, audit.html.")
    ] = None,
    fail_on: Annotated[
        Literal["warning", "error"] | None,
        typer.Option(
            help="End with status 1 if an item is this grave or graver; never by default."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the permutation test.")] = 0,
    dataset: Dataset = None,
    screen_size: ScreenSizeText = None,
    duration_unit: DurationUnit = None,
    lenient: Lenient = False,
    max_size: MaxSize = "1GiB",
    json: Json = False,
) -> None:
    """Say what is wrong with recorded scanpaths, and what that does to a benchmark.

    \b
    Examples:
      gazesearch audit gazesearch.json
      gazesearch audit gazesearch.json --images images/ --output audit/
      gazesearch audit mine.json --patients patients.csv --fail-on error
    """
    from gazesearch.audit import audit_dataset
    from gazesearch.files import ready_folder

    if output is not None:
        ready_folder(output)
    with progress() as say:
        found = audit_dataset(
            annotations,
            images=images,
            patients=patients,
            rng=seed,
            dataset=dataset,
            screen_size=parse_screen_size(screen_size),
            duration_unit=duration_unit,
            lenient=lenient,
            max_size=parse_size(max_size),
            progress=say,
        )
    if output is not None:
        found.save(output)
    typer.echo(found.to_json() if json else found.to_table(), nl=False)
    if fail_on is not None and (grave := found.at_least(fail_on)):
        names = ", ".join(item.name for item in grave)
        raise AuditFailed(f"the audit found {len(grave)} of severity {fail_on} or graver: {names}")
