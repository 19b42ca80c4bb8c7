"""Many pairs at once: `pairwise`, `paired`, what they accept and refuse."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch import Scanpaths, metrics
from gazesearch.errors import BadSetting, DataError, FrameMismatch, MissingDurations
from gazesearch.metrics import _compile, _pairs, get, paired, pairwise

SCREEN = (224, 224)
PAIR_METRICS = [
    metric if metric.name != "sequence_score" else get("sequence_score", bandwidth=60)
    for metric in metrics.TABLE
    if metric.kind == "pair"
]
IDS = [metric.name for metric in PAIR_METRICS]


def random_paths(n: int, seed: int = 0) -> list[Any]:
    """Paths of 0 to 9 fixations, with durations."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 10, n)
    return [rng.uniform(0, 1, (k, 3)) * (224, 224, 0.6) for k in lengths]


@pytest.fixture(scope="module")
def table() -> Scanpaths:
    paths = random_paths(30)
    images = [f"{i % 4}.png" for i in range(30)]
    return Scanpaths.of(paths, image=images, finding="edema", screen_size=SCREEN)


@pytest.mark.parametrize("metric", PAIR_METRICS, ids=IDS)
def test_one_thread_and_two_give_identical_results(
    metric: metrics.Metric, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = metric.name == "sequence_score"  # it clusters the fixations of each pair
    if slow:
        monkeypatch.setattr(_pairs, "PAIRS_A_CHUNK", 256)
    paths = random_paths(24 if slow else 100)
    assert len(paths) ** 2 > 2 * _pairs.PAIRS_A_CHUNK
    one = pairwise(metric, paths, paths, SCREEN, threads=1)
    two = pairwise(metric, paths, paths, SCREEN, threads=2)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("metric", PAIR_METRICS, ids=IDS)
def test_a_pair_scores_the_same_in_whatever_company(
    metric: metrics.Metric, table: Scanpaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pairwise(metric, table, table, SCREEN)
    assert whole.shape == (30, 30)
    monkeypatch.setattr(_pairs, "PAIRS_A_CHUNK", 7)
    np.testing.assert_array_equal(pairwise(metric, table, table, SCREEN), whole)
    rows, columns = np.indices(whole.shape).reshape(2, -1)[:, ::-3]
    chosen = paired([metric], table, table, screen_size=SCREEN, rows=rows, columns=columns)
    np.testing.assert_array_equal(chosen[metric.name], whole[rows, columns])


@pytest.mark.parametrize("name", ["scanmatch_duration", "multimatch_shape", "dtw"])
def test_tables_their_views_and_lists_of_arrays_score_alike(name: str, table: Scanpaths) -> None:
    whole = pairwise(name, table, table, SCREEN)
    arrays = [path.fixations for path in table]
    np.testing.assert_array_equal(pairwise(name, arrays, iter(arrays), SCREEN), whole)
    np.testing.assert_array_equal(pairwise(name, table[5:20], table[3:], SCREEN), whole[5:20, 3:])


def test_rows_are_references_and_columns_are_predictions() -> None:
    a, b = [(0, 0), (200, 0)], [(0, 0)]
    scores = pairwise("scaled_time_delay_embedding", [a, b], [b], SCREEN)
    assert scores.tolist() == [[metrics.scaled_time_delay_embedding(a, b, SCREEN)], [1.0]]
    assert scores[0, 0] == 1.0
    back = pairwise("scaled_time_delay_embedding", [b], [a], SCREEN)
    assert back[0, 0] == pytest.approx(math.exp(-100 / 224))


def test_beside_the_result_memory_does_not_grow_with_the_pairs() -> None:
    paths = random_paths(1200)
    pairwise("scanmatch", paths[:2], paths[:2], SCREEN)
    tracemalloc.start()
    try:
        result = pairwise("scanmatch", paths, paths, SCREEN, threads=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.nbytes == 1200 * 1200 * 8
    assert peak - result.nbytes < 3_000_000


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0)])
def test_no_paths_give_an_empty_matrix(n: int, m: int) -> None:
    assert pairwise("scanmatch", [[(1, 1)]] * n, [[(1, 1)]] * m, SCREEN).shape == (n, m)


