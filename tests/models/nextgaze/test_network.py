"""What the network's answers depend on, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gazesearch.errors import BadSetting

torch = pytest.importorskip("torch", reason="needs the extra `train`")
for needed in ("jaxtyping", "safetensors", "huggingface_hub"):
    pytest.importorskip(needed, reason="needs the extra `train`")

IMAGE = torch.tensor([0, 1, 1, 0, 1])
TASK = torch.tensor([0, 0, 1, 1, 0])
CELLS = torch.tensor([[3, 0, 0], [7, 9, 0], [40, 41, 47], [0, 0, 0], [1, 2, 3]])
LENGTHS = torch.tensor([1, 2, 3, 0, 3])


def inputs(seed: int = 1) -> Any:
    return torch.randn(2, 3, 48, 64, generator=torch.manual_seed(seed))


def answers(network: Any, images: Any, **changes: Any) -> Any:
    asked = {"image": IMAGE, "finding": TASK, "cells": CELLS, "lengths": LENGTHS, **changes}
    with torch.no_grad():
        return network(network.encode_seen(network.see(images)), *asked.values())


def same(one: Any, other: Any) -> bool:
    return all(
        torch.allclose(getattr(one, name), getattr(other, name), atol=1e-5)
        for name in ("map_logits", "stop_logits", "duration")
    )


def test_the_mass_sums_to_one(network: Any) -> None:
    told = answers(network, inputs())
    mass = network.log_mass(told.map_logits.double()).exp()
    assert mass.shape == (5, 6, 8)
    assert mass.sum(dim=(1, 2)).tolist() == pytest.approx([1] * 5, abs=1e-12)
    assert told.stop_logits.shape == (5,)
    assert told.duration.shape == (5, 2)


def test_the_order_of_searches_does_not_matter(network: Any) -> None:
    order = torch.tensor([4, 2, 0, 3, 1])
    told = answers(network, inputs())
    mixed = answers(
        network,
        inputs(),
        image=IMAGE[order],
        finding=TASK[order],
        cells=CELLS[order],
        lengths=LENGTHS[order],
    )
    for name in ("map_logits", "stop_logits", "duration"):
        assert torch.allclose(getattr(mixed, name), getattr(told, name)[order], atol=1e-5)


def test_padding_does_not_matter(network: Any) -> None:
    told = answers(network, inputs())
    padded = torch.nn.functional.pad(CELLS, (0, 4), value=11)
    padded[0, 1:] = 22
    padded[3] = 33  # of no fixations
    assert same(told, answers(network, inputs(), cells=padded))
    whole = answers(
        network, inputs(), image=IMAGE[4:], finding=TASK[4:], cells=CELLS[4:], lengths=None
    )
    assert torch.allclose(told.map_logits[4:], whole.map_logits, atol=1e-5)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_recent_fixation_and_their_order_matter(network: Any, place: int) -> None:
    moved = CELLS.clone()
    moved[4, place] = 30
    told, other = answers(network, inputs()), answers(network, inputs(), cells=moved)
    assert (told.map_logits[4] - other.map_logits[4]).abs().max() > 1e-3
    assert torch.allclose(told.map_logits[:4], other.map_logits[:4], atol=1e-5)
    turned = answers(network, inputs(), cells=CELLS.flip(1))
    assert (told.map_logits[4] - turned.map_logits[4]).abs().max() > 1e-3


def test_the_number_of_fixations_and_the_task_matter(network: Any) -> None:
    told = answers(network, inputs())
    other = answers(network, inputs(), finding=1 - TASK)
    assert ((told.map_logits - other.map_logits).abs().amax(dim=(1, 2)) > 1e-3).all()
    assert ((told.stop_logits - other.stop_logits).abs() > 1e-4).all()
    long = torch.tensor([[5, 6, 1, 2, 3]])  # the same three last fixations
    one = {"image": IMAGE[4:], "finding": TASK[4:]}
    after_five = answers(network, inputs(), **one, cells=long, lengths=torch.tensor([5]))
    assert not torch.allclose(after_five.stop_logits, told.stop_logits[4:], atol=1e-4)


def test_only_the_image_looked_at_matters(network: Any) -> None:
    images = inputs()
    images[0] = inputs(seed=2)[0]
    told, other = answers(network, inputs()), answers(network, images)
    first = IMAGE == 0
    gaps = (told.map_logits - other.map_logits).abs().amax(dim=(1, 2))
    assert (gaps[first] > 1e-3).all()
    assert (gaps[~first] < 1e-5).all()


def test_without_image_all_images_are_alike(made: Callable[..., Any]) -> None:
    blind = made(sees_image=False)
    assert same(answers(blind, inputs()), answers(blind, inputs(seed=2)))
    assert same(answers(blind, inputs()), answers(blind, inputs(), image=1 - IMAGE))


def test_without_history_only_its_length_matters(made: Callable[..., Any]) -> None:
    network = made(uses_history=False)
    told = answers(network, inputs())
    assert same(told, answers(network, inputs(), cells=(CELLS + 5) % 48))
    assert not same(told, answers(network, inputs(), lengths=torch.flip(LENGTHS, (0,))))


def test_without_durations_there_are_none(made: Callable[..., Any]) -> None:
    assert answers(made(durations=False), inputs()).duration is None


def test_a_new_network_is_the_density_of_train() -> None:
    """What the next fixation is before anything was learnt: the task's density."""
    from gazesearch.models.backbones.creating import blank
    from gazesearch.models.nextgaze.network import NextGaze
    from gazesearch.models.nextgaze.settings import NextGazeSettings

    settings = NextGazeSettings(
        tasks=("a", "b"), backbone="tiny", input_shape=(48, 64), map_shape=(6, 8), frozen=False
    )
    torch.manual_seed(1)
    network = NextGaze(settings, blank("tiny")).eval()
    masses = torch.rand(4, 6, 8, dtype=torch.float64) ** 3 + 0.01
    masses /= masses.sum(dim=(1, 2), keepdim=True)
    network.set_priors(masses[0], masses[1], masses[2:])
    told = answers(network, inputs())
    log_mass = network.log_mass(told.map_logits.double())
    other = (masses[1].log() * masses[2 + TASK]).sum(dim=(1, 2))
    expected = (log_mass * masses[2 + TASK]).sum(dim=(1, 2))
    best = (masses[2 + TASK].log() * masses[2 + TASK]).sum(dim=(1, 2))
    assert (best - expected).max() < 0.3
    assert (expected > other).all()


