"""From predicted and recorded scanpaths to `Scores`, the table that all results are taken from."""

from gazesearch.evaluation.against import compare_with
from gazesearch.evaluation.comparison import Comparison, compare
from gazesearch.evaluation.distribution import (
    DistributionScores,
    evaluate_distribution,
    people_distribution,
)
from gazesearch.evaluation.intervals import Interval
from gazesearch.evaluation.paired import Estimate, PairedTest
from gazesearch.evaluation.properness import Properness, properness
from gazesearch.evaluation.scores import Counts, Scores, Summary
from gazesearch.evaluation.scoring import evaluate
from gazesearch.evaluation.truth import Truth, truth_of

__all__ = [
    "Comparison",
    "Counts",
    "DistributionScores",
    "Estimate",
    "Interval",
    "PairedTest",
    "Properness",
    "Scores",
    "Summary",
    "Truth",
    "compare",
    "compare_with",
    "evaluate",
    "evaluate_distribution",
    "people_distribution",
    "properness",
    "truth_of",
]
