"""The decision log: altered bytes are found, a torn end is mended, reviewers are kept apart."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gazesearch.access import decision_log
from gazesearch.access.decision_log import (
    START,
    Entry,
    held,
    last_decisions,
    open_intents,
    read_log,
    verify_log,
)
from gazesearch.errors import DataError, GazeSearchError, UnreadableFile

REPO = "owner/scans"


def intent(user: str = "alice") -> Entry:
    return Entry(
        who="owner",
        what="intent",
        repo=REPO,
        request=f"id-{user}",
        user=user,
        decision="reject",
        origin="pending",
        shown="sha256:00",
        hints=("mail",),
        reason="Keine Bestätigung",
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three decisions, the last of them open."""
    path = tmp_path / "log.jsonl"
    with held(path, who="owner", repo=REPO) as writer:
        writer.outcome(writer.add(intent()), "done")
        writer.outcome(writer.add(intent("bob")), "not-arrived", "HTTP 500")
        writer.add(intent("carol"))
    return path


def test_a_log_says_what_was_decided_and_what_is_open(log: Path) -> None:
    entries = read_log(log)
    assert [entry.n for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.user for entry in open_intents(entries, REPO)] == ["carol"]
    assert open_intents(entries, "owner/other") == []
    assert last_decisions(entries) == {"id-alice": entries[0]}
    assert verify_log(log).startswith(f"{log}: 5 lines, 3 decisions, as written; last sha256:")


@pytest.fixture
def small(log: Path) -> Path:
    """The first decision of the log."""
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    return log


def test_every_altered_byte_is_found(small: Path) -> None:
    data = small.read_bytes()
    for k in range(len(data)):
        flip = (0x01, 0x20, 0x80)[k % 3]  # another digit, another case, no ASCII
        small.write_bytes(data[:k] + bytes([data[k] ^ flip]) + data[k + 1 :])
        with pytest.raises(DataError, match=r"log\.jsonl: line [1-3]: is "):
            verify_log(small)


def test_every_missing_and_every_surplus_byte_is_found(small: Path) -> None:
    data = small.read_bytes()
    for k in range(len(data)):
        small.write_bytes(data[:k] + (data[k + 1 :] if k % 2 else b" " + data[k:]))
        with pytest.raises(DataError):
            verify_log(small)


def test_lines_left_out_swapped_or_cut_off_are_found(log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    last = read_log(log)[-1].digest
    for other in (
        lines[1:],
        lines[:1] + lines[2:],
        [lines[1], lines[0], *lines[2:]],
        [*lines, lines[-1]],
    ):
        log.write_bytes(b"".join(other))
        with pytest.raises(DataError):
            verify_log(log)
    # A shorter log is whole in itself: a digest kept elsewhere tells.
    log.write_bytes(b"".join(lines[:-1]))
    assert "4 lines" in verify_log(log)
    with pytest.raises(DataError, match="no line has the digest"):
        verify_log(log, expect=last)
    log.write_bytes(b"".join(lines))
    assert "5 lines" in verify_log(log, expect=last)


@pytest.mark.parametrize(
    "line",
    [b"[" * 60_000, b"{" * 2**17, b'{"n": NaN}', b"\xff", b"", b"null", b'{"n":1,"what":{}}'],
    ids=["nested", "long", "nan", "no-utf8", "empty", "null", "wrong-types"],
)
def test_a_hostile_line_is_one_fault(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "log.jsonl").write_bytes(line + b"\n")
    with pytest.raises(DataError, match="line 1: is not as it was written"):
        verify_log(tmp_path / "log.jsonl")


@pytest.mark.parametrize(
    "more",
    [
        {"decision": "\x1b[2J"},
        {"origin": "nowhere"},
        {"when": "\x1b[2J"},
        {"when": "2026-01-01T00:00:00"},
        {"who": 7},
        {"hints": (7,)},
        {"what": "outcome", "intent": 1, "result": "lost"},
        {"what": "outcome", "intent": "1", "result": "done"},
    ],
)
def test_a_line_of_other_words_is_one_fault_though_its_digest_fits(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    when = "2026-01-01T00:00:00.000+00:00"
    forged = replace(intent(), **{"n": 1, "before": START, "when": when, **more})
    sealed = replace(forged, digest=decision_log._sealed(forged).digest)
    (tmp_path / "log.jsonl").write_bytes(decision_log._bytes(sealed, digest=True) + b"\n")
    with pytest.raises(DataError, match="line 1: is not as it was written"):
        verify_log(tmp_path / "log.jsonl")


def test_a_line_torn_by_a_crash_is_taken_off_and_recorded(log: Path) -> None:
    data = log.read_bytes()
    start = data[:-1].rindex(b"\n") + 1
    for cut in (start + 1, start + 2, len(data) - 200, len(data) - 2, len(data) - 1):
        log.write_bytes(data[:cut])
        with pytest.raises(DataError, match="line 5: is torn"):
            verify_log(log)
        assert len(read_log(log)) == 4
        with held(log, who="owner", repo=REPO):
            pass
        assert "5 lines" in verify_log(log)
        mended = read_log(log)[-1]
        assert (mended.what, mended.said) == ("mended", data[start:cut].decode())


def test_a_damaged_log_takes_no_decision(log: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b"carol", b"karol"))
    with pytest.raises(DataError, match="line 5"), held(log, who="owner", repo=REPO):
        pytest.fail("it was opened")


def test_only_its_owner_may_read_it(log: Path) -> None:
    assert log.stat().st_mode & 0o077 == 0
    assert all(line.isascii() and json.loads(line) for line in log.read_bytes().splitlines())


def _write_many(path: Path, name: str) -> None:
    for _ in range(20):
        with held(path, who=name, repo=REPO, wait_s=60) as writer:
            writer.outcome(writer.add(intent(name)), "done")


def test_two_reviewers_never_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=_write_many, args=(path, name)) for name in ("a", "b")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    entries = read_log(path, whole=True)
    assert len(entries) == 80
    assert all(
        (outcome.intent, outcome.user) == (before.n, before.user)
        for before, outcome in zip(entries[::2], entries[1::2], strict=True)
    )


def test_who_comes_second_is_told(log: Path) -> None:
    with (
        held(log, who="a", repo=REPO),
        pytest.raises(UnreadableFile, match="another reviewer is deciding: try again"),
        held(log, who="b", repo=REPO, wait_s=0),
    ):
        pytest.fail("both hold it")


def test_a_line_that_could_not_be_read_back_is_not_written(log: Path) -> None:
    before = log.read_bytes()
    with (
        held(log, who="o" * 2**16, repo=REPO) as writer,
        pytest.raises(DataError, match="too long"),
    ):
        writer.outcome(open_intents(writer.entries, REPO)[0], "done")
    assert log.read_bytes() == before


def test_a_disk_that_is_full_leaves_the_log_as_it_was(log: Path) -> None:
    resource = pytest.importorskip("resource", reason="there is no limit to files on Windows")
    import signal

    before = log.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
    try:
        with held(log, who="owner", repo=REPO) as writer, pytest.raises(GazeSearchError):
            writer.add(intent("dave"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    assert log.read_bytes() == before
