"""Decoders on a model whose every probability is written down in the test."""

from __future__ import annotations

import math
from typing import final

import numpy as np
import pytest
from scipy import stats

from gazesearch import metrics
from gazesearch.errors import BadSetting, DataError
from gazesearch.models import decoding
from gazesearch.models.conditional import Conditional
from gazesearch.models.median_durations import with_median_durations
from gazesearch.prediction import ImageSource, LogNormal, NextFixation, Requests
from gazesearch.scanpaths import Scanpaths

SIZE = (40.0, 20.0)
# 2 rows x 4 columns of cells of 10 x 10 px.
MASS = np.array([[0.30, 0.20, 0.10, 0.00], [0.05, 0.15, 0.08, 0.12]])


@final
class Fixed(Conditional):
    """The same map always; stops with the given probability once it has two fixations."""

    name = "fixed"
    needs_images = False

    def __init__(
        self,
        *,
        stop: float | None = 0.0,
        timed: bool = True,
        mass: np.ndarray = MASS,
        leaning: float = 0.0,  # of a fixation's duration on that of the last one
    ) -> None:
        self.stop, self.timed, self.mass, self.leaning = stop, timed, mass, leaning
        self.most_asked = 0

    @property
    def predicts_durations(self) -> bool:
        return self.timed

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        b = len(requests)
        assert len(histories) == b
        self.most_asked = max(self.most_asked, b)
        with np.errstate(divide="ignore"):
            log_mass = np.tile(np.log(self.mass), (b, 1, 1))
            stop = np.where(histories.lengths < 2, 0.0, self.stop or 0.0)
            log_stop = None if self.stop is None else np.log(stop)
        last = np.array([path.fixations[-1, 2] if len(path) else 0.3 for path in histories])
        median = 0.3 + self.leaning * (last - 0.3) if self.timed else np.full(b, 0.3)
        duration = LogNormal(mean=np.log(median), spread=np.full(b, 0.2))
        return NextFixation(
            log_mass=log_mass, log_stop=log_stop, duration=duration if self.timed else None
        )


def requests(n: int) -> Requests:
    return Requests.make([f"{i}.png" for i in range(n)], "edema", screen_size=SIZE)


