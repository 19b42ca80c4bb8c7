"""What `gazesearch evaluate --distribution --output` saved of draws: `distribution.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from gazesearch import metrics as metrics_
from gazesearch.errors import DataError, GazeSearchError, first_line
from gazesearch.evaluation.distribution import FORMS
from gazesearch.evaluation.saved_parts import Faulty, field, refuse_constant, run, stamp, text
from gazesearch.files import RunRecord, readable
from gazesearch.metrics import Metric
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import DatasetInfo, FirstFixation


@dataclass(frozen=True, kw_only=True)
class FormMean:
    """A form of a metric over all records; NaN where undefined."""

    mean: float
    low: float
    high: float
    n: int
    undefined: int


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawScores:
    """The means of `DistributionScores`, as they were saved.

    Attributes:
        metrics: that the forms are of.
        means: by metric and form ("energy", "mean", "best", "draws", "people").
        fewest, most: draws of a record.
        protocol, split, first_fixation, dataset, run: as in `Scores`.
    """

    metrics: tuple[Metric, ...]
    means: dict[str, dict[str, FormMean]]
    fewest: int
    most: int
    protocol: Stamp
    split: str
    first_fixation: FirstFixation
    dataset: DatasetInfo
    run: RunRecord


def read_draws(path: Path) -> DrawScores:
    """Read `distribution.json`.

    Raises:
        UnreadableFile: it is absent or cannot be read.
        DataError: it is not what `evaluate --distribution --output` writes.
    """
    file = readable(path)
    try:
        result = json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse_constant)
        saved = field(result, "metrics", dict)
        metrics = tuple(metrics_.get(name) for name in saved)
        if not metrics:
            raise Faulty("metrics: none")
        rule = field(result, "first_fixation", str)
        if rule not in get_args(FirstFixation):
            raise Faulty(f"first_fixation {rule!r}: must be one of {get_args(FirstFixation)}")
        draws = field(result, "draws", dict)
        return DrawScores(
            metrics=metrics,
            means={metric.name: _forms(field(saved, metric.name, dict)) for metric in metrics},
            fewest=field(draws, "fewest", int),
            most=field(draws, "most", int),
            protocol=stamp(field(result, "protocol", dict)),
            split=text(field(result, "split", str)),
            first_fixation=rule,
            dataset=DatasetInfo.from_json(
                json.dumps(field(result, "dataset", dict)), source="dataset"
            ),
            run=run(field(result, "run", dict), needed=("predictions", "references")),
        )
    except (GazeSearchError, ValueError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, OSError):
            raise
        raise DataError(
            f"{file}: not a result of `gazesearch evaluate --distribution --output` that can be "
            f"read: {first_line(error)}"
        ) from error


def _forms(parts: dict[str, Any]) -> dict[str, FormMean]:
    return {form: _mean(field(parts, form, dict)) for form in FORMS if form in parts}


def _mean(parts: dict[str, Any]) -> FormMean:
    return FormMean(
        mean=_number(parts.get("mean")),
        low=_number(parts.get("low")),
        high=_number(parts.get("high")),
        n=field(parts, "n", int),
        undefined=field(parts, "undefined", int),
    )


def _number(value: object) -> float:
    """A number as `or_none` wrote it."""
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Faulty(f"{value!r:.40}: no number")
    return float(value)
