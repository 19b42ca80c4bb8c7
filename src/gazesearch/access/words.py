"""Words of others (file names, fields, answers of a server), fit for a terminal or a page."""

from __future__ import annotations

import html
import re
from typing import Final

LONGEST: Final = 200
_MARKS: Final = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_TOKEN: Final = re.compile(r"\bhf_[A-Za-z0-9]{8,}")


def plain(text: object, *, longest: int = LONGEST) -> str:
    """One line that only shows what it says: escapes, newlines and direction marks spelled out.

    >>> print(plain("a\\x1b[31m.png\\u202e"))
    a\\x1b[31m.png\\u202e
    """
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text)[: longest + 1])
    return line if len(line) <= longest else line[: longest - 1] + "…"


def markdown(text: object, *, longest: int = LONGEST) -> str:
    r"""The same as text of a Markdown page or table cell: no mark, link or tag survives.

    >>> print(markdown("<b>a|b</b> *c*"))
    &lt;b&gt;a\|b&lt;/b&gt; \*c\*
    """
    line = html.escape(plain(text, longest=longest), quote=False)
    return _MARKS.sub(r"\\\1", line).replace("://", "&#58;//").replace("www.", "www&#46;")


def prose(text: str) -> str:
    """What a publisher wrote in Markdown: paragraphs and marks stay, tags and escapes do not.

    >>> print(prose("# Terms\\nno <script>\\x1b[0m"))
    # Terms
    no &lt;script>\\x1b[0m
    """
    kept = (c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text.replace("\r", ""))
    return "".join(kept).replace("<", "&lt;").strip()


def without_tokens(text: str, *tokens: str | None) -> str:
    """A text in which no access token stands.

    >>> without_tokens("Bearer hf_abcdefghijkl failed")
    'Bearer [token] failed'
    """
    for token in filter(None, tokens):
        text = text.replace(token, "[token]")
    return _TOKEN.sub("[token]", text)
