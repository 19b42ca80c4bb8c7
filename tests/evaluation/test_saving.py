"""What `Scores.save` writes is read back whole, and nothing else is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gazesearch
from gazesearch import Scanpaths, Scores, errors, files, metrics

Scored = Callable[..., Scores]


@pytest.fixture(scope="module")
def saved(scored: Scored, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    scored().save(folder)
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    """A saved result that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def edit(folder: Path, **changes: Any) -> None:
    file = folder / "results.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def with_rows(folder: Path, table: pa.Table) -> None:
    """Another table, and its digest: as a forger would."""
    pq.write_table(table, folder / "scores.parquet")
    described = json.loads((folder / "results.json").read_text())["scores"]
    edit(folder, scores=described | {"rows": files.digest(folder / "scores.parquet")})


def test_scores_are_the_same_after_saving_and_loading(scored: Scored, saved: Path) -> None:
    before, after = scored(), Scores.load(saved)
    assert after.to_json() == before.to_json().replace(before.run.made, after.run.made)
    assert after.to_table(by="subject") == before.to_table(by="subject")
    assert after.metrics == before.metrics
    for name, column in before.keys.items():
        assert after.keys[name].tolist() == column.tolist()
    for name, values in before.values.items():
        assert np.array_equal(after.values[name], values, equal_nan=True)


def test_what_was_loaded_can_be_saved_again(saved: Path, tmp_path: Path) -> None:
    Scores.load(saved).save(tmp_path / "again")
    for name in ("results.json", "summary.csv", "summary.md"):
        assert (tmp_path / "again" / name).read_bytes() == (saved / name).read_bytes()


def test_loaded_scores_compare_as_those_in_memory(scored: Scored, saved: Path) -> None:
    other = scored(seed=5)
    loaded = gazesearch.compare(Scores.load(saved), other, resamples=200)
    assert loaded.tests == gazesearch.compare(scored(), other, resamples=200).tests


def test_settings_of_metrics_survive(tmp_path: Path) -> None:
    paths = Scanpaths.of(
        [[[1, 1], [5, 5], [9, 9]]], image=["a.jpg"], finding="edema", screen_size=(10, 10)
    )
    chosen = [metrics.get("scanmatch", bins=(8, 6)), metrics.get("map_cc", sigma_px=2.5)]
    gazesearch.evaluate(paths, paths, metrics=chosen).save(tmp_path)
    assert list(Scores.load(tmp_path).metrics) == chosen


def test_an_absent_result_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.UnreadableFile, match=r"results\.json: no such file"):
        Scores.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("[1, 2]", "must be an object"),
        ("{}", "scores is absent"),
        ("[" * 100_000, "recursion"),
        ('{"scores": NaN}', "NaN is no number of JSON"),
        ("\udcff", "can't decode"),
    ],
    ids=["empty", "list", "object", "deep", "nan", "bytes"],
)
def test_a_file_that_is_no_result_gets_one_line(copy: Path, text: str, said: str) -> None:
    (copy / "results.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(errors.DataError, match=said) as error:
        Scores.load(copy)
    assert "not a result of `gazesearch evaluate --output`" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"split": 3},
        {"split": "test\n\x1b[2J"},
        {"first_fixation": "last"},
        {"records": {"scored": -1, "missing": 0, "surplus": 0, "duplicated": 0}},
        {"records": {"scored": True, "missing": 0, "surplus": 0, "duplicated": 0}},
        {"records": None},
        {"notes": "none"},
        {"notes": [1]},
        {"refused": {"dtw": ["why"]}},
        {"dataset": {"name": "x", "colour": "red"}},
        {"dataset": {"name": "x", "screen_size": [0, 0]}},
        {"run": {}},
        {"run": {"inputs": {}, "settings": {}, "versions": {}, "made": "", "machine": ""}},
    ],
    ids=lambda changes: json.dumps(changes)[:40],
)
def test_a_field_that_cannot_be_is_refused(copy: Path, changes: dict[str, Any]) -> None:
    edit(copy, **changes)
    with pytest.raises(errors.DataError, match=r"results\.json") as error:
        Scores.load(copy)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": 2},
        {"metrics": {}},
        {"metrics": {"scanmatsh": {}}},
        {"metrics": {"scanmatch": {"bins": [0, 0]}}},
        {"metrics": {"scanmatch": {"bins": "many"}}},
        {"metrics": {"scanmatch": {"name": "x"}}},
        {"metrics": {"scanmatch": 3}},
        {"metrics": {"dtw": {}}},
        {"rows": "sha256:0"},
    ],
    ids=lambda changes: json.dumps(changes)[:40],
)
def test_metrics_and_digest_must_fit_the_rows(copy: Path, changes: dict[str, Any]) -> None:
    described = json.loads((copy / "results.json").read_text())["scores"]
    edit(copy, scores=described | changes)
    with pytest.raises(errors.DataError) as error:
        Scores.load(copy)
    assert len(str(error.value).splitlines()) == 1


def test_the_rows_of_another_run_are_refused(scored: Scored, copy: Path) -> None:
    pq.write_table(scored(seed=9).to_arrow(), copy / "scores.parquet")
    with pytest.raises(errors.DataError, match="another one than was written with it"):
        Scores.load(copy)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda t: t.drop_columns(["scanmatch"]), "column scanmatch is absent"),
        (lambda t: t.drop_columns(["finding"]), "column finding is absent"),
        (lambda t: t.set_column(0, "record", pa.array(["x"] * len(t))), "column record .* int64"),
        (lambda t: t.set_column(1, "image", pa.nulls(len(t), pa.string())), "image has gaps"),
        (lambda t: t.set_column(1, "image", pa.array(["\x1b[2J"] * len(t))), "printable"),
        (lambda t: t[:0], "no rows"),
        (lambda t: t.append_column("draw", t.column("draw")), "two columns of one name"),
    ],
    ids=["metric", "key", "type", "gaps", "escape", "empty", "twice"],
)
def test_a_damaged_table_is_refused(
    copy: Path, damage: Callable[[pa.Table], Any], said: str
) -> None:
    with_rows(copy, damage(pq.read_table(copy / "scores.parquet")))
    with pytest.raises(errors.DataError, match=said) as error:
        Scores.load(copy)
    assert str(error.value).isprintable()


def test_a_file_that_is_no_parquet_is_refused(copy: Path) -> None:
    (copy / "scores.parquet").write_bytes(b"PAR1 and no more")
    described = json.loads((copy / "results.json").read_text())["scores"]
    edit(copy, scores=described | {"rows": files.digest(copy / "scores.parquet")})
    with pytest.raises(errors.DataError, match=r"scores\.parquet: "):
        Scores.load(copy)
