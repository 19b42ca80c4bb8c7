"""`gazesearch publish`: card, metadata and digests in a staging folder, and the whole way."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest
from hub import Hub
from hub_uploads import add_uploads, asked_from_here

from gazesearch import Scanpaths, audit_dataset, load_dataset
from gazesearch.access.card import card
from gazesearch.access.card_pictures import write_pictures
from gazesearch.access.publish import Published, publish
from gazesearch.access.release_file import Release, read_release
from gazesearch.datasets.phantom import write_phantom
from gazesearch.errors import BadSetting, DataError, HubError, MissingExtra

RELEASE = Path(__file__).with_name("release.toml").read_text("utf-8")
TOKEN = "hf_neverToBeShown"
HOSTILE = "<img src=x onerror=alert(1)>|**a**\x1b[31m\u202e[b](javascript:c)\n# d"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import mlcroissant
    except ImportError:
        mlcroissant = None
needs_mlcroissant = pytest.mark.skipif(
    mlcroissant is None, reason="mlcroissant is not installed: pip install 'gazesearch[hub]'"
)
quietly = pytest.mark.filterwarnings("ignore")  # mlcroissant and rdflib warn of themselves


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom in the published layout, with its `release.toml`."""
    root = tmp_path_factory.mktemp("publish") / "dataset"
    write_phantom(root, images=6, observers=2, rng=0)
    (root / "release.toml").write_text(RELEASE)
    return root


