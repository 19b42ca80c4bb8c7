"""Our metrics in a torchmetrics loop: one generic class over the table of metrics.

Needs the extra `train`. The class collects one value per pair; means are taken once at the end, so
batches and processes of any size give the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.errors import BadSetting, require
from gazesearch.metrics import Metric, get, paired

torch: Any = require("torch", extra="train")
torchmetrics: Any = require("torchmetrics", extra="train")


class ScanpathMetric(torchmetrics.Metric):  # type: ignore[misc]  # torchmetrics is untyped here
    """Mean of a pair metric over reference and predicted scanpaths.

    Args:
        metric: name of a metric of kind "pair", or `metrics.get(name, option=...)`.
        screen_size: (width, height), px.

    `compute` gives the mean over defined pairs, NaN if there is none; `undefined` says afterwards
    how many pairs had no value.
    """

    full_state_update = False

    def __init__(self, metric: str | Metric, *, screen_size: tuple[float, float]) -> None:
        super().__init__()
        self.metric = get(metric) if isinstance(metric, str) else metric
        if self.metric.kind != "pair":
            raise BadSetting(f"{self.metric.name} does not compare pairs of paths")
        self.screen_size = screen_size
        self.add_state("values", default=[], dist_reduce_fx="cat")

    @property
    def higher_is_better(self) -> bool:
        """Direction of the metric."""
        return self.metric.higher_is_better

    def update(self, predictions: Sequence[ArrayLike], references: Sequence[ArrayLike]) -> None:
        """Score a batch: the first prediction against the first reference, and so on.

        Args:
            predictions, references: arrays or tensors (n, 2) or (n, 3): x px, y px, duration s.
        """
        scores = paired(
            [self.metric],
            [_array(path) for path in references],
            [_array(path) for path in predictions],
            screen_size=self.screen_size,
        )
        values = torch.from_numpy(scores[self.metric.name])
        self.values.append(values.to(self.device))

    def compute(self) -> Any:
        """Mean over defined pairs, float64; NaN if there is none."""
        return torch.nanmean(self._collected())

    @property
    def undefined(self) -> int:
        """Pairs without a value, in this process or, after `compute`, in all."""
        return int(torch.isnan(self._collected()).sum())

    def _collected(self) -> Any:
        empty = torch.empty(0, dtype=torch.float64, device=self.device)
        values = self.values
        return values if isinstance(values, torch.Tensor) else torch.cat([empty, *values])


def _array(path: ArrayLike) -> ArrayLike:
    if isinstance(path, torch.Tensor):
        # numpy knows no bfloat16, which mixed precision gives; float64 holds it exactly.
        return np.asarray(path.detach().cpu().double())
    return np.asarray(path)
