"""Decisions on their way to the hub: each arrives once, or is refused and said so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import Answer, Call, Hub
from hub_requests import HANDLE_PATH, PAGE, REPO, TOKEN, RequestHub, random_faults

import gazesearch
from gazesearch.access import decisions
from gazesearch.access.decision_log import Entry, held, open_intents, read_log, verify_log
from gazesearch.access.decisions import Delivered
from gazesearch.access.review import Review, open_review
from gazesearch.errors import BadSetting, DataError, HubError

pytest.importorskip("huggingface_hub", reason="needs the extra `hub`")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RequestHub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with RequestHub() as running:
        yield running


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


def review_of(hub: RequestHub, log: Path) -> Review:
    return open_review(REPO, log=log, endpoint=hub.endpoint)


def decide(
    review: Review, verdict: decisions.Verdict, *users: str, reason: str = "Because."
) -> list[Delivered]:
    chosen = [review.decision(review.find(user), verdict, reason=reason) for user in users]
    return decisions.deliver(chosen, hub=review.hub, log=review.log, pause_s=0.0)


def results(log: Path) -> list[str | None]:
    return [entry.result for entry in read_log(log) if entry.what == "outcome"]


def test_all_pages_of_all_lists_are_read_the_longest_waiting_first(
    hub: RequestHub, log: Path
) -> None:
    for k in range(PAGE * 2 + 50):
        hub.ask(f"user{k}", days=k % 40, status=("pending", "accepted", "rejected")[k % 3])
    review = review_of(hub, log)
    assert {one.id for one in review.requests} == set(hub.requests)
    days = [one.days(review.now) for one in review.requests]
    assert days == sorted(days, reverse=True)
    assert len(review.due(30)) == sum(
        1 for k in range(PAGE * 2 + 50) if k % 3 == 0 and k % 40 >= 30
    )


def test_verdicts_arrive_with_the_reason_and_are_logged(hub: RequestHub, log: Path) -> None:
    alice, bob = hub.ask("alice"), hub.ask("bob")
    review = review_of(hub, log)
    decide(review, "accept", "alice", reason="")
    decide(review, "reject", "bob", reason="No proof – sorry.")
    decide(review_of(hub, log), "revoke", "alice", reason="Shared images.")
    assert alice.effects == [("accepted", None), ("pending", None)]
    assert bob.effects == [("rejected", "No proof – sorry.")]
    said = [(e.user, e.decision, e.origin, e.reason) for e in read_log(log) if e.what == "intent"]
    assert said == [
        ("alice", "accept", "pending", None),
        ("bob", "reject", "pending", "No proof – sorry."),
        ("alice", "revoke", "accepted", "Shared images."),
    ]
    assert results(log) == ["done"] * 3
    assert read_log(log)[0].shown == review.find("alice").digest
    hints = review_of(hub, log).hints[alice.id]
    assert [hint.name for hint in hints] == ["decided-before"]


@pytest.mark.parametrize(
    ("kind", "more", "result"),
    [
        ("status", {"status": 500}, "done"),
        ("status", {"status": 429, "headers": {"Retry-After": "0"}}, "done"),
        ("drop", {}, "done"),
        ("cut", {}, "found"),
    ],
)
def test_a_fault_neither_loses_nor_doubles_a_decision(
    hub: RequestHub, log: Path, kind: str, more: dict[str, object], result: str
) -> None:
    alice = hub.ask("alice")
    hub.fail(kind, path=HANDLE_PATH, times=3, **more)
    (found,) = decide(review_of(hub, log), "accept", "alice")
    assert found.refusal is None
    assert [status for status, _ in alice.effects] == ["accepted"]
    assert results(log) == [result]


def test_an_error_after_the_effect_is_seen_through(hub: RequestHub, log: Path) -> None:
    alice = hub.ask("alice")
    hub.after_effect = lambda _call: Answer.error(502, None, "Bad gateway")
    decide(review_of(hub, log), "reject", "alice")
    assert alice.effects == [("rejected", "Because.")]
    assert results(log) == ["found"]
    assert len(hub.posts) == 1


@pytest.mark.parametrize("seed", range(3))
def test_random_faults_leave_each_decision_once(hub: RequestHub, log: Path, seed: int) -> None:
    for k in range(30):
        hub.ask(f"user{k}")
    review = review_of(hub, log)
    random_faults(hub, seed, share=0.5)
    decide(review, "accept", *(f"user{k}" for k in range(0, 30, 2)))
    decide(review, "reject", *(f"user{k}" for k in range(1, 30, 2)))
    for k, one in enumerate(hub.requests.values()):
        assert one.effects == [("rejected", "Because.") if k % 2 else ("accepted", None)]
    assert set(results(log)) <= {"done", "found"}
    verify_log(log)


def test_a_hub_that_stays_away_leaves_the_decision_open_until_it_is_settled(
    hub: RequestHub, log: Path
) -> None:
    alice, bob = hub.ask("alice"), hub.ask("bob")
    review = review_of(hub, log)
    hub.fail("drop", path=HANDLE_PATH, times=decisions.TRIES)
    with pytest.raises(HubError, match=r"alice: accept: .* give the command again"):
        decide(review, "accept", "alice")
    assert [entry.user for entry in open_intents(read_log(log), REPO)] == ["alice"]
    decide(review_of(hub, log), "reject", "bob")
    assert results(log) == ["not-arrived", "done"]
    assert (alice.effects, bob.effects) == ([], [("rejected", "Because.")])
    decide(review_of(hub, log), "accept", "alice")
    assert alice.effects == [("accepted", None)]


@pytest.mark.parametrize(
    ("status", "result"),
    [("accepted", "found"), ("pending", "not-arrived"), ("rejected", "overtaken"), (None, "gone")],
)
def test_what_a_crash_left_open_is_settled_by_the_lists_and_never_sent(
    hub: RequestHub, log: Path, status: str | None, result: str
) -> None:
    alice = hub.ask("alice")
    with held(log, who="owner", repo=REPO) as writer:
        writer.add(
            Entry(
                who="owner", what="intent", repo=REPO, request=alice.id, user="alice",
                decision="accept", origin="pending", shown="sha256:00",
            )
        )  # fmt: skip
    if status is None:
        del hub.requests[alice.id]
    else:
        alice.status = status
    decisions.deliver([], hub=review_of(hub, log).hub, log=log)
    assert results(log) == [result]
    assert hub.posts == []


def test_a_decision_that_is_given_again_is_not_sent_again(hub: RequestHub, log: Path) -> None:
    alice = hub.ask("alice")
    review = review_of(hub, log)
    decide(review, "accept", "alice")
    (stale,) = decide(review, "accept", "alice")
    (fresh,) = decide(review_of(hub, log), "accept", "alice")
    assert stale.before
    assert fresh.before
    assert len(alice.effects) == len(hub.posts) == 1


def test_what_has_changed_since_it_was_shown_is_refused(hub: RequestHub, log: Path) -> None:
    alice, bob, carol, dave = (hub.ask(name) for name in ("alice", "bob", "carol", "dave"))
    review = review_of(hub, log)
    alice.fields["Country"] = "Sweden"
    bob.status = "rejected"
    del hub.requests[carol.id]
    dave.status = "accepted"  # on the page of the dataset, by somebody else
    found = decide(review, "accept", "alice", "bob", "carol", "dave")
    assert [one.refusal for one in found] == [
        "alice: has declared something else since it was shown",
        "bob: is rejected now, and was pending when shown",
        "carol: has no request on the hub's lists any more",
        "dave: is accepted now, and was pending when shown",
    ]
    assert hub.posts == []
    assert read_log(log) == ()


def test_an_old_review_does_not_accept_whom_another_has_revoked(hub: RequestHub, log: Path) -> None:
    alice = hub.ask("alice")
    old = review_of(hub, log)
    decide(old, "accept", "alice")
    decide(review_of(hub, log), "revoke", "alice")
    (found,) = decide(old, "accept", "alice")
    assert found.refusal == "alice: was decided since it was shown (line 3 of the log)"
    assert alice.status == "pending"


def test_what_somebody_decides_on_the_page_meanwhile_stands(hub: RequestHub, log: Path) -> None:
    alice = hub.ask("alice")
    review = review_of(hub, log)

    def overtake(_call: Call) -> Answer:
        alice.status = "rejected"
        return Answer.error(500, None, "fault")

    hub.before_effect = overtake
    (found,) = decide(review, "accept", "alice")
    assert found.refusal == "alice: accept: somebody else decided before it arrived (HTTP 500)"
    assert (alice.status, alice.effects) == ("rejected", [])
    assert results(log) == ["overtaken"]


def test_what_the_hub_refuses_is_not_tried_again(hub: RequestHub, log: Path) -> None:
    hub.ask("alice")
    hub.fail("status", status=403, path=HANDLE_PATH)
    (found,) = decide(review_of(hub, log), "accept", "alice")
    assert found.refusal == "alice: accept: the hub refused it (HTTP 403)"
    assert len(hub.posts) == 1
    assert results(log) == ["refused"]


@pytest.mark.parametrize(
    ("verdict", "reason", "said"),
    [
        ("reject", "x" * 201, "201 characters, at most 200"),
        ("reject", "", "say why"),
        ("revoke", " \u200b", "one line of plain text"),
        ("revoke", "   ", "say why"),
        ("accept", "a\nb", "one line of plain text"),
        ("reject", f"see {TOKEN}", "holds a token"),
    ],
)
def test_a_reason_is_a_short_line(
    hub: RequestHub, log: Path, verdict: decisions.Verdict, reason: str, said: str
) -> None:
    hub.ask("alice", status="accepted" if verdict == "revoke" else "pending")
    with pytest.raises(BadSetting, match=said) as error:
        decide(review_of(hub, log), verdict, "alice", reason=reason)
    assert TOKEN not in str(error.value)
    assert hub.posts == []


def test_users_whose_names_are_not_shared_are_decided_by_id(hub: RequestHub, log: Path) -> None:
    hidden = hub.ask("alice")
    hidden.user = hidden.fullname = hidden.email = None
    review = review_of(hub, log)
    decide(review, "accept", f"#{hidden.id}")
    assert hidden.effects == [("accepted", None)]


def test_a_name_of_a_megabyte_does_not_break_the_log(hub: RequestHub, log: Path) -> None:
    evil = hub.ask("x" * 2**20)
    decide(review_of(hub, log), "accept", f"#{evil.id}")
    assert evil.effects == [("accepted", None)]
    verify_log(log)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_list_that_cannot_be_had_is_one_line_without_the_token(
    hub: RequestHub, log: Path, status: int
) -> None:

    def echoes(_hub: Hub, call: Call) -> Answer:
        return Answer.error(status, None, f"no: {call.headers['Authorization']}")

    hub.add_route("GET", ".*/user-access-request/.*", echoes)
    with pytest.raises(
        HubError, match=f"owner/scans: the list of pending .* HTTP {status}"
    ) as error:
        review_of(hub, log)
    assert "\n" not in str(error.value)
    assert TOKEN not in str(error.value)
    assert error.value.__suppress_context__


def test_a_token_that_is_none_is_not_quoted(
    hub: RequestHub, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret\nSecret123456 x")
    with pytest.raises(HubError, match="the token holds characters that no token has") as error:
        review_of(hub, log)
    assert "ecret1" not in str(error.value)


def test_answers_of_other_forms_do_not_break_the_lists(hub: RequestHub, log: Path) -> None:
    hub.ask("alice", fields={"n": 3, "nothing": None, "several": ["a", "b"]})
    answers = dict(review_of(hub, log).find("alice").answers)
    assert (answers["n"], answers["nothing"], answers["several"]) == ("3", "", '["a", "b"]')


# -- nothing decides by itself


def calls_of(*names: str) -> list[tuple[str, str]]:
    """File and function of every place of the package that names one of these."""
    package = Path(gazesearch.__file__).parent
    found = []
    for file in sorted(package.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for top in ast.walk(ast.parse(text)) if any(name in text for name in names) else ():
            if isinstance(top, ast.FunctionDef):
                for node in ast.walk(top):
                    name = getattr(node, "attr", getattr(node, "id", getattr(node, "value", None)))
                    if isinstance(name, str) and name in names:
                        found.append((file.relative_to(package).as_posix(), top.name))
    return sorted(set(found))


def test_one_function_asks_the_hub_to_decide_and_one_command_line_function_leads_there() -> None:
    deciding = ("accept_access_request", "reject_access_request", "cancel_access_request")
    assert calls_of(*deciding, "grant_access", "_handle_access_request") == [
        ("access/requests.py", "send")
    ]
    assert [place for place in calls_of("send") if place[0].startswith("access/")] == [
        ("access/decisions.py", "_send")
    ]
    assert calls_of("_decide") == [
        ("cli/requests.py", name) for name in ("accept", "reject", "revoke")
    ]
    leading = {place for place in calls_of("deliver") if place[0].startswith(("cli/", "access/"))}
    assert leading == {
        ("access/decisions.py", "deliver"),
        ("access/review.py", "deliver"),
        ("cli/requests.py", "_decide"),
        ("cli/requests.py", "_one_by_one"),
    }


def test_reading_reminding_and_settling_decide_nothing(
    hub: RequestHub, log: Path, tmp_path: Path
) -> None:
    for k in range(5):
        hub.ask(f"user{k}", days=100)
    review = review_of(hub, log)
    review.as_table(review.due(7))
    review.as_json(review.of(None))
    review.export(review.of("pending"), tmp_path / "list.csv")
    review.decision(review.find("user1"), "accept")
    assert review.read(tmp_path / "list.csv", "accept") == ([], 0)
    decisions.deliver([], hub=review.hub, log=log)
    assert hub.posts == []
    assert {one.status for one in hub.requests.values()} == {"pending"}


def test_two_decisions_on_one_request_are_refused_before_anything_is_sent(
    hub: RequestHub, log: Path
) -> None:
    hub.ask("alice")
    review = review_of(hub, log)
    with pytest.raises(DataError, match="stands there twice"):
        decide(review, "accept", "alice", "alice")
    assert hub.posts == []
