"""Fixation maps and their scores: hand-derived values, second implementations, properties."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from gazesearch.errors import BadSetting, DataError
from gazesearch.metrics.fixation_maps import (
    auc_judd,
    cc,
    fixation_map,
    information_gain,
    kl,
    map_scores,
    map_shape,
    nss,
    sim,
)

NAN, INF = math.nan, math.inf
SCORES = {"map_cc", "map_nss", "map_kl", "map_auc_judd", "map_sim", "map_information_gain"}
SCREEN = (6, 4)  # width, height: six columns, four rows
MAP_PAIRS = [cc, kl, sim]
POINT_SCORES = [nss, auc_judd, lambda points, m, screen: information_gain(points, m, m, screen)]


def some_map(shape=(4, 6), seed=0):
    return np.random.default_rng(seed).uniform(0.1, 1, shape)


# -- cells ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("screen", "shape"),
    [
        pytest.param((224, 224), (224, 224), id="GazeSearch"),
        pytest.param((1680, 1050), (140, 224), id="COCO-Search18"),
        pytest.param((400, 300), (168, 224), id="OSIE"),
        pytest.param((100, 50), (50, 100), id="one cell a px"),
        pytest.param((448, 896), (224, 112), id="upright"),
        pytest.param((10_000, 1), (1, 224), id="never without a row"),
    ],
)
def test_map_shape(screen, shape):
    assert map_shape(screen) == shape
    assert fixation_map([[0, 0]], screen).shape == shape


@pytest.mark.parametrize(
    ("point", "row", "column"),
    [
        pytest.param([0, 0], 0, 0, id="origin"),
        pytest.param([5, 0], 0, 5, id="x is the column"),
        pytest.param([0, 3], 3, 0, id="y is the row"),
        pytest.param([1.999, 2.999], 2, 1, id="inside a cell"),
        pytest.param([2, 3], 3, 2, id="an edge belongs to the cell that it opens"),
        pytest.param([np.nextafter(6, 0), np.nextafter(4, 0)], 3, 5, id="just short of the end"),
    ],
)
def test_scores_read_the_map_at_the_fixated_cell(point, row, column):
    # One cell holds all but a little of the mass: the gain over a uniform map tells which was read.
    sharp = np.full((4, 6), 0.01)
    sharp[row, column] = 1
    share = 1 / sharp.sum()
    gain = information_gain([point], sharp, np.ones((4, 6)), SCREEN)
    assert gain == pytest.approx(math.log2(share * 24), rel=1e-14)
    assert auc_judd([point], sharp, SCREEN) == 1.0
    assert nss([point], sharp, SCREEN) == pytest.approx((1 - sharp.mean()) / sharp.std())


def test_cells_may_be_coarser_than_px():
    # Three columns, two rows on 6 x 4 px: (5, 1) is in row floor(1 * 2 / 4), column floor(5 / 2).
    coarse = [[1, 1, 5], [1, 1, 1]]
    assert information_gain([[5, 1]], coarse, np.ones((2, 3)), SCREEN) == pytest.approx(
        math.log2(0.5 * 6)
    )


def test_a_coordinate_rounded_up_to_the_far_edge_stays_on_the_map():
    # 0.1 px wide screen, 3 cells: x * 3 / width may round to 3 although x < width.
    for width in np.random.default_rng(0).uniform(0.1, 10, 200):
        x = np.nextafter(width, 0)
        assert math.isfinite(nss([[x, 0.5]], [[1, 2, 4]], (width, 1)))


@pytest.mark.parametrize("outside", [[-0.001, 1], [6, 1], [1, -0.001], [1, 4], [-50, 900]])
@pytest.mark.parametrize("score", POINT_SCORES)
def test_fixations_off_the_screen_are_left_out_of_scores_at_fixations(score, outside):
    predicted = some_map()
    assert score([[1, 1], outside, [4, 2]], predicted, SCREEN) == score(
        [[1, 1], [4, 2]], predicted, SCREEN
    )
    assert math.isnan(score([outside], predicted, SCREEN))


# -- the map --------------------------------------------------------------------------------------


def map_plainly(points, weights, screen, shape, sigma):
    """The density cell by cell, fixation by fixation."""
    (width, height), (rows, columns) = screen, shape
    total = np.zeros(shape)
    for row in range(rows):
        for column in range(columns):
            x, y = (column + 0.5) * width / columns, (row + 0.5) * height / rows
            total[row, column] = sum(
                weight * math.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * sigma**2))
                for (px, py), weight in zip(points, weights, strict=True)
            )
    return total / total.sum()


@pytest.mark.parametrize(
    ("screen", "sigma"), [((20, 12), 3.0), ((12, 20), 0.7), ((400, 8), 20.0), ((7.5, 5.25), 1.0)]
)
def test_map_agrees_with_the_plain_sum(screen, sigma):
    rng = np.random.default_rng(1)
    points = rng.uniform(-5, np.array(screen) + 5, (6, 2))  # some off the screen
    weights = rng.uniform(0, 2, 6)
    found = fixation_map(points, screen, sigma_px=sigma, weights=weights)
    expected = map_plainly(points, weights, screen, map_shape(screen), sigma)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    unweighted = map_plainly(points, np.ones(6), screen, map_shape(screen), sigma)
    np.testing.assert_allclose(fixation_map(points, screen, sigma_px=sigma), unweighted, rtol=1e-12)


@pytest.mark.parametrize(("screen", "sigma"), [((224, 224), None), ((224, 140), 16), ((90, 60), 5)])
def test_map_agrees_with_scipy_where_fixations_are_cell_centres(screen, sigma):
    # A sampled Gaussian of 5 px or more sums to its integral within rounding, so that scipy's
    # normalisation of its kernel changes nothing once both maps sum to 1.
    width, height = screen
    rng = np.random.default_rng(2)
    counts = np.zeros((height, width))
    points = np.column_stack([rng.integers(0, width, 9), rng.integers(0, height, 9)])
    np.add.at(counts, (points[:, 1], points[:, 0]), 1)
    blurred = gaussian_filter(counts, sigma or 16, mode="constant", truncate=40)
    np.testing.assert_allclose(
        fixation_map(points + 0.5, screen, sigma_px=sigma),
        blurred / blurred.sum(),
        rtol=1e-9,
        atol=1e-30,
    )


def test_the_default_sigma_is_a_fourteenth_of_the_longer_side():
    for screen, sigma in [((224, 224), 16), ((1680, 1050), 120), ((300, 420), 30)]:
        np.testing.assert_array_equal(
            fixation_map([[100, 90]], screen), fixation_map([[100, 90]], screen, sigma_px=sigma)
        )


def test_the_map_peaks_at_the_fixation_and_falls_as_a_gaussian():
    # Centres lie at half px: (20.5, 9.5) is the centre of row 9, column 20. Three cells right and
    # four down are 5 px away: exp(-25 / (2 * 5^2)) = exp(-1/2).
    density = fixation_map([[20.5, 9.5]], (40, 30), sigma_px=5)
    assert np.unravel_index(density.argmax(), density.shape) == (9, 20)
    assert density[13, 23] / density[9, 20] == pytest.approx(math.exp(-0.5), rel=1e-14)


def test_a_fixation_off_the_screen_adds_its_tail():
    near = fixation_map([[50, 20], [-10, 20]], (100, 40), sigma_px=8)
    alone = fixation_map([[50, 20]], (100, 40), sigma_px=8)
    assert near[20, 0] > 100 * alone[20, 0]
    tail = fixation_map([[-10, 20]], (100, 40), sigma_px=8)
    assert tail.sum() == pytest.approx(1)
    assert tail.argmax() % 100 == 0  # the nearest column


def test_durations_are_not_looked_at():
    np.testing.assert_array_equal(
        fixation_map([[3, 2, NAN], [1, 1, 7]], SCREEN), fixation_map([[3, 2], [1, 1]], SCREEN)
    )


@pytest.mark.parametrize(
    ("points", "weights"),
    [
        pytest.param([], None, id="no fixation"),
        pytest.param(np.empty((0, 3)), None, id="empty array"),
        pytest.param([[1, 1]], [0], id="no weight"),
        pytest.param([[1e6, 1e6]], None, id="far off the screen"),
        pytest.param([[1e300, -1e300]], None, id="so far that its square overflows"),
    ],
)
def test_a_map_without_mass_is_undefined(points, weights):
    found = fixation_map(points, SCREEN, weights=weights)
    assert found.shape == (4, 6)
    assert np.isnan(found).all()


point = st.tuples(st.floats(-50, 250), st.floats(-50, 250))
points_ = st.lists(point, min_size=1, max_size=6)


@given(points_, st.floats(5, 60))
def test_a_map_is_a_density_and_does_not_depend_on_order(points, sigma):
    density = fixation_map(points, (200, 150), sigma_px=sigma)
    assert (density >= 0).all()
    assert density.sum() == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(
        fixation_map(points[::-1], (200, 150), sigma_px=sigma), density, rtol=1e-12
    )


@given(points_, st.sampled_from([0.5, 3.0, 100.0]))
def test_equal_weights_and_repeats_change_nothing(points, weight):
    density = fixation_map(points, (200, 150))
    weighted = fixation_map(points, (200, 150), weights=[weight] * len(points))
    np.testing.assert_allclose(weighted, density, rtol=1e-12)
    np.testing.assert_allclose(fixation_map(points * 2, (200, 150)), density, rtol=1e-12)


# -- scores by hand -------------------------------------------------------------------------------


def test_cc_by_hand():
    # Deviations -1, 0, 1 and -1, 1, 0: covariance 1, each with squares summing to 2: 1 / 2.
    assert cc([[1, 2, 3]], [[10, 30, 20]]) == pytest.approx(0.5, rel=1e-15)
    assert cc([[1, 2, 3]], [[3, 2, 1]]) == pytest.approx(-1, rel=1e-15)


def test_nss_by_hand():
    # 1, 2, 3, 6: mean 3, squares 4 + 1 + 0 + 9 = 14 over 4 cells. At 6 and 2: (3 - 1) / 2 = 1
    # over sqrt(14 / 4); the cell of 6 fixated twice: (3 + 3 - 1) / 3.
    values, screen = [[1, 2], [3, 6]], (2, 2)
    assert nss([[1, 1], [1, 0]], values, screen) == pytest.approx(1 / math.sqrt(3.5), rel=1e-15)
    twice = [[1, 1], [1.5, 1.5], [1, 0]]
    assert nss(twice, values, screen) == pytest.approx(5 / 3 / math.sqrt(3.5), rel=1e-15)


def test_kl_by_hand():
    # Q = 1/4, 3/4 and P = 1/2, 1/2: (1/4) ln(1/2) + (3/4) ln(3/2).
    expected = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    assert kl([[1, 3]], [[7, 7]]) == pytest.approx(expected, rel=1e-14)
    # The other way round: (1/2) ln 2 + (1/2) ln(2/3).
    expected = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    assert kl([[7, 7]], [[1, 3]]) == pytest.approx(expected, rel=1e-14)


def test_kl_is_regularised_where_the_prediction_has_no_mass():
    # Q = 1/2, 1/2 and P = 1, 0: (1/2) ln(1/2) + (1/2) ln(1 / (2 e)), e = 2^-52: 25 ln 2.
    assert kl([[1, 1]], [[1, 0]]) == pytest.approx(25 * math.log(2), rel=1e-14)
    assert kl([[1, 0]], [[1, 1]]) == pytest.approx(math.log(2), rel=1e-14)


def test_sim_by_hand():
    # 1/4, 3/4, 0 and 1/2, 1/4, 1/4 share 1/4 + 1/4 + 0. Subtracting the minimum first, as the
    # published code does, would give other densities of the second: 1, 0, 0.
    assert sim([[1, 3, 0]], [[2, 1, 1]]) == 0.5
    assert sim([[1, 0]], [[0, 5]]) == 0.0


@pytest.mark.parametrize(
    ("columns", "values", "expected"),
    [
        # Thresholds 4 (nothing else at or above: 0, 1/2) and 2 (one of two others: 1/2, 1):
        # trapezia 0, (1/2)(1/2 + 1)/2 = 3/8, (1/2) 1.
        pytest.param([0, 2], [4, 3, 2, 1], 7 / 8, id="untied"),
        # One threshold: all of the other cells and the fixated one: the diagonal.
        pytest.param([1], [5, 5, 5], 1 / 2, id="constant map"),
        # Threshold 3 holds both fixated cells and one of two others: (1/2, 1): 1/4 + 1/2.
        pytest.param([0, 1], [3, 3, 3, 1], 3 / 4, id="tie of fixated and other cells"),
        # 9: (0, 1/3); 5, twice fixated and once not: (1/2, 1): (1/2)(1/3 + 1)/2 + 1/2.
        pytest.param([0, 1, 2], [9, 5, 5, 5, 1], 5 / 6, id="a value of two fixated cells"),
        pytest.param([0], [1, 2, 3], 1 / 2, id="the lowest cell fixated"),
        pytest.param([2], [1, 2, 3], 1.0, id="the highest cell fixated"),
    ],
)
def test_auc_judd_by_hand(columns, values, expected):
    points = [[column + 0.5, 0.5] for column in columns]
    assert auc_judd(points, [values], (len(values), 1)) == pytest.approx(expected, rel=1e-15)
    # A cell is fixated or not: looking twice changes nothing.
    assert auc_judd(points + points[:1], [values], (len(values), 1)) == pytest.approx(expected)


def test_information_gain_by_hand():
    # P = 1/8, 3/8, 4/8 over B = 1/4, 1/4, 2/4: log2 of 1/2 and of 3/2, the latter fixated twice.
    points = [[0, 0], [1, 0], [1.5, 0.5]]
    gain = information_gain(points, [[1, 3, 4]], [[5, 5, 10]], (3, 1))
    assert gain == pytest.approx((-1 + 2 * math.log2(1.5)) / 3, rel=1e-14)


@pytest.mark.parametrize(
    ("predicted", "baseline", "expected"),
    [
        pytest.param([0, 1, 1], [1, 1, 1], -INF, id="no predicted mass"),
        pytest.param([1, 1, 1], [0, 1, 1], INF, id="no baseline mass"),
        pytest.param([0, 1, 1], [0, 1, 1], NAN, id="neither"),
        pytest.param([0, 1, 1], [1, 0, 1], NAN, id="each at another fixation"),
        pytest.param([1, 1, 0], [1, 1, 0], 0, id="neither, where nobody looked"),
    ],
)
def test_information_gain_where_mass_is_missing(predicted, baseline, expected):
    gain = information_gain([[0, 0], [1, 0]], [predicted], [baseline], (3, 1))
    np.testing.assert_equal(gain, expected)


# -- undefined and refused ------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [NAN, INF, -INF])
def test_a_map_with_a_cell_that_is_not_finite_leaves_every_score_undefined(broken):
    good, bad = some_map(), some_map()
    bad[2, 3] = broken
    for score in MAP_PAIRS:
        assert math.isnan(score(good, bad))
        assert math.isnan(score(bad, good))
    for score in POINT_SCORES:
        assert math.isnan(score([[1, 1]], bad, SCREEN))
    assert math.isnan(information_gain([[1, 1]], good, bad, SCREEN))


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 50176, 7e300])
def test_a_constant_map_leaves_cc_and_nss_undefined(value):
    constant = np.full((4, 6), value)
    assert math.isnan(cc(constant, some_map()))
    assert math.isnan(cc(some_map(), constant))
    assert math.isnan(nss([[1, 1]], constant, SCREEN))
    assert auc_judd([[1, 1]], constant, SCREEN) == 0.5


def test_a_map_of_zeros_is_no_density():
    nothing = np.zeros((4, 6))
    for score in (kl, sim):
        assert math.isnan(score(nothing, some_map()))
        assert math.isnan(score(some_map(), nothing))
    assert math.isnan(information_gain([[1, 1]], nothing, some_map(), SCREEN))
    assert math.isnan(information_gain([[1, 1]], some_map(), nothing, SCREEN))


@pytest.mark.parametrize("score", POINT_SCORES)
def test_no_fixation_leaves_scores_at_fixations_undefined(score):
    assert math.isnan(score([], some_map(), SCREEN))


def test_auc_is_undefined_where_every_cell_is_fixated():
    assert math.isnan(auc_judd([[0, 0], [1, 0]], [[1, 2]], (2, 1)))


def test_maps_of_unequal_shape_are_refused():
    a, b = np.ones((4, 6)), np.ones((6, 4))
    for score in MAP_PAIRS:
        with pytest.raises(DataError, match=r"\(4, 6\) and \(6, 4\)"):
            score(a, b)
    with pytest.raises(DataError, match=r"\(4, 6\) and \(6, 4\)"):
        information_gain([[1, 1]], a, b, SCREEN)
    with pytest.raises(DataError, match="of shape"):
        map_scores([[1, 1]], [[1, 1]], SCREEN, baseline_map=b)


@pytest.mark.parametrize("shape", [(0,), (0, 4), (6,), (2, 3, 4), ()])
def test_what_is_no_map_is_refused(shape):
    values = np.ones(shape)
    for score in MAP_PAIRS:
        with pytest.raises(DataError, match=r"must be \(h, w\)"):
            score(values, values)
    for score in POINT_SCORES:
        with pytest.raises(DataError, match=r"must be \(h, w\)"):
            score([[1, 1]], values, SCREEN)


def test_masses_below_0_are_refused_where_a_density_is_needed():
    logarithms = -some_map()
    for score in (kl, sim):
        with pytest.raises(DataError, match="below 0"):
            score(some_map(), logarithms)
    with pytest.raises(DataError, match="below 0"):
        information_gain([[1, 1]], logarithms, some_map(), SCREEN)
    assert cc(some_map(), logarithms) == pytest.approx(-1)  # any real map will do here


@pytest.mark.parametrize(
    "points", [[[1]], [1, 2, 3], [[1, 2, 3, 4]], [[NAN, 1]], [[1, INF]], [[[1, 2]]]]
)
def test_faulty_fixations_are_refused(points):
    with pytest.raises(DataError, match="fixations"):
        fixation_map(points, SCREEN)
    for score in POINT_SCORES:
        with pytest.raises(DataError, match="fixations"):
            score(points, some_map(), SCREEN)
    with pytest.raises(DataError, match="fixations"):
        map_scores([[1, 1]], points, SCREEN)


@pytest.mark.parametrize("weights", [[1], [1, -1], [1, NAN], [1, INF], [[1, 1]], 1.0])
def test_faulty_weights_are_refused(weights):
    with pytest.raises(DataError, match="weights"):
        fixation_map([[1, 1], [2, 2]], SCREEN, weights=weights)


@pytest.mark.parametrize("screen", [(0, 4), (6, -4), (NAN, 4), (6, INF)])
def test_an_impossible_screen_is_refused(screen):
    with pytest.raises(BadSetting, match="screen_size"):
        map_shape(screen)
    with pytest.raises(BadSetting, match="screen_size"):
        nss([[1, 1]], some_map(), screen)


@pytest.mark.parametrize("sigma", [0, -1.0, NAN, INF])
def test_an_impossible_sigma_is_refused(sigma):
    with pytest.raises(BadSetting, match="sigma_px"):
        fixation_map([[1, 1]], SCREEN, sigma_px=sigma)
    with pytest.raises(BadSetting, match="sigma_px"):
        map_scores([[1, 1]], [[1, 1]], SCREEN, sigma_px=sigma)


@pytest.mark.parametrize("scale", [1e-300, 1.5e308])
def test_very_small_and_very_large_maps_do_not_overflow(scale):
    a, b = some_map(seed=1), some_map(seed=2)
    for score in MAP_PAIRS:
        assert score(a * scale, b * scale) == pytest.approx(score(a, b), rel=1e-9)
    assert nss([[1, 1]], a * scale, SCREEN) == pytest.approx(nss([[1, 1]], a, SCREEN), rel=1e-9)


# -- against second implementations and properties ------------------------------------------------

# Few distinct values, so that ties are the rule; the plain random maps have none.
tied_maps = arrays(np.float64, (4, 6), elements=st.integers(0, 3).map(float))
untied_maps = st.integers(0, 2**32 - 1).map(lambda seed: some_map(seed=seed))
on_screen = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3)).map(lambda p: (p[0] + 0.5, p[1] + 0.25)),
    min_size=1,
    max_size=10,
)


def auc_plainly(points, values):
    """The published loop over thresholds, with every cell counted and no jitter."""
    fixated = {(int(y), int(x)) for x, y in points}
    inside = [values[cell] for cell in fixated]
    others = [v for cell, v in np.ndenumerate(values) if cell not in fixated]
    if not others:
        return NAN
    curve = [(0.0, 0.0)]
    for threshold in sorted(set(inside), reverse=True):
        curve.append(
            (
                sum(v >= threshold for v in others) / len(others),
                sum(v >= threshold for v in inside) / len(inside),
            )
        )
    curve.append((1.0, 1.0))
    return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(curve))


@given(on_screen, st.one_of(tied_maps, untied_maps))
def test_auc_agrees_with_the_plain_definition(points, values):
    np.testing.assert_allclose(
        auc_judd(points, values, SCREEN), auc_plainly(points, values), rtol=1e-13
    )


@pytest.fixture(scope="module")
def roc_auc_score():
    return pytest.importorskip("sklearn.metrics", reason="needs the extra `cluster`").roc_auc_score


@given(points=on_screen, values=untied_maps)
def test_auc_of_an_untied_map_is_the_ordinary_one_plus_what_straight_lines_add(
    roc_auc_score, points, values
):
    # With t_1 > ... > t_n the fixated values and f_i the share of other cells above t_i, the
    # ordinary area is 1 - mean f. The trapezia between the points (f_i, i/n) come to
    # sum (f_i - f_(i-1)) (2i - 1) / 2n + 1 - f_n = 1 - mean f + f_n / 2n.
    fixated = np.zeros((4, 6), dtype=bool)
    for x, y in points:
        fixated[int(y), int(x)] = True
    lowest = np.mean(values[~fixated] > values[fixated].min())
    expected = roc_auc_score(fixated.ravel(), values.ravel()) + lowest / (2 * fixated.sum())
    assert auc_judd(points, values, SCREEN) == pytest.approx(expected, rel=1e-12)


@given(on_screen, st.one_of(tied_maps, untied_maps))
def test_auc_sees_only_the_order_of_the_map(points, values):
    auc = auc_judd(points, values, SCREEN)
    assert 0 <= auc <= 1
    for monotone in (np.exp(values), values**3, np.log1p(values), values * 7 - 100):
        assert auc_judd(points, monotone, SCREEN) == auc


@given(untied_maps, untied_maps)
def test_cc_agrees_with_numpy_and_is_symmetric_and_bounded(a, b):
    assert cc(a, b) == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1], rel=1e-11, abs=1e-14)
    assert cc(a, b) == cc(b, a)
    assert -1 <= cc(a, b) <= 1
    assert cc(a, a) == pytest.approx(1, rel=1e-14)
    assert cc(a * 3 + 1, b) == pytest.approx(cc(a, b), rel=1e-10, abs=1e-13)


@given(on_screen, untied_maps, st.floats(0.01, 100), st.floats(-10, 10))
def test_nss_agrees_with_the_plain_definition_and_ignores_affine_changes(points, m, slope, lift):
    plain = np.mean([(m[int(y), int(x)] - m.mean()) / m.std() for x, y in points])
    assert nss(points, m, SCREEN) == pytest.approx(plain, rel=1e-10, abs=1e-13)
    assert nss(points, slope * m + lift, SCREEN) == pytest.approx(plain, rel=1e-6, abs=1e-9)
    assert nss(points, -m, SCREEN) == pytest.approx(-plain, rel=1e-10, abs=1e-13)


def test_nss_of_every_cell_once_is_0():
    everywhere = [(x + 0.5, y + 0.5) for x in range(6) for y in range(4)]
    assert nss(everywhere, some_map(), SCREEN) == pytest.approx(0, abs=1e-14)


@given(untied_maps, untied_maps)
def test_kl_agrees_with_the_plain_definition(a, b):
    q, p = a / a.sum(), b / b.sum()
    plain = sum(x * math.log(x / y) for x, y in zip(q.flat, p.flat, strict=True))
    assert kl(a, b) == pytest.approx(plain, rel=1e-9, abs=1e-12)


@given(tied_maps, tied_maps)
def test_kl_and_sim_keep_their_bounds(a, b):
    assume(a.any() and b.any())
    assert kl(a, b) >= 0
    assert kl(a, a) == pytest.approx(0, abs=1e-13)
    assert 0 <= sim(a, b) <= 1
    assert sim(a, b) == sim(b, a)
    assert sim(a, a) == pytest.approx(1, rel=1e-14)
    # The shared mass is one less half the summed differences.
    apart = np.abs(a / a.sum() - b / b.sum()).sum() / 2
    assert sim(a, b) == pytest.approx(1 - apart, abs=1e-14)
    for factor in (0.25, 8.0):
        assert sim(a * factor, b) == sim(a, b)
        assert kl(a, b * factor) == kl(a, b)


def test_equal_maps_of_full_size_have_no_divergence():
    density = fixation_map([[100, 100], [20, 200]], (224, 224))
    assert kl(density, density) == 0.0


@given(on_screen, untied_maps, untied_maps, untied_maps)
def test_information_gain_adds_up_along_a_chain_of_maps(points, a, b, c):
    def gain(predicted, baseline):
        return information_gain(points, predicted, baseline, SCREEN)

    assert gain(a, b) + gain(b, c) == pytest.approx(gain(a, c), rel=1e-10, abs=1e-12)
    assert gain(a, b) == pytest.approx(-gain(b, a), rel=1e-12)
    assert gain(a, a) == 0
    assert gain(5 * a, b / 7) == pytest.approx(gain(a, b), rel=1e-10, abs=1e-12)


# -- all scores of one (image, finding) -----------------------------------------------------------

LOOK, OTHER = [[112, 112], [60, 64], [150, 30]], [[112, 112], [75, 70]]


def test_map_scores_are_those_of_each_function():
    screen, sigma = (224, 150), 11.0
    baseline = fixation_map([[112, 75]], screen, sigma_px=40)
    q = fixation_map(LOOK, screen, sigma_px=sigma)
    p = fixation_map(OTHER, screen, sigma_px=sigma)
    assert map_scores(LOOK, OTHER, screen, sigma_px=sigma, baseline_map=baseline) == {
        "map_cc": cc(q, p),
        "map_nss": nss(LOOK, p, screen),
        "map_kl": kl(q, p),
        "map_auc_judd": auc_judd(LOOK, p, screen),
        "map_sim": sim(q, p),
        "map_information_gain": information_gain(LOOK, p, baseline, screen),
    }


def test_map_scores_tell_reference_from_prediction():
    forth, back = map_scores(LOOK, OTHER, (224, 224)), map_scores(OTHER, LOOK, (224, 224))
    for name in ("map_nss", "map_kl", "map_auc_judd"):
        assert forth[name] != pytest.approx(back[name], rel=1e-3)


def test_without_a_baseline_information_gain_alone_is_undefined():
    scores = map_scores(LOOK, OTHER, (224, 224))
    assert {name for name, score in scores.items() if math.isnan(score)} == {"map_information_gain"}
    assert set(scores) == SCORES


def test_no_prediction_counts_as_0_or_is_undefined_where_there_is_no_worst():
    baseline = fixation_map([[112, 112]], (224, 224), sigma_px=40)
    scores = map_scores(LOOK, None, (224, 224), baseline_map=baseline)
    assert math.isnan(scores.pop("map_kl"))
    assert math.isnan(scores.pop("map_information_gain"))
    assert scores == {"map_cc": 0, "map_nss": 0, "map_auc_judd": 0, "map_sim": 0}


@pytest.mark.parametrize("predicted", [OTHER, None])
def test_a_reference_without_fixations_leaves_everything_undefined(predicted):
    scores = map_scores([], predicted, (224, 224), baseline_map=np.ones((224, 224)))
    assert set(scores) == SCORES
    assert all(math.isnan(score) for score in scores.values())


@pytest.mark.parametrize("predicted", [OTHER, None])
def test_a_reference_just_off_the_screen_has_a_map_but_no_score_at_fixations(predicted):
    scores = map_scores([[-5, 50]], predicted, (224, 224), baseline_map=np.ones((224, 224)))
    undefined = {name for name, score in scores.items() if math.isnan(score)}
    no_worst = {"map_kl"} if predicted is None else set()
    assert undefined == {"map_nss", "map_auc_judd", "map_information_gain"} | no_worst


def test_an_empty_prediction_is_undefined_not_missing():
    scores = map_scores(LOOK, [], (224, 224), baseline_map=np.ones((224, 224)))
    assert all(math.isnan(score) for score in scores.values())


@given(
    st.lists(st.tuples(st.floats(0, 300), st.floats(0, 400)), min_size=1, max_size=5),
    st.lists(st.tuples(st.floats(-20, 320), st.floats(-20, 420)), min_size=1, max_size=5),
    st.sampled_from([2.0, 8.0]),
)
def test_map_scores_do_not_depend_on_the_unit_of_the_screen(looked, predicted, scale):
    # Beyond 224 px the cells grow with the screen; powers of two round nothing.
    scores = map_scores(looked, predicted, (300, 400), sigma_px=25)
    scaled = map_scores(
        np.array(looked) * scale,
        np.array(predicted) * scale,
        (300 * scale, 400 * scale),
        sigma_px=25 * scale,
    )
    assert scaled == pytest.approx(scores, nan_ok=True, rel=1e-12)
