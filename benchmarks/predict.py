"""ChestSearch: an image and its 13 findings, beside the published procedure. Needs torch.

    python benchmarks/predict.py

The published procedure encodes the image anew for each finding and computes all 13 queries at each
step to keep one. Both sides run here, on the same layers, with random weights, all six steps of
every finding, and must give the same paths. Times are medians of five.
"""

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from gazesearch.findings import FINDINGS
from gazesearch.models.chestsearch.greedy import STEPS, Decoded, decode
from gazesearch.models.chestsearch.model import ChestSearch, Output
from gazesearch.models.chestsearch.variants import WACV2025

TIMES = 5
ALL = torch.arange(len(FINDINGS))
NONE = torch.zeros(len(FINDINGS), dtype=torch.long)  # every search looks at image 0


def seconds(work: Callable[[], Any]) -> float:
    """Median of some runs, after one that is not counted."""
    work()
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def shared(network: ChestSearch, image: Tensor) -> Decoded:
    """The image once, the findings together."""
    return decode(network, network.encode(image), NONE, ALL, all_steps=True)


def pair_by_pair(network: ChestSearch, image: Tensor) -> list[Tensor]:
    """The image and all 13 queries again for each finding; only the paths, without their ends."""
    paths = []
    for finding in ALL:
        features = network.encode(image)
        own = decode(AllQueries(network, finding), features, NONE[:1], ALL[:1], all_steps=True)
        paths.append(own.pixels[0])
    return paths


class AllQueries:
    """A network that answers for all findings and keeps one of the answers."""

    def __init__(self, network: ChestSearch, finding: Tensor) -> None:
        self.network, self.finding = network, finding
        self.remember = network.remember

    def read(self, memory: Any, _: Tensor) -> Tensor:
        return self.network.read(memory[NONE], ALL)

    def answer(self, features: Any, _: Tensor, query: Tensor, n: int) -> Any:
        told = self.network.answer(features, NONE, query, n)
        one = slice(self.finding, self.finding + 1)
        return Output(
            map_logits=told.map_logits[one], stop_logits=told.stop_logits[one], duration=None
        )


def main() -> None:
    torch.manual_seed(0)
    network = ChestSearch(variant=WACV2025).eval()
    image = torch.randn(1, 3, 224, 224)
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    print(f"{platform.machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"load before {load}: on a busy machine, take OMP_NUM_THREADS=1")

    with torch.inference_mode():
        square = torch.randn(2048, 2048)
        speed = 2 * 2048**3 / seconds(lambda: square @ square)
        with FlopCounterMode(display=False) as counter:
            features = network.encode(image)
        encode = seconds(lambda: network.encode(image))
        work = counter.get_total_flops()
        reached, best = work / encode / 1e9, speed / 1e9
        print(f"encode {encode * 1e3:.0f} ms for {work / 1e9:.1f} GFLOP: ", end="")
        print(f"{reached:.0f} GFLOP/s, of {best:.0f} that a matrix product reaches")
        for n in range(1, STEPS + 1):
            past = torch.randint(56 * 56, (len(ALL), n))
            step = seconds(lambda past=past: network(features, NONE, ALL, past))
            print(f"step {n}, 13 findings with histories of their own: {step * 1e3:.0f} ms")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"peak memory for one image {peak:.2f} GB")

        assert (shared(network, image).pixels == torch.stack(pair_by_pair(network, image))).all()
        ours = seconds(lambda: shared(network, image))
        theirs = seconds(lambda: pair_by_pair(network, image))
    print(f"one image, 13 findings: {ours:.3f} s; pair by pair {theirs:.3f} s")
    print(f"{theirs / ours:.1f} times")


if __name__ == "__main__":
    main()
