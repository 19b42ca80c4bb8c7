"""ChestSearch as a `ScanpathModel`: tables in, tables out, whatever the batches."""

from __future__ import annotations

import copy
import pickle
from io import BytesIO
from threading import Thread
from typing import Any

import numpy as np
import pytest

from gazesearch import FINDINGS, DatasetInfo, Scanpaths
from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.models import decoding
from gazesearch.prediction import ConditionalModel, Requests, ScanpathModel

torch = pytest.importorskip("torch", reason="needs the extra `model`")

FRAME = (224, 224)


def model_of(network: Any, **options: Any) -> Any:
    from gazesearch.models.chestsearch.predictor import ChestSearchModel

    return ChestSearchModel(network, **options)


@pytest.fixture(scope="module")
def model(quick: Any) -> Any:
    return model_of(quick)


@pytest.fixture(scope="module")
def whole_model(network: Any) -> Any:
    return model_of(network)


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {f"{n}.png": rng.integers(0, 256, (224, 224), np.uint8) for n in "abc"}


def every(images: dict[str, np.ndarray], size: tuple[int, int] = FRAME) -> Requests:
    names = [name for name in images for _ in FINDINGS]
    return Requests.make(names, list(FINDINGS) * len(images), screen_size=size)


def histories(paths: list[list[tuple[float, float]]], requests: Requests) -> Scanpaths:
    return requests.answered([np.array(p, float).reshape(-1, 2) for p in paths], name="test")


def test_it_is_a_model_with_next_fixations(model: Any) -> None:
    assert isinstance(model, ScanpathModel)
    assert isinstance(model, ConditionalModel)


def test_published_paths_come_out_as_pixels(golden: Any, whole_model: Any) -> None:
    images = {f"{i}": golden[f"img{i}/pixels"] for i in range(2)}
    paths = whole_model.predict(every(images), images=images)
    assert np.isnan(paths.durations).all()
    for row, path in enumerate(paths):
        i, finding = divmod(row, 13)
        length = golden[f"img{i}/decode_len"][finding]
        expected = golden[f"img{i}/decode_px"][finding, :length]
        np.testing.assert_array_equal(path.fixations[:, :2], expected)


def test_whole_pixels_stay_whole(whole_model: Any) -> None:
    images = {"a.png": np.random.default_rng(0).integers(0, 256, (7, 7), np.uint8)}
    xy = whole_model.predict(every(images), images=images).fixations[:, :2]
    np.testing.assert_array_equal(xy, xy.round())
    assert 116 in xy  # 116 / 224 * 224 is more than 116


def test_batches_and_neighbours_do_not_matter(quick: Any, images: Any) -> None:
    requests = every(images)
    one = model_of(quick, images_at_once=1).predict(requests, images=images)
    many = model_of(quick, images_at_once=3).predict(requests, images=images)
    assert one == many
    shuffled = np.random.default_rng(0).permutation(len(requests))[:8]
    some = model_of(quick).predict(requests[shuffled], images=images)
    for row, path in zip(shuffled, some, strict=True):
        np.testing.assert_array_equal(path.fixations, one[int(row)].fixations)


def test_an_image_is_encoded_once_for_all_its_findings(quick: Any, images: Any) -> None:
    encoded = []
    handle = quick.backbone.register_forward_hook(lambda _, x, __: encoded.append(len(x[0])))
    try:
        model = model_of(quick, images_at_once=2)
        model.predict(every(images), images=images)
        assert sum(encoded) == len(images)
        model.next_fixation(
            requests := every(images)[::4],
            histories([[(112, 112)]] * len(requests), requests),
            images=images,
        )
        assert sum(encoded) == len(images)
    finally:
        handle.remove()


class Encoded:
    """Counts the images that a network encodes, and may do something meanwhile."""

    def __init__(self, network: Any, meanwhile: Any = None) -> None:
        self.images = 0
        self.meanwhile = meanwhile
        self.handle = network.backbone.register_forward_hook(self)

    def __call__(self, _: Any, inputs: Any, __: Any) -> None:
        self.images += len(inputs[0])
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()

    def __enter__(self) -> Encoded:
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.remove()


def after_centre(model: Any, names: str, images: Any) -> np.ndarray:
    """Log mass after the centre, for edema in some images."""
    requests = Requests.make([f"{name}.png" for name in names], "edema", screen_size=FRAME)
    past = histories([[(112, 112)]] * len(names), requests)
    return model.next_fixation(requests, past, images=images).log_mass


