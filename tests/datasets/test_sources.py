"""Which eye tracker a record comes from, told by the decimals of its durations."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from gazesearch import Scanpaths, read_scanpaths
from gazesearch.datasets.sources import source_of_record


def test_the_release_has_two_sources_and_no_image_of_both(annotations_file: Path) -> None:
    paths = read_scanpaths(annotations_file)
    source = source_of_record(paths)
    assert Counter(source) == {"REFLACX": 3776, "EGD": 1099}
    images = {name: set(paths.image[source == name]) for name in ("REFLACX", "EGD")}
    assert {name: len(found) for name, found in images.items()} == {"REFLACX": 1752, "EGD": 576}
    assert not images["REFLACX"] & images["EGD"]


def test_one_finer_duration_makes_a_record_egd() -> None:
    paths = Scanpaths.of(
        [
            [[1, 2, 0.1 + 0.2], [1, 2, 0.0259999999999998]],  # whole, with the noise of float64
            [[1, 2, 0.1], [1, 2, 0.10001]],
            [],
            [[1, 2]],
        ],
        image=list("abcd"),
        finding="edema",
        screen_size=(224, 224),
    )
    assert source_of_record(paths).tolist() == ["REFLACX", "EGD", None, None]
