"""What others have written, made harmless: for a terminal, a spreadsheet, a page, and of tokens.

Names of files, answers of a form, words of a server: all that is shown of them goes through here.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import Any, Final

LIMIT: Final = 2_000
"""Characters of one text that are shown; the digest of a request covers all of it."""

MARKS_IN_A_ROW: Final = 4
"""Accents on one letter that are shown: some scripts need three, none a tower."""

# Letters and marks by Unicode's classes, yet without ink: an answer of them looks empty.
_INKLESS: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f")
_MARKS: Final = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
# Wide forms too: spreadsheets of East Asian locales take them for the narrow ones.
_FORMULA: Final = "=+@＝＋－＠-"
# Some read a list with another separator than it was written with: a cell may begin there.
_CELL_START: Final = re.compile(rf"(^|[,;])([\s\"']*)(?=[{_FORMULA}])")
_TOKEN: Final = re.compile(r"hf_(?:oauth_|jwt_)?[A-Za-z0-9]{8,}")


def plain(text: object, *, limit: int = LIMIT) -> str:
    r"""A text on one line without anything that acts: controls, directions, inkless letters.

    Each of these becomes its escape; what is over `limit` characters is cut and counted.

    >>> plain("\x1b[31mred\nline\u202e")
    '\\x1b[31mred\\nline\\u202e'
    >>> plain("abcdef", limit=3)
    'abc… (6 characters)'
    """
    text = str(text)
    shown = []
    marks = 0
    for c in text[:limit]:
        marks = marks + 1 if unicodedata.category(c) in ("Mn", "Me") else 0
        harmless = c.isprintable() and c not in _INKLESS and not _selects_variant(c)
        shown.append(c if harmless and marks <= MARKS_IN_A_ROW else _escape(c))
    return "".join(shown) + (f"… ({len(text):,} characters)" if len(text) > limit else "")


def lines(text: str) -> str:
    r"""The same of a text of several lines, whole.

    >>> print(lines("one\r\ntwo\x1b[0m"))
    one
    two\x1b[0m
    """
    parted = text.replace("\r\n", "\n").split("\n")
    return "\n".join(plain(line, limit=len(line)) for line in parted)


def _selects_variant(c: str) -> bool:
    return "\ufe00" <= c <= "\ufe0f" or "\U000e0000" <= c <= "\U000e0fff"


def _escape(c: str) -> str:
    return c.encode("unicode_escape").decode("ascii") if ord(c) < 128 else _code(c)


def _code(c: str) -> str:
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def has_ink(text: str) -> bool:
    r"""Whether anything of a text can be seen.

    >>> has_ink(" \u200b\u3164"), has_ink("–")
    (False, True)
    """
    return any(
        c.isprintable() and not c.isspace() and c not in _INKLESS and not _selects_variant(c)
        for c in text
    )


def acts(text: str) -> bool:
    r"""Whether a text holds what a form's field has no use for: controls, directions, markup.

    Ends of lines are no such thing.

    >>> acts("two\nlines"), acts("\u202eevil"), acts("<b>")
    (False, True, True)
    """
    return any(
        unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") and c not in "\r\n\t\u200c\u200d"
        for c in text
    ) or ("<" in text and ">" in text)


def cell(text: str, *, limit: int = LIMIT) -> str:
    """A text as a cell of a spreadsheet: plain, and never a formula.

    Not after a comma or semicolon either, which may part cells where the list is opened.

    >>> cell("=1+1"), cell(" @SUM(A1)"), cell("a;-1"), cell("A. Reader")
    ("'=1+1", " '@SUM(A1)", "a;'-1", 'A. Reader')
    """
    return _CELL_START.sub(r"\1\2'", plain(text, limit=limit))


def markdown(text: object, *, limit: int = 200) -> str:
    r"""The same as text of a Markdown page or table cell: no mark, link or tag survives.

    >>> print(markdown("<b>a|b</b> *c*"))
    &lt;b&gt;a\|b&lt;/b&gt; \*c\*
    """
    line = html.escape(plain(text, limit=limit), quote=False)
    return _MARKS.sub(r"\\\1", line).replace("://", "&#58;//").replace("www.", "www&#46;")


def prose(text: str) -> str:
    """What a publisher wrote in Markdown: paragraphs and marks stay, tags and escapes do not.

    >>> print(prose("# Terms\\nno <script>\\x1b[0m"))
    # Terms
    no &lt;script>\\x1b[0m
    """
    return lines(text.replace("\r", "")).replace("<", "&lt;").strip()


def as_json(value: Any) -> str:
    """JSON in ASCII that is harmless in a terminal and between the tags of a page."""
    text = json.dumps(value, indent=2, ensure_ascii=True)
    for c in "<>&\x7f":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text


def without_tokens(text: str, *known: str | None) -> str:
    """A text without known tokens, and without whatever looks like one of the hub's.

    >>> without_tokens("Bearer hf_abcdefghijkl failed")
    'Bearer [token] failed'
    """
    for token in filter(None, known):
        text = text.replace(token, "[token]")
    return _TOKEN.sub("[token]", text)


def holds_token(text: str, *known: str | None) -> bool:
    """Whether a known token, or what looks like one, stands in a text."""
    return without_tokens(text, *known) != text
