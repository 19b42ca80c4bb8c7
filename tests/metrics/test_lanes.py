"""Many pairs side by side: no value depends on how many predictions share a tile, or which."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch import metrics
from gazesearch.errors import BadSetting, DataError, MissingDurations
from gazesearch.metrics import _lanes, _pairs, get, paired, pairwise, pairwise_blocks
from gazesearch.metrics._lanes import LANES

SCREEN = (224, 224)
NAMES = [m.name for m in metrics.TABLE if m.kind == "pair" and m.name != "sequence_score"]
QUICK = settings(deadline=None, max_examples=40)


def random_paths(n: int, most: int, seed: int = 0) -> list[Any]:
    """Paths of 0 to `most` fixations on few places, with few durations: ties are common."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, most + 1, n)
    return [rng.integers(0, 8, (k, 3)) * (30, 30, 0.07) for k in lengths]


def one_by_one(name: str, references: list[Any], predictions: list[Any]) -> Any:
    """Every pair scored in a call of its own."""
    scores = [
        paired([name], [a], [b], screen_size=SCREEN)[name][0]
        for a in references
        for b in predictions
    ]
    return np.reshape(scores, (len(references), len(predictions)))


@pytest.mark.parametrize("name", NAMES)
def test_a_full_tile_gives_what_single_pairs_give(name: str) -> None:
    # Over two tiles, the last of them in part; equal paths in one lane and in another.
    predictions = random_paths(2 * LANES + 5, most=9)
    references = [*random_paths(4, most=9, seed=1), np.empty((0, 3)), predictions[0]]
    whole = pairwise(name, references, predictions, SCREEN)
    np.testing.assert_array_equal(whole, one_by_one(name, references, predictions))


@pytest.mark.parametrize("name", NAMES)
def test_pairs_in_any_order_give_what_the_matrix_gives(name: str) -> None:
    references, predictions = random_paths(9, most=6, seed=2), random_paths(50, most=6, seed=3)
    whole = pairwise(name, references, predictions, SCREEN)
    rng = np.random.default_rng(4)
    # Runs of one reference, longer and shorter than a tile, and single pairs.
    runs = [1, 1, 2, LANES, 1, LANES + 1, 2 * LANES, 3, 1, 5, 1, 1]
    rows = np.repeat(rng.integers(0, 9, len(runs)), runs)
    columns = rng.integers(0, 50, len(rows))
    chosen = paired([name], references, predictions, screen_size=SCREEN, rows=rows, columns=columns)
    np.testing.assert_array_equal(chosen[name], whole[rows, columns])


