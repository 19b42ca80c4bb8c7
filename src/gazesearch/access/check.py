"""Where one stands at the gate: one of nine states, told with what comes next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gazesearch.access.conditions import LOGIN, REPO, steps
from gazesearch.access.hub import TIMEOUT_S, Trouble, client, quiet, token, trouble_of
from gazesearch.errors import BadSetting, HubError, first_line, require


class State(StrEnum):
    """What the hub says to one who wants a gated dataset."""

    GRANTED = "granted"
    NO_LOGIN = "no login"
    BAD_TOKEN = "bad token"
    NOT_ASKED = "not asked"
    PENDING = "pending"
    REJECTED = "rejected"
    NO_REPOSITORY = "no such repository"
    OFFLINE = "offline"
    UNKNOWN = "not granted, reason unknown"


# The hub tells these three apart by its words alone (docs/guide/get-the-data.md says which).
_WORDS: Final = (
    ("awaiting a review", State.PENDING),
    ("has been rejected", State.REJECTED),
    ("not in the authorized list", State.NOT_ASKED),
    ("to ask for access", State.NOT_ASKED),
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where one stands.

    Attributes:
        state: one of nine.
        repo: id of the dataset.
        user: name at the hub, if the login is good.
        said: the hub's own words, if it refused; one printable line.
    """

    state: State
    repo: str
    user: str | None = None
    said: str = ""

    @property
    def line(self) -> str:
        """The state and what to do, in one line."""
        page = f"https://huggingface.co/datasets/{self.repo}"
        who = f" to {self.user}" if self.user else ""
        said = f" ({self.said})" if self.said else ""
        return {
            State.GRANTED: f"{self.repo}: access is granted{who}: gazesearch download",
            State.NO_LOGIN: f"{self.repo}: you are not logged in: {LOGIN}",
            State.BAD_TOKEN: f"{self.repo}: the hub refuses your token: make a new one: {LOGIN}",
            State.NOT_ASKED: f"{self.repo}: you have not asked for access yet: ask at {page}",
            State.PENDING: f"{self.repo}: your request waits for a person's review: nothing to do; "
            f"if weeks pass, write to the authors at {page}/discussions",
            State.REJECTED: f"{self.repo}: your request was rejected: read the reason at {page} "
            "and write to the authors with the proof that was missing",
            State.NO_REPOSITORY: f"{self.repo}: no such dataset, or none that you may see: check "
            "the name",
            State.OFFLINE: f"{self.repo}: the hub cannot be reached{said}: check the connection, "
            "HF_ENDPOINT and HF_HUB_OFFLINE",
            State.UNKNOWN: f"{self.repo}: access is not granted, for a reason that gazesearch does "
            f"not know{said}: look at {page}",
        }[self.state]

    def to_text(self) -> str:
        """The line if access is granted, else the steps that it takes where they may help."""
        if self.state is State.GRANTED:
            return f"{self.line}\n"
        if self.state in (State.NO_REPOSITORY, State.OFFLINE):
            return ""
        listed = "".join(f"  {i}. {step}\n" for i, step in enumerate(steps(self.repo), start=1))
        return f"What access takes, in order:\n{listed}"

    def to_json(self) -> str:
        """The same for machines."""
        told: dict[str, Any] = {
            "state": self.state.value,
            "repo": self.repo,
            "user": self.user,
            "said": self.said,
            "line": self.line,
            "steps": list(steps(self.repo)),
        }
        return json.dumps(told, indent=2) + "\n"


def check_access(repo: str = REPO) -> Access:
    """Ask the hub whether the login of this machine may download a dataset.

    Nothing is changed and nothing is requested.

    Args:
        repo: id of the dataset, `owner/name`.

    Raises:
        MissingExtra: huggingface_hub is not installed.
        BadSetting: `repo` cannot be an id.
    """
    require("huggingface_hub", extra="hub")
    repo = checked_id(repo)
    try:
        logged_in = token() is not None
    except HubError:
        return Access(state=State.BAD_TOKEN, repo=repo)
    user = None
    with quiet():
        try:
            api = client()
            _reach(api, repo)
            if logged_in:
                user = _name(api)
            api.auth_check(repo, repo_type="dataset")
        except Exception as error:
            trouble = trouble_of(error)
            state = _state(trouble, logged_in=logged_in)
            return Access(state=state, repo=repo, user=user, said=trouble.said)
    return Access(state=State.GRANTED, repo=repo, user=user)


def checked_id(repo: str) -> str:
    """The id, if it can be one.

    Raises:
        BadSetting: it is not `owner/name`.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
        if repo.count("/") != 1:
            raise HFValidationError
    except HFValidationError:
        raise BadSetting(f"repository {repo!r}: must be owner/name, as {REPO}") from None
    return repo


def _reach(api: Any, repo: str) -> None:
    """Look at the dataset's page: of the calls used here the one that takes a time limit."""
    try:
        api.dataset_info(repo, timeout=TIMEOUT_S)
    except Exception as error:
        if trouble_of(error).kind == "offline":
            raise


def _name(api: Any) -> str | None:
    """Who the login is; None where the hub does not say, as it limits this question strictly."""
    try:
        return first_line(ValueError(api.whoami()["name"]))
    except Exception as error:
        if trouble_of(error).kind in ("offline", "token"):
            raise
        return None


def _state(trouble: Trouble, *, logged_in: bool) -> State:
    if trouble.kind == "offline":
        return State.OFFLINE
    if not logged_in and trouble.kind in ("gated", "repository", "token"):
        return State.NO_LOGIN
    if trouble.kind == "token":
        return State.BAD_TOKEN
    if trouble.kind == "repository":
        return State.NO_REPOSITORY
    if trouble.kind == "gated":
        said = trouble.said.lower()
        return next((state for words, state in _WORDS if words in said), State.UNKNOWN)
    return State.UNKNOWN
