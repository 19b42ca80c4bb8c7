"""`compare`: predictors scored on the same records, with intervals and paired tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gazesearch.evaluation.clusters import Layout
from gazesearch.evaluation.comparable import (
    check_comparable,
    common_metrics,
    names_of,
    notes_of,
)
from gazesearch.evaluation.intervals import LEVEL, RESAMPLES, Rng, checked, seed_of
from gazesearch.evaluation.paired import Draws, Estimate, PairedTest, Part, compare_on_group
from gazesearch.evaluation.scores import By, Scores
from gazesearch.files import RunRecord
from gazesearch.metrics import Metric
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import FirstFixation


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Predictors side by side, and the first against each other one.

    Attributes:
        names: of the predictors, the first one first.
        metrics: the metrics that all of them have.
        groups: labels, all records first.
        estimates: one a group, predictor and metric.
        tests: one a group, other predictor and metric.
        clusters: what was resampled, "images" or "patients".
        notes: what a reader must know.
        dataset, split, first_fixation: what was scored and by which rule.
        protocol: which records were scored, learned from and by which rules.
        run: resamples, seed, versions, digests of all inputs.
    """

    names: tuple[str, ...]
    metrics: tuple[Metric, ...]
    groups: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    tests: tuple[PairedTest, ...]
    clusters: Literal["images", "patients"]
    notes: tuple[str, ...]
    dataset: str
    split: str
    first_fixation: FirstFixation
    protocol: Stamp
    run: RunRecord

    def to_table(self, *, tests: bool = True) -> str:
        """Means, and the tests if asked for, as text for a terminal."""
        from gazesearch.evaluation.comparison_tables import to_text

        return to_text(self, tests=tests)

    def to_markdown(self) -> str:
        """Means and tests as Markdown tables."""
        from gazesearch.evaluation.comparison_tables import to_markdown

        return to_markdown(self)

    def to_json(self) -> str:
        """Everything as JSON, numbers in full; undefined numbers are null."""
        from gazesearch.evaluation.comparison_tables import to_json

        return to_json(self)

    def __repr__(self) -> str:
        first, *others = self.names
        return f"<Comparison: {first} against {', '.join(others)}, {len(self.metrics)} metrics>"


def compare(
    first: Scores,
    *others: Scores,
    names: Sequence[str] | None = None,
    by: By | None = None,
    patients: Mapping[str, str] | None = None,
    resamples: int = RESAMPLES,
    rng: Rng = 0,
    progress: Callable[[str, float], None] | None = None,
) -> Comparison:
    """Compare predictors that were scored on the same records.

    Means come with 95% intervals by percentile bootstrap over images: all records of an image are
    drawn together. The first is tested against each other one by exchange of the two within images,
    on the records that have a value for both; p-values are corrected over metrics (Holm).

    Args:
        first, others: scores of the predictors, from `evaluate` or `Scores.load`.
        names: of the predictors; None takes the names of their prediction files.
        by: groups, as in `Scores.groups`.
        patients: patient of each image; given, patients take the place of images.
        resamples: number of resamples, 100 to 1,000,000; a p-value is at least 1 / (1 + resamples).
        rng: seed or generator.
        progress: called with what is being done and the fraction done.

    Raises:
        DataError: dataset, split, rule, protocol, records or settings of a metric differ, or
            no metric is common to all, or an image has no patient.
        BadSetting: `names`, `resamples` or `rng` is outside its range.
    """
    predictors = dict(zip(names_of((first, *others), names), (first, *others), strict=True))
    check_comparable(predictors)
    metrics = common_metrics(predictors)
    draws = Draws(resamples=checked(resamples), seed=seed_of(rng))
    masks = {name: scores.groups(by) for name, scores in predictors.items()}
    labels = tuple(first.groups(by))
    means: list[Estimate] = []
    differences: list[PairedTest] = []
    for number, label in enumerate(labels):
        if progress is not None:
            progress(label, number / len(labels))
        parts = [
            Part(
                name=name,
                scores=scores,
                group=label,
                layout=Layout.of(scores, masks[name][label], patients),
            )
            for name, scores in predictors.items()
        ]
        found = compare_on_group(parts, metrics, draws)
        means += found[0]
        differences += found[1]
    return Comparison(
        names=tuple(predictors),
        metrics=metrics,
        groups=labels,
        estimates=tuple(means),
        tests=tuple(differences),
        clusters="images" if patients is None else "patients",
        notes=tuple(notes_of(predictors, metrics)),
        dataset=first.dataset.name,
        split=first.split,
        first_fixation=first.first_fixation,
        protocol=max((s.protocol for s in predictors.values()), key=lambda p: p.name is not None),
        run=_run(predictors, by, draws),
    )


def _run(predictors: Mapping[str, Scores], by: By | None, draws: Draws) -> RunRecord:
    first = next(iter(predictors.values()))
    inputs = {
        f"predictions of {name}": scores.run.inputs["predictions"]
        for name, scores in predictors.items()
    }
    return RunRecord(
        settings={"by": by, "resamples": draws.resamples, "level": LEVEL},
        inputs={"references": first.run.inputs["references"], **inputs},
        seed=draws.seed,
    )
