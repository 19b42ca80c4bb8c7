"""What it costs: starting, the first score, and pairs a second.

    python benchmarks/speed.py

Prints one table, with the machine that it was measured on. Nothing is downloaded: the paths are
random, ten fixations each, on 224 x 224 px.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import numpy as np

from gazesearch import metrics

PATHS = 500
SCREEN = (224, 224)

# One metric a kernel; the sequence score spends its time in scikit-learn's clustering.
KERNELS = {
    metric.measure: metric.name
    for metric in reversed(metrics.TABLE)
    if metric.kind == "pair" and metric.name != "sequence_score"
}
NAMES = tuple(reversed(KERNELS.values()))

HELP = "import sys; sys.argv = ['gazesearch', '--help']; from gazesearch.cli import main; main()"
FIRST = (
    "from gazesearch import metrics\n"
    "paths = [[[10, 10, 0.2], [90, 90, 0.3], [60, 20, 0.1]]]\n"
    f"for name in {NAMES}: metrics.pairwise(name, paths, paths, (100, 100))\n"
)


def cpu_s(code: str, **environment: str) -> float:
    """CPU seconds of a fresh process, children included."""
    before = os.times()
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def wall_s(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_s(code: str, times: int = 5, **environment: str) -> float:
    return statistics.median(cpu_s(code, **environment) for _ in range(times))


def main() -> None:
    rng = np.random.default_rng(0)
    paths = [rng.random((10, 3)) * (*SCREEN, 0.5) for _ in range(PATHS)]
    print(
        f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, numpy {version('numpy')}, numba {version('numba')}\n"
    )
    print("| what | |\n|---|--:|")
    print(f"| `import gazesearch`, CPU | {median_s('import gazesearch'):.2f} s |")
    print(f"| `gazesearch --help`, CPU | {median_s(HELP):.2f} s |")
    with tempfile.TemporaryDirectory() as cache:
        for state in ("nothing compiled yet", "compiled before"):
            seconds = cpu_s(FIRST, NUMBA_CACHE_DIR=cache)
            print(f"| each kernel once, {state}, CPU | {seconds:.1f} s |")
    for name in NAMES:
        metrics.pairwise(name, paths[:2], paths[:2], SCREEN)
        score = partial(metrics.pairwise, name, paths, paths, SCREEN)
        rate = PATHS**2 / min(wall_s(score) for _ in range(3))
        print(f"| `{name}` | {rate:,.0f} pairs/s |")


if __name__ == "__main__":
    main()
