"""The command line. This file alone knows exit statuses.

2 for whatever a user can mend, 1 for what a check was there to find (`audit --fail-on`,
`submit-check`, `leaderboard check`, `verify`, `publish`, `requests log --verify`, `requests due
--fail`), 10 to 17 for the answers of `access check`, 70 for our own faults.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated, Final

import typer

from gazesearch.cli.access import NotGranted, access
from gazesearch.cli.audit import AuditFailed, audit
from gazesearch.cli.compare import compare
from gazesearch.cli.convert import convert
from gazesearch.cli.demo import demo
from gazesearch.cli.doctor import doctor
from gazesearch.cli.download import download
from gazesearch.cli.evaluate import evaluate
from gazesearch.cli.leaderboard import leaderboard
from gazesearch.cli.phantom import phantom
from gazesearch.cli.predict import predict
from gazesearch.cli.protocol import protocol
from gazesearch.cli.publish import publish
from gazesearch.cli.report import report
from gazesearch.cli.requests import requests
from gazesearch.cli.show import show
from gazesearch.cli.submit_check import CheckFailed, submit_check
from gazesearch.cli.train import train
from gazesearch.cli.validate import validate
from gazesearch.cli.verify import verify
from gazesearch.errors import GazeSearchError

__all__ = ["app", "main"]

# Of `access check`, by the value of `access.State`.
ACCESS_STATUS: Final = {
    "no login": 10,
    "bad token": 11,
    "not asked": 12,
    "pending": 13,
    "rejected": 14,
    "no such repository": 15,
    "offline": 16,
    "not granted, reason unknown": 17,
}

# Plain help: with rich it takes three times as long (docs/decisions/0003).
app = typer.Typer(
    name="gazesearch",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  gazesearch access check
  gazesearch download --to gazesearch/
  gazesearch evaluate predictions.json --annotations gazesearch.json
  gazesearch compare results/mine results/chestsearch
  gazesearch report results/mine results/chestsearch --output report.html
  gazesearch validate predictions.csv --predictions
  gazesearch audit gazesearch.json --output audit/
  gazesearch train phantom-tiny --output run/
  gazesearch predict images/ --weights ckp_29999.pt --output predictions.json
  gazesearch show gazesearch.json --output path.svg
  gazesearch publish my-dataset --dry-run
  gazesearch demo
Set GAZESEARCH_DEBUG=1 to see the traceback of an error.""",
)
app.add_typer(access, name="access")
app.command()(download)
app.command()(verify)
app.command()(evaluate)
app.command()(compare)
app.command()(report)
app.command()(validate)
app.command()(audit)
app.command()(train)
app.command()(predict)
app.command()(submit_check)
app.add_typer(leaderboard, name="leaderboard")
app.command()(show)
app.add_typer(protocol, name="protocol")
app.command()(convert)
app.command()(publish)
app.add_typer(requests, name="requests")
app.command()(phantom)
app.command()(demo)
app.command()(doctor)


def _version(value: bool) -> None:
    if value:
        from gazesearch import __version__

        typer.echo(f"gazesearch {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Finding-specific scanpaths on chest X-rays: load, validate, score, compare."""


def main() -> None:
    """Run the command line; the one place where errors become lines and exit statuses."""
    # A terminal or pipe that is not UTF-8 must not turn an arrow into a traceback.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except NotGranted as answer:
        _stop(str(answer), status=ACCESS_STATUS[answer.state])
    except (AuditFailed, CheckFailed) as found:
        _stop(str(found), status=1)
    except GazeSearchError as error:
        _stop(str(error), status=2)
    except OSError as error:
        _stop(f"cannot write the output: {error.strerror or error}", status=2)
    except MemoryError:
        _stop("not enough memory for this input: split it", status=2)
    except Exception as error:
        name = type(error).__name__
        _stop(
            f"internal error, please report it: {name}: {error} (GAZESEARCH_DEBUG=1 shows where)",
            status=70,
        )


def _stop(message: str, *, status: int) -> None:
    if os.environ.get("GAZESEARCH_DEBUG", "0") not in ("", "0"):
        traceback.print_exc()
    for line in message.splitlines() or [message]:
        typer.echo(f"gazesearch: {line}", err=True)
    sys.exit(status)
