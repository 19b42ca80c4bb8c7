"""What stands in a file: texts with their fields, pixels, DICOM, sound, and what cannot be read."""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from gazesearch.access.pictures_inside import LOOKED_INTO, beside_pixels, image_kind
from gazesearch.errors import first_line

Kind = Literal["text", "number", "field", "pixels", "dicom", "metadata", "sound", "closed"]
NoWeights = Literal["pixels", "dicom", "dictation", "closed"]
LARGEST: Final = 2**30
"""Bytes of a file, or of all that is packed in one, that are looked at."""
DEEPEST: Final = 4
_PIXELS: Final = 1024  # numbers of 8 or 16 bits in a grid of two axes that are taken for an image
_DATA_URI: Final = re.compile(r"data:image/[\w.+-]+", re.IGNORECASE)
_IN_URI: Final = re.compile(r"data:[^,\s]{0,200};base64,([\w+/-]{64,}+)", re.ASCII | re.IGNORECASE)
_BASE64: Final = re.compile(r"[\w+/\s-]{64,}+={0,2}+\s*+", re.ASCII)  # of files and of addresses
_HEX: Final = re.compile(r"[0-9a-fA-F\s]{256,}+")  # longer than any digest
_DICOM_START: Final = re.compile(
    rb"[\x02\x08]\x00[\x00-\xff]{2}(?:AE|CS|DA|DT|IS|LO|LT|OB|PN|SH|ST|TM|UI|UL|US)"
)
_HDF: Final = b"\x89HDF"
_SOUNDS: Final = (b"ID3", b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"FORM")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One thing that stands in a file.

    Attributes:
        kind: `text` and `number` have a value; `field` is a name alone; `metadata` is what stands
            in an image beside its pixels; `closed` cannot be looked into.
        place: where in the file; empty for the file itself.
        field: name of the field that holds it, where there is one.
        value: the text, the number, or what it is.
    """

    kind: Kind
    value: str | float
    place: str = ""
    field: str | None = None


def look_inside(file: Path) -> Iterator[Seen]:
    """All that stands in a file, by its content; its ending decides only how text is divided."""
    if file.stat().st_size > LARGEST:
        yield Seen(kind="closed", value="is too large to be looked into")
        return
    yield from look_at(file.read_bytes(), name=file.name)


def look_at(data: bytes, *, name: str, place: str = "", depth: int = 0) -> Iterator[Seen]:
    """All that stands in bytes that are, or could be, a file of this name."""
    if not data:
        return
    if depth > DEEPEST:
        yield Seen(kind="closed", value="is packed too deeply", place=place)
        return
    opener = _opener(data)
    try:
        if opener is not None:
            yield from opener(data, place, depth)
        else:
            yield from _words(data, name, place, depth)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, _TooMuch) as error:
        yield Seen(kind="closed", value=f"cannot be unpacked: {first_line(error)}", place=place)
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, MemoryError) as error:
        yield Seen(kind="closed", value=f"cannot be read: {first_line(error)}", place=place)


class _TooMuch(Exception):
    """What is packed is larger than what is looked at."""


Opener = Callable[[bytes, str, int], Iterator[Seen]]


def _opener(data: bytes) -> Opener | None:
    head = data[:16]
    if data[128:132] == b"DICM" or _DICOM_START.match(head):
        return _dicom
    if image_kind(head) or data[344:348] in (b"n+1\x00", b"ni1\x00"):
        return _image
    if head.startswith(_SOUNDS) or (head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"AVI ")):
        return _sound
    if head[4:8] == b"ftyp" or (head[0] == 0xFF and head[1:2] in (b"\xfb", b"\xf3", b"\xf1")):
        return _sound
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip
    for start, opener in _STARTS.items():
        if head.startswith(start):
            return opener
    return _tar if data[257:262] == b"ustar" else None


def no_weights(head: bytes) -> NoWeights | None:
    """Which kind of violation a file is that starts so (512 bytes) and is called weights."""
    opener = _opener(head.ljust(16, b"\x00"))
    if opener in (None, _zip, _array) or head.startswith(_HDF):
        return None
    kinds: dict[Opener | None, NoWeights] = {
        _image: "pixels",
        _dicom: "dicom",
        _sound: "dictation",
    }
    return kinds.get(opener, "closed")


def _dicom(_data: bytes, place: str, _depth: int) -> Iterator[Seen]:
    yield Seen(kind="dicom", value="a DICOM file", place=place)


def _sound(_data: bytes, place: str, _depth: int) -> Iterator[Seen]:
    yield Seen(kind="sound", value="sound or film", place=place)


def _image(data: bytes, place: str, _depth: int) -> Iterator[Seen]:
    kind = image_kind(data[:16]) or "NIfTI"
    yield Seen(kind="pixels", value=f"a {kind} image", place=place)
    if kind not in LOOKED_INTO:
        what = f"is a {kind} image: what stands beside its pixels cannot be looked at"
        yield Seen(kind="closed", value=what, place=place)
    for thing in beside_pixels(kind, data):
        yield Seen(kind="metadata", value=thing, place=place)


def _zip(data: bytes, place: str, depth: int) -> Iterator[Seen]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = [one for one in packed.infolist() if not one.is_dir()]
        if sum(one.file_size for one in members) > LARGEST:
            raise _TooMuch("it is larger than what is looked at")
        if packed.comment:
            yield Seen(kind="text", value=packed.comment.decode("utf-8", "replace"), place=place)
        for one in members:
            inner = f"{place}{one.filename}: "
            yield Seen(kind="text", value=one.filename, place=place, field="file name")
            if one.comment:
                yield Seen(kind="text", value=one.comment.decode("utf-8", "replace"), place=inner)
            with packed.open(one) as opened:
                content = opened.read(one.file_size + 1)
            yield from look_at(content, name=one.filename, place=inner, depth=depth + 1)


def _tar(data: bytes, place: str, depth: int) -> Iterator[Seen]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as packed:
        for one in packed:
            yield Seen(kind="text", value=one.name, place=place, field="file name")
            opened = packed.extractfile(one) if one.isfile() else None
            if opened is not None:
                inner = f"{place}{one.name}: "
                yield from look_at(opened.read(), name=one.name, place=inner, depth=depth + 1)


def _packed(open_: Callable[[io.BytesIO], Any]) -> Opener:
    def look(data: bytes, place: str, depth: int) -> Iterator[Seen]:
        with open_(io.BytesIO(data)) as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise _TooMuch("it is larger than what is looked at")
        yield from look_at(content, name="", place=place, depth=depth + 1)

    return look


def _array(data: bytes, place: str, _depth: int) -> Iterator[Seen]:
    import numpy as np

    array = np.load(io.BytesIO(data), allow_pickle=False)
    if array.dtype.kind in "US" or array.dtype.names:
        yield from _walk(array.tolist(), None, place, 0)
    elif array.dtype.itemsize <= 2 and array.ndim >= 2 and array.size >= _PIXELS:
        yield Seen(kind="pixels", value=f"an array of {array.dtype} {array.shape}", place=place)


def _parquet(data: bytes, place: str, depth: int) -> Iterator[Seen]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(io.BytesIO(data)).read(use_threads=False)
    except pa.ArrowException as error:
        raise ValueError(first_line(error)) from error
    yield from _metadata(table.schema.metadata, place, depth)
    for column in table.schema:
        yield Seen(kind="field", value=column.name, place=place, field=column.name)
        yield from _metadata(column.metadata, place, depth)
        for value in table[column.name].unique() if _flat(column.type) else table[column.name]:
            yield from _walk(value.as_py(), column.name, place, depth)


def _flat(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_primitive(kind) or pa.types.is_string(kind))


def _metadata(told: dict[bytes, bytes] | None, place: str, depth: int) -> Iterator[Seen]:
    for key, value in (told or {}).items():
        if key != b"ARROW:schema":
            name = f"{key.decode('utf-8', 'replace')}.json"
            yield from look_at(value, name=name, place=f"{place}metadata: ", depth=depth + 1)


def _closed(data: bytes, place: str, _depth: int) -> Iterator[Seen]:
    yield Seen(kind="closed", value="is of a kind that cannot be looked into", place=place)


_STARTS: Final[dict[bytes, Opener]] = {
    b"\x1f\x8b": _packed(lambda raw: gzip.GzipFile(fileobj=raw)),
    b"BZh": _packed(bz2.BZ2File),
    b"\xfd7zXZ\x00": _packed(lzma.LZMAFile),
    b"\x93NUMPY": _array,
    b"PAR1": _parquet,
    b"%PDF": _closed,
    _HDF: _closed,
    b"7z\xbc\xaf": _closed,
    b"Rar!": _closed,
    b"\x28\xb5\x2f\xfd": _closed,
    b"\xd0\xcf\x11\xe0": _closed,
    b"SQLite format 3": _closed,
}


def _words(data: bytes, name: str, place: str, depth: int) -> Iterator[Seen]:
    """Text of any kind, divided into fields where its form is known."""
    coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        text = ""
    if not text or "\x00" in text:
        yield from _closed(data, place, depth)
        return
    ending = Path(name).suffix.lower()
    if ending in (".json", ".ipynb", ".geojson"):
        try:
            yield from _walk(_Pairs.loads(text), None, place, depth)
            return
        except (ValueError, RecursionError):
            pass
    if ending in (".csv", ".tsv"):
        yield from _table(text, "\t" if ending == ".tsv" else ",", place, depth)
        return
    for line in text.splitlines():
        try:
            value = _Pairs.loads(line) if ending in (".jsonl", ".ndjson") else line
        except (ValueError, RecursionError):
            value = line
        yield from _walk(value, None, place, depth)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with all its fields, those that stand twice too."""

    @classmethod
    def loads(cls, text: str) -> Any:
        return json.loads(text, object_pairs_hook=cls)


