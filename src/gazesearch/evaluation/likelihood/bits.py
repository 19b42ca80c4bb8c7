"""Bits over uniform: how much better than chance a model foresees each recorded fixation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.likelihood.checked import Checked
from gazesearch.evaluation.likelihood.measures import log_likelihood
from gazesearch.models.histories import Steps, cells_under, steps
from gazesearch.prediction import ConditionalModel, Floats, ImageSource
from gazesearch.scanpaths import FirstFixation, Scanpaths, with_first_fixation


@dataclass(frozen=True, kw_only=True, eq=False)
class FixationBits:
    """Bits over uniform, a row for each recorded fixation, in the order of the table.

    Attributes:
        record: row number of the path among those scored, (n,).
        position: number of the fixation in its path, from 1, (n,); 1 occurs only `as-recorded`.
        bits: log2 of the mass of the fixation's cell over that of a uniform map, (n,); -inf where
            the model gives it no mass, NaN where the fixation is off the screen.
        first_fixation: the rule under which the paths were used.
        model: name of the model.
        renormalised: maps off by more than 1e-6, which were brought to sum 1.
    """

    record: NDArray[np.int64]
    position: NDArray[np.int64]
    bits: Floats
    first_fixation: FirstFixation
    model: str
    renormalised: int

    def __len__(self) -> int:
        return len(self.bits)

    @property
    def impossible(self) -> int:
        """Fixations that the model gives no mass: one of them makes the mean -inf."""
        return int(np.isneginf(self.bits).sum())

    @property
    def off_screen(self) -> int:
        """Fixations off the screen, which are in no cell and in no mean."""
        return int(np.isnan(self.bits).sum())

    def mean(self, records: NDArray[Any] | None = None) -> float:
        """The headline: mean over fixations 2..n, each weighs the same; NaN where there is none.

        Args:
            records: mask of the records that count, one a path scored; None takes all.
        """
        return self._mean(self.position > 1, records)

    def mean_first(self, records: NDArray[Any] | None = None) -> float:
        """Mean over first fixations, which have no history.

        Raises:
            DataError: the rule is not `as-recorded`: the first fixation was not the person's.
        """
        if self.first_fixation != "as-recorded":
            raise DataError(
                f"first fixations under {self.first_fixation} are given, not predicted: "
                "take first_fixation='as-recorded'"
            )
        return self._mean(self.position == 1, records)

    def _mean(self, rows: NDArray[np.bool_], records: NDArray[Any] | None) -> float:
        if records is not None:
            mask = np.asarray(records)
            if mask.dtype != np.bool_ or len(mask) <= self.record.max(initial=-1):
                raise BadSetting("records: must be a mask with an element for each path scored")
            rows = rows & mask[self.record]
        values = self.bits[rows & ~np.isnan(self.bits)]
        return float(values.mean()) if len(values) else float("nan")


def next_fixation_bits(
    model: ConditionalModel,
    scanpaths: Scanpaths,
    *,
    first_fixation: FirstFixation | None = None,
    images: ImageSource | None = None,
    batch: int = 128,
) -> FixationBits:
    """Bits over uniform of every recorded fixation, given the fixations before it.

    (log mass of the cell + log number of cells) / log 2, of the model's own mass. No map is kept:
    memory grows with `batch` alone.

    Args:
        model: the model; fitted, if at all, on paths under the same first-fixation rule.
        scanpaths: recorded paths, as they were recorded.
        first_fixation: rule by which they are used, as in `evaluate`; None takes the dataset's.
            First fixations are scored under `as-recorded` only, and apart (`mean_first`).
        images: for models that look at images.
        batch: most fixations that the model is asked for at once; no value depends on it.

    Raises:
        BadSetting: `batch` is below 1.
        DataError: a map does not sum to 1 (|log of the sum| over 1e-3), or there are not as many
            as were asked for.
    """
    if batch < 1:
        raise BadSetting(f"batch={batch}: must be 1 or more")
    rule = first_fixation or scanpaths.info.first_fixation
    used = with_first_fixation(scanpaths, rule)
    record, position, bits = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    renormalised = 0
    first = rule == "as-recorded"
    for step, found, brought in bits_of_steps(model, used, first=first, images=images, batch=batch):
        renormalised += brought
        record.append(step.record)
        position.append(step.position)
        bits.append(found)
    return FixationBits(
        record=np.concatenate(record),
        position=np.concatenate(position),
        bits=np.concatenate(bits),
        first_fixation=rule,
        model=model.name,
        renormalised=renormalised,
    )


def bits_of_steps(
    model: ConditionalModel,
    used: Scanpaths,
    *,
    first: bool,
    images: ImageSource | None,
    batch: int,
) -> Iterator[tuple[Steps, Floats, int]]:
    """Bits of the fixations of paths as they are used, batch by batch, and maps renormalised."""
    for step in steps(used, batch=batch, first=first):
        told = model.next_fixation(step.requests, step.histories, images=images)
        maps = Checked.of(told.log_mass, step, model.name)
        h, w = maps.mass.shape[1:]
        cells = cells_under(step.xy, step.requests.screen_sizes, (h, w))
        yield step, log_likelihood(maps.log_mass, cells), maps.renormalised
