"""The files of a BIDS folder: JSON objects, rows of TSV, cells; never outside the folder."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from gazesearch.errors import DataError, UnreadableFile, first_line
from gazesearch.files import MAX_SIZE, readable, written_whole

_JSON_SIZE: Final = 2**22
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)


def beneath(file: Path, root: Path) -> Path:
    """The file, if it lies in the folder and no link leads out of it."""
    if not file.resolve().is_relative_to(root.resolve()):
        raise UnreadableFile(f"{file}: leads out of {root}, where nothing is read")
    return file


def json_object(file: Path, root: Path) -> dict[str, Any]:
    """A JSON file that holds an object."""
    try:
        found = json.loads(readable(beneath(file, root), max_size=_JSON_SIZE).read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not JSON: {first_line(error)}") from error
    if not isinstance(found, dict):
        raise DataError(f"{file}: must be a JSON object")
    return found


def described(file: Path, root: Path, *, suffix: str | None = None) -> dict[str, Any]:
    """What JSON files say of a file: those of its folder and of all above, the nearest winning.

    Args:
        file: a `..._<suffix>.tsv.gz`.
        root: the BIDS folder.
        suffix: another one, of which `recording` is no part: `events`.
    """
    parts = file.name.removesuffix(".tsv.gz").split("_")
    own = suffix or parts[-1]
    entities = [p for p in parts[:-1] if suffix is None or not p.startswith("recording-")]
    merged: dict[str, Any] = {}
    folder = file.parent
    folders = [folder]
    while folder != root and folder.parent != folder:
        folder = folder.parent
        folders.append(folder)
    for place in reversed(folders):
        fitting = [
            found
            for found in place.glob(f"*{own}.json")
            if (names := found.stem.split("_"))[-1] == own and set(names[:-1]) <= set(entities)
        ]
        for found in sorted(fitting, key=lambda f: (f.stem.count("_"), f.name)):
            merged |= json_object(found, root)
    return merged


def rows_of(file: Path, root: Path, *, packed: bool, max_size: int = MAX_SIZE) -> list[list[str]]:
    """Cells of every line of a TSV, packed with gzip or not, at most `max_size` bytes unpacked."""
    beneath(file, root)
    readable(file, max_size=max_size)
    try:
        with gzip.open(file, "rb") if packed else file.open("rb") as stream:
            content = stream.read(max_size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: cannot be unpacked: {first_line(error)}") from error
    if len(content) > max_size:
        raise UnreadableFile(f"{file}: over {max_size:,} bytes when unpacked: raise max_size")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 text (byte {error.start})") from error
    lines = text.replace("\r\n", "\n").split("\n")
    return [line.split("\t") for line in lines if line]


def write_rows(file: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write lines of TSV, packed; the same rows give the same bytes."""
    text = "".join("\t".join(cells) + "\n" for cells in rows)
    with written_whole(file) as temporary:
        temporary.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))


def written(value: Any) -> str:
    """A value as a cell: `n/a` for none, numbers so that they read back the same."""
    if value is None or value == "":
        return "n/a"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def format_of(value: Any) -> str:
    """BIDS's word for the type of a column's values."""
    words: dict[type, str] = {bool: "boolean", int: "integer", float: "number"}
    return words.get(type(value), "string")


def value_of(cell: str, kind: Any, *, guess: bool = False) -> Any:
    """A cell's value; the text where it is not of its kind, which `read_records` reports.

    Args:
        cell: the text; `n/a` is None.
        kind: BIDS's `Format`: string, integer, number, boolean (this package wrote `bool` before);
            others are told by the text.
        guess: JSON where it is JSON, as this package writes people.
    """
    if cell == "n/a":
        return None
    if guess:
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    if kind == "string":
        return cell
    if kind in ("boolean", "bool"):
        return {"true": True, "false": False}.get(cell, cell)
    if kind != "number" and _INTEGER.fullmatch(cell):
        return int(cell)
    return float(cell) if _NUMBER.fullmatch(cell) else cell
