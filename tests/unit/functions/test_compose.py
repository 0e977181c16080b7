"""From a message, its language and its translations to the report, its items and its event."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given, settings
from hypothesis import strategies as st

from compose_image.logic import compose_all as compose_all_of_image
from compose_report.errors import InvalidReport
from compose_report.logic import Composed, compose_all, timings
from compose_report.pictures import picture_text
from dragoman.times import parse
from dragoman.validation import validator
from normalise_webhook.logic import normalise
from tests.unit.functions import desk
from tests.unit.functions.samples import ACCOUNT_SID, MESSAGE_SID, RECEIVED_AT_MS, SMS, form
from tests.unit.functions.test_compose_image import crowded
from tests.unit.functions.test_compose_image import event as image_event

NOW = datetime(2024, 11, 21, 10, 49, 59, 999_900, UTC)
CONVERSATION = "c193ce7180ff91a6031477db710ee55f0"
SPANISH = {"code": "es", "confidence": 0.98, "method": "comprehend"}
UNDETERMINED = {"code": "und", "method": "none"}
TRANSLATIONS = [
    {"language": "en", "status": "translated", "text": "Where is the clinic?"},
    {"language": "es", "status": "original", "text": SMS["Body"]},
    {"language": "fr", "status": "failed", "error": "Translate.ThrottlingException"},
]
TIMES = {
    "startedAt": "2024-11-21T10:49:17.242Z",
    "detectedAt": "2024-11-21T10:49:17.700Z",
    "translatedAt": "2024-11-21T10:49:18.500Z",
    "composedAt": "2024-11-21T10:49:18.530Z",
}


def event(**changes: Any) -> dict[str, Any]:
    return {
        "message": normalise(form(SMS), RECEIVED_AT_MS),
        "language": SPANISH,
        "knownLanguage": "und",
        "translations": TRANSLATIONS,
        "pictures": [],
        "times": TIMES,
        **changes,
    }


def composed(**changes: Any) -> Composed:
    return compose_all(event(**changes), 30, NOW)


def attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as boto3 would read it from the table."""
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def report_of(result: Composed) -> dict[str, Any]:
    """The report as the API's mapping template puts it together."""
    item = attributes(result["reportItem"])
    plain = {name: item[name] for name in ("schemaVersion", "reportId", "conversationId", "createdAt")}
    sections = ("message", "language", "translations", "pictures", "directory", "question", "timings", "links", "reply")
    return {**plain, **{name: json.loads(item[name]) for name in sections}, "deliveries": item["deliveries"]}


def event_of(result: Composed) -> dict[str, Any]:
    created: dict[str, Any] = json.loads(result["reportItem"]["event"]["S"])
    return created


def test_compose_report_whole() -> None:
    assert report_of(composed()) == {
        "schemaVersion": "1",
        "reportId": MESSAGE_SID,
        "conversationId": CONVERSATION,
        "createdAt": "2024-11-21T10:49:18.530Z",
        "message": normalise(form(SMS), RECEIVED_AT_MS),
        "language": SPANISH,
        "translations": TRANSLATIONS,
        "pictures": [],
        "directory": {"state": "not-asked", "entries": [], "answer": ""},
        "question": {"state": "none"},
        "timings": {
            "receivedAt": "2024-11-21T10:49:17.042Z",
            **TIMES,
            "steps": [
                {"name": "queue", "ms": 200},
                {"name": "detect", "ms": 458},
                {"name": "translate", "ms": 800},
                {"name": "compose", "ms": 30},
            ],
        },
        "reply": {"state": "pending"},
        "deliveries": {},
        "links": {"self": f"/reports/{MESSAGE_SID}", "conversation": f"/reports?conversation={CONVERSATION}"},
    }


def test_compose_event_holds_what_the_reply_needs_and_no_words() -> None:
    created = event_of(composed())
    assert created == {
        "schemaVersion": "1",
        "reportId": MESSAGE_SID,
        "conversationId": CONVERSATION,
        "messageId": MESSAGE_SID,
        "channel": "sms",
        "direction": "inbound",
        "sender": "sms:+12025550100",
        "recipient": "sms:+12025550199",
        "language": "es",
        "delivery": {"to": "+12025550100", "from": "+12025550199"},
        "pictureText": "",
        "directoryText": "",
        "questionState": "",
        "questionText": "",
        "contact": "sms:+12025550100",
        "parts": [],
        "consent": "",
        "room": "",
        "createdAt": "2024-11-21T10:49:18.530Z",
        "expiresAt": composed()["expiresAt"],
    }
    validator("events/report_created")(created)


