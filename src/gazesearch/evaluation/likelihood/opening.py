"""Models by name or path: the one place where a text becomes a model that can be scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.evaluation.truth import Truth, source_digest
from gazesearch.files import means_file
from gazesearch.models import controls
from gazesearch.models.catalogue import create_model, kind_of, weights_file
from gazesearch.models.controls.priors import FindingPrior, PublishedPrior
from gazesearch.models.maps import open_maps
from gazesearch.prediction import ConditionalModel, FittedModel, Rng

WEIGHTS_ENDINGS: Final = (".pt", ".pth", ".safetensors")
_PRIORS: Final = {str(kind.name): kind for kind in (FindingPrior, PublishedPrior)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """A model, and what the run record says of it."""

    model: ConditionalModel
    origin: str


def names() -> tuple[str, ...]:
    """Names of the controls that are densities, and of the priors of information gain."""
    densities = (n for n in controls.names() if hasattr(type(controls.get(n)), "next_fixation"))
    return (*densities, *_PRIORS)


def open_model(name: str, truth: Truth, *, rng: Rng = 0) -> Opened:
    """A model by the name of a control, which is fitted on train, or by the path of its file.

    Args:
        name: one of `names()`, a file of maps, or weights: a published checkpoint of
            ChestSearch, or a folder of it or of NextGaze.
        truth: what is scored; of a control also what it is fitted and chosen on.
        rng: of controls that draw when they are fitted.

    Raises:
        UnknownName: it is neither a name nor a file.
        BadSetting: it is a control that gives paths and no densities.
        DataError: there is no train to fit a control on, or the file holds neither maps nor
            weights.
    """
    if name in names():
        return _fitted(name, truth, rng=rng)
    if name in controls.names():
        raise BadSetting(f"{name}: gives paths and no densities: take one of {', '.join(names())}")
    if not means_file(name):
        raise UnknownName("model", name, names())
    if Path(name).is_dir() or Path(name).suffix in WEIGHTS_ENDINGS:
        model = create_model(kind_of(name), weights=name)
        assert isinstance(model, ConditionalModel)
        return Opened(model=model, origin=source_digest(weights_file(name)))
    return Opened(model=open_maps(name), origin=source_digest(name))


def _fitted(name: str, truth: Truth, *, rng: Rng) -> Opened:
    train, valid = truth.trained_on, truth.chosen_on
    if train is None:
        raise DataError(f"{name}: there are no train records apart from those scored to fit it on")
    model = _PRIORS[name]() if name in _PRIORS else controls.get(name)
    assert isinstance(model, FittedModel)
    fitted = model.fit(train, valid=valid, rng=rng)
    assert isinstance(fitted, ConditionalModel)
    chosen = "" if valid is None else f", {len(valid):,} of valid to choose on"
    return Opened(model=fitted, origin=f"{name}: fitted on {len(train):,} records of train{chosen}")
