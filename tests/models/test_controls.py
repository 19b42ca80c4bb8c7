"""First controls: what they know, and that they are densities."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch.errors import BadSetting, DataError
from gazesearch.models.controls import CentreGaussian, MeanPath, RandomTrainPath, Uniform
from gazesearch.prediction import Requests
from gazesearch.scanpaths import Scanpaths

SIZE = (224.0, 224.0)
RNG = np.random.default_rng(0)


@pytest.fixture
def train() -> Scanpaths:
    """40 paths of two findings: edema looks left, fracture right."""
    paths, findings = [], []
    for row in range(40):
        length = 3 + row % 4
        side = 60 if row % 2 else 160
        xy = RNG.normal((side, 112), 10, (length, 2))
        paths.append(np.column_stack([xy, RNG.lognormal(-1.2, 0.3, length)]))
        findings.append("edema" if row % 2 else "fracture")
    return Scanpaths.of(
        paths, image=[f"{i}.png" for i in range(40)], finding=findings, screen_size=SIZE
    )


ASKED = Requests.make(["x.png", "y.png"], ["edema", "fracture"], screen_size=SIZE)
MODELS = [Uniform, CentreGaussian, RandomTrainPath, MeanPath]


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_must_be_fitted_first(kind: type) -> None:
    with pytest.raises(DataError, match="fit the model"):
        kind().predict(ASKED, rng=0)


@pytest.mark.parametrize("kind", MODELS)
def test_the_same_seed_gives_the_same_paths_with_durations(kind: type, train: Scanpaths) -> None:
    model = kind().fit(train)
    assert model.predict(ASKED, rng=3) == model.predict(ASKED, rng=3)
    drawn = model.sample(ASKED, 5, rng=3)
    assert drawn.draw.tolist() == [0, 1, 2, 3, 4] * 2
    assert drawn.has_durations.all()
    assert model.predicts_durations
    assert not model.needs_images


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("n", [0, -1])
def test_no_draws_are_no_draws_to_ask_for(kind: type, n: int, train: Scanpaths) -> None:
    with pytest.raises(BadSetting, match=f"n={n}"):
        kind().fit(train).sample(ASKED, n)


@pytest.mark.parametrize("kind", [Uniform, CentreGaussian])
def test_maps_are_densities(kind: type, train: Scanpaths) -> None:
    model = kind().fit(train)
    told = model.next_fixation(ASKED, ASKED.answered([np.empty((0, 3))] * 2, name="none"))
    mass = np.exp(told.log_mass).sum(axis=(1, 2))
    assert mass == pytest.approx(1, abs=1e-12)
    assert np.isneginf(told.log_stop).all()  # no path ends before it begins


def test_the_centre_gaussian_is_as_wide_as_peoples_fixations(train: Scanpaths) -> None:
    told = (
        CentreGaussian()
        .fit(train)
        .next_fixation(ASKED, ASKED.answered([np.empty((0, 3))] * 2, name="none"))
    )
    mass = np.exp(told.log_mass[0])
    centres = (np.arange(56) + 0.5) * 4 - 112
    across = np.sqrt((mass.sum(axis=0) * centres**2).sum())
    later = np.concatenate([path.x[1:] for path in train])
    assert across == pytest.approx(np.sqrt(((later - 112) ** 2).mean()), rel=0.05)


def test_stopping_is_as_frequent_as_in_train(train: Scanpaths) -> None:
    model = Uniform().fit(train)
    history = ASKED.answered([np.full((4, 3), 50.0)] * 2, name="none")
    told = model.next_fixation(ASKED, history)
    # Of the 30 paths that have a fourth fixation 10 end with it.
    assert np.exp(told.log_stop) == pytest.approx(1 / 3)


def test_a_random_train_path_is_one_of_the_finding(train: Scanpaths) -> None:
    drawn = RandomTrainPath().fit(train).sample(ASKED, 30, rng=0)
    known = {path.fixations.tobytes() for path in train.where(finding="edema")}
    assert {path.fixations.tobytes() for path in drawn.where(finding="edema")} <= known


def test_the_mean_path_is_the_mean_position_by_position(train: Scanpaths) -> None:
    predicted = MeanPath().fit(train).predict(ASKED)
    edema = train.where(finding="edema")
    third = np.mean([path.fixations[2] for path in edema if len(path) > 2], axis=0)
    assert predicted[0].fixations[2] == pytest.approx(third)
    assert len(predicted[0]) == int(np.median(edema.lengths))


def test_a_finding_that_train_lacks_gets_paths_of_all(train: Scanpaths) -> None:
    other = Requests.make(["x.png"], "pneumonia", screen_size=SIZE)
    assert len(MeanPath().fit(train).predict(other)[0]) == int(np.median(train.lengths))


def test_paths_are_scaled_to_the_frame_that_is_asked_for(train: Scanpaths) -> None:
    model = MeanPath().fit(train)
    double = Requests.make(["x.png"], "edema", screen_size=(448, 448))
    assert model.predict(double)[0].x == pytest.approx(2 * model.predict(ASKED)[0].x)
