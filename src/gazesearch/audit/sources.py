"""GazeSearch only: from which of its two sources the records likely come."""

from __future__ import annotations

from collections import Counter

import numpy as np

from gazesearch.audit.item import Item, Table, number, records
from gazesearch.datasets.sources import source_of_record
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.rules import SPLITS


def sources(paths: Scanpaths) -> Item:
    """Records and images by likely source, and images that seem to come from both."""
    source = source_of_record(paths)
    images: dict[str, set[str]] = {}
    for image, found in zip(paths.image, source, strict=True):
        if found is not None:
            images.setdefault(image, set()).add(found)
    mixed = {image for image, found in images.items() if len(found) > 1}
    splits = [split for split in SPLITS if split in set(paths.split)]
    rows: list[tuple[str | int, ...]] = []
    said: list[str] = []
    figures: dict[str, int] = {}
    for name in ("REFLACX", "EGD", None):
        mine = np.array([found == name for found in source], dtype=np.bool_)
        if name is None and not mine.any():
            continue
        in_split = Counter(paths.split[mine])
        label = name or "unknown"
        n, n_images = int(mine.sum()), len(set(paths.image[mine]))
        rows.append((label, n, n_images, *(in_split[split] for split in splits)))
        said.append(f"{number(n, 'record')} on {number(n_images, 'image')} are likely {label}")
        figures |= {f"{label.lower()}_records": n, f"{label.lower()}_images": n_images}
    return Item(
        name="sources",
        severity="warning" if mixed else "info",
        found=f"By the decimals of their durations {', '.join(said)}; "
        f"{number(len(mixed), 'image')} of both.",
        effect="The sources differ in people, eye tracker, reading task and length rule: a "
        "difference between models may be one between sources, so give results by source.",
        figures=figures | {"images_of_both": len(mixed)},
        table=Table(columns=("source", "records", "images", *splits), rows=tuple(rows)),
        examples=records(
            paths, np.flatnonzero(np.array([image in mixed for image in paths.image], np.bool_))
        ),
    )
