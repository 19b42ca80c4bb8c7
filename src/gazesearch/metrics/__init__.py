"""Every metric: a pure function each, one table that declares them, and ways to score many pairs.

Paths are arrays (n, 2) x px, y px or (n, 3) with durations in s, or a `Scanpaths`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from numpy.typing import ArrayLike

from gazesearch.errors import UnknownName
from gazesearch.metrics._metric import MapSettings, Metric, SearchSettings
from gazesearch.metrics._pairs import Source, score_blocks, score_matrix, score_pairs
from gazesearch.metrics._paths import Floats
from gazesearch.metrics.dtw import DynamicTimeWarping, dtw
from gazesearch.metrics.duration_error import DurationError, duration_error
from gazesearch.metrics.fixation_maps import (
    auc_judd,
    cc,
    fixation_map,
    information_gain,
    kl,
    map_scores,
    map_shape,
    nss,
    sim,
)
from gazesearch.metrics.frechet import Frechet, frechet
from gazesearch.metrics.hausdorff import Hausdorff, hausdorff
from gazesearch.metrics.length_error import LengthError, length_error
from gazesearch.metrics.multimatch import MultiMatch, MultiMatchSettings, multimatch
from gazesearch.metrics.scaled_time_delay_embedding import (
    ScaledTimeDelayEmbedding,
    scaled_time_delay_embedding,
)
from gazesearch.metrics.scanmatch import ScanMatch, scanmatch
from gazesearch.metrics.search_efficiency import SearchEfficiency, search_efficiency
from gazesearch.metrics.sequence_score import SequenceScore, fixation_clusters, sequence_score
from gazesearch.metrics.string_edit_distance import StringEditDistance, string_edit_distance

__all__ = [
    "TABLE",
    "Metric",
    "MultiMatch",
    "SearchEfficiency",
    "auc_judd",
    "cc",
    "dtw",
    "duration_error",
    "fixation_clusters",
    "fixation_map",
    "frechet",
    "get",
    "hausdorff",
    "information_gain",
    "kl",
    "length_error",
    "map_scores",
    "map_shape",
    "multimatch",
    "names",
    "nss",
    "paired",
    "pairwise",
    "pairwise_blocks",
    "scaled_time_delay_embedding",
    "scanmatch",
    "search_efficiency",
    "sequence_score",
    "sim",
    "string_edit_distance",
]

_UNIT = (0.0, 1.0)
_POSITIVE = (0.0, float("inf"))
_ANY = (float("-inf"), float("inf"))
_EMPTY = "a path is empty"
_SHORT = "a path has under three fixations"
_CONSTANT = "a map is constant or has no fixation on the screen"
_NO_MASS = "a map has no fixation on the screen"
_JARODZKA = "Jarodzka et al. 2010, Dewhurst et al. 2012"
_BYLINSKII = "Bylinskii et al. 2019"
_YANG = "Yang et al. 2020"

# fmt: off
TABLE: tuple[Metric, ...] = (
    Metric(name="scanmatch", title="ScanMatch", kind="pair", measure=ScanMatch(),
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=(),
           undefined_when=_EMPTY, source="Cristino et al. 2010"),
    Metric(name="scanmatch_duration", title="ScanMatch, durations", kind="pair",
           measure=ScanMatch(temporal_bin_ms=50),
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=("durations",),
           undefined_when="a path is empty or has no fixation longer than half a temporal bin",
           source="Cristino et al. 2010"),
    Metric(name="multimatch_shape", title="MultiMatch shape", kind="pair",
           measure=MultiMatchSettings(), column=0,
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=(),
           undefined_when=_SHORT, source=_JARODZKA),
    Metric(name="multimatch_direction", title="MultiMatch direction", kind="pair",
           measure=MultiMatchSettings(), column=1,
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=(),
           undefined_when=_SHORT, source=_JARODZKA),
    Metric(name="multimatch_length", title="MultiMatch length", kind="pair",
           measure=MultiMatchSettings(), column=2,
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=(),
           undefined_when=_SHORT, source=_JARODZKA),
    Metric(name="multimatch_position", title="MultiMatch position", kind="pair",
           measure=MultiMatchSettings(), column=3,
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=(),
           undefined_when=_SHORT, source=_JARODZKA),
    Metric(name="multimatch_duration", title="MultiMatch duration", kind="pair",
           measure=MultiMatchSettings(), column=4,
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=("durations",),
           undefined_when=f"{_SHORT}, or two durations of 0 s are compared", source=_JARODZKA),
    Metric(name="string_edit_distance", title="SED", kind="pair", measure=StringEditDistance(),
           higher_is_better=False, bounds=_POSITIVE, unit="edits", missing="reference length",
           needs=(),
           undefined_when="never", source="Levenshtein 1966"),
    Metric(name="string_edit_distance_published", title="SED, published", kind="pair",
           measure=StringEditDistance(variant="published"),
           higher_is_better=False, bounds=_POSITIVE, unit="edits", missing="reference length",
           needs=(),
           undefined_when="never",
           source="Levenshtein 1966; bins as in the released code of GazeSearch"),
    Metric(name="scaled_time_delay_embedding", title="STDE", kind="pair",
           measure=ScaledTimeDelayEmbedding(),
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=(),
           undefined_when=_EMPTY, source="Wang et al. 2011"),
    Metric(name="sequence_score", title="Sequence score", kind="pair", measure=SequenceScore(),
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=(),
           undefined_when="a path is empty or the image's reference fixations make no clusters",
           source=_YANG),
    Metric(name="dtw", title="DTW", kind="pair", measure=DynamicTimeWarping(),
           higher_is_better=False, bounds=_POSITIVE, unit="px", missing="screen diagonal", needs=(),
           undefined_when=_EMPTY, source="Sakoe and Chiba 1978"),
    Metric(name="frechet", title="Fréchet", kind="pair", measure=Frechet(),
           higher_is_better=False, bounds=_POSITIVE, unit="px", missing="screen diagonal", needs=(),
           undefined_when=_EMPTY, source="Eiter and Mannila 1994"),
    Metric(name="hausdorff", title="Hausdorff", kind="pair", measure=Hausdorff(),
           higher_is_better=False, bounds=_POSITIVE, unit="px", missing="screen diagonal", needs=(),
           undefined_when=_EMPTY, source="Huttenlocher et al. 1993"),
    Metric(name="length_error", title="Length error", kind="pair", measure=LengthError(),
           higher_is_better=False, bounds=_POSITIVE, unit="fixations", missing="reference length",
           needs=(),
           undefined_when="never", source="difference of the numbers of fixations"),
    Metric(name="duration_error", title="Duration error", kind="pair", measure=DurationError(),
           higher_is_better=False, bounds=_POSITIVE, unit="s", missing="reference duration",
           needs=("durations",),
           undefined_when=_EMPTY, source="mean difference of durations at equal positions"),
    Metric(name="tfp_area", title="TFP area", kind="search",
           measure=SearchSettings(), bounded_by="max_fixations",
           higher_is_better=True, bounds=(0.0, 7.0), unit="", missing="zero",
           needs=("target boxes",),
           undefined_when="never", source=_YANG),
    Metric(name="tfp_mismatch", title="TFP mismatch", kind="search",
           measure=SearchSettings(), bounded_by="max_fixations",
           higher_is_better=False, bounds=(0.0, 7.0), unit="", missing="zero",
           needs=("target boxes",),
           undefined_when="never", source=_YANG),
    Metric(name="scanpath_ratio", title="Scanpath ratio", kind="search", measure=SearchSettings(),
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=("target boxes",),
           undefined_when="the path does not reach the target at fixation 2 or later",
           source=_YANG),
    Metric(name="map_cc", title="CC", kind="map", measure=MapSettings(),
           higher_is_better=True, bounds=(-1.0, 1.0), unit="", missing="zero",
           needs=("fixation maps",),
           undefined_when=_CONSTANT, source=_BYLINSKII),
    Metric(name="map_nss", title="NSS", kind="map", measure=MapSettings(),
           higher_is_better=True, bounds=_ANY, unit="", missing="zero", needs=("fixation maps",),
           undefined_when=_CONSTANT, source="Peters et al. 2005"),
    Metric(name="map_kl", title="KL", kind="map", measure=MapSettings(),
           higher_is_better=False, bounds=_POSITIVE, unit="nats", missing="undefined",
           needs=("fixation maps",),
           undefined_when=_NO_MASS, source=_BYLINSKII),
    Metric(name="map_auc_judd", title="AUC-Judd", kind="map", measure=MapSettings(),
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=("fixation maps",),
           undefined_when="no fixation is on the screen, or every cell is fixated",
           source="Judd et al. 2012"),
    Metric(name="map_sim", title="SIM", kind="map", measure=MapSettings(),
           higher_is_better=True, bounds=_UNIT, unit="", missing="zero", needs=("fixation maps",),
           undefined_when=_NO_MASS, source="Judd et al. 2012"),
    Metric(name="map_information_gain", title="Information gain", kind="map", measure=MapSettings(),
           higher_is_better=True, bounds=_ANY, unit="bits", missing="undefined",
           needs=("fixation maps", "train records"),
           undefined_when="no fixation is on the screen, or there is no baseline map",
           source="Kümmerer et al. 2015"),
)
# fmt: on
"""All metrics, in the order of tables."""

_BY_NAME = {metric.name: metric for metric in TABLE}


def names() -> tuple[str, ...]:
    """Names of all metrics, in the order of tables."""
    return tuple(_BY_NAME)


def get(name: str, **settings: object) -> Metric:
    """A metric of the table, with other settings where given.

    Raises:
        UnknownName: no metric is called so.
        BadSetting: a setting is unknown or outside its range.

    >>> get("scanmatch", bins=(8, 6)).settings["bins"]
    (8, 6)
    """
    if name not in _BY_NAME:
        raise UnknownName("metric", name, _BY_NAME)
    return _BY_NAME[name].with_settings(settings) if settings else _BY_NAME[name]


def pairwise(
    metric: str | Metric,
    references: Source,
    predictions: Source,
    screen_size: ArrayLike,
    *,
    threads: int | None = None,
) -> Floats:
    """Score of every reference with every prediction.

    Beside the result, memory grows with the paths alone, not with the pairs.

    Args:
        metric: a name of the table, or `get(name, option=...)`; of kind "pair".
        references, predictions: n and m paths; the sequence score clusters the references of each
            image, all together where they are plain arrays.
        screen_size: (width, height) px.
        threads: how many share the work, by default as many as there are cores; no value depends
            on it.

    Returns:
        (n, m), NaN where the metric is undefined.

    Raises:
        MissingDurations: the metric needs durations and a path has none.
        DataError: a path is not (k, 2) or (k, 3), or not finite.
        UnknownName: there is no such metric.
        BadSetting: a setting is outside its range, or the metric does not compare pairs.

    >>> paths = [[[112, 112], [60, 64]], [[112, 112], [90, 64]]]
    >>> pairwise("scanmatch", paths, paths, screen_size=(224, 224)).round(4)
    array([[1.    , 0.7143],
           [0.7143, 1.    ]])
    """
    chosen = get(metric) if isinstance(metric, str) else metric
    return score_matrix(chosen, references, predictions, screen_size, threads=threads)


def pairwise_blocks(
    metric: str | Metric,
    references: Source,
    predictions: Source,
    screen_size: ArrayLike,
    *,
    rows: int,
    threads: int | None = None,
) -> Iterator[tuple[slice, Floats]]:
    """The matrix of `pairwise`, some rows at a time, for matrices that memory cannot hold.

    Args:
        metric, references, predictions, screen_size, threads: as in `pairwise`.
        rows: most references in a block.

    Returns:
        For one block after the other, which references it has and their scores, (b, m). A block is
        scored when it is asked for; the arguments are checked at once.

    Raises:
        As `pairwise`; BadSetting: `rows` is not a whole number above 0.

    >>> paths = [[[112, 112], [60, 64]], [[112, 112], [90, 64]], [[112, 112]]]
    >>> for block, scores in pairwise_blocks("dtw", paths, paths, (224, 224), rows=2):
    ...     print(block, scores.shape)
    slice(0, 2, None) (2, 3)
    slice(2, 3, None) (1, 3)
    """
    chosen = get(metric) if isinstance(metric, str) else metric
    return score_blocks(chosen, references, predictions, screen_size, rows=rows, threads=threads)


def paired(
    metrics: Sequence[str | Metric],
    references: Source,
    predictions: Source,
    *,
    screen_size: ArrayLike,
    rows: ArrayLike | None = None,
    columns: ArrayLike | None = None,
    threads: int | None = None,
) -> dict[str, Floats]:
    """Scores of chosen pairs by several metrics; what metrics share is computed once.

    Args:
        metrics: names of the table, or `get(name, option=...)`; of kind "pair".
        references, predictions: n and m paths; the sequence score needs references as a `Scanpaths`
            and clusters all that it has of each image.
        screen_size: (width, height) px, or (n, 2), one for each reference.
        rows, columns: (k,) numbers of the reference and of the prediction of each pair; by default
            the first with the first and so on.
        threads: as in `pairwise`.

    Returns:
        (k,) for each metric, under its name; NaN where undefined.

    Raises:
        MissingDurations: a metric needs durations and a path of these pairs has none.
        FrameMismatch: a prediction is paired with references of different screen sizes.
        DataError: a path is not (k, 2) or (k, 3), or not finite; rows and columns do not fit.
        UnknownName: there is no such metric.
        BadSetting: a setting is outside its range, a metric does not compare pairs, or two have the
            same name.

    >>> a, b = [[112, 112], [60, 64]], [[112, 112], [90, 64]]
    >>> paired(["dtw", "length_error"], [a, a], [a, b], screen_size=(224, 224))
    {'dtw': array([ 0., 30.]), 'length_error': array([0., 0.])}
    """
    chosen = [get(metric) if isinstance(metric, str) else metric for metric in metrics]
    return score_pairs(
        chosen,
        references,
        predictions,
        screen_size=screen_size,
        rows=rows,
        columns=columns,
        threads=threads,
    )