def test_features_of_the_images_last_asked_for_are_kept(
    quick: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gazesearch.models.chestsearch import remembered

    monkeypatch.setattr(remembered, "MOST", 2)
    model = model_of(quick)
    with Encoded(quick) as encoded:
        counts = []
        for name in "abacabc":  # c drives b out, as a was asked for since; then b drives c out
            after_centre(model, name, images)
            counts.append(encoded.images)
    assert counts == [1, 2, 2, 3, 3, 4, 5]


def test_another_thread_may_drive_features_out(
    quick: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gazesearch.models.chestsearch import remembered

    monkeypatch.setattr(remembered, "MOST", 1)
    model = model_of(quick)
    alone = after_centre(model, "a", images)

    def ask_for_another() -> None:
        thread = Thread(target=after_centre, args=(model, "c", images))
        thread.start()
        thread.join()

    with Encoded(quick, meanwhile=ask_for_another) as encoded:
        both = after_centre(model, "ab", images)
    assert encoded.images == 2
    np.testing.assert_allclose(both[:1], alone, atol=1e-5)


def test_a_pickled_model_takes_no_features_along(quick: Any, images: Any) -> None:
    model = model_of(quick)
    after_centre(model, "a", images)

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing: Any) -> str | None:
            return "network" if thing is quick else None

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, _: str) -> Any:
            return quick

    Pickler(file := BytesIO()).dump(model)
    assert len(file.getvalue()) < 10_000
    copy = Unpickler(BytesIO(file.getvalue())).load()
    np.testing.assert_array_equal(after_centre(copy, "a", images), after_centre(model, "a", images))


