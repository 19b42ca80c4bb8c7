"""`FixationScores`: fixations x measures, the table that all means are taken from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, UnknownName
from gazesearch.evaluation.grouping import GROUPINGS, groups_of
from gazesearch.evaluation.intervals import RESAMPLES, Interval
from gazesearch.evaluation.likelihood.averages import (
    Average,
    average,
    clusters_of,
    ends,
    mean_of,
)
from gazesearch.evaluation.likelihood.measures import FIXATIONS, STOP, Measure
from gazesearch.evaluation.likelihood.termination import Termination
from gazesearch.evaluation.means import Mask
from gazesearch.files import RunRecord
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import DatasetInfo, FirstFixation

if TYPE_CHECKING:
    import pyarrow

FixationsBy = Literal["finding", "position", "length", "split-overlap", "source", "subject"]
Found = dict[str, dict[str, tuple[Average, Interval]]]
"""Mean and interval by group and measure."""

_GROUPINGS: Final = (*GROUPINGS, "position")


@dataclass(frozen=True, kw_only=True)
class FixationCounts:
    """Paths and fixations that were scored, and maps that were brought to sum 1."""

    records: int
    fixations: int
    renormalised: int


@dataclass(frozen=True, kw_only=True, eq=False)
class FixationScores:
    """One row per recorded fixation, given those before it.

    Attributes:
        keys: columns that say what a row is: `record` (number of the path among the scored ones),
            `position` (of the fixation in its path, from 1; 1 occurs only `as-recorded`), `image`,
            `finding`, `subject`, `split`, `length` (fixations as recorded), `source`,
            `image_in_train`.
        values: one float64 column a measure; NaN where undefined, -inf where the model thought
            impossible what happened.
        termination: the decisions to go on or stop; None where the model does not tell.
        counts: paths, fixations, renormalised maps.
        model: name of the model.
        mix_uniform: share of uniform mass that was mixed into its maps; 0 by default.
        refused: measures that could not be taken, and why.
        notes: what a reader of the numbers must know.
        protocol, split, first_fixation, dataset: what was scored and by which rules.
        run: versions, settings and digests of the inputs.
    """

    keys: Mapping[str, NDArray[Any]]
    values: Mapping[str, NDArray[np.float64]]
    termination: Termination | None
    counts: FixationCounts
    model: str
    mix_uniform: float
    refused: Mapping[str, str]
    notes: tuple[str, ...]
    protocol: Stamp
    split: str
    first_fixation: FirstFixation
    dataset: DatasetInfo
    run: RunRecord

    def __len__(self) -> int:
        return len(self.keys["record"])

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that were taken of fixations, in order."""
        return tuple(one for one in FIXATIONS if one.name in self.values)

    @property
    def durations(self) -> dict[str, Average]:
        """Means of the two scores of durations; none where the model predicts none."""
        names = [one.name for one in self.measures if one.name.startswith("duration_")]
        return {name: self.summary(name) for name in names}

    def summary(
        self, measure: str = "log_likelihood", where: Mask | None = None, *, first: bool = False
    ) -> Average:
        """Mean over fixations 2..n, each weighs the same.

        Args:
            measure: name of a measure.
            where: rows of a group; None takes all.
            first: take the first fixations instead, which have no history.

        Raises:
            UnknownName: the measure was not taken.
            DataError: `first`, and the rule is not `as-recorded`: it was given, not predicted.
        """
        if measure not in self.values:
            raise UnknownName("measure", measure, self.values)
        return average(self.values[measure][self._rows(where, first=first)])

    def intervals(
        self,
        where: Mask | None = None,
        *,
        first: bool = False,
        resamples: int = RESAMPLES,
        rng: int | np.random.Generator = 0,
    ) -> dict[str, Interval]:
        """95% interval of the mean of each measure, by percentile bootstrap over images.

        Args:
            where, first: as in `summary`.
            resamples: number of resamples, 100 to 1,000,000.
            rng: seed or generator.
        """
        rows = self._rows(where, first=first)
        clusters, count = clusters_of(self.keys["image"][rows])
        statistics = {
            one.name: mean_of(self.values[one.name][rows], clusters, count) for one in self.measures
        }
        return ends(statistics, resamples=resamples, rng=rng)

    def groups(self, by: FixationsBy | None = None) -> dict[str, Mask]:
        """Masks of rows by label, all records first.

        Args:
            by: as in `Scores.groups`, and "position": of the fixation in its path.
        """
        return groups_of(self.keys, by, known=_GROUPINGS)

    def by(
        self,
        by: FixationsBy | None = None,
        *,
        resamples: int = RESAMPLES,
        rng: int | np.random.Generator = 0,
    ) -> Found:
        """Mean and interval of each measure over fixations 2..n, by group.

        `stop_log_score` is among them where the model tells when it stops; of the group of a
        position those decisions that stood before that fixation.

        Args:
            by: as in `groups`.
            resamples, rng: as in `intervals`; a seed gives every group the same draws.
        """
        decisions: dict[str, Mask] = {}
        if self.termination is not None:
            decisions = groups_of(self.termination.keys, by, known=_GROUPINGS)
        found: Found = {}
        for label, mask in self.groups(by).items():
            if by == "position" and not self._rows(mask, first=False).any():
                continue  # the first fixations, which are in no mean
            ends_ = self.intervals(mask, resamples=resamples, rng=rng)
            found[label] = {
                one.name: (self.summary(one.name, mask), ends_[one.name]) for one in self.measures
            }
            if self.termination is not None and label in decisions:
                among = decisions[label]
                ends_ = self.termination.intervals(among, resamples=resamples, rng=rng)
                interval = ends_[STOP.name]
                found[label][STOP.name] = (self.termination.summary(among), interval)
        return found

    def _rows(self, where: Mask | None, *, first: bool) -> Mask:
        if first and self.first_fixation != "as-recorded":
            raise DataError(
                f"first fixations under {self.first_fixation} are given, not predicted: "
                "take first_fixation='as-recorded'"
            )
        positions = self.keys["position"]
        rows: Mask = positions == 1 if first else positions > 1
        return rows if where is None else rows & where

    def to_arrow(self) -> pyarrow.Table:
        """The rows as Arrow: keys, then measures."""
        from gazesearch.evaluation.likelihood.saving import arrow_of

        return arrow_of(self.keys, self.values)

    def to_table(self, *, by: FixationsBy | None = None) -> str:
        """The means as text, for a terminal."""
        from gazesearch.evaluation.likelihood.text import to_text

        return to_text(self, by)

    def to_markdown(self, *, by: FixationsBy | None = None) -> str:
        """The means as a Markdown table."""
        from gazesearch.evaluation.likelihood.text import to_markdown

        return to_markdown(self, by)

    def to_csv(self, *, by: FixationsBy | None = None) -> str:
        """The means as CSV, one row per group and measure, full precision."""
        from gazesearch.evaluation.likelihood.text import to_csv

        return to_csv(self, by)

    def to_json(self, *, by: FixationsBy | None = None) -> str:
        """Counts, means, calibration, refusals, notes and the run record as JSON."""
        from gazesearch.evaluation.likelihood.text import to_json

        return to_json(self, by)

    def save(self, folder: str | os.PathLike[str], *, by: FixationsBy | None = None) -> None:
        """Write `likelihood.json`, `.csv`, `.md`, `fixations.parquet` and `decisions.parquet`.

        The last one is written where the model tells when it stops.
        """
        from gazesearch.evaluation.likelihood.saving import save

        save(self, folder, by)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> FixationScores:
        """Read a folder that `save` wrote (`gazesearch evaluate --likelihood --output`).

        Raises:
            UnreadableFile: a file is absent or cannot be read.
            DataError: they are not what `save` writes, or do not belong together.
        """
        from gazesearch.evaluation.likelihood.saving import load

        saved = load(folder)
        counts = FixationCounts(**saved.counts)
        parts = {name: part for name, part in vars(saved).items() if name != "head"}
        return cls(**(parts | {"counts": counts} | vars(saved.head)))

    def __repr__(self) -> str:
        return (
            f"<FixationScores: {self.model}, {len(self):,} fixations of "
            f"{self.counts.records:,} records, {self.dataset.name}, split {self.split}, first "
            f"fixation {self.first_fixation}>"
        )
