"""The released GazeSearch annotations, and two other datasets: figures known from elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from gazesearch import Audit, audit_dataset, read_scanpaths


@pytest.fixture(scope="module")
def released(annotations_file: Path) -> Audit:
    return audit_dataset(annotations_file)


@pytest.mark.parametrize(
    ("item", "figures"),
    [
        ("counts", {"records": 4875, "images": 2328, "findings": 13, "fixations": 29118}),
        (
            "shared_images",
            {
                "test_in_train": 366,
                "valid_in_train": 383,
                "test_images_in_train": 333,
                "images_in_several_splits": 645,
            },
        ),
        (
            "identical_scanpaths",
            {
                "repeats": 422,
                "records": 809,
                "groups": 387,
                "repeats_with_durations": 415,
                "records_with_durations": 796,
            },
        ),
        ("copies_across_splits", {"test_in_train": 60, "valid_in_train": 68}),
        ("copies_across_findings", {"records": 809, "groups": 387}),
        ("copies_across_images", {"records": 0}),
        ("target_boxes", {"absent": 0, "empty": 4875}),
        ("zero_durations", {"fixations": 2, "records": 2}),
        (
            "sources",
            {
                "reflacx_records": 3776,
                "reflacx_images": 1752,
                "egd_records": 1099,
                "egd_images": 576,
                "images_of_both": 0,
            },
        ),
        ("lengths", {"shortest": 1, "longest": 6, "under_three": 3, "empty": 0}),
        ("durations", {"shortest_s": 0.0, "longest_s": pytest.approx(2.841), "records_without": 0}),
        ("off_screen", {"fixations": 0}),
        (
            "constant_fields",
            {
                "subject": "1",
                "bbox": "[0, 0, 0, 0]",
                "condition": "present",
                "fixOnTarget": "true",
                "correct": "1",
            },
        ),
    ],
)
def test_the_audit_computes_what_is_known_of_the_release(
    released: Audit, item: str, figures: dict[str, object]
) -> None:
    found = released[item].figures
    assert {name: found[name] for name in figures} == figures


def test_its_leaks_are_errors_and_its_placeholders_warnings(released: Audit) -> None:
    assert {item.name for item in released.at_least("error")} == {
        "shared_images", "copies_across_splits", "shared_stretches",
    }  # fmt: skip
    assert {item.name for item in released.at_least("warning")} == {
        "shared_images", "copies_across_splits", "shared_stretches", "constant_fields",
        "target_boxes", "zero_durations", "copies_across_findings",
    }  # fmt: skip


def test_clipped_fixations_are_no_pile(released: Audit) -> None:
    """Five at x = 0, two at x = 223, one at y = 0: the release removed what was off the image."""
    table = released["border"].table
    assert table is not None
    assert {side: n for side, n, _ in table.rows} == {"left": 5, "top": 1, "right": 2, "bottom": 0}


def test_sources_and_findings_are_counted_by_split(released: Audit) -> None:
    sources, findings = released["sources"].table, released["by_finding"].table
    assert sources is not None
    assert sources.columns == ("source", "records", "images", "train", "valid", "test")
    assert sources.rows == (
        ("REFLACX", 3776, 1752, 3000, 405, 371),
        ("EGD", 1099, 576, 870, 112, 117),
    )
    assert findings is not None
    assert sum(int(row[5] or 0) for row in findings.rows) == 488


def test_its_findings_differ_in_their_paths(released: Audit) -> None:
    item = released["distinct_findings"]
    assert item.figures["p"] == pytest.approx(1 / 1001)
    assert item.figures["pairs_of"] == "different images"
    assert item.figures["shuffled_within"] == "image"
    # No person is told from another, and 865 of 2,328 images were searched for one finding only.
    assert item.figures["images"] == 1463


def test_no_other_dataset_is_asked_for_its_source(osie_file: Path, coco_file: Path) -> None:
    osie, coco = audit_dataset(osie_file), audit_dataset(coco_file)
    for audit in (osie, coco):
        assert "sources" not in {item.name for item in audit.items}
        for name in ("near_duplicates", "shared_stretches", "identical_scanpaths"):
            assert audit[name].figures["records"] == 0
    assert osie.severity == "info"
    assert osie["distinct_findings"].figures["p"] is None
    assert coco["off_screen"].figures["fixations"] == 5
    assert coco["distinct_findings"].figures["images"] == 11


def test_osie_has_one_image_under_two_names(osie_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("imagehash", reason="needs the extra `audit`")
    names = [f"{number}.jpg" for number in (*range(1270, 1290), 1374)]
    for name in names:
        shutil.copy(osie_file.parent / "images" / name, tmp_path)
    paths = read_scanpaths(osie_file)
    audit = audit_dataset(paths[np.isin(paths.image.astype(str), names)], images=tmp_path)
    assert [item.name for item in audit.at_least("warning")] == ["similar_images"]
    assert audit["similar_images"].examples == ("1279.jpg ~ 1374.jpg",)