def test_paired_without_paths_is_empty() -> None:
    assert paired(["dtw"], [], [], screen_size=SCREEN)["dtw"].shape == (0,)


def test_paired_computes_what_metrics_share_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    run = _pairs._run
    monkeypatch.setattr(_pairs, "_run", lambda *args: runs.append(args[0]) or run(*args))
    names = [f"multimatch_{field}" for field in metrics.MultiMatch._fields]
    paths = random_paths(5)
    scores = paired(names, paths, paths, screen_size=SCREEN)
    assert list(scores) == names
    assert len(runs) == 1


def test_every_reference_may_have_its_own_screen() -> None:
    a, b = [(0, 0), (9, 0), (99, 0)], [(50, 0), (59, 0), (149, 0)]
    sizes = [(224, 224), (1000, 500)]
    scores = paired(
        ["multimatch_position", "scanmatch", "scaled_time_delay_embedding"],
        [a, a],
        [b, b],
        screen_size=sizes,
    )
    for index, size in enumerate(sizes):
        assert scores["multimatch_position"][index] == metrics.multimatch(a, b, size).position
        assert scores["scanmatch"][index] == metrics.scanmatch(a, b, size)
        expected = metrics.scaled_time_delay_embedding(a, b, size)
        assert scores["scaled_time_delay_embedding"][index] == expected
    assert len(set(scores["scanmatch"])) == 2


def test_a_prediction_that_is_in_no_pair_needs_no_screen_of_its_own() -> None:
    paths = random_paths(3, seed=1)
    scores = paired(
        ["string_edit_distance_published"],
        paths[:1],
        paths,
        screen_size=np.array([SCREEN]),
        rows=[0],
        columns=[2],
    )
    expected = metrics.string_edit_distance(paths[0], paths[2], SCREEN, variant="published")
    assert scores["string_edit_distance_published"].tolist() == [expected]


def test_a_prediction_has_one_screen() -> None:
    with pytest.raises(FrameMismatch, match="prediction 0 is paired with references of different"):
        paired(
            ["dtw"],
            [[(1, 1)]] * 2,
            [[(1, 1)]],
            screen_size=[(224, 224), (400, 300)],
            rows=[0, 1],
            columns=[0, 0],
        )


def test_durations_are_needed_of_the_paths_in_use_only() -> None:
    timed, bare = [(1, 1, 0.2)], [(1, 1)]
    scores = paired(
        ["duration_error", "scanmatch_duration"],
        [timed, bare],
        [bare, timed],
        screen_size=SCREEN,
        rows=[0],
        columns=[1],
    )
    assert scores["duration_error"].tolist() == [0.0]
    assert scores["scanmatch_duration"].tolist() == [1.0]
    with pytest.raises(MissingDurations, match="duration_error needs durations: reference 1"):
        paired(["duration_error"], [timed, bare], [timed, timed], screen_size=SCREEN)


def test_multimatch_duration_refuses_what_the_other_four_accept() -> None:
    paths = [[(1, 1), (2, 2), (9, 3)]] * 2
    assert pairwise("multimatch_shape", paths, paths, SCREEN).tolist() == [[1, 1], [1, 1]]
    with pytest.raises(MissingDurations, match="multimatch_duration"):
        pairwise("multimatch_duration", paths, paths, SCREEN)


BAD_PATHS = {
    "one-dimensional": ([1, 2, 3], r"reference 1: shape \(3,\): a path has shape \(n, 2\)"),
    "one column": ([[1], [2]], r"shape \(2, 1\)"),
    "four columns": ([[1, 2, 3, 4]], r"shape \(1, 4\)"),
    "ragged": ([[1, 2], [3]], "reference 1: not a numeric array"),
    "words": ([["left", "up"]], "reference 1: not a numeric array"),
    "NaN": ([[1, 2], [math.nan, 2]], "reference 1, fixation 1: x is nan: coordinates must be"),
    "infinite": ([[1, -math.inf]], "reference 1, fixation 0: y is -inf"),
}


