"""Scores of single fixations, decisions and durations, as functions of arrays; and their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from gazesearch.prediction import Floats, LogNormal

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a column of values is.

    Attributes:
        name, title, unit: for JSON and for tables.
        higher_is_better: direction; None where neither is better.
    """

    name: str
    title: str
    unit: str
    higher_is_better: bool | None = True


FIXATIONS: Final = (
    Measure(name="log_likelihood", title="Log-likelihood over uniform", unit="bits"),
    Measure(
        name="expected_log_likelihood",
        title="The same, as the model expects",
        unit="bits",
        higher_is_better=None,
    ),
    Measure(
        name="overconfidence",
        title="Overconfidence: expected less reached",
        unit="bits",
        higher_is_better=None,
    ),
    Measure(name="information_gain", title="Information gain", unit="bits"),
    Measure(
        name="information_gain_published",
        title="Information gain, published prior",
        unit="bits",
    ),
    Measure(name="conditional_nss", title="Conditional NSS", unit=""),
    Measure(name="conditional_auc", title="Conditional AUC", unit=""),
    Measure(name="duration_log_score", title="Duration log score", unit="bits"),
    Measure(name="duration_crps", title="Duration CRPS", unit="s", higher_is_better=False),
)
"""Measures of a fixation, in the order of tables."""

STOP: Final = Measure(name="stop_log_score", title="Stopping log score", unit="bits")
CALIBRATION: Final = Measure(
    name="stop_calibration_error",
    title="Stopping calibration error",
    unit="",
    higher_is_better=False,
)


def log_likelihood(log_mass: Floats, cells: Integers) -> Floats:
    """Bits over uniform, (b,): log2 of the mass of a cell over that of a uniform map.

    Args:
        log_mass: (b, h, w), each map of sum 1.
        cells: (b,) row * w + column of the fixated cell; -1 off the screen, where it is NaN.
    """
    b, h, w = log_mass.shape
    own = log_mass.reshape(b, h * w)[np.arange(b), cells]
    bits: Floats = np.where(cells < 0, np.nan, (own + np.log(h * w)) / np.log(2))
    return bits


def expected_log_likelihood(log_mass: Floats, mass: Floats) -> Floats:
    """Mean of `log_likelihood` if fixations fell as each map says, (b,): log2 hw less its entropy.

    Args:
        log_mass, mass: (b, h, w), logs and masses of the same maps of sum 1.
    """
    b, h, w = mass.shape
    terms = np.multiply(mass, log_mass, out=np.zeros_like(mass), where=mass > 0)
    bits: Floats = (terms.reshape(b, h * w).sum(axis=1) + np.log(h * w)) / np.log(2)
    return bits


def conditional_nss(mass: Floats, cells: Integers) -> Floats:
    """The masses at fixated cells, each map at mean 0 and deviation 1 over its cells, (b,).

    NaN off the screen, and where all cells of a map are the same but for rounding.
    """
    b, h, w = mass.shape
    flat = mass.reshape(b, h * w)
    centred = flat * (h * w) - 1
    deviation = np.sqrt(np.einsum("ij,ij->i", centred, centred) / (h * w))
    most = flat.max(axis=1)
    constant = most - flat.min(axis=1) <= 1e-12 * most
    own = centred[np.arange(b), cells]
    none = np.full(b, np.nan)
    found: Floats = np.divide(own, deviation, out=none, where=(cells >= 0) & ~constant)
    return found


def conditional_auc(log_mass: Floats, cells: Integers) -> Floats:
    """Area under the ROC curve of each fixated cell against all cells of its map, (b,).

    Share of the cells with less mass, and half of those with as much, the fixated one among them;
    NaN off the screen. Only the order of the masses matters.
    """
    b, h, w = log_mass.shape
    flat = log_mass.reshape(b, h * w)
    own = flat[np.arange(b), cells][:, None]
    below = np.count_nonzero(flat < own, axis=1)
    same = np.count_nonzero(flat == own, axis=1)
    area: Floats = np.where(cells < 0, np.nan, (below + same / 2) / (h * w))
    return area


def stop_log_score(log_stop: Floats, stopped: Mask) -> Floats:
    """log2 of the probability that a model gave to what was decided, (b,); 0 is best."""
    with np.errstate(divide="ignore", over="ignore"):  # of what it thought impossible it is -inf
        going_on = np.log(-np.expm1(log_stop))
    score: Floats = np.where(stopped, log_stop, going_on) / np.log(2)
    return score


def duration_log_score(told: LogNormal, duration_s: Floats) -> Floats:
    """log2 of the density of durations, per second, (b,); -inf at 0 s; NaN without a duration."""
    # Log of 0 s, for which NaN is put; a spread so narrow that what happened is impossible.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_s = np.log(duration_s)
        z = (log_s - told.mean) / told.spread
        nats = -log_s - np.log(told.spread) - 0.5 * np.log(2 * np.pi) - 0.5 * z**2
    score: Floats = np.where(duration_s == 0, -np.inf, nats / np.log(2))
    return score


def duration_crps(told: LogNormal, duration_s: Floats) -> Floats:
    """Continuous ranked probability score of durations, (b,) s; NaN without a duration.

    The integral over t of (F(t) - [t >= duration])^2 (Gneiting and Raftery 2007), F log-normal, in
    closed form (Baran and Lerch 2015).
    """
    with np.errstate(divide="ignore", over="ignore"):  # log of 0 s; a narrow spread
        omega = (np.log(duration_s) - told.mean) / told.spread
    # By logarithms: of a wide spread the mean overflows, while what multiplies it is lost beside 1.
    log_mean = told.mean + told.spread**2 / 2
    with np.errstate(over="ignore"):  # what is wider than numbers go is infinitely far off
        below = np.exp(log_mean + log_ndtr(omega - told.spread))  # E[T; T < duration], at most that
        half = np.exp(log_mean + log_ndtr(-told.spread / np.sqrt(2)))
    score: Floats = duration_s * (2 * ndtr(omega) - 1) + 2 * (half - below)
    return score
