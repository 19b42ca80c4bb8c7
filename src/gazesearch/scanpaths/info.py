"""What a table of scanpaths says of its dataset: frame, unit, tasks, rules."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from gazesearch.errors import BadSetting, DataError, UnknownName, first_line
from gazesearch.findings import FINDINGS

DurationUnit = Literal["s", "ms"]
FirstFixation = Literal["replace", "prepend", "as-recorded"]
Outside = Literal["refuse", "keep"]
ScreenSize = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """A dataset's frame and rules; every `Scanpaths` carries one.

    Attributes:
        name: short name, as in `read_scanpaths(..., dataset=name)`.
        screen_size: (width, height) px of the frame that coordinates count in; None means that it
            differs by path and stands in the fields `width` and `height`.
        duration_unit: unit of `T` in files ("s" or "ms"); None where no path has durations.
            In memory durations are always seconds.
        tasks: the tasks that records may name; None leaves them open.
        outside: whether fixations off the screen are refused or kept and counted.
        first_fixation: the rule by which recorded scanpaths are used (`with_first_fixation`).
    """

    name: str
    screen_size: ScreenSize | None = None
    duration_unit: DurationUnit | None = None
    tasks: tuple[str, ...] | None = None
    outside: Outside = "refuse"
    first_fixation: FirstFixation = "as-recorded"

    def __post_init__(self) -> None:
        if self.screen_size is not None:
            width, height = self.screen_size
            if not all(math.isfinite(side) and side > 0 for side in (width, height)):
                raise BadSetting(f"screen_size {self.screen_size}: both sides must be above 0 px")
        for field, allowed in (
            ("duration_unit", (None, *get_args(DurationUnit))),
            ("outside", get_args(Outside)),
            ("first_fixation", get_args(FirstFixation)),
        ):
            if getattr(self, field) not in allowed:
                raise BadSetting(f"{field} {getattr(self, field)!r}: must be one of {allowed}")

    @property
    def frame(self) -> str:
        """The frame in words: `224x224`, or `by path`.

        >>> GAZESEARCH.frame
        '224x224'
        """
        return "by path" if self.screen_size is None else "{:g}x{:g}".format(*self.screen_size)

    def to_json(self) -> str:
        """The record as one line of JSON, as `dataset.json` and Parquet metadata hold it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str, *, source: str) -> DatasetInfo:
        """Read what `to_json` wrote.

        Raises:
            DataError: the text is not JSON, or its fields are not those of a DatasetInfo.
        """
        try:
            fields = json.loads(text)
            for name in ("screen_size", "tasks"):
                if isinstance(fields.get(name), list):
                    fields[name] = tuple(fields[name])
            info = cls(**fields)
            texts = (info.name, *(info.tasks or ()))
            if isinstance(info.tasks, str) or not all(map(str.isprintable, texts)):
                raise TypeError("name must be a text and tasks a list of texts")
            return info
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            reason = first_line(error)
            raise DataError(f"{source}: not a dataset description: {reason}") from error


GAZESEARCH = DatasetInfo(
    name="gazesearch",
    screen_size=(224, 224),
    duration_unit="s",
    tasks=FINDINGS,
    first_fixation="replace",
)
"""The GazeSearch benchmark (Pham et al., WACV 2025): 13 findings, images squeezed to 224 x 224."""

COCO_SEARCH18 = DatasetInfo(
    name="coco_search18",
    screen_size=(1680, 1050),
    duration_unit="ms",
    tasks=(
        "bottle",
        "bowl",
        "car",
        "chair",
        "clock",
        "cup",
        "fork",
        "keyboard",
        "knife",
        "laptop",
        "microwave",
        "mouse",
        "oven",
        "potted plant",
        "sink",
        "stop sign",
        "toilet",
        "tv",
    ),
    outside="keep",
)
"""COCO-Search18 (Yang et al. 2020; Chen et al. 2021): 18 targets, recorded on 1680 x 1050."""

OSIE = DatasetInfo(name="osie", screen_size=(400, 300), duration_unit="s", tasks=("freeview",))
"""OSIE (Xu et al. 2014), free viewing, in the 400 x 300 frame of its JSON release."""

KNOWN_DATASETS = {info.name: info for info in (GAZESEARCH, COCO_SEARCH18, OSIE)}


def known_dataset(dataset: str | DatasetInfo) -> DatasetInfo:
    """The description of a dataset known by name.

    Raises:
        UnknownName: no dataset has this name.
    """
    if isinstance(dataset, DatasetInfo):
        return dataset
    if dataset not in KNOWN_DATASETS:
        raise UnknownName("dataset", dataset, KNOWN_DATASETS)
    return KNOWN_DATASETS[dataset]
