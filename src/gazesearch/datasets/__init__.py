"""Datasets on disk: one folder with `annotations/`, `images/` and `checkpoints/`."""

from gazesearch.datasets.layout import Dataset, load_dataset

__all__ = ["Dataset", "load_dataset"]
