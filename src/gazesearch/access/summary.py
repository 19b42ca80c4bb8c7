"""Requests and the decision log as lines and as JSON, harmless wherever they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from gazesearch.access.decision_log import MEANING, Entry
from gazesearch.access.harmless import as_json, plain
from gazesearch.access.hints import Hint
from gazesearch.access.requests import AccessRequest

Hints = Mapping[str, Sequence[Hint]]


def as_table(requests: Sequence[AccessRequest], hints: Hints, *, now: datetime) -> str:
    """A line each: who, which list, days, names of the hints."""
    lines = [f"{'user':24}  {'status':8}  {'days':>5}  hints"]
    for request in requests:
        names = ", ".join(dict.fromkeys(hint.name for hint in hints.get(request.id, ())))
        days = request.days(now)
        lines.append(f"{request.label:24}  {request.status:8}  {days:5}  {names or '-'}")
    return "\n".join(lines) + "\n"


def as_text(request: AccessRequest, hints: Sequence[Hint], *, now: datetime) -> str:
    """All that was declared, a line an answer, and the hints."""
    declared = [("account's name", request.fullname), ("account's mail", request.email)]
    asked = f"{request.asked:%Y-%m-%d}, {request.days(now)} days ago"
    lines = [f"{request.label}  #{request.id}  {request.status}  asked {asked}"]
    for what, said in declared:
        lines.append(f"  {what}: {'(not shared)' if said is None else plain(said)}")
    for question, answer in request.answers:
        where = plain(question, limit=200)
        if isinstance(answer, bool):
            lines.append(f"  [{'x' if answer else ' '}] {where}")
        else:
            lines.append(f"  {where}: {plain(answer)}")
    lines += [f"  HINT {hint}" for hint in hints]
    return "\n".join([*lines, f"  shown: {request.digest}"]) + "\n"


def requests_as_json(requests: Sequence[AccessRequest], hints: Hints, *, now: datetime) -> str:
    """The same for machines; answers stand there whole."""
    return as_json([_record(request, hints.get(request.id, ()), now) for request in requests])


def _record(request: AccessRequest, hints: Sequence[Hint], now: datetime) -> dict[str, Any]:
    return {
        "user": request.user,
        "request": request.id,
        "status": request.status,
        "asked": request.asked.isoformat(),
        "days": request.days(now),
        "fullname": request.fullname,
        "email": request.email,
        "answers": dict(request.answers),
        "hints": [asdict(hint) for hint in hints],
        "shown": request.digest,
    }


def log_as_text(entries: Sequence[Entry]) -> str:
    """A line a decision: number, when, who, what on whom, what became of it, why."""
    outcomes = {entry.intent: entry for entry in entries if entry.what == "outcome"}
    lines = []
    for entry in entries:
        start = f"{entry.n:>6}  {entry.when[:19]}Z  {plain(entry.who, limit=40)}"
        if entry.what == "mended":
            lines.append(
                f"{start}  a line torn by a crash was taken off: {plain(entry.said or '')}"
            )
        if entry.what == "intent":
            outcome = outcomes.get(entry.n)
            became = MEANING[outcome.result] if outcome and outcome.result else "not known yet"
            whom = plain(entry.user or f"#{entry.request}", limit=60)
            why = f"  ({plain(entry.reason)})" if entry.reason else ""
            lines.append(f"{start}  {entry.decision} {whom}: {became}{why}")
    return "".join(f"{line}\n" for line in lines)


def log_as_json(entries: Sequence[Entry]) -> str:
    """All lines of the log as one JSON list."""
    records = [asdict(entry) for entry in entries]
    return as_json([{k: v for k, v in record.items() if v is not None} for record in records])
