"""A small network with dropout that answers searches, and small tables of paths."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gazesearch import Scanpaths
from gazesearch.datasets import Dataset
from gazesearch.datasets.phantom import write_phantom
from gazesearch.models.network import Output

torch.set_num_threads(1)

TASKS = ("edema", "nodule")
SHAPE = (6, 8)


class Small(nn.Module):
    """A `SearchNetwork` of a few hundred numbers."""

    tasks = TASKS
    map_shape = SHAPE
    max_history = 5

    def __init__(self, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 4, stride=4)
        self.narrow = nn.Conv2d(4, 8, 1)
        self.finding = nn.Embedding(len(TASKS), 8)
        self.last = nn.Linear(8, 8)
        self.end = nn.Linear(9, 3)
        self.dropout = nn.Dropout(dropout)

    def prepared(self, image: Any, *, where: str) -> torch.Tensor:
        h, w = SHAPE
        grey = np.ascontiguousarray(image.reshape(*image.shape[:2], -1)[: 4 * h, : 4 * w, 0])
        pixels = torch.from_numpy(grey).float() / 255 - 0.5
        return pixels.expand(3, -1, -1).to(self.narrow.weight.dtype)

    def see(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        return [self.backbone(inputs)]

    def encode_seen(self, levels: list[torch.Tensor]) -> torch.Tensor:
        return self.dropout(F.gelu(self.narrow(levels[0].to(self.narrow.weight.dtype))))

    def forward(
        self, features: Any, image: Any, finding: Any, cells: Any, lengths: Any = None
    ) -> Output:
        panels = features[image].flatten(2)  # (b, 8, cells)
        query = self.finding(finding)
        if cells.shape[1]:
            place = cells.gather(1, (lengths - 1).clamp(min=0)[:, None])
            under = panels.gather(2, place[:, None].expand(-1, 8, -1)).squeeze(2)
            query = query + self.last(under) * (lengths > 0)[:, None]
        logits = (panels * query[:, :, None]).sum(1).unflatten(1, SHAPE)
        end = self.end(torch.cat([query, lengths[:, None].to(query.dtype)], 1))
        return Output(map_logits=logits, stop_logits=end[:, 0], duration=end[:, 1:])

    def log_mass(self, map_logits: torch.Tensor) -> torch.Tensor:
        return map_logits.flatten(1).log_softmax(1).view_as(map_logits)


def some_paths(count: int, *, images: int, seed: int = 0, split: str = "train") -> Scanpaths:
    """Random paths of 1 to 6 fixations on a screen of 80 x 60 px."""
    rng = np.random.default_rng(seed)
    paths = [
        np.column_stack([rng.random((n, 2)) * (80, 60), rng.random(n) + 0.1])
        for n in rng.integers(1, 7, count)
    ]
    return Scanpaths.of(
        paths,
        image=[f"{n}.png" for n in rng.integers(0, images, count)],
        finding=rng.choice(TASKS, count).tolist(),
        screen_size=(80, 60),
        split=[split] * count,
    )


MINE = """
name = "mine"
[network.settings]
input_shape = [32, 32]
map_shape = [8, 8]
panels = 8
keys = 4
hidden = 4
recent = 2
max_history = 8
[backbone]
name = "tiny"
kept = "float32"
[schedule]
epochs = 2
images = 4
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of two epochs, in a file of its own."""
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    return file


@pytest.fixture(scope="session")
def small() -> Any:
    """The small network's class and what goes with it."""
    return SimpleNamespace(Small=Small, TASKS=TASKS, SHAPE=SHAPE, some_paths=some_paths)


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Ten images: seven of train, one of valid, two of test."""
    return write_phantom(tmp_path_factory.mktemp("phantom"), images=10, observers=4, rng=0)


def numbered_pictures() -> dict[str, Any]:
    """Noise, by the names that `some_paths` gives."""
    rng = np.random.default_rng(9)
    return {f"{n}.png": rng.integers(0, 256, (24, 32), np.uint8) for n in range(12)}


@pytest.fixture
def pictures() -> dict[str, Any]:
    return numbered_pictures()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
