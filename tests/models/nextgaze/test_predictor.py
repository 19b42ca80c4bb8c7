"""NextGaze as a model: frames, histories, paths, names, and a phantom from end to end."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths
from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.prediction import ConditionalModel, Requests

torch = pytest.importorskip("torch", reason="needs the extra `train`")
for needed in ("jaxtyping", "safetensors", "huggingface_hub"):
    pytest.importorskip(needed, reason="needs the extra `train`")

FRAME = (80.0, 60.0)


@pytest.fixture(scope="module")
def model(network: Any) -> Any:
    from gazesearch.models.nextgaze.predictor import NextGazeModel

    return NextGazeModel(network)


def asked(frame: tuple[float, float] = FRAME) -> Requests:
    return Requests.make(
        ["a.png", "b.png", "a.png"], ["edema", "fracture", "Fracture"], screen_size=frame
    )


def histories(requests: Requests, *paths: list[tuple[float, float]]) -> Scanpaths:
    return requests.answered([np.array(path, float).reshape(-1, 2) for path in paths], name="test")


PATHS: tuple[list[tuple[float, float]], ...] = ([], [(0, 0), (79.9, 59.9)], [(40, 30)])


def test_it_is_a_conditional_model(model: Any) -> None:
    assert isinstance(model, ConditionalModel)
    assert (model.name, model.needs_images, model.predicts_durations) == ("nextgaze", True, True)


def test_answers_are_the_networks(model: Any, pictures: Any) -> None:
    requests = asked()
    told = model.next_fixation(requests, histories(requests, *PATHS), images=pictures)
    network = model.network
    inputs = [network.prepared(pictures[name], where=name) for name in ("a.png", "b.png")]
    with torch.inference_mode():
        expected = network(
            network.encode(torch.stack(inputs)),
            torch.tensor([0, 1, 0]),
            torch.tensor([0, 1, 1]),
            torch.tensor([[0, 0], [0, 47], [28, 0]]),  # 3 rows down, 4 columns across
            torch.tensor([0, 2, 1]),
        )
        log_mass = network.log_mass(expected.map_logits.double())
    assert np.allclose(told.log_mass, log_mass, atol=1e-5)
    assert np.allclose(told.log_stop, expected.stop_logits.sigmoid().log(), atol=1e-5)
    assert np.allclose(told.duration.mean, expected.duration[:, 0], atol=1e-5)
    assert np.allclose(told.duration.spread, expected.duration[:, 1].exp(), atol=1e-5)
    assert np.abs(np.exp(told.log_mass).sum(axis=(1, 2)) - 1).max() < 1e-9


def test_any_frame_gives_the_same_answer(model: Any, pictures: Any) -> None:
    small, large = asked(), asked((800, 300))
    told = model.next_fixation(small, histories(small, *PATHS), images=pictures)
    stretched = [[(10 * x, 5 * y) for x, y in path] for path in PATHS]
    other = model.next_fixation(large, histories(large, *stretched), images=pictures)
    assert np.array_equal(told.log_mass, other.log_mass)


def test_a_long_history_counts_by_its_last_fixations(model: Any, pictures: Any) -> None:
    requests = asked()[[0]]
    last = [(10.0, 10.0), (70.0, 50.0), (40.0, 5.0), (3.0, 33.0)]
    told = [
        model.next_fixation(requests, histories(requests, [*before, *last]), images=pictures)
        for before in ([], [(1.0, 1.0)], [(77.0, 50.0)] * 40)
    ]
    assert np.array_equal(told[0].log_mass, told[1].log_mass)
    assert np.array_equal(told[0].log_mass, told[2].log_mass)


def test_batches_do_not_matter(network: Any, pictures: Any) -> None:
    from gazesearch.models.nextgaze.predictor import NextGazeModel

    one, many = NextGazeModel(network, images_at_once=1), NextGazeModel(network)
    drawn = [m.sample(asked(), 3, images=pictures, rng=4) for m in (one, many)]
    for path, other in zip(*drawn, strict=True):
        assert np.allclose(path.fixations, other.fixations, atol=1e-4)


def test_a_draw_is_a_path_in_the_requests_frame_with_durations(model: Any, pictures: Any) -> None:
    paths = model.predict(asked(), images=pictures, rng=0)
    assert paths.info.screen_size == FRAME
    for path in paths:
        assert path.fixations[0, :2].tolist() == [40, 30]
        assert (path.fixations >= 0).all()
        assert (path.fixations[:, :2] < FRAME).all()
        assert (path.fixations[:, 2] > 0).all()
    again = model.predict(asked(), images=pictures, rng=0)
    assert np.array_equal(paths.fixations, again.fixations)


def test_free_viewing_starts_where_the_model_says_and_lasts_longer(
    made: Callable[..., Any], pictures: Any
) -> None:
    from gazesearch.models.decoding import greedy, sample
    from gazesearch.models.nextgaze.predictor import NextGazeModel

    network = made(longest=9, starts_in_centre=False)
    with torch.no_grad():
        network.end[2].bias[0] = -30  # never stops
    model = NextGazeModel(network)
    paths = model.sample(asked()[[0]], 200, images=pictures, rng=0)
    assert set(paths.lengths) == {9}
    firsts = np.array([path.fixations[0, :2] for path in paths])
    told = model.next_fixation(asked()[[0]], histories(asked()[[0]], []), images=pictures)
    mass = np.exp(told.log_mass[0])
    drawn = np.histogram2d(firsts[:, 1], firsts[:, 0], bins=(6, 8), range=((0, 60), (0, 80)))[0]
    assert np.abs(drawn / 200 - mass).sum() < 0.6  # some 0.4 by chance, 2 from a fixed place
    best = greedy(model, asked()[[0]], images=pictures)[0].fixations[0]
    row, column = np.unravel_index(mass.argmax(), mass.shape)
    assert best[:2].tolist() == [(column + 0.5) * 10, (row + 0.5) * 10]
    given = sample(model, asked()[[0]], images=pictures, rng=0, start="centre", max_fixations=3)
    assert given[0].fixations[0, :2].tolist() == [40, 30]
    assert len(given[0].fixations) == 3
    with pytest.raises(BadSetting, match="start='corner'"):
        sample(model, asked(), images=pictures, start="corner")  # type: ignore[arg-type]


def test_trained_on_it_does_not_answer_from_memory(network: Any, pictures: Any) -> None:
    from gazesearch.models.nextgaze.predictor import NextGazeModel

    model = NextGazeModel(copy.deepcopy(network))
    requests = asked()
    before = model.next_fixation(requests, histories(requests, *PATHS), images=pictures)
    with torch.no_grad():
        model.network.narrow[0].bias += torch.linspace(0, 1, 8)
    after = model.next_fixation(requests, histories(requests, *PATHS), images=pictures)
    assert not np.allclose(before.log_mass, after.log_mass, atol=1e-3)
    copied = pickle.loads(pickle.dumps(model))  # noqa: S301
    same = copied.next_fixation(requests, histories(requests, *PATHS), images=pictures)
    assert np.allclose(after.log_mass, same.log_mass, atol=1e-6)


def test_without_image_no_images_are_asked_for(made: Callable[..., Any]) -> None:
    from gazesearch.models.nextgaze.predictor import NextGazeModel

    blind = NextGazeModel(made(sees_image=False, durations=False))
    assert not blind.needs_images
    paths = blind.predict(asked(), rng=1)
    assert not paths.has_durations.any()


def test_what_cannot_be_answered_is_refused(model: Any, pictures: Any, network: Any) -> None:
    from gazesearch.models.nextgaze.predictor import NextGazeModel

    requests = asked()
    with pytest.raises(DataError, match=r"image b\.png.*off the screen"):
        model.next_fixation(
            requests, histories(requests, [], [(1, 1), (80, 5)], []), images=pictures
        )
    with pytest.raises(DataError, match="give images="):
        model.next_fixation(requests, histories(requests, *PATHS))
    other = Requests.make(["a.png"], "freeview", screen_size=FRAME)
    with pytest.raises(UnknownName, match="freeview"):
        model.next_fixation(other, histories(other, []), images=pictures)
    with pytest.raises(BadSetting):
        NextGazeModel(network, images_at_once=0)


def test_a_folder_is_a_model_by_name(model: Any, tmp_path: Path, pictures: Any) -> None:
    from gazesearch.evaluation.likelihood.opening import open_model

    model.save_pretrained(tmp_path)
    requests = asked()
    expected = model.next_fixation(requests, histories(requests, *PATHS), images=pictures)
    made = gazesearch.create_model("nextgaze", weights=tmp_path)
    opened: Any = open_model(str(tmp_path / "model.safetensors"), truth=None).model  # type: ignore[arg-type]
    for one in (made, opened):
        told = one.next_fixation(requests, histories(requests, *PATHS), images=pictures)
        assert np.array_equal(told.log_mass, expected.log_mass)
    with pytest.raises(BadSetting, match="takes weights"):
        gazesearch.create_model("nextgaze")
    with pytest.raises(DataError, match="not 'chestsearch'"):
        gazesearch.create_model("chestsearch", weights=tmp_path)


def test_a_phantom_is_searched_from_end_to_end(made: Callable[..., Any], tmp_path: Path) -> None:
    """Images and searches of 13 findings, scored fixation by fixation and as paths."""
    from gazesearch.datasets.phantom import write_phantom
    from gazesearch.evaluation.likelihood import next_fixation_bits
    from gazesearch.images import ImageFolder
    from gazesearch.models.nextgaze.predictor import NextGazeModel

    dataset = write_phantom(tmp_path, images=4, observers=1, rng=3)
    truth = dataset.scanpaths
    settings = {"tasks": gazesearch.FINDINGS, "input_shape": (64, 64), "map_shape": (56, 56)}
    model = NextGazeModel(made(**settings))
    images = ImageFolder(tmp_path / "images")
    bits = next_fixation_bits(model, truth, images=images)
    assert np.isfinite(bits.bits).all()
    paths = model.predict(Requests.of(truth), images=images, rng=0)
    assert paths.finding.tolist() == truth.finding.tolist()
    scores = gazesearch.evaluate(paths, truth, metrics=["scanmatch"])
    assert 0 < scores.summary("scanmatch").mean < 1
