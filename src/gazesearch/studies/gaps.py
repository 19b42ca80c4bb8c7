"""Predictions that leave the metric that ranks without a value, where a prediction can have one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.scoring import evaluate
from gazesearch.evaluation.truth import Truth
from gazesearch.metrics import Metric
from gazesearch.studies.remarks import Remark


def gaps(scores: Scores, truth: Truth, ranked_by: Metric) -> Iterator[Remark]:
    """Say where a prediction has no value though the recorded path has one with itself.

    Such a record is in no mean: who leaves out what is hard would rank higher. A metric that has no
    value at all gives no rank, and that is no fault. Metrics of search are left alone: some of them
    are defined for searches that arrive only.

    Args:
        scores: of the predictions.
        truth: what they were scored against.
        ranked_by: the metric that ranks.
    """
    if ranked_by.kind != "pair" or ranked_by not in scores.metrics:
        return
    absent = np.isnan(scores.values[ranked_by.name]) & scores.keys["predicted"]
    if not absent.any() or np.isnan(scores.values[ranked_by.name]).all():
        return
    # A path that people share is scored with every one of them: any value will do.
    ideal = evaluate(truth.scored, truth, metrics=[ranked_by])
    can = np.zeros(int(truth.rows.sum()), np.bool_)
    can[ideal.keys["record"][~np.isnan(ideal.values[ranked_by.name])]] = True
    faulty = np.flatnonzero(absent & can[scores.keys["record"]])
    if not len(faulty):
        return
    n = len({int(scores.keys["prediction"][row]) for row in faulty})
    image, finding = (scores.keys[name][faulty[0]] for name in ("image", "finding"))
    yield Remark(
        name="gaps",
        grade="blocking",
        said=f"{n:,} {'prediction has' if n == 1 else 'predictions have'} no value of "
        f"{ranked_by.name}, which ranks (the first: {image}, {finding}): such are in no mean; "
        f"{_mend(ranked_by)}",
    )


def _mend(metric: Metric) -> str:
    if "durations" in metric.needs:
        return "give every path durations (T), and three fixations or more"
    return "give every path three fixations or more"
