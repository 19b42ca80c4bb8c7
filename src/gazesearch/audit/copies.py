"""Scanpaths that occur again: to the last digit, almost, or in part."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final

import numpy as np

from gazesearch.audit.item import Item, Rows, number, records
from gazesearch.audit.leaks import PAIRS, graveness, said_pairs
from gazesearch.audit.scenes import scenes
from gazesearch.metrics import paired
from gazesearch.scanpaths import Scanpaths, first_copies
from gazesearch.scanpaths.columns import Array

NEAR_SHARE: Final = 1 / 200
"""How far apart fixations of near duplicates may lie, as share of the screen's shorter side."""
SHORTEST: Final = 3
"""Fixations of a path or stretch under which agreement may well be chance."""

Groups = list[list[int]]


def items(paths: Scanpaths) -> Iterator[Item]:
    """All of this file, in the order of a report."""
    first = first_copies(paths)
    there = np.flatnonzero(paths.lengths > 0)  # all paths without fixations are alike
    groups = _groups_of(zip(first[there].tolist(), there.tolist(), strict=True))
    yield identical(paths, groups)
    yield across_findings(paths, groups)
    yield across_people(paths, groups)
    yield across_images(paths, groups)
    yield across_splits(paths, groups)
    yield near(paths, first)
    yield stretches(paths, first)


def identical(paths: Scanpaths, groups: Groups) -> Item:
    """How many paths have exactly the fixations of another."""
    timed = first_copies(paths, durations=True)
    members = [row for group in groups for row in group]
    with_durations = _groups_of((int(timed[row]), row) for row in members)
    figures = {
        "records": len(members),
        "groups": len(groups),
        "repeats": len(members) - len(groups),
        "records_with_durations": sum(map(len, with_durations)),
        "repeats_with_durations": sum(map(len, with_durations)) - len(with_durations),
    }
    return Item(
        name="identical_scanpaths",
        severity="info",
        found=f"{figures['repeats']:,} of {number(len(paths), 'record')} repeat the scanpath of an "
        f"earlier one ({number(figures['records'], 'record')} in "
        f"{number(figures['groups'], 'group')}).",
        effect="Repeats are no independent observations: intervals that count them as such are too "
        "narrow.",
        figures=figures,
        examples=records(paths, np.array(sorted(members), dtype=np.intp)),
    )


def across_findings(paths: Scanpaths, groups: Groups) -> Item:
    """Copies on one image under several findings."""
    return _across(
        paths,
        _differing(paths.image, groups, paths.finding),
        name="copies_across_findings",
        what="another finding on the same image",
        effect="Scores of these findings are scores of one search: nothing specific to a finding "
        "can be learnt or shown on them.",
    )


def across_people(paths: Scanpaths, groups: Groups) -> Item:
    """Copies on one image under several people."""
    return _across(
        paths,
        _differing(paths.image, groups, paths.subject),
        name="copies_across_people",
        what="another person on the same image",
        effect="Nobody looks exactly as somebody else does: agreement between people, and every "
        "ceiling taken from it, is too high.",
    )


def across_images(paths: Scanpaths, groups: Groups) -> Item:
    """Copies on several images."""
    image = paths.image
    several = [group for group in groups if len({image[row] for row in group}) > 1]
    return _across(
        paths,
        several,
        name="copies_across_images",
        what="another image",
        effect="A path that stands on two images was recorded on one of them at most: the other "
        "teaches and scores what nobody did.",
    )


def across_splits(paths: Scanpaths, groups: Groups) -> Item:
    """Copies of which one is in test or valid and another in train or valid."""
    seen = _shared(paths, groups)
    there = seen["test", "train"]
    return Item(
        name="copies_across_splits",
        severity=graveness(seen),
        found="Records whose identical scanpath stands in another split: "
        + ", ".join(f"{len(rows):,} of {split} in {other}" for (split, other), rows in seen.items())
        + ".",
        effect="A model that repeats what it was fitted on gets these records right without having "
        "learnt anything.",
        figures=said_pairs(seen),
        examples=records(paths, there),
    )


def near(paths: Scanpaths, first: Rows) -> Item:
    """Pairs of paths on one image that stay close all along, but are not identical.

    Close means a discrete Fréchet distance of at most 1/200 of the screen's shorter side, between
    paths of at least three fixations: closer than any two of the 73,500 pairs of OSIE.
    """
    pairs = near_pairs(paths, first)
    seen = _shared(paths, pairs.tolist())
    rows = np.unique(pairs)
    limit = float(paths.screen_sizes.min(initial=np.inf)) * NEAR_SHARE
    said = f" ({limit:.3g} px)" if paths.info.screen_size else ""
    return Item(
        name="near_duplicates",
        severity="warning" if len(pairs) and graveness(seen) == "info" else graveness(seen),
        found=f"{number(len(pairs), 'pair')} of scanpaths on one image stay within 1/200 of the "
        f"screen's shorter side{said}, without being identical; {_leaking(seen)}.",
        effect="They are one path twice, moved or rounded: they leak between splits and narrow "
        "intervals as identical paths do.",
        figures={"pairs": len(pairs), "records": len(rows), **said_pairs(seen)}
        | ({"limit_px": limit} if paths.info.screen_size else {}),
        examples=records(paths, rows),
    )


