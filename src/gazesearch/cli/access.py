"""`gazesearch access`: where one stands at the gate of a dataset."""

from __future__ import annotations

from typing import Annotated

import typer

from gazesearch.cli.options import Json

access = typer.Typer(
    no_args_is_help=True, help="Access to the gated dataset.", rich_markup_mode=None
)

Repo = Annotated[
    str | None,
    typer.Option(metavar="OWNER/NAME", help="The dataset; phamtrongthang/GazeSearch by default."),
]


class NotGranted(Exception):
    """The hub does not let this login have the dataset.

    Attributes:
        state: value of `gazesearch.access.State`.
    """

    def __init__(self, line: str, state: str) -> None:
        super().__init__(line)
        self.state = state


@access.callback()
def _group() -> None:
    """Keep `check` a command of its own, though it is the only one."""


@access.command()
def check(repo: Repo = None, json: Json = False) -> None:
    """Say whether you may download the dataset, and what is needed, in order.

    Ends with 0 if access is granted; 10 not logged in, 11 bad token, 12 not asked for yet,
    13 pending, 14 rejected, 15 no such dataset, 16 offline, 17 not granted for an unknown reason.
    Nothing is requested or changed. Needs the extra `hub`.

    \b
    Example:
      gazesearch access check
    """
    from gazesearch.access import REPO, State, check_access

    found = check_access(repo or REPO)
    typer.echo(found.to_json() if json else found.to_text(), nl=False)
    if found.state is not State.GRANTED:
        raise NotGranted(found.line, found.state.value)
