"""Pairs a second of every compiled metric, beside what one would write or install instead.

    python benchmarks/metrics.py [DATA]

DATA is the folder of the real datasets, by default ../shared/data: train paths of GazeSearch, all
pairs, and OSIE by blocks. Where it is absent, random paths of as many fixations stand in.

The peers are `plain_scanmatch.py` and `multimatch-gaze`. They get pairs of the same paths in the
same run, a few only, and must give the same values to 1e-9. Times are medians of five.
"""

import itertools
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import plain_scanmatch

import gazesearch
from gazesearch import Scanpaths, metrics

SCREEN, OSIE_SCREEN = (224, 224), (400, 300)
PATHS, TRAIN_PATHS = 500, 3870  # paths beside the peers; all of the train split
PEER_PAIRS, TIMES = 150, 5
BLOCK = 1000  # rows
MULTIMATCH = [f"multimatch_{field}" for field in metrics.MultiMatch._fields]
NAMES = [
    metric.name
    for metric in metrics.TABLE
    if metric.kind == "pair"
    and metric.name not in MULTIMATCH[1:]  # of a kernel's names the first
    and metric.name not in ("string_edit_distance_published", "sequence_score")
]


def train_paths(data: Path) -> Scanpaths:
    """Train paths of GazeSearch; random ones where the file is absent."""
    for file in (data / "gazesearch").glob("finding_visual_search*.json"):
        paths = gazesearch.read_scanpaths(file)
        return paths[paths.split == "train"]
    return random_paths(TRAIN_PATHS, SCREEN, 6, 8)


def osie_paths(data: Path) -> Scanpaths:
    """All paths of OSIE; random ones where the file is absent."""
    file = data / "osie" / "fixations.json"
    if file.exists():
        return gazesearch.read_scanpaths(file)
    return random_paths(10_500, OSIE_SCREEN, 4, 15)


def random_paths(n: int, screen: tuple[int, int], low: int, high: int) -> Scanpaths:
    """Paths of `low` to under `high` fixations, of 0.3 s by the median."""
    rng = np.random.default_rng(0)
    paths = [
        np.concatenate([rng.random((k, 2)) * screen, rng.lognormal(-1.2, 0.6, (k, 1))], axis=1)
        for k in rng.integers(low, high, n)
    ]
    return Scanpaths.of(paths, image=["random"] * n, finding="none", screen_size=screen)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_s(work: Callable[[], object]) -> float:
    work()  # compiles, or reads what was compiled
    return statistics.median(seconds(work) for _ in range(TIMES))


def cells(name: str, paths: Scanpaths) -> float:
    """Mean number of table cells of a pair."""
    lengths = paths.lengths
    if name == "scanmatch_duration":
        repeats = np.rint(np.trunc(paths.fixations[:, 2] * 1000) / 50)
        lengths = np.add.reduceat(repeats, paths.offsets[:-1])
    if name.startswith("multimatch"):
        lengths = lengths - 1
    return float(lengths.mean()) ** 2


def plain(name: str, paths: list[Any], pairs: Any) -> Callable[[], Any]:
    bin_ms = 50 if name == "scanmatch_duration" else None
    return lambda: [
        plain_scanmatch.scanmatch(paths[i], paths[j], SCREEN, temporal_bin_ms=bin_ms)
        for i, j in pairs
    ]


def gaze(paths: list[Any], pairs: Any) -> Callable[[], Any]:
    """multimatch-gaze, with its structured arrays made beforehand."""
    import multimatch_gaze

    names = "start_x,start_y,duration"
    structured = [np.rec.fromarrays(path.T, names=names) for path in paths]
    return lambda: [
        multimatch_gaze.docomparison(structured[i], structured[j], screensize=list(SCREEN))
        for i, j in pairs
    ]


