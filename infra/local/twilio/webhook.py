"""Messages from a handset: the webhook as Twilio builds it, what the carrier does, the TwiML that comes back."""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from infra.local.twilio.api import channel
from infra.local.twilio.delivery import Delivery
from infra.local.twilio.errors import TwilioError
from infra.local.twilio.posting import Posted, post
from infra.local.twilio.segments import segment_count
from infra.local.twilio.settings import Settings
from infra.local.twilio.store import Store, bare, new_sid

STOP_WORDS: Final = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS: Final = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS: Final = frozenset({"HELP", "INFO"})
CARRIER_ANSWERS: Final = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
MAX_COPIES: Final = 100
NO_ANSWER: Final = 11200
WRONG_CONTENT_TYPE: Final = 12300
BAD_TWIML: Final = 12100

COUNTRIES: Final = {
    "1": "US", "7": "RU", "20": "EG", "27": "ZA", "30": "GR", "31": "NL", "33": "FR", "34": "ES", "39": "IT",
    "40": "RO", "41": "CH", "43": "AT", "44": "GB", "48": "PL", "49": "DE", "51": "PE", "52": "MX", "54": "AR",
    "55": "BR", "56": "CL", "57": "CO", "60": "MY", "61": "AU", "62": "ID", "63": "PH", "66": "TH", "81": "JP",
    "82": "KR", "84": "VN", "86": "CN", "90": "TR", "91": "IN", "92": "PK", "93": "AF", "98": "IR", "212": "MA",
    "234": "NG", "251": "ET", "252": "SO", "254": "KE", "351": "PT", "380": "UA", "420": "CZ", "502": "GT",
    "503": "SV", "504": "HN", "509": "HT", "963": "SY", "964": "IQ", "966": "SA", "972": "IL", "977": "NP",
}  # fmt: skip


@dataclass(frozen=True)
class Incoming:
    """A message from a handset, as the control API takes it; ``media`` are (content type, URL)."""

    sid: str
    sender: str
    recipient: str
    body: str
    media: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]
    count: int


def country(address: str) -> str:
    """The country of a number by its calling code, '' where the table has none."""
    digits = bare(address).lstrip("+")
    return next((COUNTRIES[digits[:size]] for size in (3, 2, 1) if digits[:size] in COUNTRIES), "")


def keyword(body: str) -> str:
    """STOP, START or HELP if the whole body is one of their words, else ''."""
    word = body.strip().upper()
    groups = {"STOP": STOP_WORDS, "START": START_WORDS, "HELP": HELP_WORDS}
    return next((name for name, words in groups.items() if word in words), "")


def form(settings: Settings, message: Incoming) -> list[tuple[str, str]]:
    """The webhook's fields; those of ``message.fields`` replace or follow the usual ones."""
    fields = {
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(message.media)),
        "SmsSid": message.sid,
        "SmsStatus": "received",
        "Body": message.body,
        "To": message.recipient,
        "NumSegments": str(segment_count(message.body) if channel(message.sender) == "sms" else 1),
        "MessageSid": message.sid,
        "AccountSid": settings.account_sid,
        "From": message.sender,
        "ApiVersion": "2010-04-01",
    }
    for number, (content_type, url) in enumerate(message.media):
        fields |= {f"MediaContentType{number}": content_type, f"MediaUrl{number}": url}
    if settings.messaging_service_sid:
        fields["MessagingServiceSid"] = settings.messaging_service_sid
    if settings.advanced_opt_out and keyword(message.body):
        fields["OptOutType"] = keyword(message.body)
    return list((fields | _channel_fields(message) | dict(message.fields)).items())


def _channel_fields(message: Incoming) -> dict[str, str]:
    if channel(message.sender) == "whatsapp":
        kind = message.media[0][0].split("/")[0] if message.media else "text"
        return {"ProfileName": "Handset", "WaId": bare(message.sender).lstrip("+"), "MessageType": kind}
    if channel(message.sender) != "sms":
        return {}
    places = {f"{end}{part}": "" for end in ("From", "To") for part in ("City", "State", "Zip")}
    return {**places, "FromCountry": country(message.sender), "ToCountry": country(message.recipient)}


