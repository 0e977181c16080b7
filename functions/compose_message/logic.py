"""From an operator's words to a message: an answer to a person, or a line to a room. Pure: no boto3, no clock."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from compose_message.errors import InvalidMessage
from dragoman.documents import Delivery, Message
from dragoman.errors import InvalidFrame
from dragoman.items import plain
from dragoman.recipients import UNDETERMINED
from dragoman.times import parse, rfc3339
from dragoman.validation import ValidationError, validator

validate_message = validator("message")

# Of schemas/message.json.
MAX_TARGETS: Final = 11


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, by whom, where and when."""

    request: dict[str, Any]
    operator: dict[str, Any]
    conversation: dict[str, Any]
    at: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads the machine's input. Raises KeyError, TypeError, AttributeError or ValueError."""
        return cls(
            request=event["request"],
            operator=plain(event["connection"]),
            conversation=plain(event.get("conversation") or {}),
            at=rfc3339(parse(event["now"])),
        )


def compose(event: Mapping[str, Any], desk_languages: Iterable[str], account_id: str) -> Message:
    """The message of {"request", "connection", "conversation"?, "now"}.

    Raises InvalidFrame (not-found) when the conversation is none with a person, and InvalidMessage.
    """
    try:
        written = Written.from_event(event)
        languages = tuple(desk_languages)
        if written.request["target"] == "room":
            message = _line(written, languages, account_id)
        else:
            message = _answer(written, languages, account_id)
        validate_message(message)
    except ValidationError as violation:
        raise InvalidMessage(str(violation)) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidMessage(f"The machine's input has another shape ({type(error).__name__})") from None
    return message


def _answer(written: Written, desk_languages: tuple[str, ...], account_id: str) -> Message:
    conversation, request = written.conversation, written.request
    if not conversation.get("contact"):
        raise InvalidFrame(
            "not-found", "There is no such conversation with a person.", request["ref"], request["messageId"]
        )
    language = conversation.get("language") or UNDETERMINED
    wanted = (language, *desk_languages) if language != UNDETERMINED else desk_languages
    message = _message(written, "outbound", conversation["contact"], account_id)
    message["delivery"] = json.loads(conversation["delivery"])
    message["translateTo"] = targets(wanted)
    message["recipientLanguage"] = language
    return message


def _line(written: Written, desk_languages: tuple[str, ...], account_id: str) -> Message:
    message = _message(written, "internal", f"room:{written.request['room']}", account_id)
    message["translateTo"] = targets(desk_languages)
    message["room"] = written.request["room"]
    return message


def targets(languages: Iterable[str]) -> list[str]:
    """Each language once, in the order given."""
    return list(dict.fromkeys(languages))[:MAX_TARGETS]


def _message(written: Written, direction: str, recipient: str, account_id: str) -> Message:
    request, operator = written.request, written.operator
    sender = f"console:{operator['operatorId']}"
    delivery: Delivery = {"to": recipient, "from": sender}
    return {
        "schemaVersion": "1",
        "messageId": request["messageId"],
        "provider": "console",
        "accountId": account_id,
        "channel": "console",
        "direction": direction,
        "sender": sender,
        "recipient": recipient,
        "conversationId": request["conversationId"],
        "delivery": delivery,
        "text": request["text"],
        "textLength": len(request["text"]),
        "media": [],
        "segments": 1,
        "receivedAt": written.at,
        "providerFields": {},
        "author": {"operatorId": operator["operatorId"], "name": operator["name"]},
    }
