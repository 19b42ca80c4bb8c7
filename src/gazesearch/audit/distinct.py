"""Whether the findings of an image have paths of their own: a permutation test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.audit.item import Item, Rows, number
from gazesearch.audit.scenes import scenes
from gazesearch.evaluation.matching import distinguishes_people
from gazesearch.metrics import paired
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.columns import Array

PERMUTATIONS: Final = 1000
MOST_PAIRS: Final = 100_000
LEVEL: Final = 0.05
NAME: Final = "distinct_findings"
EFFECT: Final = (
    "Where paths of different findings differ no more than those of one, a model that ignores the "
    "finding loses nothing, and no score shows that it was searched for."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Design:
    """What is compared with what, and which labels may change places.

    Attributes:
        rows: records whose finding can change, numbers in the table, (n,).
        finding: number of the finding of each, (n,).
        stratum: labels change places within one of these, (n,).
        pairs: pairs to compare, numbers among `rows`, (k, 2).
        within: what a stratum is, in words.
        compared: what the pairs share, in words.
    """

    rows: Rows
    finding: NDArray[np.intp]
    stratum: NDArray[np.intp]
    pairs: Rows
    within: str
    compared: str


def distinct_findings(paths: Scanpaths, rng: np.random.Generator) -> Item:
    """Whether paths of one finding are more alike than paths of different findings.

    The statistic is mean ScanMatch (16 x 12 bins, threshold 3.5, no durations) over pairs of one
    finding less that over pairs of different findings. Pairs are of the same image where several
    people searched it for one finding, else of different images; at most 100,000 are drawn. Under
    the null, the findings of an image change places freely, within a person where people searched
    for several; p is one-sided over 1,000 such permutations, the observed one counted with them.
    """
    design = _design(paths, rng)
    if isinstance(design, str):
        return _undefined(design)
    scored = paired(
        ["scanmatch"],
        paths,
        paths,
        screen_size=paths.screen_sizes,
        rows=design.rows[design.pairs[:, 0]],
        columns=design.rows[design.pairs[:, 1]],
    )["scanmatch"]
    there = ~np.isnan(scored)
    pairs, scores = design.pairs[there], scored[there]
    alike = design.finding[pairs[:, 0]] == design.finding[pairs[:, 1]]
    if not alike.any() or alike.all():
        return _undefined("no finding can be compared with itself and with another")
    within, between = float(scores[alike].mean()), float(scores[~alike].mean())
    chance = _permuted(design, pairs, scores, rng)
    # Means over the same numbers in another order differ in the last bits: those are ties.
    p = (1 + int((chance >= within - between - 1e-12).sum())) / (1 + PERMUTATIONS)
    images = len(np.unique(paths.image[design.rows]))
    said = "more alike than" if p <= LEVEL else "not shown to be more alike than"
    return Item(
        name=NAME,
        severity="info" if p <= LEVEL else "warning",
        found=f"Paths of one finding are {said} paths of different findings (ScanMatch "
        f"{within:.4f} against {between:.4f}, p = {p:.3g}, {number(len(design.rows), 'record')} "
        f"of {number(images, 'image')}).",
        effect=EFFECT,
        figures={
            "within_finding": within,
            "between_findings": between,
            "difference": within - between,
            "p": p,
            "permutations": PERMUTATIONS,
            "records": len(design.rows),
            "images": images,
            "pairs": len(pairs),
            "pairs_of_one_finding": int(alike.sum()),
            "pairs_undefined": int((~there).sum()),
            "pairs_of": design.compared,
            "shuffled_within": design.within,
        },
    )


def _undefined(why: str) -> Item:
    return Item(
        name=NAME,
        severity="info",
        found=f"Not tested: {why}.",
        effect=EFFECT,
        figures={"p": None, "records": 0, "images": 0},
    )


def _design(paths: Scanpaths, rng: np.random.Generator) -> _Design | str:
    """What to compare, or why nothing can be."""
    scene = scenes(paths)
    finding, subject = _numbered(paths.finding), _numbered(paths.subject)
    by_person = np.unique(np.column_stack([scene, subject]), axis=0, return_inverse=True)[1]
    strata = {"image": scene}
    if distinguishes_people(paths):
        strata = {"image and person": by_person.ravel()} | strata
    movable = {name: np.flatnonzero(_several(finding, group)) for name, group in strata.items()}
    within = next((name for name in movable if len(movable[name])), None)
    if within is None:
        return "no image was searched for several findings"
    rows = movable[within]
    repeated = np.unique(np.column_stack([scene, finding])[rows], axis=0, return_counts=True)[1]
    same_image = bool((repeated > 1).any())
    if not same_image and paths.info.screen_size is None:
        return "each finding was searched once an image, and the frames of the images differ"
    pairs = (_pairs_within if same_image else _pairs_between)(scene[rows], rng)
    return _Design(
        rows=rows,
        finding=finding[rows],
        stratum=strata[within][rows],
        pairs=pairs,
        within=within,
        compared="the same image" if same_image else "different images",
    )


def _permuted(
    design: _Design, pairs: Rows, scores: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """The statistic with findings shuffled within strata, (PERMUTATIONS,)."""
    home = np.argsort(design.stratum, kind="stable")
    found = np.empty(PERMUTATIONS)
    labels = np.empty_like(design.finding)
    total, n = scores.sum(), len(scores)
    for i in range(PERMUTATIONS):
        labels[home] = design.finding[np.lexsort([rng.random(len(home)), design.stratum])]
        alike = labels[pairs[:, 0]] == labels[pairs[:, 1]]
        k, inside = int(alike.sum()), float(scores[alike].sum())
        # Pairs drawn from different images may all differ, or all agree: then nothing is shown.
        found[i] = inside / k - (total - inside) / (n - k) if 0 < k < n else np.inf
    return found


def _several(finding: NDArray[np.intp], stratum: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether the stratum of each record has several findings, (n,)."""
    distinct = np.unique(np.column_stack([stratum, finding]), axis=0)[:, 0]
    several: NDArray[np.bool_] = np.bincount(distinct)[stratum] > 1
    return several


def _pairs_within(group: NDArray[np.intp], rng: np.random.Generator) -> Rows:
    """Pairs of one group: all of them, or so many drawn at random."""
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)[np.unique(group)]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    if (sizes * (sizes - 1) // 2).sum() <= MOST_PAIRS:
        parts = [
            start + np.stack(np.triu_indices(size, 1), axis=1)
            for start, size in zip(starts, sizes, strict=True)
        ]
        return np.asarray(order[np.concatenate(parts)])
    chances = sizes * (sizes - 1.0)
    chosen = rng.choice(len(sizes), size=MOST_PAIRS, p=chances / chances.sum())
    one = rng.integers(sizes[chosen])
    other = (one + 1 + rng.integers(sizes[chosen] - 1)) % sizes[chosen]
    return np.asarray(order[starts[chosen, None] + np.column_stack([one, other])])


def _pairs_between(group: NDArray[np.intp], rng: np.random.Generator) -> Rows:
    """Pairs of different groups: all of them, or about so many drawn at random."""
    n = len(group)
    if n * (n - 1) // 2 <= MOST_PAIRS:
        pairs = np.stack(np.triu_indices(n, 1), axis=1)
    else:
        pairs = rng.integers(n, size=(MOST_PAIRS, 2))
    return np.asarray(pairs[group[pairs[:, 0]] != group[pairs[:, 1]]])


def _numbered(column: Array) -> NDArray[np.intp]:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in column], dtype=np.intp)
