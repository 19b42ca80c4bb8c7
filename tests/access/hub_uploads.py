"""Uploads on the loopback hub: repositories, settings, preupload, LFS, commits.

Request and answer forms are taken from the source of huggingface_hub 2.4.0; every handler names the
function that asks or reads. The client must run with HF_HUB_DISABLE_XET=1: chunked storage (Xet)
has a protocol of its own, which nothing here speaks.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hub import Answer, Call, Hub, git_oid

_REPO = r"(?P<repo>[^/]+/[^/]+)"
LARGE_ENDINGS = (".png", ".jpg", ".parquet", ".pt")  # what a new dataset's .gitattributes lists


@dataclass
class Uploads:
    """What the routes remember: blobs of the storage by sha256, and every commit."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    commits: list[dict[str, Any]] = field(default_factory=list)
    refuses_gate: bool = False


def add_uploads(hub: Hub) -> Uploads:
    """Teach a hub to take uploads."""
    uploads = Uploads()
    hub.state.extra["uploads"] = uploads
    for method, pattern, handler in (
        ("POST", r"/api/repos/create", create),
        ("PUT", rf"/api/datasets/{_REPO}/settings", settings),
        ("POST", r"/api/validate-yaml", validate_yaml),
        ("POST", rf"/api/datasets/{_REPO}/preupload/(?P<revision>[^/]+)", preupload),
        ("POST", rf"/datasets/{_REPO}\.git/info/lfs/objects/batch", lfs_batch),
        ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", lfs_put),
        ("POST", r"/lfs/verify", lfs_verify),
        ("POST", rf"/api/datasets/{_REPO}/commit/(?P<revision>[^/]+)", commit),
    ):
        hub.add_route(method, pattern, handler)
    return uploads


def asked_from_here(hub: Hub, *, token: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `huggingface_hub` in this process ask a hub; HF_ENDPOINT is read at its import only."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "token"))
    monkeypatch.setenv("HF_TOKEN", token)


def _uploads(hub: Hub) -> Uploads:
    uploads = hub.state.extra["uploads"]
    assert isinstance(uploads, Uploads)
    return uploads


def create(hub: Hub, call: Call) -> Answer:
    """HfApi.create_repo: POST name, organization, type, visibility; 409 if it is there."""
    told = call.json()
    if not call.user:
        return Answer.error(401, None, "Invalid credentials in Authorization header")
    name = f"{told.get('organization') or call.user}/{told['name']}"
    if told["type"] != "dataset":
        return Answer.error(400, None, "only datasets here")
    url = f"{hub.endpoint}/datasets/{name}"
    if name in hub.state.repos:
        return Answer.of({"url": url, "error": "You already created this dataset repo"}, status=409)
    private = told.get("visibility") == "private" or told.get("private") is True
    attributes = {".gitattributes": b"*.png filter=lfs diff=lfs merge=lfs -text\n"}
    hub.add_repo(name, attributes, gated=False, private=private)
    return Answer.of({"url": url, "name": name})


def settings(hub: Hub, call: Call) -> Answer:
    """HfApi.update_repo_settings: PUT gated, visibility."""
    if (refused := hub.refusal(call, call.found["repo"], write=True)) is not None:
        return refused
    repo, told = hub.state.repos[call.found["repo"]], call.json()
    if "gated" in told and not _uploads(hub).refuses_gate:
        repo.gated = told["gated"]
    if "visibility" in told:
        repo.private = told["visibility"] == "private"
    return Answer.of({})


def validate_yaml(_hub: Hub, call: Call) -> Answer:
    """HfApi._validate_yaml: POST content, repoType; reads errors and warnings."""
    told = call.json()
    good = told["repoType"] == "dataset" and told["content"].startswith("---\n")
    errors = [] if good else [{"message": "no front matter"}]
    return Answer.of({"errors": errors, "warnings": []}, status=200 if good else 400)


def preupload(hub: Hub, call: Call) -> Answer:
    """_commit_api._fetch_upload_modes: POST files (path, sample, size); reads uploadMode,
    shouldIgnore and oid of each. For LFS the oid is the sha256, as _local_oid compares it."""
    if (refused := hub.refusal(call, call.found["repo"], write=True)) is not None:
        return refused
    repo, answers = hub.state.repos[call.found["repo"]], []
    for file in call.json()["files"]:
        path = file["path"]
        large = path.endswith(LARGE_ENDINGS)
        told: dict[str, Any] = {"path": path, "uploadMode": "lfs" if large else "regular"}
        told["shouldIgnore"] = False
        if path in repo.files:
            entry = repo.entry(path)
            told["oid"] = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        answers.append(told)
    return Answer.of({"files": answers, "commitOid": repo.sha})


def lfs_batch(hub: Hub, call: Call) -> Answer:
    """lfs.post_lfs_batch_info: POST objects (oid, size); no `actions` for what is there already."""
    if (refused := hub.refusal(call, call.found["repo"], write=True)) is not None:
        return refused
    objects = []
    for one in call.json()["objects"]:
        told = {"oid": one["oid"], "size": one["size"]}
        if one["oid"] not in _uploads(hub).blobs:
            upload = {"href": f"{hub.cdn}/lfs/{one['oid']}", "header": {}}
            told["actions"] = {"upload": upload, "verify": {"href": f"{hub.endpoint}/lfs/verify"}}
        objects.append(told)
    return Answer.of({"transfer": "basic", "objects": objects})


def lfs_put(hub: Hub, call: Call) -> Answer:
    """lfs._upload_single_part: PUT of the bytes to the signed address."""
    if hashlib.sha256(call.body).hexdigest() != call.found["oid"]:
        return Answer.error(400, None, "digest differs")
    _uploads(hub).blobs[call.found["oid"]] = call.body
    return Answer.of({})


def lfs_verify(hub: Hub, call: Call) -> Answer:
    """lfs.lfs_upload: POST oid and size after the upload."""
    told = call.json()
    held = _uploads(hub).blobs.get(told["oid"])
    good = held is not None and len(held) == told["size"]
    return Answer.of({}, status=200 if good else 404)


def commit(hub: Hub, call: Call) -> Answer:
    """_commit_api._send_commit: POST of lines (header, file, lfsFile, deletedFile); all or none."""
    if (refused := hub.refusal(call, call.found["repo"], write=True)) is not None:
        return refused
    repo, uploads = hub.state.repos[call.found["repo"]], _uploads(hub)
    lines = [json.loads(line) for line in call.body.splitlines()]
    header = lines[0]["value"]
    if header.get("parentCommit") not in (None, repo.sha):
        return Answer.error(412, None, "A commit has happened since. Please refresh and try again.")
    files, lfs = dict(repo.files), {p for p in repo.files if "lfs" in repo.entry(p)}
    for line in lines[1:]:
        key, value = line["key"], line["value"]
        if key == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif key == "lfsFile":
            if value["oid"] not in uploads.blobs:
                return Answer.error(400, None, f"no such object: {value['oid']}")
            files[value["path"]] = uploads.blobs[value["oid"]]
            lfs.add(value["path"])
        elif key == "deletedFile":
            del files[value["path"]]
            lfs.discard(value["path"])
        else:
            return Answer.error(400, None, f"unknown line {key}")
    repo.files, repo.lfs = files, lfs
    repo.touch()
    uploads.commits.append({"header": header, "files": len(lines) - 1, "sha": repo.sha})
    url = f"{hub.endpoint}/datasets/{repo.id}/commit/{repo.sha}"
    return Answer.of({"commitUrl": url, "commitOid": repo.sha, "hookOutput": git_oid(b"")})