def stretches(paths: Scanpaths, first: Rows) -> Item:
    """Paths that have some consecutive fixations in common with another that is no copy of it."""
    flat = np.ascontiguousarray(paths.fixations[:, :2]) + 0.0
    offsets, scene = paths.offsets, scenes(paths)
    keys: list[tuple[Hashable, int]] = []
    for row in range(len(paths)):
        for start in range(offsets[row], offsets[row + 1] - SHORTEST + 1):
            keys.append(((scene[row], flat[start : start + SHORTEST].tobytes()), row))
    pairs = [
        [one, other]
        for group in _groups_of(keys)
        for one, other in combinations(group, 2)
        if first[one] != first[other]
    ]
    seen = _shared(paths, pairs)
    rows = np.unique(np.array(pairs, dtype=np.intp))
    return Item(
        name="shared_stretches",
        severity="warning" if len(rows) and graveness(seen) == "info" else graveness(seen),
        found=f"{number(len(rows), 'record')} share {SHORTEST} or more consecutive fixations with "
        f"another record of the image, without being a copy of it; {_leaking(seen)}.",
        effect="They were cut from one recording: part of one is part of the other's answer, and "
        "between splits that part leaks.",
        figures={"records": len(rows), **said_pairs(seen)},
        examples=records(paths, rows),
    )


def _across(paths: Scanpaths, groups: Groups, *, name: str, what: str, effect: str) -> Item:
    members = np.array(sorted(row for group in groups for row in group), dtype=np.intp)
    return Item(
        name=name,
        severity="warning" if groups else "info",
        found=f"{number(len(members), 'record')} {'has' if len(members) == 1 else 'have'} the "
        f"scanpath of {what} ({number(len(groups), 'group')}).",
        effect=effect,
        figures={"records": len(members), "groups": len(groups)},
        examples=records(paths, members),
    )


def _leaking(seen: Mapping[tuple[str, str], Rows]) -> str:
    return f"{number(len(seen['test', 'train']), 'test record')} with one of train"


def _groups_of(keys: Iterable[tuple[Hashable, int]]) -> Groups:
    """Rows that share a key, where there are several."""
    groups: dict[Hashable, dict[int, None]] = {}
    for key, row in keys:
        groups.setdefault(key, {})[row] = None
    return [list(group) for group in groups.values() if len(group) > 1]


def _differing(image: Array, groups: Groups, values: Array) -> Groups:
    """The groups cut by image, where their members differ in a value."""
    by_image = (part for group in groups for part in _groups_of((image[row], row) for row in group))
    return [part for part in by_image if len({values[row] for row in part} - {None}) > 1]


def _shared(paths: Scanpaths, groups: Groups) -> dict[tuple[str, str], Rows]:
    """For each pair of splits the rows of the first that share a group with one of the second."""
    splits = paths.split
    of_group = [({splits[row] for row in group}, group) for group in groups]
    seen = {
        (split, other): {
            row
            for there, group in of_group
            if other in there
            for row in group
            if splits[row] == split
        }
        for split, other in PAIRS
    }
    return {pair: np.array(sorted(rows), dtype=np.intp) for pair, rows in seen.items()}


def near_pairs(
    paths: Scanpaths, first: Rows, *, shortest: int = SHORTEST, between: Rows | None = None
) -> Rows:
    """Row numbers of near duplicates, (k, 2): paths of one image, close but not identical.

    Args:
        paths: the table.
        first: what `first_copies` says of it.
        shortest: fixations of a path under which it is left out.
        between: rows whose pairs with the other ones alone are looked for; None takes all pairs.
    """
    from scipy.spatial import KDTree

    rows = np.flatnonzero(paths.lengths >= shortest)
    if len(rows) < 2:
        return np.empty((0, 2), dtype=np.intp)
    limits = paths.screen_sizes.min(axis=1) * NEAR_SHARE
    ends = [paths.fixations[paths.offsets[rows + last] - last, :2] for last in (0, 1)]
    # Paths that stay close have close ends: only few pairs are left to be measured. Images lie far
    # apart on an axis of their own.
    points = np.hstack([*ends, 4 * scenes(paths)[rows, None] * limits[rows, None]])
    points /= limits[rows, None]
    if between is None:
        found = KDTree(points).query_pairs(1 + 1e-9, p=np.inf, output_type="ndarray")
    else:
        inside = np.isin(rows, between)
        parts = [np.flatnonzero(half) for half in (inside, ~inside)]
        trees = [KDTree(points[part]) for part in parts]
        near = trees[0].sparse_distance_matrix(trees[1], 1 + 1e-9, p=np.inf, output_type="ndarray")
        found = np.column_stack([parts[0][near["i"]], parts[1][near["j"]]])
    pairs: Rows = rows[np.sort(found.astype(np.intp), axis=1)].reshape(-1, 2)
    pairs = pairs[first[pairs[:, 0]] != first[pairs[:, 1]]]
    if not len(pairs):
        return pairs
    apart = paired(
        ["frechet"],
        paths,
        paths,
        screen_size=paths.screen_sizes,
        rows=pairs[:, 0],
        columns=pairs[:, 1],
    )["frechet"]
    close: Rows = pairs[apart <= limits[pairs[:, 0]]]
    return close
