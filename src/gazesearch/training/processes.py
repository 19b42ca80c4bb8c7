"""Several processes that share each batch, as `torchrun` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

from gazesearch.errors import BadSetting, ProcessLost, first_line


def device_of(device: str | None) -> str:
    """The device that is asked for, or a GPU where there is one.

    Raises:
        BadSetting: there is no such device here.
    """
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda"):
        raise BadSetting(f"device {device!r}: must be cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise BadSetting("device cuda: torch finds no GPU here: take cpu")
    return device


def place_of(device: str) -> torch.device:
    """The device of this process, by number where there may be several of its kind.

    `torchrun` numbers the processes of a machine (LOCAL_RANK), and each has the GPU of its number.
    """
    if device == "cpu":
        return torch.device("cpu")
    number = os.environ.get("LOCAL_RANK")
    return torch.device("cuda", torch.cuda.current_device() if number is None else int(number))


@contextmanager
def this_process(device: str) -> Iterator[tuple[int, int]]:
    """Number of this process and how many there are; they are joined inside the block.

    One, unless the variables RANK and WORLD_SIZE that `torchrun` sets say otherwise, or somebody
    has joined them already.

    Args:
        device: "cpu" joins by gloo, a GPU by NCCL.

    Raises:
        ProcessLost: they cannot be joined.
    """
    if dist.is_available() and dist.is_initialized():
        yield dist.get_rank(), dist.get_world_size()
        return
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if ranks <= 1:
        yield 0, 1
        return
    if device == "cuda":  # each its own GPU
        torch.cuda.set_device(place_of(device))
    with _together():
        dist.init_process_group("gloo" if device == "cpu" else "nccl")
    try:
        yield dist.get_rank(), dist.get_world_size()
    finally:
        dist.destroy_process_group()


def shared() -> bool:
    """Whether several processes share each batch."""
    return bool(dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1)


def speaks_for_all() -> bool:
    """Whether this process is the one that tells the user what they all do."""
    return int(os.environ.get("WORLD_SIZE", "1")) <= 1 or os.environ.get("RANK") == "0"


def wait_for_all() -> None:
    """Go on when every process has come here.

    Raises:
        ProcessLost: one of them never will.
    """
    if shared():
        with _together():
            dist.barrier()


def sum_over_all(values: Tensor) -> None:
    """Add up a tensor over all processes, in place.

    Raises:
        ProcessLost: one of them has stopped.
    """
    if shared():
        with _together():
            dist.all_reduce(values)


def any_of_them(own: bool, device: torch.device) -> bool:
    """Whether something holds in any process.

    Raises:
        ProcessLost: one of them has stopped.
    """
    if not shared():
        return own
    asked = torch.tensor([int(own)], device=device)
    with _together():
        dist.all_reduce(asked, dist.ReduceOp.MAX)
    return bool(asked.item())


@contextmanager
def _together() -> Iterator[None]:
    """What no process can do without the others."""
    try:
        yield
    except torch.OutOfMemoryError:  # this process's own
        raise
    except RuntimeError as error:  # so torch says that a connection is closed
        raise ProcessLost(
            "another process of this training has stopped, or cannot be reached "
            f"({first_line(error)}): mend what it says, and the same command with --resume goes "
            "on from the last state"
        ) from error
