"""Scores of many pairs: paths are prepared once, chunks of pairs are shared among threads."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise as neighbours
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.errors import BadSetting, DataError, FrameMismatch
from gazesearch.metrics._lanes import LaneScorer
from gazesearch.metrics._metric import Measure, Metric, whole
from gazesearch.metrics._paths import Floats, Integers, Paths, flatten, screens_of
from gazesearch.scanpaths import Scanpaths

Source = Scanpaths | Iterable[ArrayLike]
T = TypeVar("T")

# Some milliseconds of work: long beside the cost of handing it to a thread, short beside the whole.
PAIRS_A_CHUNK = 4096


def score_pair(
    measure: Measure,
    reference: ArrayLike,
    prediction: ArrayLike,
    screen_size: ArrayLike,
    *,
    durations: str | None = None,
) -> list[float]:
    """All values of a measure for one pair, by the kernel that scores many.

    Args:
        durations: "needed", "optional" (checked if there are any), or None: never looked at.
    """
    screen = screens_of(screen_size)
    references = flatten([reference], screen, "reference")
    predictions = flatten([prediction], screen, "prediction")
    if durations is not None:
        for paths in (references, predictions):
            paths.refuse_bad_durations(measure.name, needed=durations == "needed")
    first = np.zeros(1, dtype=np.int64)
    out = np.empty((1, measure.width))
    measure.bind(references, predictions)(first, first, out)
    values: list[float] = out[0].tolist()
    return values


def score_matrix(
    metric: Metric,
    references: Source,
    predictions: Source,
    screen_size: ArrayLike,
    *,
    threads: int | None = None,
) -> Floats:
    """Score of every reference with every prediction, (n, m), with memory for few chunks beside."""
    n, fill = _grid(metric, references, predictions, screen_size, threads)
    return fill(0, n)


def score_blocks(
    metric: Metric,
    references: Source,
    predictions: Source,
    screen_size: ArrayLike,
    *,
    rows: int,
    threads: int | None = None,
) -> Iterator[tuple[slice, Floats]]:
    """Rows of the same matrix, some at a time; paths are prepared, and refused, at once."""
    n, fill = _grid(metric, references, predictions, screen_size, threads)
    height = whole("rows", rows, high=sys.maxsize)
    tops = range(0, n, height)
    return ((slice(top, min(top + height, n)), fill(top, min(top + height, n))) for top in tops)


def _grid(
    metric: Metric,
    references: Source,
    predictions: Source,
    screen_size: ArrayLike,
    threads: int | None,
) -> tuple[int, Callable[[int, int], Floats]]:
    """Number of references, and what scores those from one to another with all predictions."""
    measure = _measure(metric)
    screen = screens_of(screen_size)
    first = flatten(references, screen, "reference")
    second = first if predictions is references else flatten(predictions, screen, "prediction")
    n, m = len(first), len(second)
    if n == 0 or m == 0:
        return n, lambda top, bottom: np.empty((bottom - top, m))
    _refuse_bad_durations(metric, measure, first, second)
    scorer = measure.bind(first, second)

    def fill(top: int, bottom: int) -> Floats:
        out = np.empty((bottom - top, m))
        flat = out.reshape(-1, 1)
        if isinstance(scorer, LaneScorer):
            tiles = scorer.grid(range(top, bottom), metric.column, PAIRS_A_CHUNK)
            _share(lambda part: scorer.score(part, flat), tiles, threads)
            return out

        def score(start: int, stop: int) -> None:
            rows, columns = np.divmod(np.arange(start, stop), m)
            values = np.empty((stop - start, measure.width))
            scorer(rows + top, columns, values)
            flat[start:stop] = values[:, [metric.column]]

        _in_chunks(score, out.size, threads)
        return out

    return n, fill


def score_pairs(
    metrics: Sequence[Metric],
    references: Source,
    predictions: Source,
    *,
    screen_size: ArrayLike,
    rows: ArrayLike | None = None,
    columns: ArrayLike | None = None,
    threads: int | None = None,
) -> dict[str, Floats]:
    """Scores of the pairs (rows[p], columns[p]) by each metric, (k,) each, under its name."""
    if len({metric.name for metric in metrics}) < len(metrics):
        raise BadSetting("paired: two metrics have the same name: score them in two calls")
    first, second, rows_, columns_ = _pair_up(references, predictions, screen_size, rows, columns)
    computed: dict[Measure, Floats] = {}
    scores: dict[str, Floats] = {}
    for metric in metrics:
        measure = _measure(metric)
        if measure.by_image and first.images is None:
            raise DataError(
                f"{metric.name} clusters the references of each image: they must be a Scanpaths"
            )
        _refuse_bad_durations(metric, measure, first, second)
        if measure not in computed:
            computed[measure] = _run(measure, first, second, rows_, columns_, threads)
        scores[metric.name] = computed[measure][:, metric.column].copy()
    return scores


def _run(
    measure: Measure,
    references: Paths,
    predictions: Paths,
    rows: Integers,
    columns: Integers,
    threads: int | None,
) -> Floats:
    out = np.empty((len(rows), measure.width))
    if len(rows) == 0:
        return out
    scorer = measure.bind(references, predictions)

    def score(start: int, stop: int) -> None:
        scorer(rows[start:stop], columns[start:stop], out[start:stop])

    _in_chunks(score, len(rows), threads)
    return out


def _in_chunks(score: Callable[[int, int], None], n: int, threads: int | None) -> None:
    """Call `score(start, stop)` for chunks of 0..n. A pair's value never depends on its chunk."""
    bounds = [*range(0, n, PAIRS_A_CHUNK), n]
    _share(lambda chunk: score(*chunk), neighbours(bounds), threads)


