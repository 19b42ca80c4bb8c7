"""Batches that share prefixes: the gradient of one sample a prefix; an order that can go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gazesearch.errors import BadSetting
from gazesearch.models.objectives import LikelihoodObjective, PublishedObjective
from gazesearch.training.batches import Batch, SharedPrefixes
from gazesearch.training.gradients import add_gradients, losses_of
from gazesearch.training.looking import Looking
from gazesearch.training.steps import Steps, some_of, steps_of


@pytest.fixture
def table(small: Any) -> Steps:
    return steps_of(
        small.some_paths(60, images=12),
        tasks=small.TASKS,
        map_shape=small.SHAPE,
        max_history=5,
        first=False,
    )


def order_of(table: Steps, small: Any, **options: Any) -> SharedPrefixes:
    return SharedPrefixes(
        table, **{"images": 4, "map_shape": small.SHAPE, "mirror": True, "seed": 3, **options}
    )


def gradients(network: torch.nn.Module) -> list[torch.Tensor]:
    found = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    network.zero_grad()
    return found


@pytest.mark.parametrize("objective", [LikelihoodObjective(), PublishedObjective()])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_loss_and_gradient_are_those_of_one_sample_a_prefix(
    table: Steps,
    small: Any,
    pictures: dict[str, Any],
    objective: Any,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    torch.manual_seed(0)
    network = small.Small().to(dtype)
    looking = Looking(network, pictures, trained=True)
    batch = order_of(table, small).at(0, 1)
    loss = add_gradients(network, objective, batch, looking, table.images, images_at_once=2)
    shared = gradients(network)

    # As published: a sample for each prefix, and the image encoded for each of them.
    names = [table.images[n] for n in batch.images]
    of = batch.searches.image
    levels = looking.levels([names[n] for n in of], batch.mirrored[of.numpy()])
    apart = replace(batch.searches, image=torch.arange(len(of)))
    total = losses_of(network, objective, levels, apart).total
    total.backward()
    assert loss.total == pytest.approx(total.item(), rel=tolerance, abs=tolerance)
    for one, other in zip(shared, gradients(network), strict=True):
        largest = max(1.0, other.abs().max().item())
        assert torch.allclose(one, other, rtol=0, atol=tolerance * largest)


def test_pieces_of_any_size_give_the_gradient_of_the_whole(
    table: Steps, small: Any, pictures: dict[str, Any]
) -> None:
    network = small.Small().double()
    looking = Looking(network, pictures, trained=True)
    batch = order_of(table, small, images=12).at(0, 0)
    found = []
    for at_once in (12, 5, 1):
        options: dict[str, Any] = {"images_at_once": at_once}
        add_gradients(network, LikelihoodObjective(), batch, looking, table.images, **options)
        found.append(gradients(network))
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            assert torch.allclose(one, two, rtol=0, atol=1e-12)


def test_every_epoch_shows_every_image_and_search_once_in_an_order_of_its_own(
    table: Steps, small: Any
) -> None:
    order = order_of(table, small, images=5, mirror=False)
    epochs = [[order.at(epoch, n) for n in range(order.steps_per_epoch)] for epoch in (0, 1)]
    shown = [np.concatenate([batch.images for batch in epoch]).tolist() for epoch in epochs]
    assert sorted(shown[0]) == sorted(shown[1]) == list(range(12))
    assert shown[0] != shown[1]
    assert sum(len(batch.searches) for batch in epochs[0]) == len(table)
    assert {len(batch.images) for batch in epochs[0]} == {4}  # not 5, 5 and a rest of 2


def same(one: Batch, other: Batch) -> bool:
    return (
        one.images.tolist() == other.images.tolist()
        and one.mirrored.tolist() == other.mirrored.tolist()
        and torch.equal(one.searches.record, other.searches.record)
        and torch.equal(one.searches.cells, other.searches.cells)
    )


def take(order: SharedPrefixes, count: int) -> Sequence[Batch]:
    return [batch for _, batch in zip(range(count), order, strict=False)]


@pytest.mark.parametrize("done", [1, 3, 4, 7])
def test_a_sampler_goes_on_in_the_middle_of_an_epoch_as_if_it_had_not_stopped(
    table: Steps, small: Any, done: int
) -> None:
    whole = take(order_of(table, small, records=2), 10)
    broken = order_of(table, small, records=2)
    take(broken, done)
    other = order_of(table, small, records=2)
    other.load_state_dict(broken.state_dict())
    rest = take(other, 10 - done)
    assert all(same(a, b) for a, b in zip(whole[done:], rest, strict=True))
    assert not all(same(a, b) for a, b in zip(whole[: 10 - done], rest, strict=True))


def test_drawn_paths_come_whole_and_are_at_most_so_many_an_image(table: Steps, small: Any) -> None:
    batch = order_of(table, small, images=12, records=2, mirror=False).at(0, 0)
    everything = order_of(table, small, images=12, mirror=False).at(0, 0)
    for place in range(12):
        mine = some_of(batch.searches, batch.searches.image == place).record
        paths = set(mine.tolist())
        assert len(paths) <= 2
        for path in paths:
            whole = int((everything.searches.record == path).sum())
            assert int((mine == path).sum()) == whole


def test_processes_share_a_batch_between_them(table: Steps, small: Any) -> None:
    whole = order_of(table, small, records=2).at(1, 2)
    parts = [order_of(table, small, records=2, rank=r, ranks=2).at(1, 2) for r in (0, 1)]
    shown = sorted(n for part in parts for n in part.images)
    assert shown == sorted(whole.images)
    records = sorted(r for part in parts for r in part.searches.record.tolist())
    assert records == sorted(whole.searches.record.tolist())


def test_sizes_that_make_no_batch_are_refused(table: Steps, small: Any) -> None:
    with pytest.raises(BadSetting, match="must be 2 or more, one a process"):
        order_of(table, small, images=1, ranks=2)
    with pytest.raises(BadSetting, match="records=0"):
        order_of(table, small, records=0)
