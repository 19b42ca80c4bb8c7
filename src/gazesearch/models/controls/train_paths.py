"""Paths of train, handed out again: one at random, or the mean of a finding's."""

from __future__ import annotations

from typing import Self, final

import numpy as np

from gazesearch.errors import BadSetting, DataError
from gazesearch.prediction import Floats, ImageSource, Requests, Rng
from gazesearch.scanpaths import Scanpaths


@final
class RandomTrainPath:
    """A train path of the same finding, any one; of any finding where train has none of it."""

    name = "random-train-path"
    needs_images = False

    def __init__(self) -> None:
        self._paths: _ByFinding | None = None

    @property
    def predicts_durations(self) -> bool:
        """Whether all train paths have durations."""
        return _fitted(self._paths, self.name).timed

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Remember the train paths; valid and rng are not used."""
        self._paths = _ByFinding(train)
        return self

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """One path a request."""
        drawn = self._draw(requests, rng)
        return requests.answered(drawn, name=self.name)

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """n paths a request, drawn with replacement."""
        repeated = _repeated(requests, n)
        draws = np.tile(np.arange(n), len(requests)).tolist()
        return repeated.answered(self._draw(repeated, rng), name=self.name, draw=draws)

    def _draw(self, requests: Requests, rng: Rng) -> list[Floats]:
        paths = _fitted(self._paths, self.name)
        chance = np.random.default_rng(rng).random(len(requests))
        drawn = []
        for finding, size, at in zip(
            requests.finding, requests.screen_sizes, chance.tolist(), strict=True
        ):
            group = paths.of(finding)
            drawn.append(paths.scaled(group[int(at * len(group))].fixations, size))
        return drawn


@final
class MeanPath:
    """Position by position the mean of the finding's train paths, as long as their median."""

    name = "mean-path"
    needs_images = False

    def __init__(self) -> None:
        self._paths: _ByFinding | None = None
        self._means: dict[str | None, Floats] = {}

    @property
    def predicts_durations(self) -> bool:
        """Whether all train paths have durations."""
        return _fitted(self._paths, self.name).timed

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Take the means; valid and rng are not used."""
        self._paths = _ByFinding(train)
        self._means = {finding: _mean(self._paths.of(finding)) for finding in self._paths.findings}
        return self

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """The finding's mean path for each request."""
        paths = _fitted(self._paths, self.name)
        answers = [
            paths.scaled(self._means[finding if finding in self._means else None], size)
            for finding, size in zip(requests.finding, requests.screen_sizes, strict=True)
        ]
        return requests.answered(answers, name=self.name)

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """The same path n times: the model knows no other."""
        repeated = _repeated(requests, n)
        answers = [path.fixations for path in self.predict(repeated)]
        draws = np.tile(np.arange(n), len(requests)).tolist()
        return repeated.answered(answers, name=self.name, draw=draws)


class _ByFinding:
    """Train paths of one frame by finding; all of them under None."""

    def __init__(self, train: Scanpaths) -> None:
        there = train[train.lengths > 0]
        if not len(there):
            raise DataError("no train path has a fixation")
        if train.info.screen_size is None:
            raise DataError("train paths must share one frame")
        self.size = np.array(train.info.screen_size)
        self.timed = bool(there.has_durations.all())
        self._groups: dict[str | None, Scanpaths] = {None: there, **there.group("task")}

    @property
    def findings(self) -> tuple[str | None, ...]:
        """The findings of train, and None for all of them together."""
        return tuple(self._groups)

    def of(self, finding: str | None) -> Scanpaths:
        """The finding's paths, or all where train has none of it."""
        return self._groups.get(finding, self._groups[None])

    def scaled(self, fixations: Floats, size: Floats) -> Floats:
        """A path in the frame that was asked for, without durations unless all paths have them."""
        path = fixations.copy()
        path[:, :2] *= size / self.size
        return path if self.timed else path[:, :2]


def _repeated(requests: Requests, n: int) -> Requests:
    """Each request n times."""
    if n < 1:
        raise BadSetting(f"n={n}: must be 1 or more")
    return requests[np.repeat(np.arange(len(requests)), n)]


def _mean(paths: Scanpaths) -> Floats:
    length = int(np.median(paths.lengths))
    return np.stack(
        [
            paths.fixations[paths.offsets[:-1][paths.lengths > k] + k].mean(axis=0)
            for k in range(length)
        ]
    )


def _fitted(paths: _ByFinding | None, name: str) -> _ByFinding:
    if paths is None:
        raise DataError(f"{name}: fit the model on train first")
    return paths
