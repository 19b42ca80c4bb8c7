"""A person's decisions, brought to the hub: each arrives once, whatever breaks on the way.

The order: the log is held, the hub's lists are read, an intent is written to the disk, the hub is
asked, the outcome is written. Where the answer is lost, the lists say what became of it, and only
a request that they have as it was is sent again. What a crash has left open is settled from the
lists by the next decision; that never sends anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gazesearch.access.decision_log import (
    MEANING,
    Entry,
    LogWriter,
    held,
    last_decisions,
    open_intents,
)
from gazesearch.access.harmless import has_ink, holds_token, plain
from gazesearch.access.requests import (
    ORIGINS,
    TARGET,
    AccessRequest,
    HubAnswer,
    RequestsOnHub,
    Status,
    Verdict,
)
from gazesearch.errors import BadSetting, DataError, HubError

LONGEST_REASON: Final = 200
"""Characters of a reason, as the hub allows."""

TRIES: Final = 6
LONGEST_WAIT_S: Final = 300.0
FRESH_S: Final = 60.0
"""Age up to which the hub's lists are believed while a reviewed list is worked off."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person has decided on one request, and what was seen of it.

    Attributes:
        request: the hub's id.
        label: what to call it on a line.
        shown: digest of what was shown.
        status: the list on which it stood.
        verdict: accept, reject or revoke.
        reason: why; a rejection and a revocation have one.
        hints: names of the hints that were shown.
        seen: lines that the log had when the request was shown.
    """

    request: str
    label: str
    shown: str
    status: Status
    verdict: Verdict
    reason: str = ""
    hints: tuple[str, ...] = ()
    seen: int = 0


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of a decision: on the hub now, there before, or refused for a reason."""

    decision: Decision
    entry: Entry | None = None
    before: bool = False
    refusal: str | None = None


def decision_on(
    request: AccessRequest,
    verdict: Verdict,
    *,
    reason: str = "",
    hints: Iterable[str] = (),
    seen: int,
) -> Decision:
    """The decision on a request as it was shown.

    Raises:
        BadSetting: the reason is missing, too long, or not one plain line.
    """
    return Decision(
        request=request.id,
        label=request.label,
        shown=request.digest,
        status=request.status,
        verdict=verdict,
        reason=checked_reason(verdict, reason),
        hints=tuple(hints),
        seen=seen,
    )


def checked_reason(verdict: Verdict, reason: str) -> str:
    """The reason without blanks around it.

    Raises:
        BadSetting: it is missing, over 200 characters, holds a token or more than plain text.
    """
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise BadSetting(f"reason: {len(reason)} characters, at most {LONGEST_REASON}")
    if not reason.isprintable():
        raise BadSetting("reason: must be one line of plain text")
    if holds_token(reason):
        raise BadSetting("reason: holds a token: it would be stored and shown")
    if verdict != "accept" and not has_ink(reason):
        raise BadSetting(f"{verdict}: say why: --reason TEXT, at most {LONGEST_REASON} characters")
    return reason


def deliver(
    decisions: Sequence[Decision],
    *,
    hub: RequestsOnHub,
    log: Path,
    wait_s: float = 30.0,
    pause_s: float = 0.25,
    progress: Callable[[str, float], None] | None = None,
    done: Callable[[Delivered], None] | None = None,
) -> list[Delivered]:
    """Bring decisions to the hub, one after the other, each once.

    Args:
        decisions: what a person has decided, at most one a request.
        hub: the dataset's requests.
        log: the decision log, made if absent.
        wait_s: seconds to wait for another reviewer.
        pause_s: seconds before a second try; doubled for every further one.
        progress: told what is done, and the fraction.
        done: told of each decision when its outcome is in the log.

    Raises:
        HubError: the hub does not answer. The decision on the way stays open in the log.
        DataError: the log is not as it was written, or a request is decided twice.
        UnreadableFile: the log cannot be written, or another reviewer holds it.
    """
    if len({decision.request for decision in decisions}) < len(decisions):
        raise DataError("decisions: a request stands there twice: decide each once")
    found = []
    with held(log, who=hub.reviewer(), repo=hub.repo, wait_s=wait_s) as writer:
        desk = _Desk(hub, writer, pause_s)
        desk.settle()
        for k, decision in enumerate(decisions):
            if progress is not None:
                progress(f"{decision.verdict} {decision.label}", k / len(decisions))
            found.append(desk.deliver(decision))
            if done is not None:
                done(found[-1])
    return found


