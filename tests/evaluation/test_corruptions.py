"""Each ladder spoils one thing, and the more the stronger."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch import Scanpaths
from gazesearch.errors import BadSetting, UnknownName
from gazesearch.evaluation.corruptions import LADDERS, corrupted


@pytest.fixture(scope="module")
def paths() -> Scanpaths:
    rng = np.random.default_rng(0)
    made = [rng.uniform(0, [200, 100, 1], (n, 3)) for n in (1, 2, 5, 9, 0)]
    return Scanpaths.of(made, image=list("abcde"), finding="edema", screen_size=(200, 100))


@pytest.mark.parametrize("ladder", LADDERS)
def test_strength_0_changes_nothing_and_no_fixation_leaves_the_screen(
    ladder: str, paths: Scanpaths
) -> None:
    assert np.array_equal(corrupted(paths, ladder, 0).fixations, paths.fixations)
    for strength in LADDERS[ladder].steps:
        spoilt = corrupted(paths, ladder, strength)
        assert (spoilt.fixations[:, :2] >= 0).all()
        assert (spoilt.fixations[:, :2] < (200, 100)).all()
        assert (spoilt.lengths > 0).tolist() == [True, True, True, True, False]
        assert spoilt == corrupted(paths, ladder, strength)


@pytest.mark.parametrize("ladder", ["swap", "reversal"])
def test_order_alone_is_spoilt(ladder: str, paths: Scanpaths) -> None:
    for was, now in zip(paths, corrupted(paths, ladder, LADDERS[ladder].steps[-1]), strict=True):
        assert sorted(was.fixations.tolist()) == sorted(now.fixations.tolist())
    assert not np.array_equal(corrupted(paths, ladder, 1).fixations, paths.fixations)


def test_durations_alone_are_spoilt(paths: Scanpaths) -> None:
    spoilt = corrupted(paths, "durations", 1)
    assert np.array_equal(spoilt.fixations[:, :2], paths.fixations[:, :2])
    assert (spoilt.durations != paths.durations).all()


def test_jitter_and_shift_move_as_far_as_they_say(paths: Scanpaths) -> None:
    middle = Scanpaths.of(
        [[[100, 50, 1]] * 4] * 400, image=["a"] * 400, finding="edema", screen_size=(200, 100)
    )
    off = corrupted(middle, "jitter", 0.05).fixations[:, :2] - (100, 50)
    assert off.std() == pytest.approx(0.05 * 200, rel=0.05)
    off = corrupted(middle, "shift", 0.05).fixations[:, :2] - (100, 50)
    assert np.hypot(*off.T) == pytest.approx(0.05 * 200)
    assert np.ptp(off.reshape(400, 4, 2), axis=1).max() < 1e-9


def test_what_is_cut_off_and_put_in_builds_on_the_weaker_step(paths: Scanpaths) -> None:
    for was, now in zip(paths, corrupted(paths, "truncation", 0.4), strict=True):
        assert np.array_equal(now.fixations, was.fixations[: len(now)])
    lengths = [corrupted(paths, "added", step).lengths[3] for step in (0.25, 0.5, 1, 2)]
    assert lengths == [11, 13, 18, 27]
    weaker, stronger = (corrupted(paths, "added", step)[3].fixations for step in (0.5, 1.0))
    kept = [row for row in stronger.tolist() if row in weaker.tolist()]
    assert kept == weaker.tolist()


def test_unknown_ladders_and_negative_strengths_are_refused(paths: Scanpaths) -> None:
    with pytest.raises(UnknownName, match="jiter"):
        corrupted(paths, "jiter", 1)
    with pytest.raises(BadSetting, match="strength=-1"):
        corrupted(paths, "jitter", -1)