def beside_peers(train: Scanpaths) -> Iterator[list[str]]:
    """All pairs of paths of 6 or 7 fixations on one thread, against some of them by the peers."""
    rng = np.random.default_rng(0)
    usual = np.flatnonzero((train.lengths == 6) | (train.lengths == 7))
    table = train[rng.permutation(usual)[:PATHS]]
    paths = [path.fixations for path in table]
    # Two ways through the matrix of MultiMatch may cost the same on whole px, and the peer then
    # takes any: moved by less than 0.01 px they do not.
    moved = [path + rng.uniform(0, 0.01, path.shape) * (1, 1, 0) for path in paths]
    pairs = rng.integers(0, PATHS, (PEER_PAIRS, 2))
    rows, columns = np.indices((PATHS, PATHS)).reshape(2, -1)

    def five() -> Any:
        scores = metrics.paired(
            MULTIMATCH, moved, moved, screen_size=SCREEN, rows=rows, columns=columns, threads=1
        )
        return np.stack(list(scores.values()), axis=1).reshape(PATHS, PATHS, 5)

    cases: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {}
    for name in ("scanmatch", "scanmatch_duration"):
        ours = partial(metrics.pairwise, name, table, table, SCREEN, threads=1)
        cases[name] = ours, plain(name, paths, pairs)
    cases["multimatch, all five"] = five, gaze(moved, pairs)
    for name, (ours, peer) in cases.items():
        np.testing.assert_allclose(ours()[tuple(pairs.T)], peer(), rtol=0, atol=1e-9)
        own = PATHS**2 / median_s(ours)
        theirs = PEER_PAIRS / median_s(peer)
        yield [
            name,
            f"{PATHS:,}",
            "1",
            f"{own:,.0f}",
            f"{own * cells(name, table) / 1e9:.1f}",
            f"{theirs:,.0f}",
            f"{own / theirs:,.0f}",
            "",
        ]


def all_pairs(train: Scanpaths) -> Iterator[list[str]]:
    """All pairs of some and of all train paths, on one thread and on two, in turns."""
    for name in NAMES:
        for n in (PATHS, len(train)):
            paths = train[:n]
            times: dict[int, list[float]] = {1: [], 2: []}
            for threads in (1, 2) * TIMES:
                work = partial(metrics.pairwise, name, paths, paths, SCREEN, threads=threads)
                times[threads].append(seconds(work))
            one, two = (statistics.median(times[threads]) for threads in (1, 2))
            for threads, took in ((1, one), (2, two)):
                rate = n * n / took
                yield [
                    name,
                    f"{n:,}",
                    "1" if threads == 1 else f"2, {one / two:.2f} times one",
                    f"{rate:,.0f}",
                    f"{rate * cells(name, paths) / 1e9:.1f}",
                    "",
                    "",
                    "",
                ]


def memory(what: str, data: Path) -> tuple[int, float, float]:
    """Number of paths, seconds, and peak MiB beyond the paths, in a process of its own."""
    paths = train_paths(data) if what == "matrix" else osie_paths(data)
    screen = SCREEN if what == "matrix" else OSIE_SCREEN
    metrics.pairwise("scanmatch", paths[:40], paths[:40], screen)
    before, start = peak_mib(), time.perf_counter()
    if what == "matrix":
        metrics.pairwise("scanmatch", paths, paths, screen)
    else:
        for _, scores in metrics.pairwise_blocks("scanmatch", paths, paths, screen, rows=BLOCK):
            np.nanmax(scores)
    return len(paths), time.perf_counter() - start, peak_mib() - before


def peak_mib() -> float:
    """Most memory that this process ever had."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, getrusage would count the parent's as well
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024  # bytes, or KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def peaks(data: Path) -> Iterator[list[str]]:
    """Memory of a whole matrix and of a larger one by blocks, each once in a fresh process."""
    titles = {
        "matrix": "scanmatch, whole matrix",
        "blocks": f"scanmatch on OSIE, blocks of {BLOCK:,} rows",
    }
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for what, title in titles.items():
        with multiprocessing.get_context("spawn").Pool(1) as process:
            n, took, mib = process.apply(memory, (what, data))
        block = n * (n if what == "matrix" else BLOCK) * 8 / 2**20
        rate, shown = f"{n * n / took:,.0f}", f"{mib:,.0f} MiB; one block has {block:,.0f}"
        yield [title, f"{n:,}", str(cores), rate, "", "", "", shown]


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "data")
    train = train_paths(data)
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "numba", "multimatch-gaze")
    )
    kind = "random" if train.image[0] == "random" else "real"
    print(
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, {packages}; load {os.getloadavg()[0]:.1f} before; "
        f"{kind} paths, {train.lengths.mean():.1f} fixations on average.\n"
    )
    head = "metric | paths | threads | pairs/s | cells/ns | peer, pairs/s | times the peer | peak"
    print(f"| {head} |\n|---|--:|---|--:|--:|--:|--:|---|")
    for row in itertools.chain(beside_peers(train), peaks(data), all_pairs(train)):
        print(f"| {' | '.join(row)} |", flush=True)
    print(f"\nLoad {os.getloadavg()[0]:.1f} after.")


if __name__ == "__main__":
    main()
