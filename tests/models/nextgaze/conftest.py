"""Small NextGazes with random weights, and the shapes of their signatures checked as tests run."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

if all(importlib.util.find_spec(name) for name in ("torch", "jaxtyping", "beartype")):
    import torch
    from jaxtyping import install_import_hook

    torch.set_num_threads(1)
    install_import_hook(
        [f"gazesearch.models.nextgaze.{name}" for name in ("network", "offsets", "reading")],
        "beartype.beartype",
    )

TASKS = ("edema", "fracture")
SMALL = {
    "tasks": TASKS,
    "backbone": "tiny",
    "frozen": False,
    "input_shape": (48, 64),
    "map_shape": (6, 8),
    "panels": 8,
    "keys": 6,
    "hidden": 5,
    "recent": 3,
    "max_history": 4,
    "dropout": 0.2,
}


@pytest.fixture(scope="session")
def made() -> Callable[..., Any]:
    """Makes a small network, whose parts all have an effect, from changed settings."""

    def make(**changes: Any) -> Any:
        from gazesearch.models.backbones.creating import blank
        from gazesearch.models.nextgaze.network import NextGaze
        from gazesearch.models.nextgaze.settings import NextGazeSettings

        torch.manual_seed(7)
        settings = NextGazeSettings(**{**SMALL, **changes})
        network = NextGaze(settings, blank(settings.backbone))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))
        h, w = settings.map_shape
        masses = torch.rand(2 + len(settings.tasks), h, w, dtype=torch.float64) + 0.1
        masses /= masses.sum(dim=(1, 2), keepdim=True)
        network.set_priors(masses[0], masses[1], masses[2:])
        return network.eval()

    return make


@pytest.fixture(scope="session")
def network(made: Callable[..., Any]) -> Any:
    return made()


@pytest.fixture(scope="session")
def pictures() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {
        "a.png": rng.integers(0, 256, (30, 40), np.uint8),
        "b.png": rng.integers(0, 256, (50, 20, 3), np.uint8),
    }
