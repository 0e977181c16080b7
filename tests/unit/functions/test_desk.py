"""What operators' consoles send, read and made into messages."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose_message.errors import InvalidMessage
from compose_message.handler import handler as compose
from compose_message.handler import settings as compose_settings
from compose_message.logic import targets
from dragoman.errors import ConfigurationError, InvalidFrame
from dragoman.identifiers import room_conversation_id
from dragoman.validation import validator
from read_frame.handler import handler as read
from tests.unit.functions.desk import (
    CONNECTION,
    CONVERSATION,
    MESSAGE_ID,
    NOW,
    OPERATOR_ID,
    answer,
    conversation,
    encoded,
    line,
)
from tests.unit.functions.samples import MESSAGE_SID, context

OWN_ROOM = room_conversation_id("desk")
SEND = {"action": "sendmessage", "ref": "7", "messageId": MESSAGE_ID, "conversationId": CONVERSATION, "text": "Hello"}
LINE = {"action": "sendmessage", "messageId": MESSAGE_ID, "room": "desk", "text": "Hello"}
UPDATE = {"action": "updatedetails", "ref": "8"}
GET = {"action": "getmessages", "ref": "9"}
ID = f"2024-11-21T10:00:00.000Z~{MESSAGE_SID}"


@pytest.fixture(autouse=True)
def _new_environment() -> None:
    compose_settings.cache_clear()


def asked(frame: Any, **changes: Any) -> dict[str, Any]:
    return read({"frame": encoded(frame), "connection": CONNECTION, "requestId": "r", "now": NOW, **changes}, context())


def request(frame: Any) -> dict[str, Any]:
    found: dict[str, Any] = asked(frame)["request"]
    return found


def refused(frame: Any, **changes: Any) -> dict[str, Any]:
    with pytest.raises(InvalidFrame) as caught:
        asked(frame, **changes)
    error: dict[str, Any] = json.loads(str(caught.value))
    validator("frames/error")({"type": "error", **error})
    return error


# --- sendmessage


def test_send_to_a_person() -> None:
    assert asked(SEND) == {
        "action": "sendmessage",
        "request": {
            "ref": "7",
            "target": "conversation",
            "messageId": MESSAGE_ID,
            "conversationId": CONVERSATION,
            "text": "Hello",
        },
    }


@pytest.mark.parametrize(
    "frame",
    [LINE, {**LINE, "room": "desk"}, {**{k: v for k, v in LINE.items() if k != "room"}, "conversationId": OWN_ROOM}],
)
def test_send_to_the_own_room(frame: dict[str, Any]) -> None:
    assert request(frame) == {
        "ref": "",
        "target": "room",
        "messageId": MESSAGE_ID,
        "conversationId": OWN_ROOM,
        "room": "desk",
        "text": "Hello",
    }


def test_send_words_are_repaired() -> None:
    assert request({**SEND, "text": "a\r\nb\x00\ud83d"})["text"] == "a\nb\ufffd"


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"room": "desk"}, "invalid-frame", "either conversationId or room"),
        ({"conversationId": "x"}, "invalid-frame", "conversationId"),
        ({"text": ""}, "invalid-frame", "text"),
        ({"text": " \n\u3000"}, "invalid-frame", "text must not be blank"),
        ({"text": "\x00\x01"}, "invalid-frame", "text must not be blank"),
        ({"text": "x" * 5001}, "invalid-frame", "text must be shorter than or equal to 5000 characters"),
        ({"text": "語" * 3334}, "invalid-frame", "10000 bytes"),
        ({"text": 7}, "invalid-frame", "text must be string"),
        ({"messageId": MESSAGE_SID}, "invalid-frame", "messageId"),
        ({"ref": "x" * 65}, "invalid-frame", "ref must be shorter"),
        ({"colour": "red"}, "invalid-frame", "must not contain"),
    ],
)
def test_send_refused(changes: dict[str, Any], code: str, word: str) -> None:
    error = refused({**SEND, **changes})
    assert error["code"] == code
    assert word in error["detail"]
    assert error.get("ref") == (None if "ref" in changes else "7")
    assert error.get("messageId") == (None if "messageId" in changes else MESSAGE_ID)


def test_send_to_another_room() -> None:
    assert refused({**LINE, "room": "night"})["code"] == "wrong-room"


def test_send_longest_words_that_translate_takes() -> None:
    assert request({**SEND, "text": "é" * 5000})["text"] == "é" * 5000
    assert request({**SEND, "text": "語" * 3333})["text"] == "語" * 3333


# --- updatedetails


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"name": " Zoë  B "}, {"name": "Zoë B"}),
        ({"language": "zh-TW"}, {"language": "zh-TW"}),
        ({"room": "night-1"}, {"room": "night-1"}),
        ({"name": "Z", "language": "fr", "room": "x"}, {"name": "Z", "language": "fr", "room": "x"}),
    ],
)
def test_update_details(changes: dict[str, str], result: dict[str, str]) -> None:
    expected = {"operatorId": OPERATOR_ID, "name": "Ana", "language": "pt", "room": "desk", **result}
    room = expected["room"]
    assert asked({**UPDATE, **changes}) == {
        "action": "updatedetails",
        "request": {
            "ref": "8",
            **expected,
            "roomKey": f"{room}#JQ8hmdF1IAMCJkQ=",
            "roomConversationId": room_conversation_id(room),
        },
    }


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "at least one"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name must not be blank"),
        ({"name": "\u202e"}, "name must not be blank"),
        ({"name": "x" * 61}, "name"),
        ({"language": "English"}, "language"),
        ({"room": "The Desk"}, "room"),
        ({"room": "desk\n"}, "room"),
        ({"name": "Ana", "operatorId": "x"}, "operatorId"),
    ],
)
def test_update_details_refused(changes: dict[str, str], word: str) -> None:
    error = refused({**UPDATE, **changes})
    assert (error["code"], error["ref"]) == ("invalid-frame", "8")
    assert word in error["detail"]


# --- getmessages


def test_history_newest_page() -> None:
    assert asked({**GET, "conversationId": CONVERSATION}) == {
        "action": "getmessages",
        "request": {"ref": "9", "mode": "history", "conversationId": CONVERSATION, "before": "9999", "limit": "20"},
    }


def test_history_goes_back() -> None:
    found = request({**GET, "conversationId": CONVERSATION, "before": ID, "limit": 50.0})
    assert (found["before"], found["limit"]) == ("2024-11-21T10:00:00.000Z", "50")


@pytest.mark.parametrize(
    ("since", "after", "day"),
    [
        (ID, "2024-11-21T09:59:00.000Z", "2024-11-21"),
        (f"2024-11-21T05:00:00.000Z~{MESSAGE_SID}", "2024-11-21T04:59:00.000Z", "2024-11-20"),
        (f"2024-11-21T00:00:30.000Z~{MESSAGE_SID}", "2024-11-20T23:59:30.000Z", "2024-11-20"),
        (f"2024-11-14T10:50:00.000Z~{MESSAGE_SID}", "2024-11-14T10:49:00.000Z", "2024-11-14"),
        (f"2024-12-01T00:00:00.000Z~{MESSAGE_SID}", "2024-11-30T23:59:00.000Z", "2024-11-21"),
        ("2024-11-20T10:00:00.000Z~2024-11-21", "2024-11-20T10:00:00.000Z", "2024-11-21"),
        ("2024-11-14T10:00:00.000Z~2024-11-14", "2024-11-14T10:00:00.000Z", "2024-11-14"),
        ("2024-11-20T10:00:00.000Z~2024-11-29", "2024-11-20T10:00:00.000Z", "2024-11-21"),
    ],
)
def test_since(since: str, after: str, day: str) -> None:
    assert request({**GET, "since": since}) == {
        "ref": "9",
        "mode": "since",
        "since": since,
        "day": day,
        "after": after,
        "today": "2024-11-21",
        "room": "desk",
        "limit": "50",
    }


@pytest.mark.parametrize(
    "since",
    [
        f"2024-11-14T10:49:59.999Z~{MESSAGE_SID}",
        f"1970-01-01T00:00:00.000Z~{MESSAGE_SID}",
        "2024-11-13T10:49:59.999Z~2024-11-14",
    ],
)
def test_since_too_old(since: str) -> None:
    error = refused({**GET, "since": since})
    assert (error["code"], error["ref"]) == ("too-old", "9")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "either"),
        ({"since": ID, "conversationId": CONVERSATION}, "either"),
        ({"since": ID, "limit": 5}, "before and limit"),
        ({"since": ID, "before": ID}, "before and limit"),
        ({"since": MESSAGE_SID}, "since"),
        ({"since": f"2024-13-01T00:00:00.000Z~{MESSAGE_SID}"}, "since must be the id of a message"),
        ({"since": f"0001-01-01T00:00:00.000Z~{MESSAGE_SID}"}, "days ago"),
        ({"since": "2024-11-21T10:00:00.000Z"}, "since"),
        ({"conversationId": CONVERSATION, "limit": 0}, "limit"),
        ({"conversationId": CONVERSATION, "limit": 51}, "limit"),
        ({"conversationId": CONVERSATION, "limit": True}, "limit"),
        ({"conversationId": CONVERSATION, "before": f"2024-02-30T00:00:00.000Z~{MESSAGE_SID}"}, "before must be"),
    ],
)
def test_get_messages_refused(changes: dict[str, Any], word: str) -> None:
    assert word in refused({**GET, **changes})["detail"]


# --- any frame


@pytest.mark.parametrize("text", ["", "hello", "[]", '"ping"', "7", "null", "[" * 100_000, '{"action": ', "\ufeff{}"])
def test_read_what_is_no_frame(text: str) -> None:
    assert refused(text)["code"] in ("invalid-frame", "unknown-action")


@pytest.mark.parametrize("frame", ["***", None, 7, "/w=="])
def test_read_what_is_not_base64_or_not_utf8(frame: Any) -> None:
    with pytest.raises(InvalidFrame, match="not JSON"):
        read({"frame": frame, "connection": CONNECTION, "now": NOW}, context())


@pytest.mark.parametrize("action", [None, "", "ping", "SENDMESSAGE", 7, ["sendmessage"], {}])
def test_read_unknown_action_names_the_actions(action: Any) -> None:
    error = refused({"action": action, "ref": "5"})
    assert (error["code"], error["ref"]) == ("unknown-action", "5")
    assert "sendmessage, updatedetails, getmessages and ping" in error["detail"]


@pytest.mark.parametrize("connection", [{}, None])
def test_read_without_connection(connection: Any) -> None:
    assert refused(SEND, connection=connection)["code"] == "not-connected"


@pytest.mark.parametrize("changes", [{"now": None}, {"now": "soon"}, {"connection": {"room": "desk"}}])
def test_read_machine_hands_over_something_else(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        asked(SEND, **changes)


def test_read_logs_nothing_that_the_client_chose(capsys: pytest.CaptureFixture[str]) -> None:
    asked(SEND)
    refused({**SEND, "ref": "secret words", "+12025550100": 1, "text": "secret words"})
    text = capsys.readouterr().out
    assert "invalid-frame" in text
    assert not any(word in text for word in ("secret", "2025550", "Hello", "Ana", '"7"'))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from(
    ["ref", "messageId", "conversationId", "room", "text", "name", "language", "before", "limit", "since"]
)


@settings(deadline=None)
@given(st.sampled_from(["sendmessage", "updatedetails", "getmessages", "other"]), st.dictionaries(members, json_values))
def test_read_any_frame_is_read_or_refused(action: str, frame: dict[str, Any]) -> None:
    try:
        assert asked({**frame, "action": action})["action"] == action
    except InvalidFrame as error:
        validator("frames/error")({"type": "error", **json.loads(str(error))})


# --- compose_message


def composed(event: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = compose(event, context())["message"]
    return message


def test_compose_answer_whole() -> None:
    assert composed(answer()) == {
        "schemaVersion": "1",
        "messageId": MESSAGE_ID,
        "provider": "console",
        "accountId": "AC0a1b2c3d4e5f67890a1b2c3d4e5f6789",
        "channel": "console",
        "direction": "outbound",
        "sender": f"console:{OPERATOR_ID}",
        "recipient": "sms:+12025550100",
        "conversationId": CONVERSATION,
        "delivery": {"to": "+12025550100", "from": "+12025550199"},
        "text": "The clinic is at 5 Main Street.",
        "textLength": 31,
        "media": [],
        "segments": 1,
        "receivedAt": NOW,
        "providerFields": {},
        "author": {"operatorId": OPERATOR_ID, "name": "Ana"},
        "translateTo": ["es", "en", "pt"],
        "recipientLanguage": "es",
    }


def test_compose_line_whole() -> None:
    message = composed(line())
    assert message["direction"] == "internal"
    assert message["recipient"] == "room:desk"
    assert message["delivery"] == {"to": "room:desk", "from": f"console:{OPERATOR_ID}"}
    assert (message["room"], message["translateTo"]) == ("desk", ["en", "es", "pt"])
    assert "recipientLanguage" not in message


@pytest.mark.parametrize(
    ("language", "translate_to"),
    [
        ("fr", ["fr", "en", "es", "pt"]),
        ("pt", ["pt", "en", "es"]),
        ("und", ["en", "es", "pt"]),
        ("", ["en", "es", "pt"]),
    ],
)
def test_compose_answer_is_translated_for_the_contact_first(language: str, translate_to: list[str]) -> None:
    message = composed(answer(conversation=conversation(language=language)))
    assert message["translateTo"] == translate_to
    assert message["recipientLanguage"] == (language or "und")


def test_compose_moment_in_any_writing() -> None:
    assert composed(answer(now="2024-11-21T12:50:00.1234+02:00"))["receivedAt"] == "2024-11-21T10:50:00.123Z"


@pytest.mark.parametrize("item", [None, {}, conversation(contact="", list="rooms")])
def test_compose_answer_to_nobody(item: dict[str, Any] | None) -> None:
    with pytest.raises(InvalidFrame) as caught:
        composed(answer(conversation=item))
    assert json.loads(str(caught.value)) == {
        "code": "not-found",
        "detail": "There is no such conversation with a person.",
        "ref": "7",
        "messageId": MESSAGE_ID,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"now": None},
        {"now": "secret"},
        {"connection": {}},
        {"connection": {**CONNECTION, "name": {"S": ""}}},
        {"conversation": conversation(delivery="secret")},
        {"conversation": conversation(delivery="{}")},
        {"request": {}},
        {"request": None},
    ],
)
def test_compose_message_of_something_else(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage) as caught:
        composed(answer(**changes))
    assert "secret" not in str(caught.value)


def test_compose_message_logs_nothing_personal(capsys: pytest.CaptureFixture[str]) -> None:
    composed(answer())
    text = capsys.readouterr().out
    assert MESSAGE_ID in text
    assert not any(word in text for word in ("2025550", "clinic", "Ana"))


@pytest.mark.parametrize("name", ["DESK_LANGUAGES", "TWILIO_ACCOUNT_SID"])
def test_compose_message_without_settings(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, " , " if name == "DESK_LANGUAGES" else "")
    with pytest.raises(ConfigurationError, match=name):
        composed(answer())


def test_targets_are_distinct_and_not_too_many() -> None:
    assert targets(["a", "b", "a"]) == ["a", "b"]
    assert len(targets(str(number) for number in range(20))) == 11
