"""Counts, and what single records have: placeholders, boxes, durations, places off the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from gazesearch.audit.item import EXAMPLES, Item, Table, number, records
from gazesearch.errors import Fault
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.columns import ABSENT, Array
from gazesearch.scanpaths.rules import SPLITS

FEW_RECORDS: Final = 10
PLACEHOLDERS: Final = ("subject", "bbox", "condition", "fixOnTarget", "correct")
# All searches of a dataset may well be of one condition; the other fields differ where real.
_OFTEN_CONSTANT: Final = "condition"


def items(paths: Scanpaths, dropped: Sequence[Fault]) -> Iterator[Item]:
    """All of this file, in the order of a report."""
    yield counts(paths)
    if dropped:
        yield dropped_records(dropped)
    yield by_finding(paths)
    yield by_split(paths)
    yield by_person(paths)
    yield constant_fields(paths)
    yield target_boxes(paths)
    yield zero_durations(paths)


def counts(paths: Scanpaths) -> Item:
    """How much there is."""
    figures = {
        "records": len(paths),
        "fixations": len(paths.fixations),
        "images": len(set(paths.image)),
        "findings": len(set(paths.finding)),
        "people": len(_known(paths.subject)),
        "with_durations": int(paths.has_durations.sum()),
    }
    return Item(
        name="counts",
        severity="info",
        found=f"{number(figures['records'], 'record')} of {number(figures['images'], 'image')} and "
        f"{number(figures['findings'], 'finding')}, {number(figures['fixations'], 'fixation')}.",
        effect="No score rests on more images than these, however many records they have.",
        figures=figures,
    )


def dropped_records(dropped: Sequence[Fault]) -> Item:
    """Faulty records that were left out when the file was read."""
    n = len({fault.record for fault in dropped})
    return Item(
        name="dropped_records",
        severity="warning",
        found=f"{number(n, 'faulty record')} left out when the file was read.",
        effect="Scores of this file are not those of a reader that keeps or mends these records.",
        figures={"records": n, "faults": len(dropped)},
        examples=tuple(map(str, dropped[:EXAMPLES])),
    )


def by_finding(paths: Scanpaths) -> Item:
    """Records and images of each finding, in all and by split."""
    splits = [split for split in SPLITS if split in _known(paths.split)]
    rows: list[tuple[str | int, ...]] = []
    few = 0
    for finding, part in _groups(paths, "task"):
        in_split = Counter(part.split)
        few += (in_split["test"] if "test" in splits else len(part)) < FEW_RECORDS
        shares = (in_split[split] for split in splits)
        rows.append((finding, len(part), len(set(part.image)), *shares))
    of_test = "test records" if "test" in splits else "records"
    return Item(
        name="by_finding",
        severity="info",
        found=f"{few} of {number(len(rows), 'finding')} have under {FEW_RECORDS} {of_test}.",
        effect="A mean over few records says little about a finding: read it with its interval.",
        figures={"findings": len(rows), "under_ten": few},
        table=Table(columns=("finding", "records", "images", *splits), rows=tuple(rows)),
    )


def by_split(paths: Scanpaths) -> Item:
    """Records, images, findings and people of each split."""
    order = [*SPLITS, ABSENT]
    rows = tuple(
        (
            "no split" if split is ABSENT else str(split),
            len(part),
            len(set(part.image)),
            len(set(part.finding)),
            len(_known(part.subject)),
        )
        for split, part in sorted(_groups(paths, "split"), key=lambda found: order.index(found[0]))
    )
    named = _known(paths.split)
    return Item(
        name="by_split",
        severity="info",
        found=f"The records name {number(len(named), 'split')}."
        if named
        else "No record names a split.",
        effect="A model is fitted on train, chosen on valid and scored on test: one that is not "
        "here must be made, by image, before anything is fitted.",
        figures={"splits": len(named)},
        table=Table(columns=("split", "records", "images", "findings", "people"), rows=rows),
    )


def by_person(paths: Scanpaths) -> Item:
    """Records of each person, and how often several people searched for the same."""
    several = pairs = 0
    for _, part in _groups(paths, "name", "task"):
        pairs += 1
        several += len(_known(part.subject)) > 1
    groups = _groups(paths, "subject") if _known(paths.subject) else ()
    rows = tuple(
        ("no subject" if who is ABSENT else str(who), len(part), len(set(part.image)))
        for who, part in groups
    )
    return Item(
        name="by_person",
        severity="info",
        found=f"{number(len(_known(paths.subject)), 'person', 'people')}; of "
        f"{number(pairs, 'pair')} of image and finding {several:,} were searched by several.",
        effect="How well people agree, and so how well a model can do, is known only where "
        "several people searched an image for the same finding.",
        figures={"people": len(_known(paths.subject)), "pairs": pairs, "by_several": several},
        table=Table(columns=("person", "records", "images"), rows=rows) if rows else None,
    )


def constant_fields(paths: Scanpaths) -> Item:
    """Fields that say the same of every record."""
    constant: dict[str, str] = {}
    for field in PLACEHOLDERS:
        values = set(map(repr, paths.columns.get(field)))
        if len(paths) > 1 and len(values) == 1 and repr(ABSENT) not in values:
            constant[field] = _shown(paths.columns[field][0])
    said = "; ".join(f"{field} is always {value}" for field, value in constant.items())
    return Item(
        name="constant_fields",
        severity="warning" if constant.keys() - {_OFTEN_CONSTANT} else "info",
        found=f"{said[0].upper()}{said[1:]}." if said else "No field is the same on all records.",
        effect="A field that is always the same is likely a placeholder: nothing may be grouped by "
        "it, and no measure may rest on it.",
        figures=constant,
    )


def target_boxes(paths: Scanpaths) -> Item:
    """Records without a target box, with an empty one, or with one that leaves the screen."""
    boxes, screens = paths.target_boxes, paths.screen_sizes
    absent = np.isnan(boxes).any(axis=1)
    empty = ~absent & (boxes[:, 2:] <= 0).any(axis=1)
    ends = boxes[:, :2] + boxes[:, 2:]
    outside = ~absent & ~empty & ((boxes[:, :2] < 0) | (ends > screens)).any(axis=1)
    figures = {name: int(rows.sum()) for name, rows in
               (("absent", absent), ("empty", empty), ("off_screen", outside))}  # fmt: skip
    return Item(
        name="target_boxes",
        severity="warning" if empty.any() or outside.any() else "info",
        found=f"Of {number(len(paths), 'record')} {figures['absent']:,} have no target box, "
        f"{figures['empty']:,} an empty one, {figures['off_screen']:,} one that leaves the screen.",
        effect="Search efficiency cannot be computed without a box, and is too low with one that "
        "nobody can look at.",
        figures=figures,
        examples=records(paths, np.flatnonzero(empty | outside)),
    )


def zero_durations(paths: Scanpaths) -> Item:
    """Fixations of 0 s."""
    zero = paths.durations == 0
    rows = np.unique(_path_of_fixation(paths)[zero])
    return Item(
        name="zero_durations",
        severity="warning" if zero.any() else "info",
        found=f"{number(int(zero.sum()), 'fixation')} of {number(len(rows), 'record')} last 0 s.",
        effect="Measures with durations leave such a fixation out or are undefined where it meets "
        "another, and the logarithm of its duration does not exist.",
        figures={"fixations": int(zero.sum()), "records": len(rows)},
        examples=records(paths, rows),
    )


def _path_of_fixation(paths: Scanpaths) -> Array:
    return np.repeat(np.arange(len(paths)), paths.lengths)


def _groups(paths: Scanpaths, *by: str) -> Iterable[tuple[Any, Scanpaths]]:
    """Parts of the table, the largest first."""
    if any(field not in paths.columns for field in by):
        return [(ABSENT, paths)] if len(paths) else []
    return sorted(paths.group(*by).items(), key=lambda group: -len(group[1]))


def _known(column: Array) -> set[Any]:
    return {value for value in column if value is not None}


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f"{side:g}" for side in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
