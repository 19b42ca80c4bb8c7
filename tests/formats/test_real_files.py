"""The real datasets through every format and frame: equal to the last bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gazesearch import Scanpaths, read_scanpaths, write_scanpaths

FILES = ["annotations_file", "predictions_file", "osie_file", "coco_file"]


@pytest.fixture(params=FILES, ids=[name.removesuffix("_file") for name in FILES])
def real_file(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


@pytest.fixture
def table(request: pytest.FixtureRequest, real_file: Path) -> Scanpaths:
    name = {"annotations": "annotations", "fixations": "osie"}
    name |= {"chestsearch": "released", "finding": "annotations"}
    fixture = "coco" if real_file.stem.startswith("fixations_TP") else None
    return request.getfixturevalue(fixture or name[real_file.stem.split("_")[0]])


def raw(file: Path) -> list[dict[str, Any]]:
    return json.loads(file.read_bytes())


def written(table: Scanpaths, folder: Path) -> list[dict[str, Any]]:
    write_scanpaths(table, folder / "written.json")
    return raw(folder / "written.json")


def test_json_is_written_as_it_was_read(real_file: Path, table: Scanpaths, tmp_path: Path) -> None:
    assert repr(written(table, tmp_path)) == repr(raw(real_file))


@pytest.mark.parametrize("way", ["arrow", "pandas", "polars", ".parquet", ".json"])
def test_a_real_table_comes_back_equal(
    real_file: Path, table: Scanpaths, way: str, tmp_path: Path
) -> None:
    if way.startswith("."):
        file = tmp_path / f"table{way}"
        write_scanpaths(table, file)
        back = read_scanpaths(file)
    elif way == "polars":
        back = Scanpaths.from_polars(table.to_polars(), dataset=table.info)
    else:
        convert = getattr(table, f"to_{way}")
        back = getattr(Scanpaths, f"from_{way}")(convert())
    assert back == table
    assert back.fields == table.fields
    assert repr(written(back, tmp_path)) == repr(raw(real_file))


def test_csv_keeps_every_column_that_it_has(
    real_file: Path, table: Scanpaths, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "table.csv"
    write_scanpaths(table, file)
    lost = {"bbox", "fixOnTarget", "correct", "RT"} & set(table.fields)
    assert all(field in caplog.text for field in lost)
    back = read_scanpaths(file, dataset=table.info.name)
    kept = [
        {f: v for f, v in record.items() if f not in lost | {"length"}} for record in raw(real_file)
    ]
    assert [sorted(r.items()) for r in written(back, tmp_path)] == [sorted(r.items()) for r in kept]
    assert repr([r["X"] for r in written(back, tmp_path)]) == repr([r["X"] for r in kept])


def test_the_released_files_have_the_counts_that_were_measured(
    annotations: Scanpaths, released: Scanpaths, osie: Scanpaths, coco: Scanpaths
) -> None:
    assert [len(t) for t in (annotations, released, osie, coco)] == [4875, 4875, 10500, 3258]
    assert len(set(annotations.image)) == 2328
    assert [len(annotations.where(split=s)) for s in ("train", "valid", "test")] == [3870, 517, 488]
    assert [len(coco.where(correct=c)) for c in (True, False)] == [3028, 230]
    assert annotations.has_durations.all()
    assert not released.has_durations.any()
    assert (annotations.target_boxes == 0).all()


def test_a_file_in_ms_holds_seconds_in_memory_and_whole_ms_when_written(
    coco: Scanpaths, coco_file: Path, tmp_path: Path
) -> None:
    assert coco.durations.max() == 1.889
    assert coco[0].durations[0] == 0.168
    assert coco.integers[:, 2].all()
    times = [record["T"] for record in written(coco, tmp_path)]
    assert {type(ms) for path in times for ms in path} == {int}
    assert times == [record["T"] for record in raw(coco_file)]


def test_unknown_fields_and_several_people_survive(coco: Scanpaths, coco_file: Path) -> None:
    assert coco.columns["RT"].tolist() == [record["RT"] for record in raw(coco_file)]
    assert len(set(coco.subject)) == 10
    assert len(coco.group("name", "task")) == 326


def test_off_screen_fixations_of_coco_are_kept_and_counted(coco_file: Path) -> None:
    from gazesearch.formats import read_file

    assert read_file(coco_file).off_screen == 5


def test_several_people_per_image_are_no_duplicates(osie: Scanpaths) -> None:
    assert len(osie.group("name")) == 700
    assert {len(people) for people in osie.group("name").values()} == {15}


def test_equal_predictions_twice_are_two_draws(predictions_file: Path, tmp_path: Path) -> None:
    from gazesearch.formats import read_file

    records = raw(predictions_file)[:50]
    twice = tmp_path / "twice.json"
    twice.write_text(json.dumps(records + records), encoding="utf-8")
    reading = read_file(twice, predictions=True)
    assert reading.duplicated == 50
    assert reading.scanpaths.draw.tolist() == [0] * 50 + [1] * 50
