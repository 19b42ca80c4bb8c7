"""What strangers write acts nowhere: terminal, spreadsheet, page."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from gazesearch.access.harmless import (
    as_json,
    cell,
    has_ink,
    holds_token,
    lines,
    plain,
    without_tokens,
)

# All planes that have characters, and the start of the private ones.
EVERYTHING = "".join(map(chr, [*range(0x33480), *range(0xE0000, 0xF0010)]))


def test_of_all_characters_none_that_acts_is_left() -> None:
    shown = plain(EVERYTHING, limit=len(EVERYTHING))
    left = {unicodedata.category(c) for c in shown}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert {c for c in shown if c.isspace()} == {" "}
    assert all(c in shown for c in "aÄ語ع你🙂")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202egpj.exe\u2066", "\\u202egpj.exe\\u2066"),
        ("\u3164\U000e0041", "\\u3164\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301" * 2),
    ],
)
def test_what_acts_becomes_its_escape(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_megabyte_is_cut_and_counted() -> None:
    assert plain("\x1b" * 2**20, limit=3) == "\\x1b\\x1b\\x1b… (1,048,576 characters)"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", '"=', "' =", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", "a;", "a,", "a, ", ";;"])
def test_no_cell_is_a_formula_whatever_parts_cells(before: str, start: str) -> None:
    for text in re.split("[,;]", cell(f"{before}{start}1+1.png")):
        assert text.lstrip(' "')[:1] not in tuple("=+-@＝＋－＠")


def test_an_image_called_like_a_formula_is_none_in_a_cell() -> None:
    assert cell("=1+1.png") == "'=1+1.png"
    assert cell("a.png; =1+1.png") == "a.png; '=1+1.png"
    assert cell("2-1, a+b; x@y") == "2-1, a+b; x@y"


def test_several_lines_stay_lines_and_stay_whole() -> None:
    assert lines("a\r\nb\x1b\u202e\n" + "c" * 3_000) == "a\nb\\x1b\\u202e\n" + "c" * 3_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer hf_abcdefgh12345678", "Bearer [token]"),
        ("hf_oauth_abcdefgh12345678!", "[token]!"),
        ("secretword of mine", "[token] of mine"),
        ("hf_hub_download failed", "hf_hub_download failed"),
    ],
)
def test_tokens_are_taken_out_and_nothing_else(text: str, shown: str) -> None:
    assert without_tokens(text, "secretword", None, "") == shown
    assert holds_token(text, "secretword") == (text != shown)


def test_json_has_no_tag_no_control_and_the_same_content() -> None:
    text = as_json([EVERYTHING])
    assert text.isascii()
    assert not set(text) & set("<>&\x7f\x1b")
    (back,) = json.loads(text)
    # Two halves of a pair, one after the other, are one character in JSON; no text ends in one.
    assert back.encode("utf-16", "surrogatepass") == EVERYTHING.encode("utf-16", "surrogatepass")


def test_invisible_letters_are_no_answer() -> None:
    assert not has_ink(" \u200b\u2800\u3164\ufe0f\u202e\n")
    assert has_ink("語")
