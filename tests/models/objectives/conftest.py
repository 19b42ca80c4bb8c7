"""Questions with made-up answers; the shapes of signatures are checked as tests run."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

if all(importlib.util.find_spec(name) for name in ("torch", "jaxtyping", "beartype")):
    import torch
    from jaxtyping import install_import_hook

    torch.set_num_threads(1)
    install_import_hook("gazesearch.models.objectives", "beartype.beartype")


@pytest.fixture(scope="session")
def asked() -> Callable[..., Any]:
    """Makes searches of what came next; all else is made up."""
    import torch

    from gazesearch.models.objectives import Searches

    def searches(
        target: list[int],
        *,
        lengths: list[int] | None = None,
        xy: Any = None,
        log_seconds: list[float] | None = None,
    ) -> Searches:
        b = len(target)
        zeros = torch.zeros(b, dtype=torch.long)
        nothing = torch.full((b, 2), torch.nan, dtype=torch.float64)
        return Searches(
            image=zeros,
            finding=zeros,
            cells=torch.zeros(b, 3, dtype=torch.long),
            lengths=zeros + 1 if lengths is None else torch.tensor(lengths),
            target=torch.tensor(target),
            target_xy=nothing if xy is None else torch.as_tensor(xy, dtype=torch.float64),
            log_seconds=torch.tensor([torch.nan] * b if log_seconds is None else log_seconds),
            record=zeros,
        )

    return searches


@pytest.fixture(scope="session")
def answered() -> Callable[..., Any]:
    """Makes an output of random numbers, and the log mass of its map."""
    import torch

    from gazesearch.models.network import Output

    def output(
        b: int, *, shape: tuple[int, int] = (3, 4), scale: float = 1.0, dtype: Any = torch.float64
    ) -> tuple[Output, Any]:
        random = torch.Generator().manual_seed(1)

        def made(*size: int) -> Any:
            numbers = torch.randn(*size, generator=random, dtype=torch.float64) * scale
            return numbers.to(dtype).requires_grad_()

        maps = made(b, *shape)
        made_up = Output(map_logits=maps, stop_logits=made(b), duration=made(b, 2))
        return made_up, maps.flatten(1).log_softmax(1).view_as(maps)

    return output