@pytest.mark.parametrize(("path", "message"), BAD_PATHS.values(), ids=BAD_PATHS)
def test_impossible_paths_are_refused_and_named(path: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as refused:
        pairwise("dtw", [[(1, 1)], path], [[(1, 1)]], SCREEN)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "screen",
    [(0, 224), (-1, 5), (224, math.nan), (math.inf, 1), (224.5, 224), 224, (1, 2, 3), "ab", None],
    ids=str,
)
def test_impossible_screens_are_refused(screen: Any) -> None:
    with pytest.raises(BadSetting, match="screen_size"):
        metrics.scanmatch([(1, 1)], [(1, 1)], screen)
    with pytest.raises(BadSetting, match="screen_size"):
        paired(["dtw"], [[(1, 1)]], [[(1, 1)]], screen_size=screen)


@pytest.mark.parametrize(
    ("rows", "columns", "error", "message"),
    [
        ([0], None, BadSetting, "both rows and columns"),
        ([0, 1], [0], DataError, "2 rows and 1 columns"),
        ([2], [0], DataError, "rows must be from 0 to 1"),
        ([0], [-1], DataError, "columns must be from 0 to 1"),
        ([0.5], [0], DataError, "rows must be a list of whole numbers"),
        ([[0]], [0], DataError, "rows must be a list of whole numbers"),
    ],
)
def test_impossible_pairs_are_refused(rows: Any, columns: Any, error: Any, message: str) -> None:
    paths = [[(1, 1)]] * 2
    with pytest.raises(error, match=message):
        paired(["dtw"], paths, paths, screen_size=SCREEN, rows=rows, columns=columns)


def test_unequal_numbers_of_paths_are_refused_without_rows_and_columns() -> None:
    with pytest.raises(DataError, match="2 references and 1 predictions"):
        paired(["dtw"], [[(1, 1)]] * 2, [[(1, 1)]], screen_size=SCREEN)


def test_metrics_that_do_not_compare_pairs_are_refused() -> None:
    with pytest.raises(BadSetting, match="map_cc does not compare pairs"):
        pairwise("map_cc", [[(1, 1)]], [[(1, 1)]], SCREEN)
    with pytest.raises(BadSetting, match="tfp_area does not compare pairs"):
        paired(["tfp_area"], [[(1, 1)]], [[(1, 1)]], screen_size=SCREEN)


def test_two_metrics_of_one_name_are_refused() -> None:
    with pytest.raises(BadSetting, match="the same name"):
        paired(
            ["scanmatch", get("scanmatch", bins=(8, 6))], [[(1, 1)]], [[(1, 1)]], screen_size=SCREEN
        )


@pytest.mark.parametrize("threads", [0, -1, 1.5])
def test_impossible_numbers_of_threads_are_refused(threads: Any) -> None:
    with pytest.raises(BadSetting, match="threads"):
        pairwise("dtw", [[(1, 1)]], [[(1, 1)]], SCREEN, threads=threads)


@pytest.fixture
def fresh_cache_folder() -> Any:
    _compile.cache_folder.cache_clear()
    yield _compile.cache_folder
    _compile.cache_folder.cache_clear()


def test_kernels_are_cached_under_a_digest_of_all_sources(
    fresh_cache_folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "metrics"
    sources.mkdir()
    (sources / "_alignment.py").write_text("one")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(_compile, "__file__", str(sources / "_compile.py"))
    first = fresh_cache_folder()
    assert first.parent == tmp_path / "cache" / "gazesearch" / "kernels"
    (sources / "_alignment.py").write_text("two")
    fresh_cache_folder.cache_clear()
    assert fresh_cache_folder() != first


def test_a_cache_that_cannot_be_written_is_done_without(
    fresh_cache_folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert fresh_cache_folder() is None

    @_compile.kernel
    def twice(x: float) -> float:
        return 2 * x

    assert twice(1.5) == 3.0


def test_a_debugger_that_turns_numba_off_gets_the_same_scores() -> None:
    program = (
        "from gazesearch.metrics import scanmatch\n"
        "look = [[112, 112], [60, 64]]\n"
        "print(scanmatch(look, [[112, 112], [90, 64]], (224, 224)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("0.7142857142857143\n", "")
