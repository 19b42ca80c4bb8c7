"""`gazesearch demo`: the main job end to end on generated data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gazesearch.cli.progress import progress

if TYPE_CHECKING:
    from gazesearch.datasets import Dataset
    from gazesearch.scanpaths import Scanpaths


def demo(
    output: Annotated[
        Path, typer.Argument(help="Folder for the generated files and results.")
    ] = Path("gazesearch-demo"),
    images: Annotated[int, typer.Option(min=2, help="Number of images.")] = 60,
    observers: Annotated[int, typer.Option(min=2, help="Number of simulated observers.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
) -> None:
    """Make a phantom, predict its test scanpaths in four ways, and score them.

    \b
    Example:
      gazesearch demo my-folder --images 20 --seed 1
    """
    import gazesearch
    from gazesearch.datasets.phantom import write_phantom

    with progress() as say:
        dataset = write_phantom(output, images=images, observers=observers, rng=seed, progress=say)
    for title, predicted in _predictions(dataset, seed).items():
        file = output / "predictions" / f"{title.replace(' ', '-')}.json"
        gazesearch.write_scanpaths(predicted, file)
        scores = gazesearch.evaluate(file, dataset.annotations)
        scores.save(output / "results" / file.stem)
        typer.echo(f"== {title}\n{scores.to_table()}")
    typer.echo(
        f"The files are in {output}; look at them by hand:\n"
        f"  gazesearch evaluate {file} --annotations {dataset.annotations}\n"
        f"  gazesearch show {dataset.annotations} --with {file} --images {output / 'images'} "
        "--output paths.png"
    )


def _predictions(dataset: Dataset, seed: int) -> dict[str, Scanpaths]:
    """Paths for each image and finding of test: two by who looks, two by who does not."""
    from gazesearch.datasets.phantom import Observer
    from gazesearch.images import ImageFolder
    from gazesearch.models import decoding
    from gazesearch.models.controls import MeanPath, RandomTrainPath
    from gazesearch.prediction import Requests

    train, test = (dataset.scanpaths.where(split=split) for split in ("train", "test"))
    keys = list(test.group("name", "task"))
    requests = Requests.make(
        [image for image, _ in keys], [finding for _, finding in keys], screen_size=(224, 224)
    )
    observer, images = Observer(), ImageFolder(dataset.root / "images")
    return {
        "one more observer": observer.predict(requests, images=images, rng=seed),
        "typical observer": decoding.typical(observer, requests, images=images, rng=seed),
        "mean path": MeanPath().fit(train).predict(requests),
        "random path": RandomTrainPath().fit(train).predict(requests, rng=seed),
    }
