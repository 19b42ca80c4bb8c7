"""`Scanpaths`: what is a view, what is copied, and what equality tells apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gazesearch import DatasetInfo, Scanpath, Scanpaths
from gazesearch.errors import BadSetting, DataError, FrameMismatch, UnknownName
from gazesearch.scanpaths.records import read_records
from gazesearch.scanpaths.written import written_records

RECORDS = [
    {"name": "b.jpg", "subject": 2, "task": "cup", "bbox": [1, 2, 3, 4.5], "X": [1, 2], "Y": [3, 4],
     "T": [0.5, 1], "correct": 1, "split": "train", "note": {"a": [1, 1.0]}},
    {"name": "a.jpg", "subject": "ann", "task": "tv", "X": [5.0], "Y": [6.0], "split": "test"},
    {"name": "a.jpg", "subject": 2, "task": "cup", "X": [], "Y": [], "T": [], "correct": 0},
    {"name": "c.jpg", "task": "tv", "X": [7, 8.5, 9], "Y": [1, 2, 3], "T": [0, 0, 0.1],
     "condition": "absent", "draw": 3},
]  # fmt: skip


@pytest.fixture
def paths() -> Scanpaths:
    return read_records(RECORDS, source="records", screen_size=(10, 10)).scanpaths


def rows_of(paths: Scanpaths) -> list[dict[str, object]]:
    return list(written_records(paths))


# -- views and copies


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(slice(1, 3), [1, 2], id="middle"),
        pytest.param(slice(None), [0, 1, 2, 3], id="all"),
        pytest.param(slice(-2, None), [2, 3], id="from-the-end"),
        pytest.param(slice(3, 1), [], id="empty"),
        pytest.param(slice(2, 99), [2, 3], id="past-the-end"),
    ],
)
def test_a_slice_is_a_view_with_rebased_offsets(
    paths: Scanpaths, rows: slice, expected: list[int]
) -> None:
    part = paths[rows]
    everything = rows_of(paths)
    assert rows_of(part) == [everything[row] for row in expected]
    assert part.offsets[0] == 0
    assert part.offsets[-1] == len(part.fixations) == len(part.integers) == part.lengths.sum()
    if part.lengths.sum():
        assert np.shares_memory(part.fixations, paths.fixations)
        assert np.shares_memory(part.integers, paths.integers)
    if len(part):
        assert np.shares_memory(part.image, paths.image)


def test_a_view_of_a_view_is_the_right_part_and_still_a_view(paths: Scanpaths) -> None:
    part = paths[1:][1:][1:]
    assert part[0].image == "c.jpg"
    assert part.offsets.tolist() == [0, 3]
    assert np.shares_memory(part.fixations, paths.fixations)
    assert part.has_durations.tolist() == [True]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([3, 0, 0], id="list"),
        pytest.param(np.array([3, 0, -4]), id="array-with-negative"),
        pytest.param(np.array([3, 0, 0], np.uint8), id="unsigned"),
    ],
)
def test_an_index_array_gathers_in_its_order(paths: Scanpaths, rows: np.ndarray) -> None:
    part = paths[rows]
    everything = rows_of(paths)
    assert rows_of(part) == [everything[3], everything[0], everything[0]]
    assert not np.shares_memory(part.fixations, paths.fixations)


def test_gathering_from_a_view_counts_from_the_view(paths: Scanpaths) -> None:
    assert rows_of(paths[1:][[2, 0]]) == [rows_of(paths)[3], rows_of(paths)[1]]


def test_a_mask_and_a_stepped_slice_gather(paths: Scanpaths) -> None:
    everything = rows_of(paths)
    assert rows_of(paths[np.array([True, False, False, True])]) == [everything[0], everything[3]]
    assert rows_of(paths[::-2]) == [everything[3], everything[1]]
    assert not np.shares_memory(paths[::2].fixations, paths.fixations)


def test_nothing_gathered_is_an_empty_table(paths: Scanpaths) -> None:
    for none in (paths[[]], paths[np.zeros(4, bool)], paths[np.array([], np.intp)]):
        assert len(none) == 0
        assert none.fixations.shape == (0, 3)
        assert none.offsets.tolist() == [0]
        assert none.target_boxes.shape == (0, 4)
        assert list(none) == []


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        pytest.param(np.array([True]), DataError, id="short-mask"),
        pytest.param(np.array([0.7, 1.2]), DataError, id="fractions"),
        pytest.param(["0"], DataError, id="text"),
        pytest.param(np.array([[0, 1]]), DataError, id="two-dimensional"),
        pytest.param([4], IndexError, id="beyond"),
        pytest.param(4, IndexError, id="path-beyond"),
        pytest.param(-5, IndexError, id="path-before"),
    ],
)
def test_rows_that_name_no_path_are_refused(
    paths: Scanpaths, rows: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        paths[rows]


def test_iterating_gives_scanpaths_that_are_views(paths: Scanpaths) -> None:
    seen = list(paths)
    assert [type(path) for path in seen] == [Scanpath] * 4
    assert [len(path) for path in seen] == [2, 1, 0, 3]
    assert all(np.shares_memory(path.fixations, paths.fixations) for path in seen if len(path))
    assert [path.subject for path in seen] == [2, "ann", 2, None]
    assert [path.draw for path in seen] == [0, 0, 0, 3]
    assert seen[-1].condition == "absent"
    assert (seen[0].split, seen[3].split) == ("train", None)
    assert seen[0].screen_size == (10, 10)
    assert paths[-1].image == paths[np.int32(3)].image == "c.jpg"


def test_a_scanpath_is_an_array_of_x_y_duration(paths: Scanpaths) -> None:
    path = paths[3]
    assert np.asarray(path).tolist() == [[7, 1, 0], [8.5, 2, 0], [9, 3, 0.1]]
    assert path.x.tolist() == [7, 8.5, 9]
    assert path.y.tolist() == [1, 2, 3]
    assert path.durations.tolist() == [0, 0, 0.1]


@pytest.mark.parametrize(
    "array_of",
    [
        pytest.param(lambda p: p.fixations, id="fixations"),
        pytest.param(lambda p: p[0].fixations, id="path"),
        pytest.param(lambda p: p.offsets, id="offsets"),
        pytest.param(lambda p: p.integers, id="integers"),
        pytest.param(lambda p: p.image, id="image"),
        pytest.param(lambda p: p.columns["subject"], id="column"),
        pytest.param(lambda p: p[[0, 1]].fixations, id="gathered"),
        pytest.param(lambda p: Scanpaths.concat([p, p]).image, id="concat"),
        pytest.param(lambda p: p[:2].durations, id="durations-of-a-view"),
    ],
)
def test_arrays_cannot_be_written_to(
    paths: Scanpaths, array_of: Callable[[Scanpaths], np.ndarray]
) -> None:
    with pytest.raises(ValueError, match="read-only"):
        array_of(paths)[0] = 1


# -- concat


def test_concat_copies_and_keeps_every_field(paths: Scanpaths) -> None:
    other = read_records(
        [{"name": "z.jpg", "task": "tv", "X": [1], "Y": [2.5], "extra": 7}],
        source="records",
        screen_size=(10, 10),
    ).scanpaths
    both = Scanpaths.concat(iter([paths[1:], other, paths[:1]]))
    assert rows_of(both) == [*rows_of(paths)[1:], *rows_of(other), *rows_of(paths)[:1]]
    assert not np.shares_memory(both.fixations, paths.fixations)
    assert both.fields[-1] == "extra"
    assert both.info is paths.info


def test_concat_refuses_other_frames_and_names_both(paths: Scanpaths) -> None:
    other = Scanpaths.of([[[1, 1]]], image=["a"], finding="tv", screen_size=(20, 10))
    with pytest.raises(FrameMismatch, match=r"unnamed is 10x10, unnamed is 20x10"):
        Scanpaths.concat([paths, other])


def test_concat_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="no tables"):
        Scanpaths.concat([])


# -- columns


def test_columns_say_where_a_field_is_absent(paths: Scanpaths) -> None:
    assert paths.subject.tolist() == [2, "ann", 2, None]
    assert paths.split.tolist() == ["train", "test", None, None]
    assert paths.condition.tolist() == [None, None, None, "absent"]
    assert paths.draw.tolist() == [0, 0, 0, 3]
    assert paths.draw.dtype == np.int64
    assert paths.correct.tolist()[::2] == [1, 0]
    assert np.isnan(paths.correct[1::2]).all()
    assert paths.target_boxes[0].tolist() == [1, 2, 3, 4.5]
    assert np.isnan(paths.target_boxes[1:]).all()
    assert paths.has_durations.tolist() == [True, False, True, True]
    assert np.isnan(paths.durations).tolist() == [False, False, True, False, False, False]
    assert paths.screen_sizes.tolist() == [[10, 10]] * 4


def test_an_unknown_column_is_refused_by_name(paths: Scanpaths) -> None:
    with pytest.raises(UnknownName, match="unknown field 'subjct': did you mean subject"):
        paths.sort("subjct")
    with pytest.raises(UnknownName):
        paths.group("nothing")


def test_screen_sizes_by_path_stand_in_width_and_height() -> None:
    records = [
        {"name": "a", "task": "t", "X": [9], "Y": [1], "width": 10, "height": 5},
        {"name": "b", "task": "t", "X": [19], "Y": [1], "width": 20.5, "height": 5},
    ]
    paths = read_records(records, source="records").scanpaths
    assert paths.info.screen_size is None
    assert paths.screen_sizes.tolist() == [[10, 5], [20.5, 5]]
    assert paths[1].screen_size == (20.5, 5)
    assert paths[1:].screen_sizes.tolist() == [[20.5, 5]]
    assert repr(paths).endswith("unnamed by path>")


# -- filter, sort, group


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({"image": "a.jpg"}, [1, 2], id="image"),
        pytest.param({"finding": "tv"}, [1, 3], id="finding"),
        pytest.param({"subject": 2}, [0, 2], id="subject-int"),
        pytest.param({"subject": "2"}, [], id="subject-text-is-another"),
        pytest.param({"split": "train"}, [0], id="split"),
        pytest.param({"condition": "absent"}, [3], id="condition"),
        pytest.param({"correct": True}, [0], id="correct"),
        pytest.param({"correct": False}, [2], id="incorrect-is-not-absent"),
        pytest.param({"image": "a.jpg", "subject": 2}, [2], id="two-fields"),
        pytest.param({}, [0, 1, 2, 3], id="nothing-wanted"),
    ],
)
def test_where_keeps_the_paths_with_the_wanted_values(
    paths: Scanpaths, wanted: dict[str, object], expected: list[int]
) -> None:
    everything = rows_of(paths)
    assert rows_of(paths.where(**wanted)) == [everything[row] for row in expected]


def test_sort_is_stable_absent_first_numbers_before_text(paths: Scanpaths) -> None:
    assert paths.sort("subject").subject.tolist() == [None, 2, 2, "ann"]
    assert paths.sort("subject").image.tolist() == ["c.jpg", "b.jpg", "a.jpg", "a.jpg"]
    assert paths.sort("task", "name").image.tolist() == ["a.jpg", "b.jpg", "a.jpg", "c.jpg"]
    assert paths.sort("subject").lengths.tolist() == [3, 2, 0, 1]


def test_groups_are_views_of_one_gather_in_order_of_appearance(paths: Scanpaths) -> None:
    groups = paths.group("task")
    assert list(groups) == ["cup", "tv"]
    assert groups["cup"].image.tolist() == ["b.jpg", "a.jpg"]
    assert groups["tv"].image.tolist() == ["a.jpg", "c.jpg"]
    assert groups["tv"].offsets.tolist() == [0, 1, 4]
    assert rows_of(groups["tv"]) == [rows_of(paths)[1], rows_of(paths)[3]]
    bases = {id(group._fixations.base) for group in groups.values()}
    assert len(bases) == 1
    assert not np.shares_memory(groups["cup"].fixations, paths.fixations)


def test_groups_by_several_fields_have_tuples_as_keys(paths: Scanpaths) -> None:
    assert list(paths.group("name", "task")) == [
        ("b.jpg", "cup"),
        ("a.jpg", "tv"),
        ("a.jpg", "cup"),
        ("c.jpg", "tv"),
    ]


def test_grouping_by_nothing_is_refused(paths: Scanpaths) -> None:
    with pytest.raises(BadSetting):
        paths.group()


# -- equality


def changed(**change: object) -> Scanpaths:
    records = [{**RECORDS[0], **change}, *RECORDS[1:]]
    return read_records(records, source="records", screen_size=(10, 10)).scanpaths


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"X": [1.0, 2]}, id="kind-of-a-coordinate"),
        pytest.param({"X": [np.nextafter(1.0, 2).item(), 2]}, id="last-bit"),
        pytest.param({"T": [0.5, 1.0]}, id="kind-of-a-duration"),
        pytest.param({"bbox": [1, 2, 3, 4]}, id="box"),
        pytest.param({"bbox": [1.0, 2, 3, 4.5]}, id="kind-in-a-box"),
        pytest.param({"correct": True}, id="true-is-not-1"),
        pytest.param({"note": {"a": [1, 1]}}, id="kind-in-a-nested-field"),
        pytest.param({"note": {"b": [1, 1.0]}}, id="key-of-a-nested-field"),
        pytest.param({"note": None}, id="null"),
        pytest.param({"subject": "2"}, id="subject-text"),
        pytest.param({"another": None}, id="null-is-not-absent"),
        pytest.param({"X": [1], "Y": [3], "T": [1]}, id="length"),
    ],
)
def test_equality_tells_every_change(paths: Scanpaths, change: dict[str, object]) -> None:
    assert paths == changed()
    assert paths != changed(**change)


@pytest.mark.parametrize("field", ["X", "T", "depth"])
def test_equality_tells_minus_zero_from_zero(field: str) -> None:
    def table(zero: float) -> Scanpaths:
        record = {"name": "a", "task": "t", "X": [1.0], "Y": [1.0], "T": [1.0], "depth": 1.0}
        record[field] = zero if field == "depth" else [zero]
        return read_records([record], source="records", screen_size=(9, 9)).scanpaths

    assert table(0.0) == table(0.0)
    assert table(0.0) != table(-0.0)


def test_tables_of_other_frames_are_unequal_and_other_things_too(paths: Scanpaths) -> None:
    other = read_records(RECORDS, source="records", screen_size=(10, 11)).scanpaths
    assert paths != other
    assert paths != "paths"
    with pytest.raises(TypeError):
        hash(paths)


# -- tables of arrays


def test_of_holds_arrays_with_and_without_durations() -> None:
    paths = Scanpaths.of(
        [np.array([[1, 2], [3, 4]]), [[5, 6, 0.5]], [], np.empty((0, 2))],
        image=["a", "b", "c", "d"],
        finding=["t", "u", "t", "u"],
        screen_size=(10, 10),
        subject=np.array([1, 2, 3, 4]),
        draw=[0, 1, 2, 3],
        split=["train", None, "test", None],
        condition=["present"] * 4,
        target_boxes=[[1, 2, 3, 4]] + [[np.nan] * 4] * 3,
    )
    assert paths.lengths.tolist() == [2, 1, 0, 0]
    assert paths.has_durations.tolist() == [False, True, True, True]
    assert [type(subject) for subject in paths.subject] == [int] * 4
    assert paths.split.tolist() == ["train", None, "test", None]
    assert np.isnan(paths.target_boxes[1:]).all()
    assert paths.info.duration_unit == "s"
    assert Scanpaths.from_arrow(paths.to_arrow()) == paths


def test_of_without_durations_has_no_unit_of_durations() -> None:
    paths = Scanpaths.of([[[1, 2]]], image=["a"], finding="t", screen_size=(10, 10))
    assert paths.info.duration_unit is None
    assert Scanpaths.from_arrow(paths.to_arrow()) == paths


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"image": ["a", "b"]}, "name: 2 values for 1 paths", id="image"),
        pytest.param({"finding": ["a", "b"]}, "task: 2 values for 1 paths", id="finding"),
        pytest.param({"target_boxes": np.zeros((2, 4))}, "bbox: 2 values", id="boxes"),
        pytest.param({"paths": [[1, 2]]}, r"path 0: shape \(2,\)", id="flat-path"),
        pytest.param({"paths": [[[1, 2, 3, 4]]]}, r"path 0: shape \(1, 4\)", id="four-columns"),
        pytest.param({"paths": [[[np.nan, 2]]]}, "path 0: a coordinate", id="nan"),
        pytest.param({"paths": [[[1, 2, np.inf]]]}, "path 0: a coordinate", id="inf-duration"),
        pytest.param({"paths": [[[1, 2, -0.1]]]}, "path 0: a duration is negative", id="negative"),
        pytest.param(
            {"paths": [[[1, 2, 1], [1, 2, np.nan]]]}, "path 0: durations are there", id="some"
        ),
        pytest.param({"screen_size": None}, "give screen_size or info", id="no-frame"),
    ],
)
def test_of_refuses_what_is_no_table(arguments: dict[str, object], message: str) -> None:
    given = {"paths": [[[1, 2]]], "image": ["a"], "finding": "t", "screen_size": (10, 10)}
    given |= arguments
    paths = given.pop("paths")
    with pytest.raises((DataError, BadSetting), match=message):
        Scanpaths.of(paths, **given)


def test_of_takes_a_description() -> None:
    info = DatasetInfo(name="mine", screen_size=(5, 5), duration_unit="ms")
    paths = Scanpaths.of([[[1, 2, 0.25]]], image=["a"], finding="t", info=info)
    assert paths.info is info
    assert rows_of(paths)[0]["T"] == [250.0]


def test_repr_counts_paths_fixations_and_images(paths: Scanpaths) -> None:
    assert repr(paths) == "<Scanpaths: 4 paths, 6 fixations, 3 images, unnamed 10x10>"
    assert repr(paths[1:2]) == "<Scanpaths: 1 path, 1 fixation, 1 image, unnamed 10x10>"
