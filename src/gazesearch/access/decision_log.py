"""The decision log: JSON lines that are only ever added, each with the digest of the one before.

A decision is two lines: `intent`, on the disk before the hub is asked, and `outcome`, what became
of it. A line ends with its own digest, so that the last one cannot be altered unseen either.
What people declared is not in it, only the digest of what was shown.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Literal

from gazesearch.access.requests import STATUSES, TARGET, Status, Verdict
from gazesearch.errors import DataError, UnreadableFile
from gazesearch.files import locked, readable

LONGEST_LINE: Final = 2**16
START: Final = "sha256:" + "0" * 64
"""What the first line has in the place of the digest of the one before."""

Result = Literal["done", "found", "not-arrived", "refused", "overtaken", "gone"]

MEANING: Final[dict[Result, str]] = {
    "done": "the hub took it",
    "found": "the answer was lost; the hub's lists have it",
    "not-arrived": "never arrived: the hub's lists have the request as it was",
    "refused": "the hub refused it",
    "overtaken": "somebody else decided before it arrived",
    "gone": "the request is on none of the hub's lists any more",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line.

    Attributes:
        n: number of the line, from 1.
        when: UTC.
        who: account of the reviewer.
        what: `intent`, `outcome`, or `mended` (a line torn by a crash was taken off the end).
        repo, request, user: which request; the user as the hub names it.
        decision, origin, reason: what was decided, on which list it stood, why.
        shown: digest of what was shown.
        hints: names of the hints that were shown with it.
        intent: of an outcome, the number of its intent.
        result: of an outcome.
        said: what the hub said, or the torn line.
        before, digest: of the line before, and of this one.
    """

    n: int = 0
    when: str = ""
    who: str
    what: Literal["intent", "outcome", "mended"]
    repo: str
    request: str | None = None
    user: str | None = None
    decision: Verdict | None = None
    origin: Status | None = None
    shown: str | None = None
    hints: tuple[str, ...] | None = None
    reason: str | None = None
    intent: int | None = None
    result: Result | None = None
    said: str | None = None
    before: str = ""
    digest: str = ""


def _bytes(entry: Entry, *, digest: bool) -> bytes:
    record = {key: value for key, value in asdict(entry).items() if value is not None}
    if not digest:
        del record["digest"]
    return json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode()


def _sealed(entry: Entry) -> Entry:
    content = _bytes(entry, digest=False)
    return replace(entry, digest=f"sha256:{hashlib.sha256(content).hexdigest()}")


def log_path(repo: str) -> Path:
    """Where the log of a dataset is kept by default: in the user's data folder."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "gazesearch" / f"{repo.replace('/', '--')}.requests.jsonl"


def read_log(path: Path, *, whole: bool = False) -> tuple[Entry, ...]:
    """All lines of a log, verified; none if there is no such file.

    Args:
        path: the log.
        whole: refuse a last line without an end, which a crash leaves; else it is left out.

    Raises:
        DataError: a byte is not as it was written; names the first line at fault.
    """
    data = readable(path).read_bytes() if path.exists() else b""
    entries, torn = _verified(path, data)
    if torn and whole:
        raise DataError(
            f"{path}: line {len(entries) + 1}: is torn ({len(torn)} bytes without an end): "
            "the next decision takes it off and records it"
        )
    return entries


def verify_log(path: Path, *, expect: str | None = None) -> str:
    """Check every byte of a log; returns a line with its length and last digest.

    Args:
        path: the log.
        expect: a digest seen before, which must be of one of its lines: whoever keeps the last
            one elsewhere sees when lines were cut off the end, or all was written anew.

    Raises:
        DataError: a byte is not as it was written, or the expected digest is not there.
        UnreadableFile: there is no such file.
    """
    readable(path)
    entries = read_log(path, whole=True)
    if expect is not None and expect not in {entry.digest for entry in entries}:
        raise DataError(f"{path}: no line has the digest {expect!r}: lines are missing or others")
    decided = sum(entry.what == "intent" for entry in entries)
    last = entries[-1].digest if entries else START
    return f"{path}: {len(entries):,} lines, {decided:,} decisions, as written; last {last}"


def _verified(path: Path, data: bytes) -> tuple[tuple[Entry, ...], bytes]:
    """The lines, and what follows the last end of line."""
    *lines, torn = data.split(b"\n")
    entries: list[Entry] = []
    before = START
    for n, line in enumerate(lines, 1):
        entry = _parsed(line)
        if entry is None or entry.n != n or entry.before != before:
            raise DataError(
                f"{path}: line {n}: is not as it was written: keep the file, "
                "and compare it with a copy"
            )
        entries.append(entry)
        before = entry.digest
    return tuple(entries), torn


def _parsed(line: bytes) -> Entry | None:
    """The entry of a line; None unless the line is what would be written for it, to the byte."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        record: dict[str, Any] = json.loads(line)
        if "hints" in record:
            record["hints"] = tuple(record["hints"])
        entry = Entry(**record)
        same = _bytes(entry, digest=True) == line and _sealed(entry).digest == entry.digest
        same = same and _is_sound(entry)
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if same else None


