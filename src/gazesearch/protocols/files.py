"""Protocols as files."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any, Final, get_args

from gazesearch.errors import DataError, GazeSearchError, first_line
from gazesearch.files import MAX_SIZE, readable, write_text
from gazesearch.protocols.protocol import PARTS, Protocol, RecordId
from gazesearch.scanpaths import FirstFixation, ScreenSize

_FORMAT: Final = "gazesearch protocol 1"


def write_protocol(protocol: Protocol, path: str | os.PathLike[str]) -> None:
    """Write a protocol to a JSON file, one record a line, with its digest."""
    fields = {"format": _FORMAT, **asdict(protocol), "digest": protocol.digest}
    del fields["records"]
    head = json.dumps(fields, indent=2, ensure_ascii=False).removesuffix("\n}")
    parts = (
        f"    {json.dumps(part)}: [\n"
        + ",\n".join(f"      {json.dumps(r, ensure_ascii=False)}" for r in protocol.records[part])
        + "\n    ]"
        for part in PARTS
    )
    write_text(path, head + ',\n  "records": {\n' + ",\n".join(parts) + "\n  }\n}\n")


def read_protocol(path: str | os.PathLike[str]) -> Protocol:
    """Read what `write_protocol` wrote.

    Raises:
        UnreadableFile: the file is absent or too large.
        DataError: it is no protocol, or was altered: records and rules do not give its digest.
    """
    file = readable(path, max_size=MAX_SIZE)
    try:
        content = json.loads(file.read_bytes().decode("utf-8"))
        protocol = _parsed(content)
        digest = content["digest"]
    except GazeSearchError as error:
        raise DataError(f"{file}: {error}") from error
    except KeyError as error:
        raise DataError(f"{file}: not a protocol: {error} is missing") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{file}: not a protocol: {first_line(error)}") from error
    if digest != protocol.digest:
        raise DataError(
            f"{file}: altered: its records and rules do not give the digest that it states: "
            "export the protocol again"
        )
    return protocol


def _parsed(content: dict[str, Any]) -> Protocol:
    if content["format"] != _FORMAT:
        raise ValueError(f"format {content['format']!r} is not {_FORMAT!r}")
    texts = {field: content[field] for field in ("name", "about", "dataset")}
    for field, text in texts.items():
        if not _is_text(text):
            raise ValueError(f"{field} {text!r} is no text")
    if content["first_fixation"] not in get_args(FirstFixation):
        raise ValueError(f"first_fixation {content['first_fixation']!r} is no rule")
    if type(content["version"]) is not int:
        raise ValueError(f"version {content['version']!r} is no whole number")
    names = content["metrics"]
    if not isinstance(names, list) or not all(map(_is_text, names)):
        raise ValueError("metrics: must be a list of names")
    return Protocol(
        **texts,
        version=content["version"],
        screen_size=_size(content["screen_size"]),
        first_fixation=content["first_fixation"],
        metrics=tuple(names),
        records={part: tuple(map(_record, ids)) for part, ids in content["records"].items()},
    )


def _size(size: Any) -> ScreenSize | None:
    if size is None:
        return None
    width, height = size
    if not all(type(side) in (int, float) and 0 < side < 1e300 for side in (width, height)):
        raise ValueError("screen_size: must be null or [width, height], px, above 0")
    return float(width), float(height)


def _record(fields: list[Any]) -> RecordId:
    record = RecordId(*fields)
    if not all(map(_is_text, (record.image, record.finding, record.content))):
        raise ValueError(f"record {fields!r} is no [image, finding, subject, content]")
    if not (record.subject is None or type(record.subject) is int or _is_text(record.subject)):
        raise ValueError(f"record {fields!r}: its subject is neither number nor text")
    return record


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()
