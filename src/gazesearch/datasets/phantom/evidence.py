"""What speaks for a finding in each cell of an image, judged from its pixels alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.phantom.config import CELLS, ObserverConfig
from gazesearch.datasets.phantom.features import features
from gazesearch.prediction import Floats


def evidence(image: NDArray[Any], findings: Sequence[int], *, config: ObserverConfig) -> Floats:
    """Log odds of where some findings are against anywhere.

    The log mass of the place of a finding is linear in the features of a cell, with weights fitted
    to the true boxes of other phantom images (`benchmarks/phantom_weights.py`). It is counted over
    the uniform mass and kept within the observer's range of certainty.

    Args:
        image: (h, w) or (h, w, 3), any size; uint8, or any numbers (then its range is stretched).
        findings: published ids, k of them.
        config: the observer.

    Returns:
        (k, 56, 56) nats; 0 where a place is as good as any.

    Raises:
        DataError: it is no image.
    """
    weights = np.array(config.weights)[:, list(findings)]  # (f, k)
    # Not a matrix product: the result must not depend on the BLAS at hand.
    score = np.einsum("yxf,fk->kyx", features(image), weights, optimize=False)
    most = score.max(axis=(1, 2), keepdims=True)
    total = most + np.log(np.exp(score - most).sum(axis=(1, 2), keepdims=True))
    low, high = config.certainty
    nats: Floats = np.clip(score - total + 2 * np.log(CELLS), low, high)
    return nats
