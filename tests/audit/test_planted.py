"""Faults planted in a phantom are found, each as what it is, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from gazesearch import audit_dataset
from gazesearch.datasets import Dataset

Found = dict[str, str]


def graver(copy: Any, **options: Any) -> Found:
    audit = copy.audit(**options)
    return {item.name: item.severity for item in audit.at_least("warning")}


def look(source: dict[str, Any], target: dict[str, Any], *, shift: float = 0.0) -> None:
    """Give a record the fixations of another."""
    for field in ("X", "Y", "T", "length"):
        target[field] = source[field]
    target["X"] = [x + shift for x in source["X"]]


def two_findings(copy: Any, split: str = "train") -> tuple[dict[str, Any], dict[str, Any]]:
    """Records of one person who searched one image for two findings."""
    for record in copy.of(split=split, subject=1):
        for other in copy.of(name=record["name"], subject=1):
            if other["task"] != record["task"]:
                return record, other
    raise AssertionError("no image with two findings")


def test_a_clean_phantom_has_nothing_to_mend(phantom: Dataset) -> None:
    audit = audit_dataset(phantom.annotations, images=phantom.root / "images")
    assert audit.at_least("warning") == ()
    assert audit.severity == "info"
    for name, figure in (
        ("identical_scanpaths", "records"),
        ("near_duplicates", "pairs"),
        ("shared_stretches", "records"),
        ("shared_images", "images_in_several_splits"),
        ("surplus_images", "images"),
    ):
        assert audit[name].figures[figure] == 0


# -- records


def shared_image(copy: Any) -> Found:
    copy.of(split="test")[0]["split"] = "train"
    return {"shared_images": "error"}


def shared_image_valid(copy: Any) -> Found:
    copy.of(split="valid")[0]["split"] = "train"
    return {"shared_images": "warning"}


def copied_across_findings(copy: Any) -> Found:
    look(*two_findings(copy))
    return {"copies_across_findings": "warning"}


def copied_across_people(copy: Any) -> Found:
    source = copy.of(subject=1)[0]
    look(source, copy.of(name=source["name"], task=source["task"], subject=2)[0])
    return {"copies_across_people": "warning"}


def copied_across_splits(copy: Any) -> Found:
    # Images of the phantom are apart, so a copy in another split is one on another image, too.
    look(copy.of(split="train")[0], copy.of(split="test")[0])
    return {"copies_across_splits": "error", "copies_across_images": "warning"}


def nearly_copied(copy: Any) -> Found:
    source, target = two_findings(copy)
    look(source, target, shift=0.7)
    return {"near_duplicates": "warning"}


def partly_copied(copy: Any) -> Found:
    source = next(r for r in copy.of(subject=1) if r["length"] >= 5)
    target = copy.of(name=source["name"], task=source["task"], subject=2)[0]
    for field in ("X", "Y", "T"):
        target[field] = source[field][1:4] + [100.0 if field != "T" else 0.3] * 2
    target["length"] = 5
    return {"shared_stretches": "warning"}


def no_duration(copy: Any) -> Found:
    copy.records[7]["T"][1] = 0
    return {"zero_durations": "warning"}


def off_the_screen(copy: Any) -> Found:
    described = copy.root / "dataset.json"
    described.write_text(described.read_text().replace('"refuse"', '"keep"'))
    copy.records[7]["X"][1] = -3.5
    return {"off_screen": "warning"}


def piled_up(copy: Any) -> Found:
    for record in copy.records[:30]:
        record["X"][2] = 223.0
    return {"border": "warning"}


def constant_field(copy: Any) -> Found:
    for record in copy.records:
        record["correct"] = 1
    return {"constant_fields": "warning"}


def no_boxes(copy: Any) -> Found:
    for record in copy.records:
        record["bbox"] = [0, 0, 0, 0]
    return {"constant_fields": "warning", "target_boxes": "warning"}


def box_off_the_screen(copy: Any) -> Found:
    copy.records[0]["bbox"] = [200, 200, 30, 10]
    return {"target_boxes": "warning"}


def empty_path(copy: Any) -> Found:
    for record in copy.records[:2]:
        record |= {"X": [], "Y": [], "T": [], "length": 0}
    return {"lengths": "warning"}


PLANTED = (
    shared_image, shared_image_valid, copied_across_findings, copied_across_people,
    copied_across_splits, nearly_copied, partly_copied, no_duration, off_the_screen, piled_up,
    constant_field, no_boxes, box_off_the_screen, empty_path,
)  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found_and_nothing_else(
    copy: Any, plant: Callable[[Any], Found]
) -> None:
    expected = plant(copy)
    assert graver(copy) == expected


def test_ten_faults_at_once_are_all_found(copy: Any) -> None:
    pytest.importorskip("imagehash", reason="needs the extra `audit`")
    expected: Found = {}
    for plant in (
        copied_across_findings, copied_across_people, copied_across_splits, no_duration,
        off_the_screen, constant_field, missing_image, broken_image, small_image, same_image,
    ):  # fmt: skip
        expected |= plant(copy)
    assert graver(copy, images=copy.images) == expected


def test_the_records_of_a_fault_are_named(copy: Any) -> None:
    no_duration(copy)
    record = copy.records[7]
    (example,) = copy.audit()["zero_durations"].examples
    assert example == f"record 7: {record['name']}, {record['task']}, subject 4, {record['split']}"


def test_a_copy_whose_durations_differ_is_a_copy(copy: Any) -> None:
    source, target = two_findings(copy)
    look(source, target)
    target["T"] = [t + 0.1 for t in source["T"]]
    figures = copy.audit()["identical_scanpaths"].figures
    assert (figures["records"], figures["repeats"], figures["groups"]) == (2, 1, 1)
    assert (figures["records_with_durations"], figures["repeats_with_durations"]) == (0, 0)


def test_near_duplicates_leak_through_copies_of_their_own(copy: Any) -> None:
    """Train has a copy of the valid path that a test path is near to."""
    people = copy.of(name=copy.records[0]["name"], task=copy.records[0]["task"])
    for person, (split, shift) in zip(
        people, (("valid", 0.0), ("train", 0.0), ("test", 0.5)), strict=False
    ):
        look(people[3], person, shift=shift)
        person["split"] = split
    people[3]["split"] = "valid"
    figures = copy.audit()["near_duplicates"].figures
    assert figures["test_in_train"] == 1


# -- images


def missing_image(copy: Any) -> Found:
    named(copy, 0).unlink()
    return {"missing_images": "error"}


def broken_image(copy: Any) -> Found:
    file = named(copy, 1)
    file.write_bytes(file.read_bytes()[:2000])
    return {"unreadable_images": "error"}


def no_image(copy: Any) -> Found:
    named(copy, 1).write_text("<svg/>")
    return {"unreadable_images": "error"}


def outside_image(copy: Any) -> Found:
    (copy.root / "secret.png").write_bytes(named(copy, 0).read_bytes())
    for record in copy.of(name=copy.records[0]["name"]):
        record["name"] = "../secret.png"
    return {"unreadable_images": "error"}


def small_image(copy: Any) -> Found:
    file = named(copy, 2)
    with PIL.Image.open(file) as image:
        small = image.resize((100, 300))
    small.save(file)
    return {"image_sizes": "warning"}


def same_image(copy: Any) -> Found:
    one, other = names(copy, "train")[5:7]
    (copy.images / other).write_bytes((copy.images / one).read_bytes())
    return {"duplicate_images": "warning"}


def same_image_across_splits(copy: Any) -> Found:
    one, other = names(copy, "train")[5], names(copy, "test")[0]
    (copy.images / other).write_bytes((copy.images / one).read_bytes())
    return {"duplicate_images": "error"}


def recoded_image(copy: Any) -> Found:
    one, other = names(copy, "train")[5:7]
    with PIL.Image.open(copy.images / one) as image:
        smaller = image.convert("L").resize((image.width * 3 // 4, image.height * 3 // 4))
    smaller.save(copy.images / other, format="JPEG", quality=80)
    return {"similar_images": "warning"}


def names(copy: Any, split: str) -> list[str]:
    return list(dict.fromkeys(record["name"] for record in copy.of(split=split)))


def named(copy: Any, number: int) -> Path:
    return Path(copy.images / names(copy, "train")[number])


IMAGES = (
    missing_image, broken_image, no_image, outside_image, small_image, same_image,
    same_image_across_splits,
)  # fmt: skip


@pytest.mark.parametrize("plant", IMAGES, ids=lambda plant: plant.__name__)
def test_a_fault_of_images_is_found_and_nothing_else(
    copy: Any, plant: Callable[[Any], Found]
) -> None:
    expected = plant(copy)
    assert graver(copy, images=copy.images) == expected


def test_an_image_that_was_encoded_again_is_found(copy: Any) -> None:
    pytest.importorskip("imagehash", reason="needs the extra `audit`")
    expected = recoded_image(copy)
    assert graver(copy, images=copy.images) == expected
    one, other = sorted(names(copy, "train")[5:7])
    assert copy.audit(images=copy.images)["similar_images"].examples == (f"{one} ~ {other}",)


def test_without_the_extra_equal_files_are_still_found(
    copy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "imagehash", None)
    same_image(copy)
    audit = copy.audit(images=copy.images)
    assert audit["duplicate_images"].figures["images"] == 2
    assert audit["similar_images"].severity == "info"
    assert "pip install 'gazesearch[audit]'" in audit["similar_images"].found


def test_surplus_images_are_listed_and_no_fault(copy: Any) -> None:
    (copy.images / "more").mkdir()
    for name in ("more/x.PNG", "y.jpeg", "notes.txt"):
        (copy.images / name).write_bytes(b"whatever")
    audit = copy.audit(images=copy.images)
    assert audit["surplus_images"].examples == ("more/x.PNG", "y.jpeg")
    assert audit.at_least("warning") == ()


def test_an_image_that_is_turned_is_found_where_all_are_of_one_size(copy: Any) -> None:
    rng = np.random.default_rng(0)
    for name in {record["name"] for record in copy.records}:
        pixels = rng.integers(256, size=(240, 320), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(copy.images / name)
    turned = named(copy, 0)
    with PIL.Image.open(turned) as image:
        image.transpose(PIL.Image.Transpose.ROTATE_90).save(turned)
    audit = copy.audit(images=copy.images)
    assert audit["image_sizes"].examples == (f"{turned.name}: 240x320",)


def test_the_reason_of_a_broken_image_names_no_folder(copy: Any) -> None:
    no_image(copy)
    (example,) = copy.audit(images=copy.images)["unreadable_images"].examples
    assert example == f"{names(copy, 'train')[1]}: is neither a PNG nor a JPEG image"


# -- where a fault begins


@pytest.mark.parametrize(("shift", "pairs"), [(1.1, 1), (1.15, 0)])
def test_near_is_within_a_two_hundredth_of_the_shorter_side(
    copy: Any, shift: float, pairs: int
) -> None:
    source, target = two_findings(copy)
    look(source, target, shift=shift)
    item = copy.audit()["near_duplicates"]
    assert item.figures["pairs"] == pairs
    assert item.figures["limit_px"] == pytest.approx(1.12)
    assert "1.12 px" in item.found


def test_many_looks_at_the_rim_are_no_pile(copy: Any) -> None:
    """As many stand 1, 2, 3 and 4 px further in: somebody looked there."""
    for number, record in enumerate(copy.records[:75]):
        record["X"][2] = 223.0 - number % 5
    item = copy.audit()["border"]
    assert item.severity == "info"
    assert ("right", 15) in {row[:2] for row in item.table.rows}


@pytest.mark.parametrize("cut", [2, 3])
def test_two_fixations_in_common_are_no_stretch(copy: Any, cut: int) -> None:
    source, target = two_findings(copy)
    for field, rest in (("X", 3.0), ("Y", 3.0), ("T", 0.3)):
        target[field] = source[field][:cut] + [rest] * 2
    target["length"] = cut + 2
    assert copy.audit()["shared_stretches"].figures["records"] == (0 if cut == 2 else 2)
