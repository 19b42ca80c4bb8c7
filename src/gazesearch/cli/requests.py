"""`gazesearch requests`: who asks for access to a gated dataset, decided by a person."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gazesearch.cli.access import Repo
from gazesearch.cli.options import Json
from gazesearch.cli.progress import progress
from gazesearch.cli.submit_check import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gazesearch.access.decisions import Delivered
    from gazesearch.access.requests import Verdict
    from gazesearch.access.review import Review

requests = typer.Typer(
    no_args_is_help=True,
    help="""Who asks for access to a gated dataset: shown with hints, decided by a person, logged.

    \b
    Examples:
      gazesearch requests list
      gazesearch requests show alice
      gazesearch requests accept alice
    """,
    rich_markup_mode=None,
)

Log = Annotated[
    Path | None,
    typer.Option(
        envvar="GAZESEARCH_REQUESTS_LOG",
        help="The decision log, .jsonl; in the user's data folder by default.",
    ),
]
Status = Annotated[
    Literal["pending", "accepted", "rejected", "all"],
    typer.Option(help="Which of the hub's lists."),
]
Users = Annotated[
    list[str] | None, typer.Argument(metavar="[USER]...", help="User names, or #ids of requests.")
]
Reviewed = Annotated[
    Path | None,
    typer.Option(
        "--list", metavar="FILE", help="Instead of USER: an exported list with decisions in it."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: what is named is decided.")]
Reason = Annotated[str, typer.Option(help="Why, at most 200 characters.")]


@requests.command("list")
def list_(
    status: Status = "pending", repo: Repo = None, log: Log = None, json: Json = False
) -> None:
    """Requests, the longest waiting first, and what there is to look at.

    \b
    Example:
      gazesearch requests list --status all
    """
    review = _review(repo, log)
    chosen = review.of(None if status == "all" else status)
    typer.echo(review.as_json(chosen) if json else review.as_table(chosen), nl=json)


@requests.command()
def show(
    users: Annotated[
        list[str], typer.Argument(metavar="USER...", help="User names, or #ids of requests.")
    ],
    repo: Repo = None,
    log: Log = None,
    json: Json = False,
) -> None:
    """All that USER has declared, and hints. A hint is something to look at, never a verdict.

    \b
    Example:
      gazesearch requests show alice
    """
    review = _review(repo, log)
    chosen = [review.find(user) for user in users]
    if json:
        typer.echo(review.as_json(chosen))
    for request in () if json else chosen:
        typer.echo(review.as_text(request), nl=False)


@requests.command()
def accept(
    users: Users = None,
    reviewed: Reviewed = None,
    reason: Reason = "",
    yes: Yes = False,
    repo: Repo = None,
    log: Log = None,
) -> None:
    """Give access to USER: shows the request, asks, accepts, logs.

    \b
    Examples:
      gazesearch requests accept alice
      gazesearch requests accept --list reviewed.csv
    """
    _decide("accept", users, reviewed, reason=reason, yes=yes, repo=repo, log=log)


@requests.command()
def reject(
    users: Users = None,
    reviewed: Reviewed = None,
    reason: Reason = "",
    yes: Yes = False,
    repo: Repo = None,
    log: Log = None,
) -> None:
    """Refuse access to USER; the hub shows the reason to who asked.

    \b
    Examples:
      gazesearch requests reject bob --reason "No proof of PhysioNet credentialing was sent."
      gazesearch requests reject --list reviewed.csv
    """
    _decide("reject", users, reviewed, reason=reason, yes=yes, repo=repo, log=log)


@requests.command()
def revoke(
    users: Users = None,
    reviewed: Reviewed = None,
    reason: Reason = "",
    yes: Yes = False,
    repo: Repo = None,
    log: Log = None,
) -> None:
    """Take access from USER; the cause is logged. The request waits again: reject it, or not.

    \b
    Example:
      gazesearch requests revoke bob --reason "Images found in a public repository."
    """
    _decide("revoke", users, reviewed, reason=reason, yes=yes, repo=repo, log=log)


@requests.command()
def export(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, .csv.")],
    status: Status = "pending",
    repo: Repo = None,
    log: Log = None,
) -> None:
    """Write requests to a spreadsheet with empty columns for decision and reason.

    It holds what people declared of themselves: delete it when it is done with.

    \b
    Example:
      gazesearch requests export reviewed.csv
    """
    review = _review(repo, log)
    n = review.export(review.of(None if status == "all" else status), output)
    typer.echo(f"{output}: {n:,} {'request' if n == 1 else 'requests'}")


@requests.command()
def due(
    days: Annotated[int, typer.Option(min=0, help="Waiting this long or longer.")] = 7,
    fail: Annotated[
        bool, typer.Option("--fail", help="End with status 1 if some are due.")
    ] = False,
    repo: Repo = None,
    log: Log = None,
    json: Json = False,
) -> None:
    """Requests that have waited for DAYS days and are not decided.

    \b
    Example:
      gazesearch requests due --days 7
    """
    review = _review(repo, log)
    waiting = review.due(days)
    if json:
        typer.echo(review.as_json(waiting))
    else:
        typer.echo(review.as_table(waiting) if waiting else "nothing is due\n", nl=False)
    if fail and waiting:
        raise CheckFailed(f"{review.hub.repo}: {len(waiting):,} waiting for {days} days or longer")


@requests.command("log")
def log_(
    verify: Annotated[
        bool, typer.Option("--verify", help="Only check every byte; status 1 at a fault.")
    ] = False,
    expect: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="With --verify: a digest seen before must be in it."),
    ] = None,
    repo: Repo = None,
    log: Log = None,
    json: Json = False,
) -> None:
    """Decisions so far: who, when, what, why, and what became of it.

    \b
    Examples:
      gazesearch requests log
      gazesearch requests log --verify
    """
    from gazesearch.access import REPO
    from gazesearch.access.decision_log import log_path, read_log, verify_log
    from gazesearch.access.summary import log_as_json, log_as_text
    from gazesearch.errors import DataError

    path = log or log_path(repo or REPO)
    if verify or expect is not None:
        try:
            typer.echo(verify_log(path, expect=expect))
        except DataError as error:
            raise CheckFailed(str(error)) from error
        return
    entries = read_log(path)
    typer.echo(log_as_json(entries) if json else log_as_text(entries), nl=json)


def _review(repo: str | None, log: Path | None) -> Review:
    from gazesearch.access import REPO
    from gazesearch.access.review import open_review

    return open_review(repo or REPO, log=log)


def _decide(
    verdict: Verdict,
    users: Sequence[str] | None,
    reviewed: Path | None,
    *,
    reason: str,
    yes: bool,
    repo: str | None,
    log: Path | None,
) -> None:
    """The one way to a decision: what the command line names, shown and said yes to."""
    from gazesearch.errors import BadSetting, DataError

    if bool(users) == (reviewed is not None):
        raise BadSetting(f"{verdict}: give USER, or --list FILE")
    if reviewed is not None and reason:
        raise BadSetting(f"{verdict}: with --list, reasons stand in the file")
    if not yes and not sys.stdin.isatty():
        raise BadSetting(f"{verdict}: no terminal to ask at: --yes decides what is named")
    review = _review(repo, log)
    if reviewed is None:
        found = _one_by_one(review, verdict, users or (), reason=reason, yes=yes)
    else:
        decisions, others = review.read(reviewed, verdict)
        typer.echo(f"{reviewed}: {len(decisions):,} to {verdict}, {others:,} other decisions left")
        if not decisions or not (yes or typer.confirm(f"{verdict} {len(decisions):,} requests?")):
            return
        with progress() as say:
            found = review.deliver(decisions, progress=say, done=_say)
    refusals = [one.refusal for one in found if one.refusal is not None]
    if refusals:
        raise DataError("\n".join(f"not decided: {refusal}" for refusal in refusals))


def _one_by_one(
    review: Review, verdict: Verdict, users: Sequence[str], *, reason: str, yes: bool
) -> list[Delivered]:
    found = []
    for request in [review.find(user) for user in users]:
        decision = review.decision(request, verdict, reason=reason)
        typer.echo(review.as_text(request), nl=False)
        if yes or typer.confirm(f"{verdict} {request.label}?"):
            found += review.deliver([decision], done=_say)
    return found


def _say(one: Delivered) -> None:
    done = {"accept": "accepted", "reject": "rejected", "revoke": "revoked"}[one.decision.verdict]
    if one.entry is not None:
        before = " before" if one.before else ""
        typer.echo(f"{one.decision.label}: {done}{before} (line {one.entry.n} of the log)")
