"""Simulated observers: deterministic, in the published layout, and findable by construction."""

from __future__ import annotations

from pathlib import Path

import gazesearch
from gazesearch import metrics
from gazesearch.datasets.phantom import PHANTOM_FRAMES, simulate, write_demo


def test_the_same_seed_gives_the_same_observers() -> None:
    assert simulate(images=8, rng=5) == simulate(images=8, rng=5)
    assert simulate(images=8, rng=5) != simulate(images=8, rng=6)


def test_observers_start_at_the_centre_and_end_on_the_target() -> None:
    paths = simulate(images=40, rng=0)
    starts = paths.fixations[paths.offsets[:-1], :2]
    assert (starts == 112).all()
    efficiency = metrics.search_efficiency(paths)
    assert efficiency.curve[0] < 0.05
    assert efficiency.curve[-1] > 0.9


def test_splits_share_no_image() -> None:
    paths = simulate(images=20, rng=0)
    train, test = paths.where(split="train"), paths.where(split="test")
    assert len(train) > len(test) > 0
    assert not set(train.image) & set(test.image)


def test_the_description_beside_the_annotations_wins_over_a_guess(tmp_path: Path) -> None:
    files = write_demo(tmp_path, images=5, rng=0)
    dataset = gazesearch.load_dataset(tmp_path)
    assert dataset.info == PHANTOM_FRAMES
    assert gazesearch.read_scanpaths(files.annotations).info.first_fixation == "as-recorded"


def test_one_more_observer_beats_the_centre(tmp_path: Path) -> None:
    files = write_demo(tmp_path, images=20, rng=0)
    observer, centre = (
        gazesearch.evaluate(predictions, files.annotations, metrics=["scanmatch"])
        for predictions in files.predictions.values()
    )
    assert observer.summary("scanmatch").mean > centre.summary("scanmatch").mean + 0.2
