"""A text in, a report out, an answer back: with real models, over HTTP."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from infra.local.config import ROOT
from tests.integration.stack import Running, until

TWENTY = 20


def validate_report(report: object) -> None:
    """Against the shipped schemas/report.json."""
    paths = [path for path in (ROOT / "schemas").rglob("*.json") if "invalid" not in path.parts]
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    registry: Registry[Any] = Registry().with_resources((d["$id"], Resource.from_contents(d)) for d in documents)
    validator = jsonschema.Draft202012Validator({"$ref": "urn:dragoman:schema:report"}, registry=registry)
    validator.validate(report)


def test_message_spanish_text_is_reported_and_answered_in_spanish(stack: Running) -> None:
    sender = "+12025550111"
    report = stack.text(From=sender, Body="Hola, ¿dónde está la clínica? Mi hijo tiene fiebre.")
    validate_report(report)
    translations = {each["language"]: each for each in report["translations"]}
    assert report["language"]["code"] == "es"
    assert report["language"]["method"] == "comprehend"
    assert translations["es"]["status"] == "original"
    assert translations["en"]["status"] == "translated"
    assert "clinic" in translations["en"]["text"].lower()
    assert translations["pt"]["status"] == "translated"
    assert report["reply"]["state"] == "sent"
    assert report["reply"]["language"] == "es"
    (sent,) = stack.sent(sender)
    assert sent["body"] == report["reply"]["text"]
    assert "gracias" in sent["body"].lower()
    assert sent["sid"] == report["reply"]["providerId"]
    assert sent["from"] == stack.settings.desk_number


def test_message_short_text_uses_the_contacts_known_language(stack: Running) -> None:
    sender = "+12025550112"
    stack.text(From=sender, Body="Bom dia, gostaria de marcar uma consulta para amanhã.")
    report = stack.text(From=sender, Body="obrigado")
    assert report["language"] == {"code": "pt", "method": "known"}
    assert report["reply"]["language"] == "pt"


def test_message_unsupported_language_is_recorded_as_failed_and_sinks_nothing(stack: Running) -> None:
    report = stack.text(From="+12025550113", Body="ሰላም፣ ዛሬ ሐኪም ማየት እፈልጋለሁ። ክሊኒኩ የት ነው?")
    assert report["language"]["code"] == "am"
    assert {each["status"] for each in report["translations"]} == {"failed"}
    assert {each["error"] for each in report["translations"]} == {"Translate.UnsupportedLanguagePairException"}
    assert report["reply"]["state"] == "sent"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "👍",
        "x" * 1600,
        "😀" * 800,
        "שלום, איפה המרפאה? أين العيادة؟",
        "null \x00 bell \x07 escape \x1b end",
        "<script>alert('x')</script> \"quoted\" \\back\\ 'single' $util.x ${y} #set($z=1)",
        "line one\r\nline two\n\ttabbed",
        "a=1&b=2;c=3%20d+e",
        "\u2028\u202e\ufeff\ud7ff\U0010ffff",
    ],
    ids=[
        "empty",
        "emoji",
        "1600",
        "800-emoji",
        "right-to-left",
        "control",
        "markup",
        "lines",
        "form-like",
        "odd-unicode",
    ],
)
def test_message_text_passes_through_unharmed(stack: Running, body: str) -> None:
    report = stack.text(From="+12025550114", Body=body)
    assert report["message"]["text"] == body
    assert report["message"]["textLength"] == len(body)
    validate_report(report)


def test_message_repeated_and_unknown_fields_are_kept(stack: Running) -> None:
    fields = [*stack.fields(From="+12025550115"), ("Colour", "red"), ("Colour", "blue"), ("Blank", "")]
    assert stack.post(fields).status_code == 200
    message = stack.report(dict(fields)["MessageSid"])["message"]
    assert message["providerFields"]["Colour"] == ["red", "blue"]
    assert message["providerFields"]["Blank"] == [""]
    assert message["providerFields"]["ApiVersion"] == ["2010-04-01"]


@pytest.mark.parametrize(
    ("address", "channel"),
    [("whatsapp:+12025550116", "whatsapp"), ("rcs:+12025550116", "rcs"), ("+12025550116", "sms")],
)
def test_message_channel_is_kept_and_answered(stack: Running, address: str, channel: str) -> None:
    desk = stack.settings.desk_number
    to = f"{channel}:{desk}" if channel != "sms" else desk
    report = stack.text(From=address, To=to, Body="Good morning, I need to see a doctor today.")
    assert report["message"]["channel"] == channel
    assert report["message"]["sender"] == (address if ":" in address else f"sms:{address}")
    assert [each["sid"] for each in stack.sent(address)] == [report["reply"]["providerId"]]


def test_message_media_are_carried_along(stack: Running) -> None:
    account = stack.settings.twilio.account_sid
    url = f"https://api.twilio.com/2010-04-01/Accounts/{account}/Messages/MM{'0' * 32}/Media/ME{'0' * 32}"
    report = stack.text(From="+12025550117", NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg", Body="")
    assert report["message"]["channel"] == "mms"
    assert report["message"]["media"] == [{"index": 0, "url": url, "contentType": "image/jpeg"}]


def test_message_sent_twenty_times_at_once_makes_one_report_and_one_answer(stack: Running) -> None:
    sender = "+12025550118"
    fields = stack.fields(From=sender)
    with ThreadPoolExecutor(TWENTY) as pool:
        answers = list(pool.map(lambda _: stack.post(fields).status_code, range(TWENTY)))
    assert answers == [200] * TWENTY
    report = stack.report(dict(fields)["MessageSid"])
    until(lambda: stack.idle("Messages", "Replies") or None)
    found = stack.get("/reports", conversation=report["conversationId"]).json()["reports"]
    assert [each["reportId"] for each in found] == [report["reportId"]]
    assert len(stack.sent(sender)) == 1
