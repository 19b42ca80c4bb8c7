"""`Metric`: the declaration of one metric; `Measure`: the settings of a family, how it scores."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from gazesearch.errors import BadSetting
from gazesearch.metrics._paths import Floats, Integers, Paths

Kind = Literal["pair", "map", "search"]
Need = Literal["durations", "target boxes", "several people", "fixation maps", "train records"]
Unit = Literal["", "px", "s", "edits", "fixations", "bits", "nats"]
Missing = Literal["zero", "reference length", "screen diagonal", "reference duration", "undefined"]
Scorer = Callable[[Integers, Integers, Floats], object]
"""Writes into `out[p]` (k, width) the values of the pairs (rows[p], columns[p])."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a metric; subclasses are frozen and check themselves (BadSetting)."""


@dataclass(frozen=True, kw_only=True)
class Measure(Settings, ABC):
    """A family of pair metrics that one kernel computes. Equal measures are computed once."""

    name: ClassVar[str]
    width: ClassVar[int] = 1
    """Number of values per pair."""
    by_image: ClassVar[bool] = False
    """Whether a score depends on all references of its image."""

    @abstractmethod
    def bind(self, references: Paths, predictions: Paths) -> Scorer:
        """Prepare each path once; the scorer only reads what was prepared, on any thread."""

    def timed(self, column: int) -> bool:
        """Whether value number `column` needs durations."""
        return False


@dataclass(frozen=True, kw_only=True)
class MapSettings(Settings):
    """Settings of fixation-map metrics: `sigma_px`, None for 1/14 of the screen's larger side."""

    sigma_px: float | None = None

    def __post_init__(self) -> None:
        if self.sigma_px is not None:
            object.__setattr__(self, "sigma_px", positive("sigma_px", self.sigma_px))


@dataclass(frozen=True, kw_only=True)
class SearchSettings(Settings):
    """Settings of search efficiency: `max_fixations`, the last fixation that counts."""

    max_fixations: int = 7

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_fixations", whole("max_fixations", self.max_fixations))


@dataclass(frozen=True, kw_only=True)
class Metric:
    """The declaration of one metric. Hashable; equal if all declarations and settings are.

    Attributes:
        name: name in tables and JSON.
        title: short head for tables.
        kind: "pair" compares two paths, "map" fixation maps, "search" a path and a target box.
        higher_is_better: direction.
        bounds: lowest and highest value that fixations on the screen can give.
        needs: what the records must carry.
        undefined_when: when a value is NaN.
        source: where the definition comes from.
        unit: "" for a pure number.
        missing: what a missing prediction counts as where missing ones are allowed.
        measure: the settings and, of pair metrics, how to compute.
        column: which of the measure's values this metric is.
        bounded_by: the setting that is also the upper bound, if any.
    """

    name: str
    title: str
    kind: Kind
    higher_is_better: bool
    bounds: tuple[float, float]
    needs: tuple[Need, ...]
    undefined_when: str
    source: str
    unit: Unit
    missing: Missing
    measure: Settings
    column: int = 0
    bounded_by: str | None = None

    @property
    def settings(self) -> Mapping[str, object]:
        """Names and values of the settings."""
        measure = self.measure
        return MappingProxyType({f.name: getattr(measure, f.name) for f in fields(measure)})

    def with_settings(self, settings: Mapping[str, object]) -> Metric:
        """The same metric with other settings.

        Raises:
            BadSetting: a setting is unknown or outside its range.
        """
        for setting in settings:
            if setting not in self.settings:
                known = ", ".join(self.settings) or "none"
                raise BadSetting(f"{self.name} has no setting {setting!r}; its settings: {known}")
        measure = replace(self.measure, **settings)
        changed = replace(self, measure=measure)
        if self.bounded_by is not None:
            highest = float(getattr(measure, self.bounded_by))
            changed = replace(changed, bounds=(self.bounds[0], highest))
        if isinstance(measure, Measure):
            timed = measure.timed(self.column)
            if "durations" in self.needs and not timed:
                raise BadSetting(
                    f"{self.name} would ignore durations with {dict(settings)}: "
                    "take the metric without them"
                )
            if timed and "durations" not in self.needs:
                changed = replace(changed, needs=("durations", *self.needs))
        return changed


def whole(name: str, value: object, *, low: int = 1, high: int = 1000) -> int:
    """A setting that must be a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise BadSetting(f"{name}={value!r}: must be a whole number")
    if not low <= value <= high:
        raise BadSetting(f"{name}={value!r}: must be from {low} to {high}")
    return int(value)


def positive(name: str, value: object) -> float:
    """A setting that must be a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise BadSetting(f"{name}={value!r}: must be a number")
    if not (math.isfinite(value) and value > 0):
        raise BadSetting(f"{name}={value!r}: must be finite and above 0")
    return int(value) if isinstance(value, (int, np.integer)) else float(value)


def choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """A setting that must be one of a few words."""
    if value not in choices:
        raise BadSetting(f"{name}={value!r}: must be {' or '.join(map(repr, choices))}")
