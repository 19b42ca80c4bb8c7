"""From predicted and recorded scanpaths to `Scores`, the table that all results are taken from."""

from gazesearch.evaluation.scores import Counts, Scores, Summary
from gazesearch.evaluation.scoring import evaluate
from gazesearch.evaluation.tables import side_by_side

__all__ = ["Counts", "Scores", "Summary", "evaluate", "side_by_side"]
