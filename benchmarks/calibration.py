"""Whether intervals cover, p-values are uniform and power is as stated: on simulated images.

python benchmarks/calibration.py

Images have 1 to 4 records. A score lies between 0 and 1, with mean 3/7 and standard deviation 0.16,
as ScanMatch has; part of it belongs to the image, whoever predicts, part to the predictor on that
image, and the rest to the record, so that records of an image are correlated (0.30).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstest

from gazesearch.evaluation.statistics import (
    Statistic,
    bootstrap,
    detectable_difference,
    differences_by_cluster,
    percentile_interval,
    ratio,
    sign_flip_test,
    standard_error,
)

SIMULATIONS = 10_000
RESAMPLES = 2_000
BATCH = 50  # simulations that share resamples
RECORDS, SHARES = (1, 2, 3, 4), (0.4, 0.3, 0.2, 0.1)  # of an image, and how many images have them
MEAN = 3 / 7  # of Beta(6, 8)
NOISE = 12.0  # the higher, the nearer are the records of an image

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Shares of simulations, and the p-value of the Kolmogorov-Smirnov test of uniformity."""

    images: int
    covered: float
    covered_if_records_were_independent: float
    difference_covered: float
    uniform: float
    false_alarms: float
    false_alarms_unequal_spread: float
    detectable: float
    power: float


def calibrate(images: int, *, simulations: int = SIMULATIONS, seed: int = 0) -> Calibration:
    """Simulate predictors that are equal, that differ in spread only, and one that is better."""
    rng = np.random.default_rng([seed, images])
    pilot = [pair(rng, images) for _ in range(BATCH)]
    detectable = float(np.mean([stated(first, other) for first, other in pilot]))
    covered, naive, difference_covered, equal, spread, better = ([] for _ in range(6))
    for batch in range(simulations // BATCH):
        null = [pair(rng, images) for _ in range(BATCH)]
        unequal = [pair(rng, images, noise=4 * NOISE) for _ in range(BATCH)]
        ahead = [pair(rng, images, ahead=detectable) for _ in range(BATCH)]
        flat = [one for both in ahead for one in both]
        values = bootstrap(flat, resamples=RESAMPLES, seed=batch)
        low, high = percentile_interval(values[:, 1::2])
        covered += ((low <= MEAN) & (high >= MEAN)).tolist()
        low, high = percentile_interval(values[:, ::2] - values[:, 1::2])
        difference_covered += ((low <= detectable) & (high >= detectable)).tolist()
        naive += [textbook_covers(rng, images) for _ in range(BATCH)]
        for found, pairs in ((equal, null), (spread, unequal), (better, ahead)):
            found += sign_flip_test(pairs, resamples=RESAMPLES, seed=batch).tolist()
    return Calibration(
        images=images,
        covered=float(np.mean(covered)),
        covered_if_records_were_independent=float(np.mean(naive)),
        difference_covered=float(np.mean(difference_covered)),
        uniform=float(kstest(equal, "uniform").pvalue),
        false_alarms=float(np.mean(np.array(equal) < 0.05)),
        false_alarms_unequal_spread=float(np.mean(np.array(spread) < 0.05)),
        detectable=detectable,
        power=float(np.mean(np.array(better) < 0.05)),
    )


def pair(
    rng: np.random.Generator, images: int, *, noise: float = NOISE, ahead: float = 0.0
) -> tuple[Statistic, Statistic]:
    """Two predictors on the same records: one with this noise and so far ahead, and a plain one."""
    image, difficulty = drawn_images(rng, images)
    first = scores(rng, image, difficulty, noise) + ahead
    other = scores(rng, image, difficulty, NOISE)
    return by_image(image, first), by_image(image, other)


def drawn_images(rng: np.random.Generator, images: int) -> tuple[NDArray[np.intp], Floats]:
    """Image of each record, and difficulty of each image."""
    records = rng.choice(RECORDS, images, p=SHARES)
    return np.repeat(np.arange(images), records), rng.beta(6, 8, images)


def scores(
    rng: np.random.Generator, image: NDArray[np.intp], difficulty: Floats, noise: float
) -> Floats:
    """A predictor's score of each record."""
    level = (difficulty + rng.beta(6, 8, len(difficulty)))[image] / 2
    return rng.beta(level * noise, (1 - level) * noise)


def by_image(image: NDArray[np.intp], values: Floats) -> Statistic:
    """The mean of scores, as a statistic of images."""
    sums = np.stack([np.bincount(image, weights=values), np.bincount(image)], axis=1)
    return Statistic(sums=sums, present=sums[:, 1] > 0, of=ratio)


def stated(first: Statistic, other: Statistic) -> float:
    """Detectable difference that a comparison would state."""
    return detectable_difference(standard_error(differences_by_cluster(first, other)))


def textbook_covers(rng: np.random.Generator, images: int) -> bool:
    """Whether mean ± 1.96 standard errors covers, when every record counts as independent."""
    image, difficulty = drawn_images(rng, images)
    values = scores(rng, image, difficulty, NOISE)
    return abs(values.mean() - MEAN) <= 1.96 * values.std(ddof=1) / np.sqrt(len(values))


def rows(found: list[Calibration]) -> Iterator[tuple[str, ...]]:
    yield ("", "expected", *(f"{one.images} images" for one in found))
    for text, expected, name, digits in (
        ("95% interval of a mean covers", "0.95", "covered", 3),
        ("the same if records were taken as independent", "0.95",
         "covered_if_records_were_independent", 3),
        ("95% interval of a difference covers", "0.95", "difference_covered", 3),
        ("Kolmogorov-Smirnov test of uniform p-values, p", "over 0.05", "uniform", 2),
        ("p below 0.05 without a difference", "0.05", "false_alarms", 3),
        ("the same where spreads differ", "0.05", "false_alarms_unequal_spread", 3),
        ("detectable difference as stated", "", "detectable", 4),
        ("p below 0.05 at that true difference", "0.80", "power", 3),
    ):  # fmt: skip
        yield (text, expected, *(f"{getattr(one, name):.{digits}f}" for one in found))


def main() -> None:
    start = time.perf_counter()
    head, *body = rows([calibrate(images) for images in (444, 111)])
    for row in (head, ("---", *["--:"] * (len(head) - 1)), *body):
        print("| " + " | ".join(row) + " |")
    seconds = time.perf_counter() - start
    print(f"\n{SIMULATIONS:,} simulations, {RESAMPLES:,} resamples each, {seconds:.0f} s")


if __name__ == "__main__":
    main()
