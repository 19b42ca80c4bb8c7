"""A phantom written as a dataset: `annotations/`, `images/` and `dataset.json`."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from gazesearch.datasets.layout import Dataset
from gazesearch.datasets.phantom.cases import Case, make_case
from gazesearch.datasets.phantom.config import PHANTOM_V1, SIDE_PX, PhantomConfig
from gazesearch.datasets.phantom.observer import Observer
from gazesearch.errors import BadSetting
from gazesearch.files import written_whole
from gazesearch.formats import write_scanpaths
from gazesearch.formats.description import write_description
from gazesearch.prediction import Requests, Rng
from gazesearch.scanpaths import Scanpaths

THREADS: Final = 2
Progress = Callable[[str, float], None]


def write_phantom(
    folder: str | os.PathLike[str],
    *,
    images: int = 500,
    observers: int = 4,
    rng: Rng = None,
    config: PhantomConfig = PHANTOM_V1,
    progress: Progress | None = None,
) -> Dataset:
    """Make a phantom and write it in the published layout.

    The same seed gives the same bytes, and the first images of a larger phantom are those of a
    smaller one. There is a record for each image, finding in it and observer; its box is the true
    one, `fixOnTarget` says whether the last fixation is inside it, and so does `correct`: the
    observer reports what it last looked at.

    Args:
        folder: gets `annotations/<name>.json`, `images/*.png` and `dataset.json`.
        images: number of images.
        observers: number of people, subjects 1, 2, ...
        rng: seed or generator.
        config: how all is drawn.
        progress: called with what is being done and the fraction done.

    Returns:
        The dataset, ready to be read.

    Raises:
        BadSetting: no images or no observers.
        UnreadableFile: the folder cannot be written to.
    """
    if images < 1 or observers < 1:
        raise BadSetting(f"images={images}, observers={observers}: must be 1 or more")
    root = Path(folder)
    seed = int(np.random.default_rng(rng).integers(2**63))
    person = Observer(config)

    def make(number: int) -> Scanpaths:
        case = make_case(seed, number, config=config)
        _write_image(case, root / "images" / case.name)
        split = config.splits[number % len(config.splits)]
        return searches(case, person, observers, split=split, rng=[seed, number, 1])

    with ThreadPoolExecutor(THREADS) as pool:
        parts = []
        for done, part in enumerate(pool.map(make, range(images))):
            parts.append(part)
            if progress is not None:
                progress("drawing images and searches", done / images)
    write_description(root, config.info)
    annotations = root / "annotations" / f"{config.name}.json"
    write_scanpaths(Scanpaths.concat(parts), annotations)
    return Dataset(root, annotations, config.info)


def searches(
    case: Case, observer: Observer, observers: int, *, split: str, rng: list[int]
) -> Scanpaths:
    """The paths of some observers who search a case for each of its findings."""
    keys = [(finding, who + 1) for finding in case.boxes for who in range(observers)]
    requests = Requests.make(
        [case.name] * len(keys),
        [finding for finding, _ in keys],
        screen_size=(SIDE_PX, SIDE_PX),
        subject=[who for _, who in keys],
    )
    drawn = observer.predict(
        requests, images={case.name: case.image}, rng=np.random.default_rng(rng)
    )
    paths = Scanpaths.of(
        [path.fixations for path in drawn],
        image=drawn.image.tolist(),
        finding=drawn.finding.tolist(),
        subject=drawn.subject.tolist(),
        split=[split] * len(drawn),
        condition=["present"] * len(drawn),
        target_boxes=[case.boxes[finding] for finding, _ in keys],
        info=observer.config.info,
    )
    ends = paths.fixations[paths.offsets[1:] - 1, :2]
    low, size = paths.target_boxes[:, :2], paths.target_boxes[:, 2:]
    inside = (ends > low) & (ends < low + size)
    on_target = inside[:, 0] & inside[:, 1]
    columns = paths.columns
    columns = columns.replaced("length", paths.lengths.tolist())
    columns = columns.replaced("fixOnTarget", on_target.tolist())
    columns = columns.replaced("correct", on_target.astype(int).tolist())
    return Scanpaths(paths.fixations, paths.offsets, columns=columns, info=paths.info)


def _write_image(case: Case, file: Path) -> None:
    with written_whole(file) as temporary:
        Image.fromarray(case.image).save(temporary, format="PNG", compress_level=6)
