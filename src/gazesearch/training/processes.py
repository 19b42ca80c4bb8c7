"""Several processes that share each batch, as `torchrun` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist


@contextmanager
def this_process(device: str) -> Iterator[tuple[int, int]]:
    """Number of this process and how many there are; they are joined inside the block.

    One, unless the variables RANK and WORLD_SIZE that `torchrun` sets say otherwise, or somebody
    has joined them already.

    Args:
        device: "cpu" joins by gloo, a GPU by NCCL.
    """
    if dist.is_available() and dist.is_initialized():
        yield dist.get_rank(), dist.get_world_size()
        return
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if ranks <= 1:
        yield 0, 1
        return
    dist.init_process_group("gloo" if device == "cpu" else "nccl")
    try:
        yield dist.get_rank(), dist.get_world_size()
    finally:
        dist.destroy_process_group()


def shared() -> bool:
    """Whether several processes share each batch."""
    return bool(dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1)


def wait_for_all() -> None:
    """Go on when every process has come here."""
    if shared():
        dist.barrier()


def any_of_them(own: bool, device: torch.device) -> bool:
    """Whether something holds in any process."""
    if not shared():
        return own
    asked = torch.tensor([int(own)], device=device)
    dist.all_reduce(asked, dist.ReduceOp.MAX)
    return bool(asked.item())
