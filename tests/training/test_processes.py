"""Processes that share a batch have the gradients of one that has it all, and stop together."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from gazesearch.datasets import Dataset
from gazesearch.errors import ProcessLost
from gazesearch.training.processes import place_of, this_process

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
from gazesearch.training.looking import Looking
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


INTERRUPTED = """
import os, signal, socket, sys
from contextlib import contextmanager
from pathlib import Path

import lightning, tensorboard, torch  # once: the processes of a training are copies of this one

import gazesearch.training.run
from gazesearch.cli import main, train

torch.set_num_threads(1)
ALARM_S = 240  # where the test gives up, no process stays behind
folder, *given = sys.argv[1:]

def run(rank, name, when):
    @contextmanager
    def pressing():
        def say(text, done):
            if text.startswith(when):
                os.kill(os.getpid(), signal.SIGINT)
        yield say if rank == 0 else (lambda text, done: None)
    sys.modules["gazesearch.cli.train"].progress = pressing
    os.dup2(os.open(f"{folder}/{name}-{rank}", os.O_WRONLY | os.O_CREAT), 2)
    os.environ["RANK"] = str(rank)
    sys.argv = ["gazesearch", "train", *given, "--output", f"{folder}/{name}"]
    main()

for name, when in (("step", "epoch 2"), ("look", "looking at images")):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port, WORLD_SIZE="2")
    children = []
    for rank in (0, 1):
        children.append(os.fork())
        if children[-1] == 0:
            signal.alarm(ALARM_S)
            run(rank, name, when)
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(name, *ended, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes by fork there")
def test_ctrl_c_in_one_process_stops_them_all(
    phantom: Dataset, recipe: Path, tmp_path: Path
) -> None:
    data = ("--annotations", phantom.annotations, "--images", phantom.root / "images")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, tmp_path, recipe, *data],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.splitlines() == ["step 130 130", "look 130 2"], done.stderr
    said = {file.name: file.read_text() for file in tmp_path.glob("*-[01]")}
    line = "interrupted: the same command with --resume goes on where it stopped\n"
    assert (said["step-0"], said["step-1"]) == (line, "")  # one speaks for all
    with safe_open(tmp_path / "step" / "checkpoints" / "last.safetensors", "pt") as state:
        assert json.loads(state.metadata()["stand"])["step"] == 3  # the first of epoch 2
    assert said["look-0"] == line
    assert said["look-1"].startswith(
        "gazesearch: another process of this training has stopped, or "
    )
    assert len(said["look-1"].splitlines()) == 1


def test_processes_that_cannot_be_joined_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        joined = {
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(taken.getsockname()[1]),
            "WORLD_SIZE": "2",
            "RANK": "0",
        }
        for name, value in joined.items():
            monkeypatch.setenv(name, value)
        with (
            pytest.raises(ProcessLost, match=r"cannot be reached \(.+\): mend") as raised,
            this_process("cpu"),
        ):
            pass
    assert "\n" not in str(raised.value)


def test_a_gpu_has_the_number_of_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert place_of("cuda") == torch.device("cuda", 3)
    assert place_of("cpu") == torch.device("cpu")
