"""Every value of the golden file, computed in float64 by independent implementations."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch import metrics

GOLDEN = json.loads((Path(__file__).parents[1] / "parity" / "metrics_golden.json").read_text())
TOLERANCE = 1e-9

SCORES: dict[str, Callable[..., Any]] = {
    "scanmatch": metrics.scanmatch,
    "scanmatch_duration": lambda a, b, screen: metrics.scanmatch(a, b, screen, temporal_bin_ms=50),
    "multimatch": metrics.multimatch,
    "sed": lambda a, b, screen: metrics.string_edit_distance(a, b, screen, variant="published"),
    "stde": metrics.scaled_time_delay_embedding,
}


def test_the_golden_file_has_202_pairs_and_60_undefined_values() -> None:
    values = [np.ravel(pair[key]) for pair in GOLDEN for key in SCORES]
    assert len(GOLDEN) == 202
    assert np.isnan(np.concatenate(values)).sum() == 60


@pytest.mark.parametrize("key", SCORES)
def test_every_golden_pair_agrees_and_nan_meets_nan(key: str) -> None:
    for index, pair in enumerate(GOLDEN):
        value = SCORES[key](pair["a"], pair["b"], pair["screen"])
        expected = np.array(pair[key], dtype=np.float64)
        np.testing.assert_allclose(
            value, expected, rtol=0, atol=TOLERANCE, equal_nan=True, err_msg=f"pair {index}"
        )


def test_the_corrected_string_edit_distance_differs_in_28_golden_pairs_by_up_to_2() -> None:
    differences = [
        abs(metrics.string_edit_distance(pair["a"], pair["b"], pair["screen"]) - pair["sed"])
        for pair in GOLDEN
    ]
    assert sum(difference > 0 for difference in differences) == 28
    assert max(differences) == 2


def test_paired_gives_the_golden_values_of_all_pairs_in_one_call() -> None:
    names = ["scanmatch", "scanmatch_duration", "string_edit_distance_published"]
    names += [f"multimatch_{field}" for field in metrics.MultiMatch._fields]
    scores = metrics.paired(
        names,
        [pair["a"] for pair in GOLDEN],
        [pair["b"] for pair in GOLDEN],
        screen_size=[pair["screen"] for pair in GOLDEN],
    )
    expected = {key: np.array([pair[key] for pair in GOLDEN], dtype=np.float64) for key in SCORES}
    np.testing.assert_allclose(scores["scanmatch"], expected["scanmatch"], atol=TOLERANCE)
    np.testing.assert_allclose(
        scores["scanmatch_duration"], expected["scanmatch_duration"], atol=TOLERANCE
    )
    np.testing.assert_array_equal(scores["string_edit_distance_published"], expected["sed"])
    five = np.stack([scores[f"multimatch_{field}"] for field in metrics.MultiMatch._fields], axis=1)
    np.testing.assert_allclose(five, expected["multimatch"], atol=TOLERANCE, equal_nan=True)
    assert not math.isnan(five[46, 0])  # the golden pair whose cheapest path is not unique
