"""Uploads to a loopback hub by the real huggingface_hub: behind the gate, all or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub import Hub
from hub_uploads import Uploads, add_uploads, asked_from_here

from gazesearch.access.release_check import Checked
from gazesearch.access.release_file import Release, read_release
from gazesearch.access.staging import Staged
from gazesearch.access.upload import Uploaded, upload
from gazesearch.errors import HubError

# Of the HTTP library, which huggingface_hub 2.4.0 calls in an old way.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
TOKEN = "hf_neverToBeShown"
REPO = "lab/phantom"
FILES = {
    "README.md": b"---\nlicense: mit\n---\n\n# Phantom\n",
    "annotations/a.json": b"[]",
    "data/all.parquet": b"PAR1" * 50,
    **{f"images/{n}.png": b"\x89PNG" + bytes([n]) * 40_000 for n in range(6)},
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that takes uploads; `huggingface_hub` in this process asks it, logged in as `lab`."""
    from huggingface_hub.utils import close_session

    with Hub() as hub:
        add_uploads(hub)
        hub.add_user("lab", token=TOKEN)
        asked_from_here(hub, token=TOKEN, folder=tmp_path, monkeypatch=monkeypatch)
        yield hub
        close_session()


@pytest.fixture
def uploads(hub: Hub) -> Uploads:
    uploads: Uploads = hub.state.extra["uploads"]
    return uploads


@pytest.fixture
def release(tmp_path: Path) -> Release:
    text = Path(__file__).with_name("release.toml").read_text("utf-8")
    (tmp_path / "release.toml").write_text(text)
    return read_release(tmp_path)


def staged(root: Path, files: dict[str, bytes] = FILES) -> Staged:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return Staged(
        root=root,
        files={n: (len(c), hashlib.sha256(c).hexdigest()) for n, c in sorted(files.items())},
        written=("README.md",),
        checked=Checked(files=(), violations=()),
        remarks=(),
    )


def put(root: Path, release: Release, files: dict[str, bytes] = FILES, **more: Any) -> Uploaded:
    return upload(staged(root / "staged", files), release, REPO, message="Phantom 1.0.0", **more)


def test_a_release_stands_there_in_one_commit(
    hub: Hub, uploads: Uploads, release: Release, tmp_path: Path
) -> None:
    done = put(tmp_path, release)
    repo = hub.state.repos[REPO]
    assert {n: c for n, c in repo.files.items() if n != ".gitattributes"} == FILES
    assert (repo.gated, repo.private) == ("manual", True)
    assert (done.commit, done.new, done.private) == (repo.sha, True, True)
    assert len(uploads.commits) == 1


def test_the_gate_stands_before_the_first_byte(hub: Hub, release: Release, tmp_path: Path) -> None:
    put(tmp_path, release)
    asked = [(call.method, call.path.rpartition("/")[2]) for call in hub.state.calls]
    first_bytes = min(n for n, call in enumerate(hub.state.calls) if "preupload" in call.path)
    assert asked.index(("PUT", "settings")) < first_bytes


def test_nothing_is_uploaded_where_the_gate_cannot_be_set(
    hub: Hub, uploads: Uploads, release: Release, tmp_path: Path
) -> None:
    uploads.refuses_gate = True
    with pytest.raises(HubError, match="its gate could not be set to manual"):
        put(tmp_path, release)
    assert uploads.blobs == {}
    assert uploads.commits == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            {"kind": "status", "status": 403, "path": "^/lfs/[0-9a-f]", "skip": 2}, id="storage"
        ),
        pytest.param({"kind": "status", "status": 400, "path": "objects/batch"}, id="batch"),
        pytest.param({"kind": "status", "status": 500, "path": "/commit/"}, id="commit"),
        pytest.param({"kind": "drop", "path": "/commit/"}, id="commit_dropped"),
        pytest.param({"kind": "status", "status": 429, "path": "/settings"}, id="settings"),
    ],
)  # fmt: skip
def test_a_fault_publishes_nothing_and_a_second_run_finishes(
    fault: dict[str, Any], hub: Hub, uploads: Uploads, release: Release, tmp_path: Path
) -> None:
    hub.fail(**fault)
    with pytest.raises(HubError) as raised:
        put(tmp_path, release)
    assert set(hub.state.repos[REPO].files) == {".gitattributes"}
    assert uploads.commits == []
    message = str(raised.value)
    assert message.startswith(f"{REPO}: not published: ")
    assert "\n" not in message
    assert TOKEN not in message
    arrived = set(uploads.blobs)
    hub.state.calls.clear()
    put(tmp_path, release)
    again = {c.path[5:] for c in hub.state.calls if c.method == "PUT" and c.path[:5] == "/lfs/"}
    assert not again & arrived
    assert {n: c for n, c in hub.state.repos[REPO].files.items() if n[0] != "."} == FILES
    assert len(uploads.commits) == 1


