"""`gazesearch predict`: scanpaths for images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gazesearch.cli.progress import progress


def predict(
    weights: Annotated[
        Path,
        typer.Option(help="A published checkpoint (ckp_29999.pt), or a converted folder or file."),
    ],
    output: Annotated[Path, typer.Option(help="The scanpaths: .json, .parquet, .csv or .h5.")],
    images: Annotated[
        list[Path] | None,
        typer.Argument(help="Image files, folders with all below them, or datasets' folders."),
    ] = None,
    listed: Annotated[
        list[Path] | None,
        typer.Option(
            "--list", metavar="FILE", help="Text file with an image a line; may be repeated."
        ),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option(help="Take weights of this variant only: wacv2025 or clean."),
    ] = None,
    finding: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="All 13 by default; may be repeated."),
    ] = None,
    decode: Annotated[
        Literal["greedy", "sample", "typical"] | None,
        typer.Option(help="Greedy by default, sample with --samples above 1."),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Draws of each image and finding.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 0,
    frame: Annotated[
        Literal["model", "native"],
        typer.Option(help="Count in 224x224 px, or in px of each image, with its width, height."),
    ] = "model",
    draw: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for pictures, with the images' pixels in them."),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, help="Images looked at together; memory grows with it.")
    ] = 4,
    precision: Annotated[
        Literal["float32", "bfloat16"],
        typer.Option(help="Of the products inside the network; bfloat16 is for GPUs that have it."),
    ] = "float32",
) -> None:
    """Predict where radiologists look on IMAGES in search of each finding.

    Run again after an interruption, the same command goes on where it stopped. Images that cannot
    be read are listed in a table beside the output, OUTPUT.rejects.csv.

    \b
    Examples:
      gazesearch predict a.png --weights ckp_29999.pt --output a.json
      gazesearch predict images/ --weights ckp_29999.pt --finding edema --output edema.csv
      gazesearch predict images/ --weights ckp_29999.pt --samples 10 --seed 1 --output draws.parquet
      gazesearch predict --list films.txt --weights ckp_29999.pt --frame native --output native.json
    """
    from gazesearch.datasets.image_files import find_images
    from gazesearch.files import digest
    from gazesearch.findings import FINDINGS
    from gazesearch.formats import refuse_unknown_ending
    from gazesearch.models.asked import Asked
    from gazesearch.models.bulk import predict_files
    from gazesearch.models.catalogue import create_model, kind_of, weights_file

    refuse_unknown_ending(output)
    asked = Asked.of(finding or FINDINGS, decode=decode, samples=samples, rng=seed, frame=frame)
    try:
        with progress() as say:
            say("listing images", 0.0)
            found = find_images(images or (), listed=listed or ())
            say("reading weights", 0.0)
            model = create_model(
                kind_of(weights),
                weights=weights,
                variant=variant,
                images_at_once=batch,
                precision=precision,
            )
            file = weights_file(weights)
            done = predict_files(
                model,
                found,
                output,
                asked,
                batch=batch,
                inputs={"weights": f"{file.name} {digest(file)}"},
                draw=draw,
                progress=say,
            )
    except KeyboardInterrupt:
        typer.echo("interrupted: the same command goes on where it stopped", err=True)
        raise
    if done.rejects is not None:
        typer.echo(f"{done.rejected:,} images could not be predicted: {done.rejects} says why")
    typer.echo(f"wrote {done.output}: {done.paths:,} paths on {done.images:,} images")
