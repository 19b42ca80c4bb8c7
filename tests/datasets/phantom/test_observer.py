"""The simulated observer: what it says, and that its searches are drawn from just that."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from gazesearch import Scanpaths
from gazesearch.datasets.phantom import PHANTOM_V1, Observer, make_case
from gazesearch.datasets.phantom.walks import STEPS, _places, walk
from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.findings import FINDINGS
from gazesearch.prediction import ConditionalModel, NextFixation, Requests

SIZE = (224, 224)
CASES = {case.name: case for case in (make_case(5, number) for number in range(6))}
IMAGES = {name: case.image for name, case in CASES.items()}
ASKED = [(name, finding) for name, case in CASES.items() for finding in case.boxes]


@pytest.fixture(scope="module")
def observer() -> Observer:
    return Observer()


def requests(keys: list[tuple[str, str]], subject: int | None = None) -> Requests:
    who = None if subject is None else [subject] * len(keys)
    return Requests.make(
        [name for name, _ in keys], [f for _, f in keys], screen_size=SIZE, subject=who
    )


def told(
    observer: Observer, keys: list[tuple[str, str]], past: list[list[float]], **options: object
) -> NextFixation:
    asked = requests(keys, **options)  # type: ignore[arg-type]
    history = np.array(past, np.float64).reshape(-1, 3)
    return observer.next_fixation(
        asked, asked.answered([history] * len(keys), name="past"), images=IMAGES
    )


START = [112.0, 112.0, 0.2]


def test_an_observer_is_a_conditional_model(observer: Observer) -> None:
    assert isinstance(observer, ConditionalModel)


@pytest.mark.parametrize("past", [[], [START], [START, [60, 60, 0.3]], [START] * 5])
def test_mass_sums_to_one_whatever_was_asked(observer: Observer, past: list[list[float]]) -> None:
    keys = [(name, finding) for name in IMAGES for finding in FINDINGS]
    answer = told(observer, keys, past)
    assert answer.log_mass.shape == (len(keys), 56, 56)
    assert np.abs(logsumexp(answer.log_mass, axis=(1, 2))).max() <= 1e-6
    assert answer.log_stop is not None
    assert (answer.log_stop <= 0).all()


def test_a_search_starts_exactly_at_the_centre(observer: Observer) -> None:
    answer = told(observer, ASKED, [])
    assert (answer.log_mass[:, 28, 28] == 0).all()
    paths = observer.sample(requests(ASKED), 3, images=IMAGES, rng=0)
    assert (paths.fixations[paths.offsets[:-1], :2] == 112).all()
    assert paths.draw.tolist() == [0, 1, 2] * len(ASKED)


def test_a_search_has_three_to_seven_fixations(observer: Observer) -> None:
    lengths = observer.sample(requests(ASKED), 40, images=IMAGES, rng=0).lengths
    assert set(lengths.tolist()) == {3, 4, 5, 6, 7}
    assert told(observer, ASKED, [START] * 7).log_stop == pytest.approx(0)
    assert np.isneginf(told(observer, ASKED, [START] * 2).log_stop).all()


def test_places_never_leave_their_cell_and_stand_on_tenths(observer: Observer) -> None:
    xy = observer.sample(requests(ASKED), 40, images=IMAGES, rng=0).fixations[:, :2]
    assert ((xy >= 0) & (xy < 224)).all()
    assert np.array_equal(np.floor(np.rint(xy * 10) / 40), np.floor(xy * 56 / 224))
    assert xy == pytest.approx(np.rint(xy * 10) / 10, abs=1e-9)


def test_other_frames_scale(observer: Observer) -> None:
    small = requests(ASKED)
    large = Requests.make(small.image.tolist(), small.finding.tolist(), screen_size=(448, 112))
    one, two = (observer.sample(asked, 2, images=IMAGES, rng=0) for asked in (small, large))
    assert two.fixations[:, :2] == pytest.approx(one.fixations[:, :2] * (2, 0.5))


def test_a_path_does_not_depend_on_its_neighbours(observer: Observer) -> None:
    many = requests(ASKED * 100)
    assert len(many) > 600  # several batches
    all_, few = (observer.predict(asked, images=IMAGES, rng=0) for asked in (many, many[:7]))
    assert np.array_equal(few.fixations[:, :2], all_[:7].fixations[:, :2])


def test_the_image_counts(observer: Observer) -> None:
    keys = [(name, "lung lesion") for name in IMAGES]
    mass = np.exp(told(observer, keys, [START]).log_mass)
    overlap = [np.minimum(mass[0], other).sum() for other in mass[1:]]
    assert np.mean(overlap) < 0.5


def test_the_finding_counts(observer: Observer) -> None:
    name = next(iter(IMAGES))
    mass = np.exp(told(observer, [(name, f) for f in FINDINGS], [START]).log_mass)
    overlap = [np.minimum(mass[i], mass[j]).sum() for i in range(13) for j in range(i)]
    assert np.mean(overlap) < 0.5


def test_near_places_are_likelier_and_seen_ones_less_likely(observer: Observer) -> None:
    keys = [(name, finding) for name in IMAGES for finding in FINDINGS]
    first = told(observer, keys, [START]).log_mass
    sides = first[:, :, :20], first[:, :, 36:]
    # Where both lungs are worth a look: there the lapses of attention matter least.
    best = int(np.minimum(*(side.max(axis=(1, 2)) for side in sides)).argmax())
    left, right = (divmod(int(side[best].argmax()), 20) for side in sides)
    cells = {"left": left, "right": (right[0], right[1] + 36)}

    def preference(past: list[list[float]]) -> float:
        """Log odds of the best cell at the left against the best at the right."""
        mass = told(observer, keys[best : best + 1], past).log_mass[0]
        return float(mass[cells["left"]] - mass[cells["right"]])

    at = {side: [4 * x + 2.0, 4 * y + 2.0, 0.2] for side, (y, x) in cells.items()}
    beside = {side: [x, y - 24, t] for side, (x, y, t) in at.items()}
    assert preference([START, beside["left"]]) > preference([START, beside["right"]]) + 0.5
    seen = [preference([START, at[side], START]) for side in ("left", "right")]
    assert seen[0] < seen[1] - 1


def test_searches_stop_on_target_rather_than_elsewhere(observer: Observer) -> None:
    stops = []
    for name, finding in ASKED:
        x, y, w, h = CASES[name].boxes[finding]
        on, off = [x + w / 2, y + h / 2, 0.3], [8.0, 216.0, 0.3]
        stops.append([
            float(told(observer, [(name, finding)], [START, off, last]).log_stop[0])  # type: ignore[index]
            for last in (on, off)
        ])  # fmt: skip
    hazard = np.exp(np.array(stops)).mean(axis=0)
    assert hazard[0] > 2 * hazard[1]


def test_most_searches_end_on_the_true_target(observer: Observer) -> None:
    paths = observer.sample(requests(ASKED), 50, images=IMAGES, rng=0)
    ends = paths.fixations[paths.offsets[1:] - 1, :2]
    boxes = np.array([CASES[n].boxes[f] for n, f in zip(paths.image, paths.finding, strict=True)])
    inside = ((ends > boxes[:, :2]) & (ends < boxes[:, :2] + boxes[:, 2:])).all(axis=1)
    assert inside.mean() > 0.6


def test_people_differ_a_little_and_none_is_their_average(observer: Observer) -> None:
    masses = [told(observer, ASKED[:1], [START], subject=who).log_mass for who in (1, 2, 3, None)]
    assert not np.array_equal(masses[0], masses[1])
    overlap = [np.minimum(np.exp(one), np.exp(masses[3])).sum() for one in masses[:3]]
    assert min(overlap) > 0.85


def test_the_same_pixels_are_the_same_image(observer: Observer) -> None:
    name, finding = ASKED[0]
    grey = told(observer, [(name, finding)], [START]).log_mass
    asked = requests([(name, finding)])
    history = asked.answered([np.array([START])], name="past")
    colour = np.repeat(IMAGES[name][:, :, None], 3, axis=2)
    again = Observer().next_fixation(asked, history, images={name: colour}).log_mass
    assert np.array_equal(grey, again)
    other = observer.next_fixation(asked, history, images={name: IMAGES[name][::-1]}).log_mass
    assert not np.array_equal(grey, other)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (64, 64, 3)])
def test_any_image_can_be_searched(observer: Observer, shape: tuple[int, ...]) -> None:
    asked = Requests.make(["x"], "fracture", screen_size=SIZE)
    history = asked.answered([np.array([START])], name="past")
    pixels = np.random.default_rng(0).random(shape)
    answer = observer.next_fixation(asked, history, images={"x": pixels})
    assert np.isfinite(answer.log_mass).all()


def test_what_cannot_be_answered_is_refused(observer: Observer) -> None:
    asked = requests(ASKED[:1])
    history = asked.answered([np.array([START])], name="past")
    with pytest.raises(DataError, match="images"):
        observer.next_fixation(asked, history)
    with pytest.raises(UnknownName, match="image"):
        observer.next_fixation(asked, history, images={})
    with pytest.raises(DataError, match="2 requests, but 1"):
        observer.next_fixation(requests(ASKED[:2]), history, images=IMAGES)
    named = Requests.make(["x"], "edema", screen_size=SIZE, subject=["Ada"])
    with pytest.raises(DataError, match="whole numbers"):
        observer.next_fixation(named, history, images={"x": np.zeros((8, 8))})
    with pytest.raises(DataError, match="shape"):
        observer.next_fixation(asked, history, images={asked.image[0]: np.zeros(5)})


# -- what is drawn is what was told


@pytest.mark.parametrize("key", [ASKED[0], ASKED[-1]], ids=str)
def test_first_moves_match_the_density(observer: Observer, key: tuple[str, str]) -> None:
    # benchmarks/phantom.py does the same with 100,000 draws.
    paths = walk(observer, requests([key] * 8000), images=IMAGES, rng=1, longest=2)
    cells = np.array([np.floor(path[1, :2] / 4) for path in paths]).astype(int)
    counts = np.bincount(cells[:, 1] * 56 + cells[:, 0], minlength=56 * 56)
    expected = np.exp(told(observer, [key], [START]).log_mass[0]).ravel() * len(paths)
    often = expected >= 5
    seen = np.append(counts[often], counts[~often].sum())
    wanted = np.append(expected[often], expected[~often].sum())
    assert stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue > 1e-3


def test_stopping_and_durations_match_theirs(observer: Observer) -> None:
    paths = observer.sample(requests(ASKED, subject=2), 200, images=IMAGES, rng=2)
    asked, z, surplus, variance = Requests.of(paths), [], 0.0, 0.0
    for k in range(7):
        rows = np.flatnonzero(paths.lengths >= k)
        pasts = [paths[int(row)].fixations[:k] for row in rows]
        answer = _in_parts(observer, asked[rows], pasts)
        hazard, mean, spread = answer
        ends = paths.lengths[rows] == k
        surplus += float((ends - hazard).sum())
        variance += float((hazard * (1 - hazard)).sum())
        durations = [paths[int(row)].fixations[k, 2] for row in rows[~ends]]
        z.append((np.log(durations) - mean[~ends]) / spread[~ends])
    assert abs(surplus) < 3.3 * np.sqrt(variance)
    assert stats.kstest(np.concatenate(z), "norm").pvalue > 1e-3


def _in_parts(
    observer: Observer, asked: Requests, pasts: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = []
    for first in range(0, len(asked), 400):
        rows = slice(first, first + 400)
        history: Scanpaths = asked[rows].answered(pasts[rows], name="past")
        answer = observer.next_fixation(asked[rows], history, images=IMAGES)
        assert answer.log_stop is not None
        assert answer.duration is not None
        parts.append((np.exp(answer.log_stop), answer.duration.mean, answer.duration.spread))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


def test_the_frozen_observer_is_the_default() -> None:
    assert Observer().config is PHANTOM_V1


def test_every_place_of_a_cell_is_in_it_in_frames_of_any_size() -> None:
    # Column by column and place by place: where rounding would carry one into the cell before.
    column, step = np.divmod(np.arange(56 * STEPS), STEPS)
    log_mass = np.full((len(column), 1, 56), -np.inf)
    log_mass[np.arange(len(column)), 0, column] = 0.0
    chance = np.column_stack(
        [np.full(len(column), 0.5), np.full(len(column), 0.5), (step + 0.5) / STEPS,
         np.full(len(column), 0.5)]
    )  # fmt: skip
    for side in (224.0, 99.0, 300.0, 400.0, 1000.0, 1050.0, 2500.0, 123.4):
        x = _places(log_mass, chance, np.full((len(column), 2), side))[:, 0]
        assert np.array_equal(np.floor(x * 56 / side), column), side


@pytest.mark.parametrize("n", [0, -1])
def test_at_least_one_search_is_drawn(observer: Observer, n: int) -> None:
    with pytest.raises(BadSetting, match=f"n={n}"):
        observer.sample(requests(ASKED), n, images=IMAGES)
