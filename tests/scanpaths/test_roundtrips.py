"""Random tables through every representation and back: equal to the last bit, kinds included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gazesearch import DatasetInfo, Scanpaths, read_scanpaths, write_scanpaths
from gazesearch.errors import DataError
from gazesearch.scanpaths.frames import METADATA_KEY
from gazesearch.scanpaths.records import read_records
from gazesearch.scanpaths.written import written_records

# The same examples every time, and no limits that a busy machine could break.
LOOSE = settings(derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
WIDTH, HEIGHT = 1000, 800
KNOWN = {
    "name", "task", "subject", "draw", "condition", "split", "bbox", "length", "fixOnTarget",
    "correct", "width", "height", "X", "Y", "T",
}  # fmt: skip


def numbers(below: float) -> st.SearchStrategy[int | float]:
    """Ints and floats from 0 to below `below`, the awkward ones among them."""
    return (
        st.integers(0, int(below) - 1)
        | st.floats(0, below, exclude_max=True)
        | st.sampled_from([0.0, -0.0, 1.0, 5e-324, 0.1 + 0.2])
    )


texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
unknown_fields = st.one_of(
    any_text, st.sampled_from(["X:integer", "T:integer", "a", "a:json", "a:json:json", "X:json"])
).filter(lambda field: field not in {*KNOWN, ""} and "\0" not in field)


@st.composite
def paths(draw: st.DrawFn, *, timed: bool, min_size: int = 0) -> dict[str, Any]:
    size = draw(st.integers(min_size, 5))
    axes = {"X": numbers(WIDTH), "Y": numbers(HEIGHT)}
    if timed:
        axes["T"] = numbers(9.5)
    return {
        field: draw(st.lists(values, min_size=size, max_size=size))
        for field, values in axes.items()
    }


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Records of one table; an empty path has `T` exactly where the table has any."""
    some_timed = draw(st.booleans())
    fields = draw(st.lists(unknown_fields, max_size=3, unique=True))
    records = []
    for row in range(draw(st.integers(0, 5))):
        record: dict[str, Any] = {"name": draw(texts) + str(row), "task": draw(texts)}
        record |= draw(paths(timed=some_timed and draw(st.booleans())))
        if some_timed and not record["X"]:
            record["T"] = []
        optional = {
            "subject": st.integers(-(2**62), 2**62) | texts,
            "draw": st.integers(0, 2**62),
            "condition": texts,
            "split": st.sampled_from(["train", "valid", "test"]),
            "bbox": st.lists(numbers(WIDTH), min_size=4, max_size=4),
            "length": st.just(len(record["X"])),
            "fixOnTarget": st.booleans() | st.integers(0, 1),
            "correct": st.booleans() | st.integers(0, 1),
            **dict.fromkeys(fields, json_values),
        }
        for field, values in optional.items():
            if draw(st.booleans()):
                record[field] = draw(values)
        records.append(record)
    return records


INFO = DatasetInfo(name="mine", screen_size=(WIDTH, HEIGHT), duration_unit="s")


def table_of(records: list[dict[str, Any]]) -> Scanpaths:
    return read_records(records, source="records", dataset=INFO).scanpaths


def through_file(ending: str) -> Callable[[Scanpaths, Path], Scanpaths]:
    def through(table: Scanpaths, folder: Path) -> Scanpaths:
        file = folder / f"table{ending}"
        write_scanpaths(table, file)
        return read_scanpaths(file, dataset=INFO if ending != ".parquet" else None)

    return through


WAYS: dict[str, Callable[[Scanpaths, Path], Scanpaths]] = {
    "json": through_file(".json"),
    "parquet": through_file(".parquet"),
    "arrow": lambda table, _: Scanpaths.from_arrow(table.to_arrow()),
    "pandas": lambda table, _: Scanpaths.from_pandas(table.to_pandas()),
    "polars": lambda table, _: Scanpaths.from_polars(table.to_polars(), dataset=INFO),
}


def said(records: list[dict[str, Any]]) -> list[str]:
    """Records as text, which tells kinds and bits; the order of a record's fields left out."""
    return [repr(sorted(record.items())) for record in records]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("roundtrips")


def rows_of(table: Scanpaths) -> list[dict[str, Any]]:
    return [{f: _lists(v) for f, v in row.items()} for row in written_records(table)]


