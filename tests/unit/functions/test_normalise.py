"""From a verified form to the message."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.addresses import address
from dragoman.documents import Message
from dragoman.errors import ConfigurationError, InvalidWebhook, SignatureRejected
from dragoman.identifiers import conversation_id
from dragoman.validation import validator
from dragoman.webhooks import Webhook
from normalise_webhook.logic import normalise, receive
from tests.unit.functions.samples import (
    ACCOUNT_SID,
    BASE_URL,
    MESSAGE_SID,
    RECEIVED_AT_MS,
    SMS,
    Fields,
    FixedTokens,
    event,
    form,
    webhook,
)

validate_message = validator("message")


def message_of(fields: Fields) -> Message:
    message = normalise(form(fields), RECEIVED_AT_MS)
    validate_message(message)
    return message


def test_normalise_sms_whole() -> None:
    assert message_of(SMS) == {
        "schemaVersion": "1",
        "messageId": MESSAGE_SID,
        "provider": "twilio",
        "accountId": ACCOUNT_SID,
        "channel": "sms",
        "direction": "inbound",
        "sender": "sms:+12025550100",
        "recipient": "sms:+12025550199",
        "conversationId": conversation_id("sms:+12025550199", "sms:+12025550100"),
        "delivery": {"to": "+12025550100", "from": "+12025550199"},
        "text": "¿Dónde está la clínica?",
        "textLength": 23,
        "media": [],
        "segments": 1,
        "receivedAt": "2024-11-21T10:49:17.042Z",
        "providerFields": {
            "SmsSid": [MESSAGE_SID],
            "FromCity": [""],
            "FromCountry": ["US"],
            "ApiVersion": ["2010-04-01"],
        },
    }


def test_normalise_mms_keeps_media_in_order() -> None:
    fields = {
        **SMS,
        "NumMedia": "2",
        "MediaUrl1": "https://m/1",
        "MediaUrl0": "https://m/0",
        "MediaContentType0": "image/png",
    }
    message = message_of(fields)
    assert message["channel"] == "mms"
    assert message["sender"] == "sms:+12025550100"
    assert message["media"] == [
        {"index": 0, "url": "https://m/0", "contentType": "image/png"},
        {"index": 1, "url": "https://m/1", "contentType": "application/octet-stream"},
    ]
    assert not any(name.startswith("Media") for name in message["providerFields"])


@pytest.mark.parametrize(
    ("changes", "channel"),
    [
        ({"MessageSid": "MM" + "0" * 32}, "mms"),
        ({"From": "whatsapp:+12025550100", "To": "whatsapp:+12025550199"}, "whatsapp"),
        ({"From": "whatsapp:+12025550100", "NumMedia": "1", "MediaUrl0": "https://m/0"}, "whatsapp"),
        ({"From": "rcs:+12025550100", "To": "rcs:dragoman_agent"}, "rcs"),
        ({"From": "WhatsApp:+12025550100"}, "whatsapp"),
        ({"From": "messenger:4711"}, "other"),
        ({"From": "40404"}, "sms"),
        ({"From": "ACME Bank"}, "sms"),
    ],
)
def test_normalise_channel(changes: dict[str, str], channel: str) -> None:
    assert message_of({**SMS, **changes})["channel"] == channel


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("+12025550100", "sms:+12025550100"),
        ("40404", "sms:40404"),
        ("ACME Bank", "sms:ACME Bank"),
        ("whatsapp:+12025550100", "whatsapp:+12025550100"),
        ("RCS:brand_agent", "rcs:brand_agent"),
        ("mms:+12025550100", "sms:+12025550100"),
        ("messenger:4711", "messenger:4711"),
        ("sip:a:b@c.example", "sip:a:b@c.example"),
    ],
)
def test_address(value: str, expected: str) -> None:
    assert address(value) == expected


def test_normalise_whatsapp_extras() -> None:
    fields = {
        **SMS,
        "From": "whatsapp:+12025550100",
        "ProfileName": "Zoë",
        "OriginalRepliedMessageSid": "SM" + "9" * 32,
        "ButtonPayload": "yes",
        "Latitude": "48.8584",
        "Longitude": "-2.2945",
        "Label": "Tour Eiffel",
        "Address": "",
        "OptOutType": "STOP",
    }
    message = message_of(fields)
    assert message["profileName"] == "Zoë"
    assert message["inReplyTo"] == "SM" + "9" * 32
    assert message["buttonPayload"] == "yes"
    assert message["optOutType"] == "STOP"
    assert message["location"] == {"latitude": 48.8584, "longitude": -2.2945, "label": "Tour Eiffel", "address": ""}
    assert message["delivery"] == {"to": "whatsapp:+12025550100", "from": "+12025550199"}
    assert set(message["providerFields"]) == {"SmsSid", "FromCity", "FromCountry", "ApiVersion"}


@pytest.mark.parametrize(
    "odd",
    [
        {"Latitude": "north", "Longitude": "2"},
        {"Latitude": "91", "Longitude": "2"},
        {"Latitude": "nan", "Longitude": "2"},
        {"Latitude": "48.8"},
        {"OptOutType": "MAYBE"},
        {"ProfileName": ""},
        {"MediaUrl0": "https://m/0"},
        {"MediaUrl3": "https://m/3", "NumMedia": "1"},
        {"Label": "Tour Eiffel"},
    ],
)
def test_normalise_keeps_what_it_cannot_use(odd: dict[str, str]) -> None:
    message = message_of({**SMS, **odd})
    kept = {name: values for name, values in message["providerFields"].items() if name in odd}
    assert kept == {name: [value] for name, value in odd.items() if name != "NumMedia"}
    assert not {"location", "optOutType", "profileName"} & set(message)


@pytest.mark.parametrize("count", ["", "-1", "many", "1e3", "٣", "99999999999999999999"])
def test_normalise_counts_that_are_none(count: str) -> None:
    message = message_of({**SMS, "NumSegments": count, "NumMedia": count, "MediaUrl0": "https://m/0"})
    assert (message["segments"], message["media"]) == (1, [])


def test_normalise_repeated_fields_are_kept_whole() -> None:
    message = message_of({**SMS, "Body": ["first", "second"], "Tag": ["b", "a", "b"]})
    assert message["text"] == "first"
    assert message["providerFields"]["Body"] == ["first", "second"]
    assert message["providerFields"]["Tag"] == ["b", "a", "b"]


def test_normalise_without_body_has_empty_text() -> None:
    message = message_of({name: value for name, value in SMS.items() if name != "Body"})
    assert (message["text"], message["textLength"]) == ("", 0)


@pytest.mark.parametrize("text", ["", "x" * 1600, "😀" * 1600, "أين أنا؟", "a\x00b\x07\x1b\u202e\u2028", " \r\n\t "])
def test_normalise_text_unharmed(text: str) -> None:
    message = message_of({**SMS, "Body": text})
    assert (message["text"], message["textLength"]) == (text, len(text))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"MessageSid": ""}, "MessageSid"),
        ({"MessageSid": "CA" + "0" * 32}, "MessageSid"),
        ({"MessageSid": MESSAGE_SID + "\n"}, "MessageSid"),
        ({"AccountSid": "AC1"}, "AccountSid"),
        ({"From": ""}, "From"),
        ({"From": "whatsapp:"}, "From"),
        ({"To": " "}, "To"),
        ({"From": "", "To": "rcs: "}, "From, To"),
    ],
)
def test_normalise_names_missing_fields_and_no_values(changes: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidWebhook) as caught:
        message_of({**SMS, **changes})
    assert str(caught.value) == f"Missing or malformed: {named}"


def test_normalise_without_any_field() -> None:
    with pytest.raises(InvalidWebhook, match=r"MessageSid, AccountSid, From, To$"):
        message_of({})


def test_provider_fields_bounded_and_said_so() -> None:
    fields = {**SMS, "Small": "s", "Huge": "é" * 9000, **{f"Extra{number}": "x" * 100 for number in range(200)}}
    message = message_of(fields)
    size = len(json.dumps(message["providerFields"], ensure_ascii=False).encode())
    assert 15 * 1024 < size <= 16 * 1024
    assert message["providerFieldsTruncated"] is True
    assert "Small" in message["providerFields"]
    assert "Huge" not in message["providerFields"]


def test_provider_fields_complete_says_nothing() -> None:
    assert "providerFieldsTruncated" not in message_of(SMS)


def test_conversation_id_is_stable_and_opaque() -> None:
    known = conversation_id(ours="sms:+12025550199", theirs="sms:+12025550100")
    assert known == "cdb0a2e5d65bb3b8b0b4b3b2f6f9b6a37" or len(known) == 33
    assert known == "c193ce7180ff91a6031477db710ee55f0" == message_of(SMS)["conversationId"]
    assert "2025550" not in known


def test_conversation_id_same_for_sms_and_mms_only() -> None:
    sms = message_of(SMS)["conversationId"]
    mms = message_of({**SMS, "MessageSid": "MM" + "1" * 32, "NumMedia": "1", "MediaUrl0": "https://m/0"})[
        "conversationId"
    ]
    whatsapp = message_of({**SMS, "From": "whatsapp:+12025550100"})["conversationId"]
    assert sms == mms != whatsapp


def test_receive_verifies_before_it_reads() -> None:
    with pytest.raises(SignatureRejected):
        receive(webhook({}, "forged"), BASE_URL, FixedTokens("12345"))
    with pytest.raises(InvalidWebhook):
        receive(webhook({}), BASE_URL, FixedTokens("12345"))


@pytest.mark.parametrize("moment", [1732186157042, "1732186157042", 1732186157042.0])
def test_receive_time_as_number_or_text(moment: Any) -> None:
    assert (
        receive(webhook(SMS, receivedAtMs=moment), BASE_URL, FixedTokens("12345"))["receivedAt"]
        == "2024-11-21T10:49:17.042Z"
    )


@pytest.mark.parametrize("moment", ["soon", None, 10**30, float("inf")])
def test_receive_time_that_is_none(moment: Any) -> None:
    with pytest.raises(ConfigurationError):
        receive(webhook(SMS, receivedAtMs=moment), BASE_URL, FixedTokens("12345"))


@pytest.mark.parametrize("name", ["body", "signature", "query", "path", "domain", "stagePath", "receivedAtMs"])
def test_webhook_incomplete_event_names_what_lacks(name: str) -> None:
    incomplete = {key: value for key, value in event(SMS).items() if key != name}
    with pytest.raises(ConfigurationError, match=name):
        Webhook.from_event(incomplete)


any_field = st.dictionaries(
    st.one_of(
        st.text(max_size=20), st.sampled_from(["Latitude", "NumMedia", "MediaUrl0", "OptOutType", "Body", "Label"])
    ),
    st.one_of(st.text(max_size=50), st.lists(st.text(max_size=20), min_size=1, max_size=3)),
)


@given(any_field, st.text(max_size=1600))
def test_normalise_any_form_fits_schema_and_keeps_everything(extra: Fields, text: str) -> None:
    required = {name: SMS[name] for name in ("MessageSid", "AccountSid", "From", "To")}
    message = message_of({"Body": text, **extra, **required})
    body = extra.get("Body", text)
    assert message["text"] == (body if isinstance(body, str) else body[0])
    assert message["textLength"] == len(message["text"])
    assert json.loads(json.dumps(message)) == message


@given(st.text(min_size=1), st.text(min_size=1))
def test_normalise_any_address_fits_schema_or_is_refused(sender: str, recipient: str) -> None:
    try:
        message = message_of({**SMS, "From": sender, "To": recipient})
    except InvalidWebhook:
        return
    assert message["delivery"] == {"to": sender, "from": recipient}
