"""What can be checked of a request without knowing anybody: hints, never a verdict.

The form is that of GazeSearch's page: full name, institution, country, intended use, PhysioNet
user name, and boxes. A question is known by words in it, so that other wordings and orders do.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gazesearch.access.decision_log import Entry, last_decisions
from gazesearch.access.harmless import LIMIT, acts, has_ink, plain
from gazesearch.access.hint_words import (
    FREE_MAIL,
    NO_ANSWER,
    THROW_AWAY_MAIL,
    folded,
    is_country,
)
from gazesearch.access.requests import AccessRequest

BOXES: Final = 4
"""Boxes of GazeSearch's form: credentialed account, proof, no redistribution, agreement."""

QUESTIONS: Final[dict[str, str]] = {
    "PhysioNet user name": r"\bphysio",
    "institution": r"affiliat|institut|organi[sz]ation|universit|compan|employer",
    "country": r"\bcountry|\bnation\b",
    "intended use": r"\buse\b|usage|purpose|research|reason|project",
    "full name": r"\bname\b",
}
"""What the form asks, and words that tell a question; the first that fits counts."""

TICKS: Final = {"true": True, "false": False, "on": True, "off": False}
YES_OR_NO: Final = {"yes": True, "no": False}
"""Answers in words that make a box of a question."""

SHORT_USE: Final = 20
"""Letters below which an intended use is short; a character of Chinese or Japanese counts 3."""


@dataclass(frozen=True, kw_only=True)
class Hint:
    """Something to look at.

    Attributes:
        name: of the check.
        about: what was seen, on one harmless line.
    """

    name: str
    about: str

    def __str__(self) -> str:
        return f"{self.name}: {self.about}"


@dataclass(frozen=True, kw_only=True)
class Form:
    """The answers of a request by what they answer."""

    request: AccessRequest
    texts: dict[str, str]
    boxes: tuple[tuple[str, bool], ...]
    others: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, request: AccessRequest) -> Form:
        """Sort the answers by the words of their questions; ticked is also what says so."""
        texts: dict[str, str] = {}
        boxes: list[tuple[str, bool]] = []
        others: list[tuple[str, str]] = []
        for question, answer in request.answers:
            kind = _kind(question)
            said = str(answer)[:10].strip().casefold()
            if isinstance(answer, bool) or said in TICKS or (kind is None and said in YES_OR_NO):
                boxes.append((question, (TICKS | YES_OR_NO)[said]))
            elif kind is not None and kind not in texts:
                texts[kind] = answer
            else:
                others.append((question, answer))
        return cls(request=request, texts=texts, boxes=tuple(boxes), others=tuple(others))


def _kind(question: str) -> str | None:
    words = question[:500].casefold().replace("_", " ")
    return next((kind for kind, form in QUESTIONS.items() if re.search(form, words)), None)


def hints_for(
    requests: Sequence[AccessRequest], *, log: Sequence[Entry] = ()
) -> dict[str, tuple[Hint, ...]]:
    """Hints by id of the request.

    Args:
        requests: all that the hub lists, whatever their status: duplicates are looked up in them.
        log: decisions so far.
    """
    forms = {request.id: Form.of(request) for request in requests}
    twins = _twins(forms.values())
    decided = last_decisions(log)
    return {
        request.id: (
            *(hint for check in CHECKS for hint in check(forms[request.id])),
            *_duplicates(request, twins),
            *_decided_before(request, decided.get(request.id)),
        )
        for request in requests
    }


def _boxes(form: Form) -> Iterable[Hint]:
    for question, ticked in form.boxes:
        if not ticked:
            yield Hint(name="box", about=f"not ticked: {plain(question, limit=80)}")
    if len(form.boxes) < BOXES:
        yield Hint(
            name="box", about=f"{len(form.boxes)} boxes in the answers, the form has {BOXES}"
        )


def _answers(form: Form) -> Iterable[Hint]:
    for kind in reversed(QUESTIONS):
        if not has_ink(form.texts.get(kind, "")):
            yield Hint(name="empty", about=f"no {kind}")
    for question, answer in (*form.texts.items(), *form.others):
        if question in QUESTIONS and not has_ink(answer):
            continue
        where = plain(question, limit=60)
        if not has_ink(answer):
            yield Hint(name="empty", about=f"no answer: {where}")
        elif _says_nothing(answer) and not (question == "country" and is_country(answer)):
            yield Hint(name="throw-away", about=f"{where}: {plain(answer, limit=40)}")
        if len(answer) > LIMIT:
            yield Hint(name="long", about=f"{where}: {len(answer):,} characters, cut when shown")
        if acts(answer):
            yield Hint(name="odd-text", about=f"{where}: holds controls, directions or markup")
    use = form.texts.get("intended use", "")[:LIMIT]
    if has_ink(use) and sum(_weight(c) for c in use) < SHORT_USE:
        yield Hint(name="short-use", about=f"intended use: {plain(use, limit=40)}")
    said = [folded(text[:LIMIT]) for text in form.texts.values() if has_ink(text)]
    if len(said) >= 3 and len(set(said)) == 1:
        yield Hint(name="throw-away", about="the same answer to every question")