def _table(text: str, separator: str, place: str, depth: int) -> Iterator[Seen]:
    usual = csv.field_size_limit(LARGEST)
    try:
        header, *rows = list(csv.reader(io.StringIO(text), delimiter=separator)) or [[]]
    except csv.Error:
        yield from (Seen(kind="text", value=line, place=place) for line in text.splitlines())
        return
    finally:
        csv.field_size_limit(usual)  # it holds for the whole process
    for column in header:
        yield Seen(kind="field", value=column, place=place, field=column)
    for row in rows:
        for at, cell in enumerate(row):
            column = header[at] if at < len(header) else ""
            yield from _walk(_number(cell), column, place, depth)


def _number(cell: str) -> str | int:
    # Whole numbers only: they alone can be an identifier, a date or a time of day.
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 16 else cell


def _walk(value: Any, field: str | None, place: str, depth: int) -> Iterator[Seen]:
    """All texts and numbers of a nest of lists and fields, without recursion."""
    waiting: list[tuple[Any, str | None]] = [(value, field)]
    while waiting:
        value, field = waiting.pop()
        if isinstance(value, dict | _Pairs):
            for key, inner in value.items() if isinstance(value, dict) else value:
                yield Seen(kind="field", value=str(key), place=place, field=str(key))
                waiting.append((inner, str(key)))
        elif isinstance(value, list | tuple):
            if _grid(value):
                yield Seen(kind="pixels", value="a grid of numbers", place=place, field=field)
            waiting.extend((inner, field) for inner in value)
        elif isinstance(value, str):
            yield from _text(value, field, place, depth)
        elif isinstance(value, bytes):
            yield from look_at(value, name="", place=f"{place}{field}: ", depth=depth + 1)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield Seen(kind="number", value=value, place=place, field=field)
        elif value is not None and not isinstance(value, bool):
            yield Seen(kind="text", value=str(value), place=place, field=field)