ANSWERED = {"state": "answered", "questionId": "nightly-42", "code": "X2Q", "value": "leave", "text": "Leave it"}
UNCLEAR = {"state": "unclear", "questionId": "nightly-42", "code": "X2Q"}


@pytest.mark.parametrize(
    ("section", "options", "state"),
    [
        (ANSWERED, "", "answered"),
        (UNCLEAR, "1. Otra vez\n2. Dejarlo", "unclear"),
        ({"state": "failed"}, "", "failed"),
        ({"state": "none"}, "", ""),
    ],
)
def test_compose_tells_what_a_message_has_to_do_with_a_question(
    section: dict[str, str], options: str, state: str
) -> None:
    result = composed(question={"section": section, "ordinary": False, "options": options})
    assert report_of(result)["question"] == section
    created = event_of(result)
    assert (created["questionState"], created["questionText"]) == (state, options)
    validator("report")(report_of(result))
    validator("events/report_created")(created)


def test_compose_report_item_keys() -> None:
    result = composed()
    item = attributes(result["reportItem"])
    assert (item["day"], item["replyState"]) == ("2024-11-21", "pending")
    assert str(item["expiresAt"]) == result["expiresAt"]


def test_compose_message_item() -> None:
    result = composed()
    item = attributes(result["messageItem"])
    assert json.loads(item.pop("document")) == report_of(result)["message"]
    assert item == {
        "conversationId": CONVERSATION,
        "sortKey": f"2024-11-21T10:49:17.042Z#{MESSAGE_SID}",
        "messageId": MESSAGE_SID,
        "reportId": MESSAGE_SID,
        "direction": "inbound",
        "expiresAt": int(result["expiresAt"]),
    }


def test_compose_expires_after_retention() -> None:
    created = datetime(2024, 11, 21, 10, 49, 18, tzinfo=UTC)
    assert composed()["expiresAt"] == str(int((created + timedelta(days=30)).timestamp()))


@pytest.mark.parametrize(
    ("language", "known", "kept"),
    [
        (SPANISH, "und", "es"),
        (SPANISH, "fr", "es"),
        (UNDETERMINED, "fr", "fr"),
        (UNDETERMINED, "und", "und"),
        (UNDETERMINED, "", "und"),
        (UNDETERMINED, None, "und"),
        ({"code": "zh-TW", "method": "translate"}, "und", "zh-TW"),
    ],
)
def test_compose_contact_language(language: dict[str, Any], known: str | None, kept: str) -> None:
    result = composed(language=language, knownLanguage=known)
    assert result["contactLanguage"] == event_of(result)["language"] == kept
    assert report_of(result)["language"] == language


def test_compose_without_known_language() -> None:
    without = {name: value for name, value in event(language=UNDETERMINED).items() if name != "knownLanguage"}
    assert compose_all(without, 30, NOW)["contactLanguage"] == "und"


def test_compose_without_times_uses_now() -> None:
    report = report_of(composed(times={}))
    assert report["createdAt"] == report["timings"]["composedAt"] == "2024-11-21T10:49:59.999Z"
    assert report["timings"]["steps"] == [{"name": "compose", "ms": 42957}]


def test_timings_missing_moment_belongs_to_the_next_step() -> None:
    times = {name: parse(TIMES[name]) for name in ("startedAt", "composedAt")}
    assert timings("2024-11-21T10:49:17.042Z", times)["steps"] == [
        {"name": "queue", "ms": 200},
        {"name": "compose", "ms": 1288},
    ]


def test_timings_of_pictures() -> None:
    times = {name: parse(TIMES[name]) for name in TIMES} | {"picturesAt": parse("2024-11-21T10:49:18.520Z")}
    found = timings("2024-11-21T10:49:17.042Z", times)
    assert [(step["name"], step["ms"]) for step in found["steps"][-2:]] == [("pictures", 20), ("compose", 10)]
    assert found["picturesAt"] == "2024-11-21T10:49:18.520Z"


def test_compose_with_media_counts_what_came_before_it_as_the_pictures() -> None:
    message = event()["message"]
    medium = {"index": 0, "url": "https://api.twilio.com/x", "contentType": "application/pdf"}
    note = {"index": 0, "kind": "failed", "contentType": "application/pdf", "error": "Gone"}
    report = report_of(composed(message={**message, "media": [medium]}, pictures=[note]))
    assert report["timings"]["picturesAt"] == TIMES["composedAt"]
    assert report["createdAt"] == report["timings"]["composedAt"] == "2024-11-21T10:49:59.999Z"
    assert [step["name"] for step in report["timings"]["steps"]] == [
        "queue",
        "detect",
        "translate",
        "pictures",
        "compose",
    ]