def _says_nothing(answer: str) -> bool:
    words = folded(answer[:LIMIT])
    bare = words.replace(" ", "")
    return words in NO_ANSWER or (len(bare) > 1 and len(set(bare)) == 1) or not words


def _weight(c: str) -> int:
    return 0 if not c.isalnum() else 3 if "\u2e80" <= c <= "\ud7ff" or ord(c) >= 0x20000 else 1


def _mail(form: Form) -> Iterable[Hint]:
    mail = form.request.email
    if mail is None:
        yield Hint(name="mail", about="the account's address is not shared")
        return
    found = re.fullmatch(r"[^@\s]+@((?:[\w-]+\.)+[\w-]+)", mail[:300])
    if found is None:
        yield Hint(name="mail", about=f"no address: {plain(mail, limit=60)}")
        return
    parts = found[1].casefold().split(".")
    if THROW_AWAY_MAIL & set(parts):
        yield Hint(name="mail", about=f"throw-away address: {plain(found[1], limit=60)}")
    elif parts[0] in FREE_MAIL and (len(parts) == 2 or parts[1] in ("co", "com")):
        yield Hint(name="mail", about=f"no institution's address: {plain(found[1], limit=60)}")


def _name(form: Form) -> Iterable[Hint]:
    said, account = form.texts.get("full name", ""), form.request.fullname
    if not has_ink(said) or account is None or not has_ink(account):
        return
    words, known = (folded(text[:LIMIT]).split() for text in (said, account))
    joined = ("".join(sorted(words)), "".join(sorted(known)))
    whole = {word for word in words if len(word) > 1} & {word for word in known if len(word) > 1}
    if not whole and joined[0] != joined[1] and "".join(words) != "".join(known):
        about = f"declared {plain(said, limit=60)}, the account says {plain(account, limit=60)}"
        yield Hint(name="name", about=about)


def _country(form: Form) -> Iterable[Hint]:
    said = form.texts.get("country", "")
    if has_ink(said) and not is_country(said[:200]):
        yield Hint(name="country", about=f"on no list of countries: {plain(said, limit=60)}")


def _physionet(form: Form) -> Iterable[Hint]:
    # PhysioNet's own rule for new accounts: 4 to 50 letters, digits and hyphens, a letter first.
    said = form.texts.get("PhysioNet user name", "")
    if has_ink(said) and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{3,49}", said.strip()):
        yield Hint(name="physionet", about=f"no PhysioNet user name: {plain(said, limit=60)}")


CHECKS: Final[tuple[Callable[[Form], Iterable[Hint]], ...]] = (
    _boxes,
    _answers,
    _mail,
    _name,
    _country,
    _physionet,
)


def _keys(form: Form) -> Iterable[tuple[str, str]]:
    """What no two people share, by what it is."""
    physionet = form.texts.get("PhysioNet user name", "").strip().casefold()
    if has_ink(physionet) and not _says_nothing(physionet):
        yield "PhysioNet user name", physionet[:100]
    if form.request.email:
        yield "address", form.request.email.casefold()[:300]
    who = tuple(folded(form.texts.get(kind, "")[:LIMIT]) for kind in ("full name", "institution"))
    if all(who) and not any(text in NO_ANSWER for text in who):
        yield "name and institution", "\n".join(who)


_Twins = dict[tuple[str, str], list[AccessRequest]]


def _twins(forms: Iterable[Form]) -> dict[str, list[tuple[str, list[AccessRequest]]]]:
    """By id: what is shared, and by which requests."""
    holders: _Twins = defaultdict(list)
    for form in forms:
        for key in _keys(form):
            holders[key].append(form.request)
    shared: dict[str, list[tuple[str, list[AccessRequest]]]] = defaultdict(list)
    for (kind, _), holding in holders.items():
        for request in holding if len(holding) > 1 else ():
            shared[request.id].append((kind, holding))
    return shared


def _duplicates(
    request: AccessRequest, twins: dict[str, list[tuple[str, list[AccessRequest]]]]
) -> Iterable[Hint]:
    for kind, holding in twins.get(request.id, ()):
        others = [f"{one.label} ({one.status})" for one in holding if one.id != request.id]
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        yield Hint(name="duplicate", about=f"same {kind} as {', '.join(others[:3])}{more}")


def _decided_before(request: AccessRequest, last: Entry | None) -> Iterable[Hint]:
    if last is None or (last.decision == "accept" and request.status == "accepted"):
        return
    if last.decision == "reject" and request.status == "rejected":
        return
    about = f"{last.decision} on {last.when[:10]} by {last.who}"
    yield Hint(name="decided-before", about=f"{about}: {last.reason}" if last.reason else about)
