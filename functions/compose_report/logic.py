"""From a message, its language and its translations to a report, its table items and its event. Pure: no boto3, no
clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self, TypedDict

from compose_report.conversation import conversation
from compose_report.directory import directory
from compose_report.errors import InvalidReport
from compose_report.pictures import picture_text
from compose_report.question import asked_back, event_state, question
from dragoman.documents import (
    Conversation,
    Directory,
    Language,
    Message,
    QuestionSection,
    Report,
    ReportCreated,
    Step,
    Timings,
    Translation,
)
from dragoman.items import AttributeValue, item, json_text
from dragoman.recipients import UNDETERMINED, sent_text, with_sent
from dragoman.texts import split
from dragoman.times import parse, rfc3339
from dragoman.validation import ValidationError, validator

validate_report = validator("report")
validate_event = validator("events/report_created")

# Each moment and the step that ends with it, in the order of the pipeline.
MOMENTS = {
    "startedAt": "queue",
    "detectedAt": "detect",
    "translatedAt": "translate",
    "picturesAt": "pictures",
    "composedAt": "compose",
}


class MessageHead(TypedDict):
    """What the machine still needs of the message once its words are in the items."""

    messageId: str
    sender: str
    receivedAt: str


class Composed(TypedDict):
    """What the machine `message` goes on with: no more than it uses, since a state's payload is limited to 256 KiB.
    expiresAt is in seconds since 1970, as text, for an attribute of type N."""

    message: MessageHead
    reportItem: dict[str, AttributeValue]
    messageItem: dict[str, AttributeValue]
    contactLanguage: str
    conversation: Conversation
    expiresAt: str


def compose_all(event: Mapping[str, Any], retention_days: int, now: datetime) -> Composed:
    """Everything that becomes of a message, from the machine's input. Raises InvalidReport."""
    try:
        findings = Findings.from_event(event, now)
        report = compose(findings)
        expires_at = expiry(findings.times["composedAt"], retention_days)
        language = contact_language(findings)
        created = report_created(report, language, picture_text(findings.pictures, language), expires_at)
        created["questionText"] = findings.asked_back
        touched = conversation(report, created["contact"], conversation_language(findings.message, language))
        validate_report(report)
        validate_event(created)
    except ValidationError as violation:
        raise InvalidReport(str(violation)) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # Only the error's class: its text could hold part of the message.
        raise InvalidReport(f"The machine's input has another shape ({type(error).__name__})") from None
    message = findings.message
    head: MessageHead = {
        "messageId": message["messageId"],
        "sender": message["sender"],
        "receivedAt": message["receivedAt"],
    }
    return {
        "message": head,
        "reportItem": report_item(report, created, expires_at),
        "messageItem": message_item(findings.message, expires_at),
        "contactLanguage": language,
        "conversation": touched,
        "expiresAt": str(expires_at),
    }


@dataclass(frozen=True, slots=True)
class Findings:
    """What the machine `message` found out. times holds moments by name (see MOMENTS), composedAt always among them."""

    message: Message
    language: Language
    known_language: str
    translations: list[Translation]
    pictures: list[dict[str, Any]]
    directory: Directory
    question: QuestionSection
    asked_back: str
    times: dict[str, datetime]

    @classmethod
    def from_event(cls, event: Mapping[str, Any], now: datetime) -> Self:
        """Reads the machine's input. composedAt is `now` unless given; with pictures, what is given is when they were
        done.

        Raises KeyError, TypeError, AttributeError or ValueError when it has another shape; what goes into the report
        unchanged is left to the report's schema.
        """
        times = {name: parse(event["times"][name]) for name in MOMENTS if event["times"].get(name)}
        if event["message"]["media"] and "composedAt" in times:
            begun = times["composedAt"]
            times |= {"picturesAt": begun, "composedAt": max(begun, now)}
        return cls(
            message=event["message"],
            language=event["language"],
            known_language=event.get("knownLanguage") or UNDETERMINED,
            translations=with_sent(event["message"], event["translations"]),
            pictures=event["pictures"],
            directory=directory(event.get("directory") or {}),
            question=question(event.get("question") or {}),
            asked_back=asked_back(event.get("question") or {}),
            times={"composedAt": now, **times},
        )


def compose(findings: Findings) -> Report:
    """A new report, its reply pending, for all but a line to a room."""
    message = findings.message
    return {
        "schemaVersion": "1",
        "reportId": message["messageId"],
        "conversationId": message["conversationId"],
        "createdAt": rfc3339(findings.times["composedAt"]),
        "message": message,
        "language": findings.language,
        "translations": findings.translations,
        "pictures": findings.pictures,
        "directory": findings.directory,
        "question": findings.question,
        "timings": timings(message["receivedAt"], findings.times),
        "reply": {"state": "none" if message["direction"] == "internal" else "pending"},
        "deliveries": {},
        "links": {
            "self": f"/reports/{message['messageId']}",
            "conversation": f"/reports?conversation={message['conversationId']}",
        },
    }


