"""A request for access, and the calls of `huggingface_hub` that list and decide requests.

Every form was read in the source of huggingface_hub 2.4.0 (`HfApi`).
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Literal, NoReturn

from gazesearch.access.check import checked_id
from gazesearch.access.harmless import plain, without_tokens
from gazesearch.access.hub import token
from gazesearch.errors import HubError, first_line, require

Status = Literal["pending", "accepted", "rejected"]
Verdict = Literal["accept", "reject", "revoke"]

STATUSES: Final[tuple[Status, ...]] = ("pending", "accepted", "rejected")
TARGET: Final[dict[Verdict, Status]] = {
    "accept": "accepted",
    "reject": "rejected",
    "revoke": "pending",
}
"""The list on which the hub has a request after a verdict; a revoked one waits again."""

ORIGINS: Final[dict[Verdict, tuple[Status, ...]]] = {
    "accept": ("pending", "rejected"),
    "reject": ("pending",),
    "revoke": ("accepted",),
}

PATIENCE_S: Final = 60.0
"""Seconds until a decision without an answer counts as unclear."""


@dataclass(frozen=True, kw_only=True)
class AccessRequest:
    """What somebody who asks for access has declared, as the hub lists it.

    Attributes:
        repo: the dataset.
        id: the hub's id of the request.
        user, fullname, email: of the account; None where the hub does not share it.
        asked: when.
        status: the list that it stands on.
        answers: question and answer, as the form has them; a box is True or False.
    """

    repo: str
    id: str
    user: str | None
    fullname: str | None
    email: str | None
    asked: datetime
    status: Status
    answers: tuple[tuple[str, str | bool], ...] = ()

    @property
    def label(self) -> str:
        """What to call it on a line: the user's name, or the id where names are not shared."""
        return plain(self.user if self.user is not None else f"#{self.id}", limit=60)

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the digest of all that was declared, whichever list it stands on."""
        content = [self.repo, self.id, self.user, self.fullname, self.email]
        answers = sorted(self.answers, key=lambda answer: answer[0])
        text = json.dumps([*content, self.asked.isoformat(), answers], ensure_ascii=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def days(self, now: datetime) -> int:
        """Whole days since it was made."""
        return max((now - self.asked).days, 0)


@dataclass(frozen=True, kw_only=True)
class HubAnswer:
    """What became of one call that decides.

    Attributes:
        taken: the hub says that it is done.
        refused: the hub says no (status 4xx); neither: nobody knows.
        said: one line, without a token.
        wait_s: seconds that the hub asks to wait.
    """

    taken: bool
    refused: bool = False
    said: str = ""
    wait_s: float | None = None


class RequestsOnHub:
    """The requests of one dataset, by `huggingface_hub`, with its login.

    Args:
        repo: the dataset, OWNER/NAME.
        endpoint: address of another hub; `HF_ENDPOINT` by default.

    Raises:
        BadSetting: `repo` is not OWNER/NAME.
        MissingExtra: huggingface_hub is not installed.
    """

    def __init__(self, repo: str, *, endpoint: str | None = None) -> None:
        hub = require("huggingface_hub", extra="hub")
        self.repo = checked_id(repo)
        self._api = hub.HfApi(endpoint=endpoint)
        self._get_token = hub.get_token

    def reviewer(self) -> str:
        """Name of the account that is logged in.

        Raises:
            HubError: nobody is, or the hub cannot be reached.
        """
        self._check_login()
        for pause_s in (0.5, 1.0, 2.0, None):
            try:
                return plain(str(self._api.whoami()["name"]), limit=60)
            except Exception as error:
                if pause_s is None or _refuses(error):
                    self._fail("who is logged in", error)
            time.sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    def _check_login(self) -> None:
        if token() is None:
            raise HubError(f"{self.repo}: nobody is logged in: hf auth login, or set HF_TOKEN")

    def listed(self, statuses: Iterable[Status] = STATUSES) -> tuple[AccessRequest, ...]:
        """All requests on these lists, the longest waiting first.

        Raises:
            HubError: a list cannot be had, or is not in the form that is known.
        """
        calls = {
            "pending": self._api.list_pending_access_requests,
            "accepted": self._api.list_accepted_access_requests,
            "rejected": self._api.list_rejected_access_requests,
        }
        self._check_login()
        found: dict[str, AccessRequest] = {}
        for status in statuses:
            try:
                listed = calls[status](self.repo, repo_type="dataset")
                # One that changes lists meanwhile is where it was seen last.
                found |= {one.id: one for one in (_request(self.repo, status, r) for r in listed)}
            except Exception as error:
                self._fail(f"the list of {status} requests", error)
        return tuple(sorted(found.values(), key=lambda one: (one.asked, one.id)))

    def send(self, request_id: str, verdict: Verdict, reason: str) -> HubAnswer:
        """Send one verdict, once. The only place of the package that decides a request."""
        where = {"request_id": request_id, "repo_type": "dataset"}
        try:
            with _patience():
                if verdict == "accept":
                    self._api.accept_access_request(self.repo, **where)
                elif verdict == "reject":
                    self._api.reject_access_request(self.repo, rejection_reason=reason, **where)
                else:
                    self._api.cancel_access_request(self.repo, **where)
        except Exception as error:
            headers = getattr(getattr(error, "response", None), "headers", {})
            return HubAnswer(
                taken=False,
                refused=_refuses(error),
                said=self._line(error),
                wait_s=_seconds(headers.get("retry-after")),
            )
        return HubAnswer(taken=True)

    def _fail(self, what: str, error: Exception) -> NoReturn:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        mend = {
            400: "is the dataset gated?",
            401: "log in again: hf auth login",
            403: "your token needs write access to the dataset",
            404: "is the name right, and your token's access?",
        }.get(status, "try again")
        # Not `from error`: its frames and its text are another library's, and may hold the token.
        raise HubError(f"{self.repo}: {what}: {self._line(error)}: {mend}") from None

    def _line(self, error: Exception) -> str:
        """An error of the hub as one line that holds no token."""
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        status = getattr(getattr(error, "response", None), "status_code", None)
        said = first_line(RuntimeError(lines[0])) if lines else type(error).__name__
        return without_tokens(f"HTTP {status}" if status else said, self._get_token())


@contextmanager
def _patience() -> Iterator[None]:
    """The library waits without end for an answer; a decision waits `PATIENCE_S`."""
    session = require("huggingface_hub.utils", extra="hub").get_session()
    before = getattr(session, "timeout", None)
    session.timeout = PATIENCE_S
    try:
        yield
    finally:
        session.timeout = before


def _refuses(error: Exception) -> bool:
    """Whether the hub has said no, rather than not now, or nothing."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return 400 <= status < 500 and status not in (408, 425, 429)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() and len(text) < 6 else None


def _request(repo: str, status: Status, listed: Any) -> AccessRequest:
    """A request in our form from one in the library's.

    Raises:
        ValueError: it has no id or no time.
    """
    # Versions of the library from before ids list the user only.
    request_id = getattr(listed, "request_id", None)
    if not isinstance(request_id, str) or not re.fullmatch(r"[\w.:-]{1,100}", request_id, re.ASCII):
        raise ValueError("a request without an id: pip install -U 'huggingface_hub>=2.3'")
    asked = listed.timestamp
    if not isinstance(asked, datetime):
        raise ValueError(f"request {request_id} says no time")
    fields = listed.fields if isinstance(listed.fields, dict) else {}
    return AccessRequest(
        repo=repo,
        id=request_id,
        user=_text(listed.username),
        fullname=_text(listed.fullname),
        email=_text(listed.email),
        asked=asked if asked.tzinfo else asked.replace(tzinfo=UTC),
        status=status,
        answers=tuple((str(key), _answer(value)) for key, value in fields.items()),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _answer(value: Any) -> str | bool:
    if isinstance(value, str | bool):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
