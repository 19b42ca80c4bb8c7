"""Whether the energy form of a metric is a proper score: whether the truth wins by it on average.

Draws of Q score E s(X, y) - 1/2 E s(X, X') on paths of P. For a symmetric similarity, P itself
scores higher by 1/2 (p - q)' S (p - q), with S the table of s between paths. So the form is proper
exactly where that is never below 0: where s is conditionally positive definite, or a distance of
negative type (Gneiting and Raftery 2007, theorem 4; Székely and Rizzo 2013). A few paths whose
table has a negative eigenvalue on weights that sum to 0 are proof of the contrary: its positive
weights are a P, its negative ones a Q that scores better on paths of P than P does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics
from gazesearch.errors import UnknownName
from gazesearch.metrics import Metric

Floats = NDArray[np.float64]
Verdict = Literal["known", "not known", "known not"]

SIDE_PX: Final = 100


@dataclass(frozen=True, kw_only=True)
class Properness:
    """What is known of the energy form of a metric with its default settings.

    Attributes:
        verdict: "known" to be proper, "known not" to be, or "not known".
        why: source or proof, in one line.
        counterexample: paths that prove it is not, as words: see `paths_of`. Empty if it is.
    """

    verdict: Verdict
    why: str
    counterexample: str = ""


def properness(metric: str) -> Properness:
    """Whether the energy form of a metric of pairs is known to be proper.

    Raises:
        UnknownName: no metric of pairs is called so.

    >>> properness("length_error").verdict, properness("scanmatch").verdict
    ('known', 'known not')
    """
    if metric not in _KNOWN:
        raise UnknownName("metric of pairs", metric, _KNOWN)
    return _KNOWN[metric]


def paths_of(words: str) -> list[Floats]:
    """The paths that words spell, (n, 3) each, on a screen of 100 x 100 px.

    A letter is a fixation: a to y are the centres of a 5 x 5 grid, row by row from the top left; a
    small letter lasts 0.2 s, a capital 0.8 s.

    >>> paths_of("ag B")[0].tolist()
    [[10.0, 10.0, 0.2], [30.0, 30.0, 0.2]]
    """
    step = SIDE_PX / 5
    paths = []
    for word in words.split():
        places = [(ord(letter.lower()) - ord("a"), letter.isupper()) for letter in word]
        rows = [
            [(place % 5 + 0.5) * step, (place // 5 + 0.5) * step, 0.8 if long else 0.2]
            for place, long in places
        ]
        paths.append(np.array(rows))
    return paths


def gain_of_a_lie(metric: Metric, words: str) -> float:
    """How much better than the truth another distribution over some paths scores on average.

    Args:
        metric: of kind "pair"; symmetric or not.
        words: the paths, see `paths_of`.

    Returns:
        The largest gain that the eigenvectors of their table show, in units of the metric; above 0
        the energy form is not proper.
    """
    paths = paths_of(words)
    table = metrics.pairwise(metric, paths, paths, (SIDE_PX, SIDE_PX))
    if not metric.higher_is_better:
        table = -table
    centred = np.eye(len(paths)) - 1 / len(paths)
    _, vectors = np.linalg.eigh(centred @ (table + table.T) @ centred / 2)
    weights = vectors[:, 0] / np.maximum(vectors[:, 0], 0).sum()
    sides = np.maximum(weights, 0), np.maximum(-weights, 0)
    return max(_expected(table, p, q) - _expected(table, p, p) for p, q in (sides, sides[::-1]))


def _expected(table: Floats, truth: Floats, told: Floats) -> float:
    """Mean score of draws of one distribution on paths of another; rows are recorded paths."""
    return float(truth @ table @ told - 0.5 * told @ table @ told)


def _not(words: str, why: str = "") -> Properness:
    proof = f"counterexample of {len(words.split())} paths, found by computation"
    return Properness(
        verdict="known not", why=f"{why}; {proof}" if why else proof, counterexample=words
    )


_KNOWN: Final = {
    "scanmatch": _not("kl el le hk he"),
    "scanmatch_duration": _not("Lu lU luL uL Ul"),
    "multimatch_shape": _not("ririii rirri iiirrr"),
    "multimatch_direction": _not("yyy iikki kkiy"),
    "multimatch_length": _not("ileeie ilill lieeii"),
    "multimatch_position": _not("ffyff fff fyfyf"),
    "multimatch_duration": _not("NqqqQ qqNQ qqnQ"),
    "string_edit_distance": _not("s sd e ds ed"),
    "string_edit_distance_published": _not("s c xc cx sx"),
    "scaled_time_delay_embedding": _not("ffxe xx x", "not symmetric"),
    "sequence_score": _not("ie wi ne wn en", "with each place a cluster of its own"),
    "dtw": _not("u f uu", "no triangle inequality"),
    "frechet": _not("hn hb khh bh nh"),
    "hausdorff": _not("qs qqq r prqr pr"),
    "length_error": Properness(
        verdict="known",
        why="the difference of two numbers is of negative type (Székely and Rizzo 2013); not "
        "strictly: it sees nothing but lengths",
    ),
    "duration_error": _not("lUlL LUul uUl"),
}
