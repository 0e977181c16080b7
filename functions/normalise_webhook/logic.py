"""From Twilio's form to schemas/message.json. Pure: no boto3, no clock, no event types.

Fields: https://www.twilio.com/docs/messaging/guides/webhook-request. Twilio adds fields unannounced, so what is ours is
checked and the rest is kept in providerFields as it came.
"""

import json
import re
from collections.abc import Iterator
from math import isfinite

from dragoman.addresses import ADDRESS, address
from dragoman.documents import Channel, Location, Media, Message
from dragoman.errors import InvalidWebhook
from dragoman.identifiers import conversation_id
from dragoman.signatures import Tokens, verify
from dragoman.webhooks import Form, Webhook, received_at
from normalise_webhook.consent import OPT_OUT_TYPES, Keywords

PROVIDER_FIELDS_BYTES = 16 * 1024
# Twilio's limit for one message: https://www.twilio.com/docs/messaging/guides/accepted-mime-types
MAX_MEDIA = 10

REQUIRED = {
    "MessageSid": re.compile(r"(SM|MM)[0-9a-fA-F]{32}"),
    "AccountSid": re.compile(r"AC[0-9a-fA-F]{32}"),
    "From": ADDRESS,
    "To": ADDRESS,
}
CHANNELS: dict[str, Channel] = {"sms": "sms", "mms": "mms", "whatsapp": "whatsapp", "rcs": "rcs"}
TWILIOS_KEYWORDS = Keywords.of()
# Taken over as they are when they are not blank.
OPTIONAL_TEXTS = {
    "profileName": "ProfileName",
    "inReplyTo": "OriginalRepliedMessageSid",
    "buttonPayload": "ButtonPayload",
}


def receive(webhook: Webhook, public_base_url: str, tokens: Tokens, keywords: Keywords = TWILIOS_KEYWORDS) -> Message:
    """The message in a webhook, once its signature is verified.

    Raises SignatureRejected, InvalidWebhook (required fields missing or malformed) and ConfigurationError.
    """
    verify(webhook, public_base_url, tokens)
    return normalise(webhook.form, webhook.received_at_ms, keywords)


def normalise(form: Form, received_at_ms: int, keywords: Keywords = TWILIOS_KEYWORDS) -> Message:
    """The message that a verified form describes, received at that many milliseconds after 1970. Raises
    InvalidWebhook."""
    _require(form)
    sender, recipient = address(form.first("From")), address(form.first("To"))
    media = _media(form)
    location = _location(form)
    text = form.first("Body")
    message: Message = {
        "schemaVersion": "1",
        "messageId": form.first("MessageSid"),
        "provider": "twilio",
        "accountId": form.first("AccountSid"),
        "channel": _channel(sender, form.first("MessageSid"), media),
        "direction": "inbound",
        "sender": sender,
        "recipient": recipient,
        "conversationId": conversation_id(ours=recipient, theirs=sender),
        "delivery": {"to": form.first("From"), "from": form.first("To")},
        "text": text,
        "textLength": len(text),
        "media": media,
        "segments": _count(form.first("NumSegments"), 1),
        "receivedAt": received_at(received_at_ms),
        "providerFields": {},
    }
    _add_optional(message, form, location)
    if consent := keywords.consent(text, message.get("optOutType", "")):
        message["consent"] = consent
    return _with_provider_fields(message, form)


def _require(form: Form) -> None:
    wrong = [name for name, pattern in REQUIRED.items() if not pattern.fullmatch(form.first(name))]
    if wrong:
        raise InvalidWebhook(f"Missing or malformed: {', '.join(wrong)}")


def _channel(sender: str, message_sid: str, media: list[Media]) -> Channel:
    """By the sender's prefix. MMS is an SMS with media, or one that Twilio itself numbers as MMS (MM…)."""
    channel = CHANNELS.get(sender.partition(":")[0], "other")
    if channel == "sms" and (media or message_sid.startswith("MM")):
        return "mms"
    return channel


def _count(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


def _media(form: Form) -> list[Media]:
    count = min(_count(form.first("NumMedia"), 0), MAX_MEDIA)
    return [
        {
            "index": index,
            "url": form.first(f"MediaUrl{index}"),
            "contentType": form.first(f"MediaContentType{index}") or "application/octet-stream",
        }
        for index in range(count)
        if form.first(f"MediaUrl{index}")
    ]


def _degrees(text: str, limit: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and abs(value) <= limit else None


def _location(form: Form) -> Location | None:
    latitude, longitude = _degrees(form.first("Latitude"), 90), _degrees(form.first("Longitude"), 180)
    if latitude is None or longitude is None:
        return None
    location: Location = {"latitude": latitude, "longitude": longitude}
    if "Label" in form:
        location["label"] = form.first("Label")
    if "Address" in form:
        location["address"] = form.first("Address")
    return location


def _add_optional(message: Message, form: Form, location: Location | None) -> None:
    if profile_name := form.first("ProfileName"):
        message["profileName"] = profile_name
    if in_reply_to := form.first("OriginalRepliedMessageSid"):
        message["inReplyTo"] = in_reply_to
    if button_payload := form.first("ButtonPayload"):
        message["buttonPayload"] = button_payload
    if (opt_out_type := form.first("OptOutType")) in OPT_OUT_TYPES:
        message["optOutType"] = opt_out_type
    if location is not None:
        message["location"] = location


def _spoken_for(message: Message) -> Iterator[str]:
    """The fields whose value the message holds already."""
    yield from ("MessageSid", "AccountSid", "From", "To", "Body", "NumMedia", "NumSegments")
    for media in message["media"]:
        yield f"MediaUrl{media['index']}"
        yield f"MediaContentType{media['index']}"
    yield from (field for key, field in OPTIONAL_TEXTS.items() if key in message)
    if "optOutType" in message:
        yield "OptOutType"
    if "location" in message:
        yield from ("Latitude", "Longitude", "Label", "Address")


def _with_provider_fields(message: Message, form: Form) -> Message:
    """Adds the other fields, and those that came more than once, as far as they fit into PROVIDER_FIELDS_BYTES of
    JSON."""
    spoken_for = set(_spoken_for(message))
    room = PROVIDER_FIELDS_BYTES - len("{}")
    for name, values in form.items():
        if name in spoken_for and len(values) == 1:
            continue
        size = len(json.dumps({name: values}, ensure_ascii=False).encode())
        if size <= room:
            room -= size
            message["providerFields"][name] = values
        else:
            message["providerFieldsTruncated"] = True
    return message
