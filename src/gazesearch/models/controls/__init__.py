"""Controls: models that never see an image. What a model that looks must beat."""

from gazesearch.models.controls.densities import CentreGaussian, Uniform
from gazesearch.models.controls.train_paths import MeanPath, RandomTrainPath

__all__ = ["CentreGaussian", "MeanPath", "RandomTrainPath", "Uniform"]
