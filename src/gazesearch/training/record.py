"""The record of a run: what it is made of, and with which versions each part of it was trained."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gazesearch.errors import BadSetting, DataError
from gazesearch.files import RunRecord, package_versions, readable, write_text
from gazesearch.models.weights import printable
from gazesearch.training.ready import Ready

_SHOWN: Final = 300  # characters of a value in a message: a digest stands behind a file's name

_log = logging.getLogger(__name__)


def record_of(ready: Ready) -> RunRecord:
    """The record of a run that is about to begin, or to go on."""
    learned = ready.learned
    return RunRecord(
        settings={
            "recipe": asdict(ready.recipe),
            "notes": [*learned.notes, *ready.started.notes],
            "searches": {"train": len(ready.train), "valid": len(ready.valid)},
            "left_out": {"train": ready.train.left_out, "valid": ready.valid.left_out},
        },
        inputs={**learned.digests, **ready.sources},
        seed=ready.recipe.seed,
        versions=package_versions("torch", "lightning", "safetensors", "pillow"),
    )


def write(file: Path, record: RunRecord) -> None:
    """Write the record of a run that begins."""
    _write(file, asdict(record))


def refuse_other_inputs(file: Path, record: RunRecord) -> None:
    """See to it that a run goes on with the data and weights that it began with.

    Raises:
        BadSetting: others are given.
        DataError: the file is no record of a run.
        UnreadableFile: it is absent.
    """
    then = _read(file)["inputs"]
    for name in {**then, **record.inputs}:
        if then.get(name) != record.inputs.get(name):
            raise BadSetting(
                f"{file}: the run was started with {_shown(name)}: {_shown(then.get(name))}, not "
                f"{_shown(record.inputs.get(name))}: give the same files"
            )


def add_part(file: Path, record: RunRecord, *, step: int) -> None:
    """Note that a run goes on: after which step, when, and with which versions.

    Where an earlier part ran with others, a warning of one line says so.

    Args:
        file: the record on disk.
        record: of the part that begins.
        step: after which it goes on.

    Raises:
        DataError, UnreadableFile: as of `refuse_other_inputs`.
    """
    told = _read(file)
    # Parts from the same step on left no state to go on from: their steps are made anew. A `best`
    # of theirs, written before `last` at an epoch's end, stays until this part has a better one.
    parts = [part for part in told["resumed"] if part["step"] < step]
    now = {"versions": dict(record.versions), "machine": record.machine}
    if differing := _differing([told, *parts], now):
        _log.warning(
            "%s: goes on with %s: its weights may differ from those of a run of one version only",
            file,
            ", ".join(differing),
        )
    _write(file, {**told, "resumed": [*parts, {"step": step, "made": record.made, **now}]})


def _differing(parts: Sequence[Mapping[str, Any]], now: Mapping[str, Any]) -> list[str]:
    """What is not as it was in all parts so far, with what it was."""
    *past, present = ({**part["versions"], "machine": part["machine"]} for part in (*parts, now))
    found = []
    for name, value in present.items():
        if others := sorted({str(part.get(name, value)) for part in past} - {value}):
            found.append(f"{name} {value} (before: {', '.join(map(_shown, others))})")
    return found


def _shown(value: object) -> str:
    """What a record on disk says, fit for a message: another's may hold anything."""
    return printable(str(value), longest=_SHOWN)


def _read(file: Path) -> dict[str, Any]:
    """The record on disk; `resumed` is empty in those of earlier versions.

    Raises:
        DataError: it is no record of a run.
    """
    try:
        told: dict[str, Any] = json.loads(readable(file).read_text(encoding="utf-8"))
        told = {"resumed": [], **told}
        parts = [{"step": 0, **told}, *told["resumed"]]
        if not all(isinstance(part["versions"], dict) and part["machine"] for part in parts):
            raise ValueError("versions are absent")
        if not (isinstance(told["inputs"], dict) and all(type(p["step"]) is int for p in parts)):
            raise ValueError("inputs or steps are absent")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{file}: is no record of a run: start anew in another folder") from error
    return told


def _write(file: Path, told: Mapping[str, Any]) -> None:
    write_text(file, json.dumps(told, indent=2) + "\n")