def _share(score: Callable[[T], object], parts: Iterable[T], threads: int | None) -> None:
    """Call `score` for each part, on so many threads."""
    workers = _cores() if threads is None else whole("threads", threads)
    waiting = deque(parts)

    def work() -> None:
        while waiting:
            try:
                part = waiting.popleft()  # whoever is free takes the next
            except IndexError:  # another thread was faster
                return
            score(part)

    helpers = min(workers, len(waiting)) - 1
    if helpers < 1:
        work()
        return
    with ThreadPoolExecutor(helpers) as pool:
        futures = [pool.submit(work) for _ in range(helpers)]
        work()
        for future in futures:  # raises what a part raised
            future.result()


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pair_up(
    references: Source,
    predictions: Source,
    screen_size: ArrayLike,
    rows: ArrayLike | None,
    columns: ArrayLike | None,
) -> tuple[Paths, Paths, Integers, Integers]:
    """Flatten both sides; a prediction has the screen of the references it is paired with."""
    if not isinstance(references, Scanpaths):
        references = list(references)
    if not isinstance(predictions, Scanpaths):
        predictions = list(predictions)
    n, m = len(references), len(predictions)
    if (rows is None) != (columns is None):
        raise BadSetting("paired: give both rows and columns, or neither")
    if rows is None and n != m:
        raise DataError(f"paired: {n} references and {m} predictions: give rows and columns")
    rows_ = _indices("rows", np.arange(n) if rows is None else rows, n)
    columns_ = _indices("columns", np.arange(m) if columns is None else columns, m)
    if len(rows_) != len(columns_):
        raise DataError(f"paired: {len(rows_)} rows and {len(columns_)} columns: give as many")
    sizes = screens_of(screen_size, n)
    used = np.zeros(n, dtype=np.bool_)
    used[rows_] = True
    first = flatten(references, sizes, "reference", used)
    seen_on = sizes
    if sizes.ndim == 2:
        # A prediction that is in no pair is prepared like the others, so it needs some real screen.
        seen_on = np.tile(sizes[0], (m, 1)) if n else np.ones((m, 2), dtype=np.int64)
        seen_on[columns_] = sizes[rows_]
        differ = np.flatnonzero((seen_on[columns_] != sizes[rows_]).any(axis=1))
        if len(differ):
            raise FrameMismatch(
                f"prediction {columns_[differ[0]]} is paired with references of different screen "
                "sizes: its coordinates can belong to one only"
            )
    used = np.zeros(m, dtype=np.bool_)
    used[columns_] = True
    return first, flatten(predictions, seen_on, "prediction", used), rows_, columns_


def _indices(name: str, values: ArrayLike, n: int) -> Integers:
    indices = np.asarray(values)
    if indices.ndim != 1 or (len(indices) and indices.dtype.kind not in "iu"):
        raise DataError(f"paired: {name} must be a list of whole numbers")
    indices = indices.astype(np.int64)
    if len(indices) and not (indices.min() >= 0 and indices.max() < n):
        raise DataError(f"paired: {name} must be from 0 to {n - 1}")
    return indices


def _measure(metric: Metric) -> Measure:
    if not isinstance(metric.measure, Measure):
        raise BadSetting(f"{metric.name} does not compare pairs of paths: {metric.kind} metric")
    return metric.measure


def _refuse_bad_durations(metric: Metric, measure: Measure, *sides: Paths) -> None:
    if measure.timed(metric.column):
        for paths in sides:
            paths.refuse_bad_durations(metric.name)
