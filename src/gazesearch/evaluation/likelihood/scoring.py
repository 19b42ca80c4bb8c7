"""`score_fixations`: every recorded fixation by what a model said of it beforehand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final, Literal

from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.likelihood.columns import Columns
from gazesearch.evaluation.likelihood.mixing import fitted_share
from gazesearch.evaluation.likelihood.table import FixationScores
from gazesearch.evaluation.scoring import Progress
from gazesearch.evaluation.truth import Source, Truth, truth_of
from gazesearch.files import RunRecord
from gazesearch.models.controls.priors import FindingPrior, PublishedPrior
from gazesearch.models.histories import Steps, steps
from gazesearch.prediction import ConditionalModel, ImageSource, NextFixation
from gazesearch.protocols import Protocol
from gazesearch.scanpaths import FirstFixation, Scanpaths

BATCH: Final = 128
_CELLS: Final = 2**22  # of all maps of a batch, unless told otherwise: 32 MiB


def score_fixations(
    model: ConditionalModel,
    references: Source | Truth,
    *,
    protocol: Protocol | str | os.PathLike[str] | None = None,
    split: str | None = None,
    first_fixation: FirstFixation | None = None,
    images: ImageSource | None = None,
    mix_uniform: float | Literal["valid"] = 0.0,
    batch: int | None = None,
    origin: str | None = None,
    progress: Progress | None = None,
) -> FixationScores:
    """Score every recorded fixation by what a model says of it, given the fixations before it.

    Likelihood, information gain over priors fitted on train, conditional NSS and AUC, durations;
    and, where the model tells when searches end, every decision to go on or stop. No map is kept:
    memory grows with `batch`, and by some numbers a fixation.

    Args:
        model: fitted, if at all, on paths under the same first-fixation rule.
        references: recorded scanpaths: a table, a file, or a `Truth`, which is chosen already.
        protocol, split, first_fixation: which records are scored, and how they are used; as in
            `evaluate`.
        images: for models that look at images.
        mix_uniform: share of uniform mass that is mixed into the model's maps, 0 to 1; "valid"
            takes the share under which valid's fixations are likeliest.
        batch: most maps that are asked for at once; None takes 128, fewer where maps are large. No
            value depends on it.
        origin: what the run record says of the model: file and digest, or how it was fitted.
        progress: called with what is being done and the fraction done.

    Raises:
        DataError: a map does not sum to 1 (|log of the sum| over 1e-3), or what a model tells
            beside it is no probability; there is no valid to fit a share on.
        BadSetting: `mix_uniform` or `batch` is outside its range; options beside a `Truth`.
    """
    say = progress or (lambda _text, _done: None)
    if batch is not None and batch < 1:
        raise BadSetting(f"batch={batch}: must be 1 or more")
    if mix_uniform != "valid" and not 0 <= mix_uniform <= 1:
        raise BadSetting(f"mix_uniform={mix_uniform}: must be from 0 to 1, or 'valid'")
    truth = _chosen(references, protocol=protocol, split=split, first_fixation=first_fixation)
    share = (
        fitted_share(model, truth, images=images, batch=batch or BATCH)
        if mix_uniform == "valid"
        else float(mix_uniform)
    )
    say("fitting priors", 0.0)
    priors, refused = _priors(truth)
    scored = truth.scored
    columns = Columns(truth)
    for step, told in _asked(model, scored, truth, images=images, batch=batch):
        columns.take(step, told, model.name, priors=priors, share=share)
        say(f"{model.name}: fixations", int(step.record[-1]) / len(scored))
    return columns.table(
        model.name,
        share=share,
        refused=refused,
        run=RunRecord(
            settings={
                **truth.settings,
                "images": images is not None,
                "mix_uniform": mix_uniform,
            },
            inputs={
                "model": origin or f"{model.name}: a model in memory",
                "references": truth.digest,
            },
        ),
    )


def _chosen(references: Source | Truth, **options: Any) -> Truth:
    if not isinstance(references, Truth):
        return truth_of(references, **options)
    if any(options.values()):
        raise BadSetting("a Truth is chosen already: give these options to truth_of")
    return references


def _priors(truth: Truth) -> tuple[dict[str, ConditionalModel], dict[str, str]]:
    """The priors of information gain by the measure they are for, and why there are none."""
    kinds = {"information_gain": FindingPrior, "information_gain_published": PublishedPrior}
    train, valid = truth.trained_on, truth.chosen_on
    if train is None:
        return {}, dict.fromkeys(
            kinds, "no train records apart from those scored to fit a prior on"
        )
    fitted: dict[str, ConditionalModel] = {}
    refused = {}
    for name, kind in kinds.items():
        try:
            fitted[name] = kind().fit(train, valid=valid)
        except DataError as error:
            refused[name] = str(error)
    return fitted, refused


def _asked(
    model: ConditionalModel,
    scored: Scanpaths,
    truth: Truth,
    *,
    images: ImageSource | None,
    batch: int | None,
) -> Iterator[tuple[Steps, NextFixation]]:
    """What the model says at every step, and after the last one if it can say when to stop."""
    first = truth.first_fixation == "as-recorded"
    one = next(steps(scored, batch=1, first=first), None)
    if one is None:
        return
    told = model.next_fixation(one.requests, one.histories, images=images)
    if batch is None:
        batch = max(1, min(BATCH, _CELLS // max(1, told.log_mass[0].size)))
    for step in steps(scored, batch=batch, first=first, end=told.log_stop is not None):
        yield step, model.next_fixation(step.requests, step.histories, images=images)
