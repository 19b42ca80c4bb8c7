"""What can go wrong, in one tree. Every error is one line: what, where, and how to mend it.

GazeSearchError
├── DataError (ValueError)              the content of a file or table is not what it must be
│   ├── FaultyRecords                   records of a file break its rules; carries every fault
│   ├── FaultyBoard                     a leaderboard is not what it must be; carries every fault
│   ├── FrameMismatch                   two tables count pixels in different frames
│   ├── MissingDurations                a measure needs durations and a path has none
│   ├── MissingTargetBoxes              a measure needs target boxes: absent or empty
│   └── MissingPredictions              records asked for have no prediction
├── UnreadableFile (OSError)            absent, too large, cannot be read or written
├── UnknownName (ValueError)            no metric, finding, dataset or split is called so
├── HubError (OSError)                  the hub cannot be reached, refuses, or sends what is wrong
├── BadSetting (ValueError)             a setting has a value outside its range
├── MissingExtra (ImportError)          an optional dependency is not installed
└── ProcessLost (RuntimeError)          another process of a training has gone
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType

FAULTS_SHOWN = 20
NAMES_SHOWN = 40


class GazeSearchError(Exception):
    """Any error that a user can cause and mend."""


class DataError(GazeSearchError, ValueError):
    """The content of a file or table is not what it must be."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One broken rule in a file: record index (from 0), field, offending value, mend."""

    record: int | None
    field: str | None
    value: str
    mend: str

    def __str__(self) -> str:
        place = "file" if self.record is None else f"record {self.record}"
        if self.field is not None:
            place += f", {self.field}"
        return f"{place}: {self.value}: {self.mend}" if self.value else f"{place}: {self.mend}"


class FaultyRecords(DataError):
    """Records of a file break its rules: the first 20 faults, a line each, and the count.

    Attributes:
        path: the file, as given.
        faults: all faults found.
    """

    def __init__(self, path: str, faults: Sequence[Fault]) -> None:
        self.path = path
        self.faults = tuple(faults)
        lines = [f"{path}: {fault}" for fault in self.faults[:FAULTS_SHOWN]]
        if len(self.faults) > FAULTS_SHOWN:
            lines.append(f"{path}: {len(self.faults)} faults in all, {FAULTS_SHOWN} shown")
        super().__init__("\n".join(lines))


class FaultyBoard(DataError):
    """A leaderboard, or what was to be added to it, is not what it must be: a line each fault.

    Attributes:
        faults: all faults found.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class FrameMismatch(DataError):
    """Two tables count pixels in different frames."""


class MissingDurations(DataError):
    """A measure needs durations and a path has none."""


class MissingTargetBoxes(DataError):
    """A measure needs target boxes: absent or empty."""


class MissingPredictions(DataError):
    """Records asked for have no prediction."""


class UnreadableFile(GazeSearchError, OSError):
    """A file is absent, too large, or cannot be read or written."""


class HubError(GazeSearchError, OSError):
    """The hub cannot be reached, refuses, or sends what is not right; its words, without tokens."""


class BadSetting(GazeSearchError, ValueError):
    """A setting has a value outside its range."""


class UnknownName(GazeSearchError, ValueError):
    """No metric, finding, dataset, split or option has this name.

    The message lists the nearest names, or the first 40 of them when none is near.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(str(name).lower(), names, n=3, cutoff=0.6)
        more = len(names) - NAMES_SHOWN
        shown = ", ".join(names[:NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {shown}"
        super().__init__(f"unknown {kind} {name!r}: {hint}")


class MissingExtra(GazeSearchError, ImportError):
    """An optional dependency is not installed."""


class ProcessLost(GazeSearchError, RuntimeError):
    """Another process of the same training has stopped, or cannot be reached."""


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional dependency, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        lacking = error.name or module
        needed = "" if f"{module}.".startswith(f"{lacking}.") else f", which {module} needs,"
        raise MissingExtra(
            f"{lacking}{needed} is not installed: pip install 'gazesearch[{extra}]'"
        ) from error
    except ImportError as error:
        raise MissingExtra(
            f"{module} cannot be imported ({first_line(error)}): pip install --force-reinstall "
            f"'gazesearch[{extra}]'"
        ) from error


def first_line(error: BaseException) -> str:
    """What another library says of an error, fit for a line: damaged bytes may stand in it."""
    line = (str(error).splitlines() or [""])[0] or type(error).__name__
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)[:300]
