"""The table of metrics: complete, consistent with the functions, and light to import."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gazesearch import Scanpaths, metrics
from gazesearch.errors import BadSetting, MissingDurations, UnknownName
from gazesearch.metrics import Metric, fixation_clusters

SCREEN = (224, 224)
NAMES = (
    *("scanmatch", "scanmatch_duration"),
    *(f"multimatch_{field}" for field in ("shape", "direction", "length", "position", "duration")),
    *("string_edit_distance", "string_edit_distance_published"),
    *("scaled_time_delay_embedding", "sequence_score", "dtw", "frechet", "hausdorff"),
    *("length_error", "duration_error", "tfp_area", "tfp_mismatch", "scanpath_ratio"),
    *("map_cc", "map_nss", "map_kl", "map_auc_judd", "map_sim", "map_information_gain"),
)
PAIR_NAMES = tuple(metric.name for metric in metrics.TABLE if metric.kind == "pair")
NEEDS = {"durations", "target boxes", "several people", "fixation maps", "train records"}
MISSING = {"zero", "reference length", "screen diagonal", "reference duration", "undefined"}
UNITS = {"", "px", "s", "edits", "fixations", "bits", "nats"}


@pytest.fixture(scope="module")
def table() -> Scanpaths:
    """Nine paths, 0 to 8 fixations, three images."""
    rng = np.random.default_rng(7)
    paths = [rng.uniform(0, 1, (n, 3)) * (224, 224, 0.6) for n in range(9)]
    images = ["a.png", "b.png", "c.png"] * 3
    return Scanpaths.of(paths, image=images, finding="edema", screen_size=SCREEN)


def test_the_table_has_these_names_in_this_order() -> None:
    assert metrics.names() == NAMES
    assert tuple(metric.name for metric in metrics.TABLE) == NAMES


@pytest.mark.parametrize("metric", metrics.TABLE, ids=NAMES)
def test_every_row_is_complete(metric: Metric) -> None:
    assert metrics.get(metric.name) is metric
    assert metric.title
    assert metric.source
    assert metric.undefined_when
    assert metric.kind in {"pair", "map", "search"}
    assert isinstance(metric.higher_is_better, bool)
    assert metric.bounds[0] < metric.bounds[1]
    assert set(metric.needs) <= NEEDS
    assert metric.missing in MISSING
    assert metric.unit in UNITS
    assert ("target boxes" in metric.needs) == (metric.kind == "search")
    assert ("fixation maps" in metric.needs) == (metric.kind == "map")


def test_titles_are_unique() -> None:
    assert len({metric.title for metric in metrics.TABLE}) == len(NAMES)


@pytest.mark.parametrize("metric", metrics.TABLE, ids=NAMES)
def test_a_metric_can_be_hashed_pickled_and_not_changed(metric: Metric) -> None:
    again = pickle.loads(pickle.dumps(metric))  # noqa: S301
    assert again == metric
    assert hash(again) == hash(metric)
    with pytest.raises(AttributeError):
        metric.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        metric.settings["sigma_px"] = 1  # type: ignore[index]


def scalar(name: str, clusters: Any) -> Callable[..., float]:
    """The public function behind a name of the table."""
    if name.startswith("multimatch_"):
        field = name.removeprefix("multimatch_")
        return lambda a, b, screen: getattr(metrics.multimatch(a, b, screen), field)
    special: dict[str, tuple[Callable[..., float], dict[str, Any]]] = {
        "scanmatch_duration": (metrics.scanmatch, {"temporal_bin_ms": 50}),
        "string_edit_distance_published": (
            metrics.string_edit_distance,
            {"variant": "published"},
        ),
        "sequence_score": (metrics.sequence_score, {"clusters": clusters}),
    }
    function, options = special.get(name, (getattr(metrics, name, None), {}))
    return lambda a, b, screen: function(a, b, screen, **options)  # type: ignore[misc]


@pytest.mark.parametrize("name", PAIR_NAMES)
def test_the_scalar_function_agrees_with_paired_within_the_bounds(
    name: str, table: Scanpaths
) -> None:
    rows, columns = (part.ravel() for part in np.indices((len(table), len(table))))
    scores = metrics.paired([name], table, table, screen_size=SCREEN, rows=rows, columns=columns)[
        name
    ]
    assert scores.dtype == np.float64
    low, high = metrics.get(name).bounds
    clusters_of = {
        image: fixation_clusters(table[table.image == image].fixations)
        for image in set(table.image.tolist())
    }
    for score, row, column in zip(scores, rows, columns, strict=True):
        clusters = clusters_of[table.image[row]]
        expected = scalar(name, clusters)(table[row].fixations, table[column].fixations, SCREEN)
        assert isinstance(expected, float)
        np.testing.assert_equal(score, expected)
        assert math.isnan(score) or low <= score <= high
    assert not np.isnan(scores).all()
    if metrics.get(name).undefined_when == "never":
        assert not np.isnan(scores).any()
    else:
        assert np.isnan(scores[(rows == 0) | (columns == 0)]).all()


@pytest.mark.parametrize("name", PAIR_NAMES)
def test_higher_is_better_says_what_a_path_scores_with_itself(name: str, table: Scanpaths) -> None:
    longest = table[8:9]
    other = Scanpaths.of(
        [224 - longest[0].fixations[::-1][:5]], image=["a"], finding="edema", screen_size=SCREEN
    )
    metric = metrics.get(name, bandwidth=20) if name == "sequence_score" else metrics.get(name)
    itself = metrics.pairwise(metric, longest, longest, SCREEN)[0, 0]
    another = metrics.pairwise(metric, longest, other, SCREEN)[0, 0]
    assert itself > another if metric.higher_is_better else itself < another


@pytest.mark.parametrize("name", PAIR_NAMES)
def test_needs_says_which_metrics_refuse_paths_without_durations(
    name: str, table: Scanpaths
) -> None:
    bare = [path.fixations[:, :2] for path in table]
    if "durations" not in metrics.get(name).needs:
        assert metrics.pairwise(name, bare, bare, SCREEN).shape == (9, 9)
        return
    with pytest.raises(MissingDurations, match=f"{name} needs durations"):
        metrics.pairwise(name, bare, bare, SCREEN)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown metric 'scanmach': did you mean scanmatch"):
        metrics.get("scanmach")


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("dtw", {"bins": (16, 12)}, "dtw has no setting 'bins'; its settings: none"),
        ("scanmatch", {"bin": 3}, "its settings: bins, threshold, temporal_bin_ms"),
        ("scanmatch", {"threshold": 0}, "threshold=0: must be finite and above 0"),
        ("scanmatch_duration", {"temporal_bin_ms": None}, "would ignore durations"),
        ("multimatch_duration", {"variant": "published"}, "would ignore durations"),
        ("map_cc", {"sigma_px": -1}, "sigma_px=-1"),
        ("tfp_area", {"max_fixations": 0}, "max_fixations=0"),
    ],
)
def test_impossible_settings_are_refused(name: str, setting: Any, message: str) -> None:
    with pytest.raises(BadSetting, match=message.replace("(", "\\(")):
        metrics.get(name, **setting)


def test_settings_change_the_declaration_that_depends_on_them() -> None:
    assert metrics.get("tfp_area", max_fixations=5).bounds == (0, 5)
    assert metrics.get("scanmatch", temporal_bin_ms=25).needs == ("durations",)
    assert metrics.get("scanmatch", bins=[np.int64(8), 6]) == metrics.get("scanmatch", bins=(8, 6))
    assert metrics.get("map_kl").settings == {"sigma_px": None}


def test_importing_the_metrics_loads_nothing_heavy() -> None:
    heavy = ("pandas", "polars", "torch", "matplotlib", "scipy.stats", "sklearn", "pyarrow", "ray")
    code = f"import sys, gazesearch.metrics; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
