"""The hub's own client, quiet; and what it raises, as one line with the mend."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from gazesearch.access.conditions import LOGIN
from gazesearch.access.harmless import holds_token, without_tokens
from gazesearch.errors import HubError, first_line, require

Kind = Literal[
    "offline",  # not reached, or cut off
    "token",  # the login is refused
    "gated",  # the login is good, access is not granted
    "repository",  # no such repository
    "revision",  # no such revision
    "file",  # no such file in it
    "limit",  # too many requests
    "server",  # the hub's own fault
    "disk",  # no room on the disk
    "damaged",  # other bytes than were announced
    "other",
]

T = TypeVar("T")

TIMEOUT_S: Final = 10.0
TRIES: Final = 4
PAUSE_S: Final = 0.5  # before the second try; twice as long before each further one

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NETWORK: Final = ("httpx", "httpcore", "requests", "urllib3")


@dataclass(frozen=True)
class Trouble:
    """What went wrong.

    Attributes:
        kind: see `Kind`.
        said: the hub's or the system's own words, one printable line.
        again: whether the same request may go well at once.
    """

    kind: Kind
    said: str
    again: bool = False


def client() -> Any:
    """`huggingface_hub.HfApi` with the login of the machine.

    Raises:
        MissingExtra: huggingface_hub is not installed.
        HubError: the token that was set cannot be one.
    """
    require("huggingface_hub", extra="hub")
    from huggingface_hub import HfApi

    # False, not None: else the client would look for a token itself at every call.
    return HfApi(token=token() or False)


def token() -> str | None:
    """The token of `HF_TOKEN` or `hf auth login`; None where there is none.

    Raises:
        HubError: it holds characters that no token has. It is never shown.
    """
    require("huggingface_hub", extra="hub")
    from huggingface_hub import get_token

    found: str | None = get_token()
    # Checked here: the HTTP library's own refusal would quote it.
    if found is not None and re.fullmatch(r"[\x21-\x7e]+", found) is None:
        raise HubError(f"the token holds characters that no token has: log in again: {LOGIN}")
    return found


def known_token() -> str | None:
    """The same without a complaint, to be taken out of what is shown."""
    from huggingface_hub import get_token

    try:
        found: str | None = get_token()
    except (OSError, ValueError):
        return None
    return found


@contextmanager
def quiet() -> Iterator[None]:
    """The client without its own log lines and bars: what it meets is told by our errors."""
    require("huggingface_hub", extra="hub")
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
        logging,
    )

    level, had_bars = logging.get_verbosity(), not are_progress_bars_disabled()
    logging.set_verbosity(logging.CRITICAL)
    if had_bars:
        disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if had_bars:
            enable_progress_bars()


def asked(question: Callable[[], T], what: str, *, repo: str) -> T:
    """Ask the hub, and again where that may help.

    Raises:
        HubError: it has no answer; `what` is the subject of the line.
    """
    for tried in range(TRIES):
        try:
            return question()
        except Exception as error:
            trouble = trouble_of(error)
            if not trouble.again or tried == TRIES - 1:
                raise hub_error(trouble, what, repo=repo) from harmless_cause(error)
        time.sleep(PAUSE_S * 2**tried)
    raise AssertionError("the last try returns or raises")


def harmless_cause(error: BaseException) -> BaseException | None:
    """The error itself, to be the cause of ours; None where its chain of texts holds a token."""
    texts = (f"{link} {link.__dict__.get('server_message', '')}" for link in _chain(error))
    return None if any(holds_token(text, known_token()) for text in texts) else error


def trouble_of(error: BaseException) -> Trouble:
    """What an exception of the client, or of the disk below it, means."""
    from huggingface_hub import errors

    tried_again = isinstance(error, errors.LocalEntryNotFoundError)  # the client has, five times
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, errors.HfHubHTTPError):
            return _refused(link, again=not tried_again)
    for link in chain:
        if isinstance(link, errors.OfflineModeIsEnabled):
            return Trouble("offline", "HF_HUB_OFFLINE is set")
        if isinstance(link, OSError) and link.errno in _FULL:
            return Trouble("disk", first_line(link))
        if type(link).__module__.partition(".")[0].rstrip("0123456789") in _NETWORK:
            return Trouble("offline", type(link).__name__, again=not tried_again)
    unread = (errors.FileMetadataError, KeyError, TypeError, ValueError)  # of JSON, and in it
    ours = (errors.HFValidationError, UnicodeEncodeError)  # ValueErrors of what is asked for
    if isinstance(error, unread) and not isinstance(error, ours):
        said = f"an answer that cannot be read: {type(error).__name__}"
        return Trouble("damaged", said, again=True)
    if isinstance(error, OSError) and error.errno is None:  # the client's check of the length
        return Trouble("damaged", first_line(error), again=True)
    return Trouble("other", f"{type(error).__name__}: {_line(str(error))}")


def hub_error(trouble: Trouble, what: str, *, repo: str) -> HubError:
    """One line: what, where, mend.

    Args:
        trouble: what went wrong.
        what: what was being done or fetched.
        repo: id of the dataset.
    """
    mends = {
        "offline": f"the hub cannot be reached or was cut off ({trouble.said}): check the "
        "connection and run the same command again, what has arrived is kept",
        "token": f"the hub refuses the login: log in again: {LOGIN}",
        "gated": f"access is not granted ({trouble.said}): run gazesearch access check",
        "repository": f"the hub has no dataset {repo}, or none that this login may see: check "
        "--repo and the login",
        "revision": f"{repo} has no such revision: check --revision",
        "file": "is gone from the hub: run the same command again",
        "limit": "the hub asks to wait (429): run the same command again in some minutes, what "
        "has arrived is kept",
        "server": f"the hub has a fault of its own ({trouble.said}): run the same command again "
        "later, what has arrived is kept",
        "disk": f"no room on the disk ({trouble.said}): make room and run the same command again, "
        "what has arrived is kept",
        "damaged": f"arrived damaged again and again ({trouble.said}): run the same command again; "
        "if it stays, tell the publisher",
        "other": f"{trouble.said}: run the same command again; run gazesearch access check",
    }
    return HubError(f"{what}: {mends[trouble.kind]}")


def _refused(error: Any, *, again: bool) -> Trouble:
    """What an answer of the hub with an error status means."""
    from huggingface_hub import errors

    status = error.response.status_code
    said = _own_words(error) or f"status {status}"
    if isinstance(error, errors.GatedRepoError):
        return Trouble("gated", said)
    if isinstance(error, errors.RepositoryNotFoundError):
        return Trouble("repository", said)
    if isinstance(error, errors.RevisionNotFoundError):
        return Trouble("revision", said)
    if isinstance(error, errors.EntryNotFoundError):
        return Trouble("file", said)
    if status == 401:
        return Trouble("token", said)
    if status == 403:
        return Trouble("gated", said)
    if status == 404:
        return Trouble("repository", said)
    if status == 429:
        return Trouble("limit", said)
    if status >= 500 or status == 408:
        return Trouble("server", f"status {status}", again=again)
    return Trouble("other", said)


def _own_words(error: Any) -> str:
    said = error.response.headers.get("X-Error-Message") or error.server_message or ""
    return _line(said) if said.strip() else ""


def _line(said: str) -> str:
    """Words of others as one printable line without a token."""
    return first_line(ValueError(without_tokens(said, known_token())))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
