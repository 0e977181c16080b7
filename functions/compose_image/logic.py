"""From what became of a picture to its record, its summary and its event. Pure: no boto3, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypedDict

from compose_image.errors import InvalidImage
from compose_image.summary import summarised
from dragoman.documents import Failure, ImageRecognised, ImageSummary, Language, Translation
from dragoman.items import AttributeValue, item, json_text
from dragoman.records import PLAIN
from dragoman.times import parse, rfc3339
from dragoman.validation import ValidationError, validator

validate_record = validator("image")
validate_summary = validator("image_summary")
validate_event = validator("events/image_recognised")

RECOGNISED, REFUSED = "recognised", "refused"
UNDETERMINED: Final[Language] = {"code": "und", "method": "none"}
NOT_SHOWN: Final = {"flagged": False, "labels": []}
MAX_REASON: Final = 300
# Half as long again as the longest text. All languages of it have to fit into a state's payload and an item.
MAX_TRANSLATION: Final = 3_000


class Composed(TypedDict):
    """item goes into table Images, event onto the bus and to the topic, summary back to who asked."""

    item: dict[str, AttributeValue]
    summary: ImageSummary
    event: ImageRecognised


def compose_all(event: Mapping[str, Any], retention_days: int, now: datetime) -> Composed:
    """Everything that becomes of a picture, from the machine's input. Raises InvalidImage."""
    try:
        findings = Findings.from_event(event, now)
        record = composed_record(findings)
        summary = summarised(record, findings.siblings)
        recognised = image_recognised(record)
        validate_record(record)
        validate_summary(summary)
        validate_event(recognised)
    except ValidationError as violation:
        raise InvalidImage(str(violation)) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # Only the error's class: its text could hold words of the picture.
        raise InvalidImage(f"The machine's input has another shape ({type(error).__name__})") from None
    expires_at = int((findings.at + timedelta(days=retention_days)).timestamp())
    return {"item": image_item(record, summary, expires_at), "summary": summary, "event": recognised}


@dataclass(frozen=True, slots=True)
class Findings:
    """What the machine `image` knows: the picture it was given, what it saw, and when. siblings: how many pictures
    and files came with the same message."""

    picture: Mapping[str, Any]
    seen: Mapping[str, Any]
    started_at: datetime | None
    at: datetime
    siblings: int

    @classmethod
    def from_event(cls, event: Mapping[str, Any], now: datetime) -> Self:
        """Reads the machine's input. `at` is `now` unless given.

        Raises KeyError, TypeError, AttributeError or ValueError when it has another shape; what goes into the record
        unchanged is left to the record's schema.
        """
        picture = event["picture"]
        return cls(
            picture=picture,
            seen=event["seen"],
            started_at=parse(event["startedAt"]) if event.get("startedAt") else None,
            at=parse(event["at"]) if event.get("at") else now,
            siblings=int(picture.get("siblings") or 1),
        )


def composed_record(findings: Findings) -> dict[str, Any]:
    """The record, as schemas/image.json has it."""
    picture, image_id = findings.picture, findings.picture["imageId"]
    record = {
        "schemaVersion": "1",
        "imageId": image_id,
        "createdAt": rfc3339(findings.at),
        "status": findings.seen["status"],
        "origin": picture["origin"],
        "links": {"self": f"/images/{image_id}"},
        **sections(findings),
    }
    if findings.started_at is not None:
        record["startedAt"] = rfc3339(findings.started_at)
    if picture.get("messageId"):
        record["messageId"] = picture["messageId"]
    return record


def sections(findings: Findings) -> dict[str, Any]:
    """What was found out, or why the picture was refused."""
    seen = findings.seen
    if seen["status"] == REFUSED:
        refused = {"key": findings.picture["key"], "error": seen["error"]}
        return {"refused": refused, "reason": str(seen.get("reason") or seen["error"])[:MAX_REASON]}
    image, arranged, (language, translations, failures) = seen["image"], seen["arranged"], translated(seen["words"])
    return {
        "image": {name: value for name, value in image.items() if name != "original"},
        "original": image["original"],
        "labels": arranged["labels"],
        "lines": arranged["lines"],
        "text": arranged["text"],
        "textCut": arranged["textCut"],
        "language": language,
        "translations": translations,
        "moderation": arranged["moderation"],
        "thumbnails": arranged["thumbnails"],
        "failures": [*arranged["failures"], *failures],
    }


def translated(words: Mapping[str, Any]) -> tuple[Language, list[Translation], list[Failure]]:
    """What became of the words: {"status": "none"}, "done" with language and translations, or "failed" with error."""
    if words["status"] == "done":
        return words["language"], [bounded(translation) for translation in words["translations"]], []
    failures: list[Failure] = [{"step": "translate", "error": words["error"]}] if words["status"] == "failed" else []
    return UNDETERMINED, [], failures


def bounded(translation: Translation) -> Translation:
    """A translation of at most MAX_TRANSLATION characters."""
    shorter = translation.copy()
    if "text" in shorter:
        shorter["text"] = shorter["text"][:MAX_TRANSLATION]
    return shorter


def image_recognised(record: Mapping[str, Any]) -> ImageRecognised:
    """The event that announces a picture: what is in it, and no words that were read in it."""
    event: ImageRecognised = {
        "schemaVersion": "1",
        "imageId": record["imageId"],
        "origin": record["origin"],
        "status": record["status"],
        "language": record.get("language", UNDETERMINED)["code"],
        "flagged": record.get("moderation", NOT_SHOWN)["flagged"],
        "labels": [label["name"] for label in record.get("labels", [])],
        "createdAt": record["createdAt"],
    }
    if "messageId" in record:
        event["messageId"] = record["messageId"]
    return event


def image_item(record: Mapping[str, Any], summary: ImageSummary, expires_at: int) -> dict[str, AttributeValue]:
    """The record in table Images. Its sections are JSON text; the summary is what a list and a report show."""
    attributes = {
        name: value if name in PLAIN else json_text(value) for name, value in record.items() if name != "links"
    }
    return item({**attributes, "day": record["createdAt"][:10], "summary": json_text(summary), "expiresAt": expires_at})
