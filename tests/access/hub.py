"""A hub on loopback: what the real `huggingface_hub` asks of one, with faults that can be switched.

Request and answer forms are taken from the source of huggingface_hub 2.4.0; every handler names the
function that asks or reads. `HF_ENDPOINT` (read when huggingface_hub is imported) leads there.

To extend it, from a file of one's own:

    hub.add_route("POST", r"/api/datasets/(?P<repo>[^/]+/[^/]+)/commit/main", handler)

where `handler(hub, call)` takes a `Call` and gives an `Answer`. Routes added later are asked first.
What a route remembers stands in `hub.state`; `state.extra` is free for whoever adds routes.

    with Hub() as hub:
        repo = hub.add_repo("lab/data", {"annotations/a.json": b"[]"})
        hub.add_user("reader", token="hf_reader", access={"lab/data": "granted"})
        hub.fail("cut", path="/resolve/", times=2)

As a process of its own, for the folder DIR: `python hub.py DIR REPO [--port N]`; it prints its
endpoint and lives until its standard input ends.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

Content = bytes | memoryview

LFS_FROM = 1_000_000  # bytes from which a file is stored as LFS, unless `Repo.lfs` says otherwise
TREE_PAGE = 1000  # entries of a page of the tree, as HfApi._iter_repo_tree_pages says

# The texts that the real hub sends in X-Error-Message, by state of the one who asks. The first is
# quoted in huggingface_hub.errors.GatedRepoError, "rejected" in issues of users of gated models.
GATED = {
    "not_asked": "Access to dataset {repo} is restricted and you are not in the authorized list. "
    "Visit https://huggingface.co/datasets/{repo} to ask for access.",
    "pending": "Your request to access dataset {repo} is awaiting a review from the repo authors.",
    "rejected": "Your request to access dataset {repo} has been rejected by the repo's authors.",
    "anonymous": "Access to dataset {repo} is restricted. You must have access to it and be "
    "authenticated to access it. Please log in.",
}


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


@dataclass(frozen=True)
class Call:
    """A request as a handler sees it.

    Attributes:
        path: as sent, with its percent signs; `found` has its named parts without.
        headers: by their usual spelling, as "Content-Type".
        user: None without a token, "" with a wrong one.
        on_cdn: whether it came to the storage's port.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    user: str | None
    found: dict[str, str] = field(default_factory=dict)
    on_cdn: bool = False

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """Status, body and headers; `Content-Length` is set by the server."""

    status: int = 200
    body: Content = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, *, status: int = 200, **headers: str) -> Answer:
        body = json.dumps(value).encode()
        return cls(status, body, {"Content-Type": "application/json", **headers})

    @classmethod
    def error(cls, status: int, code: str | None, message: str, **headers: str) -> Answer:
        """Form: hf_raise_for_status reads X-Error-Code and X-Error-Message."""
        named = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
        return cls.of({"error": message}, status=status, **named, **headers)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that fit.

    Kinds: "status" (with `status` and `headers`, as {"Retry-After": "1"}), "drop" (closed without
    an answer), "cut" (closed at the fraction `at` of the body), "short" and "long" (a body of
    another length that is declared as such), "wrong" (one byte is another), "slow" (`seconds`
    before the answer).
    """

    kind: str
    path: str = ""  # a regular expression that is searched for in the path
    method: str | None = None
    times: int = 1
    skip: int = 0  # this many fitting requests go well first
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    at: float = 0.5
    seconds: float = 0.1


Handler = Callable[["Hub", Call], Answer]


@dataclass
class State:
    """All that the server knows; plain, to be read and changed by tests at any time.

    Attributes:
        tokens: user name of each token.
        access: (repository, user): "granted", "pending", "rejected", or another text, which is
            sent as it is; who is absent has not asked. Owners (`owner/name`) always may.
        calls: every request, in order of arrival.
        random_fault: asked for a fault for every request when set.
        extra: free for routes added from elsewhere.
    """

    repos: dict[str, Repo] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    access: dict[tuple[str, str], str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    random_fault: Callable[[Call], Fault | None] | None = None
    calls: list[Call] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class Hub:
    """The server: two ports of loopback, for the hub and for the storage it redirects to."""

    def __init__(self, *, port: int = 0) -> None:
        self.state = State()
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._servers = [_listen(self, port, on_cdn=False), _listen(self, 0, on_cdn=True)]
        self.endpoint, self.cdn = (
            f"http://127.0.0.1:{server.server_address[1]}" for server in self._servers
        )
        for method, pattern, handler in ROUTES:
            self.add_route(method, pattern, handler)

    def __enter__(self) -> Hub:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def add_route(self, method: str, pattern: str, handler: Handler) -> None:
        """Answer `method` for paths that match `pattern` whole; "HEAD" falls back to "GET"."""
        self._routes.insert(0, (method, re.compile(pattern), handler))

    def add_repo(self, name: str, files: Mapping[str, bytes | Path], **more: Any) -> Repo:
        repo = Repo(name, dict(files), **more)
        self.state.repos[name] = repo
        return repo

    def add_user(self, name: str, *, token: str, access: Mapping[str, str] | None = None) -> None:
        self.state.tokens[token] = name
        for repo, access_state in (access or {}).items():
            self.state.access[repo, name] = access_state

    def fail(self, kind: str, **settings: Any) -> Fault:
        fault = Fault(kind, **settings)
        with self.state.lock:
            self.state.faults.append(fault)
        return fault

    def answer(self, call: Call) -> Answer:
        """What the hub says to a request, before any fault."""
        for method in (call.method, "GET") if call.method == "HEAD" else (call.method,):
            for wanted, pattern, handler in self._routes:
                if wanted == method and (match := pattern.fullmatch(call.path)):
                    found = {k: unquote(v) for k, v in match.groupdict().items() if v is not None}
                    return handler(self, _with(call, found))
        return Answer.error(404, None, f"no route for {call.method} {call.path}")

    def fault_for(self, call: Call) -> Fault | None:
        with self.state.lock:
            for fault in self.state.faults:
                fits = fault.method in (None, call.method) and re.search(fault.path, call.path)
                if not fits or fault.times < 1:
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        draw = self.state.random_fault
        return draw(call) if draw is not None else None

    def refusal(self, call: Call, repo: str, *, write: bool = False) -> Answer | None:
        """Why the one who asks may not, as HTTP says it; None where he may."""
        held = self.state.repos.get(repo)
        if call.user == "":
            return invalid_token()
        owner = call.user is not None and repo.split("/")[0] == call.user
        if held is None or (held.private and not owner):
            return Answer.error(
                401 if call.user is None else 404, "RepoNotFound", "Repository not found"
            )
        if owner:
            return None
        if write:
            return Answer.error(403, None, "You don't have the rights to write to this repository")
        if not held.gated:
            return None
        if call.user is None:
            return Answer.error(401, "GatedRepo", GATED["anonymous"].format(repo=repo))
        access = self.state.access.get((repo, call.user), "not_asked")
        if access == "granted":
            return None
        return Answer.error(403, "GatedRepo", GATED.get(access, access).format(repo=repo))


def invalid_token() -> Answer:
    """Form: hf_raise_for_status knows this message, HfApi._inner_whoami the status."""
    return Answer.error(401, None, "Invalid credentials in Authorization header")


def _with(call: Call, found: dict[str, str]) -> Call:
    return Call(**{**call.__dict__, "found": found})


# Handlers


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


# HTTP


def _listen(hub: Hub, port: int, *, on_cdn: bool) -> ThreadingHTTPServer:
    class Listener(_Listener):
        pass

    Listener.hub, Listener.on_cdn = hub, on_cdn
    server = _Server(("127.0.0.1", port), Listener)
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is part of the tests."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Listener(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    hub: Hub
    on_cdn: bool

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        call = Call(
            self.command,
            url.path,
            parse_qs(url.query),
            dict(self.headers.items()),
            body,
            self._user(),
            on_cdn=self.on_cdn,
        )
        call = _with_headers(call)
        with self.hub.state.lock:
            self.hub.state.calls.append(call)
        fault = self.hub.fault_for(call)
        if fault is not None and fault.kind == "drop":
            return self._hang_up()
        if fault is not None and fault.kind == "status":
            message = f"fault {fault.status}"
            return self._send(Answer.error(fault.status, None, message, **fault.headers), None)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        try:
            answer = self.hub.answer(call)
        except Exception as error:  # a fault of the test's own: the client shall see which
            answer = Answer.error(500, None, f"{type(error).__name__}: {error}")
            self._send(answer, None)
            raise
        self._send(answer, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve

    def _user(self) -> str | None:
        header = self.headers.get("Authorization")
        if header is None:
            return None
        return self.hub.state.tokens.get(header.removeprefix("Bearer "), "")

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        body = answer.body
        if fault is not None and body and self.command == "GET":
            body = bytes(body)
            if fault.kind == "wrong":
                middle = len(body) // 2
                body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
            elif fault.kind == "short":
                body = body[: int(len(body) * fault.at)]
            elif fault.kind == "long":
                body = body + b"!"
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is not None and fault.kind == "cut":
            self.wfile.write(body[: int(len(body) * fault.at)])
            return self._hang_up()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _with_headers(call: Call) -> Call:
    """Headers by their usual spelling, whatever the client sent."""
    return Call(**{**call.__dict__, "headers": {k.title(): v for k, v in call.headers.items()}})


def main() -> None:
    """Serve a folder as one dataset that anybody with the token `hf_reader` may read."""
    folder, name = Path(sys.argv[1]), sys.argv[2]
    port = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    files = {
        file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()
    }
    with Hub(port=port) as hub:
        hub.add_repo(name, files)
        hub.add_user("reader", token="hf_reader", access={name: "granted"})
        print(hub.endpoint, flush=True)
        sys.stdin.read()  # until whoever started this goes


if __name__ == "__main__":
    main()
