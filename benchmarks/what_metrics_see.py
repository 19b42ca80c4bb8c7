"""What each metric sees: the numbers behind docs/metrics/.

    python benchmarks/what_metrics_see.py DATA [PART ...] [--images N] [--learn K] [--phantom N]
        [--keep FOLDER] [--write FILE]

DATA is the folder with `osie/` and `gazesearch/`; parts are all by default. Writes
docs/metrics/measured.json, each part as it is done; then `make docs` makes the pages; --write FILE
puts them elsewhere, as for a run with small settings. Numbers only: no image, no recorded path goes
into the file.

ladders     each test path against a copy of itself, spoilt in seven ways, in growing strength
pairing     half of the people against the other half, on the same image and on another one
gaming-*    one path for all, optimised for the metric on train, which never sees an image
likelihood  models of known quality on a phantom, ranked by the metric and by likelihood
energy      the energy form of people and of one typical path repeated; of phantom predictors

--images takes the first N test images of OSIE for ladders and pairing, --learn every Kth train path
of OSIE for the optimiser, --phantom makes N images: by default all, all and 200, which takes
long (not timed); --keep FOLDER makes the phantom there, or takes the one that is there.
The file in the repository was made with `--learn 16 --phantom 60`, on two shared cores in about
forty minutes.
"""

import argparse
import json
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np
from what_metrics_see_draws import energy, likelihood
from what_metrics_see_gaming import gaming, gaming_released
from what_metrics_see_spoilt import ladders, only_images, pairing

import gazesearch
from gazesearch.datasets.phantom import write_phantom
from gazesearch.evaluation import truth_of
from gazesearch.images import ImageFolder

FILE = Path(__file__).parents[1] / "docs" / "metrics" / "measured.json"
PARTS = ("ladders", "pairing", "gaming-gazesearch", "gaming-phantom", "gaming-osie", "likelihood",
         "energy")  # fmt: skip
OBSERVERS = 4
LENGTHS = {"osie": 9, "gazesearch": 6, "phantom": 5}  # fixations of the optimised path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--images", type=int)
    parser.add_argument("--learn", type=int, default=1)
    parser.add_argument("--phantom", type=int, default=200)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", type=Path, default=FILE)
    asked = parser.parse_intermixed_args()
    cluster_once()
    with tempfile.TemporaryDirectory() as scratch:
        root = asked.keep or Path(scratch)
        (root / "images").mkdir(parents=True, exist_ok=True)
        images = ImageFolder(root / "images")

        @cache
        def phantom():
            if (root / "dataset.json").exists():
                return gazesearch.load_dataset(root).scanpaths
            return write_phantom(root, images=asked.phantom, observers=OBSERVERS, rng=0).scanpaths

        @cache
        def osie():
            return gazesearch.read_scanpaths(asked.data / "osie" / "fixations.json")

        some = asked.images or 10_000
        for part in asked.parts or PARTS:
            start = time.perf_counter()
            if part == "ladders":
                found = {"osie": ladders(only_images(osie(), some)), "phantom": ladders(phantom())}
            elif part == "pairing":
                found = {"osie": pairing(only_images(osie(), some)), "phantom": pairing(phantom())}
            elif part == "gaming-gazesearch":
                found = gaming_released(asked.data / "gazesearch", LENGTHS["gazesearch"])
            elif part == "gaming-phantom":
                found = gaming(truth_of(phantom(), split="test"), LENGTHS["phantom"], 1)
            elif part == "gaming-osie":
                found = gaming(truth_of(osie(), split="test"), LENGTHS["osie"], asked.learn)
            elif part == "likelihood":
                found = likelihood(phantom(), images)
            else:
                found = energy(osie(), phantom(), images)
            keep(asked.write, part, found)
            print(f"{part}: {time.perf_counter() - start:.0f} s", flush=True)


def cluster_once() -> None:
    """Remember the clusters of the sequence score: every step of a ladder asks for the same."""
    module = sys.modules["gazesearch.metrics.sequence_score"]
    make, known = module.fixation_clusters, {}

    def clusters(fixations, *, bandwidth=None):
        key = (np.asarray(fixations).tobytes(), bandwidth)
        if key not in known:
            known[key] = make(fixations, bandwidth=bandwidth)
        return known[key]

    module.fixation_clusters = clusters


def keep(file, part, found) -> None:
    """Put one part into the file; numbers to six digits, NaN as null."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known[part] = rounded(found)
    known["versions"] = {"gazesearch": gazesearch.__version__, "numpy": np.__version__}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def rounded(value):
    if isinstance(value, dict):
        return {str(key): rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


if __name__ == "__main__":
    main()
