"""What a training starts from: weights of files and folders, put into a network."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from gazesearch.errors import DataError, UnreadableFile
from gazesearch.files import digest
from gazesearch.models.chestsearch import checkpoints, transfer
from gazesearch.models.chestsearch.model import ChestSearch
from gazesearch.models.nextgaze import saving
from gazesearch.models.nextgaze.network import BY_TASK, NextGaze
from gazesearch.models.weights import WEIGHTS_NAME, printable

_PARTS: Final = ("backbone", "pixel_decoder")
_SHOWN: Final = 5  # tasks in a message


@dataclass(frozen=True, kw_only=True)
class Started:
    """What was put into a network.

    Attributes:
        sources: name and digest of each file.
        notes: what became of each, and what stays as it was, a line each.
    """

    sources: Mapping[str, str]
    notes: tuple[str, ...]


def start_from(network: Any, paths: Sequence[str | os.PathLike[str]]) -> Started:
    """Put weights of files into a network.

    Args:
        network: changed in place.
        paths: one after the other: folders of models, an earlier run's among them; of ChestSearch
            also a published checkpoint, `M2F_R50.pkl`, `M2F_R50_MSDeformAttnPixelDecoder.pkl`, or
            Mask2Former's own file, which has both.

    Raises:
        DataError: weights of another network: a name that this one has not, a shape that is not its
            own, or no task of its own. What the variants of ChestSearch differ in is known, and
            made to fit; tasks of a NextGaze keep what was learnt for them, by their names.
        UnreadableFile: a file is absent or too large.
    """
    sources: dict[str, str] = {}
    notes: list[str] = []
    for given in paths:
        path = Path(given)
        if not path.exists():
            raise UnreadableFile(f"{path}: no such file or folder to start from")
        if isinstance(network, ChestSearch):
            said = _chestsearch(network, path)
        else:
            said = _nextgaze(network, path)
        file = path / WEIGHTS_NAME if path.is_dir() else path
        sources[f"{path.name}/{file.name}" if path.is_dir() else file.name] = digest(file)
        notes.append(f"started from {path.name}: {said}")
    return Started(sources=sources, notes=tuple(notes))


def _chestsearch(network: ChestSearch, path: Path) -> str:
    if path.suffix != ".pkl":
        load = checkpoints.load if path.is_dir() else checkpoints.load_published
        return str(transfer.start_from(network, load(path)))
    errors: list[DataError] = []
    found: dict[str, Any] = {}
    for part in _PARTS:
        try:
            found[part] = transfer.start_from_parts(network, **{part: path})
        except DataError as error:
            errors.append(error)
    if not found:
        raise errors[0]
    return "; ".join(f"{part}: {len(told.copied)} weights copied" for part, told in found.items())


def _nextgaze(network: NextGaze, path: Path) -> str:
    """Weights of a network of the same sizes; what belongs to a task goes by the task's name."""
    if not path.is_dir():
        raise DataError(f"{path}: nextgaze starts from a folder of a model only")
    saved = saving.load(path)
    both = [name for name in network.tasks if name in saved.tasks]
    if not both:
        raise DataError(
            f"{path}: trained for {_listed(saved.tasks)}, this network for "
            f"{_listed(network.tasks)}: no task is in both: start from other weights"
        )
    state, own = saved.state_dict(), network.state_dict()
    for name in (*own, *state):
        there, here = (_shape(s[name], name) if name in s else "absent" for s in (state, own))
        if there != here:
            raise DataError(
                f"{path}: {name} is {there}, where this network has {here}: weights of another "
                "network"
            )
    for name, first in BY_TASK.items():
        # `log_priors` too, so that the network is whole as it stands; a training counts them anew.
        rows = own[name].clone()
        rows[:first] = state[name][:first]
        for task in both:
            rows[first + network.tasks.index(task)] = state[name][first + saved.tasks.index(task)]
        state[name] = rows
    network.load_state_dict(state)
    said = f"{len(state)} weights copied"
    if fresh := [name for name in network.tasks if name not in both]:
        said += f", fresh for {_listed(fresh)}"
    return said


def _shape(tensor: Tensor, name: str) -> tuple[int, ...]:
    """Of weights with a row a task, what does not depend on how many tasks there are."""
    return tuple(tensor.shape[1:] if name in BY_TASK else tensor.shape)


def _listed(tasks: Sequence[str]) -> str:
    more = f" and {len(tasks) - _SHOWN} more" if len(tasks) > _SHOWN else ""
    return ", ".join(printable(name) for name in tasks[:_SHOWN]) + more
