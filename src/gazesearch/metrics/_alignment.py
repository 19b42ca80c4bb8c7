"""Alignment of two symbol sequences, pair by pair, for the sequence score.

Sequences are given as (flat array, start, stop): a view per pair would have the threads count
references to the same array.
"""

from __future__ import annotations

from gazesearch.metrics._compile import kernel
from gazesearch.metrics._paths import Floats, Integers


@kernel
def needleman_wunsch(
    a: Integers,
    a_start: int,
    a_stop: int,
    b: Integers,
    b_start: int,
    b_stop: int,
    gains: Floats,
    zero: int,
    row: Floats,
) -> float:
    """Largest total gain of aligning two sequences, gaps free (Needleman and Wunsch 1970).

    Args:
        gains: gain of matching symbols s and t, at `zero + s - t`: it depends on the difference
            alone, so a short table serves all pairs of symbols.
        row: scratch, at least as long as b and one more.
    """
    width = b_stop - b_start
    for j in range(width + 1):
        row[j] = 0.0
    for i in range(a_start, a_stop):
        at = zero + a[i]
        diagonal = 0.0
        for j in range(width):
            above = row[j + 1]
            best = diagonal + gains[at - b[b_start + j]]
            if above > best:
                best = above
            if row[j] > best:
                best = row[j]
            row[j + 1] = best
            diagonal = above
    # With free gaps no cell is larger than the last one: it is the maximum of the table.
    return row[width]  # type: ignore[no-any-return]


@kernel
def longest(offsets: Integers, paths: Integers) -> int:
    """Length of the longest of some sequences, at least 1: the size of a chunk's scratch."""
    most = 1
    for p in range(len(paths)):
        length = offsets[paths[p] + 1] - offsets[paths[p]]
        if length > most:
            most = length
    return most
