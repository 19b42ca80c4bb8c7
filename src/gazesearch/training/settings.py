"""Every setting of a training, as frozen dataclasses; what is left out has the value here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from gazesearch.errors import BadSetting
from gazesearch.scanpaths import FirstFixation

_SEEDS: Final = 2**63  # as many as torch takes


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is learnt from.

    Attributes:
        dataset: `phantom` is made where no annotations are given; `osie`, `gazesearch` and others
            are read from the annotations and images that the command names; `file` takes any.
        protocol: which records are train, valid and test; None takes the split of the records.
        first_fixation: rule by which recorded paths are used; None takes the dataset's.
        placeholder: every image is the same grey square: what can be learnt without looking.
        images, observers, phantom_seed: of a phantom that is made.
        train_images: learn from so many images only, drawn by the seed; None takes all.
    """

    dataset: Literal["phantom", "osie", "gazesearch", "file"] = "phantom"
    protocol: str | None = None
    first_fixation: FirstFixation | None = None
    placeholder: bool = False
    images: int = 500
    observers: int = 4
    phantom_seed: int = 0
    train_images: int | None = None

    def __post_init__(self) -> None:
        _at_least(self, 1, "images", "observers", "train_images")
        _at_least(self, 0, "phantom_seed")


@dataclass(frozen=True, kw_only=True)
class Network:
    """Which network; its own settings stand in `settings`.

    Attributes:
        kind: `nextgaze` or `chestsearch`.
        settings: of the kind; see `gazesearch.training.networks`.
    """

    kind: str = "nextgaze"
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BackboneSettings:
    """What looks at images.

    Attributes:
        name: of the backbone; None takes the network's own. Weights that are no part of a package
            are named by the command.
        trained: whether it is trained too; else it is frozen and what it sees can be kept on disk.
        pretrained: whether it starts with its pretrained weights, where it has some.
        kept: how features are kept on disk: `float16`, `float32`, or `no`, which looks every time.
    """

    name: str | None = None
    trained: bool = False
    pretrained: bool = True
    kept: Literal["float16", "float32", "no"] = "float16"


@dataclass(frozen=True, kw_only=True)
class ObjectiveSettings:
    """What is minimised.

    Attributes:
        kind: `likelihood` of places, durations and stopping; `wacv2025` as published.
        map, stop, duration: what each term counts for in the sum.
    """

    kind: Literal["likelihood", "wacv2025"] = "likelihood"
    map: float = 1.0
    stop: float = 1.0
    duration: float = 1.0

    def __post_init__(self) -> None:
        _at_least(self, 0, "map", "stop", "duration")


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """AdamW, its rates, and the average of the weights.

    Attributes:
        rate: largest learning rate.
        weight_decay: of matrices; vectors and scalars have none.
        betas: of the two running means.
        clip: largest norm of the gradient; 0 leaves it as it is.
        rates: what the rate is multiplied by, by how names of parameters begin; 0 freezes them.
        layer_decay: what the rate of each layer of a trained backbone is multiplied by, compared
            with the layer above it.
        average: share of the old average that each step leaves in the average of the weights,
            which is what is validated and kept; 0 takes the weights themselves.
    """

    rate: float = 1e-3
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    rates: Mapping[str, float] = field(default_factory=dict)
    layer_decay: float = 1.0
    average: float = 0.998

    def __post_init__(self) -> None:
        _above(self, 0, "rate", "layer_decay")
        _at_least(self, 0, "weight_decay", "clip", "average")
        if self.average >= 1:
            raise BadSetting(f"average = {self.average}: must be below 1")
        if self.layer_decay > 1:
            raise BadSetting(f"layer_decay = {self.layer_decay}: must be 1 or below")
        for beta in self.betas:
            if not 0 <= beta < 1:
                raise BadSetting(f"betas = {list(self.betas)}: must be from 0 to below 1")
        for name, rate in self.rates.items():
            if isinstance(rate, bool) or not (
                isinstance(rate, int | float) and 0 <= rate < math.inf
            ):
                raise BadSetting(f"rates: {name} = {rate!r}: must be a number from 0")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long, in what portions, and which weights are kept.

    Attributes:
        epochs: how often each train image is shown.
        images: how many make a batch.
        images_at_once: how many of them are computed at a time; memory grows with it.
        records: how many paths of an image are drawn each time; None takes all.
        mirror: whether images and paths are shown mirrored, half of the time.
        shift: by how many cells they are shifted at most, drawn each time; the input's sides must
            be multiples of the map's, and features that are kept on disk cannot be shifted.
        exposure: whether images are shown as of another exposure each time; not of kept features.
        warm_up: share of the steps in which the rate rises from 0.
        rate: how it goes on: `cosine` falls to 0, `constant` stays.
        select: measure on valid by which the best weights are kept.
        patience: epochs without a better one after which training ends; None goes on to the last.
        precision: `bfloat16` computes products in bfloat16.
        save_every: steps between two states on disk that a run can go on from; an epoch's end
            makes one too.
    """

    epochs: int = 30
    images: int = 16
    images_at_once: int = 16
    records: int | None = None
    mirror: bool = False
    shift: int = 0
    exposure: bool = False
    warm_up: float = 0.05
    rate: Literal["cosine", "constant"] = "cosine"
    select: Literal["bits", "loss"] = "bits"
    patience: int | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    save_every: int = 100

    def __post_init__(self) -> None:
        _at_least(
            self, 1, "epochs", "images", "images_at_once", "records", "patience", "save_every"
        )
        _at_least(self, 0, "shift")
        if not 0 <= self.warm_up < 1:
            raise BadSetting(f"warm_up = {self.warm_up}: must be a share from 0 to below 1")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole training.

    Attributes:
        name: of the recipe.
        seed: of weights, order, draws and dropout.
    """

    name: str = "unnamed"
    seed: int = 0
    data: Data = field(default_factory=Data)
    network: Network = field(default_factory=Network)
    backbone: BackboneSettings = field(default_factory=BackboneSettings)
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    optimiser: Optimiser = field(default_factory=Optimiser)
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        _at_least(self, 0, "seed")
        _check(self, ("seed",), lambda value: value < _SEEDS, "below 2^63")
        schedule, backbone = self.schedule, self.backbone
        keeps = not backbone.trained and backbone.kept != "no"
        if keeps and (schedule.shift or schedule.exposure):
            raise BadSetting(
                "schedule: shift and exposure change what the backbone sees, but that is kept: set "
                'backbone.kept = "no"'
            )
        if schedule.mirror and self.objective.kind == "wacv2025":
            raise BadSetting("schedule: mirror = true: not with objective wacv2025, which has none")

    def to_json(self) -> str:
        """Every setting, also those that have their usual values."""
        return json.dumps(asdict(self), indent=2) + "\n"


def _check(settings: Any, names: tuple[str, ...], holds: Callable[[Any], bool], must: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if value is not None and not holds(value):
            raise BadSetting(f"{name} = {value}: must be {must}")


def _at_least(settings: Any, least: float, *names: str) -> None:
    _check(settings, names, lambda value: value >= least, f"{least} or more")


def _above(settings: Any, bound: float, *names: str) -> None:
    _check(settings, names, lambda value: value > bound, f"above {bound}")
