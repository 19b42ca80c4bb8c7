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
from gazesearch.errors import DataError, UnknownName
from gazesearch.evaluation.comparison import Comparison, compare
from gazesearch.evaluation.people import other_people, typical_person
from gazesearch.evaluation.scores import By, Scores
from gazesearch.evaluation.scoring import Progress, evaluate, score
from gazesearch.evaluation.truth import Truth
from gazesearch.files import MAX_SIZE
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
        DataError: there is no train to fit a control on, or no several people.
    """
    say(name, 0.0)
    if name in PEOPLE:
        answers, how = PEOPLE[name](truth.scored), "the people who are scored, leave one out"
    elif name in controls.names():
        answers, how = answers_of_control(name, truth, rng=rng)
    else:
        raise UnknownName("control", name, names())
    return score(
        Reading(scanpaths=answers),
        truth,
        metrics=asked,
        allow_missing=False,
        digest=f"{name}: {how}",
        say=say,
    )


def compare_with(
    scores: Scores,
    against: Sequence[str | os.PathLike[str]],
    truth: Truth,
    *,
    name: str,
    by: By | None = None,
    duration_unit: DurationUnit | None = None,
    max_size: int = MAX_SIZE,
    rng: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Compare scores with those of controls, people and other prediction files.

    Args:
        scores: of the predictions, scored against `truth`.
        against: names (see `names`) or prediction files, each scored by the same metrics.
        truth: the recorded scanpaths.
        name: of the predictions.
        by: groups, as in `Scores.groups`.
        duration_unit, max_size: for files, as in `evaluate`.
        rng: seed of the resamples, and of controls that draw.
        progress: called with what is being done and the fraction done.

    Raises:
        UnknownName: one of `against` is neither a name nor a file.
        As `evaluate` and `compare`.
    """
    say = progress or (lambda _text, _done: None)
    asked = [metrics.get(m, **s) for m, s in scores.run.settings["metrics"].items()]
    others = []
    for other in map(str, against):
        if other in names():
            others.append(score_named(other, truth, asked=asked, rng=rng, say=say))
        elif not Path(other).suffix and not Path(other).exists():
            raise UnknownName("control", other, names())
        else:
            others.append(
                evaluate(
                    other,
                    truth,
                    metrics=asked,
                    duration_unit=duration_unit,
                    max_size=max_size,
                    progress=progress,
                )
            )
    titles = [name, *(o if o in names() else Path(o).stem for o in map(str, against))]
    if len(set(titles)) < len(titles):
        titles = [name, *map(str, against)]
    return compare(scores, *others, names=titles, by=by, rng=rng, progress=progress)


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
    if isinstance(fitted, controls.OnePath | controls.MeanPath):
        answers = fitted.predict(requests, rng=rng)
    else:
        answers = fitted.sample(requests, DRAWS, rng=rng)
    chosen = "" if valid is None else f", {len(valid):,} of valid to choose on"
    return answers, f"fitted on {len(train):,} records of train{chosen}"
