"""The work folder of a job: what was asked, and every finished part, until the output is written.

`OUTPUT.partial/` holds `job.json` and, for each part, its paths (Parquet) and a small JSON file,
written last: where both stand, the part is finished. All are written whole or not at all. Whoever
works in the folder holds a lock on `.lock`, which the system lets go when the process ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gazesearch.errors import BadSetting, DataError, GazeSearchError
from gazesearch.files import alone, readable, ready_folder, write_text
from gazesearch.formats import read_file, write_scanpaths
from gazesearch.scanpaths import DatasetInfo, Scanpaths

LAYOUT: Final = 1
_JOB: Final = "job.json"
_LOCK: Final = ".lock"
_MAX_SIZE: Final = 2**26


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """An image that could not be predicted.

    Attributes:
        name: of the image, with what is not printable written out (`\\n`).
        reason: in one line.
    """

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """A finished part.

    Attributes:
        images, paths: how many it has.
        rejected: images without paths.
        info: description of its paths.
    """

    images: int
    paths: int
    rejected: tuple[Rejected, ...]
    info: str | None


class WorkFolder:
    """A job's folder beside its output."""

    def __init__(self, output: Path) -> None:
        self.root = output.with_name(f"{output.name}.partial")

    @contextmanager
    def begun(self, job: Mapping[str, Any]) -> Iterator[bool]:
        """Make the folder, or take up the one that an earlier run of the same job left.

        Until the block ends no other process works in it.

        Returns:
            Whether there was one.

        Raises:
            BadSetting: that run had other settings, weights or images, or is still at work.
            DataError: the folder is something else.
            UnreadableFile: it cannot be written to.
        """
        file = self.root / _JOB
        if self.root.is_dir() and not file.exists() and any(map(_counts, self.root.iterdir())):
            raise DataError(f"{self.root}: holds files, but no {_JOB}: move it away")
        ready_folder(self.root)
        busy = f"{self.root}: another process is at work on this output: wait, or name another"
        with alone(self.root / _LOCK, busy=busy):
            yield self._taken_up(job)

    def _taken_up(self, job: Mapping[str, Any]) -> bool:
        job = json.loads(json.dumps({"layout": LAYOUT, **job}))  # as it will be read
        file = self.root / _JOB
        if not file.exists():
            write_text(file, json.dumps(job, indent=2) + "\n")
            return False
        earlier = _json(file)
        for key in dict.fromkeys((*earlier, *job)):
            if earlier.get(key) != job.get(key):
                was, now = (_short(one.get(key)) for one in (earlier, job))
                raise BadSetting(
                    f"{self.root}: was begun with another {key} ({was}, now {now}): go on with "
                    "that one, or remove the folder to begin anew"
                )
        return True

    def part(self, number: int) -> Part | None:
        """A part, if it is finished."""
        file = self._done(number)
        if not file.exists():
            return None
        found = _json(file)
        try:
            rejected = tuple(Rejected(**one) for one in found.pop("rejected"))
            part = Part(rejected=rejected, **found)
        except (TypeError, KeyError) as error:
            raise DataError(f"{file}: is damaged: remove it, and it is made again") from error
        return part if part.info is None or self._paths(number).exists() else None

    def finish(
        self, number: int, tables: list[Scanpaths], images: int, rejected: list[Rejected]
    ) -> Part:
        """Keep a part."""
        paths = Scanpaths.concat(tables) if tables else None
        if paths is not None:
            write_scanpaths(paths, self._paths(number))
        part = Part(
            images=images,
            paths=0 if paths is None else len(paths),
            rejected=tuple(rejected),
            info=None if paths is None else paths.info.to_json(),
        )
        content = {**vars(part), "rejected": [vars(one) for one in rejected]}
        write_text(self._done(number), json.dumps(content) + "\n")
        return part

    def tables(self, parts: int) -> Iterator[Scanpaths]:
        """The paths of so many parts, in order, one table at a time.

        Raises:
            DataError: one of them is gone, or damaged.
        """
        for number in range(parts):
            part, file = self.part(number), self._paths(number)
            if part is None:
                raise DataError(f"{file}: is gone: run the same command again")
            if part.info is None:
                continue
            info = DatasetInfo.from_json(part.info, source=str(self._done(number)))
            damaged = f"{file}: is damaged: remove {self.root} and begin anew"
            try:
                read = read_file(file, dataset=info).scanpaths
            except GazeSearchError as error:
                raise DataError(damaged) from error
            if len(read) != part.paths:
                raise DataError(damaged)
            # Of a part whose images have one size, the reader takes that for everybody's frame.
            yield Scanpaths(
                read.fixations, read.offsets, columns=read.columns, info=info, fields=read.fields
            )

    def remove(self) -> None:
        """Remove what this class writes; the folder too, if nothing else is in it."""
        for file in self.root.iterdir():
            if file.name.startswith(("part-", ".")) and file.name != _LOCK:
                file.unlink()
        if {file.name for file in self.root.iterdir()} <= {_JOB, _LOCK}:
            # Without the one the folder would be nobody's, without the other another process's.
            for name in (_JOB, _LOCK):
                (self.root / name).unlink(missing_ok=True)
            with suppress(OSError):  # another process has just begun in it
                self.root.rmdir()

    def _done(self, number: int) -> Path:
        return self.root / f"part-{number:06}.json"

    def _paths(self, number: int) -> Path:
        return self.root / f"part-{number:06}.parquet"


def _counts(file: Path) -> bool:
    """Whether a file is more than what a killed run left unfinished."""
    return not file.name.startswith(".")


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(readable(file, max_size=_MAX_SIZE).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: is damaged: remove the folder and begin anew") from error
    if not isinstance(found, dict):
        raise DataError(f"{file}: is damaged: remove the folder and begin anew")
    return found


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
