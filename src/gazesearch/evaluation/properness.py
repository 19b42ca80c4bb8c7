"""Whether the energy form of a metric is a proper score: whether the truth wins by it on average.

Draws of Q score E s(X, y) - 1/2 E s(X, X') on paths of P. For a symmetric similarity, P itself
scores higher by 1/2 (p - q)' S (p - q), with S the table of s between paths. So the form is proper
exactly where that is never below 0: where s is conditionally positive definite, or a distance of
negative type (Gneiting and Raftery 2007, theorem 4; Székely and Rizzo 2013). For a similarity that
is not symmetric it never is: where s(v, u) > s(u, v), the draw first, and everybody makes u,
whoever draws v now and then gains. What is not proper is shown by a P and a Q over a few paths: Q
scores better on paths of P than P does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics
from gazesearch.errors import BadSetting, UnknownName
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
        counterexample: paths that people make | paths that a predictor draws, as words, see
            `paths_of`; each as often as it stands there. Empty if the form is proper.
        gain: how much better than people's own the predictor's draws score on average, in units of
            the metric.
    """

    verdict: Verdict
    why: str
    counterexample: str = ""
    gain: float = 0.0


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


def gain_of_a_lie(metric: Metric, counterexample: str) -> float:
    """How much better than people's own paths those of a predictor score on average.

    Args:
        metric: of kind "pair"; symmetric or not.
        counterexample: people's paths | the predictor's, see `Properness`.

    Returns:
        The gain, in units of the metric; above 0 the energy form is not proper.

    Raises:
        BadSetting: there is no | between paths of people and of a predictor.

    >>> metric = metrics.get("scaled_time_delay_embedding")
    >>> round(gain_of_a_lie(metric, "ay | ay a"), 4)
    0.054
    """
    of_people, _, drawn = counterexample.partition("|")
    people, told = paths_of(of_people), paths_of(drawn)
    if not (people and told):
        raise BadSetting(f"counterexample={counterexample!r}: must be paths | paths")
    sign = 1 if metric.higher_is_better else -1

    def alike(references: list[Floats], predictions: list[Floats]) -> float:
        table = metrics.pairwise(metric, references, predictions, (SIDE_PX, SIDE_PX))
        return sign * float(table.mean())

    return alike(people, told) - 0.5 * alike(told, told) - 0.5 * alike(people, people)


def _not(counterexample: str, gain: float, why: str = "a counterexample") -> Properness:
    return Properness(verdict="known not", why=why, counterexample=counterexample, gain=gain)


_KNOWN: Final = {
    "scanmatch": _not("kl he | el le hk", 0.0119),
    "scanmatch_duration": _not("lU uL | Lu Lu luL Ul Ul", 0.0047),
    "multimatch_shape": _not("ririii | rirri rirri iiirrr", 0.0088),
    "multimatch_direction": _not("iikki | yyy kkiy kkiy", 0.0057),
    "multimatch_length": _not("lieeii | ileeie ileeie ilill", 0.0043),
    "multimatch_position": _not("ffyff | fff fyfyf", 0.0884),
    "multimatch_duration": _not("qqnQ | NqqqQ qqNQ", 0.0938),
    "string_edit_distance": _not("s ed | sd sd e e ds", 0.04),
    "string_edit_distance_published": _not("c sx | s s xc cx cx", 0.04),
    "scaled_time_delay_embedding": _not(
        "ay | ay a", 0.054, "a counterexample, as it is not symmetric"
    ),
    "sequence_score": _not(
        "ie wn | wi ne en", 0.0278, "a counterexample, each place a cluster of its own"
    ),
    "dtw": _not("u | f uu uu", 6.6667, "no triangle inequality; counterexample"),
    "frechet": _not("hn hb | khh bh bh nh nh nh", 0.031),
    "hausdorff": _not("qs qqq | r prqr pr", 1.1111),
    "length_error": Properness(
        verdict="known",
        why="the difference of two numbers is of negative type (Székely and Rizzo 2013); not "
        "strictly: it sees nothing but lengths",
    ),
    "duration_error": _not("uUl | lUlL lUlL lUlL LUul", 0.0062),
}
