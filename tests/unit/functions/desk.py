"""Items of the desk's tables as machines hand them over, made by the functions that write them."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from compose_message.logic import compose as compose_message
from compose_report.logic import compose_all
from dragoman.items import json_text
from normalise_webhook.logic import normalise
from tests.unit.functions.samples import ACCOUNT_SID, RECEIVED_AT_MS, SMS, form

NOW = "2024-11-21T10:50:00.000Z"
OPERATOR_ID = "3f1c2d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f"
MESSAGE_ID = "DM" + "0123456789abcdef" * 2
CONVERSATION = "c193ce7180ff91a6031477db710ee55f0"
DESK = ("en", "es", "pt")
CONNECTION = {
    "connectionId": {"S": "JQ8hmdF1IAMCJkQ="},
    "operatorId": {"S": OPERATOR_ID},
    "name": {"S": "Ana"},
    "language": {"S": "pt"},
    "room": {"S": "desk"},
    "desk": {"S": "desk"},
    "roomKey": {"S": "desk#JQ8hmdF1IAMCJkQ="},
    "connectedAt": {"S": "2024-11-21T09:00:00.000Z"},
    "expiresAt": {"N": "1732190400"},
}


def conversation(**changes: str) -> dict[str, Any]:
    """The item of a conversation with a person who reads Spanish."""
    plain = {
        "conversationId": CONVERSATION,
        "list": "desk",
        "contact": "sms:+12025550100",
        "delivery": json_text({"to": "+12025550100", "from": "+12025550199"}),
        "language": "es",
        "accountId": ACCOUNT_SID,
        **changes,
    }
    return {name: {"S": value} for name, value in plain.items()} | {"optedOut": {"Bool": False}}


def encoded(frame: Any) -> str:
    """A frame as API Gateway hands it over."""
    text = frame if isinstance(frame, str) else json.dumps(frame)
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def answer(**changes: Any) -> dict[str, Any]:
    """What the machine hands over to compose_message for an answer to a person."""
    request = {"ref": "7", "target": "conversation", "messageId": MESSAGE_ID, "conversationId": CONVERSATION}
    return {
        "request": {**request, "text": "The clinic is at 5 Main Street."},
        "connection": CONNECTION,
        "conversation": conversation(),
        "now": NOW,
        **changes,
    }


def line(room: str = "desk", text: str = "¿Quién la toma?") -> dict[str, Any]:
    """The same for a line to a room."""
    request = {"ref": "", "target": "room", "messageId": MESSAGE_ID, "conversationId": "c" + "5" * 32, "room": room}
    return {"request": {**request, "text": text}, "connection": CONNECTION, "now": NOW}


def composed(message: dict[str, Any], language: str = "en", at: str = NOW, **changes: Any) -> dict[str, Any]:
    """What compose_report makes of a message written in a language, translated into Spanish and Portuguese."""
    text = message["text"]
    translations = [
        {"language": code, "status": "original", "text": text}
        if code == language
        else {"language": code, "status": "translated", "text": f"{text} ({code})"}
        for code in message.get("translateTo", DESK)
    ]
    event = {
        "message": message,
        "language": {"code": language, "method": "none" if language == "und" else "translate"},
        "knownLanguage": "und",
        "translations": translations,
        "pictures": [],
        "times": {"composedAt": at},
        **changes,
    }
    return {**compose_all(event, 30, datetime.now(UTC))}


def inbound(text: str = str(SMS["Body"]), **fields: str) -> dict[str, Any]:
    """A message from a person."""
    return {**normalise(form({**SMS, "Body": text, **fields}), RECEIVED_AT_MS)}


def outbound(**changes: Any) -> dict[str, Any]:
    """A message from the desk to a person."""
    return {**compose_message(answer(**changes), DESK, ACCOUNT_SID)}


def internal(room: str = "desk", text: str = "¿Quién la toma?") -> dict[str, Any]:
    """A line to a room."""
    return {**compose_message(line(room, text), DESK, ACCOUNT_SID)}


def report(message: dict[str, Any], language: str = "es", at: str = NOW, **changes: Any) -> dict[str, Any]:
    """The item of a message's report."""
    item: dict[str, Any] = composed(message, language, at, **changes)["reportItem"]
    return item


def numbered(count: int, text: str = "Hola", language: str = "es", step: int = 1000) -> list[dict[str, Any]]:
    """Reports of messages of one conversation, each so many milliseconds after the one before, the oldest first."""
    reports = []
    for number in range(count):
        at = datetime.fromtimestamp(1732186200 + number * step / 1000, UTC).isoformat(timespec="milliseconds")
        message = inbound(f"{text} {number}" if text else "", MessageSid=f"SM{number:032x}")
        reports.append(report(message, language, at.replace("+00:00", "Z")))
    return reports
