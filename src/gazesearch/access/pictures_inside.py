"""What an image file holds beside its pixels: EXIF, XMP, IPTC, comments, bytes after its end."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator
from typing import Final

IMAGE_STARTS: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"NRRD": "NRRD",
}
# What a viewer needs; all others are words of somebody, or may be.
_PNG_NEEDS: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA sRGB iCCP sBIT bKGD pHYs hIST sPLT oFFs acTL fcTL fdAT "
    b"cICP mDCV cLLI".split()
)
_WEBP_NEEDS: Final = frozenset({
    b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"FRAM",
})  # fmt: skip
_GIF_APPLICATION: Final = re.compile(rb"\x21\xff\x0b(.{11})", re.DOTALL)
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Width, height, bits, compression and so on: what a TIFF needs to be shown at all.
_TIFF_NEEDS: Final = frozenset({
    254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 296,
    317, 320, 322, 323, 324, 325, 338, 339, 347, 530, 531, 532,
})  # fmt: skip


def image_kind(head: bytes) -> str | None:
    """Which kind of image file starts with these bytes (16 suffice); None of none.

    >>> image_kind(b"\\xff\\xd8\\xff\\xe0"), image_kind(b"[{")
    ('JPEG', None)
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"avif", b"mif1"):
        return "HEIC"
    found = next((kind for start, kind in IMAGE_STARTS.items() if head.startswith(start)), None)
    # Two letters start many a text; a bitmap's reserved bytes are zero.
    return None if found == "BMP" and head[6:10] != bytes(4) else found


def beside_pixels(kind: str, data: bytes) -> Iterator[str]:
    """Names of what stands in an image file that no viewer needs; one for each thing found."""
    look = LOOKED_INTO.get(kind)
    if look is None:
        return
    try:
        yield from dict.fromkeys(look(data))
    except (struct.error, IndexError, ValueError, OSError, SyntaxError):
        yield "a damaged structure"


def _jpeg(data: bytes) -> Iterator[str]:
    at = 2
    while True:
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        if data[at] != 0xFF:
            raise ValueError
        marker = data[at + 1]
        if marker == 0xD9:
            if data[at + 2 :].strip(b"\x00"):
                yield "bytes after its end"
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if marker == 0xE1:
            yield "EXIF" if body.startswith(b"Exif") else "XMP"
        elif marker == 0xED:
            yield "IPTC"
        elif marker == 0xFE:
            yield "a comment"
        elif marker == 0xE0 and body.startswith((b"JFXX", b"JFIF\x00")):
            if len(body) > 14 or body.startswith(b"JFXX"):
                yield "a thumbnail"
        elif 0xE0 <= marker <= 0xEF and not _is_colour(marker, body):
            yield f"application data (APP{marker - 0xE0})"
        at += 2 + length
        if marker == 0xDA:
            found = _MARKER.search(data, at)
            if found is None:
                raise ValueError
            at = found.start()


def _is_colour(marker: int, body: bytes) -> bool:
    """Whether a segment says only how colours are meant."""
    return (marker == 0xE2 and body.startswith(b"ICC_PROFILE\x00")) or (
        marker == 0xEE and body.startswith(b"Adobe") and len(body) <= 12
    )


def _png(data: bytes) -> Iterator[str]:
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        at += 12 + length
        if name not in _PNG_NEEDS:
            yield "EXIF" if name == b"eXIf" else f"text ({name.decode('latin-1')})"
        elif name == b"IEND":
            if data[at:].strip(b"\x00"):
                yield "bytes after its end"
            return
    raise ValueError


def _webp(data: bytes) -> Iterator[str]:
    at = 12
    while at + 8 <= len(data):
        name = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        if name not in _WEBP_NEEDS:
            yield name.decode("latin-1").strip()
        at += 8 + length + length % 2
    (size,) = struct.unpack_from("<I", data, 4)
    if data[8 + size :].strip(b"\x00"):
        yield "bytes after its end"


def _gif(data: bytes) -> Iterator[str]:
    if b"\x21\xfe" in data:
        yield "a comment"
    for found in _GIF_APPLICATION.finditer(data):
        if found[1] not in (b"NETSCAPE2.0", b"ANIMEXTS1.0"):
            yield "XMP" if found[1].startswith(b"XMP") else "application data"
    if not data.rstrip(b"\x00").endswith(b";"):
        yield "bytes after its end"


def _bmp(data: bytes) -> Iterator[str]:
    (size,) = struct.unpack_from("<I", data, 2)
    if data[size:].strip(b"\x00"):
        yield "bytes after its end"


def _tiff(data: bytes) -> Iterator[str]:
    import PIL.Image

    with PIL.Image.open(io.BytesIO(data), formats=("TIFF",)) as opened:
        for page in range(getattr(opened, "n_frames", 1)):
            opened.seek(page)
            tags = getattr(opened, "tag_v2", {})
            yield from (f"TIFF tag {tag}" for tag in tags if tag not in _TIFF_NEEDS)


LOOKED_INTO: Final[dict[str, Callable[[bytes], Iterator[str]]]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WebP": _webp,
    "GIF": _gif,
    "BMP": _bmp,
    "TIFF": _tiff,
}
"""Kinds of images of which it can be told what stands beside their pixels."""