@pytest.mark.parametrize("cells", [1, 100])
@pytest.mark.parametrize("name", ["multimatch_position", "scaled_time_delay_embedding"])
def test_long_paths_take_fewer_lanes_and_score_the_same(
    name: str, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = random_paths(LANES + 9, most=7)
    whole = pairwise(name, paths, paths, SCREEN)
    monkeypatch.setattr(_lanes, "CELLS", cells)  # 7 x 7 cells: one lane, or two
    np.testing.assert_array_equal(pairwise(name, paths, paths, SCREEN), whole)


def test_lanes_are_as_many_as_whole_tables_have_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    lanes_for = _lanes.lanes_for
    for module in (metrics.multimatch, metrics.scaled_time_delay_embedding):
        monkeypatch.setitem(
            module.__globals__, "lanes_for", lambda *args: used.append(lanes_for(*args)) or used[-1]
        )
    short, long = np.zeros((5, 2)), np.zeros((600, 2))
    for a, b in ((short, short), (short, long), (long, long)):
        pairwise("multimatch_shape", [a], [b], SCREEN)
    assert used == [LANES, LANES, 1]


def table_of(name: str, a: Any, b: Any) -> float:
    """Dynamic programs written out, one cell at a time."""
    table: dict[tuple[int, int], float] = {}
    for i in range(len(a)):
        for j in range(len(b)):
            before = [table[c] for c in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if c in table]
            distance = math.dist(a[i][:2], b[j][:2])
            nearest = min(before, default=0.0)
            table[i, j] = nearest + distance if name == "dtw" else max(nearest, distance)
    return table[len(a) - 1, len(b) - 1]


POINT = st.tuples(st.integers(0, 40), st.integers(0, 40))
MANY = st.lists(st.lists(POINT, min_size=1, max_size=6), min_size=1, max_size=LANES + 3)


@QUICK
@given(st.lists(POINT, min_size=1, max_size=6), MANY, st.sampled_from(["dtw", "frechet"]))
def test_lanes_of_any_number_are_tables_of_their_own(a: Any, many: Any, name: str) -> None:
    expected = [table_of(name, a, b) for b in many]
    assert pairwise(name, [a], many, SCREEN)[0].tolist() == pytest.approx(expected, abs=1e-9)


def test_more_symbols_than_slots_for_their_gains_score_the_same() -> None:
    # 200 x 200 regions have symbols up to 80,000: many share one of the 512 slots.
    rng = np.random.default_rng(5)
    references, predictions = (rng.uniform(0, 2000, (k, 30, 2)) for k in (3, LANES + 2))
    far = get("scanmatch", bins=(200, 200), threshold=60.0)
    whole = pairwise(far, references, predictions, (2000, 2000))
    for row, a in zip(whole, references, strict=True):
        for score, b in zip(row, predictions, strict=True):
            cells_a, cells_b = a.astype(int) // 10, b.astype(int) // 10
            table = np.zeros((31, 31))
            for i in range(30):
                for j in range(30):
                    gain = 1 - math.dist(cells_a[i], cells_b[j]) / 60
                    table[i + 1, j + 1] = max(table[i, j] + gain, table[i, j + 1], table[i + 1, j])
            assert score == pytest.approx(table[30, 30] / 30, abs=1e-12)


def test_very_long_predictions_leave_few_slots() -> None:
    # 60 fixations of 100 symbols: gains of 6,000 symbols are kept for 21 of the 60 regions at most.
    x, y = np.divmod(np.arange(60), 8)
    path = np.stack([x * 28 + 1, y * 28 + 1, np.full(60, 0.1)], axis=1)
    metric = get("scanmatch", temporal_bin_ms=1)
    many = [path, path * (1, 1, 0.5)] * (LANES // 2)
    assert pairwise(metric, [path], many, SCREEN).tolist() == [[1.0, 0.5] * (LANES // 2)]


def test_predictions_too_long_for_one_slot_are_scored() -> None:
    # 160,000 symbols of 1 ms, half of each region: 100 of the first match.
    long = [(1, 1, 80.0), (200, 200, 80.0)]
    metric = get("scanmatch", temporal_bin_ms=1)
    scores = pairwise(metric, [[(1, 1, 0.1)]], [long] * LANES, SCREEN)
    assert scores.tolist() == [[100 / 160_000] * LANES]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space as Linux counts it")
def test_a_single_long_pair_takes_memory_for_one_lane() -> None:
    # Two million symbols: three scratch rows of 16 MB, where 32 lanes would take 512 MB each.
    program = (
        "import resource\n"
        "from pathlib import Path\n"
        "from gazesearch.metrics import scanmatch\n"
        "def score(*path):\n"
        "    return scanmatch([(1, 1, 0.1)], path, (224, 224), temporal_bin_ms=1)\n"
        "score((1, 1, 0.1))\n"
        "now = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (now + 2**29, resource.RLIM_INFINITY))\n"
        "print(score(*[(1, 1, 100.0)] * 20))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{100 / 2_000_000}\n", done.stderr


@pytest.mark.parametrize("n", [3, 4, 9])
def test_infinite_costs_have_a_way_through_multimatch(n: int) -> None:
    # The matrix is wide or high, so that the way meets its border.
    far = [(0, 0), (1e300, -1e300), (-1e300, 1e300), (5, 5)]
    near = [(i, i % 2) for i in range(n)]
    with np.errstate(over="ignore"):
        assert metrics.multimatch(far, near, SCREEN).shape == -math.inf
        assert metrics.multimatch(near, far, SCREEN).shape == -math.inf


# Blocks


@pytest.mark.parametrize("rows", [1, 7, 40, 100])
@pytest.mark.parametrize("name", ["scanmatch", "multimatch_length", "length_error"])
def test_blocks_are_the_matrix_row_by_row(name: str, rows: int) -> None:
    references, predictions = random_paths(40, most=8), random_paths(35, most=8, seed=1)
    whole = pairwise(name, references, predictions, SCREEN)
    blocks = list(pairwise_blocks(name, references, predictions, SCREEN, rows=rows))
    assert [block.start for block, _ in blocks] == list(range(0, 40, rows))
    assert blocks[-1][0].stop == 40
    for block, scores in blocks:
        np.testing.assert_array_equal(scores, whole[block])


def test_the_sequence_score_in_blocks_clusters_all_references() -> None:
    metric = get("sequence_score", bandwidth=60)
    paths = random_paths(30, most=8)
    whole = pairwise(metric, paths, paths, SCREEN)
    blocks = [scores for _, scores in pairwise_blocks(metric, paths, paths, SCREEN, rows=11)]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_a_block_is_scored_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = []
    share = _pairs._share
    monkeypatch.setattr(_pairs, "_share", lambda *args: shared.append(1) or share(*args))
    paths = random_paths(9, most=5)
    blocks = pairwise_blocks("dtw", paths, paths, SCREEN, rows=3)
    assert not shared
    next(blocks)
    assert len(shared) == 1


def test_blocks_of_no_references_or_no_predictions() -> None:
    assert list(pairwise_blocks("dtw", [], [[(1, 1)]], SCREEN, rows=3)) == []
    ((block, scores),) = pairwise_blocks("dtw", [[(1, 1)]], [], SCREEN, rows=3)
    assert (block, scores.shape) == (slice(0, 1), (1, 0))


@pytest.mark.parametrize("rows", [0, -1, 1.5, True])
def test_impossible_numbers_of_rows_are_refused_at_once(rows: Any) -> None:
    with pytest.raises(BadSetting, match="rows"):
        pairwise_blocks("dtw", [[(1, 1)]], [[(1, 1)]], SCREEN, rows=rows)


def test_bad_paths_are_refused_before_the_first_block() -> None:
    with pytest.raises(DataError, match="reference 1"):
        pairwise_blocks("dtw", [[(1, 1)], [(1, math.nan)]], [[(1, 1)]], SCREEN, rows=1)
    with pytest.raises(MissingDurations, match="prediction"):
        pairwise_blocks("duration_error", [[(1, 1, 0.2)]], [[(1, 1)]], SCREEN, rows=1)


# Threads


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_part_is_scored_once_by_whatever_thread(threads: int) -> None:
    done: list[int] = []
    _pairs._share(done.append, range(1000), threads)
    assert sorted(done) == list(range(1000))


@pytest.mark.parametrize("bad", range(4))
def test_what_a_thread_raises_is_raised(bad: int) -> None:
    def score(part: int) -> None:
        if part == bad:
            raise ZeroDivisionError(part)

    with pytest.raises(ZeroDivisionError):
        _pairs._share(score, range(4), 3)
