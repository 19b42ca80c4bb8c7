"""Paths whose fixations last as long as a model thinks typical."""

from __future__ import annotations

import numpy as np

from gazesearch.errors import BadSetting
from gazesearch.models.histories import steps
from gazesearch.prediction import ConditionalModel, ImageSource
from gazesearch.scanpaths import Scanpaths

_TOGETHER = 256  # fixations that are asked for at once


def with_median_durations(
    model: ConditionalModel, paths: Scanpaths, *, images: ImageSource | None = None
) -> Scanpaths:
    """The same places; each fixation lasts the median of what the model says, given those before.

    A drawn duration is as far off as people are from each other, a median is not: of one path that
    stands for many, the durations should be medians, as its places are typical ones.

    Args:
        model: with durations.
        paths: some of its own, each from the start.
        images: for models that look at images.

    Raises:
        BadSetting: the model has no durations.
    """
    if not model.predicts_durations:
        raise BadSetting(f"{model.name}: has no durations, and so no medians of them")
    fixations = np.array(paths.fixations)
    for step in steps(paths, batch=_TOGETHER, first=True):
        told = model.next_fixation(step.requests, step.histories, images=images)
        assert told.duration is not None
        rows = paths.offsets[step.record] + step.position - 1
        fixations[rows, 2] = np.exp(told.duration.mean)
    return paths.with_parts(
        fixations, paths.offsets, columns=paths.columns, integers=paths.integers
    )
