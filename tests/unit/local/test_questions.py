"""`make ask` against an API that answers what it is told to."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from infra import questions
from infra.build import ROOT
from infra.questions import (
    ANSWERED,
    REFUSED,
    UNANSWERED,
    AskError,
    asked,
    choices_of,
    ended,
    followed,
    left,
    request_of,
)

NUMBER = "+12025550100"
OPEN: dict[str, Any] = {
    "questionId": "q1",
    "status": "open",
    "code": "X2Q",
    "contactLanguage": "es",
    "messageId": "DM36fb9d6307e7c007c20b508d6362192b",
    "deadlineAt": "2026-11-28T11:49:17.000Z",
}
ANSWER = {"value": "redrive", "text": "Send again", "original": "1", "language": "es"}
DONE = {**OPEN, "status": "answered", "answer": ANSWER}


class FakeApi:
    """Answers in order; the last one for ever. calls: what was sent."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers, self.calls = list(answers), list[httpx.Request]()
        self.client = httpx.Client(base_url="https://api.example", transport=httpx.MockTransport(self.handle))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(status, json=body)


class FakeClock(questions.Clock):
    """Time that passes only by sleeping, from 11:00:00 on."""

    def __init__(self) -> None:
        self.time = 1795863600.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_request_of_everything_that_is_given() -> None:
    given = {
        "TO": "+12025550100",
        "TEXT": " Shall we? ",
        "CHOICES": "redrive=Send again; Leave it ;",
        "WITHIN": "3600",
        "REMIND": "60",
        "QUESTION_LANGUAGE": "en",
        "BY": "Ana",
        "KEY": "q1",
    }
    assert request_of(given) == {
        "address": "sms:+12025550100",
        "text": "Shall we?",
        "choices": [{"value": "redrive", "text": "Send again"}, {"value": "leave-it", "text": "Leave it"}],
        "answerWithinSeconds": 3600,
        "remindAfterSeconds": 60,
        "language": "en",
        "askedBy": "Ana",
    }


def test_request_of_the_least_keeps_the_channel() -> None:
    given = {"TO": "whatsapp:+442079460000", "TEXT": "When?", "WITHIN": "", "CHOICES": ""}
    assert request_of(given) == {"address": "whatsapp:+442079460000", "text": "When?"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "make ask TO="),
        ({"TO": NUMBER}, "make ask TO="),
        ({"TEXT": "x"}, "make ask TO="),
        ({"TO": NUMBER, "TEXT": "x", "WITHIN": "1h"}, "WITHIN is a number of seconds"),
        ({"TO": NUMBER, "TEXT": "x", "WITHIN": "5"}, "WITHIN is a number of seconds from 10"),
        ({"TO": NUMBER, "TEXT": "x", "REMIND": "2592001"}, "REMIND is a number of seconds from 5 to 2592000"),
        ({"TO": NUMBER, "TEXT": "x", "QUESTION_LANGUAGE": "English"}, "LANGUAGE is the code"),
        ({"TO": NUMBER, "TEXT": "x", "CHOICES": "send it=Send"}, "CHOICES are at most nine"),
        ({"TO": NUMBER, "TEXT": "x", "CHOICES": "a;b;c;d;e;f;g;h;i;j"}, "CHOICES are at most nine"),
        ({"TO": NUMBER, "TEXT": "x", "BY": "x" * 61}, "BY has at most"),
        ({"TO": NUMBER, "TEXT": "x" * 641}, "TEXT has at most"),
        ({"TO": "2025550100", "TEXT": "x"}, "country code"),
        ({"TO": "fax:+12025550100", "TEXT": "x"}, "country code"),
        ({"TO": "+1202555010x", "TEXT": "x"}, "country code"),
    ],
)
def test_request_that_cannot_be_made_says_why(given: dict[str, str], says: str) -> None:
    with pytest.raises(AskError, match=says):
        request_of(given)


def test_every_member_of_the_schema_says_what_it_takes() -> None:
    schema = json.loads((ROOT / "schemas" / "question_request.json").read_text())
    assert set(questions.TAKES) == set(schema["properties"])
    for member, bound in (("answerWithinSeconds", "minimum"), ("remindAfterSeconds", "minimum"), ("text", "maxLength")):
        assert f" {schema['properties'][member][bound]} " in questions.TAKES[member]


def test_number_may_be_written_as_people_write_it() -> None:
    assert request_of({"TO": "+1 (202) 555-0100", "TEXT": "x"})["address"] == f"sms:{NUMBER}"


def test_choices_of_text_without_letters_are_numbered() -> None:
    assert choices_of("¿?;=yes") == [{"value": "1", "text": "¿?"}, {"value": "2", "text": "yes"}]


def test_asked_returns_the_id_and_hands_the_key_over() -> None:
    api = FakeApi((202, {"questionId": "q1", "links": {"self": "/questions/q1"}}))
    assert asked(api.client, {"address": "sms:+1"}, "q1") == "q1"
    assert api.calls[0].headers["Idempotency-Key"] == "q1"
    assert json.loads(api.calls[0].content) == {"address": "sms:+1"}


