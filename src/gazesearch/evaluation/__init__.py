"""From predicted and recorded scanpaths to `Scores`, the table that all results are taken from."""

from gazesearch.evaluation.comparison import Comparison, compare
from gazesearch.evaluation.intervals import Interval
from gazesearch.evaluation.paired import Estimate, PairedTest
from gazesearch.evaluation.scores import Counts, Scores, Summary
from gazesearch.evaluation.scoring import evaluate

__all__ = [
    "Comparison",
    "Counts",
    "Estimate",
    "Interval",
    "PairedTest",
    "Scores",
    "Summary",
    "compare",
    "evaluate",
]
