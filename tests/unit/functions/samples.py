"""Signed webhooks as Twilio makes them, in the shape the machine `intake` hands over. Signatures are computed here,
with hmac alone, so that the tests do not lean on the validator they test."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from dragoman.webhooks import Form, Webhook

TOKEN = "12345"
BASE_URL = "https://dragoman.example/prod"
URL = BASE_URL + "/twilio/messages"
MESSAGE_SID = "SM" + "0123456789abcdef" * 2
ACCOUNT_SID = "AC" + "fedcba9876543210" * 2
RECEIVED_AT_MS = 1732186157042

Fields = Mapping[str, str | Sequence[str]]

SMS: dict[str, str] = {
    "MessageSid": MESSAGE_SID,
    "SmsSid": MESSAGE_SID,
    "AccountSid": ACCOUNT_SID,
    "From": "+12025550100",
    "To": "+12025550199",
    "Body": "¿Dónde está la clínica?",
    "NumMedia": "0",
    "NumSegments": "1",
    "FromCity": "",
    "FromCountry": "US",
    "ApiVersion": "2010-04-01",
}


class FixedTokens:
    """Auth tokens that stay as they are; `later` are those that a fresh look finds."""

    def __init__(self, *tokens: str, later: Sequence[str] = ()) -> None:
        self.tokens = tokens
        self.later = later

    def current(self) -> Sequence[str]:
        return self.tokens

    def refreshed(self) -> Sequence[str]:
        return self.later


def sign(url: str, fields: Fields, token: str = TOKEN) -> str:
    """The value of X-Twilio-Signature."""
    text = url
    for name in sorted(fields):
        values = fields[name]
        text += "".join(name + value for value in sorted({values} if isinstance(values, str) else set(values)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def form(fields: Fields) -> Form:
    """The fields as the function reads them from the body."""
    return Form.parse(urlencode(fields, doseq=True).encode())


def event(fields: Fields, header: str | None = None, **changes: Any) -> dict[str, Any]:
    """The machine's input for a webhook, signed for URL unless a signature is given."""
    signed = sign(URL, fields) if header is None else header
    return {
        "body": base64.b64encode(urlencode(fields, doseq=True).encode()).decode(),
        "signature": base64.b64encode(signed.encode()).decode(),
        "query": "",
        "path": "/twilio/messages",
        "domain": "abc123.execute-api.us-east-1.amazonaws.com",
        "stagePath": "/prod/twilio/messages",
        "requestId": "b1946ac9-2492-4d23-8f8e-0c3a1d7f3b11",
        "receivedAtMs": RECEIVED_AT_MS,
        **changes,
    }


def webhook(fields: Fields, header: str | None = None, **changes: Any) -> Webhook:
    """The same, read."""
    return Webhook.from_event(event(fields, header, **changes))


def context() -> SimpleNamespace:
    """What Lambda tells a handler about its invocation, as far as Powertools reads it."""
    return SimpleNamespace(
        function_name="under-test",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:under-test",
        aws_request_id="5f0e8f3c-0000-4000-8000-000000000000",
    )
