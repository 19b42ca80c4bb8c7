"""`download`: the published layout, whole and right whatever the hub and the disk do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hub import Hub
from huggingface_hub.errors import HFValidationError

from gazesearch import load_dataset
from gazesearch.access import Downloaded, download, fetch, find_release
from gazesearch.access.hub import trouble_of
from gazesearch.errors import BadSetting, DataError, HubError, UnknownName, UnreadableFile
from gazesearch.receipts import Receipt

TOKEN = "hf_neverToBeShown"
CHECKPOINT = "checkpoints/ckp_29999.pt"


def get(folder: Path, **settings: Any) -> Downloaded:
    release = find_release()
    return download(release, folder, accepted=release.conditions, **settings)


def wrong(folder: Path, dataset: SimpleNamespace) -> list[str]:
    """Files that have a final name and not the bytes that belong there."""
    found = {path: folder / path for path in dataset.files if (folder / path).exists()}
    return [path for path, file in found.items() if file.read_bytes() != dataset.files[path]]


def arrived(folder: Path, dataset: SimpleNamespace) -> set[str]:
    return {path for path in dataset.files if (folder / path).exists()}


def test_the_published_layout_arrives_and_opens(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path
) -> None:
    done = get(tmp_path / "data")
    held = {p.relative_to(tmp_path / "data").as_posix() for p in (tmp_path / "data").rglob("*.*")}
    ours = {"gazesearch-receipt.json", "images/NOTICE.txt", "images/.gitignore"}
    assert held == dataset.files.keys() | ours
    assert not wrong(tmp_path / "data", dataset)
    assert done.fetched == len(dataset.files)
    opened = load_dataset(tmp_path / "data")
    assert opened.scanpaths.image.tolist() == ["a.jpg", "b.jpg", "c.jpg"]
    assert opened.image("a.jpg").read_bytes() == dataset.files["images/a.jpg"]
    assert list(opened.checkpoints) == ["ckp_29999.pt"]


def test_the_receipt_tells_what_was_accepted_and_what_came(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path
) -> None:
    dataset.repo.card["extra_gated_prompt"] = "Only at night.\x1b[2J\u202e"
    get(tmp_path)
    receipt = Receipt.read(tmp_path)
    assert receipt.revision == dataset.repo.sha
    assert "I will not redistribute the images" in receipt.conditions
    assert receipt.conditions.endswith("Only at night.\\x1b[2J\\u202e\n")
    digests = {file.path: file.digest for file in receipt.files}
    assert digests[CHECKPOINT] == f"sha256:{dataset.repo.entry(CHECKPOINT)['lfs']['oid']}"
    assert digests["images/a.jpg"] == f"git-sha1:{dataset.repo.entry('images/a.jpg')['oid']}"


def test_images_are_kept_away_from_git(hub: Hub, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    get(tmp_path / "data")
    listed = subprocess.run(
        ["git", "-C", tmp_path, "status", "--porcelain", "--untracked-files=all"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "annotations/paths.json" in listed
    assert "images" not in listed
    assert "must not be redistributed" in (tmp_path / "data/images/NOTICE.txt").read_text()


@pytest.mark.parametrize("path", ["/images/b.jpg", "/storage/.*ckp"])
@pytest.mark.parametrize("kind", ["wrong", "short", "long", "cut", "drop", "status"])
def test_one_fault_is_mended_unseen(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path, kind: str, path: str
) -> None:
    hub.fail(kind, path=path, method="GET")
    get(tmp_path)
    assert not wrong(tmp_path, dataset)
    assert arrived(tmp_path, dataset) == dataset.files.keys()
    assert not (tmp_path / fetch.WORKSHOP).exists()


LASTING = [
    pytest.param("wrong", {}, "arrived damaged .*other bytes.*again", id="wrong bytes"),
    pytest.param("short", {}, "arrived damaged .*again", id="wrong length"),
    pytest.param("drop", {}, "cut off .*check the connection", id="cut off"),
    pytest.param("status", {"status": 500}, r"fault of its own \(status 500\).*later", id="500"),
    pytest.param("status", {"status": 401}, "refuses the login: log in again", id="401"),
    pytest.param("status", {"status": 403}, "not granted.*access check", id="403"),
    pytest.param("status", {"status": 404}, "no dataset", id="404"),
    pytest.param(
        "status", {"status": 429, "headers": {"Retry-After": "3"}}, "to wait .429.*again", id="429"
    ),
]


@pytest.mark.parametrize(("kind", "settings", "line"), LASTING)
def test_a_lasting_fault_is_one_line_and_the_next_run_goes_on(
    hub: Hub,
    dataset: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    settings: dict[str, Any],
    line: str,
) -> None:
    monkeypatch.setattr(fetch, "PAUSE_S", 0.0)
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)  # the client's own pauses, of 20 s in all
    fault = hub.fail(kind, path="/images/b.jpg", method="GET", times=99, **settings)
    with pytest.raises(HubError, match=line) as raised:
        get(tmp_path)
    assert str(raised.value).startswith("images/b.jpg: ")
    assert "\n" not in str(raised.value)
    assert not wrong(tmp_path, dataset)
    there = arrived(tmp_path, dataset)
    assert "images/b.jpg" not in there
    if "headers" in settings:
        pauses = [seconds for seconds in waited if seconds > 0.05]  # file locks poll more often
        assert pauses
        assert min(pauses) >= 3.0
    fault.times = 0
    assert get(tmp_path).fetched == len(dataset.files) - len(there)
    assert not wrong(tmp_path, dataset)
    assert arrived(tmp_path, dataset) == dataset.files.keys()


def test_a_large_file_goes_on_where_it_broke_off(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LARGE", 100_000)
    monkeypatch.setattr(fetch, "_BLOCK", 100_000)
    hub.fail("status", status=403, path="/storage/.*ckp", skip=3)
    with pytest.raises(HubError):
        get(tmp_path, only=["checkpoints"])
    hub.state.calls.clear()
    get(tmp_path, only=["checkpoints"])
    ranges = [c.headers["Range"] for c in hub.state.calls if c.on_cdn]
    assert not [c for c in hub.state.calls if c.on_cdn and "Authorization" in c.headers]
    assert ranges == ["bytes=300000-399999", "bytes=400000-499999", "bytes=500000-511999"]
    assert not wrong(tmp_path, dataset)


def test_what_the_hub_says_of_a_large_file_is_asked_for_again_if_it_arrives_damaged(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LARGE", 100_000)
    release = find_release()
    fault = hub.fail("short", path="/api/datasets/[^/]+/GazeSearch/revision/")
    download(release, tmp_path, accepted=release.conditions, only=["checkpoints"])
    assert fault.times == 0
    assert not wrong(tmp_path, dataset)
    assert arrived(tmp_path, dataset) == {CHECKPOINT}


@pytest.mark.parametrize(
    "error", [HFValidationError("no id"), UnicodeEncodeError("ascii", "ä", 0, 1, "no ASCII")]
)
def test_a_fault_of_what_is_asked_for_is_no_damage(error: ValueError) -> None:
    trouble = trouble_of(error)
    assert (trouble.kind, trouble.again) == ("other", False)


def test_a_place_that_cannot_be_written_to_is_one_line(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path
) -> None:
    (tmp_path / "checkpoints").write_text("a file, where a folder belongs")
    with pytest.raises(HubError, match=f"{CHECKPOINT}: .*File exists") as raised:
        get(tmp_path, only=["checkpoints"])
    assert "\n" not in str(raised.value)


def test_a_damaged_half_of_a_large_file_is_thrown_away(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LARGE", 100_000)
    sha256 = dataset.repo.entry(CHECKPOINT)["lfs"]["oid"]
    half = tmp_path / fetch.WORKSHOP / "parts" / f"{sha256}.part"
    half.parent.mkdir(parents=True)
    for content in (b"other bytes", bytes(600_000)):
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(content)
        get(tmp_path, only=["checkpoints"])
        assert not wrong(tmp_path, dataset)
        (tmp_path / CHECKPOINT).unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_download_leaves_nothing_wrong_and_goes_on(
    hub: Hub, dataset: SimpleNamespace, environment: dict[str, str], tmp_path: Path
) -> None:
    hub.fail("slow", seconds=60, path="/images/b.jpg", method="GET")
    command = [sys.executable, "-m", "gazesearch.cli", "download", "--to", str(tmp_path / "data")]
    with subprocess.Popen(
        [*command, "--i-accept-the-conditions"], env=environment, stderr=subprocess.DEVNULL
    ) as process:
        while not arrived(tmp_path / "data", dataset) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not wrong(tmp_path / "data", dataset)
    assert "images/b.jpg" not in arrived(tmp_path / "data", dataset)
    get(tmp_path / "data")
    assert not wrong(tmp_path / "data", dataset)
    assert arrived(tmp_path / "data", dataset) == dataset.files.keys()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on the size of files")
def test_no_room_while_files_arrive_is_one_line(
    hub: Hub, dataset: SimpleNamespace, environment: dict[str, str], tmp_path: Path
) -> None:
    limited = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from gazesearch.cli import main\n"
        "sys.argv[0] = 'gazesearch'\n"
        "main()"
    )
    words = ["download", "--i-accept-the-conditions", "--to", str(tmp_path / "data")]
    done = subprocess.run(
        [sys.executable, "-c", limited, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    last = done.stderr.rstrip().splitlines()[-1]
    assert last.startswith(f"gazesearch: {CHECKPOINT}: no room on the disk")
    assert "make room and run the same command again" in last
    assert not wrong(tmp_path / "data", dataset)
    assert get(tmp_path / "data").fetched >= 1
    assert arrived(tmp_path / "data", dataset) == dataset.files.keys()


def test_the_disk_is_looked_at_before_a_byte_is_asked_for(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = find_release()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    hub.state.calls.clear()
    with pytest.raises(
        UnreadableFile, match="needs 17,301,.* bytes, 1,000,000 are free: make room"
    ):
        download(release, tmp_path, accepted=release.conditions)
    assert not hub.state.calls


def test_nothing_comes_before_the_conditions_are_accepted(hub: Hub, tmp_path: Path) -> None:
    release = find_release()
    with pytest.raises(BadSetting, match="not accepted"):
        download(release, tmp_path / "data", accepted="yes")
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("answer", ["y", "n"])
def test_the_conditions_are_shown_and_asked_for(
    hub: Hub, environment: dict[str, str], tmp_path: Path, answer: str
) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "gazesearch.cli", "download", "--to", str(tmp_path / "data")]
    with subprocess.Popen(
        command, env=environment, stdin=theirs, stderr=subprocess.PIPE, text=True
    ) as process:
        os.write(ours, f"{answer}\n".encode())
        said = process.communicate()[1]
    os.close(ours)
    os.close(theirs)
    assert "I will not redistribute the images" in said
    assert process.returncode == (0 if answer == "y" else 2)
    assert (tmp_path / "data").exists() == (answer == "y")


def test_parts_come_one_after_the_other(hub: Hub, dataset: SimpleNamespace, tmp_path: Path) -> None:
    get(tmp_path, only=["annotations"])
    assert arrived(tmp_path, dataset) == {"annotations/paths.json"}
    assert not (tmp_path / "images").exists()
    get(tmp_path, only=["images", "checkpoints"])
    receipt = Receipt.read(tmp_path)
    assert receipt.parts == ("annotations", "images", "checkpoints")
    assert {file.path for file in receipt.files} == dataset.files.keys()
    with pytest.raises(UnknownName, match="did you mean images"):
        get(tmp_path, only=["image"])


def test_two_revisions_are_never_mixed(hub: Hub, dataset: SimpleNamespace, tmp_path: Path) -> None:
    get(tmp_path)
    dataset.repo.files["annotations/paths.json"] += b"\n"
    dataset.repo.touch()
    with pytest.raises(DataError, match="of revision .* and this is .*leave --only out"):
        get(tmp_path, only=["annotations"])
    assert get(tmp_path).fetched == 1
    assert (tmp_path / "annotations/paths.json").read_bytes().endswith(b"\n")


def test_what_the_user_changed_is_not_replaced(hub: Hub, tmp_path: Path) -> None:
    get(tmp_path)
    (tmp_path / "annotations/paths.json").write_text("[] of mine")
    with pytest.raises(DataError, match=r"annotations/paths.json: not what the hub holds"):
        get(tmp_path)
    assert (tmp_path / "annotations/paths.json").read_text() == "[] of mine"


@pytest.mark.parametrize("name", ["images/../../x.jpg", "images/a\\b.jpg", "images/a\x1b.jpg"])
def test_names_that_lead_elsewhere_are_refused(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path, name: str
) -> None:
    dataset.repo.files[name] = b"x"
    dataset.repo.touch()
    with pytest.raises(DataError, match="no safe name"):
        get(tmp_path / "data")
    assert list(tmp_path.rglob("*.jpg")) == []


def test_the_token_goes_to_the_hub_alone_and_is_written_nowhere(
    hub: Hub, run: Any, tmp_path: Path
) -> None:
    hub.fail("status", status=403, path="/images/b.jpg", skip=1)
    said = ""
    for debug in ("1", "0"):
        done = run("download", "--i-accept-the-conditions", GAZESEARCH_DEBUG=debug)
        said += done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Traceback" in said
    assert TOKEN not in said
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) > 8
    assert not [file for file in files if TOKEN.encode() in file.read_bytes()]
    assert not [c for c in hub.state.calls if c.on_cdn and "Authorization" in c.headers]
    assert [c for c in hub.state.calls if c.on_cdn]


def test_a_second_download_into_the_folder_is_refused_while_one_is_at_work(
    hub: Hub, dataset: SimpleNamespace, tmp_path: Path
) -> None:
    refused: list[str] = []

    def again(_text: str, _done: float) -> None:
        with pytest.raises(BadSetting, match="another download into it is at work") as raised:
            get(tmp_path)
        refused.append(str(raised.value))

    get(tmp_path, progress=again)
    assert refused
    assert not wrong(tmp_path, dataset)
    assert arrived(tmp_path, dataset) == dataset.files.keys()
    assert not (tmp_path / fetch.WORKSHOP).exists()
    assert get(tmp_path).kept == len(dataset.files)


def test_a_download_that_is_refused_leaves_nothing_behind(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/paths.json").write_text("mine")
    with pytest.raises(DataError, match="not what the hub holds"):
        get(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["annotations"]


HOSTILE = [
    pytest.param("images/a.jpg", {"size": -1}, id="a size below nothing"),
    pytest.param("images/a.jpg", {"size": "9"}, id="a size that is a text"),
    pytest.param("images/a.jpg", {"oid": "../" * 9 + "evil"}, id="a name that leads elsewhere"),
    pytest.param(
        CHECKPOINT, {"lfs": {"oid": "/tmp/evil", "size": 2**26, "pointerSize": 1}}, id="a path"
    ),
]


@pytest.mark.parametrize(("path", "said"), HOSTILE)
def test_a_list_without_sizes_and_digests_is_refused(
    hub: Hub, dataset: SimpleNamespace, path: str, said: dict[str, Any]
) -> None:
    dataset.repo.entry(path).update(said)
    with pytest.raises(DataError, match=f"{path}: the hub lists no size and digest"):
        find_release()


def test_a_revision_that_is_no_commit_is_refused(hub: Hub, dataset: SimpleNamespace) -> None:
    dataset.repo.sha = "\x1b[2J"
    with pytest.raises(DataError, match="names no commit of it"):
        find_release()


@pytest.mark.parametrize("path", ["/api/datasets/[^/]+/GazeSearch$", "/tree/"])
@pytest.mark.parametrize("kind", ["short", "cut", "drop", "status"])
def test_a_list_that_arrives_badly_is_asked_for_again(
    hub: Hub, dataset: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, kind: str, path: str
) -> None:
    monkeypatch.setattr("gazesearch.access.hub.PAUSE_S", 0.0)
    hub.fail(kind, path=path, at=0.3)
    assert {file.path for file in find_release().files} == dataset.files.keys()


def test_a_list_that_never_arrives_is_one_line(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gazesearch.access.hub.PAUSE_S", 0.0)
    hub.fail("short", path="/api/datasets/", at=0.3, times=99)
    with pytest.raises(HubError, match="arrived damaged again and again .*: run the same command"):
        find_release()


def test_a_list_of_many_pages_is_read_to_its_end(hub: Hub, dataset: SimpleNamespace) -> None:
    dataset.repo.files |= {f"images/{i:04}.jpg": b"x" for i in range(2_500)}
    dataset.repo.touch()
    assert len(find_release().files) == 2_500 + len(dataset.files)
