"""Draws of ChestSearch are as frequent as its density says, and cost as little as they can."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gazesearch.models import decoding, walking
from gazesearch.prediction import Requests

torch = pytest.importorskip("torch", reason="needs the extra `model`")

FRAME = (224, 224)
HISTORIES = {
    "centre": [(112.0, 112.0)],
    "three": [(112.0, 112.0), (60.0, 64.0), (150.0, 80.0)],
}


class After:
    """A model as it is after a given history, whatever is drawn before."""

    needs_images, predicts_durations, name = True, False, "after"

    def __init__(self, model: Any, history: list[tuple[float, float]]) -> None:
        self.model, self.history, self.asked = model, np.array(history), 0

    def next_fixation(self, requests: Requests, histories: Any, *, images: Any = None) -> Any:
        given = [self.history if len(path) else path.fixations[:, :2] for path in histories]
        self.asked += len(requests)
        return self.model.next_fixation(
            requests, requests.answered(given, name="given"), images=images
        )

    predict = sample = None


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {f"{n}.png": rng.integers(0, 256, (224, 224), np.uint8) for n in "abc"}


@pytest.mark.parametrize(
    "n", [pytest.param(5_000, id="5,000"), pytest.param(100_000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("history", HISTORIES)
def test_frequencies_are_the_density(history: str, n: int, network: Any, images: Any) -> None:
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    model = After(ChestSearchModel(network), HISTORIES[history])
    asked = Requests.make(["a.png"], "pneumothorax", screen_size=FRAME)
    paths = decoding.sample(model, asked, n, images=images, rng=3, max_fixations=2)
    past = asked.answered([model.history], name="given")
    told = model.next_fixation(asked, past, images=images)

    ended = int((paths.lengths == 1).sum())
    assert stats.binomtest(ended, n, float(np.exp(told.log_stop[0]))).pvalue > 1e-3
    x, y = np.concatenate([path.fixations[1:, :2] for path in paths]).T
    cells = (y // 4 * 56 + x // 4).astype(int)
    expected = np.exp(told.log_mass[0]).ravel() * (n - ended)
    # Cells in order of their mass, put together until five draws are expected of each group.
    order = np.argsort(-expected, kind="stable")
    group = np.empty(len(order), int)
    group[order] = np.cumsum(expected[order]) // 5
    group = np.minimum(group, group.max() - 1)
    observed = np.bincount(group[cells], minlength=group.max() + 1)
    wanted = np.bincount(group, expected)
    filled = wanted > 0
    assert filled.sum() > 20
    assert observed[~filled].sum() == 0
    assert stats.chisquare(observed[filled], wanted[filled]).pvalue > 1e-3
    # A question for each part of the paths that grow together, not one for each path.
    assert model.asked <= 2 * (n // 512 + 1) + 1


INTERLEAVED = Requests.make(
    ["a.png", "b.png", "c.png"] * 2, ["edema"] * 3 + ["fracture"] * 3, screen_size=FRAME
)


def test_draws_depend_on_seed_and_order_alone(
    quick: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    model = ChestSearchModel(quick, images_at_once=1)
    one = model.sample(INTERLEAVED, 3, images=images, rng=1)
    assert one != model.sample(INTERLEAVED, 3, images=images, rng=2)
    # Numbers are dealt out in the order of the requests: the first ones do not know of the rest.
    assert model.sample(INTERLEAVED[:2], 3, images=images, rng=1) == one[:6]
    for at_once, together in ((3, 512), (7, 5)):
        monkeypatch.setattr(walking, "_TOGETHER", together)
        other = ChestSearchModel(quick, images_at_once=at_once)
        assert other.sample(INTERLEAVED, 3, images=images, rng=1) == one


def test_an_image_is_looked_at_once_in_whatever_order_it_is_asked_for(
    quick: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gazesearch.models.chestsearch import remembered
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    def decoded(decode: Any) -> tuple[Any, list[int]]:
        encoded = []
        handle = quick.backbone.register_forward_hook(lambda _, x, __: encoded.append(len(x[0])))
        try:
            return decode(ChestSearchModel(quick, images_at_once=1)), encoded
        finally:
            handle.remove()

    reads = []

    class Counted(dict[str, np.ndarray]):
        def __getitem__(self, name: str) -> np.ndarray:
            reads.append(name)
            return super().__getitem__(name)

    decoders = {
        "own": lambda model: model.sample(INTERLEAVED, 2, images=Counted(images), rng=1),
        "sample": lambda model: decoding.sample(model, INTERLEAVED, 2, images=images, rng=1),
        "greedy": lambda model: decoding.greedy(model, INTERLEAVED, images=images),
        "typical": lambda model: decoding.typical(
            model, INTERLEAVED, draws=2, images=images, rng=1
        ),
    }
    together = {name: decoded(decode)[0] for name, decode in decoders.items()}
    assert together["own"] == together["sample"]
    assert sorted(reads) == sorted(images)
    monkeypatch.setattr(remembered, "MOST", 2)
    monkeypatch.setattr(walking, "IMAGES_TOGETHER", 2)
    for name, decode in decoders.items():
        paths, encoded = decoded(decode)
        assert paths == together[name]
        assert sum(encoded) == len(images)


def test_no_more_images_are_asked_for_together_than_are_remembered() -> None:
    from gazesearch.models.chestsearch import remembered

    assert walking.IMAGES_TOGETHER <= remembered.MOST
