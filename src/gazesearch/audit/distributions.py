"""How long paths and fixations are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from gazesearch.audit.item import Item, Table, number, records
from gazesearch.scanpaths import Scanpaths

LENGTHS_SHOWN: Final = 12
EDGES_S: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, np.inf)


def items(paths: Scanpaths) -> Iterator[Item]:
    """All of this file, in the order of a report."""
    yield lengths(paths)
    yield durations(paths)


def lengths(paths: Scanpaths) -> Item:
    """Fixations of a path."""
    n = paths.lengths
    empty, short = np.flatnonzero(n == 0), np.flatnonzero(n < 3)
    (common, times), *_ = Counter(n.tolist()).most_common(1) or [(0, 0)]
    share = times / len(n) if len(n) else float("nan")
    return Item(
        name="lengths",
        severity="warning" if len(empty) else "info",
        found=f"Scanpaths have {n.min(initial=common)} to {n.max(initial=common)} fixations, most "
        f"often {common} ({times:,} of {number(len(n), 'record')}); {len(short):,} have under "
        f"three, {len(empty):,} none.",
        effect="MultiMatch is undefined under three fixations and most measures without any; where "
        "nearly all paths have one length, its error tells models nothing.",
        figures={
            "shortest": int(n.min(initial=common)),
            "median": float(np.median(n)) if len(n) else None,
            "longest": int(n.max(initial=common)),
            "most_common": common,
            "share_of_most_common": None if np.isnan(share) else share,
            "under_three": len(short),
            "empty": len(empty),
        },
        table=_length_table(paths),
        examples=records(paths, short),
    )


def durations(paths: Scanpaths) -> Item:
    """Seconds of a fixation."""
    known = paths.durations[~np.isnan(paths.durations)]
    without = int((~paths.has_durations).sum())
    effect = (
        "Measures with durations leave out, or refuse, paths without them; a few very long "
        "fixations decide the mean error of durations."
    )
    if not len(known):
        return Item(
            name="durations",
            severity="info",
            found="No record has durations.",
            effect=effect,
            figures={"records_without": without},
        )
    quantiles = dict(
        zip(
            ("shortest_s", "lower_quartile_s", "median_s", "upper_quartile_s", "longest_s"),
            np.quantile(known, (0, 0.25, 0.5, 0.75, 1)).tolist(),
            strict=True,
        )
    )
    found, _ = np.histogram(known, bins=EDGES_S)
    labels = [
        f"{low:g} to {high:g} s" if np.isfinite(high) else f"{low:g} s and more"
        for low, high in pairwise(EDGES_S)
    ]
    return Item(
        name="durations",
        severity="info",
        found=f"Fixations last {quantiles['shortest_s']:g} to {quantiles['longest_s']:g} s, median "
        f"{quantiles['median_s']:.3g} s; {number(without, 'record')} without durations.",
        effect=effect,
        figures={**quantiles, "records_without": without},
        table=_with_shares("duration", "fixations", list(zip(labels, found.tolist(), strict=True))),
    )


def _length_table(paths: Scanpaths) -> Table:
    counted = Counter(paths.lengths.tolist())
    if len(counted) <= LENGTHS_SHOWN:
        rows = [(str(length), counted[length]) for length in sorted(counted)]
    else:
        width = -(-(max(counted) + 1) // LENGTHS_SHOWN)
        lows = range(0, max(counted) + 1, width)
        rows = [
            (f"{low} to {low + width - 1}", sum(counted[n] for n in range(low, low + width)))
            for low in lows
        ]
    return _with_shares("fixations", "records", rows)


def _with_shares(label: str, counted: str, rows: list[tuple[str, int]]) -> Table:
    total = sum(n for _, n in rows) or 1
    return Table(
        columns=(label, counted, "share"), rows=tuple((name, n, n / total) for name, n in rows)
    )
