"""Hints: what each check sees, and that flawless requests have none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hub_requests import BOXES

from gazesearch.access.hint_words import is_country
from gazesearch.access.hints import hints_for
from gazesearch.access.requests import AccessRequest

FLAWLESS = {
    "Full name": "Trần Văn An",
    "Affiliation / institution": "University of Oslo",
    "Country": "Norway",
    "Intended use (short description)": "Scoring scanpath models of chest X-rays",
    "PhysioNet username (MIMIC-CXR credentialed)": "van-an",
    **BOXES,
}
NAME, INSTITUTION, COUNTRY, USE, PHYSIONET = list(FLAWLESS)[:5]


def asked(number: int = 0, *, answers: dict[str, Any] | None = None, **more: Any) -> AccessRequest:
    settings = {"user": "an", "fullname": "an van TRAN", "email": "an@uio.no", "status": "pending"}
    return AccessRequest(
        repo="owner/scans",
        id=str(number),
        asked=datetime(2026, 1, 1, tzinfo=UTC),
        answers=tuple({**FLAWLESS, **(answers or {})}.items()),
        **{**settings, **more},
    )


def names(request: AccessRequest) -> set[str]:
    return {hint.name for hint in hints_for([request])[request.id]}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asked(), id="accents-and-order-of-a-name"),
        pytest.param(asked(answers={USE: "胸部X線画像の視線予測研究"}), id="japanese"),
        pytest.param(asked(answers={COUNTRY: "NO"}), id="a-code"),
        pytest.param(asked(answers={COUNTRY: "the United States"}), id="another-spelling"),
        pytest.param(asked(email="an@mail.utoronto.ca"), id="a-host-called-mail"),
        pytest.param(asked(fullname=None), id="no-name-shared"),
        pytest.param(asked(answers=dict.fromkeys(BOXES, "true")), id="boxes-as-text"),
    ],
)
def test_a_flawless_request_has_no_hint(request_: AccessRequest) -> None:
    assert names(request_) == set()


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"answers": {next(iter(BOXES)): False}}, "box"),
        ({"answers": {next(iter(BOXES)): "false"}}, "box"),
        ({"answers": {USE: ""}}, "empty"),
        ({"answers": {INSTITUTION: " \u3164\u200b"}}, "empty"),
        ({"answers": {INSTITUTION: "n/a"}}, "throw-away"),
        ({"answers": {USE: "Xxxxxxxx"}}, "throw-away"),
        ({"answers": {USE: "..."}}, "throw-away"),
        ({"answers": {USE: "my research"}}, "short-use"),
        ({"answers": {USE: "long " * 500}}, "long"),
        ({"answers": {USE: "to see \x1b[31mscanpaths of radiologists"}}, "odd-text"),
        ({"answers": {USE: "to see <script>scanpaths of radiologists</script>"}}, "odd-text"),
        ({"email": "an@gmail.com"}, "mail"),
        ({"email": "an@yahoo.co.uk"}, "mail"),
        ({"email": "an@mailinator.com"}, "mail"),
        ({"email": None}, "mail"),
        ({"email": "an"}, "mail"),
        ({"fullname": "Somebody Else"}, "name"),
        ({"answers": {COUNTRY: "Atlantis"}}, "country"),
        ({"answers": {PHYSIONET: "van"}}, "physionet"),
        ({"answers": {PHYSIONET: "van an"}}, "physionet"),
        ({"answers": {PHYSIONET: "an@uio.no"}}, "physionet"),
        ({"answers": {PHYSIONET: "1van-an"}}, "physionet"),
        ({"answers": {PHYSIONET: "va" * 26}}, "physionet"),
    ],
)
def test_each_check_sees_what_it_is_for_and_nothing_else(more: dict[str, Any], name: str) -> None:
    assert names(asked(**more)) - ({"short-use"} if name != "short-use" else set()) == {name}


def test_a_form_without_answers_says_all_that_is_missing() -> None:
    request = AccessRequest(
        repo="owner/scans",
        id="0",
        user="an",
        fullname=None,
        email="an@uio.no",
        asked=datetime(2026, 1, 1, tzinfo=UTC),
        status="pending",
    )
    said = [str(hint) for hint in hints_for([request])["0"]]
    assert said == [
        "box: 0 boxes in the answers, the form has 4",
        "empty: no full name",
        "empty: no intended use",
        "empty: no country",
        "empty: no institution",
        "empty: no PhysioNet user name",
    ]


def test_who_asks_twice_is_found_whatever_the_list_and_the_case() -> None:
    first = asked(0, user="an", status="rejected")
    again = asked(1, user="an2", email="AN@uio.no", answers={PHYSIONET: "other-name"})
    other = asked(
        2, user="bo", email="bo@uio.no", answers={PHYSIONET: "bo-bo", NAME: "Bo An", COUNTRY: "US"}
    )
    hints = hints_for([first, again, other])
    assert [str(hint) for hint in hints["1"]] == [
        "duplicate: same address as an (rejected)",
        "duplicate: same name and institution as an (rejected)",
    ]
    assert "duplicate" in {hint.name for hint in hints["0"]}
    assert "duplicate" not in {hint.name for hint in hints["2"]}


def test_hints_show_harmlessly_what_they_quote() -> None:
    evil = "\x1b[2J\u202e\n" * 2**17
    request = asked(user=evil, email=evil, fullname=evil, answers=dict.fromkeys(FLAWLESS, evil))
    said = "".join(str(hint) for hint in hints_for([request, asked(1)])["0"])
    assert said.isprintable()
    assert len(said) < 10_000


@pytest.mark.parametrize(
    "name",
    ["Việt Nam", "viet nam", "Türkiye", "USA", "U.S.A.", "uk", "Korea, Republic of", "South Korea",
     "Côte d'Ivoire", "Trinidad and Tobago", "Saint Lucia", "Czechia", "Taiwan", "Hong Kong"],
)  # fmt: skip
def test_countries_are_known_by_their_usual_names(name: str) -> None:
    assert is_country(name)
