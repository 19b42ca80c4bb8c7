"""An epoch of training ChestSearch: a sample a prefix, as published, against shared prefixes.

    python benchmarks/train_step.py                          # two phantom images, about 10 minutes
    python benchmarks/train_step.py --images 1 --observers 2 # a quick look

The published procedure makes one sample of each prefix and encodes its image for it, 32 to a
batch. Shared prefixes encode an image once a step for all that is asked of it, with the frozen
backbone or with its features kept on disk. The same network, objective and samples; each way has a
process of its own, so that its peak of memory is its own; the weights do not move, so that the
losses of the epoch must be equal.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gazesearch.datasets.phantom import write_phantom
from gazesearch.datasets.phantom.config import PHANTOM_V1
from gazesearch.images import ImageFolder
from gazesearch.models.chestsearch.model import ChestSearch
from gazesearch.models.objectives import PublishedObjective
from gazesearch.training.batches import SharedPrefixes
from gazesearch.training.gradients import add_gradients, counts_of, losses_of
from gazesearch.training.looking import Looking
from gazesearch.training.seen import look
from gazesearch.training.steps import Steps, some_of, steps_of

WAYS = ("per prefix", "shared", "shared, features kept")
BATCH = 32  # of the published procedure


def table_of(folder: Path, network: ChestSearch) -> Steps:
    import gazesearch

    return steps_of(
        gazesearch.load_dataset(folder).scanpaths,
        tasks=network.tasks,
        map_shape=network.map_shape,
        max_history=network.max_history,
        first=False,
    )


def measure(way: str, folder: Path, threads: int) -> dict[str, Any]:
    """Seconds of an epoch, its loss and the peak of memory, in this process."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = ChestSearch()
    network.backbone.requires_grad_(False)
    table, images = table_of(folder, network), ImageFolder(folder / "images")
    objective = PublishedObjective(clean=True)
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=0.0)
    sight: Any = Looking(network, images, trained=False)
    if way == WAYS[2]:
        sight = look(network, images, table.images, folder=folder / "seen", kept="float32")
    names = table.images
    sight.levels(names[:1], [False])  # what the first use costs is not counted
    whole = counts_of(table.searches)
    began, loss = time.monotonic(), 0.0
    if way == WAYS[0]:
        order = torch.from_numpy(np.random.default_rng(0).permutation(len(table)))
        for rows in order.split(BATCH):
            part = some_of(table.searches, rows)
            levels = sight.levels([names[n] for n in part.image], [False] * len(part))
            told = losses_of(
                network, objective, levels, replace(part, image=torch.arange(len(part)))
            )
            told.total.backward()
            loss += told.part_of(whole).item()
            optimiser.step()
            optimiser.zero_grad()
    else:
        batches = SharedPrefixes(table, images=1, map_shape=network.map_shape, seed=0)
        for position in range(batches.steps_per_epoch):
            batch = batches.at(0, position)
            some = counts_of(batch.searches)
            told = add_gradients(network, objective, batch, sight, names, images_at_once=1)
            loss += told.map * some.map / whole.map + told.stop * some.stop / whole.stop
            optimiser.step()
            optimiser.zero_grad()
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"way": way, "seconds": seconds, "loss": loss, "GiB": peak, "prefixes": len(table)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--observers", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way is not None:
        print(json.dumps(measure(given.way, given.folder, given.threads)))
        return
    with tempfile.TemporaryDirectory() as folder:
        config = replace(PHANTOM_V1, splits=("train",))
        write_phantom(folder, images=given.images, observers=given.observers, rng=0, config=config)
        found = []
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way, "--folder", folder]
            done = subprocess.run(
                [*command, "--threads", str(given.threads)],
                check=True,
                capture_output=True,
                text=True,
            )
            found.append(json.loads(done.stdout))
    first = found[0]
    print(f"{first['prefixes']} prefixes on {given.images} images, {given.threads} thread(s)")
    for row in found:
        print(
            f"{row['way']:24} {row['seconds']:8.1f} s an epoch  "
            f"{first['seconds'] / row['seconds']:5.1f} times  {row['GiB']:5.2f} GiB  "
            f"loss {row['loss']:.6f}"
        )
        off = abs(row["loss"] - first["loss"]) / abs(first["loss"])
        if not off < 1e-5:
            sys.exit(f"{row['way']}: the loss differs by {off:.1e}")


if __name__ == "__main__":
    main()