def cells(paths: Scanpaths) -> np.ndarray:
    """Flat cell of every fixation after the first of its path."""
    later = np.ones(len(paths.fixations), bool)
    later[paths.offsets[:-1]] = False
    x, y = paths.fixations[later, :2].T
    return (y // 10 * 4 + x // 10).astype(int)


def test_every_path_starts_at_the_centre() -> None:
    for paths in (
        decoding.greedy(Fixed(), requests(2)),
        decoding.sample(Fixed(), requests(2), 3, rng=0),
        decoding.typical(Fixed(), requests(2), draws=4, rng=0),
    ):
        assert (paths.fixations[paths.offsets[:-1], :2] == (20, 10)).all()


def test_greedy_takes_the_likeliest_cell_that_is_not_inhibited() -> None:
    paths = decoding.greedy(Fixed(), requests(1), max_fixations=4, inhibition_px=8)
    # Centres of the cells 0.30, 0.20 and 0.15; the start at (20, 10) inhibits the four cells round
    # it, whose centres are 7.07 px away: that leaves 0.30, 0.12 and 0.05.
    assert paths[0].fixations[:, :2].tolist() == [[20, 10], [5, 5], [35, 15], [5, 15]]
    assert paths[0].durations == pytest.approx(0.3)


def test_greedy_ends_where_nothing_is_left() -> None:
    paths = decoding.greedy(Fixed(), requests(1), inhibition_px=8)
    assert len(paths[0]) == 4  # the cell without mass is never taken


def test_greedy_stops_when_stopping_is_likelier() -> None:
    assert len(decoding.greedy(Fixed(stop=0.51), requests(1), inhibition_px=0)[0]) == 2
    assert len(decoding.greedy(Fixed(stop=0.49), requests(1), inhibition_px=0)[0]) == 7


def test_samples_follow_the_density() -> None:
    paths = decoding.sample(Fixed(), requests(500), 8, rng=1)
    observed = np.bincount(cells(paths), minlength=8)
    assert observed[3] == 0
    likely = MASS.ravel() > 0
    expected = MASS.ravel() * observed.sum()
    assert stats.chisquare(observed[likely], expected[likely]).pvalue > 1e-3


def test_samples_stop_and_last_as_the_model_says() -> None:
    paths = decoding.sample(Fixed(stop=0.4), requests(500), 8, rng=2)
    ended = (paths.lengths == 2).sum()
    assert stats.binomtest(int(ended), len(paths), 0.4).pvalue > 1e-3
    logs = np.log(paths.durations)
    assert stats.kstest(logs, "norm", args=(math.log(0.3), 0.2)).pvalue > 1e-3


def test_places_are_uniform_within_their_cell() -> None:
    paths = decoding.sample(Fixed(), requests(500), 4, rng=3)
    later = np.ones(len(paths.fixations), bool)
    later[paths.offsets[:-1]] = False
    within = paths.fixations[later, :2] % 10 / 10
    assert stats.kstest(within.ravel(), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("n", [1, 7])
def test_a_path_does_not_depend_on_its_batch(n: int) -> None:
    everything = decoding.sample(Fixed(stop=0.3), requests(7), n, rng=4)
    again = decoding.sample(Fixed(stop=0.3), requests(7), n, rng=4)
    assert everything == again
    rng = np.random.default_rng(4)
    batches = [requests(7)[:2], requests(7)[2:3], requests(7)[3:]]
    parts = [decoding.sample(Fixed(stop=0.3), batch, n, rng=rng) for batch in batches]
    assert Scanpaths.concat(parts) == everything


def test_memory_does_not_grow_with_the_requests() -> None:
    model = Fixed(stop=0.3)
    many = decoding.sample(model, requests(700), 2, rng=4)
    assert len(many) == 1400
    assert model.most_asked <= 512
    # A batch more or less changes no path: the first are those that fewer requests give.
    assert many[:600] == decoding.sample(Fixed(stop=0.3), requests(300), 2, rng=4)
    assert len(decoding.greedy(model, requests(700))) == 700


def test_no_requests_give_no_paths() -> None:
    for paths in (
        decoding.greedy(Fixed(), requests(0)),
        decoding.sample(Fixed(), requests(0), 2, rng=0),
        decoding.typical(Fixed(), requests(0), draws=3, rng=0),
    ):
        assert len(paths) == 0


@pytest.mark.parametrize("mass", [np.full((2, 4), np.nan), np.zeros((2, 4))], ids=["nan", "none"])
def test_a_map_without_mass_is_refused_not_guessed_from(mass: np.ndarray) -> None:
    for decode in (decoding.greedy, decoding.sample, decoding.typical):
        with pytest.raises(DataError, match=r"fixed: image 0.png, finding edema: log_mass"):
            decode(Fixed(mass=mass), requests(2))  # type: ignore[operator]


def test_draws_of_a_request_stand_together_and_are_numbered() -> None:
    paths = decoding.sample(Fixed(), requests(2), 3, rng=0)
    assert paths.draw.tolist() == [0, 1, 2, 0, 1, 2]
    assert paths.image.tolist() == ["0.png"] * 3 + ["1.png"] * 3


def test_a_low_temperature_and_a_small_nucleus_leave_the_likeliest_cell() -> None:
    for options in ({"temperature": 0.01}, {"nucleus": 0.25}):
        paths = decoding.sample(Fixed(), requests(50), 2, rng=5, **options)
        assert set(cells(paths).tolist()) == {0}


def test_a_nucleus_keeps_the_smallest_set_that_holds_its_mass() -> None:
    paths = decoding.sample(Fixed(), requests(400), 4, rng=6, nucleus=0.6)
    assert set(cells(paths).tolist()) == {0, 1, 5}  # 0.30 + 0.20 + 0.15 = 0.65


def test_paths_have_no_durations_where_the_model_predicts_none() -> None:
    paths = decoding.sample(Fixed(timed=False), requests(2), 2, rng=0)
    assert not paths.has_durations.any()


def test_the_typical_path_is_most_like_the_other_draws() -> None:
    drawn = decoding.sample(Fixed(stop=0.3), requests(3), 16, rng=7)
    found = decoding.typical(Fixed(stop=0.3), requests(3), draws=16, rng=7)
    for i in range(3):
        draws = drawn[16 * i : 16 * (i + 1)]
        table = metrics.pairwise("scanmatch", draws, draws, SIZE)
        np.fill_diagonal(table, 0)
        best = draws[int(table.sum(axis=1).argmax())]
        assert np.array_equal(found[i].fixations, best.fixations)


def test_typical_by_a_distance_takes_the_nearest() -> None:
    drawn = decoding.sample(Fixed(), requests(1), 8, rng=8)
    found = decoding.typical(Fixed(), requests(1), draws=8, rng=8, metric="dtw")
    table = metrics.pairwise("dtw", drawn, drawn, SIZE)
    best = drawn[int((table + table.T).sum(axis=1).argmin())]
    assert np.array_equal(found[0].fixations, best.fixations)


def test_typical_by_several_metrics_has_the_largest_sum() -> None:
    both = ("multimatch_shape", "multimatch_position")
    drawn = decoding.sample(Fixed(), requests(1), 8, rng=8)
    found = decoding.typical(Fixed(), requests(1), draws=8, rng=8, metric=both)
    tables = [metrics.pairwise(name, drawn, drawn, SIZE) for name in both]
    likeness = [(table + table.T).sum(axis=1) for table in tables]
    best = int(sum(likeness).argmax())
    assert np.array_equal(found[0].fixations, drawn[best].fixations)
    assert best != int(likeness[0].argmax())  # else one metric would do


def test_medians_are_compared_where_medians_are_answered() -> None:
    ask = {"draws": 16, "rng": 7, "metric": "multimatch_duration"}
    drawn = decoding.sample(Fixed(stop=0.3), requests(1), 16, rng=7)
    found = decoding.typical(Fixed(stop=0.3), requests(1), durations="median", **ask)
    as_answered = with_median_durations(Fixed(stop=0.3), drawn)
    table = np.nan_to_num(metrics.pairwise("multimatch_duration", as_answered, as_answered, SIZE))
    np.fill_diagonal(table, 0)
    best = as_answered[int((table + table.T).sum(axis=1).argmax())]
    assert np.array_equal(found[0].fixations, best.fixations)
    other = decoding.typical(Fixed(stop=0.3), requests(1), **ask)[0]
    assert not np.array_equal(found[0].fixations[:, :2], other.fixations[:, :2])


def test_the_medians_that_are_compared_are_those_that_are_answered() -> None:
    model = Fixed(stop=0.3, leaning=0.5)
    ask = {"draws": 8, "rng": 7, "metric": "scanmatch_duration"}
    found = decoding.typical(model, requests(1), durations="median", **ask)[0]
    drawn = decoding.sample(model, requests(1), 8, rng=7)
    compared = with_median_durations(model, drawn)
    assert any(np.array_equal(found.fixations, path.fixations) for path in compared)


def test_requests_in_different_frames_keep_their_own() -> None:
    two = Requests(
        image=np.array(["a", "b"], object),
        finding=np.array(["edema", "edema"], object),
        subject=np.array([None, None], object),
        screen_sizes=np.array([[40.0, 20.0], [80.0, 40.0]]),
    )
    paths = decoding.greedy(Fixed(), two, inhibition_px=0, max_fixations=2)
    assert paths.info.screen_size is None
    assert paths[1].screen_size == (80, 40)
    assert np.array_equal(paths[1].fixations[:, :2], 2 * paths[0].fixations[:, :2])


@pytest.mark.parametrize(
    "call",
    [
        lambda: decoding.sample(Fixed(), requests(1), 0),
        lambda: decoding.sample(Fixed(), requests(1), 1, temperature=0),
        lambda: decoding.sample(Fixed(), requests(1), 1, temperature=math.inf),
        lambda: decoding.sample(Fixed(), requests(1), 1, max_fixations=-1),
        lambda: decoding.typical(Fixed(), requests(1), max_fixations=-1),
        lambda: decoding.sample(Fixed(), requests(1), 1, nucleus=0),
        lambda: decoding.sample(Fixed(), requests(1), 1, nucleus=1.5),
        lambda: decoding.greedy(Fixed(), requests(1), inhibition_px=float("nan")),
        lambda: decoding.greedy(Fixed(), requests(1), max_fixations=0),
        lambda: decoding.typical(Fixed(), requests(1), draws=1),
        lambda: decoding.typical(Fixed(), requests(1), metric=()),
        lambda: decoding.typical(Fixed(), requests(1), metric=("scanmatch", "dtw")),
    ],
)
def test_settings_out_of_range_are_refused(call: object) -> None:
    with pytest.raises(BadSetting):
        call()  # type: ignore[operator]


def test_median_durations_change_no_place_and_are_what_the_model_says() -> None:
    drawn = decoding.typical(Fixed(stop=0.3), requests(3), draws=8, rng=7)
    found = decoding.typical(Fixed(stop=0.3), requests(3), draws=8, rng=7, durations="median")
    assert np.array_equal(found.fixations[:, :2], drawn.fixations[:, :2])
    assert np.array_equal(found.lengths, drawn.lengths)
    assert np.allclose(found.fixations[:, 2], 0.3)
    with pytest.raises(BadSetting, match="no durations"):
        decoding.typical(Fixed(timed=False), requests(1), draws=2, durations="median")