def test_an_answer_that_is_lost_after_the_commit_is_noticed(
    hub: Hub, uploads: Uploads, release: Release, tmp_path: Path
) -> None:
    hub.fail("status", path="/tree/", skip=1, status=400)
    with pytest.raises(HubError):
        put(tmp_path, release)
    assert not put(tmp_path, release).new
    assert len(uploads.commits) == 1


def test_a_second_version_takes_away_what_it_no_longer_has(
    hub: Hub, release: Release, tmp_path: Path
) -> None:
    put(tmp_path, release)
    fewer = {n: c for n, c in FILES.items() if n != "images/3.png"} | {"README.md": b"---\n---\nx"}
    done = put(tmp_path / "second", release, fewer)
    assert done.removed == ("images/3.png",)
    held = hub.state.repos[REPO].files
    assert ".gitattributes" in held
    assert {n: c for n, c in held.items() if n != ".gitattributes"} == fewer


def test_a_release_that_is_there_is_not_committed_again(
    uploads: Uploads, release: Release, tmp_path: Path
) -> None:
    first, second = put(tmp_path, release), put(tmp_path, release)
    assert (second.new, second.commit) == (False, first.commit)
    assert len(uploads.commits) == 1


def test_public_comes_last_and_keeps_the_gate(hub: Hub, release: Release, tmp_path: Path) -> None:
    hub.fail("status", path="/commit/")
    with pytest.raises(HubError):
        put(tmp_path, release, public=True)
    assert hub.state.repos[REPO].private
    done = put(tmp_path, release, public=True)
    assert (done.private, hub.state.repos[REPO].private) == (False, False)
    assert hub.state.repos[REPO].gated == "manual"


def test_a_gitignore_there_is_refused(hub: Hub, release: Release, tmp_path: Path) -> None:
    hub.add_repo(REPO, {".gitignore": b"images/"}, gated=False)
    with pytest.raises(HubError, match="has a .gitignore"):
        put(tmp_path, release)
    assert set(hub.state.repos[REPO].files) == {".gitignore"}


def test_a_commit_of_somebody_else_in_between_is_not_overwritten(
    hub: Hub, uploads: Uploads, release: Release, tmp_path: Path
) -> None:
    def say(text: str, _done: float) -> None:
        if text == "committing":
            repo = hub.state.repos[REPO]
            repo.files["theirs.txt"] = b"theirs"
            repo.touch()

    with pytest.raises(HubError, match="somebody else has changed it"):
        put(tmp_path, release, progress=say)
    assert set(hub.state.repos[REPO].files) == {".gitattributes", "theirs.txt"}


@pytest.mark.parametrize("token", ["hf_wrongToken123", "hf_ not a\ttoken", ""])
def test_a_token_is_never_shown(
    token: str, hub: Hub, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError, match="hf auth login") as raised:
        put(tmp_path, release)
    assert not token or token not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert hub.state.repos == {}


def test_words_of_a_server_are_shown_harmlessly(hub: Hub, release: Release, tmp_path: Path) -> None:
    from hub import Answer

    said = f"<b>\x1b[31m\u202e{TOKEN} hf_anotherToken1"
    hub.add_route("POST", "/api/repos/create", lambda *_: Answer.of({"error": said}, status=418))
    with pytest.raises(HubError) as raised:
        put(tmp_path, release)
    assert str(raised.value).isprintable()
    assert "\\x1b[31m\\u202e[token] [token]" in str(raised.value)
