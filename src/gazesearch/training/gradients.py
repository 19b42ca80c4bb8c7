"""The gradient of a step: of a batch in pieces and over processes, as if it were one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from gazesearch.models.objectives import Counts, Losses, Objective, Searches
from gazesearch.training.batches import Batch
from gazesearch.training.processes import shared, sum_over_all


class Sight(Protocol):
    """Where levels of images come from: `seen.Seen` or `looking.Looking`."""

    def levels(self, names: Sequence[str], mirrored: Any, shifts: Any = None) -> list[Tensor]:
        """What the backbone sees of some images."""


@dataclass(frozen=True, kw_only=True)
class StepLoss:
    """Means of a step's terms, over all of its pieces and processes, and what was minimised."""

    total: float
    map: float
    stop: float
    duration: float


def losses_of(
    network: Any,
    objective: Objective,
    levels: Sequence[Tensor],
    searches: Searches,
    *,
    low: bool = False,
) -> Losses:
    """An objective's terms for some searches in images that the backbone has seen.

    Args:
        network, objective: what answers, and what judges the answers.
        levels: what the backbone saw.
        searches: the questions.
        low: whether the network computes products in bfloat16; the objective never does.
    """
    with torch.autocast(searches.image.device.type, torch.bfloat16, enabled=low):
        features = network.encode_seen(list(levels))
        output = network(
            features, searches.image, searches.finding, searches.cells, searches.lengths
        )
    logits = output.map_logits
    log_mass = network.log_mass(logits if logits.dtype == torch.float64 else logits.float())
    return objective(output, log_mass, searches)


def counts_of(searches: Searches) -> Counts:
    """How many places, decisions and durations there are to learn from."""
    return Counts(
        map=int(searches.placed.sum()),
        stop=int(searches.decided.sum()),
        duration=int(searches.timed.sum()),
    )


def add_gradients(
    network: Any,
    objective: Objective,
    batch: Batch,
    sight: Sight,
    names: Sequence[str],
    *,
    images_at_once: int,
    low: bool = False,
) -> StepLoss:
    """Add the gradient of a batch's loss to the network's parameters.

    Each term is the mean over all that counts for it in the batch, whatever its pieces and however
    many processes share it; the gradients of the processes are summed up.

    Args:
        network: to be trained.
        objective: what is minimised.
        batch: of several processes, the part of this one.
        sight: where levels of images come from.
        names: of the images that the batch names by number.
        images_at_once: how many are computed together.
        low: whether products inside the network are in bfloat16.
    """
    device = next(network.parameters()).device
    whole = _of_all(counts_of(batch.searches), device)
    terms = torch.zeros(4, dtype=torch.float64, device=device)
    for piece in batch.pieces(images_at_once):
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            levels = sight.levels([names[n] for n in piece.images], piece.mirrored, piece.shifts)
        told = losses_of(
            network,
            objective,
            [level.to(device) for level in levels],
            piece.searches.to(device),
            low=low,
        )
        part = told.part_of(whole)
        if part.requires_grad:
            part.backward()
        counted = told.counts
        for place, (mean, some, every) in enumerate(
            (
                (told.map, counted.map, whole.map),
                (told.stop, counted.stop, whole.stop),
                (told.duration, counted.duration, whole.duration),
            )
        ):
            terms[place + 1] += mean.detach().double() * (some / max(every, 1))
        terms[0] += part.detach().double()
    if shared():
        _sum_gradients(network)
        sum_over_all(terms)
    total, places, stops, durations = terms.tolist()
    return StepLoss(total=total, map=places, stop=stops, duration=durations)


def _of_all(counts: Counts, device: torch.device) -> Counts:
    """Counts of the batch, over all processes that share it."""
    if not shared():
        return counts
    total = torch.tensor([counts.map, counts.stop, counts.duration], device=device)
    sum_over_all(total)
    places, stops, durations = total.tolist()
    return Counts(map=places, stop=stops, duration=durations)


def _sum_gradients(network: nn.Module) -> None:
    trained = [p for p in network.parameters() if p.requires_grad]
    for parameter in trained:
        if parameter.grad is None:  # nothing of this process's part reached it
            parameter.grad = torch.zeros_like(parameter)
    flat = torch.cat([p.grad.flatten() for p in trained])
    sum_over_all(flat)
    for parameter, part in zip(trained, flat.split([p.numel() for p in trained]), strict=True):
        parameter.grad.copy_(part.view_as(parameter))
