"""What an audit looks like: text, JSON, one page that asks for nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gazesearch import Audit, DatasetInfo, Scanpaths, audit_dataset
from gazesearch.audit import Item, Table
from gazesearch.datasets import Dataset
from gazesearch.errors import BadSetting, DataError, UnknownName, UnreadableFile
from gazesearch.files import RunRecord

NASTY = "<script>alert('x')</script>&\"'.png"


def leaky(image: str = "a.png") -> Scanpaths:
    look = [[112, 112, 0.2], [60, 64, 0.0], [80, 90, 0.3]]
    return Scanpaths.of(
        [look, look, [[1, 2, 0.1]]],
        image=[image, image, "b.png"],
        finding=["edema", "fracture", "edema"],
        split=["train", "test", "valid"],
        screen_size=(224, 224),
    )


@pytest.fixture(scope="module")
def audit(phantom: Dataset) -> Audit:
    return audit_dataset(phantom.annotations, images=phantom.root / "images")


def test_every_item_says_what_was_found_and_what_it_does(audit: Audit) -> None:
    names = [item.name for item in audit.items]
    assert len(set(names)) == len(names) > 20
    for item in (*audit.items, *audit_dataset(leaky()).items):
        for sentence in (item.found, item.effect):
            assert sentence.endswith(".")
            assert sentence[0].isupper() or sentence[0].isdigit()
            assert "\n" not in sentence
        assert len(item.examples) <= 5
        if item.table is not None:
            assert all(len(row) == len(item.table.columns) for row in item.table.rows)


def test_text_has_the_gravest_first() -> None:
    text = audit_dataset(leaky()).to_table()
    assert text.startswith("unnamed 224x224: 2 errors, 2 warnings, ")
    order = [
        line.split()[0] for line in text.splitlines() if re.match(r"(ERROR|WARNING|INFO) ", line)
    ]
    assert order == sorted(order, key=["ERROR", "WARNING", "INFO"].index)
    assert order[0] == "ERROR"
    assert "record 1: a.png, fracture, test" in text


def test_json_holds_everything_and_is_strict(audit: Audit) -> None:
    found = json.loads(audit.to_json(), parse_constant=pytest.fail)
    assert found["severity"] == "info"
    assert found["counts"] == {"error": 0, "warning": 0, "info": len(audit.items)}
    assert [item["name"] for item in found["items"]] == [item.name for item in audit.items]
    assert {item["name"]: item["figures"] for item in found["items"]} == {
        item.name: dict(item.figures) for item in audit.items
    }
    assert found["run"]["inputs"]["annotations"].startswith("phantom-v1.json sha256:")
    assert found["run"]["seed"] == 0


def test_the_page_shows_every_item_and_asks_for_nothing(audit: Audit) -> None:
    page = audit.to_html()
    for item in audit.items:
        assert f'id="{item.name}"' in page
    assert not re.search(
        r"<script|<img|<link|<iframe|<object|src=|href=|url\(|@import|https?:|data:", page
    )
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_names_from_the_file_cannot_become_markup() -> None:
    audit = audit_dataset(leaky(NASTY))
    page = audit.to_html()
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&#34;&#39;.png" in page
    assert NASTY in audit.to_table()


def test_nothing_of_an_item_reaches_the_page_unescaped() -> None:
    item = Item(
        name="counts", severity="error", found=NASTY, effect=NASTY, figures={NASTY: NASTY},
        table=Table(columns=(NASTY,), rows=((NASTY,),)), examples=(NASTY,),
    )  # fmt: skip
    audit = Audit(
        items=(item,),
        dataset=DatasetInfo(name=NASTY),
        notes=(NASTY,),
        run=RunRecord(settings={}, inputs={NASTY: NASTY}),
    )
    page = audit.to_html()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 12


def test_a_folder_gets_three_files(audit: Audit, tmp_path: Path) -> None:
    audit.save(tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "audit.txt", "audit.json", "audit.html",
    }  # fmt: skip
    assert (tmp_path / "out" / "audit.txt").read_text() == audit.to_table()


def test_items_are_found_by_name_and_severity(audit: Audit) -> None:
    assert audit["counts"].figures["images"] == 24
    assert audit.at_least("info") == audit.items
    with pytest.raises(UnknownName, match="did you mean counts"):
        audit["count"]
    with pytest.raises(UnknownName, match="unknown severity"):
        audit.at_least("fatal")  # type: ignore[arg-type]
    assert repr(audit) == f"<Audit: phantom-v1, 0 error, 0 warning, {len(audit.items)} info>"


def test_the_same_seed_gives_the_same_report(phantom: Dataset, audit: Audit) -> None:
    again = audit_dataset(phantom.scanpaths, images=phantom.root / "images")
    assert again.items == audit.items


# -- what cannot be audited


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"dataset": "gazesearch"}, BadSetting, "are for files"),
        ({"images": "/no/such/folder"}, UnreadableFile, "no such folder of images"),
        ({"patients": "/no/such/file"}, UnreadableFile, "no such file"),
    ],
)
def test_mistakes_are_one_line(options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as raised:
        audit_dataset(leaky(), **options)
    assert "\n" not in str(raised.value)


def test_a_table_without_records_is_refused() -> None:
    with pytest.raises(DataError, match="holds no records"):
        audit_dataset(leaky()[:0])


def test_a_table_of_little_is_audited() -> None:
    """One path, one fixation, no split, person, box or duration: nothing is made up."""
    paths = Scanpaths.of([[[1, 2]]], image=["a"], finding="edema", screen_size=(224, 224))
    audit = audit_dataset(paths)
    assert audit.at_least("warning") == ()
    assert audit["durations"].found == "No record has durations."
    assert audit["by_split"].found == "No record names a split."
    assert audit["by_person"].table is None
    for rendered in (audit.to_table(), audit.to_json(), audit.to_html()):
        assert not re.search(r"\bnan\b", rendered, re.IGNORECASE)


def test_paths_without_fixations_only_are_audited() -> None:
    paths = Scanpaths.of([[], []], image=["a", "b"], finding="edema", screen_size=(224, 224))
    audit = audit_dataset(paths)
    assert [item.name for item in audit.at_least("warning")] == ["lengths"]
    assert audit["identical_scanpaths"].figures["records"] == 0


def test_frames_that_differ_by_path_are_audited(tmp_path: Path) -> None:
    record = {"X": [10, 90, 50], "Y": [10, 20, 30], "T": [0.1, 0.2, 0.3]}
    records = [
        {"name": "a", "task": "t", "width": 100, "height": 80, **record},
        {"name": "a", "task": "u", "width": 100, "height": 80, **record, "X": [10.3, 90, 50]},
        {"name": "b", "task": "t", "width": 400, "height": 300, **record},
        {"name": "b", "task": "u", "width": 400, "height": 300, **record, "X": [11, 91, 51]},
    ]
    file = tmp_path / "paths.json"
    file.write_text(json.dumps(records))
    audit = audit_dataset(file)
    assert audit["near_duplicates"].figures["pairs"] == 2  # within 0.4 px, and within 1.5 px
    assert "frames of the images differ" in audit["distinct_findings"].found
    audit.to_html()


def test_dropped_records_are_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "paths.json"
    good = {"name": "a", "task": "edema", "X": [1], "Y": [2], "T": [0.2]}
    file.write_text(json.dumps([good, good | {"name": "b", "Y": [1, 2]}]))
    audit = audit_dataset(file, lenient=True)
    assert audit["dropped_records"].figures["records"] == 1
    assert "record 1" in audit["dropped_records"].examples[0]


# -- patients


def test_patients_in_two_splits_are_an_error() -> None:
    paths = leaky()
    apart = audit_dataset(paths[1:], patients={"a.png": "p1", "b.png": "p2"})["shared_patients"]
    assert apart.severity == "info"
    assert apart.figures["patients"] == 2
    valid = audit_dataset(paths[1:], patients={"a.png": "p1", "b.png": "p1"})["shared_patients"]
    assert (valid.severity, valid.figures["test_in_valid"]) == ("warning", 1)
    test = audit_dataset(paths[:2], patients={"a.png": "p1"})["shared_patients"]
    assert (test.severity, test.figures["test_in_train"]) == ("error", 1)


def test_an_image_without_patient_is_a_warning_and_no_patient_is_named() -> None:
    audit = audit_dataset(leaky()[1:], patients={"a.png": "patient-7"})
    assert audit["shared_patients"].severity == "warning"
    assert audit["shared_patients"].examples == ("b.png",)
    for rendered in (audit.to_table(), audit.to_json(), audit.to_html()):
        assert "patient-7" not in rendered
