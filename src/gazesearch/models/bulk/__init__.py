"""Prediction for any number of images: bounded memory, broken off and gone on with."""

from gazesearch.models.bulk.job import Done, predict_files

__all__ = ["Done", "predict_files"]