def test_many_histories_are_fed_some_at_a_time(
    quick: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gazesearch.models.chestsearch import predictor

    monkeypatch.setattr(predictor, "_HISTORIES", 2)
    fed = []
    handle = quick.query_layers[0].register_forward_hook(lambda _, x, __: fed.append(len(x[0])))
    try:
        told = after_centre(model_of(quick), "abcab", images)
    finally:
        handle.remove()
    assert fed == [2, 2, 1]
    np.testing.assert_allclose(told[[0, 1]], told[[3, 4]], atol=1e-5)
    assert not np.allclose(told[0], told[1], atol=1e-2)


def test_new_weights_forget_old_features(quick: Any, images: Any) -> None:
    network = copy.deepcopy(quick)
    model = model_of(network)
    requests = Requests.make(["a.png"], "edema", screen_size=FRAME)
    past = histories([[(112, 112)]], requests)
    before = model.next_fixation(requests, past, images=images).log_mass
    with torch.no_grad():
        network.widen.bias.add_(0.5)
    after = model.next_fixation(requests, past, images=images).log_mass
    fresh = model_of(network).next_fixation(requests, past, images=images).log_mass
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(after, fresh)


def test_next_fixation_is_the_normalised_map_and_the_stop_probability(
    golden: Any, whole_model: Any
) -> None:
    images = {"0": golden["img0/pixels"]}
    fixations = golden["img0/fixations"].astype(float) * 224
    lengths = (1, 2, 4, 6)
    requests = Requests.make(["0"] * 4, "pleural effusion", screen_size=FRAME)
    told = whole_model.next_fixation(
        requests, histories([fixations[:n].tolist() for n in lengths], requests), images=images
    )
    for row, n in enumerate(lengths):
        shown = 1 / (1 + np.exp(-golden[f"img0/n{n}/map_logits"][1].astype(float)))
        np.testing.assert_allclose(np.exp(told.log_mass[row]), shown / shown.sum(), rtol=1e-4)
        stop = 1 / (1 + np.exp(-float(golden[f"img0/n{n}/term_logits"][8])))
        assert np.exp(told.log_stop[row]) == pytest.approx(stop, abs=1e-5)
    total = np.log(np.exp(told.log_mass).sum(axis=(1, 2)))
    assert np.abs(total).max() < 1e-6


def test_a_path_starts_in_the_centre(model: Any, images: Any) -> None:
    requests = Requests.make(["a.png", "a.png"], "edema", screen_size=FRAME)
    told = model.next_fixation(requests, histories([[], [(112, 112)]], requests), images=images)
    assert np.exp(told.log_mass[0]).sum() == np.exp(told.log_mass[0, 28, 28]) == 1
    assert told.log_stop[0] == -np.inf
    assert np.isfinite(told.log_mass[1]).all()


def test_answers_count_in_the_frame_of_the_request(model: Any, images: Any) -> None:
    small, large = (
        model.predict(every(images, size), images=images) for size in (FRAME, (2240, 448))
    )
    for a, b in zip(small, large, strict=True):
        np.testing.assert_allclose(a.fixations[:, :2] * (10, 2), b.fixations[:, :2])


def test_each_request_may_have_a_frame_of_its_own(model: Any, images: Any) -> None:
    same = every(images)[:2]
    sizes = np.array([[224.0, 224.0], [2240.0, 448.0]])
    asked = Requests(
        image=same.image, finding=same.finding[[0, 0]], subject=same.subject, screen_sizes=sizes
    )
    small, large = model.predict(asked, images=images)
    np.testing.assert_allclose(small.fixations[:, :2] * (10, 2), large.fixations[:, :2])


def test_the_far_corner_is_in_the_last_cell(model: Any, images: Any) -> None:
    requests = Requests.make(["a.png"] * 2, "edema", screen_size=(1680, 1050))
    corner = (np.nextafter(1680, 0), np.nextafter(1050, 0))  # 1 in float32
    past = histories([[(840, 525), corner], [(840, 525), (1670, 1040)]], requests)
    one, other = model.next_fixation(requests, past, images=images).log_mass
    np.testing.assert_array_equal(one, other)


def test_images_are_resized_as_the_setting_says(golden: Any, quick: Any, model: Any) -> None:
    from gazesearch.models.chestsearch.inputs import squeezed

    pixels = golden["img1/pixels"]
    small = {"a.png": squeezed(pixels, resampling="bicubic")}
    bicubic = after_centre(model_of(quick, resampling="bicubic"), "a", {"a.png": pixels})
    np.testing.assert_array_equal(bicubic, after_centre(model, "a", small))
    assert not np.array_equal(bicubic, after_centre(model, "a", {"a.png": pixels}))


def test_several_subjects_get_the_same_path(model: Any, images: Any) -> None:
    asked = Requests.make(["a.png"] * 2, "edema", screen_size=FRAME, subject=[1, 2])
    one, other = model.predict(asked, images=images)
    np.testing.assert_array_equal(one.fixations, other.fixations)


def test_every_decoder_takes_it(model: Any, images: Any) -> None:
    requests = Requests.make(["a.png"], "edema", screen_size=FRAME)
    ask = {"images": images, "max_fixations": 4}
    likely = decoding.greedy(model, requests, **ask)[0].fixations[:, :2]
    for n in range(1, len(likely)):  # each fixation is the likeliest cell that is far enough
        told = model.next_fixation(requests, histories([likely[:n]], requests), images=images)
        y, x = np.mgrid[2:224:4, 2:224:4]
        near = np.min([np.hypot(x - u, y - v) for u, v in likely[:n]], axis=0) <= 16
        row, column = np.unravel_index(np.where(near, -np.inf, told.log_mass[0]).argmax(), (56, 56))
        assert likely[n].tolist() == [4 * column + 2, 4 * row + 2]
    draws = decoding.sample(model, requests, 3, rng=0, **ask)
    typical = decoding.typical(model, requests, draws=3, rng=0, **ask)[0]
    assert any(np.array_equal(typical.x, draw.x) for draw in draws)


@pytest.mark.parametrize(
    ("finding", "path", "error", "said"),
    [
        pytest.param("edema", [(1, 1)] * 7, DataError, "history of 7", id="long"),
        pytest.param("edema", [(224, 1)], DataError, "off the screen", id="off"),
        pytest.param("oedemata", [(1, 1)], UnknownName, "oedemata", id="finding"),
    ],
)
def test_what_cannot_be_asked_is_said(
    finding: str, path: list[tuple[float, float]], error: type, said: str, model: Any, images: Any
) -> None:
    requests = Requests.make(["a.png"], finding, screen_size=FRAME)
    info = DatasetInfo(name="test", screen_size=FRAME, duration_unit="s", outside="keep")
    past = Scanpaths.of([np.array(path, float)], image=["a.png"], finding=[finding], info=info)
    with pytest.raises(error, match=said):
        model.next_fixation(requests, past, images=images)


def test_histories_must_be_as_many_as_requests(model: Any, images: Any) -> None:
    requests = Requests.make(["a.png"], "edema", screen_size=FRAME)
    past = histories([[(1, 1)]] * 2, requests.repeated(2))
    with pytest.raises(DataError, match="2 histories for 1 requests"):
        model.next_fixation(requests, past, images=images)


@pytest.mark.parametrize(
    ("images", "error", "said"),
    [
        pytest.param(None, DataError, "give images=", id="none"),
        pytest.param({}, UnknownName, "a.png", id="absent"),
        pytest.param({"a.png": np.zeros((9, 9))}, DataError, "must be uint8", id="floats"),
        pytest.param({"a.png": np.zeros((9, 9, 4), np.uint8)}, DataError, "a.png", id="rgba"),
        pytest.param({"a.png": np.zeros((0, 9), np.uint8)}, DataError, "no pixels", id="empty"),
    ],
)
def test_what_is_no_image_is_said(images: Any, error: type, said: str, model: Any) -> None:
    requests = Requests.make(["a.png"], "edema", screen_size=FRAME)
    with pytest.raises(error, match=said):
        model.predict(requests, images=images)


def test_settings_are_checked(quick: Any) -> None:
    with pytest.raises(BadSetting, match="images_at_once=0"):
        model_of(quick, images_at_once=0)
    with pytest.raises(BadSetting, match="resampling='lanczos'"):
        model_of(quick, resampling="lanczos")
    with pytest.raises(BadSetting, match="precision='half'"):
        model_of(quick, precision="half")
    for kind in ("float16", "float64", "bfloat16"):
        with pytest.raises(BadSetting, match=f"weights of torch.{kind}: must be torch.float32"):
            model_of(copy.deepcopy(quick).to(getattr(torch, kind)))
