"""A record in few words: what a report, a list and an answer need, in a bounded number of bytes.

A message may bring ten pictures, and a state's payload ends at 256 KiB, the message, its translations and the pictures
together: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, cast

from dragoman.documents import ImageSummary, SummaryLabel, Translation
from dragoman.items import json_text

MAX_BYTES: Final = 12 * 1024
# All pictures of one message together.
MAX_MESSAGE_BYTES: Final = 48 * 1024
MAX_LABELS: Final = 10
MAX_LINES: Final = 25
MAX_MODERATION_LABELS: Final = 10
MAX_ERROR: Final = 60
UNDETERMINED: Final = {"code": "und", "method": "none"}

Reduction = Callable[[ImageSummary], ImageSummary]


def summarised(record: Mapping[str, Any], siblings: int) -> ImageSummary:
    """The summary of a record (schemas/image.json): at most MAX_BYTES, and no more than its share where it has
    siblings. "truncated" says that it had to leave something out."""
    limit = min(MAX_BYTES, MAX_MESSAGE_BYTES // max(siblings, 1))
    summary = complete(record)
    for reduce in reductions():
        if size(summary) <= limit:
            break
        summary = reduce(summary)
        summary["truncated"] = True
    return summary


def size(summary: ImageSummary) -> int:
    """Bytes of its JSON as a string within JSON: so it stands in the answer of a nested machine and in a report's
    item."""
    return len(json.dumps(json_text(summary), ensure_ascii=False).encode())


def complete(record: Mapping[str, Any]) -> ImageSummary:
    """The summary as it should be."""
    refused = "reason" in record
    moderation = record.get("moderation", {"flagged": False, "labels": []})
    summary = {
        "imageId": record["imageId"],
        "status": record["status"],
        "key": record["refused"]["key"] if refused else record["image"]["key"],
        "thumbnails": record.get("thumbnails", []),
        "labels": [short_label(label) for label in record.get("labels", [])[:MAX_LABELS]],
        "text": record.get("text", ""),
        "language": record.get("language", UNDETERMINED),
        "translations": record.get("translations", []),
        "lines": record.get("lines", [])[:MAX_LINES],
        "moderation": {**moderation, "labels": moderation["labels"][:MAX_MODERATION_LABELS]},
    }
    if refused:
        summary["reason"] = record["reason"]
    if record.get("textCut") or len(record.get("lines", [])) > MAX_LINES:
        summary["truncated"] = True
    return cast(ImageSummary, summary)


def short_label(label: Mapping[str, Any]) -> SummaryLabel:
    """A label with the first place it was seen at."""
    short: SummaryLabel = {"name": label["name"], "confidence": label["confidence"]}
    if label["boxes"]:
        short["box"] = label["boxes"][0]
    return short


def reductions() -> Iterator[Reduction]:
    """What to leave out, the least missed first. Words stay longest, but not at any length."""
    yield from (partial(_fewer_lines, most) for most in (12, 6, 3, 0))
    yield _without_boxes
    yield from (partial(_shorter_words, most) for most in (1000, 600, 300, 150, 75, 30, 10))
    yield from (partial(_fewer_labels, most) for most in (3, 0))


def _fewer_lines(most: int, summary: ImageSummary) -> ImageSummary:
    return {**summary, "lines": summary["lines"][:most]}


def _without_boxes(summary: ImageSummary) -> ImageSummary:
    labels: list[SummaryLabel] = [
        {"name": label["name"], "confidence": label["confidence"]} for label in summary["labels"]
    ]
    return {**summary, "labels": labels}


def _shorter_words(most: int, summary: ImageSummary) -> ImageSummary:
    return {
        **summary,
        "text": summary["text"][:most],
        "translations": [_shorter_translation(most, entry) for entry in summary["translations"]],
    }


def _shorter_translation(most: int, translation: Translation) -> Translation:
    shorter = translation.copy()
    if "text" in shorter:
        shorter["text"] = shorter["text"][:most]
    if "error" in shorter:
        shorter["error"] = shorter["error"][:MAX_ERROR]
    return shorter


def _fewer_labels(most: int, summary: ImageSummary) -> ImageSummary:
    moderation = summary["moderation"].copy()
    moderation["labels"] = moderation["labels"][:most]
    return {**summary, "labels": summary["labels"][:most], "moderation": moderation}
