"""What a training would cost: parameters, memory and time, from two of its steps."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from gazesearch.datasets.phantom import PHANTOM_V1
from gazesearch.evaluation.scoring import Progress
from gazesearch.prediction import Rng
from gazesearch.training.gradients import add_gradients
from gazesearch.training.looking import Looking
from gazesearch.training.optimisation import optimiser_of
from gazesearch.training.processes import device_of
from gazesearch.training.ready import Ready, prepare
from gazesearch.training.recipe import read_recipe
from gazesearch.training.settings import Recipe

_UNITS: Final = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What a training would cost.

    Attributes:
        trained, frozen: parameters, how many, by the part of the network.
        searches: that an epoch is made of.
        steps, epochs: of the whole training.
        state_bytes: of weights, their average and the optimiser's two means.
        peak_bytes: most memory that this process, or on a GPU the network, had; 0 where the system
            does not tell.
        step_s: of the second step, without looking at images.
        look_s: of the backbone, an image; 0 where it is trained, as it is then part of the step.
        images: that the backbone looks at, once each if features are kept.
        notes: of the data and of what is started from.
    """

    trained: dict[str, int]
    frozen: dict[str, int]
    searches: int
    steps: int
    epochs: int
    state_bytes: int
    peak_bytes: int
    step_s: float
    look_s: float
    images: int
    notes: tuple[str, ...]

    def to_text(self) -> str:
        """A few lines for a terminal."""
        lines = [*self.notes]
        for title, parts in (("trained", self.trained), ("frozen", self.frozen)):
            inside = ", ".join(f"{name} {count:,}" for name, count in parts.items())
            shown = f" ({inside})" if inside else ""
            lines.append(f"parameters {title}: {sum(parts.values()):,}{shown}")
        whole = self.steps * self.step_s
        most = f"{_size(self.peak_bytes)} at most" if self.peak_bytes else "the most not known here"
        lines += [
            f"an epoch: {self.searches:,} searches in {self.steps // self.epochs:,} steps",
            f"memory: {_size(self.state_bytes)} of weights and optimiser, {most}",
            f"time: {self.step_s:.2f} s a step, {_time(whole)} for {self.steps:,} steps in "
            f"{self.epochs} epochs at most, validation not counted",
        ]
        if self.look_s:
            once = self.look_s * self.images
            lines.append(
                f"looking at images: {self.look_s:.2f} s each, {_time(once)} for {self.images:,}, "
                "once if features are kept"
            )
        return "\n".join(lines) + "\n"


def dry_run(
    recipe: Recipe | str | os.PathLike[str],
    *,
    annotations: str | os.PathLike[str] | None = None,
    images: str | os.PathLike[str] | None = None,
    init: Sequence[str | os.PathLike[str]] = (),
    backbone: str | os.PathLike[str] | None = None,
    rng: Rng = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> DryRun:
    """Make the network, take two steps, and forget them; nothing is kept on disk.

    Arguments and errors are those of `train`. Of a phantom recipe only a few images are made.
    """
    settings = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    short = settings
    steps = None
    if annotations is None and settings.data.dataset == "phantom":
        share = PHANTOM_V1.splits.count("train") / len(PHANTOM_V1.splits)
        few = min(settings.data.images, max(20, round(1.5 * settings.schedule.images / share)))
        short = replace(settings, data=replace(settings.data, images=few, train_images=None))
        per_epoch = -(-round(settings.data.images * share) // settings.schedule.images)
        steps = settings.schedule.epochs * per_epoch
    with tempfile.TemporaryDirectory() as folder:
        ready = prepare(
            short,
            folder=Path(folder),
            annotations=annotations,
            images=images,
            init=init,
            backbone=backbone,
            rng=rng,
            progress=progress,
        )
        look_s, step_s = _timed(ready, device_of(device))
    steps = steps or settings.schedule.epochs * ready.order.steps_per_epoch
    grown = settings.data.images / short.data.images if short is not settings else 1.0
    trained: dict[str, int] = {}
    frozen: dict[str, int] = {}
    for name, parameter in ready.made.network.named_parameters():
        part = trained if ready.rates[name] else frozen
        top = name.split(".")[0]
        part[top] = part.get(top, 0) + parameter.numel()
    moved, still = sum(trained.values()), sum(frozen.values())
    return DryRun(
        trained=trained,
        frozen=frozen,
        searches=round(len(ready.train) * grown),
        steps=steps,
        epochs=settings.schedule.epochs,
        state_bytes=4 * (5 * moved + still),  # weights, gradients, average and two means
        peak_bytes=_peak(device_of(device)),
        step_s=step_s,
        look_s=look_s,
        images=round((len(ready.train.images) + len(ready.valid.images)) * grown),
        notes=(*ready.learned.notes, *ready.started.notes),
    )


class _Kept:
    """Levels that were looked at before."""

    def __init__(self, levels: dict[str, list[Tensor]]) -> None:
        self._levels = levels

    def levels(self, names: Sequence[str], *_: object) -> list[Tensor]:
        return [torch.stack(same) for same in zip(*(self._levels[n] for n in names), strict=True)]


def _timed(ready: Ready, device: str) -> tuple[float, float]:
    """Seconds of looking at an image, and of the second of two steps."""
    recipe, network = ready.recipe, ready.made.network.to(device).train()
    optimiser = optimiser_of(network, recipe.optimiser, dict(ready.rates))
    trained = recipe.backbone.trained
    batch = ready.order.at(0, 0)
    names = [ready.train.images[n] for n in batch.images]
    looking = Looking(network, ready.learned.images, trained=trained)
    began = time.monotonic()
    kept: dict[str, list[Tensor]] = {}
    for name in [] if trained else names:
        kept[name] = [level[0] for level in looking.levels([name], [False])]
    looked = 0.0 if trained else (time.monotonic() - began) / len(names)
    took = 0.0
    for _ in range(2):
        began = time.monotonic()
        optimiser.zero_grad()
        add_gradients(
            network,
            ready.objective,
            batch,
            looking if trained else _Kept(kept),
            ready.train.images,
            images_at_once=recipe.schedule.images_at_once,
            low=recipe.schedule.precision == "bfloat16",
        )
        optimiser.step()
        took = time.monotonic() - began
    return looked, took


def _peak(device: str) -> int:
    if device != "cpu":
        return int(torch.cuda.max_memory_allocated())
    if sys.platform == "win32":  # which does not tell
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _size(count: int) -> str:
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
