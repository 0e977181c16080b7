"""Opt-out: who says stop is left alone at once, whoever asks to write to them, until they say start."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.desk import Console, ask, id_token, message_id
from tests.integration.stack import Running, message_sid, until

GREETING = "Good morning, where is the clinic?"


def opted_out(stack: Running, conversation_id: str) -> bool:
    answer = ask(stack, "GET", f"/desk/conversations/{conversation_id}", id_token(stack))
    return bool(answer.json()["optedOut"])


def webhook_only(stack: Running, sender: str, **fields: str) -> dict[str, Any]:
    """A message that reaches the webhook and not the simulated carrier, which has opt-out words of its own."""
    sid = message_sid()
    assert stack.post(stack.fields(MessageSid=sid, From=sender, **fields)).status_code == 200
    return stack.report(sid)


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        ("+12025550160", {"Body": " s t o p "}),
        ("+12025550161", {"Body": "Arrêt"}),
        ("+12025550162", {"Body": "ALTO"}),
        ("+12025550163", {"Body": "please", "OptOutType": "STOP"}),
    ],
)
def test_opt_out_silences_at_once_and_start_brings_back(stack: Running, sender: str, fields: dict[str, str]) -> None:
    first = webhook_only(stack, sender, Body=GREETING)
    assert first["reply"]["state"] == "sent"
    with Console(stack, language="en") as console:
        stop = webhook_only(stack, sender, **fields)
        assert stop["message"]["consent"] == "stop"
        assert stop["reply"]["state"] == "suppressed"
        conversation = first["conversationId"]
        console.wait(lambda f: f["type"] == "contact" and f["conversationId"] == conversation and f["optedOut"])
        assert opted_out(stack, conversation)
        refused = console.call(
            "sendmessage", messageId=message_id(), conversationId=conversation, text="One more thing."
        )
        assert refused["code"] == "opted-out"
        assert "START" in refused["detail"]
        assert webhook_only(stack, sender, Body=GREETING)["reply"]["state"] == "suppressed"

        back = webhook_only(stack, sender, Body="Start")
        assert back["message"]["consent"] == "start"
        console.wait(lambda f: f["type"] == "contact" and f["conversationId"] == conversation and not f["optedOut"])
        assert not opted_out(stack, conversation)
        own = message_id()
        assert (
            console.call("sendmessage", messageId=own, conversationId=conversation, text="Welcome back.")["type"]
            == "accepted"
        )
        assert stack.report(own)["reply"]["state"] == "sent"


def test_near_miss_is_flagged_and_not_acted_on(stack: Running) -> None:
    with Console(stack, language="en") as console:
        report = webhook_only(stack, "+12025550164", Body="Stop. Thank you")
        assert report["message"]["consent"] == "near-miss"
        assert report["reply"]["state"] == "sent"
        assert console.message(report["reportId"])["consent"] == "near-miss"
        assert not opted_out(stack, report["conversationId"])


def test_yes_is_an_ordinary_answer_of_someone_who_is_not_silent(stack: Running) -> None:
    report = webhook_only(stack, "+12025550165", Body="Yes")
    assert report["reply"]["state"] == "sent"
    assert not opted_out(stack, report["conversationId"])


def test_help_is_answered_with_the_configured_text_in_the_senders_language(stack: Running) -> None:
    sender = "+12025550166"
    webhook_only(stack, sender, Body="Buenos días, ¿dónde está la clínica, por favor?")
    report = webhook_only(stack, sender, Body="HELP")
    assert report["message"]["consent"] == "help"
    assert report["reply"]["state"] == "sent"
    assert "STOP" in report["reply"]["text"]
    assert report["reply"]["text"] in {message["body"] for message in stack.sent(sender)}


def test_carriers_refusal_silences_the_contact(stack: Running) -> None:
    """21610: the person texted STOP before we knew them, or to Twilio behind our back."""
    sender = "+12025550167"
    stack.fault(kind="400", code=21610)
    try:
        report = webhook_only(stack, sender, Body=GREETING)
    finally:
        stack.no_faults()
    assert report["reply"]["state"] == "failed"
    assert "opted out" in report["reply"]["reason"].lower()
    until(lambda: opted_out(stack, report["conversationId"]) or None)
    assert webhook_only(stack, sender, Body=GREETING)["reply"]["state"] == "suppressed"
