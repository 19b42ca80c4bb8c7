"""What happens between the steps of a run: states, validation, logs, progress, Ctrl-C."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import lightning

from gazesearch.errors import ProcessLost
from gazesearch.evaluation.scoring import Progress
from gazesearch.training import state
from gazesearch.training.batches import SharedPrefixes
from gazesearch.training.gradients import Sight, StepLoss
from gazesearch.training.logs import Logs
from gazesearch.training.processes import any_of_them
from gazesearch.training.settings import Recipe
from gazesearch.training.state import Stand
from gazesearch.training.steps import Steps
from gazesearch.training.validation import Valid, validate

if TYPE_CHECKING:
    from gazesearch.training.fitting import Fitting


class Interrupted(BaseException):
    """Ctrl-C was pressed. Lightning would end the process at a KeyboardInterrupt, with status 1."""


class Between(lightning.Callback):
    """What happens between steps: states, validation, logs, progress, stopping."""

    def __init__(
        self,
        recipe: Recipe,
        order: SharedPrefixes,
        stand: Stand,
        logs: Logs | None,
        *,
        folder: Path,
        valid: Steps,
        valid_sight: Sight,
        progress: Progress | None,
        stop: Callable[[], bool],
    ) -> None:
        """Gather what is needed between steps.

        Args:
            recipe: all settings.
            order: the sampler.
            stand: where the run stands.
            logs: None in all processes but the first.
            folder: for the states.
            valid, valid_sight: what is validated on.
            progress: called with what is being done and the fraction done.
            stop: whether the run is to be broken off.
        """
        self.recipe, self.order, self.stand = recipe, order, stand
        self._logs, self._folder = logs, folder
        self._valid, self._valid_sight = valid, valid_sight
        self._say = progress or (lambda _text, _done: None)
        self._stop = stop
        self._began = time.monotonic() - stand.seconds

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: Fitting, *_: Any) -> None:
        """After each step."""
        module = pl_module
        assert module.loss is not None
        epoch, position = divmod(module.done, self.order.steps_per_epoch)
        if self._logs is not None:
            self._logs.step(module.done, asdict(module.loss) | {"rate": module.rate})
        ended = position == 0
        self.stand = replace(
            self.stand,
            step=module.done,
            order={"epoch": epoch, "position": position},
            losses=_with(self.stand.losses, module.loss),
        )
        if ended:
            self._end_epoch(trainer, module, epoch)
        if self.stand.best is None:
            said = f"epoch {epoch + (not ended)}, loss {module.loss.total:.3f}"
        else:
            said = (
                f"epoch {epoch + (not ended)}, loss {module.loss.total:.3f}, best "
                f"{self.stand.best['bits']:.3f} bits in epoch {self.stand.best_epoch}"
            )
        self._say(said, module.done / module.steps)
        stop = any_of_them(self._stop(), module.device)
        if ended or stop or module.done % self.recipe.schedule.save_every == 0:
            self._save(module, "last")
        if stop:
            raise Interrupted

    def _end_epoch(self, trainer: lightning.Trainer, module: Fitting, epoch: int) -> None:
        """Validate, keep the weights if they are the best, and see whether it is enough."""
        with module.average.in_place():
            found = validate(
                module.network,
                module.objective,
                self._valid,
                self._valid_sight,
                images_at_once=self.recipe.schedule.images_at_once,
            )
            best = None if self.stand.best is None else Valid(**self.stand.best)
            better = found.better_than(best, self.recipe.schedule.select)
            self.stand = replace(
                self.stand,
                best=asdict(found) if better else self.stand.best,
                best_epoch=epoch if better else self.stand.best_epoch,
                since_best=0 if better else self.stand.since_best + 1,
                seconds=time.monotonic() - self._began,
            )
            if better:
                self._save(module, "best")
        if self._logs is not None:
            terms = {
                f"train_{name}": self.stand.losses[name] / self.stand.losses["steps"]
                for name in ("total", "map", "stop", "duration")
            }
            measured = {f"valid_{name}": value for name, value in asdict(found).items()}
            self._logs.epoch(
                module.done,
                {
                    "epoch": epoch,
                    "step": module.done,
                    "seconds": round(self.stand.seconds, 1),
                    "rate": module.rate,
                    **terms,
                    **measured,
                    "best": int(better),
                },
            )
        self.stand = replace(self.stand, losses={})
        trainer.should_stop = self.enough

    @property
    def enough(self) -> bool:
        """Whether there was no better epoch for too long."""
        patience = self.recipe.schedule.patience
        return patience is not None and self.stand.since_best >= patience

    def _save(self, module: Fitting, name: str) -> None:
        if self._logs is None:
            return
        self.stand = replace(self.stand, seconds=time.monotonic() - self._began)
        state.save(
            self._folder / f"{name}.safetensors",
            recipe=self.recipe,
            stand=self.stand,
            network=module.network,
            average=module.average,
            optimiser=module.optimiser if name == "last" else None,
        )


def _with(sums: Mapping[str, float], loss: StepLoss) -> dict[str, float]:
    """Sums of losses and how many, with another step's among them."""
    added = {"steps": 1.0, **asdict(loss)}
    return {name: sums.get(name, 0.0) + value for name, value in added.items()}


class CtrlC:
    """Ctrl-C asks for a stop after the step at hand; pressed again it breaks off at once.

    Either way the block ends with KeyboardInterrupt: also where Ctrl-C was pressed and another
    process of the training was faster to stop.
    """

    def __init__(self) -> None:
        self._asked = False
        self._before: Any = None

    def __call__(self) -> bool:
        """Whether it was pressed."""
        return self._asked

    def __enter__(self) -> CtrlC:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if isinstance(error, Interrupted) or (self._asked and isinstance(error, ProcessLost)):
            raise KeyboardInterrupt from None

    def _ask(self, number: int, _: FrameType | None) -> None:
        if self._asked:
            raise Interrupted
        self._asked = True
