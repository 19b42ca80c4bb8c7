"""What a NextGaze takes over from an earlier one: what was learnt for a task goes by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("jaxtyping", reason="needs the extra `train`")

import torch

from gazesearch.errors import DataError
from gazesearch.models.nextgaze.saving import save
from gazesearch.training.initial import start_from


@pytest.fixture
def earlier(made: Callable[..., Any], tmp_path: Path) -> Any:
    """A network that knows two tasks, and is in a folder."""
    network = made(tasks=("edema", "fracture"))
    save(network, tmp_path / "earlier", source={})
    return network


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (("fracture", "edema"), "weights copied"),
        (("fracture",), "weights copied"),
        (("nodule", "fracture"), "weights copied, fresh for nodule"),
    ],
)
def test_a_task_is_searched_for_as_before_whatever_its_number(
    earlier: Any, made: Callable[..., Any], tmp_path: Path, tasks: tuple[str, ...], said: str
) -> None:
    network = made(tasks=tasks)
    before = network.task.weight.detach().clone()
    (note,) = start_from(network, [tmp_path / "earlier"]).notes
    assert note.endswith(said)
    inputs = torch.rand(1, 3, 48, 64)
    image, cells = torch.zeros(1, dtype=torch.int64), torch.tensor([[3, 17]])
    for number, name in enumerate(tasks):
        if name not in earlier.tasks:
            assert torch.equal(network.task.weight[number], before[number])
            continue
        told, wanted = (
            own(own.encode(inputs), image, torch.tensor([own.tasks.index(name)]), cells)
            for own in (network, earlier)
        )
        assert torch.allclose(told.map_logits, wanted.map_logits, atol=1e-6)
        assert torch.allclose(told.duration, wanted.duration, atol=1e-6)


def test_weights_for_other_tasks_only_are_refused(
    earlier: Any, made: Callable[..., Any], tmp_path: Path
) -> None:
    network = made(tasks=("freeview", "nodule"))
    before = network.task.weight.detach().clone()
    with pytest.raises(
        DataError, match="trained for edema, fracture, this network for freeview, nodule: no task"
    ):
        start_from(network, [tmp_path / "earlier"])
    assert torch.equal(network.task.weight, before)
