"""A report as its readers are shown it."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose_image.logic import compose_all as compose_all_of_image
from dragoman.frames import MAX_FRAME_BYTES, bounded, message_frame, size, wanted
from dragoman.items import plain
from dragoman.validation import validator
from tests.unit.functions.desk import MESSAGE_ID, NOW, OPERATOR_ID, inbound, internal, outbound, report
from tests.unit.functions.samples import MESSAGE_SID, SMS
from tests.unit.functions.test_compose import ATTACHMENT, FAILED, picture
from tests.unit.functions.test_compose_image import NOW as IMAGE_NOW
from tests.unit.functions.test_compose_image import crowded
from tests.unit.functions.test_compose_image import event as image_event

validate = validator("frames/message")


def framed(item: dict[str, Any], language: str = "en", most: int = MAX_FRAME_BYTES) -> dict[str, Any]:
    frame = message_frame(item, language, most)
    validate(frame)
    return {**frame}


def test_frame_of_an_inbound_message_whole() -> None:
    assert framed(report(inbound())) == {
        "type": "message",
        "id": f"{NOW}~{MESSAGE_SID}",
        "messageId": MESSAGE_SID,
        "conversationId": "c193ce7180ff91a6031477db710ee55f0",
        "direction": "inbound",
        "channel": "sms",
        "createdAt": NOW,
        "contact": "sms:+12025550100",
        "text": SMS["Body"],
        "language": "es",
        "translation": {"language": "en", "status": "translated", "text": f"{SMS['Body']} (en)"},
        "pictures": [],
        "reply": {"state": "pending"},
        "deliveries": {},
    }


def test_frame_of_an_answer_says_what_is_sent() -> None:
    frame = framed(report(outbound(), "en"), "pt")
    assert (frame["direction"], frame["contact"], frame["messageId"]) == ("outbound", "sms:+12025550100", MESSAGE_ID)
    assert frame["author"] == {"operatorId": OPERATOR_ID, "name": "Ana"}
    assert frame["sentText"] == {"language": "es", "text": "The clinic is at 5 Main Street. (es)"}
    assert frame["translation"] == {
        "language": "pt",
        "status": "translated",
        "text": "The clinic is at 5 Main Street. (pt)",
    }


def test_frame_of_an_answer_to_a_question_says_what_it_answers() -> None:
    section = {"state": "answered", "questionId": "nightly-42", "code": "X2Q", "value": "leave", "text": "Leave it"}
    asked = {"section": section, "ordinary": False, "options": ""}
    assert framed(report(inbound("2"), question=asked))["question"] == section
    old = report(inbound())
    del old["question"]
    assert "question" not in framed(old)


def test_frame_of_a_line_to_a_room() -> None:
    frame = framed(report(internal("night"), "es"), "es")
    assert (frame["direction"], frame["contact"], frame["room"]) == ("internal", "", "night")
    assert frame["reply"] == {"state": "none"}
    assert "sentText" not in frame


@pytest.mark.parametrize(
    ("written", "reader", "shown"),
    [
        ("es", "es", {"status": "original", "text": "Hola"}),
        ("es", "pt", {"status": "translated", "text": "Hola (pt)"}),
        ("es", "fr", {"status": "failed"}),
        ("und", "pt", {"status": "undetermined"}),
        ("und", "fr", {"status": "undetermined"}),
    ],
)
def test_frame_translation(written: str, reader: str, shown: dict[str, str]) -> None:
    assert framed(report(inbound("Hola"), written), reader)["translation"] == {"language": reader, **shown}


def test_frame_translation_made_later() -> None:
    item = {**report(inbound("Hola")), "moreTranslations": {"M": {"fr": {"S": "Salut"}}}}
    assert framed(item, "fr")["translation"] == {"language": "fr", "status": "translated", "text": "Salut"}


def test_frame_translation_that_failed_can_be_had_later() -> None:
    item = report(inbound("Hola"), translations=[{"language": "en", "status": "failed", "error": "States.Timeout"}])
    assert wanted(message_frame(item, "en")) == {"text": "Hola", "source": "es", "target": "en"}
    later = {**item, "moreTranslations": {"M": {"en": {"S": "Hello"}}}}
    assert wanted(message_frame(later, "en")) is None
    assert framed(later)["translation"]["text"] == "Hello"


@pytest.mark.parametrize("text", ["", " \n"])
def test_frame_without_words_needs_no_translation(text: str) -> None:
    frame = framed(report(inbound(text), "und"), "fr")
    assert frame["translation"] == {"language": "fr", "status": "original", "text": text}


def test_frame_wants_no_translation_that_translate_refuses() -> None:
    item = report(inbound("語" * 3334), translations=[])
    assert wanted(message_frame(item, "fr")) is None
    assert wanted(message_frame(report(inbound("語" * 3333), translations=[]), "fr")) is not None


def test_frame_of_an_item_without_the_newest_attributes() -> None:
    old = {name: value for name, value in report(inbound()).items() if name not in ("deliveries", "moreTranslations")}
    assert framed(old)["deliveries"] == {}


@pytest.mark.parametrize("bool_type", ["BOOL", "Bool"])
def test_frame_reply_and_deliveries(bool_type: str) -> None:
    parts = [{"part": "0", "state": "sent", "text": "Hola", "language": "es", "at": NOW}]
    receipt = {"status": "undelivered", "at": NOW, "errorCode": "30003", "reason": "Switched off."}
    state = {name: {"S": value} for name, value in receipt.items()} | {"rank": {"N": "4"}, "retry": {bool_type: True}}
    silent = {**state, "errorCode": {"S": ""}, "reason": {"S": ""}, "status": {"S": "sent"}}
    item = {
        **report(outbound(), "en"),
        "reply": {"S": json.dumps({"state": "sent", "text": "Hola", "parts": parts})},
        "deliveries": {"M": {"0": {"M": state}, "1": {"M": silent}}},
    }
    frame = framed(item)
    assert frame["reply"] == {
        "state": "sent",
        "text": "Hola",
        "parts": [{"part": "0", "state": "sent", "language": "es", "at": NOW}],
    }
    assert frame["deliveries"] == {"0": {**receipt, "retry": True}, "1": {"status": "sent", "at": NOW, "retry": True}}


def test_frame_consent() -> None:
    assert framed(report(inbound("Stop. Thanks")))["consent"] == "near-miss"


@cache
def heavy(character: str = "x", words: str = "Hola") -> dict[str, Any]:
    """A message with ten of the fullest pictures."""
    summary = compose_all_of_image(image_event(crowded(character)), 30, IMAGE_NOW)["summary"]
    pictures = [{"index": index, "kind": "picture", **summary} for index in range(8)]
    return report(inbound(words), pictures=[*pictures, {**ATTACHMENT, "index": 8}, {**FAILED, "index": 9}])


def test_frame_with_pictures_is_as_in_the_report() -> None:
    item = report(inbound(), pictures=[picture(), ATTACHMENT, FAILED])
    frame = framed(item)
    assert frame["pictures"] == json.loads(item["pictures"]["S"])
    assert "truncated" not in frame


def test_frame_drops_places_of_the_oldest_pictures_first() -> None:
    item = report(inbound(), pictures=[picture(), picture(index=1), picture(index=2)])
    full = json.loads(item["pictures"]["S"])
    whole = size(message_frame(item, "en", 10**6))
    frame = framed(item, "en", whole - 50)
    assert frame["truncated"] is True
    assert full[0]["lines"]
    assert frame["pictures"][0] == {**full[0], "lines": [], "truncated": True}
    assert frame["pictures"][1:] == full[1:]


@pytest.mark.parametrize("character", ["x", "語", "😀", '"', "\x00"])
@pytest.mark.parametrize("most", [MAX_FRAME_BYTES, 60_000, 30_000])
def test_frame_of_the_fullest_message_keeps_to_its_bound(character: str, most: int) -> None:
    frame = framed(heavy(character, character * 1600), "en", most)
    assert size(frame) <= most
    assert [shown["kind"] for shown in frame["pictures"]] == ["picture"] * 8 + ["attachment", "failed"]


@pytest.mark.parametrize("character", ["x", "語", "😀", '"', "\n"])
def test_frame_of_the_longest_answer_is_whole(character: str) -> None:
    text = (character * 5000).encode()[:10_000].decode(errors="ignore") + "."
    frame = framed(report(outbound(request={**ANSWER, "text": text}), "en"), "fr")
    assert frame["text"] == text
    assert "truncated" not in frame


ANSWER = {"ref": "7", "target": "conversation", "messageId": MESSAGE_ID, "conversationId": "c" + "0" * 32}


def test_frame_texts_are_cut_last() -> None:
    item = report(outbound(request={**ANSWER, "text": "word " * 900}), "en")
    frame = framed(item, "pt", 6_000)
    assert frame["truncated"] is True
    assert frame["text"].endswith("word…")
    assert frame["sentText"]["text"].endswith("…")
    assert size(frame) <= 6_000


@settings(deadline=None)
@given(st.text(max_size=800), st.integers(6_000, 40_000))
def test_frame_any_words_keep_to_the_bound(text: str, most: int) -> None:
    frame = message_frame(heavy(words=text), "en", most)
    assert size(frame) <= max(most, 12_000)
    validate(frame)


def test_bounded_leaves_a_small_frame_alone() -> None:
    frame = message_frame(report(inbound()), "en")
    assert bounded(frame, MAX_FRAME_BYTES) == frame


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ({"S": "x"}, "x"),
        ({"N": "3"}, 3),
        ({"N": "-1.5"}, -1.5),
        ({"BOOL": True}, True),
        ({"Bool": False}, False),
        ({"NULL": True}, None),
        ({"L": [{"S": "a"}, {"N": "1"}]}, ["a", 1]),
        ({"M": {"a": {"M": {}}}}, {"a": {}}),
        ({"SS": ["a"]}, ["a"]),
    ],
)
def test_plain(attribute: dict[str, Any], value: Any) -> None:
    assert plain({"it": attribute}) == {"it": value}


@pytest.mark.parametrize("attributes", [{"it": {}}, {"it": {"S": "a", "N": "1"}}, {"it": {"N": "x"}}, {"it": "x"}, []])
def test_plain_refuses(attributes: Any) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        plain(attributes)


def test_wanted_nothing_of_a_text_that_was_cut() -> None:
    item = report(inbound("palabra " * 400), translations=[])
    assert wanted(message_frame(item, "en")) is not None
    cut = message_frame(item, "en", most=3_000)
    assert cut["truncated"]
    assert wanted(cut) is None
