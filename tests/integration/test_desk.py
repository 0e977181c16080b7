"""The WebSocket API as a console uses it: who gets in, what comes live, what goes out, and what a bad frame costs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from infra.local.config import OPERATORS
from tests.integration.desk import Console, ask, id_token, message_id, ticket
from tests.integration.stack import Running, until

SPANISH = "¿Dónde está la clínica?"
TO_NOBODY = {"messageId": "DM" + "0" * 32, "conversationId": "c" + "0" * 32}


# --- getting in ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("token", [None, "", "no.token.at-all", "Bearer nonsense"])
def test_ticket_without_a_valid_token_is_refused_as_a_problem(stack: Running, token: str | None) -> None:
    answer = ask(stack, "POST", "/desk/tickets", token, json={})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Unauthorized"


def test_ticket_for_details_against_the_schema_is_refused(stack: Running) -> None:
    token = id_token(stack)
    for details in ({"name": ""}, {"room": "Two words"}, {"language": "english!"}, {"colour": "red"}):
        answer = ask(stack, "POST", "/desk/tickets", token, json=details)
        assert answer.status_code == 400, details
        assert answer.headers["content-type"] == "application/problem+json"


def refusal(stack: Running, query: str) -> int:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{stack.settings.socket_url}{query}", proxy=None)
    return refused.value.response.status_code


def test_connection_wants_a_ticket_that_is_good_for_once(stack: Running) -> None:
    assert refusal(stack, "") == 401
    assert refusal(stack, "?ticket=made-up") in (401, 403)
    bought = ticket(stack, id_token(stack))
    with connect(f"{stack.settings.socket_url}?ticket={bought}", proxy=None) as socket:
        socket.send(json.dumps({"action": "ping"}))
        assert json.loads(socket.recv(timeout=30)) == {"type": "pong"}
    assert refusal(stack, f"?ticket={bought}") in (401, 403)


def test_ticket_stands_in_no_table_and_no_log_as_it_is(stack: Running) -> None:
    bought = ticket(stack, id_token(stack))
    tables = stack.client("dynamodb")
    name = next(t for t in tables.list_tables(Limit=100)["TableNames"] if "Tickets" in t)
    assert bought not in json.dumps(tables.scan(TableName=name)["Items"])
    assert bought not in stack.output


def test_operator_reads_with_a_token_what_an_integrator_reads_with_a_key(stack: Running) -> None:
    report = stack.text(From="+12025550140", Body=SPANISH)
    token = id_token(stack)
    assert ask(stack, "GET", f"/desk/reports/{report['reportId']}", token).json()["reportId"] == report["reportId"]
    assert ask(stack, "GET", f"/desk/reports/{report['reportId']}", None).status_code == 401
    assert ask(stack, "GET", f"/reports/{report['reportId']}", token).status_code == 403


# --- live ------------------------------------------------------------------------------------------------------------
def test_message_arrives_live_in_each_operators_language(stack: Running) -> None:
    with Console(stack, language="en") as english, Console(stack, OPERATORS[1], language="pt") as portuguese:
        report = stack.text(From="+12025550141", Body=SPANISH)
        frames = [console.message(report["reportId"]) for console in (english, portuguese)]
        expected = {entry["language"]: entry.get("text") for entry in report["translations"]}
        assert [frame["text"] for frame in frames] == [SPANISH, SPANISH]
        assert [frame["translation"]["text"] for frame in frames] == [expected["en"], expected["pt"]]
        assert frames[0]["contact"] == "sms:+12025550141"
        assert english.status(report["reportId"], "sent")["conversationId"] == report["conversationId"]


def test_operator_with_a_language_the_desk_does_not_read_gets_a_translation_too(stack: Running) -> None:
    with Console(stack, language="fr") as french:
        first = stack.text(From="+12025550142", Body="Good morning, where is the clinic?")
        frame = french.message(first["reportId"])
        assert frame["translation"]["status"] == "translated"
        assert "clinique" in frame["translation"]["text"].lower()
        history = french.call("getmessages", conversationId=first["conversationId"])
        assert history["messages"][-1]["translation"]["text"] == frame["translation"]["text"]
        assert not history.get("translations"), "the translation of the broadcast is kept"


# --- two ways --------------------------------------------------------------------------------------------------------
def test_operators_line_reaches_the_sender_in_their_language_and_the_other_operators(stack: Running) -> None:
    sender = "+12025550143"
    report = stack.text(From=sender, Body=SPANISH)
    with Console(stack, language="en", name="Ana") as ana, Console(stack, OPERATORS[1], language="pt") as other:
        own = message_id()
        text = "The clinic is open until six in the evening."
        line = {"messageId": own, "conversationId": report["conversationId"], "text": text}
        answer = ana.call("sendmessage", **line)
        assert answer == {
            "type": "accepted", "ref": answer["ref"], "messageId": own, "conversationId": report["conversationId"]
        }  # fmt: skip
        shown = other.message(own)
        assert (shown["direction"], shown["text"], shown["author"]["name"]) == ("outbound", text, "Ana")
        assert shown["translation"]["language"] == "pt"
        sent = until(lambda: next((m for m in stack.sent(sender) if "seis" in m["body"].lower()), None))
        assert sent["from"] == stack.settings.desk_number
        assert other.status(own, "delivered")["part"] == "0"
        # The same line once more, as after a reconnect in doubt: nothing is sent twice.
        assert ana.call("sendmessage", **line)["type"] == "accepted"
        until(lambda: stack.idle("Messages", "Replies") or None)
        assert len([m for m in stack.sent(sender) if "seis" in m["body"].lower()]) == 1


def test_long_answer_is_sent_in_parts_cut_at_sentence_ends(stack: Running) -> None:
    sender = "+12025550144"
    report = stack.text(From=sender, Body="Good morning, where is the clinic?")
    text = " ".join(f"This is sentence number {number} of a long answer to you." for number in range(1, 81))
    assert 1600 < len(text) <= 5000
    with Console(stack, language="en") as console:
        own = message_id()
        console.call("sendmessage", messageId=own, conversationId=report["conversationId"], text=text)
        settled = stack.report(own)
        parts = [m["body"] for m in stack.sent(sender) if m["body"].startswith("This is sentence")]
        assert len(parts) == len(settled["reply"]["parts"]) >= 3
        assert all(len(part) <= 1600 and part.endswith("you.") for part in parts)
        assert " ".join(parts) == text


def test_room_chat_is_seen_in_the_room_only_and_sent_to_nobody(stack: Running) -> None:
    with (
        Console(stack, language="en", room="night") as one,
        Console(stack, OPERATORS[1], language="es", room="night") as two,
        Console(stack, language="en") as elsewhere,
    ):
        own = message_id()
        assert (
            one.call("sendmessage", messageId=own, room="night", text="Who takes the next call?")["type"] == "accepted"
        )
        shown = two.message(own)
        assert (shown["direction"], shown["room"]) == ("internal", "night")
        assert shown["translation"]["language"] == "es"
        assert one.call("sendmessage", messageId=message_id(), room="desk", text="Hello")["code"] == "wrong-room"
        report = stack.text(From="+12025550145", Body=SPANISH)  # what everybody sees, after it
        elsewhere.message(report["reportId"])
        assert not [frame for frame in elsewhere.frames if frame.get("messageId") == own]
        listed = ask(stack, "GET", "/desk/conversations", elsewhere.token, params={"limit": 100}).json()[
            "conversations"
        ]
        assert shown["conversationId"] not in {each["conversationId"] for each in listed}


def test_details_can_be_changed_while_connected(stack: Running) -> None:
    with Console(stack, language="en", name="Ana") as console:
        details = console.call("updatedetails", language="pt", name="Ana Maria")
        assert (details["language"], details["name"], details["room"]) == ("pt", "Ana Maria", "desk")
        report = stack.text(From="+12025550146", Body=SPANISH)
        assert console.message(report["reportId"])["translation"]["language"] == "pt"


# --- history and coming back -----------------------------------------------------------------------------------------
def test_history_pages_back_to_the_first_message(stack: Running) -> None:
    sender, words = "+12025550147", ["Good morning.", "I have a question.", "Where is the clinic?"]
    reports = [stack.text(From=sender, Body=each) for each in words]
    with Console(stack, language="en") as console:
        seen: dict[str, str] = {}
        page: dict[str, Any] = {"next": ""}
        for _ in words:  # a page may repeat what shares a millisecond with the page before, and always goes on
            before = {"before": page["next"]} if page["next"] else {}
            page = console.call("getmessages", conversationId=reports[0]["conversationId"], limit=2, **before)
            seen |= {each["messageId"]: each["text"] for each in page["messages"]}
            if "next" not in page:
                break
        assert sorted(seen.values()) == sorted(words)
        assert "next" not in page


def test_since_gives_what_was_missed_and_refuses_what_is_too_long_ago(stack: Running) -> None:
    first = stack.text(From="+12025550148", Body="Good morning, is somebody there?")
    missed = [stack.text(From="+12025550148", Body=f"Message number {number} for you.") for number in range(3)]
    with Console(stack, language="en") as console:
        since, found = f"{first['createdAt']}~{first['reportId']}", set[str]()
        while since:
            page = console.call("getmessages", since=since)
            assert page["type"] == "messages", page
            found |= {each["messageId"] for each in page["messages"]}
            since = page.get("next", "")
        assert {each["reportId"] for each in missed} <= found
        assert console.call("getmessages", since=f"2020-01-01T00:00:00.000Z~{first['reportId']}")["code"] == "too-old"


# --- bad frames ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"action": "fly"}, "unknown-action"),
        ({"text": "no action"}, "unknown-action"),
        ("this is no JSON", "unknown-action"),
        ("[]", "unknown-action"),
        ({"action": "sendmessage", "text": "to nobody"}, "invalid-frame"),
        ({"action": "sendmessage", "messageId": "mine", "room": "desk", "text": "x"}, "invalid-frame"),
        ({"action": "sendmessage", **TO_NOBODY, "text": "   "}, "invalid-frame"),
        ({"action": "sendmessage", **TO_NOBODY, "text": "x"}, "not-found"),
        ({"action": "sendmessage", **TO_NOBODY, "text": "x" * 5001}, "invalid-frame"),
        ({"action": "updatedetails"}, "invalid-frame"),
        ({"action": "updatedetails", "room": "No Room"}, "invalid-frame"),
        ({"action": "getmessages", "conversationId": "../x"}, "invalid-frame"),
        ({"action": "getmessages", "since": "yesterday"}, "invalid-frame"),
    ],
)  # fmt: skip
def test_bad_frame_gets_an_error_frame_and_costs_nothing_else(stack: Running, frame: Any, code: str) -> None:
    with Console(stack, language="en") as console:
        console.send(frame)
        error = console.wait(lambda each: each["type"] == "error")
        assert error["code"] == code, error
        assert error["detail"]
        console.send({"action": "ping"})
        assert console.wait(lambda each: each["type"] == "pong")