@dataclass
class Handset:
    """Sends incoming messages to the application."""

    settings: Settings
    store: Store
    http: httpx.AsyncClient
    delivery: Delivery

    def read(self, wish: dict[str, Any], media: list[tuple[str, str]]) -> Incoming:
        """The control API's wish as a message. Raises error 400 for one that cannot be sent."""
        kind = str(wish.get("channel") or "sms")
        sender, recipient = str(wish.get("from") or ""), str(wish.get("to") or self.settings.number)
        if not bare(sender):
            raise TwilioError(400, "from is required")
        if channel(f"{kind}:x" if kind != "sms" else "x") == "":
            raise TwilioError(400, "channel must be sms, whatsapp or rcs")
        if kind != "sms":
            sender, recipient = f"{kind}:{bare(sender)}", f"{kind}:{bare(recipient)}"
        try:
            count = min(max(int(wish.get("count", 1)), 1), MAX_COPIES)
            extra = {str(name): str(value) for name, value in dict(wish.get("fields") or {}).items()}
        except (TypeError, ValueError) as error:
            raise TwilioError(400, "count must be a number and fields an object") from error
        sid = str(wish.get("sid") or new_sid("MM" if media else "SM"))
        return Incoming(sid, sender, recipient, str(wish.get("body") or ""), tuple(media), extra, count)

    async def send(self, message: Incoming) -> dict[str, Any]:
        """Posts the webhook ``count`` times at once; gives {sid, status, contentType, body, deliveries, error?}."""
        kept = self.store.find(message.sid)
        if kept is None:
            kept = self.store.add(
                sid=message.sid, direction="inbound", sender=message.sender, recipient=message.recipient,
                body=message.body, status="received", media=[url for _, url in message.media],
            )  # fmt: skip
        self._carrier(message)
        token, fields = self.settings.auth_tokens[0], form(self.settings, message)
        posts = [post(self.http, token, self.settings.webhook_url, fields) for _ in range(message.count)]
        answers = await asyncio.gather(*posts)
        error = self._take_twiml(message, answers[0])
        self.store.update(kept, answered=answers[0].status, error_code=error)
        deliveries = [{"status": answer.status, "attempts": answer.attempts} for answer in answers]
        first = {"status": answers[0].status, "contentType": answers[0].content_type, "body": answers[0].body}
        return {"sid": message.sid, **first, "deliveries": deliveries, **({"error": error} if error else {})}

    def _carrier(self, message: Incoming) -> None:
        """STOP, START and HELP are obeyed and answered before the application hears of them."""
        word = keyword(message.body)
        if not word or not self.settings.carrier_opt_out or channel(message.sender) != "sms":
            return
        if word == "STOP":
            self.store.opt_out(message.recipient, message.sender)
        if word == "START":
            self.store.opt_in(message.recipient, message.sender)
        self._record(message, CARRIER_ANSWERS[word], [], carrier=True)

    def _take_twiml(self, message: Incoming, answer: Posted) -> int | None:
        """Records the replies in a TwiML answer; gives Twilio's error code for an answer it could not use."""
        if not 200 <= answer.status < 300:
            return NO_ANSWER
        if not answer.body.strip():
            return None
        if answer.content_type.split(";")[0].strip().lower() not in ("text/xml", "application/xml", "text/html"):
            return WRONG_CONTENT_TYPE
        try:
            # The answer comes from the stack under test, and expat refuses entity bombs.
            root = ET.fromstring(answer.body)  # noqa: S314
        except ET.ParseError:
            return BAD_TWIML
        for reply in root.iter("Message"):
            parts = [reply.text or "", *(part.text or "" for part in reply.iter("Body"))]
            self._record(message, "".join(parts).strip(), [part.text or "" for part in reply.iter("Media")])
        return None

    def _record(self, message: Incoming, body: str, media: list[str], *, carrier: bool = False) -> None:
        if self.store.is_opted_out(message.recipient, message.sender) and not carrier:
            return
        reply = self.store.add(
            sid=new_sid("MM" if media else "SM"), direction="outbound-reply", sender=message.recipient,
            recipient=message.sender, body=body, status="queued", media=media,
            carrier=carrier,
        )  # fmt: skip
        self.delivery.start(reply, "")
