"""`Scores`: records x metrics, the one table that means, intervals and reports are taken from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError, UnknownName
from gazesearch.evaluation.grouping import groups_of
from gazesearch.evaluation.intervals import RESAMPLES, Interval, intervals
from gazesearch.evaluation.means import (
    Mask,
    best_of,
    mean_over_pairs,
    means,
    pair_numbers,
    record_numbers,
    trial_weights,
    weighted_mean,
)
from gazesearch.files import RunRecord
from gazesearch.metrics import Metric
from gazesearch.metrics.search_efficiency import curve_from_first
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import DatasetInfo, FirstFixation

if TYPE_CHECKING:
    import pyarrow

By = Literal["finding", "length", "split-overlap", "source", "subject"]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Records scored, records without a prediction, predictions of nothing scored, and repeats.

    `duplicated` counts predictions that repeat the image, finding and subject of an earlier one and
    were numbered as draws.
    """

    scored: int
    missing: int
    surplus: int
    duplicated: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A metric over a group of records.

    Attributes:
        mean: over draws, then people, then (image, finding); search efficiency: over trials. NaN
            where nothing is defined.
        std: standard deviation over scores (n - 1); NaN under two.
        best: mean with the best draw of each record; None where each has one prediction.
        n: scores with a value: rows of the table; of fixation maps pairs of image and finding.
        undefined: scores without one.
    """

    mean: float
    std: float
    best: float | None
    n: int
    undefined: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """One row per recorded scanpath and prediction scored against it.

    Attributes:
        keys: columns that say what a row is: `record` (number of the recorded scanpath among the
            scored ones), `prediction` (number among those used, -1 if missing), `image`, `finding`,
            `subject`, `draw`, `split`, `length` (fixations as recorded), `source` (REFLACX or EGD,
            of GazeSearch; else None), `image_in_train` (None where there is no train apart),
            `predicted`.
        values: one float64 column a metric, NaN where undefined; of search efficiency
            `first_on_target` and `reference_first_on_target` (inf: never) and `scanpath_ratio`.
        metrics: the metrics that were computed, in order of the table.
        counts: how many records were scored, missing, surplus, duplicated.
        refused: metrics that could not be computed, and why.
        notes: what a reader of the numbers must know.
        protocol: which records were scored, learned from and by which rules; results of different
            digests never stand in one table.
        split, first_fixation, dataset: what was scored and by which rule.
        run: versions, settings and digests of the inputs.
    """

    keys: Mapping[str, NDArray[Any]]
    values: Mapping[str, NDArray[np.float64]]
    metrics: tuple[Metric, ...]
    counts: Counts
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
    def several_draws(self) -> bool:
        """Whether a record was scored with several predictions."""
        return len(np.unique(self.keys["record"])) < len(self)

    def groups(self, by: By | None = None) -> dict[str, Mask]:
        """Masks of rows by label, all records first.

        Args:
            by: None splits by whether train has the image too, where the references can tell and
                any has, and else not at all.
        """
        return groups_of(self.keys, by)

    def summary(self, metric: str, where: Mask | None = None) -> Summary:
        """Mean, spread, number of defined and undefined records of one metric.

        Raises:
            UnknownName: the metric was not computed.
        """
        declared = {m.name: m for m in self.metrics}
        if metric not in declared:
            raise UnknownName("computed metric", metric, declared)
        rows = np.ones(len(self), np.bool_) if where is None else where
        if metric in ("tfp_area", "tfp_mismatch"):
            return self._curve_summary(metric, rows)
        kind = declared[metric].kind
        values = self.values[metric][rows]
        records, pairs = record_numbers(self.keys, rows), pair_numbers(self.keys, rows)
        if kind == "map":  # repeated on the rows of its image and finding: one value each
            values = means(values, pairs)
            records = pairs = np.arange(len(values))
        defined = ~np.isnan(values)
        mean = mean_over_pairs(means(values, records), records, pairs)
        if kind == "search":  # over trials, whatever their image
            mean = weighted_mean(values, self._trial_weights(rows, ~np.isnan(values)))
        best = None
        if self.several_draws and kind == "pair":
            found = best_of(values, records, higher=declared[metric].higher_is_better)
            best = mean_over_pairs(found, records, pairs)
        with np.errstate(invalid="ignore"):  # an infinite value leaves no spread
            std = float(np.std(values[defined], ddof=1)) if defined.sum() > 1 else float("nan")
        return Summary(
            mean=mean,
            std=std,
            best=best,
            n=int(defined.sum()),
            undefined=int((~defined).sum()),
        )

    def intervals(
        self,
        where: Mask | None = None,
        *,
        resamples: int = RESAMPLES,
        rng: int | np.random.Generator = 0,
        patients: Mapping[str, str] | None = None,
    ) -> dict[str, Interval]:
        """95% interval of the mean of each metric, by percentile bootstrap over images.

        All records of an image stay together, in every resample; all metrics see the same ones.

        Args:
            where: rows of a group; None takes all.
            resamples: number of resamples, 100 to 1,000,000.
            rng: seed or generator.
            patients: patient of each image; given, patients are resampled instead of images.

        Raises:
            DataError: an image has no patient.
            BadSetting: `resamples` or `rng` is outside its range.
        """
        return intervals(self, where, resamples=resamples, rng=rng, patients=patients)

    def curve(self, where: Mask | None = None, *, reference: bool = False) -> NDArray[np.float64]:
        """TFP curve of the predictions, or of the people, over a group of records, (K,)."""
        last = [m.settings["max_fixations"] for m in self.metrics if m.kind == "search"]
        if not last:
            raise DataError("no metric of search efficiency was computed: there is no curve")
        rows = np.ones(len(self), np.bool_) if where is None else where
        name = "reference_first_on_target" if reference else "first_on_target"
        first = self.values[name][rows]
        return curve_from_first(
            first,
            self.keys["finding"][rows],
            max_fixations=int(str(last[0])),
            weights=self._trial_weights(rows, ~np.isnan(first), reference=reference),
        )

    def _curve_summary(self, metric: str, rows: Mask) -> Summary:
        curve = self.curve(rows)
        if metric == "tfp_mismatch":
            curve = np.abs(curve - self.curve(rows, reference=True))
        undefined = int(np.isnan(self.values["first_on_target"][rows]).sum())
        return Summary(
            mean=float(curve.sum()),
            std=float("nan"),
            best=None,
            n=int(rows.sum()) - undefined,
            undefined=undefined,
        )

    def _trial_weights(
        self, rows: Mask, counted: Mask, *, reference: bool = False
    ) -> NDArray[np.float64]:
        return trial_weights(
            record_numbers(self.keys, rows),
            pair_numbers(self.keys, rows),
            self.keys["prediction"][rows],
            counted,
            reference=reference,
        )

    def to_arrow(self) -> pyarrow.Table:
        """The rows as Arrow: keys, then metrics."""
        import pyarrow as pa

        keys = {name: column.tolist() for name, column in self.keys.items()}
        if len({type(who) for who in keys["subject"] if who is not None}) > 1:
            keys["subject"] = [None if who is None else str(who) for who in keys["subject"]]
        return pa.table({**keys, **self.values})

    def to_table(self, *, by: By | None = None) -> str:
        """The summary as text, for a terminal."""
        from gazesearch.evaluation.tables import to_text

        return to_text(self, by)

    def to_markdown(self, *, by: By | None = None) -> str:
        """The summary as a Markdown table."""
        from gazesearch.evaluation.tables import to_markdown

        return to_markdown(self, by)

    def to_csv(self, *, by: By | None = None) -> str:
        """The summary as CSV, one row per group and metric, full precision."""
        from gazesearch.evaluation.tables import to_csv

        return to_csv(self, by)

    def to_json(self, *, by: By | None = None) -> str:
        """Counts, summaries, refusals, notes and the run record as JSON."""
        from gazesearch.evaluation.tables import to_json

        return to_json(self, by)

    def save(self, folder: str | os.PathLike[str], *, by: By | None = None) -> None:
        """Write `results.json`, `scores.parquet` (the rows), `summary.csv` and `summary.md`."""
        from gazesearch.evaluation.saving import save

        save(self, folder, by)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Scores:
        """Read a folder that `save` wrote (`gazesearch evaluate --output`).

        Raises:
            UnreadableFile: `results.json` or `scores.parquet` is absent or cannot be read.
            DataError: they are not what `save` writes, or do not belong together.
        """
        from gazesearch.evaluation.saving import load

        saved = load(folder)
        return cls(
            keys=saved.keys,
            values=saved.values,
            metrics=saved.metrics,
            counts=Counts(**saved.counts),
            **vars(saved.head),
        )

    def comparable_key(self) -> tuple[str, str, str, str]:
        """What two tables must share to be compared: dataset, split, first-fixation rule, digest.

        The digest is the protocol's: of rules, records and their fixations.
        """
        return (self.dataset.name, self.split, self.first_fixation, self.protocol.digest)

    def __repr__(self) -> str:
        return (
            f"<Scores: {self.counts.scored:,} records x {len(self.metrics)} metrics, "
            f"{self.dataset.name}, split {self.split}, first fixation {self.first_fixation}>"
        )
