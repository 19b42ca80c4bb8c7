"""How much uniform mass a model's maps need: chosen on valid, and only where it is asked for."""

from __future__ import annotations

import numpy as np

from gazesearch.errors import DataError
from gazesearch.evaluation.likelihood.bits import bits_of_steps
from gazesearch.evaluation.truth import Truth
from gazesearch.models.controls.kernel_densities import on_unseen_images
from gazesearch.prediction import ConditionalModel, Floats, ImageSource


def fitted_share(
    model: ConditionalModel, truth: Truth, *, images: ImageSource | None, batch: int
) -> float:
    """The share of uniform mass under which valid's fixations 2..n are likeliest, 0 to 1.

    Of valid those images count that train lacks, where there are any: a model that was trained on
    an image needs less.

    Raises:
        DataError: there is no valid apart from what is scored, or it has no second fixation.
    """
    valid = truth.chosen_on
    if valid is None:
        raise DataError(
            "mix_uniform='valid': there are no valid records apart from those scored: give a number"
        )
    if truth.trained_on is not None:
        valid = on_unseen_images(valid, truth.trained_on)
    parts = bits_of_steps(model, valid, first=False, images=images, batch=batch)
    bits = np.concatenate([np.empty(0), *(found for _, found, _ in parts)])
    over_uniform = np.exp2(bits[~np.isnan(bits)])
    if not len(over_uniform):
        raise DataError("mix_uniform='valid': valid has no second fixation on the screen")
    return likeliest_share(over_uniform)


def likeliest_share(over_uniform: Floats) -> float:
    """The w in 0..1 that makes the mean log of (1 - w) r + w largest, r (n,) 0 or more.

    >>> likeliest_share(np.array([2.0, 3.0])), round(likeliest_share(np.array([0.0, 4.0])), 6)
    (0.0, 0.666667)
    """

    from scipy.optimize import brentq  # slow to import

    def slope(share: float) -> float:
        with np.errstate(divide="ignore"):  # without a share what has no mass is impossible
            return float(np.mean((1 - over_uniform) / ((1 - share) * over_uniform + share)))

    if slope(0.0) <= 0:
        return 0.0
    if slope(1.0) >= 0:
        return 1.0
    # The slope falls all the way: where it is infinite at 0, it is finite just above.
    return float(brentq(slope, 1e-12, 1.0))