class _Desk:
    """The hub's lists, and the log that is held."""

    def __init__(self, hub: RequestsOnHub, writer: LogWriter, pause_s: float) -> None:
        self._hub, self._writer, self._pause_s = hub, writer, pause_s
        self._look()

    def _look(self) -> None:
        # A request that goes from one list to another meanwhile may be on both, or on none.
        self._listed = {request.id: request for request in self._hub.listed()}
        self._looked = time.monotonic()

    def _now(self, request: str | None) -> AccessRequest | None:
        """The request as the lists have it; looked for twice before it counts as gone."""
        if time.monotonic() - self._looked > FRESH_S or request not in self._listed:
            self._look()
        return self._listed.get(request or "")

    def settle(self) -> None:
        """Close what a crash has left open, by what the lists say; nothing is sent."""
        for intent in open_intents(self._writer.entries, self._hub.repo):
            now = self._now(intent.request)
            if now is None:
                self._writer.outcome(intent, "gone")
            elif intent.decision is not None and now.status == TARGET[intent.decision]:
                self._writer.outcome(intent, "found")
            elif now.status == intent.origin:
                self._writer.outcome(intent, "not-arrived")
            else:
                self._writer.outcome(intent, "overtaken")

    def deliver(self, decision: Decision) -> Delivered:
        now = self._now(decision.request)
        target = TARGET[decision.verdict]
        last = last_decisions(self._writer.entries).get(decision.request)
        if now is None:
            return _refused(decision, "has no request on the hub's lists any more")
        if last is not None and now.status == target and last.decision == decision.verdict:
            return Delivered(decision=decision, entry=last, before=True)
        if last is not None and last.n > decision.seen:
            # Or an old list would accept again whom somebody has revoked meanwhile.
            return _refused(decision, f"was decided since it was shown (line {last.n} of the log)")
        if now.digest != decision.shown:
            return _refused(decision, "has declared something else since it was shown")
        if now.status != decision.status:
            return _refused(decision, f"is {now.status} now, and was {decision.status} when shown")
        if now.status not in ORIGINS[decision.verdict]:
            return _refused(decision, f"is {now.status}: there is nothing to {decision.verdict}")
        intent = self._writer.add(
            Entry(
                who=self._writer.who,
                what="intent",
                repo=self._hub.repo,
                request=decision.request,
                user=None if now.user is None else plain(now.user, limit=100),
                decision=decision.verdict,
                origin=now.status,
                shown=decision.shown,
                hints=decision.hints,
                reason=decision.reason or None,
            )
        )
        return self._send(decision, intent)

    def _send(self, decision: Decision, intent: Entry) -> Delivered:
        answer = HubAnswer(taken=False)
        for k in range(TRIES):
            if k:
                wait = self._pause_s * 2 ** (k - 1) if answer.wait_s is None else answer.wait_s
                time.sleep(min(wait, LONGEST_WAIT_S))
            answer = self._hub.send(decision.request, decision.verdict, decision.reason)
            if answer.taken:
                self._writer.outcome(intent, "done")
                self._listed.pop(decision.request, None)
                return Delivered(decision=decision, entry=intent)
            # Not clear; or a refusal, which is also what the hub says to a second try after a
            # first that arrived. The lists know.
            self._look()
            now = self._now(decision.request)
            if now is None:
                outcome = self._writer.outcome(intent, "gone", answer.said)
            elif now.status == TARGET[decision.verdict]:
                self._writer.outcome(intent, "found", answer.said)
                return Delivered(decision=decision, entry=intent)
            elif now.status != intent.origin or now.digest != decision.shown:
                outcome = self._writer.outcome(intent, "overtaken", answer.said)
            elif answer.refused:
                outcome = self._writer.outcome(intent, "refused", answer.said)
            else:
                continue
            meaning = MEANING[outcome.result or "refused"]
            return _refused(decision, f"{decision.verdict}: {meaning} ({answer.said})")
        raise HubError(
            f"{self._hub.repo}: {decision.label}: {decision.verdict}: {answer.said}, "
            f"{TRIES} times: by the hub's lists it has not arrived: give the command again"
        )


def _refused(decision: Decision, why: str) -> Delivered:
    return Delivered(decision=decision, refusal=f"{decision.label}: {why}")
