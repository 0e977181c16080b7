"""From Twilio's form or its Message resource to a receipt. Pure: no boto3, no clock, no event types.

Fields: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks and
https://www.twilio.com/docs/messaging/api/message-resource. Receipts come early, late, twice and in any order, so each
has a rank: a message only ever goes on to a higher one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from dragoman.addresses import ADDRESS, address
from dragoman.documents import Receipt
from dragoman.errors import ConfigurationError, InvalidWebhook
from dragoman.identifiers import OUTBOUND_ID
from dragoman.provider_errors import CANCELED, OPTED_OUT, Explanation, explained
from dragoman.signatures import Tokens, verify
from dragoman.times import parse, rfc3339
from dragoman.webhooks import Webhook, received_at

PROVIDER_ID: Final = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
STATUS: Final = re.compile(r"[a-z_-]{1,32}")
CODE: Final = re.compile(r"[1-9][0-9]{0,8}")
RANKS: Final = {
    **dict.fromkeys(("accepted", "scheduled", "queued"), 1),
    "sending": 2,
    "sent": 3,
    **dict.fromkeys(("delivered", "undelivered", "failed", "canceled"), 4),
    "read": 5,
}
SETTLED: Final = 4
ARRIVED: Final = ("delivered", "read")


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider says, in its own words, and where and when we heard it."""

    provider_id: str
    status: str
    to: str
    code: str
    outbound_id: str
    at: str


def receipt(webhook: Webhook, public_base_url: str, tokens: Tokens) -> Receipt:
    """The receipt in a webhook, once its signature is verified. The message that it is about stands in the query.

    Raises SignatureRejected, InvalidWebhook and ConfigurationError.
    """
    verify(webhook, public_base_url, tokens)
    form = webhook.form
    return _receipt(
        Told(
            provider_id=form.first("MessageSid"),
            status=form.first("MessageStatus"),
            to=form.first("To"),
            code=form.first("ErrorCode"),
            outbound_id=parse_qs(webhook.query).get("message", [""])[0],
            at=received_at(webhook.received_at_ms),
        )
    )


def looked_up(event: Mapping[str, Any]) -> Receipt:
    """The receipt in a Message resource that the machine `reconcile` asked Twilio for: {"resource", "outboundId",
    "address", "at"}. Raises InvalidWebhook, and ConfigurationError when the machine does not hand over what it
    should."""
    try:
        resource, at = event["resource"], rfc3339(parse(event["at"]))
        told = Told(
            provider_id=str(resource.get("sid") or ""),
            status=str(resource.get("status") or ""),
            to=str(event["address"]),
            code=str(resource.get("error_code") or ""),
            outbound_id=str(event["outboundId"]),
            at=at,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
    return _receipt(told)


def _receipt(told: Told) -> Receipt:
    _require(told)
    ours = OUTBOUND_ID.fullmatch(told.outbound_id)
    rank = RANKS.get(told.status, 0)
    failed = rank >= SETTLED and told.status not in ARRIVED
    code = told.code if failed and CODE.fullmatch(told.code) else ""
    why = _why(told.status, code) if failed else Explanation("", False)
    return {
        "outboundId": ours[0] if ours else "",
        "messageId": ours[1] if ours else "",
        "part": ours[2] if ours else "",
        "providerId": told.provider_id,
        "address": address(told.to),
        "status": told.status,
        "rank": str(rank),
        "settled": rank >= SETTLED,
        "announce": _announced(told.status, failed),
        "errorCode": code,
        "reason": why.reason,
        "retry": why.retry,
        "optedOut": code == OPTED_OUT,
        "at": told.at,
    }


def _require(told: Told) -> None:
    wrong = [
        name
        for name, value, pattern in (
            ("MessageSid", told.provider_id, PROVIDER_ID),
            ("MessageStatus", told.status, STATUS),
            ("To", told.to, ADDRESS),
        )
        if not pattern.fullmatch(value)
    ]
    if wrong:
        raise InvalidWebhook(f"Missing or malformed: {', '.join(wrong)}")


def _why(status: str, code: str) -> Explanation:
    return CANCELED if status == "canceled" and not code else explained(code)


def _announced(status: str, failed: bool) -> str:
    if status in ARRIVED:
        return "delivered"
    return "failed" if failed else "none"
