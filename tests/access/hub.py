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

import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hub_files import ROUTES, Handler, Repo, git_oid, invalid_token
from hub_http import Answer, Call, Fault, listen

__all__ = ["Answer", "Call", "Fault", "Hub", "Repo", "git_oid"]

# What the hub says in X-Error-Message, by state of who asks. "not_asked" is quoted in
# huggingface_hub.errors.GatedRepoError; "pending" and "anonymous" stand as the client's errors in
# issues about models (prov-gigapath/prov-gigapath#92, vllm-project/semantic-router#817). Two are
# unconfirmed: "rejected" is known from the page alone ("Your request to access this repo has been
# rejected by the repo's authors"), and "pending" with the word dataset instead of model.
GATED = {
    "not_asked": "Access to dataset {repo} is restricted and you are not in the authorized list. "
    "Visit https://huggingface.co/datasets/{repo} to ask for access.",
    "pending": "Your request to access dataset {repo} is awaiting a review from the repo authors.",
    "rejected": "Your request to access dataset {repo} has been rejected by the repo's authors.",
    "anonymous": "Access to dataset {repo} is restricted. You must have access to it and be "
    "authenticated to access it. Please log in.",
}


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
        self._servers = [listen(self, port, on_cdn=False), listen(self, 0, on_cdn=True)]
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


def _with(call: Call, found: dict[str, str]) -> Call:
    return Call(**{**call.__dict__, "found": found})


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
