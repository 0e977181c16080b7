"""Who is pushed what."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arrange_broadcast.errors import InvalidBroadcast
from arrange_broadcast.handler import handler as arrange
from arrange_broadcast.logic import arrange as pure
from dragoman.frames import size
from dragoman.validation import validator
from tests.unit.functions.desk import CONVERSATION, MESSAGE_ID, NOW, inbound, report
from tests.unit.functions.samples import context
from tests.unit.functions.test_frames import heavy

ADDRESS = "sms:+12025550100"


def connected(*languages: str) -> list[dict[str, Any]]:
    return [{"connectionId": {"S": f"c{number}"}, "language": {"S": code}} for number, code in enumerate(languages)]


def broadcast(kind: str, detail: dict[str, Any], **changes: Any) -> dict[str, Any]:
    event = {"type": kind, "detail": detail, "report": {}, "connections": connected("en", "es", "en"), **changes}
    return arrange(event, context())


def test_broadcast_groups_by_language() -> None:
    groups = broadcast("ReportCreated", {}, report=report(inbound("Hola")))["groups"]
    assert [(group["language"], group["connectionIds"]) for group in groups] == [("en", ["c0", "c2"]), ("es", ["c1"])]
    assert [group["frame"]["translation"]["status"] for group in groups] == ["translated", "original"]
    assert [group["translate"] for group in groups] == [None, None]
    for group in groups:
        validator("frames/message")(group["frame"])


def test_broadcast_asks_for_a_translation_once_a_language() -> None:
    result = broadcast("ReportCreated", {}, report=report(inbound("Hola")), connections=connected("fr", "fr", "de"))
    assert [group["translate"] for group in result["groups"]] == [
        {"text": "Hola", "source": "es", "target": "fr"},
        {"text": "Hola", "source": "es", "target": "de"},
    ]
    assert result["rest"] == []


def test_broadcast_of_an_unknown_language_asks_for_nothing() -> None:
    groups = broadcast("ReportCreated", {}, report=report(inbound("Hm"), "und"), connections=connected("fr"))["groups"]
    assert (groups[0]["translate"], groups[0]["frame"]["translation"]["status"]) == (None, "undetermined")


@pytest.mark.parametrize(
    "changes", [{"report": {}}, {"report": None}, {"report": report(inbound()), "connections": []}]
)
def test_broadcast_to_nobody_or_of_nothing(changes: dict[str, Any]) -> None:
    assert broadcast("ReportCreated", {}, **changes) == {"groups": [], "rest": []}


PART = {
    "schemaVersion": "1",
    "reportId": MESSAGE_ID,
    "messageId": MESSAGE_ID,
    "conversationId": CONVERSATION,
    "at": NOW,
}
SENT = {**PART, "channel": "sms", "part": "0"}
STATUS = {"type": "status", "conversationId": CONVERSATION, "messageId": MESSAGE_ID, "part": "0", "at": NOW}
CONTACT = {"schemaVersion": "1", "address": ADDRESS, "conversationId": CONVERSATION, "source": "keyword", "at": NOW}


@pytest.mark.parametrize(
    ("kind", "detail", "frame"),
    [
        ("MessageSent", {**SENT, "providerId": "SM1", "language": "es"}, {**STATUS, "status": "sent"}),
        ("MessageDelivered", {**SENT, "status": "delivered"}, {**STATUS, "status": "delivered"}),
        ("MessageDelivered", {**SENT, "status": "read"}, {**STATUS, "status": "read"}),
        (
            "MessageFailed",
            {**SENT, "state": "undelivered", "error": "30003", "reason": "Off.", "retry": True},
            {**STATUS, "status": "undelivered", "reason": "Off.", "retry": True},
        ),
        (
            "MessageFailed",
            {**SENT, "state": "unknown", "error": "States.Timeout", "reason": "", "retry": False},
            {**STATUS, "status": "unknown", "retry": False},
        ),
        (
            "ContactOptedOut",
            {**CONTACT, "messageId": MESSAGE_ID},
            {"type": "contact", "conversationId": CONVERSATION, "optedOut": True, "at": NOW},
        ),
        (
            "QuestionAnswered",
            {"questionId": "q1", "status": "answered", "conversationId": CONVERSATION, "code": "X2Q", "at": NOW},
            {
                "type": "question",
                "questionId": "q1",
                "conversationId": CONVERSATION,
                "status": "answered",
                "code": "X2Q",
                "at": NOW,
            },
        ),
        (
            "QuestionClosed",
            {"questionId": "q1", "status": "undelivered", "conversationId": CONVERSATION, "code": "X2Q", "at": NOW},
            {
                "type": "question",
                "questionId": "q1",
                "conversationId": CONVERSATION,
                "status": "undelivered",
                "code": "X2Q",
                "at": NOW,
            },
        ),
        (
            "ContactOptedIn",
            {**CONTACT, "messageId": MESSAGE_ID},
            {"type": "contact", "conversationId": CONVERSATION, "optedOut": False, "at": NOW},
        ),
    ],
)
def test_broadcast_of_what_is_the_same_for_all(kind: str, detail: dict[str, Any], frame: dict[str, Any]) -> None:
    result = broadcast(kind, detail)
    assert result == {
        "groups": [{"language": "", "connectionIds": ["c0", "c1", "c2"], "frame": frame, "translate": None}],
        "rest": [],
    }
    validator(f"frames/{frame['type']}")(frame)


def test_broadcast_that_is_too_large_leaves_languages_for_the_next_round() -> None:
    codes = [f"{first}{second}" for first in "abcdef" for second in "xyz"]
    connections, rounds, served = connected(*codes), 0, list[str]()
    while connections:
        result = broadcast("ReportCreated", {}, report=heavy("語", "語" * 1600), connections=connections)
        assert size(result) < 200_000
        served += [group["language"] for group in result["groups"]]
        connections, rounds = result["rest"], rounds + 1
    assert served == codes
    assert 1 < rounds <= len(codes)


def test_broadcast_to_four_hundred_of_the_fullest_message() -> None:
    codes = [f"{'abcdefghijklmnopqrst'[number % 20]}{'xy'[number % 2]}" for number in range(400)]
    result = broadcast("ReportCreated", {}, report=heavy("😀", "😀" * 1600), connections=connected(*codes))
    assert result["groups"]
    assert size(result) < 200_000
    shown = sum(len(group["connectionIds"]) for group in result["groups"])
    assert shown + len(result["rest"]) == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Secret"},
        {"type": "ReportCreated", "report": {"x": {"S": "secret"}}},
        {"detail": {}},
        {"detail": "secret"},
        {"connections": "secret"},
        {"type": None},
    ],
)
def test_broadcast_of_something_else(changes: dict[str, Any]) -> None:
    event = {"type": "MessageSent", "detail": SENT, "connections": connected("en"), **changes}
    with pytest.raises(InvalidBroadcast) as caught:
        arrange(event, context())
    assert "ecret" not in str(caught.value)


def test_broadcast_logs_nothing_personal(capsys: pytest.CaptureFixture[str]) -> None:
    broadcast("ReportCreated", {}, report=report(inbound("Hola")))
    text = capsys.readouterr().out
    assert '"connections":3' in text
    assert not any(word in text for word in ("2025550", "Hola"))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["en", "es", "fr", "zh-TW"]), max_size=40))
def test_broadcast_reaches_everybody_once(languages: list[str]) -> None:
    event = {
        "type": "ReportCreated",
        "detail": {},
        "report": report(inbound("Hola")),
        "connections": connected(*languages),
    }
    ids = [one for group in pure(event)["groups"] for one in group["connectionIds"]]
    assert sorted(ids) == sorted(f"c{number}" for number in range(len(languages)))
