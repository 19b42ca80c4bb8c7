"""The loop, by Lightning: steps, and what happens between them.

Lightning runs the steps. To it the whole training is one epoch of
batches without end, so that going on after a break is not its business: what it does not know it
cannot put wrong. Order, draws, random numbers and rate are functions of the seed and the number of
the step; weights, their average and the optimiser stand in the state.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import lightning
import numpy as np
import torch
import torch.distributed as dist
from lightning.pytorch.strategies import SingleDeviceStrategy

from gazesearch.errors import DataError
from gazesearch.models.objectives import Objective
from gazesearch.training.batches import Batch, SharedPrefixes
from gazesearch.training.between import Between
from gazesearch.training.gradients import Sight, StepLoss, add_gradients
from gazesearch.training.optimisation import Average, rate_at
from gazesearch.training.processes import place_of, shared
from gazesearch.training.settings import Recipe


class Fitting(lightning.LightningModule):
    """A network while it is trained, a step a batch."""

    def __init__(
        self,
        network: Any,
        objective: Objective,
        optimiser: torch.optim.AdamW,
        average: Average,
        recipe: Recipe,
        *,
        sight: Sight,
        names: Sequence[str],
        steps: int,
        done: int,
    ) -> None:
        """Gather what a step needs.

        Args:
            network, objective, optimiser, average: what is trained, by what.
            recipe: all settings.
            sight: where levels of images come from.
            names: of the train images, by their numbers.
            steps: of the whole training.
            done: of them were made before.
        """
        super().__init__()
        self.automatic_optimization = False
        self.network, self.objective = network, objective
        self.optimiser, self.average = optimiser, average
        self.recipe = recipe
        self.sight, self.names = sight, names
        self.steps, self.done = steps, done
        self.loss: StepLoss | None = None
        self.rate = 0.0

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The one that was made."""
        return self.optimiser

    def transfer_batch_to_device(self, batch: Batch, *_: Any) -> Batch:
        """Pieces are moved one by one, as there is room for them."""
        return batch

    def training_step(self, batch: Batch, _: int) -> None:
        """Move the weights once."""
        recipe, schedule = self.recipe, self.recipe.schedule
        rank = dist.get_rank() if shared() else 0
        torch.manual_seed(_seed_of(recipe.seed, self.done, rank))  # of dropout
        optimiser = self.optimizers()
        optimiser.zero_grad()
        self.loss = add_gradients(
            self.network,
            self.objective,
            batch,
            self.sight,
            self.names,
            images_at_once=schedule.images_at_once,
            low=schedule.precision == "bfloat16",
        )
        if not math.isfinite(self.loss.total):
            raise DataError(
                f"step {self.done + 1}: the loss is {self.loss.total}: lower optimiser.rate, or "
                "look for damaged images"
            )
        if recipe.optimiser.clip:
            moved = [p for group in self.optimiser.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(moved, recipe.optimiser.clip)
        self.rate = rate_at(self.done, self.steps, recipe.optimiser.rate, schedule)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * group["share"]
        optimiser.step()
        self.average.update()
        self.done += 1


def _seed_of(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0]) >> 1


class Batches:
    """The batches that are left, as Lightning takes them."""

    def __init__(self, order: SharedPrefixes, left: int) -> None:
        self._order, self._left = order, left

    def __len__(self) -> int:
        return self._left

    def __iter__(self) -> Iterator[Batch]:
        for _, batch in zip(range(self._left), self._order, strict=False):
            yield batch


def steps_left(module: Fitting, between: Between) -> int:
    """How many steps there are still to be made: none where there was no better epoch for long."""
    return 0 if between.enough else max(module.steps - module.done, 0)


def fit(module: Fitting, between: Between, *, device: str) -> None:
    """Run the steps that are left.

    Raises:
        Interrupted: the run was broken off.
        ProcessLost: of several processes another one has stopped.
    """
    left = steps_left(module, between)
    if not left:
        return
    with _quiet_lightning():
        trainer = _trainer(between, device)
        module.network.train()
        trainer.fit(module, train_dataloaders=Batches(between.order, left))


def _trainer(between: Between, device: str) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator="cpu" if device == "cpu" else "gpu",
        devices=1,
        strategy=SingleDeviceStrategy(place_of(device)),  # a GPU needs its number
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=[between],
    )


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Its advice is not for users of this package: a frozen backbone is in evaluation mode."""
    talk = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    level = talk.level
    talk.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\.pytorch\.utilities\._pytree")
            warnings.filterwarnings("ignore", message=r"Found \d+ module\(s\) in eval mode")
            yield
    finally:
        talk.setLevel(level)
