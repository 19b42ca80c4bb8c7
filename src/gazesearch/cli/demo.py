"""`gazesearch demo`: the main job end to end on generated data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    output: Annotated[
        Path, typer.Argument(help="Folder for the generated files and results.")
    ] = Path("gazesearch-demo"),
    images: Annotated[int, typer.Option(min=1, help="Number of images.")] = 60,
    observers: Annotated[int, typer.Option(min=2, help="Number of simulated observers.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
) -> None:
    """Simulate observers, write annotations and predictions, and score them.

    \b
    Example:
      gazesearch demo my-folder --images 20 --seed 1
    """
    import gazesearch
    from gazesearch.datasets.phantom import write_demo

    files = write_demo(output, images=images, observers=observers, rng=seed)
    for title, predictions in files.predictions.items():
        scores = gazesearch.evaluate(predictions, files.annotations)
        scores.save(output / "results" / predictions.stem)
        typer.echo(f"== {title}\n{scores.to_table()}")
    typer.echo(f"The files are in {output}; the same by hand:")
    for predictions in files.predictions.values():
        typer.echo(f"  gazesearch evaluate {predictions} --annotations {files.annotations}")
