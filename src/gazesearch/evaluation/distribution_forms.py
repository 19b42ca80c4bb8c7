"""The forms that draws are scored in, a table each, made from the scores of every draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError
from gazesearch.evaluation.energy import Floats, Rows, between
from gazesearch.evaluation.means import best_of, means
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.truth import Truth
from gazesearch.metrics import Metric
from gazesearch.scanpaths import Scanpaths

FORMS: Final = {
    "energy": "energy form",
    "mean": "mean of draws",
    "best": "best draw",
    "draws": "draws with each other",
    "people": "people with each other",
}
"""What a table of each form is called."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Forms:
    """Tables by form, of some draws a record.

    Attributes:
        tables: those of `FORMS` that there are.
        fewest, most: draws of the records that have any.
        metrics: the metrics that these are forms of.
    """

    tables: Mapping[str, Scores]
    fewest: int
    most: int
    metrics: tuple[Metric, ...]


def forms_of(scores: Scores, truth: Truth, paths: Scanpaths, makers: NDArray[np.intp]) -> Forms:
    """All forms from the scores of every draw; `paths` and their makers are what was scored.

    Raises:
        DataError: no record has two draws.
    """
    records = scores.keys["record"]  # from 0, in order
    groups, group_of = _groups(scores)
    counts = np.array([len(group) for group in groups])[group_of]
    if counts.max(initial=0) < 2:
        raise DataError(
            "no record has two draws: predict each image and finding several times, in a column "
            "draw or as repeated records"
        )
    own = between(paths, groups, makers, scores.metrics)
    values: dict[str, dict[str, Floats]] = {form: {} for form in FORMS}
    for metric in scores.metrics:
        cross = scores.values[metric.name]
        mean, alike = means(cross, records), own[metric.name][group_of]
        best = best_of(cross, records, higher=metric.higher_is_better)
        energy = mean - 0.5 * alike
        told = {"energy": energy, "mean": mean, "best": best, "draws": alike}
        for form, column in told.items():
            values[form][metric.name] = column
    values["people"] = _people(truth, scores.metrics)
    _, first = np.unique(records, return_index=True)
    keys = {name: column[first] for name, column in scores.keys.items()}
    keys["draw"] = np.zeros(len(first), np.int64)
    table = replace(scores, keys=keys)
    some = counts[counts > 0]
    return Forms(
        tables={form: table_of(table, form, column) for form, column in values.items() if column},
        fewest=int(some.min()),
        most=int(some.max()),
        metrics=scores.metrics,
    )


def _groups(scores: Scores) -> tuple[list[Rows], Rows]:
    """The draws of records, each set of draws once; and which set is that of each record."""
    records, predictions = scores.keys["record"], scores.keys["prediction"]
    ends = np.flatnonzero(np.diff(records)) + 1
    numbers: dict[bytes, int] = {}
    groups: list[Rows] = []
    of_record = []
    for part in np.split(predictions, ends):
        group = part[part >= 0].astype(np.intp)
        key = group.tobytes()
        if key not in numbers:
            numbers[key] = len(groups)
            groups.append(group)
        of_record.append(numbers[key])
    return groups, np.array(of_record, np.intp)


def _people(truth: Truth, metrics: Sequence[Metric]) -> dict[str, Floats]:
    """How alike the recorded people of each record's image and finding are, by metric."""
    if not truth.by_subject:
        return {}
    paths = truth.scored
    members = [np.array(rows, np.intp) for rows in paths.columns.members(("name", "task")).values()]
    named = np.array([who is not None for who in paths.subject], np.bool_)
    group_of = np.zeros(len(paths), np.intp)
    for number, rows in enumerate(members):
        group_of[rows] = number
    groups = [rows[named[rows]] for rows in members]
    found = between(paths, groups, numbers_of(paths.subject), metrics)
    return {name: values[group_of] for name, values in found.items()}


def numbers_of(makers: NDArray[Any]) -> NDArray[np.intp]:
    """A number for each person, (n,)."""
    known: dict[object, int] = {}
    return np.array([known.setdefault(who, len(known)) for who in makers.tolist()], np.intp)


def table_of(table: Scores, form: str, values: Mapping[str, Floats]) -> Scores:
    """A table of one form; its metrics have names of their own, so that no forms are mixed up."""
    metrics = tuple(_named(metric, form) for metric in table.metrics)
    return replace(
        table,
        values={f"{name}_{form}": column for name, column in values.items()},
        metrics=metrics,
    )


def _named(metric: Metric, form: str) -> Metric:
    low, high = metric.bounds
    if form == "energy":
        low, high = low - high / 2, high - low / 2
    few = "under two draws, or no defined value among them or with the recorded path"
    return replace(
        metric,
        name=f"{metric.name}_{form}",
        title=f"{metric.title}, {FORMS[form]}",
        bounds=(low, high),
        undefined_when=few if form != "best" else metric.undefined_when,
        missing="undefined",
    )
