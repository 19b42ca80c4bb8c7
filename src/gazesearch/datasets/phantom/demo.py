"""The demo's files: annotations of simulated observers, and two sets of predictions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gazesearch.datasets.phantom.observers import SIDE_PX, simulate
from gazesearch.formats import write_scanpaths
from gazesearch.formats.description import write_description
from gazesearch.scanpaths import Scanpaths


@dataclass(frozen=True, kw_only=True)
class DemoFiles:
    """Where the files are; predictions by a title for a reader."""

    annotations: Path
    predictions: dict[str, Path]


def write_demo(
    folder: str | os.PathLike[str],
    *,
    images: int = 60,
    observers: int = 4,
    rng: int | np.random.Generator | None = None,
) -> DemoFiles:
    """Simulate observers and write the published layout, with predictions beside it.

    The predictions: the paths of one more observer, who is not in the annotations, and a path that
    rests on the centre for every image and finding.
    """
    root = Path(folder)
    everybody = simulate(images=images, observers=observers + 1, rng=rng)
    newcomer = np.equal(everybody.subject, observers + 1).astype(np.bool_)
    recorded = everybody[~newcomer]
    annotations = root / "annotations" / "phantom-frames.json"
    write_description(root, recorded.info)
    write_scanpaths(recorded, annotations)
    files = {
        "the path of one more observer": root / "predictions" / "one-more-observer.json",
        "a path that rests on the centre": root / "predictions" / "centre.json",
    }
    paths = [everybody[newcomer], _on_centre(everybody[newcomer])]
    for file, predicted in zip(files.values(), map(_without_subject, paths), strict=True):
        write_scanpaths(predicted, file)
    return DemoFiles(annotations=annotations, predictions=files)


def _without_subject(paths: Scanpaths) -> Scanpaths:
    """What a model would hand in: scored against every person, since it names none."""
    return Scanpaths.of(
        [path.fixations for path in paths],
        image=paths.image.tolist(),
        finding=paths.finding.tolist(),
        info=paths.info,
    )


def _on_centre(paths: Scanpaths) -> Scanpaths:
    """For each path six fixations of 0.3 s at the centre."""
    return Scanpaths.of(
        [np.tile([SIDE_PX / 2, SIDE_PX / 2, 0.3], (6, 1))] * len(paths),
        image=paths.image.tolist(),
        finding=paths.finding.tolist(),
        info=paths.info,
    )
