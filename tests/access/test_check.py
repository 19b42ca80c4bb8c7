"""`access check`: nine answers of the hub, each with its line and exit status."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hub import Answer, Call, Hub

from gazesearch import access
from gazesearch.access import State, check_access, find_release
from gazesearch.cli import ACCESS_STATUS
from gazesearch.errors import BadSetting, HubError

REPO = "phamtrongthang/GazeSearch"
TOKEN = "hf_neverToBeShown"

ANSWERS = [
    pytest.param("granted", {}, 0, "access is granted to reader", id="granted"),
    pytest.param("granted", {"HF_TOKEN": None}, 10, "hf auth login", id="no login"),
    pytest.param("granted", {"HF_TOKEN": "hf_other"}, 11, "make a new one", id="bad token"),
    pytest.param("not_asked", {}, 12, "ask at https://huggingface.co/datasets/", id="not asked"),
    pytest.param("pending", {}, 13, "waits for a person's review", id="pending"),
    pytest.param("rejected", {}, 14, "was rejected", id="rejected"),
    pytest.param("gone", {}, 15, "no such dataset", id="no such repository"),
    pytest.param("granted", {"HF_HUB_OFFLINE": "1"}, 16, "cannot be reached", id="offline"),
    pytest.param("Ask the moon\x1b[2J", {}, 17, r"(Ask the moon\x1b[2J)", id="unknown"),
]


@pytest.mark.parametrize(("state", "changed", "status", "line"), ANSWERS)
def test_each_answer_has_its_line_and_status(
    hub: Hub,
    run: Any,
    run_here: Any,
    state: str,
    changed: dict[str, str | None],
    status: int,
    line: str,
) -> None:
    hub.state.access[REPO, "reader"] = state
    if state == "gone":
        del hub.state.repos[REPO]
    # HF_HUB_OFFLINE is read once, when huggingface_hub is imported.
    found = (run if "HF_HUB_OFFLINE" in changed else run_here)("access", "check", **changed)
    assert found.returncode == status, found.stderr
    said = found.stdout if status == 0 else found.stderr
    assert said.count("\n") == 1
    assert line in said
    assert "hf_" not in (found.stdout + found.stderr).replace("hf_hub", "")


def test_each_state_has_a_status_of_its_own() -> None:
    assert set(ACCESS_STATUS) == {state.value for state in State} - {"granted"}
    assert sorted(ACCESS_STATUS.values()) == list(range(10, 18))


def test_the_steps_are_told_in_order_to_whom_they_help(hub: Hub, run: Any, run_here: Any) -> None:
    del hub.state.access[REPO, "reader"]
    steps = run("access", "check").stdout
    order = ("PhysioNet: ", "CITI", "credentialed access", "data use agreement", "a request at")
    places = [steps.index(word) for word in order]
    assert places == sorted(places)
    told = json.loads(run_here("access", "check", "--json").stdout)
    assert told["state"] == "not asked"
    assert all(step in steps for step in told["steps"])


def test_a_server_that_is_not_there_is_offline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert check_access().state is State.OFFLINE


@pytest.mark.parametrize("status", [403, 429, 500])
def test_an_answer_of_another_kind_is_never_taken_for_a_state(hub: Hub, status: int) -> None:
    hub.fail("status", status=status, path="/auth-check")
    found = check_access()
    assert found.state is State.UNKNOWN
    assert str(status) in found.line


def test_the_limit_on_whoami_does_not_hide_that_access_is_granted(hub: Hub) -> None:
    hub.fail("status", status=429, path="/whoami")
    assert check_access().state is State.GRANTED


def test_a_token_with_odd_characters_is_never_sent_or_shown(
    hub: Hub, run: Any, run_here: Any
) -> None:
    found = run_here("access", "check", HF_TOKEN="hf_odd\x01token", GAZESEARCH_DEBUG="1")
    assert found.returncode == 11
    assert "odd" not in found.stdout + found.stderr
    assert not hub.state.calls
    found = run("download", HF_TOKEN="hf_odd\x01token", GAZESEARCH_DEBUG="1")
    assert found.returncode == 2
    assert "odd\x01token" not in found.stdout + found.stderr
    assert "oddtoken" not in found.stdout + found.stderr


@pytest.mark.parametrize("ask", [lambda: check_access().line, find_release], ids=["check", "files"])
def test_a_token_that_the_hub_sends_back_is_not_shown(hub: Hub, ask: Callable[[], object]) -> None:
    def echo(_hub: Hub, call: Call) -> Answer:
        return Answer.error(403, "GatedRepo", f"not for {call.headers['Authorization']}")

    hub.add_route("GET", ".*/(auth-check|tree/.*)", echo)
    try:
        said = str(ask())
    except HubError as error:
        said = "".join(traceback.format_exception(error))
    assert "not for Bearer [token]" in said
    assert TOKEN not in said


def test_without_login_nobody_is_told_that_a_dataset_is_missing(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert check_access("nobody/nothing").state is State.NO_LOGIN


@pytest.mark.parametrize("name", ["GazeSearch", "../etc", "a/b/c", "", "a b/c", "a/\x1b[0m"])
def test_what_cannot_be_an_id_is_refused_before_anybody_is_asked(hub: Hub, name: str) -> None:
    with pytest.raises(BadSetting, match="must be owner/name") as raised:
        check_access(name)
    assert str(raised.value).isprintable()
    assert not hub.state.calls


def test_an_open_dataset_needs_no_login(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.state.repos[REPO].gated = False
    monkeypatch.delenv("HF_TOKEN")
    assert access.check_access() == access.Access(state=State.GRANTED, repo=REPO)
