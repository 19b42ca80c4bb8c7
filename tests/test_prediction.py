"""Requests: what a model is asked."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch.errors import DataError
from gazesearch.prediction import Requests

ASKED = Requests.make(["a.png", "b.png", "c.png"], "edema", screen_size=(40, 20))


@pytest.mark.parametrize(
    ("rows", "images"),
    [
        ([], []),
        (np.zeros(3, bool), []),
        ([2, 0], ["c.png", "a.png"]),
        ([True, False, True], ["a.png", "c.png"]),
        (slice(1, None), ["b.png", "c.png"]),
    ],
    ids=["empty", "none", "rows", "mask", "slice"],
)
def test_some_of_the_requests(rows: object, images: list[str]) -> None:
    some = ASKED[rows]  # type: ignore[index]
    assert some.image.tolist() == images
    assert some.screen_sizes.shape == (len(images), 2)


def test_a_single_name_is_not_taken_for_a_list_of_letters() -> None:
    with pytest.raises(DataError, match=r"image 'a.png': must be a list of names"):
        Requests.make("a.png", "edema", screen_size=(40, 20))


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(DataError, match="2 images"):
        Requests.make(["a.png", "b.png"], ["edema"], screen_size=(40, 20))
    with pytest.raises(DataError, match="2 images"):
        Requests.make(["a.png", "b.png"], "edema", screen_size=(40, 20), subject=[1])
