"""`gazesearch demo`: the main job end to end on generated data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gazesearch.cli.progress import progress

if TYPE_CHECKING:
    from gazesearch.datasets import Dataset
    from gazesearch.scanpaths import Scanpaths

PICTURES: Final = 4


def demo(
    output: Annotated[
        Path, typer.Argument(help="Folder for the generated files, results and pictures.")
    ] = Path("gazesearch-demo"),
    images: Annotated[int, typer.Option(min=2, help="Number of images.")] = 60,
    observers: Annotated[int, typer.Option(min=2, help="Number of simulated observers.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
) -> None:
    """Make a phantom, predict its test scanpaths in four ways, score and draw them.

    \b
    Example:
      gazesearch demo my-folder --images 20 --seed 1
    """
    import gazesearch
    from gazesearch.datasets.phantom import write_phantom

    with progress() as say:
        dataset = write_phantom(output, images=images, observers=observers, rng=seed, progress=say)
    predictions = _predictions(dataset, seed)
    files = {name: output / "predictions" / f"{name}.json" for name in predictions}
    results = {}
    for name, file in files.items():
        gazesearch.write_scanpaths(predictions[name], file)
        results[name] = gazesearch.evaluate(file, dataset.annotations)
        results[name].save(output / "results" / name)
    found = gazesearch.compare(*results.values(), names=list(results))
    typer.echo(found.to_table(tests=False))
    pictures = _draw(dataset, predictions, output / "pictures")
    typer.echo(
        "observer: one more simulated person; typical: of 64 such people the one most like the "
        "others;\nimage-free: the one path that suits the finding best in train; random: any "
        "train path of the finding\n\n"
        f"Pictures in {output / 'pictures'}: {', '.join(file.name for file in pictures)}\n"
        f"The files are in {output}; look at them by hand:\n"
        f"  gazesearch evaluate {files['typical']} --annotations {dataset.annotations}\n"
        f"  gazesearch show {dataset.annotations} --with {files['typical']} "
        f"--images {output / 'images'} --output paths.png"
    )


def _predictions(dataset: Dataset, seed: int) -> dict[str, Scanpaths]:
    """Paths for each image and finding of test: two by who looks, two by who does not."""
    from gazesearch.datasets.phantom import Observer
    from gazesearch.images import ImageFolder
    from gazesearch.models import decoding
    from gazesearch.models.controls import FixedPath, RandomTrainPath
    from gazesearch.prediction import Requests

    train, test = (dataset.scanpaths.where(split=split) for split in ("train", "test"))
    keys = list(test.group("name", "task"))
    requests = Requests.make(
        [image for image, _ in keys], [finding for _, finding in keys], screen_size=(224, 224)
    )
    observer, images = Observer(), ImageFolder(dataset.root / "images")
    return {
        "observer": observer.predict(requests, images=images, rng=seed),
        "typical": decoding.typical(observer, requests, images=images, rng=seed),
        "image-free": FixedPath().fit(train).predict(requests),
        "random": RandomTrainPath().fit(train).predict(requests, rng=seed),
    }


def _draw(dataset: Dataset, predictions: dict[str, Scanpaths], folder: Path) -> list[Path]:
    """Pictures of the first test images: a person's path beside two predicted ones."""
    from gazesearch import drawing
    from gazesearch.images import ImageFolder

    people, images = dataset.scanpaths.where(split="test"), ImageFolder(dataset.root / "images")
    tables = {"subject 1": people, **{n: predictions[n] for n in ("typical", "image-free")}}
    files: dict[str, Path] = {}
    for image, group in people.group("name").items():
        finding = next((f for f in group.group("task") if f not in files), None)
        if finding is None or len(files) == PICTURES:
            continue
        chosen = drawing.choose(tables, image=image, finding=finding)
        figure = drawing.draw(
            chosen.sources,
            image=images[image],
            layout="side-by-side",
            title=f"{image}, {finding}",
        )
        files[finding] = folder / f"{finding.replace(' ', '-')}.png"
        drawing.save(figure, files[finding])
    return list(files.values())
