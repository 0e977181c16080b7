"""From a page of table Reports to rows: a few hundred bytes of each report. Pure: no boto3, no clock."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypedDict

from dragoman.digests import AUTOMATIC, Batch, Row, Usage, Window
from dragoman.directory import words_of
from dragoman.errors import ConfigurationError
from dragoman.items import plain
from dragoman.provider_errors import explained
from dragoman.segments import segments
from dragoman.texts import preview

MAX_PREVIEW: Final = 120
MAX_LABELS: Final = 20
# https://docs.aws.amazon.com/comprehend/latest/APIReference/API_BatchDetectSentiment.html: 25 texts of up to 5 KB.
MAX_BATCH: Final = 25
MAX_TEXT_BYTES: Final = 5_000
JUDGED: Final = frozenset({"en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"})
# Comprehend charges by 100 characters, three of them at least.
UNIT: Final = 100
MIN_UNITS: Final = 3
# Such messages are answered by the pipeline itself; a near miss of stop is for a person.
CONSENTS: Final = frozenset({"stop", "start", "help"})
NOT_ARRIVED: Final = frozenset({"failed", "undelivered"})

Json = dict[str, Any]


class Tallied(TypedDict):
    """texts: how many of the slice may still be judged."""

    rows: list[Row]
    batches: list[Batch]
    texts: int


def tally(event: Mapping[str, Any]) -> Tallied:
    """{"items": of table Reports, "window", "texts": how many may be judged} to rows of the day, and of answers given
    shortly after it. Raises ConfigurationError."""
    try:
        window: Window = event["window"]
        reports = [report for report in map(read, event["items"]) if _belongs(report, window)]
        judged = list(_to_judge(reports))[: max(0, int(event["texts"]))]
        return {
            "rows": [row(report) for report in reports],
            "batches": list(_batches(judged)),
            "texts": int(event["texts"]) - len(judged),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None


def read(item: Mapping[str, Any]) -> Json:
    """An item's report: its sections out of their JSON text. Those that an older report lacks are empty."""
    report = plain(item)
    sections = {name: json.loads(report[name]) for name in ("message", "language", "translations")}
    later = {name: json.loads(report.get(name) or "{}") for name in ("pictures", "directory", "reply", "question")}
    return {**report, **sections, **later, "deliveries": report.get("deliveries") or {}}


def _belongs(report: Json, window: Window) -> bool:
    at = report["message"]["receivedAt"]
    if at < window["end"]:
        return bool(at >= window["start"])
    return bool(at < window["until"]) and by_person(report["message"])


def by_person(message: Mapping[str, Any]) -> bool:
    """Whether somebody at the desk wrote a message to a contact."""
    return message["direction"] == "outbound" and message["author"]["operatorId"] not in AUTOMATIC


def row(report: Json) -> Row:
    """A report as the digest counts it."""
    message = report["message"]
    made: Row = {
        "id": report["reportId"],
        "conversation": report["conversationId"],
        "at": message["receivedAt"],
        "direction": message["direction"],
        "channel": channel(message),
        "language": report["language"]["code"],
        "usage": usage(report),
    }
    if by_person(message):
        made["person"] = True
    if message["direction"] == "inbound":
        made["preview"] = preview(message["text"], MAX_PREVIEW)
        made["units"] = units(message["text"])
        if by := settled_by(report):
            made["by"] = by
    return made | _found(report)  # type: ignore[return-value]


def _found(report: Json) -> Json:
    """What of a row most reports have nothing of."""
    pictures = [picture for picture in report["pictures"] or () if picture.get("kind") == "picture"]
    found = {
        "labels": list(dict.fromkeys(label["name"] for picture in pictures for label in picture.get("labels", ()))),
        "pictures": len(pictures),
        "entries": [[entry["entryId"], entry["name"]] for entry in report["directory"].get("entries", ())],
        "failures": list(failures(report)),
        "question": question_state(report),
    }
    found["labels"] = found["labels"][:MAX_LABELS]  # type: ignore[index]
    return {name: value for name, value in found.items() if value}


def channel(message: Mapping[str, Any]) -> str:
    """The channel; of what the desk wrote, the one it goes out by."""
    if message["direction"] != "outbound":
        return str(message["channel"])
    return str(message["recipient"].partition(":")[0])


