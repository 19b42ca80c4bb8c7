"""Two processes that share a batch have the gradients of one that has it all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gazesearch.training.processes import place_of

CODE = """
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(sys.argv[1]).parent))
from conftest import SHAPE, TASKS, Small, numbered_pictures, some_paths

from gazesearch.models.objectives import LikelihoodObjective
from gazesearch.training.batches import SharedPrefixes
from gazesearch.training.gradients import add_gradients
from gazesearch.training.processes import this_process
from gazesearch.training.seen import Looking
from gazesearch.training.steps import steps_of

torch.set_num_threads(1)


def write_gradients(rank, ranks):
    table = steps_of(
        some_paths(40, images=12), tasks=TASKS, map_shape=SHAPE, max_history=5, first=False
    )
    torch.manual_seed(0)
    network = Small().double()
    order = SharedPrefixes(
        table, images=5, map_shape=SHAPE, mirror=True, seed=1, rank=rank, ranks=ranks
    )
    batch = order.at(0, 1)
    looking = Looking(network, numbered_pictures(), trained=True)
    loss = add_gradients(
        network, LikelihoodObjective(), batch, looking, table.images, images_at_once=2
    )
    found = {name: p.grad for name, p in network.named_parameters()}
    found["loss"] = torch.tensor([loss.total, loss.map, loss.stop, loss.duration])
    found["searches"] = torch.tensor([len(batch.searches)])
    save_file(found, f"{sys.argv[2]}/{ranks}-{rank}.safetensors")


with this_process("cpu") as place:
    write_gradients(*place)
if place == (0, 2):  # and once more, now alone
    write_gradients(0, 1)
"""


def run(folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, __file__, str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stderr=subprocess.PIPE,
    )


def test_two_processes_have_the_gradients_of_one_with_the_joined_batch(
    tmp_path: Path, free_port: int
) -> None:
    joined: dict[str, Any] = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port),
        "WORLD_SIZE": "2",
    }
    both = [run(tmp_path, RANK=str(rank), **joined) for rank in (0, 1)]
    for process in both:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said.decode()
    alone, first, second = (
        load_file(tmp_path / f"{name}.safetensors") for name in ("1-0", "2-0", "2-1")
    )
    parts = [first.pop("searches"), second.pop("searches")]
    assert all(part > 0 for part in parts)
    assert parts[0] != parts[1]  # so that a mean of the two processes' means would be another one
    assert sum(parts) == alone.pop("searches")
    for name, gradient in alone.items():
        assert torch.allclose(first[name], gradient, rtol=0, atol=1e-10)
        assert torch.equal(first[name], second[name])


def test_a_gpu_has_the_number_of_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert place_of("cuda") == torch.device("cuda", 3)
    assert place_of("cpu") == torch.device("cpu")