def test_gradients_are_those_of_the_plain_sum() -> None:
    """Keys, queries and windows read in parts and again backwards: as written out at once."""
    from gazesearch.models.nextgaze.reading import logits_of

    torch.manual_seed(0)
    p, c, h, w, m, k = 3, 4, 3, 5, 3, 2
    pair = torch.tensor([2, 0, 0, 2, 1, 2, 0])
    counts = torch.tensor([0, 1, 2, 2, 1, 0, 2])
    cells = torch.randint(0, h * w, (7, k))
    parts = [
        torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        for shape in ((p, c, h, w), (7, c, m), (k, m, 2 * h - 1, 2 * w - 1), (m,))
    ]

    def plain(keys: Any, query: Any, table: Any, read: Any) -> Any:
        logits = []
        for b in range(7):
            maps = torch.einsum("chw,cm->mhw", keys[pair[b]], query[b])
            for n in range(int(counts[b])):
                y, x = h - 1 - int(cells[b, n]) // w, w - 1 - int(cells[b, n]) % w
                maps = maps + table[n, :, y : y + h, x : x + w]
            passed = torch.cat([maps[:1], maps[1:].relu()])
            logits.append(torch.einsum("mhw,m->hw", passed, read))
        return torch.stack(logits)

    ours, theirs = logits_of(*parts, pair, cells, counts), plain(*parts)
    assert torch.allclose(ours, theirs, atol=1e-12)
    back = torch.randn_like(ours)
    for one, other in zip(
        torch.autograd.grad(ours, parts, back),
        torch.autograd.grad(theirs, parts, back),
        strict=True,
    ):
        assert torch.allclose(one, other, atol=1e-12)


def test_everything_learns(made: Callable[..., Any]) -> None:
    network = made().train()
    told = network(network.encode(inputs()), IMAGE, TASK, CELLS, LENGTHS)
    loss = network.log_mass(told.map_logits)[:, 2, 3].sum() + told.stop_logits.sum()
    (loss + told.duration.sum()).backward()
    idle = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert idle == []


def test_a_frozen_backbone_is_left_alone(made: Callable[..., Any]) -> None:
    network = made(frozen=True).train()
    assert not network.backbone.training
    levels = network.see(inputs())
    assert [tuple(level.shape[2:]) for level in levels] == [(6, 8), (6, 8), (3, 4)]
    assert not any(level.requires_grad for level in levels)


@pytest.mark.parametrize(
    "changes",
    [
        {"tasks": ()},
        {"tasks": ("a", "a")},
        {"hidden": -1},
        {"recent": 5, "max_history": 4},
        {"dropout": 1.0},
        {"map_shape": (0, 3)},
    ],
    ids=str,
)
def test_settings_outside_their_range_are_refused(changes: dict[str, Any]) -> None:
    from gazesearch.models.nextgaze.settings import NextGazeSettings

    with pytest.raises(BadSetting):
        NextGazeSettings(**{"tasks": ("a",), **changes})


def test_under_autocast_answers_stay_in_full_precision(network: Any) -> None:
    exact = answers(network, inputs())
    with torch.autocast("cpu", torch.bfloat16):
        rounded = answers(network, inputs())
    for name in ("map_logits", "stop_logits", "duration"):
        assert getattr(rounded, name).dtype == torch.float32
    gap = (rounded.map_logits - exact.map_logits).abs().mean()
    assert 0 < gap < 0.02 * exact.map_logits.std()
