"""From a question and its translations to the message that puts it. Pure: no boto3, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any, Final, Self, TypedDict

from compose_question.errors import InvalidWording
from compose_question.settings import Settings
from dragoman.addresses import address
from dragoman.choices import MAX_BEGINNING, numbered, silences, worded
from dragoman.documents import Delivery, Message, Question, SentText
from dragoman.identifiers import conversation_id, question_message_id
from dragoman.items import json_text
from dragoman.recipients import UNDETERMINED
from dragoman.texts import preview
from dragoman.times import parse, rfc3339
from dragoman.validation import ValidationError, validator

validate_message = validator("message")

OPERATOR_ID: Final = "questions"
# The number of the message among those that put a question, by its kind.
NUMBERS: Final = {"question": 0, "reminder": 1}


class Wait(TypedDict):
    """How long to wait for the answer and, where reminds, for the reminder before that, in seconds: less than the
    whole. restSeconds: what is left after it."""

    seconds: int
    reminds: bool
    remindSeconds: int
    restSeconds: int


class Composed(TypedDict):
    """message: for the bus. The rest is for the question's item: choices is JSON text; options and beginning, that of
    the question, are as they are sent."""

    message: Message
    choices: str
    options: str
    beginning: str
    wait: Wait


@dataclass(frozen=True, slots=True)
class Asking:
    """A question to be put, with its words as the contact reads them: the question, then its choices in order.
    words_language: theirs."""

    question: Question
    kind: str
    contact_language: str
    words_language: str
    words: tuple[str, ...]
    at: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any], silencing: frozenset[str]) -> Self:
        """Reads the machine's input. A choice that its translation calls like a word that silences keeps its own words:
        "Low" is "Baja", with which people leave a list. Raises LookupError, TypeError, AttributeError or ValueError."""
        question, contact_language = event["question"], event["contactLanguage"]
        translated = event["words"][0]["translated"]
        text, *choices = (word["text"] for word in event["words"])
        if len(choices) != len(question["choices"]) or event["kind"] not in NUMBERS:
            raise ValueError("words and choices do not match, or the kind is unknown")
        offered = zip(choices, question["choices"], strict=True)
        words = (text, *(own["text"] if silences(said, silencing) else said for said, own in offered))
        language = contact_language if translated else question["language"]
        return cls(question, event["kind"], contact_language, language, words, rfc3339(parse(event["now"])))


def compose(event: Mapping[str, Any], settings: Settings) -> Composed:
    """The message of {"question", "kind", "contactLanguage", "words", "now"}. Raises InvalidWording."""
    try:
        asking = Asking.from_event(event, settings.silencing)
        message = message_of(asking, settings)
        validate_message(message)
        choices = worded(asking.question["choices"], asking.words[1:])
        wait = wait_of(asking)
    except ValidationError as violation:
        raise InvalidWording(str(violation)) from None
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise InvalidWording(f"The machine's input has another shape ({type(error).__name__})") from None
    return {
        "message": message,
        "choices": json_text(choices),
        "options": numbered(choice["rendered"] for choice in choices),
        "beginning": preview(asking.words[0], MAX_BEGINNING),
        "wait": wait,
    }


def message_of(asking: Asking, settings: Settings) -> Message:
    """The question as a message of the desk, so that report, opt-outs, claims and receipts are those of any other."""
    question, operator = asking.question, f"console:{OPERATOR_ID}"
    delivery = delivery_of(question["address"], settings.number)
    text = put(question["text"], (choice["text"] for choice in question["choices"]), question["code"])
    sent: SentText = {
        "language": asking.words_language,
        "text": put(asking.words[0], asking.words[1:], question["code"]),
    }
    return {
        "schemaVersion": "1",
        "messageId": question_message_id(question["questionId"], NUMBERS[asking.kind]),
        "provider": "console",
        "accountId": settings.account_id,
        "channel": "console",
        "direction": "outbound",
        "sender": operator,
        "recipient": question["address"],
        "conversationId": conversation_id(ours=address(delivery["from"]), theirs=question["address"]),
        "delivery": delivery,
        "text": text,
        "textLength": len(text),
        "media": [],
        "segments": 1,
        "receivedAt": asking.at,
        "providerFields": {},
        "author": {"operatorId": OPERATOR_ID, "name": question["askedBy"]},
        "translateTo": list(dict.fromkeys(settings.desk_languages)),
        "recipientLanguage": asking.contact_language or UNDETERMINED,
        "sendAs": sent,
        "question": {"questionId": question["questionId"], "kind": asking.kind, "code": question["code"]},
    }


def delivery_of(theirs: str, number: str) -> Delivery:
    """Both addresses in Twilio's notation: numbers bare for SMS, with the channel before them for another."""
    channel, _, value = theirs.partition(":")
    prefix = "" if channel == "sms" else f"{channel}:"
    return {"to": f"{prefix}{value}", "from": f"{prefix}{number}"}


def put(text: str, choices: Iterable[str], code: str) -> str:
    """The question as it is read: its words, the numbered choices where there are any, its code."""
    parts = (text, numbered(choices), f"(#{code})")
    return "\n\n".join(part for part in parts if part)


def wait_of(asking: Asking) -> Wait:
    """What is left to the deadline, a second at least. Only a question reminds, and only before its last second."""
    left = max(1, ceil((parse(asking.question["deadlineAt"]) - parse(asking.at)) / timedelta(seconds=1)))
    after = min(asking.question["remindAfterSeconds"], left - 1) if asking.kind == "question" else 0
    return {"seconds": left, "reminds": after > 0, "remindSeconds": after, "restSeconds": left - after}
