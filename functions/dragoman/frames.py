"""A report as the frame that shows it to a reader (schemas/frames/message.json). Pure, standard library alone."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from dragoman.documents import EntryName, FrameTranslation, MessageFrame, Wanted
from dragoman.items import json_text, plain
from dragoman.recipients import UNDETERMINED, sent_text
from dragoman.texts import CUT, shortened

# API Gateway passes on 128 KB: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MAX_FRAME_BYTES: Final = 100 * 1024
# TranslateText: https://docs.aws.amazon.com/translate/latest/APIReference/API_TranslateText.html
MAX_TRANSLATED_BYTES: Final = 10_000

Item = Mapping[str, Mapping[str, Any]]
Json = dict[str, Any]
Reduction = Callable[[MessageFrame], MessageFrame]


def message_frame(report: Item, language: str, most: int = MAX_FRAME_BYTES) -> MessageFrame:
    """The message of an item of table Reports for someone who reads `language`, in at most `most` bytes of JSON.

    Raises KeyError, TypeError, AttributeError or ValueError when the item has another shape.
    """
    kept = plain(report)
    message, found, translations = (json.loads(kept[name]) for name in ("message", "language", "translations"))
    frame: MessageFrame = {
        "type": "message",
        "id": f"{kept['createdAt']}~{message['messageId']}",
        "messageId": message["messageId"],
        "conversationId": message["conversationId"],
        "direction": message["direction"],
        "channel": message["channel"],
        "createdAt": kept["createdAt"],
        "contact": contact(message),
        "text": message["text"],
        "language": found["code"],
        "translation": translation(message["text"], found["code"], language, _known(kept, translations)),
        "pictures": json.loads(kept["pictures"]),
        "reply": without_texts(json.loads(kept["reply"])),
        "deliveries": {part: delivery(state) for part, state in kept.get("deliveries", {}).items()},
    }
    _add_optional(frame, message)
    _add_directory(frame, json.loads(kept.get("directory", "{}")))
    _add_question(frame, json.loads(kept.get("question", "{}")))
    if message["direction"] == "outbound":
        frame["sentText"] = sent_text(message, found, translations)
    return bounded(frame, most)


def contact(message: Mapping[str, Any]) -> str:
    """The address of the outside person; empty for a line to a room."""
    return str({"inbound": message["sender"], "outbound": message["recipient"]}.get(message["direction"], ""))


def _known(kept: Mapping[str, Any], translations: list[Json]) -> dict[str, str]:
    """The translations there are, by language: those of the report, and those made later for one reader."""
    made: dict[str, str] = {entry["language"]: entry["text"] for entry in translations if entry.get("text")}
    return {**kept.get("moreTranslations", {}), **made}


def translation(text: str, written: str, language: str, known: Mapping[str, str]) -> FrameTranslation:
    """A text for a reader: as it is in their own language or without words, else from the translations known by
    language, else failed; undetermined while nobody could tell its language."""
    if written == language or not text.strip():
        return {"language": language, "status": "original", "text": text}
    if written == UNDETERMINED:
        return {"language": language, "status": "undetermined"}
    if language in known:
        return {"language": language, "status": "translated", "text": known[language]}
    return {"language": language, "status": "failed"}


def wanted(frame: MessageFrame) -> Wanted | None:
    """What to have translated for the reader of a frame; None when there is nothing, more than Translate takes, or a
    text that was cut: its translation would be kept as that of the whole."""
    cut = frame.get("truncated", False) and frame["text"].endswith(CUT)
    if frame["translation"]["status"] != "failed" or cut or len(frame["text"].encode()) > MAX_TRANSLATED_BYTES:
        return None
    return {"text": frame["text"], "source": frame["language"], "target": frame["translation"]["language"]}


def without_texts(reply: Json) -> Json:
    """A reply whose parts are without their words: sentText has them, or the reply itself."""
    parts = [{name: value for name, value in part.items() if name != "text"} for part in reply.get("parts", [])]
    return {**reply, "parts": parts} if parts else reply


def delivery(state: Mapping[str, Any]) -> Json:
    """The last receipt of a part, without what is empty."""
    return {name: value for name, value in state.items() if value != "" and name != "rank"}


def _add_optional(frame: MessageFrame, message: Mapping[str, Any]) -> None:
    if "author" in message:
        frame["author"] = message["author"]
    if "room" in message:
        frame["room"] = message["room"]
    if "consent" in message:
        frame["consent"] = message["consent"]
    if "question" in message:
        frame["question"] = {**message["question"]}


def _add_directory(frame: MessageFrame, directory: Json) -> None:
    """By name, where the directory was asked; reports of before there was one lack it."""
    if directory.get("state", "not-asked") != "not-asked":
        named: list[EntryName] = [
            {"entryId": entry["entryId"], "name": entry["name"]} for entry in directory["entries"]
        ]
        frame["directory"] = {"state": directory["state"], "entries": named}


def _add_question(frame: MessageFrame, question: Json) -> None:
    """What a contact's message has to do with a question; reports of before there were any lack it."""
    if question.get("state", "none") != "none":
        frame["question"] = question


def size(document: object) -> int:
    """Bytes of a document as JSON in UTF-8."""
    return len(json_text(document).encode(errors="replace"))


def bounded(frame: MessageFrame, most: int) -> MessageFrame:
    """The frame, with no more left out than it takes to be so small."""
    for reduce in _reductions(len(frame["pictures"])):
        if size(frame) <= most:
            break
        frame = reduce(frame)
        frame["truncated"] = True
    return frame


def _reductions(pictures: int) -> Iterator[Reduction]:
    """What to leave out, the least missed first: of pictures the oldest first, words last."""
    for reduce in (_without_lines, _without_labels, _without_other_translations, partial(_with_words, 100)):
        yield from (partial(_with_picture, index, reduce) for index in range(pictures))
    yield from (partial(_with_texts, length) for length in (4_000, 2_000, 1_000, 300))


def _with_picture(index: int, reduce: Callable[[Json, str], Json], frame: MessageFrame) -> MessageFrame:
    pictures = list(frame["pictures"])
    if pictures[index]["kind"] == "picture":
        pictures[index] = {**reduce(pictures[index], frame["translation"]["language"]), "truncated": True}
    return {**frame, "pictures": pictures}


def _without_lines(picture: Json, _language: str) -> Json:
    return {**picture, "lines": []}


def _without_labels(picture: Json, _language: str) -> Json:
    return {**picture, "labels": []}


def _without_other_translations(picture: Json, language: str) -> Json:
    return {**picture, "translations": [entry for entry in picture["translations"] if entry["language"] == language]}


def _with_words(most: int, picture: Json, _language: str) -> Json:
    short = [
        {**entry, "text": shortened(entry["text"], most)} if "text" in entry else entry
        for entry in picture["translations"]
    ]
    moderation = {**picture["moderation"], "labels": []}
    return {**picture, "text": shortened(picture["text"], most), "translations": short, "moderation": moderation}


def _with_texts(most: int, frame: MessageFrame) -> MessageFrame:
    short: MessageFrame = {**frame, "text": shortened(frame["text"], most)}
    if "text" in frame["translation"]:
        short["translation"] = {**frame["translation"], "text": shortened(frame["translation"]["text"], most)}
    if "sentText" in frame:
        short["sentText"] = {**frame["sentText"], "text": shortened(frame["sentText"]["text"], most)}
    if "text" in frame["reply"]:
        short["reply"] = {**frame["reply"], "text": shortened(frame["reply"]["text"], most)}
    return short