def test_asked_refused_says_why() -> None:
    with pytest.raises(AskError, match=r"409.*already"):
        asked(FakeApi((409, {"detail": "It is there already."})).client, {}, "")


def test_followed_until_it_is_answered_says_each_thing_once() -> None:
    reminded = {**OPEN, "remindedAt": "2026-11-28T11:09:19.000Z"}
    api = FakeApi((404, {}), (200, OPEN), (200, OPEN), (200, reminded), (200, {**DONE, "remindedAt": "x"}))
    said, shown = list[str](), list[str]()
    assert followed(api.client, "q1", said.append, shown.append, FakeClock())["status"] == "answered"
    assert said[:2] == ["Asked with the code #X2Q, in es.", "Reminded at 2026-11-28T11:09:19.000Z."]
    assert shown[0] == "Waiting for the answer, 49:16 left"


def test_followed_for_a_day_asks_seldom() -> None:
    api, clock = FakeApi((200, {**OPEN, "deadlineAt": "2026-11-29T11:00:00.000Z"})), FakeClock()
    ends = clock.now() + 86_400

    def progress(_line: str) -> None:
        if clock.now() > ends:
            api.answers = [(200, DONE)]

    assert followed(api.client, "q1", print, progress, clock)["status"] == "answered"
    assert 60 < len(api.calls) < 10_000


def test_followed_bears_what_passes() -> None:
    api = FakeApi((404, {}), (200, OPEN), (429, {}), (503, {}), (200, DONE))
    assert followed(api.client, "q1", print, print, FakeClock())["status"] == "answered"


def test_followed_that_cannot_be_read_any_more_is_given_up() -> None:
    api, clock = FakeApi((200, OPEN), (503, {"detail": "Try again."})), FakeClock()
    began = clock.now()
    with pytest.raises(AskError, match=r"\(503\): Try again\."):
        followed(api.client, "q1", print, print, clock)
    assert clock.now() > began + 100


@pytest.mark.parametrize("answer", [(404, {}), (403, {"detail": "Send a valid API key"})])
def test_followed_that_never_appears_is_given_up(answer: tuple[int, Any]) -> None:
    with pytest.raises(AskError):
        followed(FakeApi(answer).client, "q1", print, print, FakeClock())


@pytest.mark.parametrize(
    ("question", "line", "status"),
    [
        (DONE, "Answered: redrive: Send again (they wrote: 1)", ANSWERED),
        (
            {**DONE, "answer": {**ANSWER, "value": "At 5", "text": "At 5", "original": "At 5"}},
            "Answered: At 5",
            ANSWERED,
        ),
        ({**OPEN, "status": "expired"}, "Nobody answered in time.", UNANSWERED),
        ({**OPEN, "status": "opted-out"}, "The contact does not want to be written to.", UNANSWERED),
        ({**OPEN, "status": "cancelled"}, "The question was taken back.", UNANSWERED),
        ({**OPEN, "status": "undelivered", "reason": "Off."}, "It did not arrive: Off.", UNANSWERED),
        ({**OPEN, "status": "failed", "reason": "No number"}, "It could not be asked: No number", REFUSED),
    ],
)
def test_ended_says_what_became_of_it(question: dict[str, Any], line: str, status: int) -> None:
    assert ended(question) == (line, status)


def test_left_shows_hours_only_where_there_are_some() -> None:
    clock = FakeClock()
    assert left({"deadlineAt": "2026-11-28T11:00:09.000Z"}, clock.now()) == "0:09"
    assert left({"deadlineAt": "2026-11-29T13:00:00.000Z"}, clock.now()) == "26:00:00"
    assert left({"deadlineAt": "2026-11-28T10:00:00.000Z"}, clock.now()) == "0:00"


def test_main_asks_and_follows(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    api = FakeApi((202, {"questionId": "q1"}), (200, DONE))
    monkeypatch.setattr(questions, "open_api", lambda aws, stack: api.client)
    for name, value in {"TO": "+12025550100", "TEXT": "Shall we?", "KEY": ""}.items():
        monkeypatch.setenv(name, value)
    assert questions.main([]) == ANSWERED
    assert capsys.readouterr().out.splitlines()[-1] == "Answered: redrive: Send again (they wrote: 1)"


def test_main_that_loses_the_question_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = FakeApi((202, {"questionId": "q1"}), (403, {"detail": "Send a valid API key"}))
    monkeypatch.setattr(questions, "open_api", lambda aws, stack: api.client)
    monkeypatch.setenv("TO", NUMBER)
    monkeypatch.setenv("TEXT", "Shall we?")
    assert questions.main([]) == REFUSED
    assert capsys.readouterr().out.splitlines()[-1] == "The question stays open: GET /questions/q1"


def test_main_without_a_question_explains(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("TO", raising=False)
    assert questions.main([]) == REFUSED
    assert "make ask TO=" in capsys.readouterr().err
