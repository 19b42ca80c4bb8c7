"""People as predictors of each other, where several looked at the same image for the same finding.

The mean over all other people is what a person is worth as a prediction: the level of a single
human path, and no ceiling. A single prediction can do better by being typical: `typical_person` is
the best of the others' paths by that rule, the level that one path a record can be asked to reach.
Neither is an upper bound. Neither serves for fixation maps and TFP mismatch, which pool all people
before they compare: everybody would meet a crowd with himself in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics
from gazesearch.errors import DataError
from gazesearch.metrics import Metric
from gazesearch.scanpaths import Scanpaths

Rows = NDArray[np.intp]


def other_people(references: Scanpaths) -> Scanpaths:
    """Every other person's path as a prediction of each person's: leave one out.

    Args:
        references: recorded scanpaths as they are used (first-fixation rule applied).

    Returns:
        For each person of an (image, finding) the paths of the others, as draws; nothing where only
        one person looked. `evaluate` scores them against the same references: the mean over ordered
        pairs of people.

    Raises:
        DataError: no two people looked at the same image for the same finding.
    """
    rows: list[int] = []
    predicted: list[object] = []
    draws: list[int] = []
    for group, people in _groups(references, at_least=2):
        for person in dict.fromkeys(people):
            others = group[[who != person for who in people]]
            rows += others.tolist()
            predicted += [person] * len(others)
            draws += range(len(others))
    return _answers(references, rows, predicted, draws)


def typical_person(references: Scanpaths, *, metric: str | Metric = "scanmatch") -> Scanpaths:
    """Of the other people's paths the one that is most like the rest of them.

    Args:
        references: recorded scanpaths as they are used (first-fixation rule applied).
        metric: similarity or distance that says how like two paths are; of kind "pair".

    Returns:
        One path for each person of an (image, finding): of the others' the one of the highest mean
        similarity to the other others, the first of equals; nothing where fewer than three looked.

    Raises:
        DataError: no three people looked at the same image for the same finding.
    """
    chosen = metrics.get(metric) if isinstance(metric, str) else metric
    rows: list[int] = []
    predicted: list[object] = []
    for group, people in _groups(references, at_least=3):
        likeness = _likeness(references[group], chosen)
        for person in dict.fromkeys(people):
            places = np.flatnonzero([who != person for who in people])
            rows.append(int(group[places[_most_like_the_rest(likeness[np.ix_(places, places)])]]))
            predicted.append(person)
    return _answers(references, rows, predicted, [0] * len(rows))


def _groups(references: Scanpaths, *, at_least: int) -> Iterator[tuple[Rows, list[object]]]:
    """Rows of each (image, finding) that enough people looked at, and who looked.

    Records without a subject are nobody's: as answers they would stand for everybody, and so for
    the person who made them.
    """
    found = False
    named = np.array([who is not None for who in references.subject], np.bool_)
    for group in references.columns.members(("name", "task")).values():
        rows = [row for row in group if named[row]]
        people = references.subject[rows].tolist()
        if len(set(people)) >= at_least:
            found = True
            yield np.array(rows, np.intp), people
    if not found:
        raise DataError(
            f"{references.info.name}: no {at_least} people looked at the same image for the same "
            "finding (field subject): people cannot be compared with people"
        )


def _likeness(paths: Scanpaths, metric: Metric) -> NDArray[np.float64]:
    """How like each path is to each other, (k, k), higher is more; NaN with itself."""
    width, height = paths.screen_sizes[0].tolist()
    table = metrics.pairwise(metric, paths, paths, (width, height))
    np.fill_diagonal(table, np.nan)
    return table if metric.higher_is_better else -table


def _most_like_the_rest(likeness: NDArray[np.float64]) -> int:
    """Number of the path of highest mean likeness to the others that it can be compared with."""
    defined = ~np.isnan(likeness)
    counts = defined.sum(axis=0)
    sums = np.where(defined, likeness, 0.0).sum(axis=0)
    return int(np.where(counts > 0, sums / np.maximum(counts, 1), -np.inf).argmax())


def _answers(
    references: Scanpaths, rows: list[int], predicted: list[object], draws: list[int]
) -> Scanpaths:
    """The paths of some rows, as predictions of other people; `person` is who made each."""
    table = references[np.array(rows, np.intp)]
    columns = table.columns.replaced("person", table.subject.tolist())
    columns = columns.replaced("subject", predicted).replaced("draw", draws)
    return table.with_parts(
        table.fixations, table.offsets, columns=columns, integers=table.integers
    )
