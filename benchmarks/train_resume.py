"""kill -9 at random moments of a training, and going on: the same weights to the last bit.

    python benchmarks/train_resume.py            # five runs, each killed once and gone on with
    python benchmarks/train_resume.py --runs 20 --kills 3

A small NextGaze on a phantom, with dropout, mirrored images, drawn paths and the average of the
weights; states are written every three steps and at the end of each epoch of five. A run is killed
from outside as soon as it tells of a step that was drawn, in whatever it does then.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from gazesearch.datasets.phantom import write_phantom
from gazesearch.training.settings import BackboneSettings, Network, Optimiser, Recipe, Schedule

EPOCHS, BATCHES = 4, 5
STEPS = EPOCHS * BATCHES
RECIPE = Recipe(
    name="resume",
    network=Network(
        settings={
            "input_shape": [32, 32],
            "map_shape": [8, 8],
            "panels": 8,
            "keys": 4,
            "hidden": 4,
            "recent": 2,
            "max_history": 8,
            "dropout": 0.2,
        }
    ),
    backbone=BackboneSettings(name="tiny", trained=True),
    optimiser=Optimiser(average=0.9),
    schedule=Schedule(epochs=EPOCHS, images=3, mirror=True, records=3, save_every=3),
)
CODE = """
import sys, torch
from gazesearch.training.recipe import recipe_of_json
from gazesearch.training.run import train
torch.set_num_threads(1)
recipe, output, root, steps = sys.argv[1:]
def told(text, done):
    if text.startswith("epoch"):
        print(round(done * int(steps)), flush=True)
train(recipe_of_json(recipe, where="benchmark"), output=output, resume=True, progress=told,
      annotations=f"{root}/annotations/phantom-v1.json", images=f"{root}/images")
"""


def run(output: Path, root: Path, *, kill_at: int | None = None) -> list[int]:
    """Steps that a process told of, until it ended or was killed at one of them."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, RECIPE.to_json(), str(output), str(root), str(STEPS)],
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        text=True,
    )
    assert process.stdout is not None
    steps = []
    for line in process.stdout:
        steps.append(int(line))
        if kill_at is not None and steps[-1] >= kill_at:
            process.send_signal(signal.SIGKILL)
            break
    wanted = 0 if kill_at is None else -signal.SIGKILL
    if process.wait() != wanted:
        sys.exit(f"the process ended with {process.returncode}")
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--kills", type=int, default=1, help="of each run")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "phantom"
        write_phantom(root, images=20, observers=4, rng=0)
        whole = Path(folder) / "whole"
        assert run(whole, root) == list(range(1, STEPS + 1))
        wanted = load_file(whole / "checkpoints" / "last.safetensors")
        for number in range(given.runs):
            output = Path(folder) / f"run-{number}"
            kills = sorted(rng.choice(np.arange(1, STEPS), given.kills, replace=False).tolist())
            went_on = [run(output, root, kill_at=kill)[0] for kill in kills]
            went_on.append(run(output, root)[0])
            found = load_file(output / "checkpoints" / "last.safetensors")
            same = found.keys() == wanted.keys() and all(
                torch.equal(found[name], tensor) for name, tensor in wanted.items()
            )
            print(
                f"run {number + 1}: killed at step {', '.join(map(str, kills))} of {STEPS} "
                f"(epochs of {BATCHES}), went on with step {', '.join(map(str, went_on[1:]))}: "
                f"{len(wanted)} tensors {'equal' if same else 'DIFFER'}",
                flush=True,
            )
            if not same:
                sys.exit(1)


if __name__ == "__main__":
    main()
