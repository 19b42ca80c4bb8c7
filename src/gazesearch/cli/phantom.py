"""`gazesearch phantom`: a dataset whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.progress import progress


def phantom(
    output: Annotated[Path, typer.Argument(help="Folder for annotations/ and images/.")],
    images: Annotated[int, typer.Option(min=1, help="Number of images.")] = 500,
    observers: Annotated[int, typer.Option(min=1, help="Number of simulated observers.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
) -> None:
    """Make radiograph-like images with planted findings, and observers who search them.

    The dataset is phantom-v1: true boxes of the 13 findings, 224x224, splits that share no image.
    The same seed gives the same files.

    \b
    Example:
      gazesearch phantom my-phantom --images 50
    """
    from gazesearch.datasets.phantom import write_phantom

    with progress() as say:
        dataset = write_phantom(output, images=images, observers=observers, rng=seed, progress=say)
    typer.echo(f"{dataset.scanpaths}\n{dataset.annotations}")