def _text(value: str, field: str | None, place: str, depth: int) -> Iterator[Seen]:
    if _DATA_URI.search(value):
        yield Seen(kind="pixels", value="an image in a text", place=place, field=field)
    elif (inner := _coded(value)) and _opener(inner.ljust(16, b"\x00")) is not None:
        yield from look_at(inner, name="", place=f"{place}{field}: ", depth=depth + 1)
        return
    yield Seen(kind="text", value=value, place=place, field=field)


def _coded(text: str) -> bytes:
    """What a text stands for that is nothing but base64 or hexadecimal digits, or holds a file."""
    if len(text) < 64:
        return b""
    if _HEX.fullmatch(text):
        digits = "".join(text.split())
        return bytes.fromhex(digits[: len(digits) // 2 * 2])
    if (within := _IN_URI.search(text)) is not None:
        text = within[1]
    elif not _BASE64.fullmatch(text):
        return b""
    letters = "".join(text.split()).rstrip("=").translate(_OF_ADDRESSES)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters  # no code ends so
    return base64.b64decode(letters + "=" * (-len(letters) % 4))


_OF_ADDRESSES: Final = str.maketrans("-_", "+/")


def _grid(value: list[Any] | tuple[Any, ...]) -> bool:
    """Whether a list holds rows of one length of whole numbers from 0 to 65535: an image."""
    if len(value) < 16 or not isinstance(value[0], list) or len(value[0]) < 16:
        return False
    width = len(value[0])
    return width * len(value) >= _PIXELS and all(
        isinstance(row, list)
        and len(row) == width
        and all(type(one) is int and 0 <= one < 65536 for one in row)
        for row in value
    )
