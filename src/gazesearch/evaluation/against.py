"""What a model is compared with by name: controls that see no image, and people.

A control is fitted on the train records of the protocol, chooses on its valid records, and answers
once for what is scored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from gazesearch import metrics
from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.evaluation.comparison import Comparison, compare
from gazesearch.evaluation.people import other_people, typical_person
from gazesearch.evaluation.scores import By, Scores
from gazesearch.evaluation.scoring import Progress, evaluate, score
from gazesearch.evaluation.truth import Truth
from gazesearch.files import MAX_SIZE, means_file
from gazesearch.formats import Reading
from gazesearch.metrics import Metric
from gazesearch.models import controls
from gazesearch.prediction import Requests, Rng
from gazesearch.scanpaths import DurationUnit, Scanpaths
from gazesearch.scanpaths.columns import constant

DRAWS: Final = 64
"""Paths of a control that draws at random: its score is their mean, close to the expected one."""

PEOPLE: Final[Mapping[str, Callable[[Scanpaths], Scanpaths]]] = {
    "people": other_people,
    "typical-person": typical_person,
}


def names() -> tuple[str, ...]:
    """Names of the controls, then of people as predictors."""
    return (*controls.names(), *PEOPLE)


def score_named(
    name: str, truth: Truth, *, asked: Sequence[Metric], rng: Rng, say: Progress
) -> Scores:
    """Scores of a control, or of people as predictors, on what is scored.

    Args:
        name: one of `names()`.
        truth: the recorded scanpaths; of a control also those that it is fitted and chosen on.
        asked: the metrics.
        rng: of controls that draw.
        say: called with what is being done and the fraction done.

    Raises:
        UnknownName: nothing is called so.
        DataError: there is no train to fit a control on, no several people, or no metric that
            people can be scored by.
    """
    say(name, 0.0)
    if name in PEOPLE:
        return _score_people(name, truth, asked=asked, say=say)
    if name in controls.names():
        answers, how = answers_of_control(name, truth, rng=rng)
    else:
        raise UnknownName("control", name, names())
    return score(
        Reading(scanpaths=answers),
        truth,
        metrics=asked,
        missing="refuse",
        digest=f"{name}: {how}",
        say=say,
    )


def _score_people(name: str, truth: Truth, *, asked: Sequence[Metric], say: Progress) -> Scores:
    """Scores of people as predictors; who looked alone has nobody to be predicted by: undefined."""
    # What pools people before it compares would set everybody against a crowd with himself in it.
    pooled = [metric for metric in asked if metric.kind == "map" or metric.name == "tfp_mismatch"]
    why = "pools all people of an image, each with himself: not scored for people"
    if len(pooled) == len(asked):
        raise DataError(f"{name}: {pooled[0].name} {why}: ask for a metric of paths")
    scores = score(
        Reading(scanpaths=PEOPLE[name](truth.scored)),
        truth,
        metrics=[metric for metric in asked if metric not in pooled],
        missing="undefined",
        digest=f"{name}: the people who are scored, leave one out",
        say=say,
    )
    return replace(
        scores,
        refused={**scores.refused, **{metric.name: why for metric in pooled}},
        notes=(*scores.notes, *(f"{metric.name} {why}" for metric in pooled)),
    )


def compare_with(
    scores: Scores,
    against: Sequence[str | os.PathLike[str]],
    truth: Truth,
    *,
    name: str,
    by: By | None = None,
    duration_unit: DurationUnit | None = None,
    lenient: bool = False,
    max_size: int = MAX_SIZE,
    rng: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Compare scores with those of controls, people and other prediction files.

    Args:
        scores: of the predictions, scored against `truth`.
        against: names (see `names`) or prediction files, each once and scored by the same metrics;
            what a file misses is counted if it was for `scores`.
        truth: the recorded scanpaths.
        name: of the predictions.
        by: groups, as in `Scores.groups`.
        duration_unit, lenient, max_size: for files, as in `evaluate`.
        rng: seed of the resamples, and of controls that draw.
        progress: called with what is being done and the fraction done.

    Raises:
        UnknownName: one of `against` is neither a name nor a file.
        BadSetting: one is named twice.
        As `evaluate` and `compare`.
    """
    say = progress or (lambda _text, _done: None)
    titles = _titles(name, list(map(str, against)))
    asked = [metrics.get(m, **s) for m, s in scores.run.settings["metrics"].items()]
    others = []
    for other in map(str, against):
        if other in names():
            others.append(score_named(other, truth, asked=asked, rng=rng, say=say))
        else:
            others.append(
                evaluate(
                    other,
                    truth,
                    metrics=asked,
                    allow_missing=bool(scores.run.settings["allow_missing"]),
                    duration_unit=duration_unit,
                    lenient=lenient,
                    max_size=max_size,
                    progress=progress,
                )
            )
    return compare(scores, *others, names=titles, by=by, rng=rng, progress=progress)


def _titles(name: str, against: Sequence[str]) -> list[str]:
    """What the predictions and each other one are called; refused before any is scored."""
    for other in against:
        if other not in names() and not means_file(other):
            raise UnknownName("control", other, names())
        if against.count(other) > 1:
            raise BadSetting(f"against: {other} is named twice: name it once")
    first = f"{name} (predictions)" if name in against else name
    titles = [first, *(other if other in names() else Path(other).stem for other in against)]
    return titles if len(set(titles)) == len(titles) else [first, *against]


def answers_of_control(name: str, truth: Truth, *, rng: Rng) -> tuple[Scanpaths, str]:
    """Its paths for each (image, finding) that is scored, and what it learned from."""
    train, valid = truth.trained_on, truth.chosen_on
    if train is None:
        raise DataError(f"{name}: there are no train records apart from those scored to fit it on")
    fitted = controls.get(name).fit(train, valid=valid, rng=rng)
    scored = truth.scored
    rows = [group[0] for group in scored.columns.members(("name", "task")).values()]
    requests = Requests.of(scored[rows])
    requests = replace(requests, subject=constant(None, len(requests)))  # of nobody in particular
    if isinstance(fitted, controls.OnePath):
        answers = fitted.predict(requests, rng=rng)
    else:
        answers = fitted.sample(requests, DRAWS, rng=rng)
    chosen = "" if valid is None else f", {len(valid):,} of valid to choose on"
    return answers, f"fitted on {len(train):,} records of train{chosen}"
