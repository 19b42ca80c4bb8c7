"""Simulated observers who search plain frames for a finding.

Each (image, finding) has a target box at a place typical of the finding. A search starts at the
centre, looks over a few regions and not twice at the same, and ends on the target. Everything is
drawn from one generator, so a seed gives the same table on every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.findings import FINDINGS
from gazesearch.scanpaths import DatasetInfo, Scanpaths

SIDE_PX: Final = 224.0
PHANTOM_FRAMES: Final = DatasetInfo(
    name="phantom-frames",
    screen_size=(SIDE_PX, SIDE_PX),
    duration_unit="s",
    tasks=FINDINGS,
    first_fixation="as-recorded",
)
"""Plain frames of 224 x 224 px; every path starts at the centre."""

LONGEST: Final = 7
REGIONS: Final = np.array(
    [[62.0, 70.0], [162.0, 70.0], [62.0, 120.0], [162.0, 120.0], [62.0, 170.0], [162.0, 170.0]]
)
SPREAD_PX: Final = 12.0
BOX_PX: Final = (24.0, 56.0)
STOP_EARLY: Final = 0.35
LOG_DURATION_S: Final = (-1.2, 0.35)


def simulate(
    *, images: int = 60, observers: int = 4, rng: int | np.random.Generator | None = None
) -> Scanpaths:
    """Scanpaths of observers who search every image for two findings.

    Args:
        images: number of images; the last fifth is split `test`, the rest `train`.
        observers: number of observers, subjects 1, 2, ...
        rng: seed or generator.

    Returns:
        images x 2 x observers paths with durations and target boxes, in the frame of
        `PHANTOM_FRAMES`.

    >>> simulate(images=5, observers=3, rng=0)
    <Scanpaths: 30 paths, 172 fixations, 5 images, phantom-frames 224x224>
    """
    generator = np.random.default_rng(rng)
    searches = [
        (image, finding)
        for image in range(images)
        for finding in generator.choice(len(FINDINGS), size=2, replace=False).tolist()
    ]
    targets = [_place_target(finding, generator) for _, finding in searches]
    rows = [(at, observer) for at in range(len(searches)) for observer in range(observers)]
    return Scanpaths.of(
        [_search(targets[at], generator) for at, _ in rows],
        image=[f"phantom-{searches[at][0]:04d}.png" for at, _ in rows],
        finding=[FINDINGS[searches[at][1]] for at, _ in rows],
        subject=[observer + 1 for _, observer in rows],
        split=["test" if searches[at][0] >= images * 4 // 5 else "train" for at, _ in rows],
        target_boxes=np.array([targets[at].box for at, _ in rows]).reshape(-1, 4),
        info=PHANTOM_FRAMES,
    )


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Where the finding is, and in which region of the frame."""

    region: int
    centre: NDArray[np.float64]
    box: tuple[float, float, float, float]


def _place_target(finding: int, rng: np.random.Generator) -> _Target:
    """A box round a region that is typical of the finding four times out of five."""
    typical = finding % len(REGIONS)
    region = typical if rng.random() < 0.8 else int(rng.integers(len(REGIONS)))
    centre = REGIONS[region] + rng.normal(0, SPREAD_PX, 2)
    width, height = rng.uniform(*BOX_PX, size=2)
    x, y = centre - (width / 2, height / 2)
    return _Target(region=region, centre=centre, box=(float(x), float(y), width, height))


def _search(target: _Target, rng: np.random.Generator) -> NDArray[np.float64]:
    """One observer's path, (n, 3), 3 <= n <= 7."""
    others = [region for region in range(len(REGIONS)) if region != target.region]
    detours = rng.permutation(others)[: rng.binomial(LONGEST - 3, 1 - STOP_EARLY)]
    stops = [*REGIONS[detours], target.centre, target.centre]
    spreads = [*(SPREAD_PX for _ in detours), 5.0, 5.0]
    places = np.array(stops) + rng.normal(0, 1, (len(stops), 2)) * np.array(spreads)[:, None]
    places = np.clip(np.round(places, 1), 0, SIDE_PX - 1)
    xy = np.concatenate([[[SIDE_PX / 2, SIDE_PX / 2]], places])
    durations = np.round(rng.lognormal(*LOG_DURATION_S, size=len(xy)), 3)
    return np.column_stack([xy, durations])
