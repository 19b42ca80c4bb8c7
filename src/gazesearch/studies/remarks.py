"""`Remark`: one thing to say about predictions, and how grave it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gazesearch.errors import Fault
from gazesearch.scanpaths import Scanpaths

Grade = Literal["blocking", "hint", "fact"]


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One thing to say about predictions.

    Attributes:
        name: what it is about, a few words that never change.
        grade: "blocking" must be mended, "hint" may be, "fact" is neither good nor bad.
        said: one line.
    """

    name: str
    grade: Grade
    said: str

    def __str__(self) -> str:
        return f"{self.name}: {self.said}"


def about_faults(faults: Sequence[Fault]) -> Iterator[Remark]:
    """Faults of a file's records: of each kind the number, and the first one."""
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(_kind(fault), []).append(fault)
    for name, some in kinds.items():
        n = len({fault.record for fault in some})
        yield Remark(
            name=name,
            grade="blocking",
            said=f"{n:,} {'record is' if n == 1 else 'records are'} faulty (the first: {some[0]})",
        )


def is_off_screen(fault: Fault) -> bool:
    """Whether a fault is a fixation off the screen, or far off."""
    return "off the screen" in fault.mend or "screens of" in fault.mend


def _kind(fault: Fault) -> str:
    if is_off_screen(fault):
        return "off-screen"
    field = (fault.field or "record").partition("[")[0]
    return {"T": "durations", "draw": "draws", "width": "frame", "height": "frame"}.get(
        field, field
    )


def record(paths: Scanpaths, row: int) -> str:
    """Image and finding of a record."""
    return f"{paths.image[row]}, {paths.finding[row]}"
