"""The Messages resource of Twilio's REST API: what it accepts, refuses and shows."""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from infra.local.twilio.errors import MEANINGS, TwilioError
from infra.local.twilio.segments import segment_count
from infra.local.twilio.settings import Settings
from infra.local.twilio.store import Message, Store, bare, new_sid

MAX_BODY: Final = 1600
MAX_PAGE: Final = 1000
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_CHANNELS: Final = ("whatsapp", "rcs")


def authenticate(settings: Settings, header: str) -> None:
    """HTTP Basic with the account's sid and a token, or with an API key. Raises error 20003."""
    scheme, _, credentials = header.partition(" ")
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user, password = "", ""
    known = [settings.api_keys.get(user), *(settings.auth_tokens if user == settings.account_sid else ())]
    matches = [hmac.compare_digest(secret.encode(), password.encode()) for secret in known if secret]
    if scheme.lower() != "basic" or not any(matches):
        raise TwilioError(20003, "Authenticate", 401)


def create(settings: Settings, store: Store, form: bytes) -> tuple[Message, str]:
    """Takes an outgoing message; gives it and its StatusCallback ('' for none). Raises TwilioError."""
    fields = parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True)
    one = {name: values[-1] for name, values in fields.items()}
    recipient, body, media = one.get("To", ""), one.get("Body", ""), fields.get("MediaUrl", [])
    service = one.get("MessagingServiceSid", "")
    sender = one.get("From") or (_sender_for(settings, service, recipient) if service else "")
    callback = one.get("StatusCallback", "")
    _check(settings, sender, recipient, body, media)
    _check_callback(callback)
    if store.is_opted_out(sender, recipient) and channel(recipient) == "sms":
        raise TwilioError(21610, "Attempt to send to unsubscribed recipient")
    message = store.add(
        sid=new_sid("MM" if media else "SM"), direction="outbound-api", sender=sender, recipient=recipient, body=body,
        status="accepted" if service else "queued", media=media, messaging_service_sid=service or None,
    )  # fmt: skip
    return message, callback


def _sender_for(settings: Settings, service: str, recipient: str) -> str:
    if service != settings.messaging_service_sid:
        raise TwilioError(21703, "The Messaging Service does not exist")
    kind = channel(recipient)
    return settings.number if kind == "sms" else f"{kind}:{settings.number}"


def _check(settings: Settings, sender: str, recipient: str, body: str, media: list[str]) -> None:
    if not recipient:
        raise TwilioError(21604, "A 'To' phone number is required.")
    if not sender:
        raise TwilioError(21603, "A 'From' phone number is required.")
    if not _E164.fullmatch(bare(recipient)) or channel(recipient) == "":
        raise TwilioError(21211, "Invalid 'To' Phone Number")
    if not _E164.fullmatch(bare(sender)):
        raise TwilioError(21212, "Invalid 'From' Phone Number")
    if bare(sender) != bare(settings.number):
        raise TwilioError(
            21606, "The 'From' phone number is not a message-capable Twilio phone number for this account"
        )
    if channel(sender) != channel(recipient):
        raise TwilioError(21910, "Invalid From and To pair. From and To should be of the same channel")
    if not body and not media:
        raise TwilioError(21602, "Message body is required.")
    if len(body) > MAX_BODY:
        raise TwilioError(21617, "The concatenated message body exceeds the 1600 character limit")


def _check_callback(url: str) -> None:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise TwilioError(21609, "The 'StatusCallback' URL is not valid")


def channel(address: str) -> str:
    """sms, whatsapp or rcs; '' for a prefix that Twilio does not have."""
    prefix, colon, _ = address.rpartition(":")
    if not colon:
        return "sms"
    return prefix if prefix in _CHANNELS else ""


def resource(settings: Settings, message: Message) -> dict[str, Any]:
    """The message as Twilio shows it."""
    uri = f"/2010-04-01/Accounts/{settings.account_sid}/Messages/{message.sid}"
    when = format_datetime(datetime.fromisoformat(message.at))
    updated = format_datetime(datetime.fromisoformat(message.updated or message.at))
    sent = message.status not in ("queued", "accepted", "scheduled")
    return {
        "account_sid": settings.account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": when,
        "date_sent": when if sent else None,
        "date_updated": updated,
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": MEANINGS.get(message.error_code or 0),
        "from": message.sender,
        "messaging_service_sid": message.messaging_service_sid,
        "num_media": str(len(message.media)),
        "num_segments": str(segment_count(message.body)),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.recipient,
        "uri": f"{uri}.json",
    }


def listing(settings: Settings, store: Store, query: Mapping[str, str]) -> dict[str, Any]:
    """``GET Messages.json``: newest first, by To and From, one page."""
    to, sender = query.get("To"), query.get("From")
    found = store.select(lambda m: (not to or m.recipient == to) and (not sender or m.sender == sender))
    size = min(int(query.get("PageSize", "50")) if query.get("PageSize", "50").isdigit() else 50, MAX_PAGE)
    page = [resource(settings, message) for message in reversed(found[-size:] if size else [])]
    uri = f"/2010-04-01/Accounts/{settings.account_sid}/Messages.json?PageSize={size}&Page=0"
    return {"messages": page, "page": 0, "page_size": size, "start": 0, "end": max(len(page) - 1, 0), "uri": uri,
            "first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None}  # fmt: skip