def _lists(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_lists(item) for item in value]
    return {k: _lists(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@settings(LOOSE, max_examples=120)
@given(records=tables())
def test_any_table_comes_back_to_the_last_bit(
    way: Callable[[Scanpaths, Path], Scanpaths], records: list[dict[str, Any]], folder: Path
) -> None:
    table = table_of(records)
    assert said(rows_of(table)) == said(records)
    back = way(table, folder)
    assert said(rows_of(back)) == said(records)
    # A file of JSON, or a frame of polars, says nothing of the unit where no path has durations.
    if table.info.duration_unit == back.info.duration_unit:
        assert back == table
    else:
        assert back.info.duration_unit is None or table.info.duration_unit is None


csv_paths = st.lists(
    st.fixed_dictionaries(
        {"name": texts, "task": texts},
        optional={
            "subject": st.integers(-(2**62), 2**62) | texts.filter(lambda t: not t.isdigit()),
            "draw": st.integers(0, 2**62),
            "condition": texts,
            "split": st.sampled_from(["train", "valid", "test"]),
        },
    ).flatmap(
        lambda fields: st.booleans().flatmap(
            lambda timed: paths(timed=timed, min_size=1).map(lambda path: fields | path)
        )
    ),
    min_size=1,
    max_size=5,
)


@settings(LOOSE, max_examples=150)
@given(records=csv_paths)
def test_csv_gives_back_what_it_can_hold_and_refuses_the_rest(
    records: list[dict[str, Any]], folder: Path
) -> None:
    for row, record in enumerate(records):
        record["name"] = f"{row}{record['name']}"
    table = table_of(records)
    file = folder / "table.csv"
    try:
        write_scanpaths(table, file)
    except DataError as refused:
        assert "CSV cannot hold" in str(refused)  # noqa: PT017 - a subject such as "-1"
        return
    assert said(rows_of(read_scanpaths(file, dataset=INFO))) == said(records)


@given(st.lists(st.integers(0, 600_000), min_size=1, max_size=9).filter(lambda t: min(t) > 10))
@settings(LOOSE, max_examples=60)
def test_durations_in_whole_ms_come_back(times: list[int]) -> None:
    record = {"name": "a", "task": "t", "X": [1] * len(times), "Y": [1] * len(times), "T": times}
    table = read_records([record], source="f", screen_size=(9, 9)).scanpaths
    assert table.info.duration_unit == "ms"
    assert table.durations.tolist() == [t / 1000 for t in times]
    for back in (table, Scanpaths.from_arrow(table.to_arrow())):
        assert repr(rows_of(back)) == repr([record])


# -- tables that did not come from us


def test_foreign_arrow_types_are_read_by_their_values() -> None:
    table = pa.table(
        {
            "name": pa.array(["a", "b"]).dictionary_encode(),
            "task": pa.array(["t", "t"], pa.large_string()),
            "X": pa.array([[1, 2], [3]], pa.large_list(pa.int16())),
            "Y": pa.array([[1.5, 2], [3]], pa.list_(pa.float32())),
            "correct": pa.array([1, None], pa.uint8()),
        }
    )
    paths = Scanpaths.from_arrow(table, dataset=INFO)
    assert rows_of(paths) == [
        {"name": "a", "task": "t", "X": [1, 2], "Y": [1.5, 2], "correct": 1},
        {"name": "b", "task": "t", "X": [3], "Y": [3]},
    ]


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        pytest.param("X", pa.array([[1, None]]), "X[1]", id="null-in-a-list"),
        pytest.param("X", pa.array([None], pa.list_(pa.int64())), "X", id="null-list"),
        pytest.param("X", pa.array([5]), "X", id="scalar"),
        pytest.param("X", pa.array([["1", "2"]]), "X[0]", id="texts"),
        pytest.param("X", pa.array([[1, 2]], pa.list_(pa.timestamp("s"))), "X[0]", id="times"),
        pytest.param("X", pa.array([[True, False]]), "X[0]", id="booleans"),
        pytest.param("name", pa.array([b"a"]), "name", id="bytes-as-name"),
        pytest.param("name", pa.array([None], pa.string()), "name", id="null-name"),
        pytest.param("seen", pa.array([0], pa.timestamp("us")), "seen", id="unknown-time"),
        pytest.param("seen", pa.array([float("nan")]), "seen", id="unknown-nan"),
        pytest.param("bbox", pa.array([[1, 2, 3, None]]), "bbox", id="null-in-a-box"),
    ],
)
def test_foreign_values_that_no_record_may_have_are_faults(
    column: str, value: pa.Array, field: str
) -> None:
    columns = {"name": ["a"], "task": ["t"], "X": [[1, 2]], "Y": [[3, 4]]} | {column: value}
    with pytest.raises(DataError) as refused:
        Scanpaths.from_arrow(pa.table(columns), dataset=INFO)
    assert str(refused.value).startswith(f"Arrow table: record 0, {field}: ")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param({"a:json": ["{"]}, "record 0, a:json: not JSON", id="not-json"),
        pytest.param({"a:json": [1]}, "record 0, a:json: not JSON", id="json-of-a-number"),
        pytest.param({"a:json": ["NaN"]}, "record 0, a: nan: must be plain", id="json-nan"),
        pytest.param({"a:json": ["1"], "a": [1]}, "a column name stands twice", id="two-kinds"),
        pytest.param({"name:json": ["1"]}, "a column name stands twice", id="name-twice"),
    ],
)
def test_columns_of_ours_that_are_damaged_are_refused(
    columns: dict[str, list[Any]], message: str
) -> None:
    base = {"name": ["a"], "task": ["t"], "X": [[1, 2]], "Y": [[3, 4]]}
    with pytest.raises(DataError, match=f"^Arrow table: {message}"):
        Scanpaths.from_arrow(pa.table(base | columns), dataset=INFO)


