"""Access requests on the hub of the tests: lists and decisions, as huggingface_hub 2.4.0 has them.

Forms are taken from its source: `HfApi._list_access_requests` (GET .../user-access-request/STATUS,
pages linked as `utils._pagination.paginate` follows them; requestId, user, status, timestamp,
fields) and `HfApi._handle_access_request` (POST .../user-access-request/handle with user or
requestId, status, rejectionReason). That a request which is already on the list asked for is
answered by 404 stands in the docstrings of accept_, reject_ and cancel_access_request.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hub import Answer, Call, Fault, Hub

REPO = "owner/scans"
TOKEN = "hf_ownerSecretToken0123456789"
PAGE = 100
LIST_PATH = "/user-access-request/(pending|accepted|rejected)"
HANDLE_PATH = "/user-access-request/handle"

BOXES = {
    "I have an active credentialed PhysioNet account": True,
    "I can provide proof of it": True,
    "I will not redistribute the images": True,
    "I agree to the data use agreement": True,
}


@dataclass
class Asked:
    """A request as the server keeps it; `effects` are the decisions that took effect."""

    id: str
    user: str | None
    fullname: str | None
    email: str | None
    asked: datetime
    fields: dict[str, Any]
    status: str = "pending"
    effects: list[tuple[str, str | None]] = field(default_factory=list)

    def form(self) -> dict[str, Any]:
        user = {"user": self.user, "fullname": self.fullname, "email": self.email}
        return {
            "requestId": self.id,
            "user": {key: value for key, value in user.items() if value is not None},
            "status": self.status,
            "timestamp": self.asked.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "fields": self.fields,
        }


class RequestHub(Hub):
    """A hub with one gated dataset, its owner, and requests.

    Attributes:
        requests: by id.
        after_effect: asked after a decision took effect, before it is answered; an answer that it
            gives is sent instead.
        before_effect: the same, before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: dict[str, Asked] = {}
        self.before_effect: Callable[[Call], Answer | None] = lambda _call: None
        self.after_effect: Callable[[Call], Answer | None] = lambda _call: None
        self.add_repo(REPO, {})
        self.add_user("owner", token=TOKEN)
        base = r"/api/datasets/(?P<repo>[^/]+/[^/]+)/user-access-request"
        self.add_route("GET", base + "/(?P<status>pending|accepted|rejected)", self._listed)
        self.add_route("POST", base + "/handle", self._handled)

    def ask(self, user: str, *, days: int = 1, **more: Any) -> Asked:
        """A flawless request, unless `more` says otherwise."""
        request = Asked(
            id=f"{len(self.requests):024x}",
            user=user,
            fullname=more.pop("fullname", f"Ada {user.title()}"),
            email=more.pop("email", f"{user}@uni-{user}.edu"),
            asked=more.pop("asked", datetime.now(UTC) - timedelta(days=days, hours=1)),
            status=more.pop("status", "pending"),
            fields={
                "Full name": f"Ada {user.title()}",
                "Affiliation / institution": f"University of {user.title()}",
                "Country": "Norway",
                "Intended use (short description)": "Scoring scanpath models of chest X-rays",
                "PhysioNet username (MIMIC-CXR credentialed)": f"ada-{user}",
                **BOXES,
                **more.pop("fields", {}),
            },
        )
        assert not more, more
        self.requests[request.id] = request
        return request

    @property
    def posts(self) -> list[Call]:
        """Every call that is none for reading."""
        return [call for call in self.state.calls if call.method != "GET"]

    def _listed(self, _hub: Hub, call: Call) -> Answer:
        if (refused := self.refusal(call, call.found["repo"], write=True)) is not None:
            return refused
        status = call.found["status"]
        with self.state.lock:
            found = [one.form() for one in self.requests.values() if one.status == status]
        start = int(call.query.get("cursor", ["0"])[0])
        headers = {}
        if start + PAGE < len(found):
            more = f"{self.endpoint}{call.path}?cursor={start + PAGE}"
            headers["Link"] = f'<{more}>; rel="next"'
        return Answer.of(found[start : start + PAGE], **headers)

    def _handled(self, _hub: Hub, call: Call) -> Answer:
        if (refused := self.refusal(call, call.found["repo"], write=True)) is not None:
            return refused
        if (instead := self.before_effect(call)) is not None:
            return instead
        payload = call.json()
        reason = payload.get("rejectionReason")
        if ("user" in payload) == ("requestId" in payload) or len(reason or "") > 200:
            return Answer.error(400, None, "Bad payload")
        with self.state.lock:
            found = [
                one
                for one in self.requests.values()
                if payload.get("requestId", one.id) == one.id
                and payload.get("user", one.user) == one.user
            ]
            if len(found) != 1 or found[0].status == payload["status"]:
                return Answer.error(404, None, "No such request, or it is on that list already")
            found[0].status = payload["status"]
            found[0].effects.append((payload["status"], reason))
        return self.after_effect(call) or Answer.of({"ok": True})


def random_faults(hub: RequestHub, seed: int, *, share: float, lists: float = 0.0) -> None:
    """Let a share of decisions go wrong: before or after they take effect; and of lists."""
    draw = random.Random(seed)

    def fault(call: Call) -> Fault | None:
        with hub.state.lock:
            if call.method != "POST":
                wrong = "user-access-request" in call.path and draw.random() < lists
                return Fault("status", status=503) if wrong else None
            if draw.random() >= share:
                return None
            kind = draw.choice(["500", "429", "drop", "cut", "after"])
        if kind == "429":
            return Fault("status", status=429, headers={"Retry-After": "0"})
        if kind == "500":
            return Fault("status", status=500)
        if kind == "drop":
            return Fault("drop")
        if kind == "cut":
            return Fault("cut")  # the decision takes effect; half of the answer comes
        hub.after_effect = failed_once  # a gateway's error after the decision took effect
        return None

    def failed_once(_call: Call) -> Answer:
        hub.after_effect = lambda _call: None
        return Answer.error(502, None, "Bad gateway")

    hub.state.random_fault = fault
