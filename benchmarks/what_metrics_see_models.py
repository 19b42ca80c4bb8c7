"""Models of known quality on a phantom: the true density, spoilt by more and more of another."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from gazesearch.datasets.phantom import Observer
from gazesearch.models import controls
from gazesearch.models.conditional import Conditional
from gazesearch.prediction import NextFixation

QUALITIES = (
    "truth",
    *(f"truth, {share} uniform" for share in (0.25, 0.5, 0.75, 1.0)),
    *(f"truth, {share} history-density" for share in (0.5, 1.0)),
    "truth, 1.0 finding-density",
    "truth, temperature 0.5",
    "truth, temperature 0.25",
    "truth, temperature 2",
)
"""Where these look next differs; when they stop and how long they look is the truth's."""

PREDICTORS = (
    "uniform", "centre-gaussian", "random-train-path", "mean-path", "medoid", "fixed-path",
    "finding-density",
)  # fmt: skip
"""Controls, which know nothing of the truth."""


@dataclass(frozen=True)
class Spoilt(Conditional):
    """The truth, with a share of another density, or at another temperature."""

    name: str
    truth: Observer
    other: object = None
    share: float = 0.0
    temperature: float = 1.0
    needs_images = True
    predicts_durations = True

    def next_fixation(self, requests, histories, *, images=None):
        told = self.truth.next_fixation(requests, histories, images=images)
        log_mass = told.log_mass / self.temperature
        log_mass -= logsumexp(log_mass, axis=(1, 2), keepdims=True)
        if self.share > 0:
            theirs = self.other.next_fixation(requests, histories, images=images).log_mass
            with np.errstate(divide="ignore"):
                weights = np.log([1 - self.share, self.share])
            log_mass = np.logaddexp(log_mass + weights[0], theirs + weights[1])
        return NextFixation(log_mass=log_mass, log_stop=told.log_stop, duration=told.duration)


def known_models(truth, names):
    """The models of some names, fitted where they are on what the truth may learn from."""
    observer = Observer()
    fitted = {}

    def control(name):
        if name not in fitted:
            model = controls.get(name)
            if name == "fixed-path":
                model = controls.FixedPath(ascent=controls.Ascent(length=5))
            fitted[name] = model.fit(truth.trained_on, valid=truth.chosen_on, rng=0)
        return fitted[name]

    models = {}
    for name in names:
        _, _, how = name.partition("truth, ")
        if name == "truth":
            models[name] = observer
        elif how.startswith("temperature"):
            models[name] = Spoilt(name, observer, temperature=float(how.split()[1]))
        elif how:
            share, other = how.split()
            models[name] = Spoilt(name, observer, control(other), share=float(share))
        else:
            models[name] = control(name)
    return models
