"""Fixation by fixation: how well a model foresees each recorded fixation, given those before it."""

from gazesearch.evaluation.likelihood.averages import Average
from gazesearch.evaluation.likelihood.bits import FixationBits, next_fixation_bits
from gazesearch.evaluation.likelihood.checked import FOREIGN_TOLERANCE
from gazesearch.evaluation.likelihood.opening import Opened, open_model
from gazesearch.evaluation.likelihood.scoring import score_fixations
from gazesearch.evaluation.likelihood.table import FixationCounts, FixationScores
from gazesearch.evaluation.likelihood.termination import Calibration, Termination

__all__ = [
    "FOREIGN_TOLERANCE",
    "Average",
    "Calibration",
    "FixationBits",
    "FixationCounts",
    "FixationScores",
    "Opened",
    "Termination",
    "next_fixation_bits",
    "open_model",
    "score_fixations",
]
