"""Reading on the hub of the tests: who somebody is, what a repository holds, and its files.

Request and answer forms are taken from the source of huggingface_hub 2.4.0; every handler names the
function that asks or reads.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from hub_http import Answer, Call, Content

if TYPE_CHECKING:
    from hub import Hub

Handler = Callable[["Hub", Call], Answer]

LFS_FROM = 1_000_000  # bytes from which a file is stored as LFS, unless `Repo.lfs` says otherwise
TREE_PAGE = 1000  # entries of a page of the tree, as HfApi._iter_repo_tree_pages says


@dataclass
class Repo:
    """A dataset repository with one revision at a time.

    Attributes:
        files: path in the repository: bytes, or a file on disk.
        gated: False, "auto" or "manual", as in the answer's field of that name.
        card: the front matter of the card (`cardData`).
        lfs: paths kept as LFS; None takes all from `LFS_FROM` bytes.
        sha: 40 hex digits of the revision; changes by `touch`.
    """

    id: str
    files: dict[str, bytes | Path]
    gated: bool | str = "manual"
    private: bool = False
    card: dict[str, Any] = field(default_factory=dict)
    lfs: set[str] | None = None
    sha: str = ""
    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.touch()

    def touch(self) -> None:
        """Count the files anew, as after a commit: entries and `sha`."""
        self._entries = {path: self._entry(path) for path in sorted(self.files)}
        text = json.dumps([self.id, self._entries], sort_keys=True)
        self.sha = hashlib.sha1(text.encode()).hexdigest()

    def content(self, path: str) -> Content:
        held = self.files[path]
        if isinstance(held, bytes):
            return held
        with held.open("rb") as file:
            size = held.stat().st_size
            return memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)) if size else b""

    def entry(self, path: str) -> dict[str, Any]:
        """Form: HfApi.RepoFile.__init__ (path, size, oid, lfs: oid, size, pointerSize)."""
        return self._entries[path]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return list(self._entries.values())

    def _entry(self, path: str) -> dict[str, Any]:
        data = self.content(path)
        large = len(data) >= LFS_FROM if self.lfs is None else path in self.lfs
        entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data)}
        if not large:
            return {**entry, "oid": git_oid(data)}
        sha256 = hashlib.sha256(data).hexdigest()
        pointer = (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(data)}\n"
        ).encode()
        lfs = {"oid": sha256, "size": len(data), "pointerSize": len(pointer)}
        return {**entry, "oid": git_oid(pointer), "lfs": lfs}


def git_oid(data: Content) -> str:
    """The name git gives to a file's content."""
    found = hashlib.sha1(b"blob %d\0" % len(data))
    found.update(data)
    return found.hexdigest()


def invalid_token() -> Answer:
    """Form: hf_raise_for_status knows this message, HfApi._inner_whoami the status."""
    return Answer.error(401, None, "Invalid credentials in Authorization header")


def whoami(hub: Hub, call: Call) -> Answer:
    """HfApi._inner_whoami: GET /api/whoami-v2."""
    if not call.user:
        return invalid_token()
    return Answer.of({"type": "user", "name": call.user, "fullname": call.user, "orgs": []})


def auth_check(hub: Hub, call: Call) -> Answer:
    """HfApi.auth_check: GET /api/datasets/REPO/auth-check, with /write for the right to write."""
    write = call.path.endswith("/write")
    return hub.refusal(call, call.found["repo"], write=write) or Answer.of({})


def dataset_info(hub: Hub, call: Call) -> Answer:
    """HfApi.dataset_info, read by DatasetInfo.__init__; ?blobs=true adds sizes and digests.

    The page of a gated repository is open to all; only its files are not.
    """
    name = call.found["repo"]
    repo, refused = hub.state.repos.get(name), hub.refusal(call, name)
    if refused is not None and (repo is None or repo.private or call.user == ""):
        return refused
    assert repo is not None
    if (wrong := _wrong_revision(repo, call.found.get("revision"))) is not None:
        return wrong
    blobs = call.query.get("blobs") == ["true"]
    info = {
        "id": repo.id,
        "author": repo.id.split("/")[0],
        "sha": repo.sha,
        "private": repo.private,
        "gated": repo.gated,
        "cardData": repo.card,
        "siblings": [_sibling(entry, blobs) for entry in repo.entries],
    }
    return Answer.of(info)


