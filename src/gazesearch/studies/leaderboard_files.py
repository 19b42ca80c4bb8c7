"""Files of a leaderboard: names, strict JSON, and predictions that are the same bytes everywhere.

What stands in these files was written by others: it is read with limits, links are not followed,
and what a message shows of it is printable.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from gazesearch.errors import BadSetting, DataError, UnreadableFile, first_line
from gazesearch.evaluation.truth import Truth
from gazesearch.files import readable
from gazesearch.formats import read_file
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.rules import shown
from gazesearch.scanpaths.written import written_records

MAX_TEXT: Final = 2**20
"""Largest file of settings or scores that is read: 1 MiB."""
LONGEST: Final = 200
"""Characters of a title, an author, a note."""
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
_LINK: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/?#=&%+:@,;-]*)?")


def checked_name(name: str) -> str:
    """A submission's name, which is that of its folder on every system.

    Raises:
        BadSetting: it is none.
    """
    if not _NAME.fullmatch(name) or ".." in name or _RESERVED.fullmatch(name):
        raise BadSetting(
            f"name {shown(name)}: must be 1 to 64 of a-z, 0-9, '.', '_', '-', and begin and end "
            "with a letter or digit, as chestsearch-2025"
        )
    return name


def checked_text(field: str, text: object) -> str:
    """A text that a table can show: printable, on one line, not long.

    Raises:
        BadSetting: it is none.
    """
    if not isinstance(text, str) or not text.isprintable() or not 0 < len(text.strip()) <= LONGEST:
        raise BadSetting(
            f"{field} {shown(text)}: must be a text of 1 to {LONGEST} printable characters"
        )
    return text


def checked_link(link: str | None) -> str | None:
    """An https address, or None.

    Raises:
        BadSetting: it is neither.
    """
    if link is not None and not (_LINK.fullmatch(link) and len(link) <= LONGEST):
        raise BadSetting(f"link {shown(link)}: must be an address that begins with https://")
    return link


def checked_date(text: str) -> str:
    """A date as YYYY-MM-DD.

    Raises:
        BadSetting: it is none.
    """
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except (ValueError, TypeError):
        pass
    raise BadSetting(f"date {shown(text)}: must be YYYY-MM-DD, as 2025-02-28")


def plain_file(path: Path, *, max_size: int) -> Path:
    """A file that may be read, and that is no link.

    Raises:
        UnreadableFile: it is a link, absent, no file, or too large.
    """
    if path.is_symlink():
        raise UnreadableFile(f"{path}: is a symbolic link: put the file itself there")
    return readable(path, max_size=max_size)


def read_text(path: Path, *, max_size: int = MAX_TEXT) -> str:
    """A text file of a board.

    Raises:
        UnreadableFile: as `plain_file`.
        DataError: it is not UTF-8.
    """
    try:
        return plain_file(path, max_size=max_size).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text (byte {error.start})") from error


def read_object(path: Path, kinds: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The JSON object in a file, which has exactly these fields, of these types.

    Raises:
        UnreadableFile: as `plain_file`.
        DataError: it is not, or not JSON, or names a field twice.
    """
    text = read_text(path)
    try:
        fields = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
        if not isinstance(fields, dict):
            raise ValueError("must be an object: {...}")
        for name in (*kinds, *fields):
            if name not in kinds or name not in fields:
                what = "is missing" if name in kinds else "is unknown"
                raise ValueError(f"field {shown(name)} {what}")
            if not isinstance(fields[name], kinds[name]) or isinstance(fields[name], bool):
                raise ValueError(f"field {name} is of another type")
    except (ValueError, RecursionError) as error:
        why = "is nested too deeply" if isinstance(error, RecursionError) else first_line(error)
        raise DataError(f"{path}: {why}") from error
    return fields


def as_text(fields: Mapping[str, Any]) -> str:
    """JSON with sorted keys: the same bytes for the same values."""
    return json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def digest_of(text: str) -> str:
    """`sha256:` and the digest of a text in UTF-8."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8')).hexdigest()}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field stands twice")
    return fields


def _refused(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


# -- predictions


def canonical(used: Scanpaths, truth: Truth) -> Scanpaths:
    """Predictions as a board keeps them: only what scores depend on, in one order.

    Sorted by image, finding, subject and draw; draws are numbered from 0 where there are several,
    whole numbers are integers, durations count in s. The fixations themselves are not touched.

    Args:
        used: the predictions of what is scored.
        truth: what they are scored against.
    """
    subjects = used.subject if truth.by_subject else [None] * len(used)
    keys = list(zip(used.image, used.finding, subjects, used.draw.tolist(), strict=True))
    order = sorted(range(len(used)), key=lambda row: (*keys[row][:2], *_rank(keys[row]), row))
    groups: dict[tuple[Any, ...], int] = {}
    draws = []
    for row in order:
        draws.append(groups.get(keys[row][:3], 0))
        groups[keys[row][:3]] = draws[-1] + 1
    several = len(groups) < len(used)
    paths = [used[row].fixations for row in order]
    timed = used.has_durations.any()
    table = Scanpaths.of(
        [path if len(path) and not np.isnan(path[0, 2]) else path[:, :2] for path in paths],
        image=[keys[row][0] for row in order],
        finding=[keys[row][1] for row in order],
        subject=[keys[row][2] for row in order] if any(k[2] is not None for k in keys) else None,
        draw=draws if several else None,
        info=replace(truth.used.info, duration_unit="s" if timed else None),
    )
    columns = table.columns
    if table.info.screen_size is None:
        sides = used.screen_sizes[order]
        for axis, side in enumerate(("width", "height")):
            columns = columns.replaced(side, sides[:, axis].tolist())
    fixations = table.fixations + 0.0  # -0.0 and 0.0 are one place
    whole = (fixations == np.trunc(fixations)) & (np.abs(fixations) < 2**53)
    return table.with_parts(fixations, table.offsets, columns=columns, integers=whole)


def _rank(key: tuple[Any, ...]) -> tuple[Any, ...]:
    _, _, who, draw = key
    return (who is not None, isinstance(who, str), who if who is not None else 0, draw)


def predictions_text(table: Scanpaths) -> str:
    """A canonical table as JSON, a record a line; floats with the fewest digits that are exact."""
    records = ",\n".join(json.dumps(one, allow_nan=False) for one in written_records(table))
    return f"[\n{records}\n]\n"


def read_predictions(path: Path, truth: Truth, *, max_size: int) -> Scanpaths:
    """Predictions of a board.

    Raises:
        UnreadableFile, DataError: as `plain_file` and `read_file`.
    """
    return read_file(
        plain_file(path, max_size=max_size),
        dataset=truth.used.info,
        duration_unit="s",
        predictions=True,
        max_size=max_size,
    ).scanpaths


def entries(folder: Path) -> list[str]:
    """Names of what stands in a folder, sorted.

    Raises:
        UnreadableFile: there is no such folder, or it is a link.
    """
    if folder.is_symlink():
        raise UnreadableFile(f"{folder}: is a symbolic link: put the folder itself there")
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names, some of which are no paths
    except OSError as error:
        raise UnreadableFile(f"{folder}: cannot be listed: {error.strerror}") from error
