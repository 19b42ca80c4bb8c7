"""Every number that a phantom is made by, in one frozen record with a digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Final

from gazesearch.datasets.phantom.weights import WEIGHTS
from gazesearch.findings import FINDINGS
from gazesearch.scanpaths import DatasetInfo

Range = tuple[float, float]
SIDE_PX: Final = 224.0
CELLS: Final = 56


@dataclass(frozen=True, kw_only=True)
class AnatomyRanges:
    """Measures of chests, from and to, px of the 224 px frame (see `anatomy.Anatomy`)."""

    midline: Range = (104.0, 120.0)
    apex: Range = (24.0, 34.0)
    half_width: Range = (80.0, 92.0)
    dome: Range = (142.0, 158.0)
    dome_difference: Range = (3.0, 10.0)
    mediastinum: Range = (12.0, 15.0)
    heart_left: Range = (17.0, 22.0)
    heart_right: Range = (38.0, 49.0)
    rib_spacing: Range = (13.5, 15.5)
    rib_phase: Range = (4.0, 10.0)
    clavicle: Range = (12.0, 20.0)
    breast: Range = (0.5, 1.0)
    breast_share: float = 0.4
    habitus: Range = (0.94, 1.1)


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """How images are taken: sizes px, gain and gamma of the tone curve, noise as share of white."""

    width: tuple[int, int] = (352, 513)
    height: tuple[int, int] = (384, 545)
    gain: Range = (0.9, 1.1)
    gamma: Range = (1.0, 1.35)
    noise: Range = (0.012, 0.022)


@dataclass(frozen=True, kw_only=True)
class ObserverConfig:
    """How observers search. Lengths in px of the 224 px frame, log mass and odds in nats.

    Attributes:
        weights: of each feature (row) for each finding (column), see `evidence`.
        certainty: least and most evidence in a cell over the uniform.
        focus: factor of the evidence.
        reach_px, far: spread of saccades, and the weight of those to anywhere.
        inhibition, inhibition_px: depth and spread of the inhibition round each earlier fixation.
        lapse: share of looks that fall anywhere.
        shortest, longest: fixations of a path, the start included.
        stop, stop_on_target: log odds of stopping off target, and what full evidence adds.
        sure, stop_slope: evidence at which half of that is added, and how steeply it is.
        log_duration, duration_spread: mean and standard deviation of log seconds.
        first_shorter, slower: change of the mean for the start, and after full evidence.
        focus_varies, inhibition_varies, duration_varies: how far people differ from the average.
    """

    weights: tuple[tuple[float, ...], ...] = WEIGHTS
    certainty: Range = (-5.0, 5.0)
    focus: float = 3.5
    reach_px: float = 60.0
    far: float = 0.3
    inhibition: float = 2.0
    inhibition_px: float = 7.0
    lapse: float = 0.03
    shortest: int = 3
    longest: int = 7
    stop: float = -2.5
    stop_on_target: float = 1.5
    sure: float = 2.0
    stop_slope: float = 2.0
    log_duration: float = -1.3
    duration_spread: float = 0.35
    first_shorter: float = -0.1
    slower: float = 0.2
    focus_varies: float = 0.1
    inhibition_varies: float = 0.2
    duration_varies: float = 0.08


@dataclass(frozen=True, kw_only=True)
class PhantomConfig:
    """Everything that makes a phantom but its seed and size.

    Attributes:
        name: name of the dataset.
        counts: probabilities of 1, 2, ... findings in an image.
        splits: split of image number i, repeated over the images.
        anatomy, exposure, observer: of chests, images and people.
    """

    name: str
    counts: tuple[float, ...] = (0.4, 0.4, 0.2)
    splits: tuple[str, ...] = (
        *("train", "test", "train", "train", "valid"),
        *("train", "train", "test", "train", "train"),
    )
    anatomy: AnatomyRanges = field(default_factory=AnatomyRanges)
    exposure: Exposure = field(default_factory=Exposure)
    observer: ObserverConfig = field(default_factory=ObserverConfig)

    @property
    def digest(self) -> str:
        """`sha256:` and the digest of all parameters as canonical JSON."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    @property
    def info(self) -> DatasetInfo:
        """The dataset's description."""
        return DatasetInfo(
            name=self.name,
            screen_size=(SIDE_PX, SIDE_PX),
            duration_unit="s",
            tasks=FINDINGS,
            first_fixation="as-recorded",
        )


PHANTOM_V1: Final = PhantomConfig(name="phantom-v1")
"""The frozen benchmark: never change it or what draws it, make another configuration instead."""
