"""The phantom as a dataset on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch.datasets import Dataset
from gazesearch.datasets.phantom import PHANTOM_V1, Observer, make_case, write_phantom
from gazesearch.errors import BadSetting
from gazesearch.images import ImageFolder
from gazesearch.prediction import Requests


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_phantom(tmp_path_factory.mktemp("phantom"), images=12, observers=3, rng=0)


def test_two_runs_write_the_same_bytes(phantom: Dataset, tmp_path: Path) -> None:
    write_phantom(tmp_path, images=12, observers=3, rng=0)
    files = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert len(files) == 12 + 2
    for file in files:
        assert (tmp_path / file).read_bytes() == (phantom.root / file).read_bytes(), file


def test_another_seed_gives_another_phantom(phantom: Dataset, tmp_path: Path) -> None:
    other = write_phantom(tmp_path, images=2, observers=3, rng=1)
    assert other.scanpaths != phantom.scanpaths[: len(other.scanpaths)]


def test_a_smaller_phantom_is_the_beginning_of_a_larger_one(
    phantom: Dataset, tmp_path: Path
) -> None:
    small = write_phantom(tmp_path, images=2, observers=3, rng=0).scanpaths
    assert small == phantom.scanpaths[: len(small)]


def test_the_description_is_found_also_beside_the_json_alone(phantom: Dataset) -> None:
    for info in (
        gazesearch.load_dataset(phantom.root).info,
        gazesearch.read_scanpaths(phantom.annotations).info,
    ):
        assert info == PHANTOM_V1.info
        assert (info.name, info.screen_size) == ("phantom-v1", (224, 224))
        assert (info.duration_unit, info.first_fixation) == ("s", "as-recorded")


def test_every_image_finding_and_observer_has_a_record(phantom: Dataset) -> None:
    paths = phantom.scanpaths
    keys = set(zip(paths.image, paths.finding, paths.subject, strict=True))
    assert len(keys) == len(paths)
    for group in paths.group("name", "task").values():
        assert group.subject.tolist() == [1, 2, 3]


def test_splits_share_no_image_and_are_70_10_20(tmp_path: Path) -> None:
    paths = write_phantom(tmp_path, images=10, observers=1, rng=0).scanpaths
    images = {split: set(paths.where(split=split).image) for split in ("train", "valid", "test")}
    assert [len(names) for names in images.values()] == [7, 1, 2]
    assert len(set.union(*images.values())) == 10


def test_boxes_and_targets_are_real(phantom: Dataset) -> None:
    paths = phantom.scanpaths
    assert (paths.target_boxes[:, 2:] > 0).all()
    ends = paths.fixations[paths.offsets[1:] - 1, :2]
    low, size = paths.target_boxes[:, :2], paths.target_boxes[:, 2:]
    inside = ((ends > low) & (ends < low + size)).all(axis=1)
    assert paths.columns["fixOnTarget"].tolist() == inside.tolist()
    assert paths.correct.tolist() == inside.astype(float).tolist()
    assert paths.columns["length"].tolist() == paths.lengths.tolist()


def test_observers_know_the_images_that_were_written(phantom: Dataset) -> None:
    seed = int(np.random.default_rng(0).integers(2**63))
    case = make_case(seed, 3)
    folder = ImageFolder(phantom.root / "images")
    assert np.array_equal(folder[case.name][:, :, 0], case.image)
    asked = Requests.of(phantom.scanpaths)[:1]
    history = asked.answered([np.array([[112.0, 112, 0.2]])], name="past")
    one = Observer().next_fixation(asked, history, images=folder).log_mass
    two = Observer().next_fixation(
        asked, history, images={asked.image[0]: make_case(seed, 0).image}
    )
    assert np.array_equal(one, two.log_mass)


def test_images_hold_no_time_stamp(phantom: Dataset) -> None:
    data = phantom.image("phantom-0000.png").read_bytes()
    assert b"tIME" not in data
    assert b"tEXt" not in data


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[float] = []
    write_phantom(tmp_path, images=2, observers=1, rng=0, progress=lambda _, x: told.append(x))
    assert told == [0.0, 0.5]


@pytest.mark.parametrize("wrong", [{"images": 0}, {"observers": 0}], ids=str)
def test_an_empty_phantom_is_refused(wrong: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="1 or more"):
        write_phantom(tmp_path, **wrong)
