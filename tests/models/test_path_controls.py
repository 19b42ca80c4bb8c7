"""Controls that answer with one path: medoid, fixed path, consensus, and what remembers images."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gazesearch import metrics
from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.models import controls
from gazesearch.models.controls import (
    Ascent,
    Consensus,
    FixedPath,
    ImageMemoryPath,
    Medoid,
    SameImagePath,
)
from gazesearch.models.controls.coordinate_ascent import ascend, places, regions_of
from gazesearch.prediction import Requests
from gazesearch.scanpaths import Scanpaths, with_first_fixation

SIZE = (160.0, 120.0)
SMALL = Ascent(bins=(4, 3), length=3, starts=2, sweeps=20)
RNG = np.random.default_rng(5)


def path(*cells: int, seconds: float = 0.2) -> list[list[float]]:
    """A path through the centres of cells of 40 px, four in a row."""
    return [[40 * (c % 4) + 20, 40 * (c // 4) + 20, seconds] for c in cells]


def table(paths: list, image: list[str], finding: str | list[str] = "edema") -> Scanpaths:
    return Scanpaths.of(paths, image=image, finding=finding, screen_size=SIZE)


@pytest.fixture
def train() -> Scanpaths:
    """30 random paths of two findings, three on each of ten images."""
    paths = [path(6, *RNG.integers(12, size=2), seconds=0.1 + 0.01 * i) for i in range(30)]
    images = [f"{i % 10}.png" for i in range(30)]
    return table(paths, images, ["edema", "fracture", "edema"] * 10)


def asked(*images: str, finding: str = "edema", size: tuple[float, float] = SIZE) -> Requests:
    return Requests.make(list(images), finding, screen_size=size)


# -- the registry


def test_every_control_is_listed_and_described_in_a_line() -> None:
    assert len(controls.names()) == len(set(controls.names())) == 13
    for name in controls.names():
        assert controls.get(name).name == name
        assert controls.describe(name).endswith(".")
    with pytest.raises(UnknownName, match="did you mean consensus"):
        controls.get("concensus")


@pytest.mark.parametrize("name", controls.names())
def test_every_control_must_be_fitted_and_then_answers_each_request(
    name: str, train: Scanpaths
) -> None:
    model = controls.get(name)
    if hasattr(model, "ascent"):
        model = type(model)(ascent=SMALL)
    with pytest.raises(DataError, match="fit the model"):
        model.predict(asked("x.png"), rng=0)
    model.fit(train, valid=train[:6])
    requests = asked("x.png", "3.png", "x.png", finding="pneumonia")  # a finding that train lacks
    assert model.predict(requests, rng=1) == model.predict(requests, rng=1)
    drawn = model.sample(requests, 2, rng=1)
    assert drawn.draw.tolist() == [0, 1] * 3
    with pytest.raises(BadSetting, match="n=0"):
        model.sample(requests, 0)
    assert drawn.has_durations.all() == model.predicts_durations
    assert model.predicts_durations
    assert not model.needs_images


# -- medoid and the first path of the image


def test_the_medoid_has_the_highest_mean_and_the_first_of_equals_wins() -> None:
    paths = [path(6, 0, 0), path(6, 11, 3), path(6, 1, 0), path(6, 1, 0)]
    model = Medoid().fit(table(paths, ["a"] * 4))
    similarity = metrics.pairwise("scanmatch", paths, paths, SIZE)
    assert similarity.mean(axis=0).argmax() == 2
    assert model.predict(asked("x"))[0].fixations.tolist() == paths[2]


def test_the_medoid_by_a_distance_is_the_nearest(train: Scanpaths) -> None:
    model = Medoid(metric="dtw").fit(train)
    edema = train.where(finding="edema")
    nearest = metrics.pairwise("dtw", edema, edema, SIZE).mean(axis=0).argmin()
    assert (model.predict(asked("x"))[0].fixations == edema[int(nearest)].fixations).all()


def test_the_same_image_path_is_the_first_of_the_file_else_the_mean() -> None:
    paths = [path(6, 0, 0), path(6, 3, 3), path(6, 8, 8)]
    model = SameImagePath().fit(table(paths, ["a", "b", "a"], ["edema", "edema", "fracture"]))
    told = model.predict(asked("a", "x", finding="fracture"))
    assert told[0].fixations.tolist() == paths[0]
    assert told[1].fixations.tolist() == paths[2]  # the mean of one


# -- coordinate ascent


def test_ascent_by_hand() -> None:
    """Two positions to move, three regions: each takes the best, the lowest number on ties."""
    values = np.array([[0.0, 5.0, 5.0], [7.0, 1.0, 1.0], [9.0, 0.0, 2.0]])  # second x third

    def likeness(paths: np.ndarray, position: int) -> np.ndarray:
        if position == 1:
            return values[:, paths[:, 2]].T
        return values[paths[:, 1]]

    one_row = Ascent(bins=(3, 1), length=3)
    # (0, 2): the second goes to 0 (5), the third to 1 (tie of 1 and 2): stuck at 5.
    best, value = ascend(np.array([[1, 0, 2]]), likeness, one_row)
    assert (best.tolist(), value) == ([1, 0, 1], 5.0)
    # (2, 0) stays at 9, and the best of several starts is kept.
    best, value = ascend(np.array([[1, 0, 2], [1, 2, 0]]), likeness, one_row)
    assert (best.tolist(), value) == ([1, 2, 0], 9.0)


def test_one_sweep_is_one_sweep() -> None:
    def chain(paths: np.ndarray, position: int) -> np.ndarray:
        """The second likes to be one further than the third, the third as far as the second."""
        other = paths[:, 3 - position]
        wanted = np.minimum(other + (position == 1), 4)
        return 10.0 * (np.arange(5) == wanted[:, None]) + wanted[:, None]

    start = np.array([[0, 0, 0]])
    assert ascend(start, chain, Ascent(bins=(5, 1), length=3, sweeps=1))[0].tolist() == [0, 1, 1]
    assert ascend(start, chain, Ascent(bins=(5, 1), length=3))[0].tolist() == [0, 4, 4]


def test_regions_and_places_are_each_others_inverse() -> None:
    regions = np.array([[6, 0, 11], [6, 5, 3]])
    xy = places(regions, np.array(SIZE), (4, 3))
    assert xy[0].tolist() == [[80, 60], [20, 20], [140, 100]]
    assert regions_of(table(list(xy), ["a", "b"]), (4, 3)).tolist() == regions.tolist()


def test_the_fixed_path_is_the_best_of_all_paths_from_a_start_near_it(train: Scanpaths) -> None:
    everything = [[6, *two] for two in itertools.product(range(12), repeat=2)]
    xy = list(places(np.array(everything), np.array(SIZE), (4, 3)))
    edema = train.where(finding="edema")
    metric = metrics.get("scanmatch", bins=(4, 3), threshold=2.0)
    values = metrics.pairwise(metric, edema, xy, SIZE).mean(axis=0)
    model = FixedPath(metric=metric, ascent=Ascent(bins=(4, 3), length=3, starts=30)).fit(train)
    told = model.predict(asked("x.png"))[0].fixations
    assert metrics.pairwise(metric, edema, [told], SIZE).mean() == pytest.approx(values.max())
    assert told[0, :2].tolist() == [80, 60]
    # Durations: the geometric mean, position by position.
    seconds = np.stack([one.fixations[:, 2] for one in edema])
    assert told[:, 2] == pytest.approx(np.exp(np.log(seconds).mean(axis=0)))


def test_consensus_is_the_fixed_path_where_the_image_is_new_and_leans_where_not() -> None:
    paths = [path(6, 0, 0)] * 4 + [path(6, 11, 11)]
    train = table(paths, ["a", "b", "c", "d", "e"], ["edema"] * 4 + ["fracture"])
    fixed = FixedPath(ascent=SMALL).fit(train).predict(asked("e", "x"))
    leaning = Consensus(ascent=SMALL, weight=0.8).fit(train).predict(asked("e", "x"))
    assert fixed[0].fixations[1:, 0].tolist() == [20, 20]
    assert leaning[0].fixations[1:, 0].tolist() == [140, 140]
    assert (leaning[1].fixations == fixed[1].fixations).all()


def test_answers_do_not_depend_on_the_other_requests(train: Scanpaths) -> None:
    model = Consensus(ascent=SMALL).fit(train)
    requests = Requests.make(
        [f"{i}.png" for i in range(12)], ["edema", "fracture"] * 6, screen_size=SIZE
    )
    together = model.predict(requests)
    for row in (7, 2, 11):
        alone = Consensus(ascent=SMALL).fit(train).predict(requests[[row]])
        assert (alone[0].fixations == together[row].fixations).all()


def test_paths_come_in_the_frame_that_is_asked_for(train: Scanpaths) -> None:
    model = FixedPath(ascent=SMALL).fit(train)
    once = model.predict(asked("x"))[0].fixations
    twice = model.predict(asked("x", size=(320, 240)))[0].fixations
    assert twice[:, :2] == pytest.approx(2 * once[:, :2])
    assert (twice[:, 2] == once[:, 2]).all()


def test_without_durations_in_train_there_are_none() -> None:
    bare = table([[[80, 60], [20, 20], [20, 20]]] * 3, ["a", "b", "c"])
    model = Consensus(ascent=SMALL).fit(bare)
    assert not model.predicts_durations
    assert not model.predict(asked("a")).has_durations.any()


def test_image_memory_bets_on_a_path_that_findings_share() -> None:
    """On four images edema and fracture have one path; on b only the fracture's is known."""
    pairs = [path(6, *RNG.integers(12, size=2)) for _ in range(4)]
    paths = [one for pair in pairs for one in (pair, pair)] + [path(6, 9, 2, seconds=0.7)]
    images = ["p", "p", "q", "q", "r", "r", "s", "s", "b"]
    train = table(paths, images, ["edema", "fracture"] * 4 + ["fracture"])
    model = ImageMemoryPath(ascent=SMALL).fit(train)
    told = model.predict(asked("b", "x"))
    assert told[0].fixations.tolist() == paths[-1]  # durations too: it is that path
    fixed = FixedPath(ascent=SMALL).fit(train).predict(asked("x"))
    assert (told[1].fixations == fixed[0].fixations).all()