def test_timings_clocks_that_disagree_give_zero() -> None:
    steps = timings("2024-11-21T10:49:18.000Z", {name: parse(TIMES[name]) for name in TIMES})["steps"]
    assert [step["ms"] for step in steps] == [0, 458, 800, 30]


@pytest.mark.parametrize(
    "written", ["2024-11-21T10:49:18.53Z", "2024-11-21T10:49:18.530000+00:00", "2024-11-21T11:49:18.530+01:00"]
)
def test_compose_moments_in_any_writing(written: str) -> None:
    assert report_of(composed(times={**TIMES, "composedAt": written}))["createdAt"] == "2024-11-21T10:49:18.530Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"message": {}},
        {"message": "secret words"},
        {"message": {**normalise(form(SMS), RECEIVED_AT_MS), "text": 42}},
        {"message": {**normalise(form(SMS), RECEIVED_AT_MS), "receivedAt": "secret words"}},
        {"language": {"code": "Secret words", "method": "comprehend"}},
        {"language": None},
        {"translations": [{"language": "en", "status": "translated"}]},
        {"translations": "secret words"},
        {"pictures": "secret words"},
        {"pictures": [{"index": 0, "kind": "secret words"}]},
        {"pictures": [{"index": 0, "kind": "picture", "text": "secret words", "translations": []}]},
        {"times": {"startedAt": "secret words"}},
        {"times": {"startedAt": "2024-11-21T10:49:17"}},
        {"times": None},
        {"knownLanguage": 7, "language": UNDETERMINED},
    ],
)
def test_compose_invalid_input_is_refused_without_quoting_it(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidReport) as caught:
        composed(**changes)
    assert "ecret" not in str(caught.value)
    assert caught.value.__suppress_context__


def picture(**changes: Any) -> dict[str, Any]:
    """A recognised picture as the machine hands it over."""
    return {"index": 0, "kind": "picture", **compose_all_of_image(image_event(), 30, NOW)["summary"], **changes}


ATTACHMENT = {
    "index": 1,
    "kind": "attachment",
    "key": f"originals/{MESSAGE_SID}/1",
    "contentType": "text/vcard",
    "bytes": 312,
    "note": "Kept as it came.",
}
FAILED = {"index": 2, "kind": "failed", "error": "MediaForged"}


def test_compose_pictures_are_in_the_report() -> None:
    pictures = [picture(), ATTACHMENT, FAILED]
    result = composed(pictures=pictures)
    assert report_of(result)["pictures"] == pictures
    validator("report")(report_of(result))


@pytest.mark.parametrize(
    ("language", "words"),
    [("es", "Carretera\ncerrada"), ("de", "Straße\ngesperrt"), ("fr", "Straße\ngesperrt"), ("en", "Road\nclosed")],
)
def test_compose_picture_text_is_in_the_senders_language(language: str, words: str) -> None:
    result = composed(language={"code": language, "method": "known"}, pictures=[picture(), ATTACHMENT, FAILED])
    assert event_of(result)["pictureText"] == words
    validator("events/report_created")(event_of(result))


def test_compose_picture_text_of_a_translation_that_failed() -> None:
    translations = [{"language": "es", "status": "failed", "error": "States.Timeout"}]
    assert picture_text([picture(translations=translations)], "es") == "Straße\ngesperrt"


def test_compose_picture_text_of_several_pictures() -> None:
    words = [picture(text=text, translations=[]) for text in (" one ", "", "two")]
    assert picture_text([words[0], FAILED, words[1], ATTACHMENT, words[2]], "und") == "one\n\ntwo"


@pytest.mark.parametrize(("length", "kept"), [(1000, 1000), (1001, 1000), (2000, 1000)])
def test_compose_picture_text_is_cut(length: int, kept: int) -> None:
    text = picture_text([picture(text="x" * length, translations=[])], "und")
    assert len(text) == kept
    assert text.endswith("…") == (length > kept)


def longest(character: str, desk: int) -> dict[str, Any]:
    """The longest message, with ten of the fullest pictures."""
    text = character * 1600
    fields = {**SMS, "Body": text, **{f"Field{number}": character * 100 for number in range(200)}}
    translations = [{"language": "en", "status": "translated", "text": text} for _ in range(desk)]
    summary = compose_all_of_image(image_event(crowded(character), siblings=10), 30, NOW)["summary"]
    pictures = [{"index": index, "kind": "picture", **summary} for index in range(10)]
    return event(message=normalise(form(fields), RECEIVED_AT_MS), translations=translations, pictures=pictures)


