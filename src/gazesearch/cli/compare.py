"""`gazesearch compare`: results side by side, with intervals and paired tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gazesearch.cli.options import Json
from gazesearch.cli.progress import progress
from gazesearch.errors import BadSetting


def compare(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT", help="Folders that evaluate --output wrote."),
    ],
    by: Annotated[
        Literal["finding", "length", "split-overlap", "source", "subject"] | None,
        typer.Option(help="Compare on these groups, too; on seen and unseen images by default."),
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns image, patient: resample patients, not images."),
    ] = None,
    resamples: Annotated[int, typer.Option(help="Number of resamples.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 0,
    output: Annotated[
        Path | None, typer.Option(help="Folder for comparison.json and comparison.md.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare RESULTs on the same records; the first is tested against each other one.

    \b
    Examples:
      gazesearch compare results/mine results/chestsearch
      gazesearch compare mine fixed-path medoid --by finding --output comparison/
    """
    from gazesearch.evaluation import Scores
    from gazesearch.evaluation import compare as compared
    from gazesearch.files import ready_folder, write_text
    from gazesearch.formats.patients import read_patients

    if len(results) < 2:
        raise BadSetting("compare: one result is named: name two or more")
    for folder in results:
        if results.count(folder) > 1:
            raise BadSetting(f"compare: {folder} is named twice: name it once")
    if output is not None:
        ready_folder(output)
    with progress() as say:
        found = compared(
            *(Scores.load(folder) for folder in results),
            names=_names(results),
            by=by,
            patients=None if patients is None else read_patients(patients),
            resamples=resamples,
            rng=seed,
            progress=say,
        )
    if output is not None:
        write_text(output / "comparison.json", found.to_json())
        write_text(output / "comparison.md", found.to_markdown())
    typer.echo(found.to_json() if json else found.to_table(), nl=False)


def _names(folders: list[Path]) -> list[str]:
    """Names of the folders; whole paths where two are called the same."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]