def _sibling(entry: dict[str, Any], blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": entry["path"]}
    told = {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"]}
    if lfs := entry.get("lfs"):
        told["lfs"] = {
            "sha256": lfs["oid"],
            "size": lfs["size"],
            "pointerSize": lfs["pointerSize"],
        }
    return told


def tree(hub: Hub, call: Call) -> Answer:
    """HfApi._iter_repo_tree_pages; pages are linked as utils._pagination reads them."""
    repo = hub.state.repos.get(call.found["repo"])
    if (refused := hub.refusal(call, call.found["repo"])) is not None:
        return refused
    assert repo is not None
    if (wrong := _wrong_revision(repo, call.found["revision"])) is not None:
        return wrong
    below = call.found.get("folder", "")
    entries = [e for e in repo.entries if not below or e["path"].startswith(f"{below}/")]
    if call.query.get("recursive", ["false"])[0].lower() != "true":
        entries = _top_level(entries, below)
    start = int(call.query.get("cursor", ["0"])[0])
    page, headers = entries[start : start + TREE_PAGE], {}
    if start + TREE_PAGE < len(entries):
        more = f"{hub.endpoint}{call.path}?recursive=true&cursor={start + TREE_PAGE}"
        headers["Link"] = f'<{more}>; rel="next"'
    return Answer.of(page, **headers)


def _top_level(entries: list[dict[str, Any]], below: str) -> list[dict[str, Any]]:
    """Files directly in a folder, and its folders (form: HfApi.RepoFolder)."""
    depth = below.count("/") + 1 if below else 0
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        parts = entry["path"].split("/")
        path = "/".join(parts[: depth + 1])
        is_file = len(parts) == depth + 1
        folder = {"type": "directory", "path": path, "oid": git_oid(path.encode())}
        found.setdefault(path, entry if is_file else folder)
    return list(found.values())


def paths_info(hub: Hub, call: Call) -> Answer:
    """HfApi.get_paths_info: POST of a form with `paths`, answered by entries of the tree."""
    repo = hub.state.repos.get(call.found["repo"])
    if (refused := hub.refusal(call, call.found["repo"])) is not None:
        return refused
    assert repo is not None
    if (wrong := _wrong_revision(repo, call.found["revision"])) is not None:
        return wrong
    is_json = "json" in call.headers.get("Content-Type", "")
    asked = call.json()["paths"] if is_json else parse_qs(call.body.decode())["paths"]
    return Answer.of([repo.entry(path) for path in asked if path in repo.files])


def resolve(hub: Hub, call: Call) -> Answer:
    """get_hf_file_metadata (HEAD) and http_get (GET): headers, ranges, redirects to the storage.

    A file of LFS is redirected to another host, with X-Linked-Etag and X-Linked-Size on the way.
    """
    repo = hub.state.repos.get(call.found["repo"])
    if (refused := hub.refusal(call, call.found["repo"])) is not None:
        return refused
    assert repo is not None
    if (wrong := _wrong_revision(repo, call.found["revision"])) is not None:
        return wrong
    path = call.found["file"]
    if path not in repo.files:
        return Answer.error(404, "EntryNotFound", "Entry not found", **{"X-Repo-Commit": repo.sha})
    entry, headers = repo.entry(path), {"X-Repo-Commit": repo.sha}
    if lfs := entry.get("lfs"):
        headers["X-Linked-Etag"] = f'"{lfs["oid"]}"'
        headers["X-Linked-Size"] = str(lfs["size"])
        headers["Location"] = f"{hub.cdn}/storage/{quote(repo.id)}/{quote(path)}?signed=yes"
        return Answer(302, b"", headers)
    return ranged(repo.content(path), call, {**headers, "ETag": f'"{entry["oid"]}"'})


def storage(hub: Hub, call: Call) -> Answer:
    """The storage behind the hub: a signed address, no login."""
    if not call.on_cdn:
        return Answer.error(404, None, "not the storage")
    repo = hub.state.repos[call.found["repo"]]
    return ranged(repo.content(call.found["file"]), call, {})


def ranged(data: Content, call: Call, headers: dict[str, str]) -> Answer:
    """All of `data`, or the range asked for (RFC 9110: 206 with Content-Range, 416 beyond)."""
    headers = {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream", **headers}
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("Range", ""))
    if found is None:
        return Answer(200, data, headers)
    start, end = int(found[1]), min(int(found[2] or len(data)), len(data) - 1)
    if start >= len(data):
        return Answer(416, b"", {**headers, "Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Answer(206, data[start : end + 1], headers)


def _wrong_revision(repo: Repo, revision: str | None) -> Answer | None:
    if revision in (None, "main", repo.sha):
        return None
    return Answer.error(404, "RevisionNotFound", f"Invalid rev id: {revision}")


_REPO = r"(?P<repo>[^/]+/[^/]+)"
ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", r"/api/whoami-v2", whoami),
    ("GET", rf"/api/datasets/{_REPO}/auth-check(/write)?", auth_check),
    ("GET", rf"/api/datasets/{_REPO}", dataset_info),
    ("GET", rf"/api/datasets/{_REPO}/revision/(?P<revision>[^/]+)", dataset_info),
    ("GET", rf"/api/datasets/{_REPO}/tree/(?P<revision>[^/]+)(/(?P<folder>.+))?", tree),
    ("POST", rf"/api/datasets/{_REPO}/paths-info/(?P<revision>[^/]+)", paths_info),
    ("GET", rf"/datasets/{_REPO}/resolve/(?P<revision>[^/]+)/(?P<file>.+)", resolve),
    ("GET", rf"/storage/{_REPO}/(?P<file>.+)", storage),
]