def settled_by(report: Json) -> str:
    """Who answered an inbound message that needs no person any more: directory, question or consent; else empty."""
    if report["directory"].get("state") == "found":
        return "directory"
    if report["question"].get("state") in ("answered", "repeated", "opted-out"):
        return "question"
    return "consent" if report["message"].get("consent") in CONSENTS else ""


def question_state(report: Json) -> str:
    """asked for a message that puts a question, answered for one that answers it; else empty."""
    if report["message"].get("question", {}).get("kind") == "question":
        return "asked"
    return "answered" if report["question"].get("state") == "answered" else ""


def failures(report: Json) -> Iterator[str]:
    """Why parts did not arrive: the reason of each, what a receipt says before what the provider said at once."""
    reply = report["reply"]
    parts = {part.get("part", "0"): part for part in reply.get("parts") or [reply]}
    for name in sorted(parts.keys() | report["deliveries"].keys()):
        delivery, part = report["deliveries"].get(name, {}), parts.get(name, {})
        if delivery.get("status") in NOT_ARRIVED:
            yield delivery.get("reason") or explained(str(delivery.get("errorCode", ""))).reason
        elif not delivery and part.get("state") in ("failed", "unknown"):
            yield part.get("reason") or "It is not known why."


def usage(report: Json) -> Usage:
    """What was used for a report, in the units that are charged."""
    message, sent = report["message"], sent_parts(report)
    used: Json = {"parts": len(sent), "translate": translated_characters(report), "comprehend": _asked_language(report)}
    way = channel(message)
    if way == "whatsapp":
        used["twilioWhatsApp"] = len(sent) + (message["direction"] == "inbound")
    elif way in ("sms", "mms"):
        used["twilioSmsOut"] = sum(map(segments, sent))
        if message["direction"] == "inbound":
            used |= {"twilioMmsIn": 1} if way == "mms" else {"twilioSmsIn": max(1, message["segments"])}
    return {name: amount for name, amount in used.items() if amount}  # type: ignore[return-value]


def sent_parts(report: Json) -> list[str]:
    """The texts of the parts that the provider took."""
    parts = report["reply"].get("parts") or [report["reply"]]
    return [part.get("text", "") for part in parts if part.get("state") == "sent"]


def translated_characters(report: Json) -> int:
    """Characters that went to Translate: a text counts for each language it was put into."""
    own = len(report["message"]["text"]) * _translated(report["translations"])
    return (
        own
        + sum(map(len, _told(report)))
        + sum(
            len(part.get("text", "")) * _translated(part.get("translations", ())) for part in report["pictures"] or ()
        )
    )


def _told(report: Json) -> Iterator[str]:
    """What the directory's entries say that was put into the sender's language for the answer."""
    sender = report["language"]["code"]
    for entry in report["directory"].get("entries", ()):
        if sender not in ("und", entry.get("language", sender)):
            yield words_of(entry)


def _translated(translations: Iterable[Mapping[str, Any]]) -> int:
    return sum(translation["status"] == "translated" for translation in translations)


def _asked_language(report: Json) -> int:
    return units(report["message"]["text"]) if report["language"]["method"] == "comprehend" else 0


def units(text: str) -> int:
    """Comprehend's units of a text."""
    return max(MIN_UNITS, -(-len(text) // UNIT))


def _to_judge(reports: Iterable[Json]) -> Iterator[Json]:
    for report in reports:
        message = report["message"]
        asks = message["direction"] == "inbound" and message.get("consent") not in CONSENTS
        if asks and message["text"].strip() and report["language"]["code"] in JUDGED:
            yield report


def _batches(reports: Iterable[Json]) -> Iterator[Batch]:
    by_language: dict[str, list[Json]] = {}
    for report in reports:
        by_language.setdefault(report["language"]["code"], []).append(report)
    for language, group in by_language.items():
        for first in range(0, len(group), MAX_BATCH):
            part = group[first : first + MAX_BATCH]
            texts = [_bounded(report["message"]["text"]) for report in part]
            yield {"language": language, "ids": [report["reportId"] for report in part], "texts": texts}


def _bounded(text: str) -> str:
    return text.encode(errors="replace")[:MAX_TEXT_BYTES].decode(errors="ignore")
