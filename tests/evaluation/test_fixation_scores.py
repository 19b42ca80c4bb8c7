"""A model scored fixation by fixation: who is best where the truth is known, what is refused."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import final

import numpy as np
import pytest
from scipy.stats import norm

from gazesearch.datasets.phantom import Observer, make_case
from gazesearch.datasets.phantom.layout import searches
from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.evaluation import truth_of
from gazesearch.evaluation.likelihood import (
    FixationScores,
    next_fixation_bits,
    open_model,
    score_fixations,
)
from gazesearch.evaluation.likelihood.averages import clusters_of, ends, mean_of
from gazesearch.evaluation.truth import Truth
from gazesearch.models import decoding
from gazesearch.models.conditional import Conditional
from gazesearch.models.maps import from_function
from gazesearch.prediction import ImageSource, LogNormal, NextFixation, Requests
from gazesearch.scanpaths import Scanpaths

SIZE = (80.0, 60.0)
SHAPE = (6, 8)
FINDINGS = ("edema", "fracture", "pneumonia")


@final
class Searcher(Conditional):
    """A truth without images: by finding and last cell, of many tempers.

    Args:
        power: mass is raised to it: above 1 sharper, below flatter than the truth, which has 1.
        odds: added to the log odds of stopping.
        log_s: added to the mean of log seconds.
        wider: factor of their spread.
    """

    needs_images = False
    predicts_durations = True

    def __init__(
        self, power: float = 1.0, *, odds: float = 0.0, log_s: float = 0.0, wider: float = 1.0
    ) -> None:
        self.name = f"searcher {power} {odds} {log_s} {wider}"
        self.power, self.odds, self.log_s, self.wider = power, odds, log_s, wider
        cells = SHAPE[0] * SHAPE[1]
        self.scores = np.random.default_rng(0).normal(0, 1.5, (len(FINDINGS), cells, cells))

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        last = np.zeros((len(histories), 2))
        there = histories.lengths > 0
        last[there] = histories.fixations[histories.offsets[1:][there] - 1, :2]
        column, row = (last / SIZE * SHAPE[::-1]).astype(int).T
        what = np.array([FINDINGS.index(finding) for finding in requests.finding])
        score = self.power * self.scores[what, row * SHAPE[1] + column]
        log_mass = score - np.logaddexp.reduce(score, axis=1, keepdims=True)
        odds = 0.6 * histories.lengths - 2.5 + column / 4 + self.odds
        return NextFixation(
            log_mass=log_mass.reshape(-1, *SHAPE),
            log_stop=np.where(there, -np.logaddexp(0, -odds), -np.inf),
            duration=LogNormal(
                mean=-1.2 + 0.1 * row + self.log_s, spread=np.full(len(row), 0.3 * self.wider)
            ),
        )


def drawn(n: int, *, rng: int = 0) -> Truth:
    """n searches of the truth, fifteen an image, half of them to learn from."""
    images = [f"{number // 15}.png" for number in range(n)]
    findings = [FINDINGS[number % 3] for number in range(n)]
    asked = Requests.make(images, findings, screen_size=SIZE)
    paths = decoding.sample(Searcher(), asked, 1, rng=rng, max_fixations=40)
    splits = [("train", "test", "train", "test", "valid", "test")[k // 15 % 6] for k in range(n)]
    table = Scanpaths.of(
        [path.fixations for path in paths], image=images, finding=findings, split=splits,
        screen_size=SIZE,
    )  # fmt: skip
    return truth_of(table)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return drawn(900)


@pytest.fixture(scope="module")
def best(truth: Truth) -> FixationScores:
    """The truth, scored by itself."""
    return score_fixations(Searcher(), truth)


@pytest.fixture(scope="module")
def others(truth: Truth) -> dict[str, FixationScores]:
    """Controls, fitted on what the truth drew."""
    names = ("uniform", "global-density", "finding-density", "history-density", "finding-prior")
    return {name: score_fixations(open_model(name, truth).model, truth) for name in names}


# -- what is best


def test_no_control_reaches_the_truth(
    best: FixationScores, others: dict[str, FixationScores]
) -> None:
    for measure in ("log_likelihood", "information_gain", "duration_log_score"):
        reached = [one.summary(measure).mean for one in others.values()]
        assert best.summary(measure).mean > max(reached) + 0.01
    assert best.summary("duration_crps").mean < min(
        one.summary("duration_crps").mean for one in others.values()
    )
    assert best.termination is not None
    stopping = [one.termination.summary().mean for one in others.values() if one.termination]
    assert best.termination.summary().mean > max(stopping) + 0.01


@pytest.mark.parametrize("ladder", [(0.8, 0.5, 0.2), (1.25, 1.7, 3.0)], ids=["flatter", "sharper"])
def test_the_further_from_the_truth_the_less_likely(
    best: FixationScores, truth: Truth, ladder: tuple[float, ...]
) -> None:
    reached = [best.summary().mean]
    reached += [score_fixations(Searcher(power), truth).summary().mean for power in ladder]
    assert reached == sorted(reached, reverse=True)
    assert all(high > low + 0.01 for high, low in itertools.pairwise(reached))


@pytest.mark.parametrize("worse", [{"odds": 1.0}, {"odds": -1.0}], ids=str)
def test_stopping_that_is_off_loses_score_and_calibration(
    best: FixationScores, truth: Truth, worse: dict[str, float]
) -> None:
    found = score_fixations(Searcher(**worse), truth)
    assert best.termination is not None
    assert found.termination is not None
    assert found.termination.summary().mean < best.termination.summary().mean - 0.01
    assert found.termination.calibration().error > best.termination.calibration().error + 0.03


@pytest.mark.parametrize(
    "worse", [{"log_s": 0.2}, {"log_s": -0.2}, {"wider": 1.5}, {"wider": 0.7}], ids=str
)
def test_durations_that_are_off_lose_both_scores(
    best: FixationScores, truth: Truth, worse: dict[str, float]
) -> None:
    found, least = score_fixations(Searcher(**worse), truth).durations, best.durations
    assert found["duration_log_score"].mean < least["duration_log_score"].mean - 0.01
    assert found["duration_crps"].mean > least["duration_crps"].mean


def test_the_truth_reaches_what_it_expects_and_sharper_maps_expect_too_much(
    best: FixationScores, truth: Truth
) -> None:
    interval = best.intervals()["overconfidence"]
    assert interval.low < 0 < interval.high
    assert best.summary("expected_log_likelihood").mean == pytest.approx(
        best.summary().mean + best.summary("overconfidence").mean
    )
    sharper = score_fixations(Searcher(2.0), truth).intervals()["overconfidence"]
    flatter = score_fixations(Searcher(0.5), truth).intervals()["overconfidence"]
    assert sharper.low > 0 > flatter.high


def test_on_a_phantom_the_likelihood_of_the_observer_is_its_negative_entropy() -> None:
    cases = [make_case(3, number) for number in (1, 2)]
    images = {case.name: case.image for case in cases}
    observer = Observer()
    paths = Scanpaths.concat(
        [searches(case, observer, 40, split="test", rng=[3, k]) for k, case in enumerate(cases)]
    )
    found = score_fixations(observer, truth_of(paths), images=images)
    rows = found.keys["position"] > 1
    # Over paths: of two images there is no interval worth its name.
    clusters, count = clusters_of(found.keys["record"][rows])
    off = mean_of(found.values["overconfidence"][rows], clusters, count)
    interval = ends({"off": off}, resamples=1000, rng=0)["off"]
    assert interval.low < 0 < interval.high
    assert found.summary().mean > 3
    assert found.refused.keys() == {"information_gain", "information_gain_published"}


# -- what is measured


def test_a_model_that_equals_the_prior_gains_nothing(others: dict[str, FixationScores]) -> None:
    gains = others["finding-prior"].values["information_gain"]
    assert np.abs(gains).max() <= 1e-9
    published = others["finding-prior"].summary("information_gain_published").mean
    assert published > 0.005  # its width is chosen


def test_the_published_prior_is_a_gaussian_of_24_px_round_the_findings_fixations(
    truth: Truth, others: dict[str, FixationScores]
) -> None:
    found = score_fixations(open_model("published-prior", truth).model, truth)
    assert np.abs(found.values["information_gain_published"]).max() <= 1e-9
    train = truth.trained_on
    assert train is not None
    here = train[train.finding == "edema"]
    later = np.ones(len(here.fixations), np.bool_)
    later[here.offsets[:-1]] = False
    at, spread = here.fixations[later, :2], 24 / 224 * 80
    edges = [np.arange(57) / 56 * side for side in SIZE]
    # The mass of a cell: the Gaussians' shares round the centres of the fixations' cells, added;
    # what leaves the screen is lost, and the rest brought to 1.
    centres = (np.floor(at / SIZE * 56) + 0.5) / 56 * SIZE
    sides = []
    for axis in (0, 1):
        below = norm.cdf((edges[axis][None] - centres[:, axis, None]) / spread)
        sides.append(np.diff(below, axis=1))
    mass = (sides[1][:, :, None] * sides[0][:, None, :]).sum(axis=0)
    mass /= mass.sum()
    row = np.flatnonzero((found.keys["finding"] == "edema") & (found.keys["position"] == 2))[0]
    x, y = truth.scored[found.keys["record"][row]].fixations[1, :2]
    bits = math.log2(mass[int(y / 60 * 56), int(x / 80 * 56)] * 56 * 56)
    assert found.values["log_likelihood"][row] == pytest.approx(bits)


def test_the_priors_of_the_released_data_reach_what_is_known_of_them(
    annotations: Scanpaths,
) -> None:
    """METRICS.md: on valid the published one 0.81 bits over uniform, one of 12 px 0.90."""
    truth = truth_of(annotations, split="valid", first_fixation="as-recorded")
    found = score_fixations(open_model("published-prior", truth).model, truth)
    assert found.summary().mean == pytest.approx(0.81, abs=0.005)
    best = score_fixations(open_model("finding-prior", truth).model, truth)
    assert best.summary().mean == pytest.approx(0.90, abs=0.01)


def test_likelihoods_are_those_of_next_fixation_bits(best: FixationScores, truth: Truth) -> None:
    bits = next_fixation_bits(Searcher(), truth.scored)
    assert best.values["log_likelihood"] == pytest.approx(bits.bits)
    assert best.summary().mean == pytest.approx(bits.mean())
    assert best.summary(first=True).mean == pytest.approx(bits.mean_first())


def test_every_path_has_a_decision_a_fixation_and_stops_once(
    best: FixationScores, truth: Truth
) -> None:
    decisions = best.termination
    assert decisions is not None
    assert len(decisions) == truth.scored.lengths.sum()
    assert decisions.stopped.sum() == len(truth.scored)
    stops = decisions.keys["after"][decisions.stopped]
    assert stops.tolist() == truth.scored.lengths.tolist()


def test_calibration_by_hand() -> None:
    """Told 0.2 four times, and once it was so; told 0.95 twice, and once it was so."""
    told = [0.2, 0.2, 0.2, 0.2, 0.95, 0.95]
    stopped = [True, False, False, False, True, False]
    decisions = _decisions(told, stopped)
    found = decisions.calibration()
    assert found.count.tolist() == [0, 0, 4, 0, 0, 0, 0, 0, 0, 2]
    assert found.told[[2, 9]] == pytest.approx([0.2, 0.95])
    assert found.stopped[[2, 9]] == pytest.approx([0.25, 0.5])
    assert found.error == pytest.approx((4 * 0.05 + 2 * 0.45) / 6)
    assert decisions.calibration(bins=1).error == pytest.approx(abs(2.7 - 2) / 6)


def test_certainty_is_in_the_last_bin() -> None:
    found = _decisions([1.0, 0.0], [True, False]).calibration()
    assert found.count.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found.error == 0


def _decisions(told: list[float], stopped: list[bool]):  # type: ignore[no-untyped-def]
    from gazesearch.evaluation.likelihood import Termination

    images = np.array([f"{k}.png" for k in range(len(told))], object)
    with np.errstate(divide="ignore"):
        log_stop = np.log(told)
    return Termination(keys={"image": images}, log_stop=log_stop, stopped=np.array(stopped))


def test_groups_are_means_of_their_own_fixations(best: FixationScores) -> None:
    by_finding = best.by("finding")
    assert list(by_finding) == ["all records", *FINDINGS]
    rows = (best.keys["finding"] == "edema") & (best.keys["position"] > 1)
    mean, interval = by_finding["edema"]["log_likelihood"]
    assert mean.mean == pytest.approx(best.values["log_likelihood"][rows].mean())
    assert mean.n == rows.sum()
    assert interval.low < mean.mean < interval.high
    by_position = best.by("position")
    assert list(by_position)[:3] == ["all records", "fixation 2", "fixation 3"]
    second = best.values["conditional_auc"][best.keys["position"] == 2]
    assert by_position["fixation 2"]["conditional_auc"][0].mean == pytest.approx(second.mean())
    with pytest.raises(UnknownName, match="unknown grouping"):
        best.by("colour")  # type: ignore[arg-type]


@pytest.mark.parametrize("batch", [1, 7])
def test_no_value_depends_on_the_batch(batch: int) -> None:
    truth = drawn(90)
    one, other = (score_fixations(Searcher(), truth, batch=size) for size in (batch, None))
    for name, values in one.values.items():
        assert values == pytest.approx(other.values[name], abs=1e-9, nan_ok=True)


def test_first_fixations_are_given_where_they_are_replaced() -> None:
    truth = drawn(90)
    replaced = score_fixations(Searcher(), truth.used, first_fixation="replace", split="test")
    assert replaced.keys["position"].min() == 2
    with pytest.raises(DataError, match="under replace are given, not predicted"):
        replaced.summary(first=True)
    assert "first_fixations" not in json.loads(replaced.to_json())


# -- what is counted, mixed, refused


def flat(**options: object) -> Conditional:
    return from_function(lambda *_: np.full((2, 2), 0.25), name="flat", **options)  # type: ignore[arg-type]


PATHS = Scanpaths.of(
    [[[1, 1, 0.2], [30, 15, 0.3], [40, 5, 0.4]], [[1, 1], [5, 5]], [[3, 3]]],
    image=["a", "b", "c"], finding="edema", screen_size=(40.0, 20.0),
)  # fmt: skip
HALF = np.array([[0.5, 0.5], [0.0, 0.0]])  # nothing in the lower half


def test_no_mass_makes_the_mean_infinite_and_is_counted_and_mixing_mends_it() -> None:
    model = from_function(lambda *_: HALF, name="half")
    found = score_fixations(model, PATHS)
    assert found.summary().mean == -math.inf
    assert (found.summary().impossible, found.summary().n, found.summary().undefined) == (1, 2, 1)
    assert math.isnan(found.intervals()["log_likelihood"].low)
    assert "1 fixations fell where the model has no mass" in found.to_table()
    assert "off the screen" in found.to_table()
    mixed = score_fixations(model, PATHS, mix_uniform=0.1)
    assert mixed.summary().mean == pytest.approx((math.log2(0.1) + math.log2(1.9)) / 2)
    assert mixed.mix_uniform == 0.1
    for name in ("conditional_nss", "conditional_auc"):
        assert mixed.values[name] == pytest.approx(found.values[name], nan_ok=True)


def test_the_share_that_valid_chooses_makes_valid_likeliest() -> None:
    truth = drawn(300)
    sharp = Searcher(4.0)
    found = score_fixations(sharp, truth, mix_uniform="valid")
    assert 0 < found.mix_uniform < 1
    valid = truth.used.where(split="valid")

    def likelihood(share: float) -> float:
        return score_fixations(sharp, valid, mix_uniform=share).summary().mean

    best = likelihood(found.mix_uniform)
    assert best > max(likelihood(found.mix_uniform * step) for step in (0.9, 1.1))
    assert score_fixations(Searcher(), truth, mix_uniform="valid").mix_uniform < 0.05
    with pytest.raises(DataError, match="no valid records apart from those scored"):
        score_fixations(sharp, valid, mix_uniform="valid")


def test_missing_durations_are_undefined_and_counted() -> None:
    found = score_fixations(Searcher(), Scanpaths.of(
        [[[1, 1, 0.2], [30, 15, 0.3]], [[1, 1], [5, 5]]],
        image=["a", "b"], finding="edema", screen_size=SIZE,
    ))  # fmt: skip
    scored = found.durations["duration_crps"]
    assert (scored.n, scored.undefined) == (1, 1)
    assert not score_fixations(flat(), PATHS).durations


def test_maps_a_little_off_are_brought_to_1_and_others_refused() -> None:
    found = score_fixations(from_function(lambda *_: HALF * 1.0005, name="off"), PATHS)
    assert found.counts.renormalised == 6
    assert found.values["log_likelihood"][0] == pytest.approx(1.0)
    with pytest.raises(DataError, match="off: record 0, fixation 1: the log masses sum to log 1.1"):
        score_fixations(from_function(lambda *_: HALF * 1.1, name="off"), PATHS)


def test_a_map_beyond_all_numbers_is_refused_without_a_warning() -> None:
    model = from_function(lambda *_: np.full((2, 2), 1000.0), name="off", as_log=True)
    with pytest.raises(DataError, match="the log masses sum to log inf: normalise them"):
        score_fixations(model, PATHS)


@pytest.mark.parametrize("worse", [{"wider": 1e300}, {"log_s": 1e300}, {"wider": -1.0}], ids=str)
def test_durations_that_would_be_left_out_of_the_mean_are_refused(
    worse: dict[str, float],
) -> None:
    with pytest.raises(DataError, match="must be within 100 of 0, the spread above it"):
        score_fixations(Searcher(**worse), drawn(15))


def test_mistakes_are_told(truth: Truth) -> None:
    with pytest.raises(BadSetting, match="mix_uniform=2: must be from 0 to 1, or 'valid'"):
        score_fixations(flat(), PATHS, mix_uniform=2)
    with pytest.raises(BadSetting, match="batch=0"):
        score_fixations(flat(), PATHS, batch=0)
    with pytest.raises(BadSetting, match="a Truth is chosen already"):
        score_fixations(flat(), truth, split="test")
    with pytest.raises(BadSetting, match="medoid: gives paths and no densities"):
        open_model("medoid", truth)
    with pytest.raises(UnknownName, match="did you mean history-density"):
        open_model("historydensity", truth)
    with pytest.raises(DataError, match="no train records apart"):
        open_model("uniform", truth_of(PATHS))


def test_nothing_scored_has_no_mean() -> None:
    found = score_fixations(flat(), PATHS[2:])
    assert (found.summary().n, math.isnan(found.summary().mean)) == (0, True)
    assert "undefined" in found.to_table()


# -- files


def test_scores_are_the_same_after_saving_and_loading(best: FixationScores, tmp_path: Path) -> None:
    best.save(tmp_path, by="finding")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "decisions.parquet", "fixations.parquet",
        "likelihood.csv", "likelihood.json", "likelihood.md",
    ]  # fmt: skip
    again = FixationScores.load(tmp_path)
    assert again.to_json(by="length") == best.to_json(by="length")
    assert again.to_table() == best.to_table()
    for name, values in best.values.items():
        assert np.array_equal(again.values[name], values, equal_nan=True)
    assert json.loads((tmp_path / "likelihood.json").read_text())["groups"].keys() == {*FINDINGS}


def test_a_changed_table_is_not_read(best: FixationScores, tmp_path: Path) -> None:
    best.save(tmp_path)
    other = best.to_arrow().slice(1)
    from pyarrow import parquet

    parquet.write_table(other, tmp_path / "fixations.parquet")
    with pytest.raises(DataError, match="is another one than was written with it"):
        FixationScores.load(tmp_path)


def test_tables_say_what_was_scored(best: FixationScores) -> None:
    said = best.to_table(by="finding")
    assert "Log-likelihood over uniform [bits] ↑" in said
    assert "Duration CRPS [s] ↓" in said
    assert "calibration error ↓" in said
    assert "means over fixations 2 to n" in said
    rows = best.to_csv(by="finding").splitlines()
    assert rows[0].startswith("group,measure,mean")
    assert len(rows) == 1 + 4 * 10
