"""`train`: a recipe in, a trained model and the folder of its run out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gazesearch.errors import BadSetting, require
from gazesearch.evaluation.scoring import Progress
from gazesearch.files import RunRecord, alone, ready_folder, write_text
from gazesearch.prediction import ConditionalModel, Rng
from gazesearch.training import record as records
from gazesearch.training import state
from gazesearch.training.logs import Logs, read_epochs
from gazesearch.training.optimisation import Average, optimiser_of
from gazesearch.training.processes import device_of, this_process, wait_for_all
from gazesearch.training.ready import prepare, sights
from gazesearch.training.settings import Recipe
from gazesearch.training.state import Stand
from gazesearch.training.validation import Valid

RECIPE: Final = "recipe.json"
RECORD: Final = "run.json"
LOGS: Final = "logs"
STATES: Final = "checkpoints"
LOCK: Final = ".lock"
"""Names in a run's folder."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A trained model and how it came about.

    Attributes:
        model: with the best weights.
        folder: of the run; `create_model` opens it.
        best: measures of the best weights on valid.
        best_epoch: at whose end they were found, from 1.
        epochs: the rows of `logs/epochs.csv`.
        record: what is needed to do the run again.
    """

    model: ConditionalModel
    folder: Path
    best: Valid
    best_epoch: int
    epochs: tuple[Mapping[str, float], ...]
    record: RunRecord


def train(
    recipe: Recipe | str | os.PathLike[str],
    *,
    output: str | os.PathLike[str],
    annotations: str | os.PathLike[str] | None = None,
    images: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    init: Sequence[str | os.PathLike[str]] = (),
    backbone: str | os.PathLike[str] | None = None,
    resume: bool = False,
    rng: Rng = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a model by a recipe.

    Run again with `resume`, a run that was broken off, at whatever moment, goes on from its last
    state and ends with the weights that it would have had.

    Args:
        recipe: settings, the name of a recipe of the package, or a TOML file.
        output: the run's folder: recipe, record, logs, states and the trained model.
        annotations: file of recorded scanpaths; a phantom recipe makes its own without.
        images: folder of their images.
        cache: folder for what a frozen backbone saw, which several runs may share; `output/seen`
            by default. It holds features of the images: gated ones stay gated.
        init: weights to start from: published checkpoints, folders of models, Mask2Former's parts.
        backbone: weights of the backbone, where no package has them: a file of ResNet-50's, or a
            folder of a Hugging Face model.
        resume: go on with the run in `output`, if there is one.
        rng: seed in place of the recipe's.
        device: "cpu" or "cuda"; None takes a GPU where there is one.
        progress: called with what is being done and the fraction done.

    Raises:
        BadSetting: a setting outside its range; a run is in `output` already, is of another
            recipe, or is still under way.
        DataError: nothing to learn from, or weights of another network.
        UnknownName: a recipe, network, setting or task that is not known.
        UnreadableFile: a file is absent, or `output` cannot be written to.
        ProcessLost: of several processes another one has stopped.
        KeyboardInterrupt: Ctrl-C, after the state was written; pressed again, at once.
    """
    for needed in ("lightning", "tensorboard"):
        require(needed, extra="train")
    from gazesearch.training.between import Between, CtrlC
    from gazesearch.training.fitting import Fitting, fit, steps_left

    folder = ready_folder(output)
    last, best = (folder / STATES / f"{name}.safetensors" for name in ("last", "best"))
    device = device_of(device)
    with this_process(device) as (rank, ranks), _alone_in(folder, rank=rank):
        if last.exists() and not resume:
            raise BadSetting(
                f"{folder}: holds a run already: resume it (--resume), or name another"
            )
        ready = prepare(
            recipe,
            folder=folder,
            annotations=annotations,
            images=images,
            init=init,
            backbone=backbone,
            rng=rng,
            progress=progress,
            rank=rank,
            ranks=ranks,
        )
        settings, network = ready.recipe, ready.made.network
        record = records.record_of(ready)
        network.to(device)
        optimiser = optimiser_of(network, settings.optimiser, dict(ready.rates))
        average = Average(network, share=settings.optimiser.average)
        steps = settings.schedule.epochs * ready.order.steps_per_epoch
        stand = Stand()
        if last.exists():
            records.refuse_other_inputs(folder / RECORD, record)
            stand = state.load(
                last, recipe=settings, network=network, average=average, optimiser=optimiser
            )
            assert stand.order is not None
            ready.order.load_state_dict(stand.order)
        elif rank == 0:
            write_text(folder / RECIPE, settings.to_json())
            records.write(folder / RECORD, record)
        sight, valid_sight = sights(ready, cache or folder / "seen", progress=progress)
        logs = Logs(folder / LOGS, step=stand.step) if rank == 0 else None
        module = Fitting(
            network,
            ready.objective,
            optimiser,
            average,
            settings,
            sight=sight,
            names=ready.train.images,
            steps=steps,
            done=stand.step,
        )
        try:
            with CtrlC() as stop:
                between = Between(
                    settings,
                    ready.order,
                    stand,
                    logs,
                    folder=folder / STATES,
                    valid=ready.valid,
                    valid_sight=valid_sight,
                    progress=progress,
                    stop=stop,
                )
                if rank == 0 and stand.step and steps_left(module, between):
                    records.add_part(folder / RECORD, record, step=stand.step)
                fit(module, between, device=device)
        finally:
            if logs is not None:
                logs.close()
        stand = between.stand
        wait_for_all()  # the first process writes what all read
        state.load_average(best, network)
        network.to("cpu")
        if rank == 0:
            ready.made.save(folder, {"recipe": settings.name, **ready.sources})
    assert stand.best is not None
    return Trained(
        model=ready.made.model(),
        folder=folder,
        best=Valid(**stand.best),
        best_epoch=stand.best_epoch,
        epochs=tuple(read_epochs(folder / LOGS)),
        record=record,
    )


@contextmanager
def _alone_in(folder: Path, *, rank: int) -> Iterator[None]:
    """Keep other runs out of a run's folder; the first of its processes does so for them all."""
    if rank:
        yield
        return
    busy = f"{folder}: another process trains into it: wait for it, or name another folder"
    with alone(folder / LOCK, busy=busy):
        try:
            yield
        finally:
            (folder / LOCK).unlink(missing_ok=True)
