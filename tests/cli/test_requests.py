"""`gazesearch requests`, run as a reviewer runs it, against a hub on loopback."""

from __future__ import annotations

import csv
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import Answer, Call
from hub_requests import REPO, TOKEN, RequestHub

from gazesearch.access.decision_log import read_log, verify_log
from gazesearch.cli import main

pytest.importorskip("huggingface_hub", reason="needs the extra `hub`")

EVIL = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\r\n\u202e=HYPERLINK(1)\u2066"


class Desk:
    """A hub, a reviewer who is logged in, and a log.

    Called, it runs the command line in this process; `start` in one of its own, which may be
    killed.
    """

    def __init__(
        self,
        hub: RequestHub,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.hub, self.folder, self.log = hub, folder, folder / "log.jsonl"
        self.env = {
            "HF_ENDPOINT": hub.endpoint,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(folder / "hf"),
            "GAZESEARCH_REQUESTS_LOG": str(self.log),
            "GAZESEARCH_DEBUG": "1",  # tracebacks, too, hold no token
        }
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)
        # Read when huggingface_hub is imported, which other tests do.
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
        monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(folder / "hf" / "token"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        self.monkeypatch, self._capsys = monkeypatch, capsys
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *words: str | Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gazesearch.cli", "requests", *map(str, words)]
        self.process = subprocess.Popen(
            [*command, "--repo", REPO],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        return self.process

    def __call__(self, *words: str | Path) -> tuple[int, str, str]:
        """Status, output, and the lines of errors."""
        self._capsys.readouterr()
        given = ["gazesearch", "requests", *map(str, words), "--repo", REPO]
        self.monkeypatch.setattr(sys, "argv", given)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert TOKEN not in out + err
        lines = [line for line in err.splitlines() if line.startswith("gazesearch: ")]
        return int(ended.value.code or 0), out, "\n".join(lines)

    def at_a_terminal(self, keys: bytes, *words: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        os.write(ours, keys)
        with os.fdopen(theirs) as terminal, self.monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", terminal)
            status, out, _ = self(*words)
        os.close(ours)
        return status, out

    def kill(self, _call: Call | None = None) -> Answer:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        return Answer.error(500, None, "nobody reads this")


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with RequestHub() as hub:
        yield Desk(hub, tmp_path, monkeypatch, capsys)


def test_a_reviewer_lists_looks_and_is_reminded(desk: Desk) -> None:
    desk.hub.ask("alice", days=3)
    desk.hub.ask("bob", days=12, email="bob@gmail.com")
    status, out, _ = desk("list")
    assert status == 0
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["bob", "pending", "12", "mail"],
        ["alice", "pending", "3", "-"],
    ]
    _, out, _ = desk("show", "bob")
    assert "HINT mail: no institution's address: gmail.com" in out
    _, out, _ = desk("due", "--days", "7", "--json")
    assert [record["user"] for record in json.loads(out)] == ["bob"]
    status, _, err = desk("due", "--fail")
    assert (status, err) == (1, "gazesearch: owner/scans: 1 waiting for 7 days or longer")
    assert desk.hub.posts == []


@pytest.mark.parametrize(
    ("keys", "decided"),
    [(b"y\n", True), (b"n\n", False), (b"\n", False), (b"\x04", False)],
    ids=["yes", "no", "enter", "end"],
)
def test_a_decision_needs_a_yes(desk: Desk, keys: bytes, decided: bool) -> None:
    alice = desk.hub.ask("alice")
    _, out = desk.at_a_terminal(keys, "accept", "alice")
    assert "PhysioNet username (MIMIC-CXR credentialed): ada-alice" in out
    assert (alice.effects == [("accepted", None)]) is decided
    assert len(desk.hub.posts) == decided


def test_without_a_terminal_and_without_yes_nothing_is_decided(desk: Desk) -> None:
    desk.hub.ask("alice")
    for words in (("accept",), ("accept", "--yes"), ("accept", "alice")):
        status, _, err = desk(*words)
        assert status == 2
        assert err.startswith("gazesearch: accept: ")
    assert desk.hub.posts == []
    assert not desk.log.exists()


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(file: Path, rows: list[dict[str, str]], *, between: str = ",") -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=between)
        writer.writeheader()
        writer.writerows(rows)


def test_a_reviewed_list_is_worked_off_once_and_what_changed_is_left(desk: Desk) -> None:
    users = ["alice", "bob", "carol", "dave"]
    many = {"Yes, I have, and keep, and hold, a, b, c, d, e, f, g, h, i, account": True}
    alice, bob, carol, dave = (desk.hub.ask(user, fields=many) for user in users)
    file = desk.folder / "list.csv"
    assert desk("export", file)[1] == f"{file}: 4 requests\n"
    assert file.stat().st_mode & 0o077 == 0
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")  # or a spreadsheet takes ä for two letters
    assert desk("export", file)[0] == 2
    rows = rows_of(file)
    for row, decision in zip(rows, ["accept", "Reject ", "accept", ""], strict=True):
        row["decision"] = decision
    rows[1]["reason"] = "No proof; sorry, «bob»."
    write_rows(file, rows, between=";")  # as a spreadsheet of another country saves it
    carol.fields["Country"] = "Sweden"
    for before in ("", " before"):
        status, out, err = desk("accept", "--list", file, "--yes")
        assert status == 2
        assert f"alice: accepted{before} (line 1 of the log)" in out
        assert err.splitlines()[-1] == (
            "gazesearch: not decided: carol: has declared something else since it was shown"
        )
    assert desk("reject", "--list", file, "--yes")[0] == 0
    assert alice.effects == [("accepted", None)]
    assert bob.effects == [("rejected", "No proof; sorry, «bob».")]
    assert carol.effects == dave.effects == []
    verify_log(desk.log)


def test_a_faulty_list_sends_nothing(desk: Desk) -> None:
    for user in ("alice", "bob", "carol"):
        desk.hub.ask(user)
    file = desk.folder / "list.csv"
    desk("export", file)
    exported = rows_of(file)

    def said(**changes: dict[int, str]) -> str:
        rows = [{**row, "decision": "accept"} for row in exported]
        for column, cells in changes.items():
            for k, text in cells.items():
                rows[k][column] = text
        write_rows(file, rows)
        status, _, err = desk("accept", "--list", file, "--yes")
        assert status == 2
        return err.replace(f"gazesearch: {file}: ", "")

    assert "row 3: decision 'ok': must be accept, reject, revoke or empty" in said(
        decision={1: "ok"}
    )
    assert "row 3: reject: say why" in said(decision={1: "reject"})
    assert "stands there twice" in said(
        **{c: {1: exported[0][c]} for c in exported[0]} | {"decision": {}}
    )
    assert "must stay as they were" in said(shown={0: "1.5E+10"})
    assert "must stay as they were" in said(log={0: "9" * 5_000})
    assert "row 2: account: is not what was exported" in said(account={0: "bob", 1: "alice"})
    assert desk.hub.posts == []
    file.write_text("a,b\n1,2\n")
    assert "column request: is not there once" in desk("accept", "--list", file, "--yes")[2]


def test_declared_fields_are_shown_harmlessly_everywhere(desk: Desk) -> None:
    fields = {
        f"{EVIL} {k}": text for k, text in enumerate((EVIL, "=1+1", "\t@SUM(A1)", "x" * 10**5))
    }
    desk.hub.ask("mallory", fullname=EVIL, email=f"=cmd|{EVIL}", fields=fields)
    desk.hub.ask(EVIL[:30], fields={"Country": "-2+3"})
    file = desk.folder / "list.csv"
    outputs = [desk(*words)[1] for words in (
        ("list",), ("show", "mallory"), ("due", "--days", "0"), ("list", "--json"),
    )]  # fmt: skip
    desk("export", file)
    desk("accept", "mallory", "--yes")
    outputs += [desk("log")[1], desk.log.read_text(), file.read_text(encoding="utf-8-sig")]
    for text in outputs:
        assert all(line.isprintable() for line in text.splitlines())
    assert "\n".join(outputs).count("\r") == 0
    assert len(outputs[1]) < 30_000
    assert "(100,000 characters)" in outputs[1]
    assert "<script>" not in outputs[3]
    with file.open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@")]
    # The reviewer's copy comes back as it was exported.
    rows = rows_of(file)
    for row in rows:
        row["decision"] = "accept" if row["account"] != "mallory" else ""
    write_rows(file, rows)
    assert desk("accept", "--list", file, "--yes")[0] == 0
    assert [one.status for one in desk.hub.requests.values()] == ["accepted"] * 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_before_or_after_the_effect_it_still_arrives_once(desk: Desk, when: str) -> None:
    alice = desk.hub.ask("alice")
    setattr(desk.hub, f"{when}_effect", desk.kill)
    killed = desk.start("accept", "alice", "--yes")
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert [entry.what for entry in read_log(desk.log)] == ["intent"]
    assert "not known yet" in desk("log")[1]
    setattr(desk.hub, f"{when}_effect", lambda _call: None)
    assert desk("accept", "alice", "--yes")[0] == 0
    assert alice.effects == [("accepted", None)]
    found = [entry.result for entry in read_log(desk.log) if entry.what == "outcome"]
    assert found == (["found"] if when == "after" else ["not-arrived", "done"])


def test_two_reviewers_with_one_list_decide_each_request_once(desk: Desk) -> None:
    for k in range(6):
        desk.hub.ask(f"user{k}")
    file = desk.folder / "list.csv"
    desk("export", file)
    write_rows(file, [{**row, "decision": "accept"} for row in rows_of(file)])
    both = [desk.start("accept", "--list", file, "--yes") for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(output.count(" before ") for output in outputs) == [0, 6]
    assert all(one.effects == [("accepted", None)] for one in desk.hub.requests.values())
    assert len([entry for entry in read_log(desk.log) if entry.what == "intent"]) == 6


def test_log_verify_ends_with_status_1_at_an_altered_byte(desk: Desk) -> None:
    desk.hub.ask("alice")
    desk("reject", "alice", "--yes", "--reason", "No proof.")
    status, out, _ = desk("log", "--verify")
    assert (status, "2 lines, 1 decisions, as written" in out) == (0, True)
    assert desk("log", "--verify", "--expect", "sha256:00")[0] == 1
    desk.log.write_bytes(desk.log.read_bytes().replace(b"No proof", b"No prooF"))
    status, _, err = desk("log", "--verify")
    assert status == 1
    assert "line 1: is not as it was written" in err


def test_without_a_login_it_says_how(desk: Desk) -> None:
    desk.monkeypatch.delenv("HF_TOKEN")
    assert desk("list")[2] == (
        "gazesearch: owner/scans: nobody is logged in: hf auth login, or set HF_TOKEN"
    )
    desk.monkeypatch.setenv("HF_TOKEN", "hf_anotherToken0123456789")
    status, _, err = desk("list")
    assert (status, "log in again" in err) == (2, True)


def test_help_loads_no_hub_library() -> None:
    code = (
        "import sys; sys.argv = ['gazesearch', 'requests', 'accept', '--help']\n"
        "from gazesearch.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n"
        "    assert not {'huggingface_hub', 'httpx2', 'httpx', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
