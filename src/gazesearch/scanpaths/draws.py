"""Draws: several predictions for one image, finding and subject, numbered in order."""

from __future__ import annotations

from gazesearch.scanpaths.columns import ABSENT
from gazesearch.scanpaths.table import Scanpaths


def with_draws(paths: Scanpaths) -> tuple[Scanpaths, int]:
    """Number paths of equal image, finding and subject as draws, in order, where none are numbered.

    Returns:
        The table, with a field `draw` if there was anything to number, and how many paths repeat an
        earlier one's key.
    """
    counts: dict[tuple[object, ...], int] = {}
    draws, repeats = [], 0
    keys = zip(paths.image, paths.finding, paths.subject, strict=True)
    for key, draw in zip(keys, paths.columns.get("draw"), strict=True):
        number = counts.get(key, 0)
        if draw is ABSENT:
            counts[key] = number + 1
            repeats += number > 0
        draws.append(number if draw is ABSENT else draw)
    if not repeats:
        return paths, 0
    numbered = paths.with_parts(
        paths.fixations,
        paths.offsets,
        columns=paths.columns.replaced("draw", draws),
        integers=paths.integers,
    )
    return numbered, repeats
