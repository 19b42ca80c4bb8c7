"""What a reviewer has before him: the hub's lists, the log, the hints, and what may be done.

Nothing here decides: `Review.deliver` brings to the hub what it is given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gazesearch.access import decisions, review_list, summary
from gazesearch.access.decision_log import log_path, read_log
from gazesearch.access.decisions import Decision, Delivered
from gazesearch.access.harmless import plain
from gazesearch.access.hints import Hint, hints_for
from gazesearch.access.requests import AccessRequest, RequestsOnHub, Status, Verdict
from gazesearch.errors import DataError, UnknownName


def open_review(
    repo: str,
    *,
    log: str | os.PathLike[str] | None = None,
    endpoint: str | None = None,
    now: datetime | None = None,
) -> Review:
    """Read the hub's three lists and the decision log.

    Args:
        repo: the dataset, OWNER/NAME.
        log: the decision log; in the user's data folder by default.
        endpoint: address of another hub; `HF_ENDPOINT` by default.
        now: by which days are counted.

    Raises:
        BadSetting: `repo` is not OWNER/NAME.
        MissingExtra: huggingface_hub is not installed.
        HubError: nobody is logged in, or the lists cannot be had.
        DataError: the log is not as it was written.
    """
    hub = RequestsOnHub(repo, endpoint=endpoint)
    path = log_path(repo) if log is None else Path(log)
    entries = read_log(path)
    # Before the lists: what is decided while they come counts as decided since.
    requests = hub.listed()
    return Review(
        hub=hub,
        log=path,
        requests=requests,
        hints=hints_for(requests, log=entries),
        seen=len(entries),
        now=now or datetime.now(UTC),
    )


@dataclass(frozen=True, kw_only=True)
class Review:
    """The requests of a dataset at one time; made by `open_review`.

    Attributes:
        requests: of all three lists, the longest waiting first.
        hints: by id of the request.
        seen: lines that the log had.
        now: by which days are counted.
    """

    hub: RequestsOnHub
    log: Path
    requests: tuple[AccessRequest, ...]
    hints: Mapping[str, tuple[Hint, ...]]
    seen: int
    now: datetime = field(repr=False)

    def of(self, status: Status | None) -> list[AccessRequest]:
        """The requests of one list; of all where it is None."""
        return [one for one in self.requests if status is None or one.status == status]

    def due(self, days: int) -> list[AccessRequest]:
        """Pending for this many days or longer."""
        return [one for one in self.of("pending") if one.days(self.now) >= days]

    def find(self, user: str) -> AccessRequest:
        """The request of a user, or with an id (`#...`).

        Raises:
            UnknownName: there is none.
            DataError: there are several.
        """
        found = [one for one in self.requests if user in (one.user, f"#{one.id}")]
        found = list({one.id: one for one in found}.values())
        if len(found) > 1:
            ids = ", ".join(f"#{one.id}" for one in found)
            raise DataError(f"{plain(user, limit=60)}: several requests: name one: {ids}")
        if not found:
            raise UnknownName("user", plain(user, limit=60), (one.label for one in self.requests))
        return found[0]

    def as_table(self, requests: Sequence[AccessRequest]) -> str:
        """A line a request."""
        return summary.as_table(requests, self.hints, now=self.now)

    def as_text(self, request: AccessRequest) -> str:
        """All that was declared, and hints."""
        return summary.as_text(request, self.hints[request.id], now=self.now)

    def as_json(self, requests: Sequence[AccessRequest]) -> str:
        """The same for machines."""
        return summary.requests_as_json(requests, self.hints, now=self.now)

    def export(self, requests: Sequence[AccessRequest], path: str | os.PathLike[str]) -> int:
        """Write a list to be decided in; returns its length. See `review_list.write_list`."""
        review_list.write_list(requests, path, hints=self.hints, seen=self.seen, now=self.now)
        return len(requests)

    def read(self, path: str | os.PathLike[str], verdict: Verdict) -> tuple[list[Decision], int]:
        """Decisions of one kind in a reviewed list, and how many of other kinds stand there."""
        found = review_list.read_list(path, self.requests, hints=self.hints)
        chosen = [decision for decision in found if decision.verdict == verdict]
        return chosen, len(found) - len(chosen)

    def decision(self, request: AccessRequest, verdict: Verdict, *, reason: str = "") -> Decision:
        """The decision on a request as it is shown here; brings nothing anywhere.

        Raises:
            BadSetting: the reason is missing, too long, or not one plain line.
        """
        names = dict.fromkeys(hint.name for hint in self.hints[request.id])
        return decisions.decision_on(request, verdict, reason=reason, hints=names, seen=self.seen)

    def deliver(
        self,
        decided: Sequence[Decision],
        *,
        progress: Callable[[str, float], None] | None = None,
        done: Callable[[Delivered], None] | None = None,
    ) -> list[Delivered]:
        """Bring decisions to the hub, each once. See `decisions.deliver`."""
        return decisions.deliver(decided, hub=self.hub, log=self.log, progress=progress, done=done)