@pytest.fixture(scope="module")
def made(root: Path) -> Published:
    """A dry run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return publish(root, dry_run=True)


@pytest.fixture
def release(root: Path) -> Release:
    return read_release(root)


def cli(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gazesearch.cli", "publish", *map(str, words)],
        env={**os.environ, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


# -- what is staged


@needs_mlcroissant
def test_a_dry_run_writes_everything_and_uploads_nothing(made: Published, root: Path) -> None:
    assert made.uploaded is None
    staged = made.staged
    there = {f.relative_to(staged.root).as_posix() for f in staged.root.rglob("*") if f.is_file()}
    assert there - {".gazesearch-staging"} == set(staged.files)
    assert "release.toml" not in there
    originals = [f for f in root.rglob("*") if f.is_file() and f.name != "release.toml"]
    for file in originals:
        assert (staged.root / file.relative_to(root)).read_bytes() == file.read_bytes()
    assert "dry run: nothing was uploaded" in made.to_table()


@needs_mlcroissant
def test_every_file_but_the_metadata_is_in_the_digests(made: Published) -> None:
    lines = (made.staged.root / "SHA256SUMS").read_text().splitlines()
    told = {name: sha256 for sha256, name in (line.split("  ", 1) for line in lines)}
    assert set(told) == set(made.staged.files) - {"SHA256SUMS", "croissant.json"}
    for name, sha256 in told.items():
        assert hashlib.sha256((made.staged.root / name).read_bytes()).hexdigest() == sha256


@needs_mlcroissant
def test_parquet_holds_the_records_of_each_split(made: Published, root: Path) -> None:
    import gazesearch

    paths = load_dataset(root).scanpaths
    parts = [
        gazesearch.read_scanpaths(file)
        for file in sorted((made.staged.root / "data").glob("*.parquet"))
    ]
    assert sum(map(len, parts)) == len(paths)
    assert all(len(set(part.split)) == 1 for part in parts)


@needs_mlcroissant
def test_the_card_is_what_the_hubs_client_reads(made: Published, release: Release) -> None:
    read = huggingface_hub.DatasetCard.load(made.staged.root / "README.md")
    told = read.data.to_dict()
    assert told["extra_gated_prompt"] == release.gate.conditions.strip()
    assert told["extra_gated_fields"] == {
        "Full name": "text",
        "Country": "country",
        "Purpose": {"type": "select", "options": ["research", "teaching"]},
        "I will not redistribute the images": "checkbox",
    }
    assert told["license"] == ["mit", "other"]
    assert told["license_by_part"]["annotations"] == "mit"
    for one in told["configs"][0]["data_files"]:
        assert (made.staged.root / one["path"]).is_file()
    rows = sum(split["num_examples"] for split in told["dataset_info"]["splits"])
    assert f"{rows} records of 6 images" in read.text
    pictures = re.findall(r"\]\((pictures/\S+)\)", read.text)
    assert len(pictures) == 3
    assert all((made.staged.root / name).is_file() for name in pictures)


@quietly
@needs_mlcroissant
def test_the_metadata_are_croissant_and_their_records_can_be_read(
    made: Published, root: Path
) -> None:
    described = mlcroissant.Dataset(jsonld=str(made.staged.root / "croissant.json"))
    assert described.metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    assert not described.metadata.ctx.issues.errors
    assert described.metadata.data_limitations == ["No person looked at anything."]
    names = [record_set.uuid for record_set in described.metadata.record_sets]
    rows = [row for name in names for row in described.records(name)]
    assert len(rows) == len(load_dataset(root).scanpaths)


@quietly
@needs_mlcroissant
def test_metadata_that_are_no_croissant_are_refused(made: Published, tmp_path: Path) -> None:
    from gazesearch.access.croissant import validate

    told = json.loads((made.staged.root / "croissant.json").read_text())
    del told["distribution"][1]["encodingFormat"]
    (tmp_path / "croissant.json").write_text(json.dumps(told))
    with pytest.raises(DataError, match="mlcroissant refuses it") as raised:
        validate(tmp_path / "croissant.json")
    assert "\n" not in str(raised.value)


@needs_mlcroissant
def test_no_folder_but_a_staging_folder_is_replaced(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(BadSetting, match="is no staging folder"):
        publish(root, dry_run=True, staging=tmp_path)
    with pytest.raises(BadSetting, match="must be outside"):
        publish(root, dry_run=True, staging=root / "staging")
    assert (tmp_path / "mine").read_text() == "kept"


# -- the card


def carded(release: Release, paths: Scanpaths) -> str:
    return card(
        release,
        audit_dataset(paths),
        splits={"all": (len(paths), 1, 1)},
        sizes={part.path: (1, 1) for part in release.part},
        pictures={},
        repo="lab/phantom",
    )


def test_hostile_texts_are_shown_harmlessly(release: Release) -> None:
    look = [[112, 112], [60, 64], [80, 90]]
    paths = Scanpaths.of([look, look], image=["a", "b"], finding=HOSTILE, screen_size=(224, 224))
    part = replace(release.part[0], provenance=HOSTILE)
    about = replace(release.dataset, title=HOSTILE, authors=(HOSTILE,), description="<script>x")
    text = carded(replace(release, dataset=about, part=(part, release.part[1])), paths)
    body = text.split("\n---\n", 1)[1]
    assert "<img" not in body
    assert "<script" not in body
    assert "](javascript" not in body
    assert "\n# d" not in body
    assert all(c.isprintable() or c == "\n" for c in body)
    assert huggingface_hub.DatasetCard(text).data.to_dict()["pretty_name"] == HOSTILE


def test_a_question_that_is_yaml_stays_a_question(release: Release) -> None:
    gate = replace(release.gate, fields={"a: [b\n---\nlicense: x": "text"})
    paths = Scanpaths.of([[[1, 2]]], image=["a"], finding="edema", screen_size=(224, 224))
    text = carded(replace(release, gate=gate), paths)
    told = huggingface_hub.DatasetCard(text).data.to_dict()
    assert told["license"] == ["mit", "other"]
    assert told["extra_gated_fields"] == gate.fields


def test_pictures_hold_no_pixel_of_an_image(root: Path, tmp_path: Path) -> None:
    paths = load_dataset(root).scanpaths
    audit = audit_dataset(paths)
    (tmp_path / "with").mkdir()
    hidden = root / "images"
    write_pictures(audit, paths, tmp_path / "with")
    moved = hidden.rename(root / "hidden")
    try:
        write_pictures(audit, paths, tmp_path / "without")
    finally:
        moved.rename(hidden)
    pictures = sorted((tmp_path / "with" / "pictures").iterdir())
    assert [file.name for file in pictures] == ["fixations.png", "places.png", "records.png"]
    for file in pictures:
        assert file.read_bytes() == (tmp_path / "without" / "pictures" / file.name).read_bytes()
        assert b"tEXt" not in file.read_bytes()


# -- as a user runs it


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub.utils import close_session

    with Hub() as hub:
        add_uploads(hub)
        hub.add_user("lab", token=TOKEN)
        asked_from_here(hub, token=TOKEN, folder=tmp_path, monkeypatch=monkeypatch)
        yield hub
        close_session()


@quietly
@needs_mlcroissant
def test_the_whole_way_with_a_fault_in_the_middle(hub: Hub, root: Path, tmp_path: Path) -> None:
    hub.fail("status", path="^/lfs/[0-9a-f]", skip=3, status=403)
    staging = tmp_path / "staging"
    with pytest.raises(HubError, match="lab/phantom: not published"):
        publish(root, repo="lab/phantom", staging=staging)
    assert set(hub.state.repos["lab/phantom"].files) == {".gitattributes"}
    done = publish(root, repo="lab/phantom", staging=staging)
    assert "private: look at it" in done.to_table()
    held = hub.state.repos["lab/phantom"]
    staged = {name: (staging / name).read_bytes() for name in done.staged.files}
    assert {n: c for n, c in held.files.items() if n != ".gitattributes"} == staged
    assert held.gated == "manual"
    assert len(hub.state.extra["uploads"].commits) == 1
    assert not [name for name, data in staged.items() if TOKEN.encode() in data]


def test_a_violation_ends_with_status_1_and_asks_the_hub_nothing(
    hub: Hub, root: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "dataset"))
    (copy / "images" / "reading of Grete Leserin.txt").write_text("x")
    found = cli(copy, "--repo", "lab/phantom", HF_ENDPOINT=hub.endpoint)
    assert found.returncode == 1
    assert "unlisted" in found.stderr
    assert "nothing was uploaded" in found.stderr
    assert hub.state.calls == []
    assert not (tmp_path / "dataset.release").exists()


def test_what_is_no_repository_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="must be owner/name"):
        publish(root, repo="phantom", dry_run=True, staging=tmp_path / "staging")
    assert not (tmp_path / "staging").exists()


def test_without_mlcroissant_nothing_is_published(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlcroissant", None)  # as if it were not installed
    with pytest.raises(MissingExtra, match=r"gazesearch\[hub\]"):
        publish(root, dry_run=True, staging=tmp_path / "staging")
    assert not (tmp_path / "staging").exists()