def _is_sound(entry: Entry) -> bool:
    """Whether each value is of its kind: whoever shares the log can write digests that fit."""
    texts = (entry.who, entry.repo, entry.request, entry.user, entry.reason, entry.said)
    words = (
        (entry.what, ("intent", "outcome", "mended")),
        (entry.decision, (None, *TARGET)),
        (entry.origin, (None, *STATUSES)),
        (entry.result, (None, *MEANING)),
    )
    return (
        all(text is None or isinstance(text, str) for text in texts)
        and all(word in known for word, known in words)
        and type(entry.n) is int
        and (entry.intent is None or type(entry.intent) is int)
        and datetime.fromisoformat(entry.when).tzinfo is not None
        and all(isinstance(hint, str) for hint in entry.hints or ())
    )


class LogWriter:
    """Adds lines to a log that is held by nobody else; see `held`."""

    def __init__(self, path: Path, file: IO[bytes], who: str, repo: str) -> None:
        self.path, self.who, self.repo = path, who, repo
        self._file = file
        data = file.read()
        entries, torn = _verified(path, data)
        self.entries = list(entries)
        self._size = len(data) - len(torn)
        if torn:
            file.truncate(self._size)
            said = torn[:4_000].decode("ascii", errors="backslashreplace")
            self.add(Entry(who=who, what="mended", repo=repo, said=said))

    def add(self, entry: Entry) -> Entry:
        """Put a line at the end, on the disk when this returns.

        Raises:
            UnreadableFile: it cannot be written; the log is as it was.
        """
        last = self.entries[-1] if self.entries else None
        entry = _sealed(
            replace(
                entry,
                n=len(self.entries) + 1,
                when=datetime.now(UTC).isoformat(timespec="milliseconds"),
                before=last.digest if last else START,
            )
        )
        line = _bytes(entry, digest=True) + b"\n"
        if len(line) > LONGEST_LINE:
            raise DataError(f"{self.path}: a line of {len(line):,} bytes is too long for it")
        try:
            self._file.seek(self._size)
            written = 0
            while written < len(line):  # a disk that fills up takes a part before it refuses
                written += self._file.write(line[written:])
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(self._size)
            raise UnreadableFile(f"{self.path}: cannot be written: {error.strerror}") from error
        self._size += len(line)
        self.entries.append(entry)
        return entry

    def outcome(self, intent: Entry, result: Result, said: str | None = None) -> Entry:
        """Put what became of an intent at the end."""
        entry = Entry(
            who=self.who,
            what="outcome",
            repo=intent.repo,
            request=intent.request,
            user=intent.user,
            decision=intent.decision,
            intent=intent.n,
            result=result,
            said=said or None,
        )
        return self.add(entry)


def open_intents(entries: tuple[Entry, ...] | list[Entry], repo: str) -> list[Entry]:
    """Intents for a dataset of which nobody knows what became."""
    closed = {entry.intent for entry in entries if entry.what == "outcome"}
    return [e for e in entries if e.what == "intent" and e.repo == repo and e.n not in closed]


def last_decisions(entries: Iterable[Entry]) -> dict[str, Entry]:
    """By request: the intent of the last decision that arrived."""
    intents: dict[int, Entry] = {}
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.what == "intent":
            intents[entry.n] = entry
        elif entry.result in ("done", "found") and entry.intent in intents:
            found[entry.request or ""] = intents[entry.intent]
    return found


@contextmanager
def held(path: Path, *, who: str, repo: str, wait_s: float = 30.0) -> Iterator[LogWriter]:
    """Hold the log: no other process decides by it meanwhile. A process that dies lets go.

    Raises:
        UnreadableFile: another reviewer holds it for over `wait_s`, or it cannot be written.
        DataError: it is not as it was written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        file = os.fdopen(number, "r+b", buffering=0)
    except OSError as error:
        raise UnreadableFile(f"{path}: cannot be written: {error.strerror}") from error
    with file:
        end = time.monotonic() + wait_s
        while not _locked(path, file):
            if time.monotonic() > end:
                raise UnreadableFile(f"{path}: another reviewer is deciding: try again")
            time.sleep(0.05)
        yield LogWriter(path, file, who, repo)


def _locked(path: Path, file: IO[bytes]) -> bool:
    try:
        return locked(file)
    except OSError as error:
        raise UnreadableFile(
            f"{path}: its disk knows no locks ({error.strerror}): keep the log elsewhere: --log"
        ) from error
