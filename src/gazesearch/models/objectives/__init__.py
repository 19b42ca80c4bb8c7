"""What training minimises, by name: the likelihood of what people did, or the published losses."""

from __future__ import annotations

from typing import Final

from gazesearch.errors import UnknownName
from gazesearch.models.objectives.likelihood import LikelihoodObjective
from gazesearch.models.objectives.losses import Counts, Losses, Objective, Weights
from gazesearch.models.objectives.published import PublishedObjective, stop_weight_of
from gazesearch.models.objectives.searches import ENDED, NOT_ASKED, Searches

__all__ = [
    "ENDED",
    "NOT_ASKED",
    "Counts",
    "LikelihoodObjective",
    "Losses",
    "Objective",
    "PublishedObjective",
    "Searches",
    "Weights",
    "get",
    "names",
    "stop_weight_of",
]

_ALL: Final = {kind.name: kind for kind in (LikelihoodObjective, PublishedObjective)}


def names() -> tuple[str, ...]:
    """Names of the objectives; the first is the default for new models."""
    return tuple(_ALL)


def get(name: str) -> LikelihoodObjective | PublishedObjective:
    """An objective with its default settings, by name.

    Raises:
        UnknownName: none is called so.
    """
    if name not in _ALL:
        raise UnknownName("objective", name, _ALL)
    return _ALL[name]()