@pytest.mark.parametrize("character", ["x", "語", "😀", '"', "\x00"])
@pytest.mark.parametrize("desk", [3, 10])
def test_compose_longest_message_stays_far_under_the_payload_limit(character: str, desk: int) -> None:
    """Step Functions: 256 KiB between states. Longest text, fullest provider fields, ten of the fullest pictures, three
    and ten languages."""
    given_event = longest(character, desk)
    result = compose_all(given_event, 30, NOW)
    for document in (given_event, result):
        size = len(json.dumps(document, ensure_ascii=False).encode())
        # Nobody texts NUL; were it so, in ten languages, it would still fit.
        assert size < (248 if desk == 10 and character == "\x00" else 192) * 1024


@given(
    st.text(max_size=1600),
    st.lists(
        st.builds(lambda text: {"language": "en", "status": "translated", "text": text}, st.text(max_size=200)),
        max_size=5,
    ),
)
def test_compose_any_words_come_through_unharmed(text: str, translations: list[dict[str, Any]]) -> None:
    message = normalise(form({**SMS, "Body": text}), RECEIVED_AT_MS)
    result = composed(message=message, translations=translations)
    assert json.loads(result["reportItem"]["message"]["S"])["text"] == text
    assert json.loads(result["messageItem"]["document"]["S"])["text"] == text
    assert json.loads(result["reportItem"]["translations"]["S"]) == translations
    validator("report")(report_of(result))


# --- what the desk writes


def created(message: dict[str, Any], language: str = "en", **changes: Any) -> dict[str, Any]:
    """The event of a message that the desk wrote."""
    item = desk.report(message, language, **changes)
    event: dict[str, Any] = json.loads(item["event"]["S"])
    validator("events/report_created")(event)
    return event


def answered(**changes: Any) -> dict[str, Any]:
    """An answer to a person with other words or another recipient's language."""
    return {**desk.outbound(), **changes}


def test_compose_answer_is_sent_in_the_recipients_language() -> None:
    event = created(desk.outbound())
    assert (event["direction"], event["channel"], event["contact"]) == ("outbound", "console", "sms:+12025550100")
    assert (event["language"], event["parts"]) == ("es", ["The clinic is at 5 Main Street. (es)"])
    assert (event["sender"], event["room"], event["consent"]) == (f"console:{desk.OPERATOR_ID}", "", "")
    assert event["delivery"] == {"to": "+12025550100", "from": "+12025550199"}


@pytest.mark.parametrize(
    ("wanted", "written", "translations", "language"),
    [
        ("es", "en", [{"language": "es", "status": "failed", "error": "States.Timeout"}], "en"),
        ("es", "en", [], "en"),
        ("es", "en", [{"language": "es", "status": "translated", "text": " "}], "en"),
        ("es", "es", [{"language": "es", "status": "original", "text": "x"}], "es"),
        ("es", "und", [{"language": "es", "status": "original", "text": "x"}], "und"),
        ("und", "en", [{"language": "es", "status": "translated", "text": "x"}], "en"),
        (None, "en", [{"language": "es", "status": "translated", "text": "x"}], "en"),
    ],
)
def test_compose_answer_falls_back_to_the_words_written(
    wanted: str | None, written: str, translations: list[dict[str, Any]], language: str
) -> None:
    message = answered(recipientLanguage=wanted)
    if wanted is None:
        del message["recipientLanguage"]
    event = created(message, written, translations=translations)
    assert (event["language"], event["parts"]) == (language, ["The clinic is at 5 Main Street."])


def test_compose_long_answer_is_sent_in_parts() -> None:
    text = "One sentence of an answer. " * 200
    event = created(answered(text=text, textLength=len(text)), "es")
    assert len(event["parts"]) == 4
    assert all(part.endswith(".") and len(part) <= 1600 for part in event["parts"])
    assert " ".join(event["parts"]) == text.strip()


def test_compose_answer_leaves_the_contacts_language_alone() -> None:
    result = desk.composed(desk.outbound(), "en")
    assert (result["contactLanguage"], result["conversation"]["language"]) == ("en", "es")
    assert result["message"]["sender"] == f"console:{desk.OPERATOR_ID}"


