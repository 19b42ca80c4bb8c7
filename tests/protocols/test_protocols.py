"""Protocols: the records they choose, what their digest stands for, files that pin them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gazesearch
from gazesearch import Scanpaths, protocols
from gazesearch.errors import BadSetting, DataError, UnknownName, UnreadableFile
from gazesearch.scanpaths import DatasetInfo
from gazesearch.scanpaths.columns import objects

FINDINGS = ("edema", "fracture", "pneumonia")


def table(seed: int = 0, *, images: int = 60, split: bool = True) -> Scanpaths:
    """Records of some findings on each image; the released kind of split, which shares images."""
    rng = np.random.default_rng(seed)
    keys = [
        (f"{image}.jpg", finding)
        for image in range(images)
        for finding in FINDINGS
        if rng.random() < 0.6
    ]
    return Scanpaths.of(
        [rng.uniform(0, [224, 224, 1], (4, 3)) for _ in keys],
        image=[image for image, _ in keys],
        finding=[finding for _, finding in keys],
        split=rng.choice(["train", "valid", "test"], len(keys)).tolist() if split else None,
        screen_size=(224, 224),
    )


def images_of(paths: Scanpaths, part: str) -> set[str]:
    return set(paths.where(split=part).image)


# -- what they choose


def test_official_is_the_split_as_released() -> None:
    paths = table()
    applied = protocols.official(paths).applied(paths)
    assert applied == paths


def test_unseen_images_scores_no_image_of_train() -> None:
    paths = table()
    applied = protocols.unseen_images(paths).applied(paths)
    assert not images_of(applied, "test") & images_of(applied, "train")
    assert applied.where(split="train") == paths.where(split="train")
    dropped = set(paths.where(split="test").image) - images_of(applied, "test")
    assert dropped <= images_of(paths, "train")


@given(seed=st.integers(0, 10), shuffle=st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_image_disjoint_shares_no_image_and_loses_no_record(seed: int, shuffle: int) -> None:
    paths = table(1)
    mixed = paths[np.random.default_rng(shuffle).permutation(len(paths))]
    made = protocols.image_disjoint(mixed, seed=seed)
    parts = [images_of(made.applied(paths), part) for part in protocols.PARTS]
    assert sum(map(len, parts)) == len(set(paths.image))
    assert len(made.applied(paths)) == len(paths)
    # The order of the file decides nothing.
    assert made.digest == protocols.image_disjoint(paths, seed=seed).digest


def test_image_disjoint_is_stratified_and_depends_on_the_seed() -> None:
    paths = table(2, images=300)
    made = protocols.image_disjoint(paths)
    counts = made.counts()
    for finding in FINDINGS:
        everything = sum(counts[part][finding] for part in protocols.PARTS)
        assert counts["test"][finding] == pytest.approx(0.1 * everything, abs=2)
        assert counts["valid"][finding] == pytest.approx(0.1 * everything, abs=2)
    assert made.digest != protocols.image_disjoint(paths, seed=1).digest


def test_patients_stay_together() -> None:
    paths = table(3)
    patients = {f"{image}.jpg": f"p{image // 4}" for image in range(60)}
    applied = protocols.image_disjoint(paths, patients=patients).applied(paths)
    parts = [
        {patients[image] for image in images_of(applied, part)}
        for part in ("train", "valid", "test")
    ]
    assert sum(map(len, parts)) == len(set().union(*parts))
    del patients["7.jpg"]
    with pytest.raises(DataError, match=r"image 7\.jpg has no patient"):
        protocols.image_disjoint(paths, patients=patients)


def test_folds_score_every_record_once() -> None:
    paths = table(4)
    made = protocols.folds(paths, 5)
    scored = [record for fold in made for record in fold.records["test"]]
    assert sorted(map(repr, scored)) == sorted(map(repr, protocols.record_ids(paths)))
    assert len({fold.digest for fold in made}) == 5
    for fold in made:
        applied = fold.applied(paths)
        assert not images_of(applied, "test") & images_of(applied, "train")
        assert not images_of(applied, "valid") & images_of(applied, "train")
    with pytest.raises(BadSetting, match="must be 3 or more"):
        protocols.folds(paths, 2)


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(DataError, match="take image-disjoint instead"):
        protocols.get("official", table(split=False))
    with pytest.raises(UnknownName, match="did you mean official"):
        protocols.find("offical", table())
    with pytest.raises(UnknownName, match="unknown protocol 'aaa"):
        protocols.find("a" * 5000, table())
    with pytest.raises(UnreadableFile, match="no such file"):
        protocols.find("mine.json", table())
    with pytest.raises(BadSetting, match="too few for 3 parts"):
        protocols.image_disjoint(table()[:1])
    seen = table()
    everywhere = seen.with_parts(
        seen.fixations,
        seen.offsets,
        columns=seen.columns.replaced("name", ["one.jpg"] * len(seen)),
        integers=seen.integers,
    )
    with pytest.raises(DataError, match="nothing is left to score"):
        protocols.unseen_images(everywhere)


def test_records_that_repeat_are_kept_apart_by_content_and_number() -> None:
    look, other = [[1, 2], [3, 4]], [[5, 6]]
    twice = Scanpaths.of(
        [look, other, look],
        image=["a.jpg"] * 3,
        finding="edema",
        split=["train", "test", "test"],
        screen_size=(224, 224),
    )
    applied = protocols.official(twice).applied(twice)
    assert applied.split.tolist() == ["train", "test", "test"]


# -- what the digest stands for


def test_the_digest_knows_records_rules_and_fixations_but_not_the_name() -> None:
    paths = table()
    made = protocols.official(paths)
    assert replace(made, name="mine", version=3, about="x", metrics=("dtw",)).digest == made.digest
    assert protocols.official(paths, first_fixation="prepend").digest != made.digest
    assert protocols.official(paths[1:]).digest != made.digest
    moved = paths.fixations.copy()
    moved[0, 0] += 1e-9
    other = paths.with_parts(moved, paths.offsets, columns=paths.columns, integers=paths.integers)
    assert protocols.official(other).digest != made.digest
    with pytest.raises(DataError, match="its fixations, screen or target box differ"):
        made.applied(other)
    with pytest.raises(DataError, match="not in these annotations"):
        made.applied(paths[1:])


def test_the_digest_knows_target_boxes() -> None:
    looks = [[[1, 2], [3, 4]]]
    one, two = (
        Scanpaths.of(
            looks,
            image=["a.jpg"],
            finding="edema",
            split=["test"],
            target_boxes=[[0, 0, side, 10]],
            screen_size=(224, 224),
        )
        for side in (10, 11)
    )
    assert protocols.official(one).digest != protocols.official(two).digest


def test_the_digest_is_that_of_every_file_format(tmp_path: Path) -> None:
    paths = table()
    digests = set()
    for ending in ("json", "parquet", "csv"):
        gazesearch.write_scanpaths(paths, tmp_path / f"a.{ending}")
        read = gazesearch.read_scanpaths(tmp_path / f"a.{ending}", dataset=paths.info)
        digests.add(protocols.official(read).digest)
    assert digests == {protocols.official(paths).digest}


def test_the_digests_of_the_released_file(annotations: Scanpaths) -> None:
    """Whoever quotes one of these names scored exactly these records by these rules."""
    digests = {name: protocols.get(name, annotations).digest[:19] for name in protocols.names()}
    assert digests == {
        "official": "sha256:7393dad990c5",
        "unseen-images": "sha256:c96ee4cbf722",
        "image-disjoint": "sha256:6b089c771877",
    }
    assert len(protocols.unseen_images(annotations).records["test"]) == 122


# -- files


def test_an_exported_protocol_comes_back(tmp_path: Path) -> None:
    paths = table()
    made = protocols.image_disjoint(paths, seed=3)
    file = tmp_path / "pinned.json"
    protocols.write_protocol(made, file)
    assert protocols.read_protocol(file) == made
    assert protocols.find(file, paths).digest == made.digest
    assert json.loads(file.read_text())["digest"] == made.digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"0.jpg"', '"00.jpg"', "altered"),
        ('"as-recorded"', '"replace"', "altered"),
        ('"as-recorded"', '"recorded"', "is no rule"),
        ('"gazesearch protocol 1"', '"gazesearch protocol 2"', "is not"),
        ('"about"', '"abuot"', "'about' is missing"),
        ('"version": 1', '"version": "1"', "no whole number"),
        ("{", "", "not a protocol"),
        ('"edema", null', '"edema", [null]', "neither number nor text"),
        ('"valid": [', '"exam": [', "its parts must be"),
        ('"0.jpg"', '"0\\n.jpg"', "is no .image, finding"),
        ("224,", f"1{'0' * 400},", "screen_size"),
        ('"screen_size": [', '"screen_size": [1, ', "not a protocol"),
        ('"metrics": [', '"metrics": "dtw", "other": [', "metrics: must be a list of names"),
    ],
)
def test_an_altered_file_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "pinned.json"
    protocols.write_protocol(protocols.official(table()), file)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=said) as caught:
        protocols.read_protocol(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (DatasetInfo(name="unnamed", screen_size=(448, 448)), "frame 224x224.*frame 448x448"),
        (DatasetInfo(name="theirs", screen_size=(224, 224)), "made from unnamed.*read as theirs"),
    ],
)
def test_a_protocol_holds_for_its_dataset_in_its_frame(dataset: DatasetInfo, said: str) -> None:
    """The same coordinates on another screen score otherwise: never under the same digest."""
    paths = table()
    other = Scanpaths.of(
        [path.fixations for path in paths],
        image=paths.image.tolist(),
        finding=paths.finding.tolist(),
        split=paths.split.tolist(),
        info=dataset,
    )
    with pytest.raises(DataError, match=said):
        gazesearch.evaluate(other, other, protocol=protocols.official(paths))


# -- results carry them


def test_a_result_carries_its_protocol(tmp_path: Path) -> None:
    paths = table()
    scores = gazesearch.evaluate(paths, paths, protocol="unseen-images")
    assert scores.protocol == protocols.unseen_images(paths).stamp
    assert scores.counts.scored == len(protocols.unseen_images(paths).records["test"])
    assert {metric.name for metric in scores.metrics} == set(protocols.METRICS)
    assert "unseen-images v1" in scores.to_table()
    stated = json.loads(scores.to_json())["protocol"]
    assert stated["digest"] == scores.protocol.digest
    chosen = gazesearch.evaluate(paths, paths, protocol="official", metrics=["dtw"])
    assert [metric.name for metric in chosen.metrics] == ["dtw"]


def test_the_same_records_chosen_by_hand_have_the_same_digest() -> None:
    paths = table()
    by_hand = gazesearch.evaluate(paths, paths, split="test", metrics=["dtw"])
    assert by_hand.protocol.name is None
    assert by_hand.protocol.digest == protocols.official(paths).digest
    valid = gazesearch.evaluate(paths, paths, split="valid", metrics=["dtw"])
    everything = gazesearch.evaluate(paths, paths, split="all", metrics=["dtw"])
    digests = {s.protocol.digest for s in (by_hand, valid, everything)}
    assert len(digests) == 3


def test_a_protocol_and_a_split_are_one_too_many() -> None:
    paths = table()
    for settings_ in ({"split": "test"}, {"first_fixation": "replace"}):
        with pytest.raises(BadSetting, match="leave out --split and --first-fixation"):
            gazesearch.evaluate(paths, paths, protocol="official", **settings_)


def test_the_rule_of_the_protocol_is_used() -> None:
    paths = table()
    at_centre = paths.with_parts(
        paths.fixations,
        paths.offsets,
        columns=paths.columns.replaced("split", objects(paths.split)),
        integers=paths.integers,
    )
    pinned = protocols.official(at_centre, first_fixation="replace")
    scores = gazesearch.evaluate(at_centre, at_centre, protocol=pinned, metrics=["dtw"])
    assert scores.first_fixation == "replace"
    assert scores.summary("dtw").mean > 0  # the recorded starts are not at the centre
