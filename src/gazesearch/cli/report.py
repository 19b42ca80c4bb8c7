"""`gazesearch report`: one page of results, for a paper and its readers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.options import DurationUnit, Lenient, MaxSize, parse_size
from gazesearch.cli.progress import progress
from gazesearch.errors import BadSetting


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT",
            help="Folders that evaluate --output wrote; results of --likelihood and --distribution "
            "in the same folder, or in likelihood/ and distribution/ inside.",
        ),
    ],
    output: Annotated[Path, typer.Option(help="The page: .html.")],
    figures: Annotated[
        Path | None,
        typer.Option(help="Folder for the figures as SVG and PDF; NAME_figures beside the page."),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(help="The recorded scanpaths, for cases, densities and distributions."),
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(help="A file that a result was scored from, likewise; may be repeated."),
    ] = None,
    images: Annotated[Path | None, typer.Option(help="With --show-images: their folder.")] = None,
    show_images: Annotated[
        bool,
        typer.Option("--show-images", help="Draw cases on their images: the page then has pixels."),
    ] = False,
    protocol: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The exported protocol that evaluate was given, if any."),
    ] = None,
    headline: Annotated[
        str | None,
        typer.Option(help="Metric of cases and of tables by group; the first by default."),
    ] = None,
    resamples: Annotated[int, typer.Option(help="Number of resamples.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 0,
    duration_unit: DurationUnit = None,
    lenient: Lenient = False,
    max_size: MaxSize = "1GiB",
) -> None:
    """Write one page of RESULTS: tables, tests, figures, methods, and the command of every number.

    \b
    Examples:
      gazesearch report results/mine results/fixed-path --output report.html
      gazesearch report results/mine results/medoid --annotations gazesearch.json \\
          --predictions mine.json --predictions medoid.json --output report.html
    """
    from gazesearch.evaluation.report import make_report
    from gazesearch.evaluation.report.make import checked_page
    from gazesearch.files import ready_folder
    from gazesearch.images import ImageFolder

    if show_images != (images is not None):
        raise BadSetting(
            "--images and --show-images: give both to show pixels of images, or neither"
        )
    ready_folder(checked_page(output).parent)
    with progress() as say:
        made = make_report(
            results,
            annotations=annotations,
            predictions=predictions or (),
            images=None if images is None else ImageFolder(images),
            protocol=protocol,
            headline=headline,
            resamples=resamples,
            rng=seed,
            duration_unit=duration_unit,
            lenient=lenient,
            max_size=parse_size(max_size),
            progress=say,
        )
        made.save(output, figures=figures)
    typer.echo(f"wrote {output} and {len(made.plots)} figures")
