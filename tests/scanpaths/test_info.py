"""Descriptions of datasets."""

from __future__ import annotations

import pytest

from gazesearch import DatasetInfo
from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.scanpaths import KNOWN_DATASETS, known_dataset


@pytest.mark.parametrize("info", KNOWN_DATASETS.values(), ids=KNOWN_DATASETS.keys())
def test_a_known_dataset_survives_json(info: DatasetInfo) -> None:
    assert DatasetInfo.from_json(info.to_json(), source="x") == info
    assert known_dataset(info.name) is info
    assert known_dataset(info) is info


def test_the_three_known_datasets_have_their_frames_and_rules() -> None:
    said = {i.name: (i.frame, i.duration_unit, i.outside, i.first_fixation, len(i.tasks or ()))
            for i in KNOWN_DATASETS.values()}  # fmt: skip
    assert said == {
        "gazesearch": ("224x224", "s", "refuse", "replace", 13),
        "coco_search18": ("1680x1050", "ms", "keep", "as-recorded", 18),
        "osie": ("400x300", "s", "refuse", "as-recorded", 1),
    }


def test_an_unknown_dataset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="unknown dataset 'GazeSerch': did you mean gazesearch"):
        known_dataset("GazeSerch")


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param({"screen_size": (0, 5)}, id="no-width"),
        pytest.param({"screen_size": (5, -1)}, id="negative-height"),
        pytest.param({"screen_size": (float("nan"), 5)}, id="nan"),
        pytest.param({"screen_size": (5, float("inf"))}, id="infinite"),
        pytest.param({"duration_unit": "min"}, id="unit"),
        pytest.param({"outside": "clip"}, id="outside"),
        pytest.param({"first_fixation": "drop"}, id="first-fixation"),
    ],
)
def test_a_setting_outside_its_range_is_refused(setting: dict[str, object]) -> None:
    with pytest.raises(BadSetting, match=next(iter(setting))):
        DatasetInfo(name="mine", **setting)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="list"),
        pytest.param("null", id="null"),
        pytest.param("{}", id="no-name"),
        pytest.param('{"name": 1}', id="name-is-a-number"),
        pytest.param('{"name": "a", "color": 1}', id="unknown-field"),
        pytest.param('{"name": "a", "screen_size": [1]}', id="one-side"),
        pytest.param('{"name": "a", "screen_size": "ab"}', id="text-as-size"),
        pytest.param('{"name": "a", "screen_size": [NaN, 5]}', id="nan"),
        pytest.param('{"name": "a", "screen_size": [1' + "0" * 400 + ", 5]}", id="huge"),
        pytest.param('{"name": "a", "tasks": "abc"}', id="text-as-tasks"),
        pytest.param('{"name": "a", "tasks": [1]}', id="tasks-of-numbers"),
        pytest.param('{"name": "a\\u007f"}', id="unprintable-name"),
        pytest.param('{"name": "a", "tasks": ["\\u0000"]}', id="unprintable-task"),
        pytest.param('{"name": "a", "col\\u007fr": 1}', id="unprintable-field"),
        pytest.param('{"name": "a", "tasks": 5}', id="number-as-tasks"),
        pytest.param('{"name": "a", "outside": []}', id="outside-is-a-list"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"name": "a"', id="cut"),
    ],
)
def test_what_is_no_description_is_refused_by_the_files_name(text: str) -> None:
    with pytest.raises(DataError, match=r"^here/dataset\.json: not a dataset desc") as refused:
        DatasetInfo.from_json(text, source="here/dataset.json")
    assert str(refused.value).isprintable()