def timings(received_at: str, times: Mapping[str, datetime]) -> Timings:
    """The moments as text, and the milliseconds from each to the next. A step whose moment is missing is part of the
    next one; where clocks disagree a step takes 0."""
    before, steps = parse(received_at), list[Step]()
    result: Timings = {"receivedAt": received_at, "composedAt": rfc3339(times["composedAt"]), "steps": steps}
    for name, step in MOMENTS.items():
        if name in times:
            steps.append({"name": step, "ms": max(0, (times[name] - before) // timedelta(milliseconds=1))})
            before = times[name]
    if "startedAt" in times:
        result["startedAt"] = rfc3339(times["startedAt"])
    if "detectedAt" in times:
        result["detectedAt"] = rfc3339(times["detectedAt"])
    if "translatedAt" in times:
        result["translatedAt"] = rfc3339(times["translatedAt"])
    if "picturesAt" in times:
        result["picturesAt"] = rfc3339(times["picturesAt"])
    return result


def contact_language(findings: Findings) -> str:
    """The language to keep for the sender and to answer in: the one detected, else the one known, else 'und'."""
    code = findings.language["code"]
    return findings.known_language if code == UNDETERMINED else code


def expiry(created_at: datetime, retention_days: int) -> int:
    """When DynamoDB may delete what was made then: seconds since 1970."""
    return int((created_at + timedelta(days=retention_days)).timestamp())


def conversation_language(message: Message, sender_language: str) -> str:
    """The language of the person that a conversation is with, 'und' for a room and while it is unknown."""
    return sender_language if message["direction"] == "inbound" else message.get("recipientLanguage", UNDETERMINED)


def report_created(report: Report, language: str, pictures: str, expires_at: int) -> ReportCreated:
    """The event that announces a report: what the reply needs, and of the words those read in pictures, those that
    the directory answers with, and those to send. language: the sender's."""
    message = report["message"]
    created: ReportCreated = {
        "schemaVersion": "1",
        "reportId": report["reportId"],
        "conversationId": report["conversationId"],
        "messageId": message["messageId"],
        "channel": message["channel"],
        "direction": message["direction"],
        "sender": message["sender"],
        "recipient": message["recipient"],
        "language": language,
        "delivery": message["delivery"],
        "pictureText": pictures,
        "directoryText": report["directory"]["answer"],
        "questionState": event_state(report["question"]),
        "questionText": "",
        "contact": message["sender"] if message["direction"] == "inbound" else "",
        "parts": [],
        "consent": message.get("consent", ""),
        "room": message.get("room", ""),
        "createdAt": report["createdAt"],
        "expiresAt": str(expires_at),
    }
    if message["direction"] == "outbound":
        words = sent_text(message, report["language"], report["translations"])
        created["contact"], created["language"] = message["recipient"], words["language"]
        created["parts"] = split(words["text"])
    return created


def report_item(report: Report, event: ReportCreated, expires_at: int) -> dict[str, AttributeValue]:
    """The report in table Reports. Its sections are JSON text, which a mapping template prints as it is; `event` lets a
    redelivered message announce the report once more, which replyState asks for while it is pending: a line to a room
    never gets a reply, and may be announced twice, but never not at all. deliveries and moreTranslations are filled in
    later."""
    plain = item(
        {
            "reportId": report["reportId"],
            "conversationId": report["conversationId"],
            "day": report["message"]["receivedAt"][:10],
            "createdAt": report["createdAt"],
            "schemaVersion": report["schemaVersion"],
            "message": json_text(report["message"]),
            "language": json_text(report["language"]),
            "translations": json_text(report["translations"]),
            "pictures": json_text(report["pictures"]),
            "directory": json_text(report["directory"]),
            "question": json_text(report["question"]),
            "timings": json_text(report["timings"]),
            "links": json_text(report["links"]),
            "reply": json_text(report["reply"]),
            "replyState": "pending",
            "event": json_text(event),
            "expiresAt": expires_at,
        }
    )
    return {**plain, "deliveries": {"M": {}}, "moreTranslations": {"M": {}}}


def message_item(message: Message, expires_at: int) -> dict[str, AttributeValue]:
    """The message in table Messages, among its conversation's in the order received."""
    return item(
        {
            "conversationId": message["conversationId"],
            "sortKey": f"{message['receivedAt']}#{message['messageId']}",
            "messageId": message["messageId"],
            "reportId": message["messageId"],
            "direction": message["direction"],
            "document": json_text(message),
            "expiresAt": expires_at,
        }
    )
