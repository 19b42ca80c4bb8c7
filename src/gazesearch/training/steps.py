"""Recorded paths as what a network is trained on: every prefix, and what came next.

A path of n fixations makes n + 1 searches: after 0, 1, .. n of them. The last one is the decision
to end. Searches of an image stand together, so that the image is encoded once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gazesearch.errors import DataError, UnknownName
from gazesearch.models.histories import Integers, cells_under
from gazesearch.models.objectives import ENDED, NOT_ASKED, Searches
from gazesearch.prediction import Floats
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.table import offsets_of

Cells = Callable[[Floats, Floats, tuple[int, int]], Integers]


def some_of(searches: Searches, rows: Tensor | slice) -> Searches:
    """Some of the searches; histories are cut to the longest one left."""
    parts = {field.name: getattr(searches, field.name)[rows] for field in fields(searches)}
    lengths = parts["lengths"]
    longest = int(lengths.max()) if len(lengths) else 0
    return Searches(**parts | {"cells": parts["cells"][:, :longest]})


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """All searches of some paths, image after image.

    Attributes:
        searches: their `image` is a number in `images`.
        images: names, in the order in which the paths name them first.
        offsets: searches of image i are `offsets[i]:offsets[i+1]`, (images + 1,).
        left_out: how many searches are not among them, as their history is too long for the
            network or leads off the screen.
    """

    searches: Searches
    images: tuple[str, ...]
    offsets: np.ndarray[Any, np.dtype[np.int64]]
    left_out: int

    def __len__(self) -> int:
        return len(self.searches)


def steps_of(
    paths: Scanpaths,
    *,
    tasks: Sequence[str],
    map_shape: tuple[int, int],
    max_history: int,
    first: bool,
    cut: bool = False,
    fed_as: Cells = cells_under,
) -> Steps:
    """Every prefix of some paths, and what came next.

    Args:
        paths: recorded paths, as their first-fixation rule leaves them.
        tasks: what can be searched for, in the network's order.
        map_shape: (h, w) of the cells that tile every screen.
        max_history: most fixations that the network is fed.
        first: whether the place of the first fixation is the person's own, so that it can be
            learnt: under `as-recorded` only. Its duration always is.
        cut: whether of longer histories the last fixations are fed; else such searches are left
            out.
        fed_as: the cell that the network is fed for a place, where that differs from the cell that
            is scored: arguments and result as of `cells_under`.

    Raises:
        DataError: there are no paths.
        UnknownName: a finding is none of the tasks.
    """
    if len(paths) == 0:
        raise DataError("there are no recorded paths to learn from: the split or file is empty")
    number_of_task = {task: number for number, task in enumerate(tasks)}
    for finding in paths.group("task"):
        if finding not in number_of_task:
            raise UnknownName("task of the network", finding, tasks)
    image_of = {name: number for number, name in enumerate(dict.fromkeys(paths.image.tolist()))}
    image = np.array([image_of[name] for name in paths.image], np.int64)
    finding = np.array([number_of_task[name] for name in paths.finding], np.int64)

    order = np.argsort(image, kind="stable")  # images together, paths of an image as in the table
    asked = paths.lengths[order] + 1
    record = np.repeat(order, asked)
    known = np.arange(len(record)) - np.repeat(offsets_of(asked)[:-1], asked)
    sizes = np.repeat(paths.screen_sizes, paths.lengths, axis=0)
    under = cells_under(paths.fixations[:, :2], sizes, map_shape)
    off_screen = offsets_of(under < 0)  # so many before each fixation
    start = paths.offsets[:-1][record]
    taken = (known <= max_history) | cut
    taken &= off_screen[start + known] == off_screen[start]
    left_out = int((~taken).sum())
    record, known, start = record[taken], known[taken], start[taken]

    fed = np.zeros(len(under), np.int64)
    fed[under >= 0] = fed_as(paths.fixations[under >= 0, :2], sizes[under >= 0], map_shape)
    lengths = np.minimum(known, max_history)
    place = (start + known - lengths)[:, None] + np.arange(lengths.max(initial=0))
    there = np.arange(lengths.max(initial=0)) < lengths[:, None]
    cells = np.where(there, fed[np.where(there, place, 0)], 0)
    goes_on = known < paths.lengths[record]
    following = np.where(goes_on, start + known, 0)
    target = np.where(goes_on, np.where(under[following] < 0, NOT_ASKED, under[following]), ENDED)
    if not first:
        target = np.where((known == 0) & goes_on, NOT_ASKED, target)
    xy = paths.fixations[following, :2] / paths.screen_sizes[record]
    seconds = np.where(goes_on, paths.durations[following], np.nan)
    log_seconds = np.log(seconds, out=np.full(len(seconds), np.nan), where=seconds > 0)
    per_image = np.bincount(image[record], minlength=len(image_of))
    return Steps(
        searches=Searches(
            image=torch.from_numpy(image[record]),
            finding=torch.from_numpy(finding[record]),
            cells=torch.from_numpy(cells),
            lengths=torch.from_numpy(lengths),
            target=torch.from_numpy(target),
            target_xy=torch.from_numpy(np.where(goes_on[:, None], xy, np.nan)),
            log_seconds=torch.from_numpy(log_seconds.astype(np.float32)),
            record=torch.from_numpy(record),
        ),
        images=tuple(image_of),
        offsets=offsets_of(per_image),
        left_out=left_out,
    )
