"""Which records a picture shows, what it refuses, and where its numbers stand."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from numpy.typing import NDArray

from gazesearch.drawing import choose, draw, named_files
from gazesearch.drawing.labels import Mark, place_labels
from gazesearch.drawing.styles import CIRCLE
from gazesearch.errors import BadSetting, DataError, FrameMismatch, UnknownName
from gazesearch.prediction import NextFixation
from gazesearch.scanpaths import Scanpaths

LOOK = np.array([[112, 112, 0.2], [60, 64, 0.4], [160, 80, 0.1], [30, 190, 0.3]])


def table(path: NDArray[np.float64], *, image: str = "a.png", side: float = 224) -> Scanpaths:
    return Scanpaths.of([path], image=[image], finding="edema", screen_size=(side, side))


# -- numbers


def mark(x: float, y: float, diameter: float, text: str) -> Mark:
    side = diameter * np.sqrt(np.pi / 4)
    outline = CIRCLE.transformed(mpl.transforms.Affine2D().scale(side))
    return Mark(centre=(x, y), outline=outline, area=side**2, text=text)


def test_a_number_stands_on_a_large_mark_and_beside_a_small_one() -> None:
    large, small = place_labels(
        [mark(50, 50, 20, "1"), mark(100, 100, 4, "2")], np.empty((0, 2, 2)), size=(200, 200)
    )
    assert (large.on_mark, large.x, large.y) == (True, 50, 50)
    assert not small.on_mark
    assert 4 < np.hypot(small.x - 100, small.y - 100) < 16


def test_numbers_never_lie_on_each_other() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        marks = [mark(*rng.uniform(20, 180, 2), rng.uniform(2, 24), str(k)) for k in range(24)]
        lines = np.array([(a.centre, b.centre) for a, b in pairwise(marks)])
        places = place_labels(marks, lines, size=(200, 200))
        for one, other in combinations(places, 2):
            overlap_x = 6 - abs(one.x - other.x)
            overlap_y = 5 - abs(one.y - other.y)
            assert min(overlap_x, overlap_y) < 1.5
        assert all(5 <= value <= 195 for place in places for value in (place.x, place.y))


# -- which records


@pytest.fixture
def people() -> Scanpaths:
    return Scanpaths.of(
        [LOOK, LOOK[:2], LOOK[:3], LOOK[:1]],
        image=["b.png", "a.png", "a.png", "a.png"],
        finding=["edema", "edema", "edema", "fracture"],
        screen_size=(224, 224),
        subject=[1, 1, 2, 2],
    )


def test_the_first_record_is_chosen_and_named(people: Scanpaths) -> None:
    chosen = choose({"people": people})
    assert (chosen.image, chosen.finding) == ("b.png", "edema")
    assert chosen.notes == ("people: record 0, image b.png, finding edema, subject 1, 4 fixations",)
    chosen = choose({"people": people}, image="a.png")
    assert chosen.notes[0].endswith("2 fixations (1 more of this image and finding)")


def test_others_follow_the_first_by_image_finding_and_subject(people: Scanpaths) -> None:
    chosen = choose({"first": people, "other": people}, image="a.png", subjects=["2"])
    assert [len(path[0]) for path in chosen.sources.values()] == [3, 3]
    unnamed = table(LOOK)
    chosen = choose({"first": people, "model": unnamed}, image="a.png")
    assert [len(path[0]) for path in chosen.sources.values()] == [2, 4]
    with pytest.raises(DataError, match="model: has no record of image 'b.png'"):
        choose({"first": people, "model": unnamed}, image="b.png")


def test_the_first_record_that_all_have_is_chosen(people: Scanpaths) -> None:
    chosen = choose({"people": people, "model": table(LOOK)})
    assert (chosen.image, chosen.finding) == ("a.png", "edema")


def test_tables_that_share_no_record_are_refused(people: Scanpaths) -> None:
    with pytest.raises(DataError, match="model: has no record of image 'b.png'"):
        choose({"people": people, "model": table(LOOK, image="z.png")})


def test_several_subjects_are_several_sources(people: Scanpaths) -> None:
    chosen = choose({"p": people}, image="a.png", subjects=["1", "2"])
    assert list(chosen.sources) == ["p, subject 1", "p, subject 2"]


def test_unknown_names_are_refused(people: Scanpaths) -> None:
    with pytest.raises(UnknownName, match="unknown image 'c.png'"):
        choose({"p": people}, image="c.png")
    with pytest.raises(UnknownName, match="unknown subject"):
        choose({"p": people}, subjects=["9"])
    with pytest.raises(DataError, match="findings of the image: edema"):
        choose({"p": people}, image="b.png", finding="fracture")
    with pytest.raises(DataError, match="no records"):
        choose({"p": people[:0]})


def test_files_of_one_name_are_told_apart() -> None:
    files = [Path("a/m.json"), Path("a/m.csv"), Path("b/n.csv")]
    assert list(named_files(files)) == ["a/m", "a/m.csv", "n"]


# -- what is refused


@pytest.mark.parametrize(
    ("sources", "options", "error", "says"),
    [
        pytest.param({}, {}, BadSetting, "0 sources", id="none"),
        pytest.param({str(k): LOOK for k in range(7)}, {}, BadSetting, "7 sources", id="seven"),
        pytest.param({"a": LOOK}, {"layout": "pile"}, BadSetting, "layout", id="layout"),
        pytest.param({"a": LOOK}, {"alpha": 2}, BadSetting, "alpha", id="alpha"),
        pytest.param({"a": LOOK}, {"width": 0}, BadSetting, "width", id="width"),
        pytest.param({"a": LOOK}, {"image": np.zeros(9)}, DataError, "shape", id="flat"),
        pytest.param({"a": LOOK}, {"image": np.zeros((2, 2, 4))}, DataError, "shape", id="alpha4"),
        pytest.param({"a": LOOK}, {"image": [["a"]]}, DataError, "image of", id="text"),
        pytest.param({"a": LOOK}, {"density": -np.eye(2)}, DataError, "negative", id="negative"),
        pytest.param({"a": LOOK}, {"density": np.zeros((2, 2))}, DataError, "all 0", id="nothing"),
        pytest.param({"a": LOOK}, {"density": np.ones(3)}, DataError, "must be", id="row"),
        pytest.param(
            {"a": LOOK}, {"density": NextFixation(log_mass=np.zeros((2, 3, 3)))}, DataError,
            "2 requests", id="two",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(
    sources: dict[str, NDArray[np.float64]], options: dict[str, Any], error: type, says: str
) -> None:
    with pytest.raises(error, match=says):
        draw({label: table(path) for label, path in sources.items()}, **options)


def test_one_picture_shows_one_image_in_one_frame() -> None:
    with pytest.raises(DataError, match=r"b 'b\.png'"):
        draw({"a": table(LOOK), "b": table(LOOK, image="b.png")})
    with pytest.raises(FrameMismatch, match="a 224x224, b 512x512"):
        draw({"a": table(LOOK), "b": table(LOOK, side=512)})
    with pytest.raises(FrameMismatch, match="no path at all"):
        draw({"a": table(LOOK)[:0]})


def test_the_record_that_all_subjects_have_is_taken(people: Scanpaths) -> None:
    # Person 1 searched b.png first, but alone.
    chosen = choose({"p": people}, subjects=["1", "2"])
    assert (chosen.image, chosen.finding) == ("a.png", "edema")
    assert list(chosen.sources) == ["p, subject 1", "p, subject 2"]


def test_a_subject_named_twice_is_drawn_once(people: Scanpaths) -> None:
    chosen = choose({"p": people}, subjects=["1", "1"])
    assert list(chosen.sources) == ["p"]
    assert len(chosen.notes) == 1
