"""How the weights of the phantom's observers were fitted. phantom-v1 has them; they never change.

    python benchmarks/phantom_weights.py 1000 > weights.txt

For every finding, the log mass of the cells that minimises the cross-entropy to the true box, over
phantom images that no dataset has: linear in the features of a cell (conditional logit, ridge).
Prints a row a feature, a column a finding, three significant digits.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.optimize import minimize

from gazesearch.datasets.phantom.cases import make_case
from gazesearch.datasets.phantom.config import CELLS, SIDE_PX
from gazesearch.datasets.phantom.features import features
from gazesearch.findings import FINDINGS

SEED = 990_001  # of images that are used for nothing else
RIDGE = 0.02


def example(number):
    """Features of an image, (3136, f), and its boxes."""
    case = make_case(SEED, number)
    seen = features(case.image)
    return seen.reshape(CELLS * CELLS, -1).astype(np.float32), case.boxes


def truth(box):
    """Share of each cell in what is worth looking at, (3136,): a box, most in its middle."""
    middle = (np.arange(CELLS) + 0.5) * SIDE_PX / CELLS
    shares = []
    for low, size in zip(box[:2], box[2:], strict=True):
        off = (middle - low - size / 2) / (0.3 * size + 2)
        inside = (middle > low - 2) & (middle < low + size + 2)
        shares.append(inside * np.exp(-0.5 * off**2))
    share = np.outer(shares[1], shares[0]).ravel()
    return (share / share.sum()).astype(np.float32)


def fitted(seen, shares):
    """Weights of the features, (f,)."""
    wanted = np.einsum("np,npf->f", shares, seen) / len(seen)

    def loss(weights):
        score = seen @ weights.astype(np.float32)
        most = score.max(axis=1, keepdims=True)
        mass = np.exp(score - most)
        total = mass.sum(axis=1, keepdims=True)
        gradient = np.einsum("np,npf->f", mass / total, seen) / len(seen) - wanted
        value = (np.log(total) + most).mean() - wanted @ weights + RIDGE * weights @ weights
        return float(value), gradient.astype(np.float64) + 2 * RIDGE * weights

    start = np.zeros(seen.shape[2])
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 150}).x


def main():
    with ThreadPoolExecutor(2) as pool:
        examples = list(pool.map(example, range(int(sys.argv[1]))))
    some = np.stack([seen for seen, _ in examples[:200]])
    mean, spread = some.mean(axis=(0, 1)), some.std(axis=(0, 1)) + 1e-6
    columns = []
    for finding in FINDINGS:
        group = [(seen, boxes[finding]) for seen, boxes in examples if finding in boxes]
        seen = np.stack([(seen - mean) / spread for seen, _ in group])
        columns.append(fitted(seen, np.stack([truth(box) for _, box in group])) / spread)
        print(finding, len(group), file=sys.stderr, flush=True)
    for row in np.array(columns).T:
        print("    (" + ", ".join(f"{weight:.3g}" for weight in row) + "),")


main()
