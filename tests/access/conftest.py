"""A hub on loopback with one small dataset, and this process as a client of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hub import Hub

REPO = "phamtrongthang/GazeSearch"
TOKEN = "hf_neverToBeShown"
RECORD = {"task": "edema", "X": [1, 2], "Y": [3, 4], "T": [0.2, 0.3]}


def released() -> dict[str, bytes]:
    """The published layout in small: four images, of which annotations name three."""
    records = [{"name": f"{name}.jpg", **RECORD} for name in "abc"]
    return {
        "README.md": b"the card",
        ".gitattributes": b"*.pt filter=lfs",
        "annotations/paths.json": json.dumps(records).encode(),
        **{f"images/{name}.jpg": name.encode() * 3_000 for name in "abcd"},
        "checkpoints/ckp_29999.pt": bytes(range(256)) * 2_000,
    }


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub; `huggingface_hub` in this process asks it, with the token of one who may."""
    from huggingface_hub import constants
    from huggingface_hub.utils import close_session

    with Hub() as hub:
        hub.add_repo(REPO, released(), lfs={"checkpoints/ckp_29999.pt"})
        hub.add_user("reader", token=TOKEN, access={REPO: "granted"})
        # HF_ENDPOINT and HF_HOME are read when huggingface_hub is imported, which other tests do.
        url = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.delenv("HF_OIDC_RESOURCE", raising=False)
        yield hub
        close_session()


@pytest.fixture
def environment(hub: Hub, tmp_path: Path) -> dict[str, str]:
    """Variables for a process of its own that asks the hub."""
    return {
        **os.environ,
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_TOKEN": TOKEN,
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Any:
    """Runs `gazesearch` as a user does; keywords are variables, None takes one away."""

    def run(*words: str | Path, **changed: str | None) -> subprocess.CompletedProcess[str]:
        merged = {**environment, **changed}
        return subprocess.run(
            [sys.executable, "-m", "gazesearch.cli", *map(str, words)],
            env={name: value for name, value in merged.items() if value is not None},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
            cwd=tmp_path,
        )

    return run


@pytest.fixture
def run_here(
    hub: Hub,
    command: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """The same in this process, whose imports serve all tests."""

    def run(*words: str | Path, **changed: str | None) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            for name, value in changed.items():
                if value is None:
                    patch.delenv(name)
                else:
                    patch.setenv(name, value)
            return command(*words)

    return run


@pytest.fixture
def dataset(hub: Hub) -> SimpleNamespace:
    """Its id, and the bytes that a download of it must have."""
    repo = hub.state.repos[REPO]
    wanted = {path: data for path, data in repo.files.items() if "/" in path}
    return SimpleNamespace(id=REPO, files=wanted, repo=repo)
