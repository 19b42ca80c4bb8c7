"""ChestSearch with made-up weights, and the shapes of its signatures checked as tests run."""

from __future__ import annotations

import copy
import importlib.util
import json
import math
import os
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if all(importlib.util.find_spec(name) for name in ("torch", "jaxtyping", "beartype")):
    import torch
    from jaxtyping import install_import_hook

    # Threads that wait for each other on a busy machine can take ten times as long as one alone.
    torch.set_num_threads(1)
    SHAPED = ("backbone", "pixel_decoder", "model", "inputs", "greedy")
    install_import_hook(
        [f"gazesearch.models.chestsearch.{name}" for name in SHAPED], "beartype.beartype"
    )

PLAIN = {
    "query_embed.weight",
    "query_pos.weight",
    "fix_ind_emb.weight",
    "dorsal_ind_emb.weight",
    "ventral_ind_emb.weight",
    "encoder.pixel_decoder.transformer.level_embed",
}
GAINS = {
    "in_proj_weight": 2,
    "out_proj.weight": 0.5,
    "output_proj.weight": 0.5,
    "linear2.weight": 0.5,
    "pixel_decoder.mask_features.weight": 3,
    "fixation_embed.layers.2.weight": 0.06,
    "termination_predictor.layers.2.weight": 5,
}


def gain(key: str) -> float:
    if key.startswith("encoder.backbone."):
        return math.sqrt(2)
    if key.startswith("transformer_") and key.endswith(("out_proj.weight", "linear2.weight")):
        return 0.25
    return next((value for ending, value in GAINS.items() if key.endswith(ending)), 1)


def made_up(key: str, shape: tuple[int, ...], salt: str) -> np.ndarray:
    """The recipe of the reference numbers: weights from a key's own name."""
    seed = zlib.crc32((salt + key).encode())
    z = np.random.Generator(np.random.PCG64(seed)).standard_normal(shape)
    if key.endswith("running_var"):
        value = 1 + 0.2 * abs(z)
    elif key.endswith("running_mean"):
        value = 0.1 * z
    elif key in PLAIN:
        value = z
    elif len(shape) == 1 and key.endswith(".weight"):
        value = (1 + 0.1 * z) * (0.25 if key.endswith("conv3.norm.weight") else 1)
    elif key == "termination_predictor.layers.2.bias":
        value = 0.1 * z - 1.5
    elif key.endswith("sampling_offsets.bias"):
        value = 2 * z
    elif len(shape) == 1:
        value = 0.1 * z
    else:
        value = z * gain(key) / math.sqrt(math.prod(shape[1:]))
    return value.astype(np.float32)


def published(salt: str) -> dict[str, Any]:
    """A published state dict with made-up weights."""
    import torch

    from gazesearch.models.chestsearch import layout

    state = {
        key: torch.from_numpy(made_up(key, shape, salt))
        for key, shape in layout.checkpoint_shapes().items()
        if key not in layout.TABLES
    }
    frequency = np.exp(-np.arange(0, 192, 2) * math.log(10_000) / 192)
    angle = np.arange(56)[:, None] * frequency
    table = torch.from_numpy(np.stack([np.sin(angle), np.cos(angle)], 2).reshape(56, 192)).float()
    return state | dict.fromkeys(layout.TABLES, table)


@pytest.fixture(scope="session")
def state() -> dict[str, Any]:
    return published("")


@pytest.fixture(scope="session")
def salted() -> dict[str, Any]:
    """Another published state dict."""
    return published("another ")


@pytest.fixture(scope="session")
def checkpoint(state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like `ckp_29999.pt`, with an optimiser's state."""
    import torch

    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    path = tmp_path_factory.mktemp("published") / "ckp_29999.pt"
    torch.save({"model": state, "optimizer": optimizer.state_dict(), "step": 30000}, path)
    return path


@pytest.fixture(scope="session")
def network(checkpoint: Path) -> Any:
    from gazesearch.models.chestsearch.checkpoints import load_published

    return load_published(checkpoint)


@pytest.fixture(scope="session")
def converted(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `convert` makes of the checkpoint; no test writes to it."""
    from gazesearch.models.chestsearch.conversion import convert

    return convert(checkpoint, tmp_path_factory.mktemp("converted") / "made").folder


@pytest.fixture
def copied(converted: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes the converted folder again, with something else in its config; weights are linked."""

    def copy_of(name: str, **config: Any) -> Path:
        (to := tmp_path / name).mkdir()
        os.link(converted / "model.safetensors", to / "model.safetensors")
        content = json.loads((converted / "config.json").read_text()) | config
        (to / "config.json").write_text(json.dumps(content))
        return to

    return copy_of


@pytest.fixture(scope="session")
def quick(network: Any) -> Any:
    """The network with next to no image side: means of 4 x 4 px, widened by a random matrix.

    For what does not depend on the features: batches, frames, what is remembered.
    """
    import torch

    class Pixels(torch.nn.Module):
        def forward(self, image: Any) -> list[Any]:
            return [image]

    class Glance(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            weight = torch.randn(256, 3, 1, 1, generator=torch.Generator().manual_seed(3))
            self.weight = torch.nn.Parameter(weight)

        def forward(self, levels: list[Any]) -> list[Any]:
            [image] = levels
            maps = [torch.nn.functional.avg_pool2d(image, side) for side in (32, 16, 8, 4)]
            return [torch.nn.functional.conv2d(m, self.weight) for m in maps]

    own = copy.copy(network)
    own._modules = dict(network._modules)  # the rest is shared
    own.backbone, own.pixel_decoder = Pixels(), Glance()
    return own


@pytest.fixture
def gazesearch_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command line, run in this process: exit status, output and errors."""
    from gazesearch.cli import main

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gazesearch", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture(scope="session")
def clean(network: Any) -> Any:
    """The clean variant with the same weights, and more where it has more."""
    import torch

    from gazesearch.models.chestsearch.model import WIDTH, ChestSearch, Head

    torch.manual_seed(0)
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    own["dim_kind"] = own["dim_kind"][:1]
    own["order"] = torch.cat([own["order"], torch.randn(1, WIDTH)])
    head = Head(WIDTH + 1, 2).state_dict()
    with torch.device("meta"):
        made = ChestSearch()
    made.load_state_dict(own | {f"duration_head.{k}": v for k, v in head.items()}, assign=True)
    return made.eval()


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> Any:
    """What the published code computes with the made-up weights."""
    with np.load(shared_data / "parity" / "chestsearch_golden.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}
