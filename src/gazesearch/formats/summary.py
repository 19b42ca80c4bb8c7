"""What a file of scanpaths holds, in a few lines or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

from gazesearch.errors import FAULTS_SHOWN
from gazesearch.scanpaths.records import Reading


def as_text(reading: Reading) -> str:
    """The table, its splits and findings, notes, and the first dropped faults."""
    paths = reading.scanpaths
    lines = [repr(paths).strip("<>")]
    for name, column in (("split", paths.split), ("finding", paths.finding)):
        counts = Counter(value for value in column if value is not None)
        if counts:
            said = ", ".join(f"{value} {n:,}" for value, n in counts.most_common())
            lines.append(f"{name}: {said}")
    with_durations = int(paths.has_durations.sum())
    lines.append(f"durations: on {with_durations:,} of {len(paths):,} paths")
    lines += reading.notes
    lines += [f"dropped {fault}" for fault in reading.dropped[:FAULTS_SHOWN]]
    if len(reading.dropped) > FAULTS_SHOWN:
        lines.append(f"{len(reading.dropped)} faults in all, {FAULTS_SHOWN} shown")
    return "\n".join(lines) + "\n"


def as_json(reading: Reading) -> str:
    """The same for machines."""
    paths = reading.scanpaths
    result = {
        "paths": len(paths),
        "fixations": len(paths.fixations),
        "images": len(set(paths.image)),
        "findings": dict(Counter(paths.finding)),
        "splits": dict(Counter(split for split in paths.split if split is not None)),
        "with_durations": int(paths.has_durations.sum()),
        "off_screen": reading.off_screen,
        "duplicated": reading.duplicated,
        "dropped": [asdict(fault) for fault in reading.dropped],
        "notes": list(reading.notes),
        "dataset": asdict(paths.info),
    }
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"