def test_image_memory_path_chooses_on_valid_images_of_train_alone(train: Scanpaths) -> None:
    new = table([path(6, 1, 1)] * 3, ["n", "o", "p"])
    assert ImageMemoryPath(ascent=SMALL, weight=0.2).fit(train, valid=new).weight == 0.2
    chosen = ImageMemoryPath(ascent=SMALL).fit(train, valid=train[:5])
    assert chosen.chosen_on == 5


def test_bad_settings_are_told() -> None:
    with pytest.raises(BadSetting, match="weight=1.5"):
        Consensus(weight=1.5)
    with pytest.raises(BadSetting, match="starts=0"):
        Ascent(starts=0)
    with pytest.raises(DataError, match="no train path has 6 fixations"):
        FixedPath().fit(table([path(6, 1)], ["a"]))


# -- the released file


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("same-image-path", (0.4055, 0.4379, 0.3083)),
        ("medoid", (0.4114, 0.4107, 0.4136)),
        ("fixed-path", (0.4238, 0.4231, 0.4261)),
        pytest.param("consensus", (0.4509, 0.4591, 0.4261), marks=pytest.mark.slow),
    ],
)
def test_paths_reach_the_published_rows(
    annotations: Scanpaths, name: str, expected: tuple[float, ...]
) -> None:
    used = with_first_fixation(annotations, "replace")
    train, test = used.where(split="train"), used.where(split="test")
    told = controls.get(name).fit(train).predict(Requests.of(test))
    values = metrics.paired(["scanmatch"], test, told, screen_size=(224, 224))["scanmatch"]
    known = set(train.image)
    seen = np.array([image in known for image in test.image])
    found = values.mean(), values[seen].mean(), values[~seen].mean()
    assert found == pytest.approx(expected, abs=5e-5)