def test_compose_line_to_a_room_is_sent_to_nobody() -> None:
    item = desk.report(desk.internal("night"), "es")
    event = json.loads(item["event"]["S"])
    assert (event["contact"], event["parts"], event["room"]) == ("", [], "night")
    assert json.loads(item["reply"]["S"]) == {"state": "none"}
    # So that a redelivery announces it once more.
    assert item["replyState"] == {"S": "pending"}


@pytest.mark.parametrize("body", ["STOP", "HELP", "START", "Stop. Thanks"])
def test_compose_event_says_consent(body: str) -> None:
    message = normalise(form({**SMS, "Body": body}), RECEIVED_AT_MS)
    assert event_of(composed(message=message))["consent"] == message["consent"]


def test_compose_item_has_room_for_what_comes_later() -> None:
    item = composed()["reportItem"]
    assert (item["deliveries"], item["moreTranslations"]) == ({"M": {}}, {"M": {}})


# --- the conversation's entry


def entry(result: Mapping[str, Any]) -> dict[str, Any]:
    """The conversation as the API's mapping template puts it together, as far as it comes from here."""
    conversation = result["conversation"]
    return {**conversation, **{name: json.loads(conversation[name]) for name in ("delivery", "lastMessage")}}


def test_compose_conversation_of_an_inbound_message() -> None:
    assert entry(composed(pictures=[FAILED])) == {
        "list": "desk",
        "contact": "sms:+12025550100",
        "accountId": ACCOUNT_SID,
        "delivery": {"to": "+12025550100", "from": "+12025550199"},
        "language": "es",
        "lastMessage": {
            "messageId": MESSAGE_SID,
            "direction": "inbound",
            "preview": SMS["Body"],
            "translations": {"en": "Where is the clinic?"},
            "pictures": 1,
        },
    }


def test_compose_conversation_of_an_answer() -> None:
    found = entry(desk.composed(desk.outbound(), "en"))
    assert (found["list"], found["contact"], found["language"]) == ("desk", "sms:+12025550100", "es")
    assert found["lastMessage"]["direction"] == "outbound"
    assert set(found["lastMessage"]["translations"]) == {"es", "pt"}


def test_compose_conversation_of_a_room() -> None:
    found = entry(desk.composed(desk.internal(), "es"))
    assert (found["list"], found["contact"], found["language"]) == ("rooms", "", "und")
    assert found["delivery"] == {"to": "room:desk", "from": f"console:{desk.OPERATOR_ID}"}


def test_compose_conversation_shows_consent() -> None:
    message = normalise(form({**SMS, "Body": "Stop. Thanks"}), RECEIVED_AT_MS)
    assert entry(composed(message=message))["lastMessage"]["consent"] == "near-miss"


@pytest.mark.parametrize("character", ["x", "語", "😀", '"', "\\", "\x00", "\n"])
def test_compose_conversation_is_small_whatever_the_message_holds(character: str) -> None:
    translations = [
        {"language": f"{first}{second}", "status": "translated", "text": character * 5000}
        for first in "abcd"
        for second in "wxyz"
    ]
    message = {**normalise(form(SMS), RECEIVED_AT_MS), "text": character * 5000, "textLength": 5000}
    result = composed(message=message, translations=translations)
    shown = entry(result)["lastMessage"]
    assert len(json.dumps(result["conversation"], ensure_ascii=False).encode()) < 8 * 1024
    assert all(len(text) <= 120 for text in (shown["preview"], *shown["translations"].values()))
    stamped = {"conversationId": CONVERSATION, "lastMessageAt": TIMES["composedAt"], "optedOut": False}
    listed = {**stamped, "contact": "", "language": "und", "firstMessageAt": TIMES["composedAt"], "lastMessage": shown}
    validator("conversation")(listed)


@pytest.mark.parametrize("character", ["x", "語", "😀", 'He said "yes".\n'])
def test_compose_longest_answer_stays_far_under_the_payload_limit(character: str) -> None:
    text = (character * 5000).encode()[:10_000].decode(errors="ignore")
    result = desk.composed(
        answered(text=text, textLength=len(text), translateTo=[f"a{x}" for x in "abcdefghijk"]), "en"
    )
    assert len(json.dumps(result, ensure_ascii=False).encode()) < 232 * 1024


@settings(deadline=None)
@given(st.text(min_size=1, max_size=3000).filter(str.strip))
def test_compose_answer_loses_no_words(text: str) -> None:
    parts = created(answered(text=text, textLength=len(text)), "es")["parts"]
    assert "".join("".join(parts).split()) == "".join(text.split())
