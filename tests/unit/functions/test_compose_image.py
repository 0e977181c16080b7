"""From what became of a picture to its record, its summary and its event."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given, settings
from hypothesis import strategies as st

from arrange_image.logic import arrange
from compose_image.errors import InvalidImage
from compose_image.handler import handler
from compose_image.handler import settings as deployed
from compose_image.logic import Composed, compose_all
from compose_image.summary import size, summarised
from dragoman.errors import ConfigurationError
from dragoman.validation import validator
from read_image.logic import document
from tests.unit.functions.pictures import (
    IMAGE_ID,
    ORIGINAL,
    TRANSLATED,
    UPLOAD_ID,
    bounding,
    detection,
    failed,
    inspected,
    label,
    looks,
    moderation_label,
)
from tests.unit.functions.samples import MESSAGE_SID, context

NOW = datetime(2026, 11, 21, 10, 49, 59, 999_900, UTC)
TIMES = {"startedAt": "2026-11-21T10:49:19.1Z", "at": "2026-11-21T10:49:21.530Z"}
REFUSED = {"status": "refused", "error": "ImageDamaged", "reason": "The PNG cannot be decoded (SyntaxError)"}


def event(seen: dict[str, Any] | None = None, **picture: Any) -> dict[str, Any]:
    """What the machine hands over for a picture of a message."""
    of_message = {"imageId": IMAGE_ID, "key": ORIGINAL, "origin": "mms", "messageId": MESSAGE_SID, "language": "es"}
    return {"picture": {**of_message, "siblings": 1, **picture}, "seen": seen or recognised(), **TIMES}


def recognised(words: dict[str, Any] = TRANSLATED, **changes: Any) -> dict[str, Any]:
    return {"status": "recognised", "image": inspected(), "arranged": arrange(looks(**changes)), "words": words}


def uploaded(seen: dict[str, Any]) -> dict[str, Any]:
    """The same for an upload."""
    picture = {"imageId": UPLOAD_ID, "key": f"uploads/{UPLOAD_ID}", "origin": "upload", "language": "und"}
    return {"picture": {**picture, "siblings": 1}, "seen": seen, "at": TIMES["at"]}


def composed(given_event: dict[str, Any] | None = None) -> Composed:
    return compose_all(given_event or event(), 30, NOW)


class Signed:
    """Links that say what they are for."""

    def link(self, key: str, content_type: str, seconds: int) -> str:
        return f"https://media.example/{key}?{content_type}&{seconds}"


def shown(result: Composed) -> dict[str, Any]:
    """The record as GET /images/{imageId} shows it."""
    found = document(result["item"], NOW, Signed())
    validator("image")(found)
    return found


def test_compose_image_record_survives_the_table() -> None:
    found, arranged = shown(composed()), arrange(looks())
    assert {name: value for name, value in found.items() if name != "links"} == {
        "schemaVersion": "1",
        "imageId": IMAGE_ID,
        "createdAt": "2026-11-21T10:49:21.530Z",
        "startedAt": "2026-11-21T10:49:19.100Z",
        "status": "recognised",
        "origin": "mms",
        "messageId": MESSAGE_SID,
        "image": {name: value for name, value in inspected().items() if name != "original"},
        "original": inspected()["original"],
        **{name: arranged[name] for name in ("labels", "lines", "text", "textCut", "moderation", "thumbnails")},
        "language": TRANSLATED["language"],
        "translations": TRANSLATED["translations"],
        "failures": [],
    }


def test_compose_image_item() -> None:
    result = composed()
    stored: dict[str, Any] = {**result["item"]}
    item = {name: TypeDeserializer().deserialize(value) for name, value in stored.items()}
    assert (item["day"], item["createdAt"]) == ("2026-11-21", "2026-11-21T10:49:21.530Z")
    assert json.loads(item["summary"]) == result["summary"]
    assert item["expiresAt"] == int((datetime(2026, 11, 21, 10, 49, 21, tzinfo=UTC) + timedelta(days=30)).timestamp())


def test_compose_image_summary() -> None:
    assert composed()["summary"] == {
        "imageId": IMAGE_ID,
        "status": "recognised",
        "key": f"images/{IMAGE_ID}/image.jpg",
        "thumbnails": looks()["thumbnails"]["thumbnails"],
        "labels": [
            {
                "name": "Sign",
                "confidence": 98.8,
                "box": {"left": 0.1, "top": 0.05, "width": 0.5, "height": 0.3},
            },
            {"name": "Road", "confidence": 91.2},
        ],
        "text": "Straße\ngesperrt",
        "language": TRANSLATED["language"],
        "translations": TRANSLATED["translations"],
        "lines": arrange(looks())["lines"],
        "moderation": {"flagged": False, "labels": []},
    }


def test_compose_image_event_holds_no_words() -> None:
    created = composed()["event"]
    assert created == {
        "schemaVersion": "1",
        "imageId": IMAGE_ID,
        "origin": "mms",
        "status": "recognised",
        "messageId": MESSAGE_SID,
        "language": "de",
        "flagged": False,
        "labels": ["Sign", "Road"],
        "createdAt": "2026-11-21T10:49:21.530Z",
    }


def test_compose_image_of_an_upload_without_words() -> None:
    result = composed(uploaded(recognised({"status": "none"}, text={"status": "done", "lines": []})))
    assert "messageId" not in result["event"]
    assert result["event"]["language"] == "und"
    found = shown(result)
    assert (found["text"], found["translations"], found["failures"]) == ("", [], [])
    assert found["language"] == {"code": "und", "method": "none"}
    assert "startedAt" not in found


def test_compose_image_failures_of_all_steps() -> None:
    result = composed(event(recognised(failed("States.Timeout"), moderation=failed("Rekognition.ThrottlingException"))))
    assert shown(result)["failures"] == [
        {"step": "moderation", "error": "Rekognition.ThrottlingException"},
        {"step": "translate", "error": "States.Timeout"},
    ]
    assert result["event"]["flagged"] is True
    assert result["summary"]["moderation"]["reason"]
    assert result["summary"]["text"] == "Straße\ngesperrt"


def test_compose_image_refused() -> None:
    result = composed(event(REFUSED))
    found = shown(result)
    assert (found["status"], found["reason"]) == ("refused", REFUSED["reason"])
    assert found["refused"] == {"key": ORIGINAL, "error": "ImageDamaged"}
    assert result["summary"]["key"] == ORIGINAL
    assert result["event"]["labels"] == []
    assert result["event"]["flagged"] is False


def test_compose_image_without_times_uses_now() -> None:
    given_event = {name: value for name, value in event().items() if name not in TIMES}
    assert composed(given_event)["event"]["createdAt"] == "2026-11-21T10:49:59.999Z"


@pytest.mark.parametrize(
    "given_event",
    [
        {},
        {"picture": {}, "seen": {}},
        event({"status": "lost", "secret": "secret words"}),
        event({**recognised(), "image": {"secret words": 1}}),
        event({**recognised(), "words": {"status": "done"}}),
        event({**recognised(), "words": {"status": "done", "language": {"code": "Secret words"}, "translations": []}}),
        event({**REFUSED, "error": "secret words"}),
        event(imageId="../secret words"),
        event(origin="secret words"),
        event(messageId="secret words"),
        event(siblings="secret words"),
        {**event(), "at": "secret words"},
    ],
)
def test_compose_image_other_shapes_are_refused_without_quoting_them(given_event: dict[str, Any]) -> None:
    with pytest.raises(InvalidImage) as caught:
        compose_all(given_event, 30, NOW)
    assert "ecret" not in str(caught.value)
    assert caught.value.__suppress_context__


# --- the summary's size


def crowded(character: str) -> dict[str, Any]:
    """A picture of which everything is as long as it may be, in eleven languages."""
    translation = {"language": "zh-TW", "status": "translated", "text": character * 2000}
    words = {"status": "done", "language": {"code": "de", "method": "comprehend"}, "translations": [translation] * 11}
    return recognised(
        words,
        labels={
            "status": "done",
            "labels": [label(character * 100, 99.9, *[bounding(0.12345, 0.12345, 0.12345, 0.12345)] * 10)] * 25,
        },
        text={
            "status": "done",
            "lines": [detection("a" + character * 500, 0.1234, index / 101, width=0.8) for index in range(100)],
        },
        moderation={"status": "done", "labels": [moderation_label(character * 100, character * 100, 99.9)] * 25},
    )


@pytest.mark.parametrize("character", ["x", "語", "😀", '"', "\x00", "\\"])
@pytest.mark.parametrize(("siblings", "most"), [(1, 12), (4, 12), (10, 4.8)])
def test_summary_of_the_fullest_picture(character: str, siblings: int, most: float) -> None:
    summary = composed(event(crowded(character), siblings=siblings))["summary"]
    assert size(summary) <= most * 1024
    assert summary["truncated"] is True
    assert len(summary["translations"]) == 11


@pytest.mark.parametrize("character", ["x", "語", '"'])
def test_compose_image_of_the_fullest_picture_fits_a_payload(character: str) -> None:
    """Step Functions: 256 KiB between states; DynamoDB: 400 KB an item."""
    seen = crowded(character)
    for translation in seen["words"]["translations"]:
        translation["text"] = character * 9_000
    assert len(json.dumps(composed(event(seen)), ensure_ascii=False).encode()) < 224 * 1024


def test_summary_of_an_ordinary_picture_is_whole() -> None:
    for siblings in (1, 10):
        assert "truncated" not in composed(event(siblings=siblings))["summary"]


def test_summary_keeps_words_before_places() -> None:
    lines = [detection("w" * 75, 0.1, index / 30) for index in range(25)]
    summary = composed(event(recognised(text={"status": "done", "lines": lines}), siblings=10))["summary"]
    assert len(summary["text"]) == 25 * 76 - 1
    assert len(summary["lines"]) < 25


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).flatmap(
    lambda text: st.integers(1, 40).map(lambda times: (text * times)[:2000])
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100)
TRANSLATIONS = st.lists(
    st.one_of(
        st.builds(lambda text: {"language": "en", "status": "translated", "text": text}, TEXTS),
        st.builds(lambda name: {"language": "pt-BR", "status": "failed", "error": name}, NAMES),
    ),
    max_size=11,
)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(NAMES, max_size=25),
    st.lists(TEXTS, max_size=100),
    st.lists(NAMES, max_size=25),
    TRANSLATIONS,
    st.integers(1, 10),
)
def test_summary_is_always_small_and_valid(
    labels: list[str], texts: list[str], flags: list[str], translations: list[dict[str, str]], siblings: int
) -> None:
    words = {"status": "done", "language": {"code": "de", "method": "translate"}, "translations": translations}
    seen = recognised(
        words,
        labels={"status": "done", "labels": [label(name, 70.0, bounding(0, 0, 1, 1)) for name in labels]},
        text={"status": "done", "lines": [detection(text, 0.1, n / 101) for n, text in enumerate(texts)]},
        moderation={"status": "done", "labels": [moderation_label(name, name, 70.0) for name in flags]},
    )
    result = composed(event(seen, siblings=siblings))
    assert len(json.dumps(result["summary"], ensure_ascii=False).encode()) <= 12 * 1024
    assert size(result["summary"]) <= 12 * 1024
    assert size(result["summary"]) * siblings <= 48 * 1024
    validator("image_summary")(result["summary"])
    shown(result)


def test_summarised_without_siblings_counts_itself() -> None:
    assert summarised(shown(composed()), 0)["imageId"] == IMAGE_ID


# --- the handler


def test_compose_image_handler_logs_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    deployed.cache_clear()
    result = handler(event(), context())
    assert result.keys() == {"item", "summary", "event"}
    text = capsys.readouterr().out
    assert not any(word in text for word in ("gesperrt", "closed", "2025550"))


def test_compose_image_handler_without_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.cache_clear()
    monkeypatch.delenv("RETENTION_DAYS")
    with pytest.raises(ConfigurationError):
        handler(event(), context())
