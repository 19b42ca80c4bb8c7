"""A list of requests that a reviewer goes through in a spreadsheet: written, and read back."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from gazesearch.access.decisions import Decision, checked_reason
from gazesearch.access.harmless import cell, plain
from gazesearch.access.hints import Hint
from gazesearch.access.requests import STATUSES, AccessRequest, Verdict
from gazesearch.errors import BadSetting, DataError, UnreadableFile
from gazesearch.files import readable, write_text

VERDICTS: Final[tuple[Verdict, ...]] = ("accept", "reject", "revoke")
_OURS: Final = ("request", "status", "asked", "days", "hints", "shown", "log")
_THEIRS: Final = ("decision", "reason")
MAX_SIZE: Final = 2**28


def write_list(
    requests: Sequence[AccessRequest],
    path: str | os.PathLike[str],
    *,
    hints: Mapping[str, Sequence[Hint]],
    seen: int,
    now: datetime,
) -> None:
    """Write requests as CSV with two empty columns, `decision` and `reason`.

    No cell is a formula or holds what acts; `request` and `shown` begin with what no spreadsheet
    takes for a number. Only the owner of the file may read it.

    Args:
        requests: the rows.
        path: the file, .csv; not there yet.
        hints: by id of the request.
        seen: lines that the log has.
        now: by which days are counted.

    Raises:
        BadSetting: the file is there: decisions may stand in it.
        UnreadableFile: it cannot be written.
    """
    file = Path(path)
    if file.exists():
        raise BadSetting(f"{file}: is there, and may hold decisions: choose another name")
    declared = [_declared(request) for request in requests]
    questions = list(dict.fromkeys(question for row in declared for question in row))
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow([*_OURS[:4], *questions, *_OURS[4:], *_THEIRS])
    for request, answers in zip(requests, declared, strict=True):
        rows.writerow(
            [
                f"#{request.id}",
                request.status,
                request.asked.isoformat(timespec="seconds"),
                request.days(now),
                *(answers.get(question, "") for question in questions),
                cell("; ".join(map(str, hints.get(request.id, ())))),
                request.digest,
                seen,
                "",
                "",
            ]
        )
    # The mark of UTF-8 in front: without it some spreadsheets take letters for others.
    write_text(file, "\ufeff" + text.getvalue(), mode=0o600)


def _declared(request: AccessRequest) -> dict[str, str]:
    """What was declared, as cells by column."""
    cells = {
        "account": cell(request.user or ""),
        "account's name": cell(request.fullname or ""),
        "account's mail": cell(request.email or ""),
    }
    for question, answer in request.answers:
        column = f"answer: {plain(question, limit=200)}"
        said = ("yes" if answer else "no") if isinstance(answer, bool) else answer
        cells[column] = f"{cells[column]} | {cell(said)}" if column in cells else cell(said)
    return cells


def read_list(
    path: str | os.PathLike[str],
    requests: Sequence[AccessRequest],
    *,
    hints: Mapping[str, Sequence[Hint]],
) -> list[Decision]:
    """The decisions that a reviewer has put into a list; rows without one are left out.

    Commas, semicolons and tabs between cells are known apart. What a row declares is compared
    with the hub's list, so that rows that were mixed up (by sorting one column) are found.

    Args:
        path: a file of `write_list`.
        requests: what the hub lists now.
        hints: by id of the request.

    Raises:
        DataError: the list is not what it must be: a line each row at fault. Nothing of it counts.
        UnreadableFile: it cannot be read.
    """
    file = Path(path)
    known = {request.id: request for request in requests}
    decisions: dict[str, Decision] = {}
    faults = []
    for line, row in _rows(file):
        try:
            decision = _decision(row, known, hints)
        except (BadSetting, DataError) as error:
            faults.append(f"{file}: row {line}: {error}")
            continue
        if decision is None:
            continue
        if decision.request in decisions:
            faults.append(f"{file}: row {line}: #{decision.request}: stands there twice")
        decisions[decision.request] = decision
    if faults:
        more = [f"{file}: {len(faults)} faults in all, 20 shown"] if len(faults) > 20 else []
        raise DataError("\n".join([*faults[:20], *more]))
    return list(decisions.values())


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = readable(file, max_size=MAX_SIZE).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{file}: not UTF-8: save it as CSV UTF-8") from error
    lists = []
    for between in ",;\t":
        try:
            found = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
            lists.append(list(found))
        except csv.Error as error:
            fault = error
    if not lists:
        raise DataError(f"{file}: no CSV: {fault}")
    rows = min(lists, key=lambda rows: len(_lacking(rows)))
    if lacking := _lacking(rows):
        raise DataError(
            f"{file}: column {lacking[0]}: is not there once: decide in a file of `requests export`"
        )
    columns = rows[0]
    filled = []
    for line, row in enumerate(rows[1:], 2):
        if any(row):
            if len(row) != len(columns):
                raise DataError(f"{file}: row {line}: {len(row)} cells, {len(columns)} columns")
            filled.append((line, dict(zip(columns, row, strict=True))))
    return filled


def _lacking(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns that must be there once, and are not."""
    columns = rows[0] if rows else ()
    return [column for column in (*_OURS, *_THEIRS) if columns.count(column) != 1]


def _decision(
    row: Mapping[str, str],
    known: Mapping[str, AccessRequest],
    hints: Mapping[str, Sequence[Hint]],
) -> Decision | None:
    said = row["decision"].strip().casefold()
    if not said:
        if row["reason"].strip():
            raise DataError("has a reason and no decision")
        return None
    verdict = next((one for one in VERDICTS if one == said), None)
    if verdict is None:
        raise DataError(
            f"decision {plain(said, limit=40)!r}: must be {', '.join(VERDICTS)} or empty"
        )
    number = row["request"].removeprefix("#")
    status = next((one for one in STATUSES if one == row["status"]), None)
    numbered = re.fullmatch(r"[0-9]{1,9}", row["log"]) is not None
    if status is None or not numbered or not row["shown"].startswith("sha256:"):
        raise DataError("status, shown and log must stay as they were exported")
    request = known.get(number)
    if request is not None and request.digest == row["shown"]:
        for column, text in _declared(request).items():
            if row.get(column) != text:
                raise DataError(
                    f"{plain(column, limit=60)}: is not what was exported for #{number}: "
                    "were rows mixed up by sorting? Export anew"
                )
    return Decision(
        request=number,
        label=request.label if request is not None else plain(f"#{number}", limit=60),
        shown=row["shown"],
        status=status,
        verdict=verdict,
        reason=checked_reason(verdict, row["reason"]),
        hints=tuple(dict.fromkeys(hint.name for hint in hints.get(number, ()))),
        seen=int(row["log"]),
    )
