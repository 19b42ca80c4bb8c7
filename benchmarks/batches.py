"""ChestSearch's greedy paths of phantom images, encoded and decoded 1, 7 and 32 at a time.

    python benchmarks/batches.py WEIGHTS [IMAGES]

WEIGHTS is a folder that `gazesearch convert` made; 100 images unless told otherwise. A decision is
to stop or go on, or the choice of a cell; its margin is the logit by which it was made. Rounding
differs from batch to batch, so paths must be the same up to their first decision with a margin
under 1e-4: a path that differs without one is an error; such decisions and paths are listed.
"""

import sys

import torch

from gazesearch.datasets.phantom.cases import make_case
from gazesearch.findings import FINDINGS
from gazesearch.models.chestsearch.checkpoints import load
from gazesearch.models.chestsearch.greedy import decode
from gazesearch.models.chestsearch.inputs import normalised, squeezed

SEED = 990_002  # of images that are used for nothing else
SURE = 1e-4  # logits
BATCHES = (1, 7, 32)


def decoded(network, images, batch):
    """Pixels (n, 7, 2), lengths (n,) and margins (n, 12), stop and cell of each step in turn."""
    parts = []
    for start in range(0, len(images), batch):
        some = images[start : start + batch]
        features = network.encode(normalised(some))
        image = torch.arange(len(some)).repeat_interleave(len(FINDINGS))
        told = decode(network, features, image, torch.arange(len(FINDINGS)).repeat(len(some)))
        stops = told.stop_probabilities.logit().abs()
        margins = torch.stack([stops, told.margins], dim=2).flatten(1)
        parts.append((told.pixels, told.lengths, margins))
    return [torch.cat(column) for column in zip(*parts, strict=True)]


def main(weights, count=100):
    network = load(weights)
    images = [squeezed(make_case(SEED, number).image) for number in range(count)]
    with torch.inference_mode():
        runs = {batch: decoded(network, images, batch) for batch in BATCHES}
    pixels, lengths, margins = runs[BATCHES[0]]
    known = ~margins.isnan()
    unsure = (margins < SURE).any(1)
    print(f"{len(pixels):,} paths, {int(known.sum()):,} decisions")
    print(f"under {SURE:g} logits: {int((margins < SURE).sum())}, least {margins[known].min():.2g}")
    for row, decision in (margins < SURE).nonzero().tolist():
        image, finding = divmod(row, len(FINDINGS))
        what = ("stop", "cell")[decision % 2]
        print(f"  image {image}, {FINDINGS[finding]}, step {decision // 2 + 1}, {what}")
    wrong = 0
    for batch in BATCHES[1:]:
        others, other_lengths, other_margins = runs[batch]
        differs = (pixels != others).flatten(1).any(1) | (lengths != other_lengths)
        drift = (margins - other_margins)[~differs].nan_to_num().abs().max()
        print(f"{batch} at a time: {int(differs.sum())} paths differ, margins by up to {drift:.2g}")
        for row in differs.nonzero().flatten().tolist():
            image, finding = divmod(row, len(FINDINGS))
            least = margins[row].nan_to_num(1).min()
            print(f"  image {image}, {FINDINGS[finding]}: least margin {least:.2g}")
        wrong += int((differs & ~unsure).sum())
    print(f"{wrong} paths differ although every margin is above {SURE:g}")
    return wrong > 0


if __name__ == "__main__":
    torch.manual_seed(0)
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