def test_a_mask_that_does_not_fit_changes_no_number() -> None:
    base = {"name": ["a"], "task": ["t"], "X": [[1.0, 2.5]], "Y": [[3.0, 4.0]]}
    masks = {"X:integer": [[True, True]], "Y:integer": [[True]]}
    (row,) = rows_of(Scanpaths.from_arrow(pa.table(base | masks), dataset=INFO))
    assert repr(row) == repr({"name": "a", "task": "t", "X": [1, 2.5], "Y": [3.0, 4.0]})


def test_a_pandas_frame_of_plain_lists_is_read() -> None:
    frame = pd.DataFrame(
        {"name": ["a", "b"], "task": "t", "X": [[1, 2], [3]], "Y": [[1, 2.5], [3]],
         "split": ["test", None]}
    )  # fmt: skip
    paths = Scanpaths.from_pandas(frame.iloc[::-1], dataset=INFO)
    assert paths.image.tolist() == ["b", "a"]
    assert paths.split.tolist() == [None, "test"]


def test_a_pandas_frame_that_arrow_cannot_hold_is_refused() -> None:
    twice = pd.DataFrame([["a", "b"]], columns=["name", "name"])
    with pytest.raises(DataError, match=r"^pandas frame: .*name"):
        Scanpaths.from_pandas(twice)
    mixed = pd.DataFrame({"name": ["a", 1], "task": "t"})
    with pytest.raises(DataError, match=r"^pandas frame: "):
        Scanpaths.from_pandas(mixed, dataset=INFO)


def test_a_damaged_description_is_refused_by_name() -> None:
    table = table_of([{"name": "a", "task": "t", "X": [1], "Y": [1]}])
    frame = table.to_pandas()
    frame.attrs[METADATA_KEY] = "{"
    with pytest.raises(DataError, match="^pandas frame: not a dataset description"):
        Scanpaths.from_pandas(frame)
    arrow = table.to_arrow().replace_schema_metadata({METADATA_KEY: b"\xff"})
    with pytest.raises(DataError, match="^Arrow table: not a dataset description"):
        Scanpaths.from_arrow(arrow)


def test_a_dataset_given_wins_over_the_frames_own() -> None:
    table = table_of([{"name": "a", "task": "t", "X": [1], "Y": [1]}])
    other = DatasetInfo(name="other", screen_size=(2, 2))
    assert Scanpaths.from_arrow(table.to_arrow(), dataset=other).info == other
    assert Scanpaths.from_pandas(table.to_pandas(), dataset=other).info == other


def test_the_unit_that_a_frame_declares_needs_no_guess() -> None:
    record = {"name": "a", "task": "t", "X": [1, 2], "Y": [1, 2], "T": [20.5, 70.0]}
    options = {"screen_size": (9, 9), "duration_unit": "s"}
    table = read_records([record], source="f", **options).scanpaths
    assert Scanpaths.from_arrow(table.to_arrow()) == table
    assert Scanpaths.from_pandas(table.to_pandas()) == table


def test_kinds_of_one_kind_need_no_extra_columns() -> None:
    table = table_of([{"name": "a", "task": "t", "X": [1, 2], "Y": [1.0, 2.0], "n": 1, "f": 2.5}])
    arrow = table.to_arrow()
    assert arrow.column_names == ["name", "task", "X", "Y", "n", "f"]
    assert arrow.schema.field("X").type == pa.list_(pa.int64())
    assert arrow.schema.field("Y").type == pa.list_(pa.float64())
    assert isinstance(table.to_polars(), pl.DataFrame)


def test_a_slice_of_a_table_goes_through_arrow() -> None:
    records = [{"name": str(i), "task": "t", "X": list(range(i)), "Y": [1.5] * i} for i in range(6)]
    records[2]["T"] = [0.5, 1]
    table = table_of(records)
    assert said(rows_of(Scanpaths.from_arrow(table[2:5].to_arrow()))) == said(records[2:5])
