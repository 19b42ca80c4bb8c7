"""The torchmetrics face: batches, collections and processes give what `paired` gives."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch import metrics
from gazesearch.errors import BadSetting

torch = pytest.importorskip("torch", reason="needs the extra `train`")
torchmetrics = pytest.importorskip("torchmetrics", reason="needs the extra `train`")

SCREEN = (224, 224)


def paths(n: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(0, 1, (k, 3)) * (224, 224, 0.6) for k in rng.integers(2, 8, n)]


REFERENCES, PREDICTIONS = paths(30, 0), paths(30, 1)


def expected(name: str) -> float:
    scores = metrics.paired([name], REFERENCES, PREDICTIONS, screen_size=SCREEN)[name]
    return float(np.nanmean(scores))


def face(name: str) -> Any:
    from gazesearch.metrics.torch import ScanpathMetric

    return ScanpathMetric(name, screen_size=SCREEN)


@pytest.mark.parametrize("batch", [1, 7, 30])
def test_batches_of_any_size_give_the_mean_of_all_pairs(batch: int) -> None:
    metric = face("scanmatch")
    for start in range(0, 30, batch):
        metric.update(PREDICTIONS[start : start + batch], REFERENCES[start : start + batch])
    assert metric.compute().item() == pytest.approx(expected("scanmatch"), abs=1e-15)


def test_tensors_are_taken_like_arrays() -> None:
    metric = face("dtw")
    metric.update([torch.from_numpy(p) for p in PREDICTIONS], REFERENCES)
    assert metric.compute().item() == pytest.approx(expected("dtw"))
    assert metric.higher_is_better is False


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "int32"])
def test_tensors_of_any_kind_of_number_are_taken(kind: str) -> None:
    path = torch.tensor([[112, 96, 0.25], [60, 64, 0.5]]).to(getattr(torch, kind))
    metric = face("dtw")
    metric.update([path], [[[112, 99], [64, 64]]])
    assert metric.compute().item() == 7


def test_pairs_without_a_value_are_left_out_and_counted() -> None:
    metric = face("multimatch_shape")
    metric.update(PREDICTIONS, REFERENCES)
    short = sum(len(p) < 3 or len(r) < 3 for p, r in zip(PREDICTIONS, REFERENCES, strict=True))
    assert short > 0
    assert metric.undefined == short
    assert metric.compute().item() == pytest.approx(expected("multimatch_shape"))


def test_nothing_scored_is_nan_and_reset_forgets() -> None:
    metric = face("scanmatch")
    metric.update(PREDICTIONS, REFERENCES)
    metric.reset()
    with pytest.warns(UserWarning, match="was called before"):
        assert torch.isnan(metric.compute())


def test_several_stand_in_one_collection() -> None:
    names = ["scanmatch", "string_edit_distance", "duration_error"]
    collection = torchmetrics.MetricCollection({name: face(name) for name in names})
    for start in (0, 10, 20):
        batch = slice(start, start + 10)
        collection.update(PREDICTIONS[batch], REFERENCES[batch])
    found = collection.compute()
    assert {name: value.item() for name, value in found.items()} == pytest.approx(
        {name: expected(name) for name in names}
    )


def test_only_metrics_of_pairs_have_this_face() -> None:
    with pytest.raises(BadSetting, match="map_cc"):
        face("map_cc")


def computed_by(rank: int, folder: str) -> float:
    """What one of two processes computes after it has seen its share of the pairs."""
    torch.distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meet",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=120),
    )
    try:
        metric = face("scanmatch")
        mine = slice(0, 11) if rank == 0 else slice(11, 30)
        metric.update(PREDICTIONS[mine], REFERENCES[mine])
        return float(metric.compute().item())
    finally:
        torch.distributed.destroy_process_group()


def put(rank: int, folder: str, results: Any) -> None:
    results.put(computed_by(rank, folder))


def test_two_processes_give_the_mean_of_all_pairs(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    other = context.Process(target=put, args=(1, str(tmp_path), results), daemon=True)
    other.start()  # this process is the first of the two: imports of torchmetrics take seconds
    try:
        found = [computed_by(0, str(tmp_path)), results.get(timeout=120)]
        other.join(timeout=60)
    finally:
        other.terminate()
    assert found == pytest.approx([expected("scanmatch")] * 2, abs=1e-15)
