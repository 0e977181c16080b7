"""Answers to questions: what a sender texts is matched with what they were asked, recorded once, and they are told."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from dragoman.choices import numbered, worded
from dragoman.identifiers import question_code
from dragoman.times import rfc3339
from tests.integration.desk import Console
from tests.integration.stack import Running, until

SPANISH = "Buenos días, ¿dónde está la clínica, por favor?"
CHOICES = [{"value": "redrive", "text": "Send them again"}, {"value": "leave", "text": "Leave them"}]
ENVIADOS = ["Enviar otra vez", "Dejarlos"]
YES_NO = [{"value": "yes", "text": "Yes"}, {"value": "no", "text": "No"}]
SI_NO = ["Sí", "No"]


class Asked:
    """Questions put into the table as the machine `question` leaves them, but nobody waits for their answers."""

    def __init__(self, stack: Running, number: str) -> None:
        self.stack, self.number = stack, number
        self.dynamodb, self.table = stack.client("dynamodb"), stack.outputs()["QuestionsTableName"]

    def question(
        self,
        choices: list[dict[str, str]] = CHOICES,
        rendered: list[str] = ENVIADOS,
        *,
        language: str = "es",
        question_id: str = "",
        ago: int = 60,
        **attributes: str,
    ) -> str:
        """The id of a new question, asked so many seconds ago."""
        question_id = question_id or f"q-{secrets.token_hex(6)}"
        asked_at = datetime.now(UTC) - timedelta(seconds=ago)
        texts = {
            "questionId": question_id,
            "status": "open",
            "address": f"sms:{self.number}",
            "list": "questions",
            "askedAt": rfc3339(asked_at),
            "deadlineAt": rfc3339(asked_at + timedelta(hours=1)),
            "code": question_code(question_id),
            "text": "Shall we send them again?",
            "language": "en",
            "choices": json.dumps(worded(choices, rendered)),
            "contactLanguage": language,
            "options": numbered(rendered),
            "conversationId": "c" + secrets.token_hex(16),
            "askedBy": "Test",
            **attributes,
        }
        item = {name: {"S": value} for name, value in texts.items()} | {"expiresAt": {"N": "1900000000"}}
        self.dynamodb.put_item(TableName=self.table, Item=item)
        return question_id

    def item(self, question_id: str) -> dict[str, Any]:
        """Its attributes, all of them texts but one."""
        found = self.dynamodb.get_item(
            TableName=self.table, Key={"questionId": {"S": question_id}}, ConsistentRead=True
        )
        return {name: value.get("S", "") for name, value in found["Item"].items()}

    def text(self, body: str, **fields: str) -> dict[str, Any]:
        """The settled report of what they text."""
        return self.stack.text(From=self.number, Body=body, **fields)

    def reply(self) -> str:
        """The SMS that went to them last."""
        return str(self.stack.sent(self.number)[-1]["body"])

    def replies(self) -> int:
        return len(self.stack.sent(self.number))


_numbers = iter(range(12025550600, 12025550699))


@pytest.fixture
def asked(stack: Running) -> Asked:
    """Somebody new."""
    return Asked(stack, f"+{next(_numbers)}")


@pytest.fixture
def spanish(asked: Asked) -> Asked:
    """Somebody who wrote in Spanish before."""
    asked.text(SPANISH)
    return asked


def code(question_id: str) -> str:
    return question_code(question_id)


def test_number_answers_and_the_sender_is_told_in_their_language(stack: Running, spanish: Asked) -> None:
    question = spanish.question()
    with Console(stack, language="en") as console:
        report = spanish.text("2")
        section = {"state": "answered", "questionId": question, "code": code(question)}
        assert report["question"] == {**section, "value": "leave", "text": "Leave them"}
        assert console.message(report["reportId"])["question"] == report["question"]
        frame = console.wait(lambda frame: frame["type"] == "question" and frame["questionId"] == question)
        assert (frame["status"], frame["code"]) == ("answered", code(question))
    item = spanish.item(question)
    assert (item["status"], item["answeredBy"]) == ("answered", report["reportId"])
    assert json.loads(item["answer"]) == {"value": "leave", "text": "Leave them", "original": "2", "language": "es"}
    assert item["answeredAt"] == report["message"]["receivedAt"]
    assert report["directory"]["state"] == "not-asked"
    assert spanish.reply() == report["reply"]["text"]
    assert "Gracias" in spanish.reply()
    assert "respuesta" in spanish.reply()


def test_word_in_spanish_answers(spanish: Asked) -> None:
    question = spanish.question()
    assert spanish.text("¡Enviar otra vez!")["question"]["value"] == "redrive"
    assert json.loads(spanish.item(question)["answer"])["original"] == "¡Enviar otra vez!"


@pytest.mark.parametrize(
    ("language", "greeting", "word"),
    [
        ("es", SPANISH, "Sí, por favor"),
        ("fr", "Bonjour, où se trouve la clinique ?", "Ouais"),
        ("pt", "Bom dia, onde fica a clínica, por favor?", "não"),
    ],
)
def test_yes_or_no_in_the_senders_language_answers(asked: Asked, language: str, greeting: str, word: str) -> None:
    asked.text(greeting)
    question = asked.question(YES_NO, ["1st", "2nd"], language=language)
    report = asked.text(word)
    assert report["question"]["state"] == "answered"
    assert json.loads(asked.item(question)["answer"])["value"] == ("no" if word == "não" else "yes")


def test_words_answer_a_question_without_choices(spanish: Asked) -> None:
    question = spanish.question([], [])
    report = spanish.text("El autobús sale a las nueve de la mañana.")
    assert report["question"]["state"] == "answered"
    answer = json.loads(spanish.item(question)["answer"])
    assert answer["original"] == "El autobús sale a las nueve de la mañana."
    assert answer["text"] == answer["value"] == report["translations"][0]["text"]
    assert "nine" in answer["text"].lower()


def test_unclear_answer_is_asked_back_once(spanish: Asked) -> None:
    question = spanish.question()
    first = spanish.text("¿Qué quiere decir eso, exactamente?")
    assert first["question"] == {"state": "unclear", "questionId": question, "code": code(question)}
    assert spanish.reply().endswith("\n\n1. Enviar otra vez\n2. Dejarlos")
    assert "números" in spanish.reply()
    assert spanish.item(question)["clarifiedBy"] == first["reportId"]
    again = spanish.text("Perdone, no entiendo nada de nada")
    assert again["question"]["state"] == "unclear"
    assert again["directory"]["state"] != "not-asked"
    assert "Dejarlos" not in spanish.reply()
    assert spanish.item(question)["status"] == "open"
    assert spanish.text("1")["question"]["value"] == "redrive"


@pytest.fixture
def clinic(stack: Running) -> Iterator[dict[str, str]]:
    """An entry of the directory that is gone again after the test."""
    entry = {"name": "Harbour Clinic", "address": "7 Harbour Street", "phone": "+1 202 555 0133", "language": "en"}
    answer = api(stack, "POST", "/directory", json={**entry, "keywords": ["clinic"]})
    assert answer.status_code == 201, answer.text
    yield entry
    gone = api(stack, "DELETE", f"/directory/{answer.json()['entryId']}", **{"If-Match": '"1"'})
    assert gone.status_code == 204


def test_question_in_answer_to_a_question_is_asked_back_about_and_looked_up(
    stack: Running, spanish: Asked, clinic: dict[str, str]
) -> None:
    question, before = spanish.question(), spanish.replies()
    report = spanish.text("¿Dónde está la clínica?")
    assert report["question"] == {"state": "unclear", "questionId": question, "code": code(question)}
    assert [entry["name"] for entry in report["directory"]["entries"]] == [clinic["name"]]
    asked_back, told = [message["body"] for message in stack.sent(spanish.number)[before:]]
    assert "números" in asked_back
    assert asked_back.endswith("\n\n1. Enviar otra vez\n2. Dejarlos")
    assert told.splitlines() == [clinic["name"], clinic["address"], clinic["phone"]]
    assert [part["text"] for part in report["reply"]["parts"]] == [asked_back, told]
    assert spanish.item(question)["status"] == "open"
    answered = spanish.text("2")
    assert (answered["question"]["state"], answered["question"]["value"]) == ("answered", "leave")
    assert answered["directory"]["state"] == "not-asked"
    assert spanish.replies() == before + 3


def test_late_answer_is_told_so(spanish: Asked) -> None:
    question = spanish.question(status="expired")
    report = spanish.text("1")
    section = {"state": "late", "questionId": question, "code": code(question)}
    assert report["question"] == {**section, "value": "redrive", "text": "Send them again"}
    assert "answer" not in spanish.item(question)
    assert "Esta pregunta" in spanish.reply()


def test_second_answer_changes_nothing(spanish: Asked) -> None:
    question = spanish.question()
    first = spanish.text("1")
    report = spanish.text("2")
    assert (report["question"]["state"], report["question"]["questionId"]) == ("repeated", question)
    item = spanish.item(question)
    assert (item["answeredBy"], json.loads(item["answer"])["value"]) == (first["reportId"], "redrive")
    assert "Esta pregunta" in spanish.reply()


def test_delivered_twice_answers_once(stack: Running, spanish: Asked) -> None:
    question = spanish.question()
    fields = stack.fields(From=spanish.number, Body="1")
    for _ in range(2):
        assert stack.post(fields).status_code == 200
    report = stack.report(dict(fields)["MessageSid"])
    assert report["question"]["state"] == "answered"
    assert spanish.item(question)["answeredBy"] == report["reportId"]
    until(lambda: stack.idle("Messages", "Replies") or None)
    assert spanish.replies() == 2  # the greeting's and this one's


def test_code_of_somebody_elses_question_is_foreign(stack: Running, spanish: Asked) -> None:
    other = Asked(stack, f"+{next(_numbers)}")
    question = other.question()
    report = spanish.text(f"#{code(question)} 1")
    assert report["question"] == {"state": "foreign", "questionId": question, "code": code(question)}
    assert other.item(question)["status"] == "open"
    assert "Esta pregunta" not in spanish.reply()


def test_of_two_open_questions_the_code_says_which(spanish: Asked) -> None:
    first, second = spanish.question(ago=90), spanish.question(YES_NO, SI_NO, ago=60)
    report = spanish.text("1")
    assert report["question"]["state"] == "unclear"
    for question, options in ((first, ENVIADOS), (second, SI_NO)):
        for number, option in enumerate(options, 1):
            assert f"#{code(question)} {number}. {option}" in spanish.reply()
    assert spanish.text(f"#{code(first).lower()} 2")["question"]["value"] == "leave"
    assert spanish.text("sí")["question"]["value"] == "yes"
    assert {spanish.item(question)["status"] for question in (first, second)} == {"answered"}


def test_stop_closes_every_question(spanish: Asked) -> None:
    first, second = spanish.question(ago=90), spanish.question(ago=60)
    report = spanish.text("STOP")
    assert report["question"] == {"state": "opted-out", "questionId": second, "code": code(second)}
    assert report["reply"]["state"] == "suppressed"
    assert {spanish.item(question)["status"] for question in (first, second)} == {"opted-out"}


def test_question_is_cancelled_over_the_api(stack: Running, spanish: Asked) -> None:
    question = spanish.question()
    assert delete(stack, question).status_code == 204
    assert spanish.item(question)["status"] == "cancelled"
    assert delete(stack, question).status_code == 204
    answered = spanish.question(status="answered")
    refused = delete(stack, answered)
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert delete(stack, "nobody-asked").status_code == 404
    assert spanish.text("1")["question"]["state"] == "repeated"


def test_whoever_was_never_asked_has_nothing_to_do_with_questions(asked: Asked) -> None:
    report = asked.text(SPANISH)
    assert report["question"] == {"state": "none"}
    listed = asked.stack.get("/reports", conversation=report["conversationId"]).json()["reports"]
    assert [each["question"] for each in listed] == [{"state": "none"}]


def put(stack: Running, asked: Asked, **changes: Any) -> str:
    """The id of a question that an execution of `question` waits for, once it was sent."""
    key, before = f"q-{secrets.token_hex(6)}", asked.replies()
    headers = {"x-api-key": stack.settings.api_key(), "Idempotency-Key": key}
    body = {"address": f"sms:{asked.number}", "text": "Shall we send them again?", "choices": CHOICES, **changes}
    answer = httpx.post(f"{stack.settings.gateway_url}/questions", json=body, headers=headers, timeout=30)
    assert answer.status_code == 202, answer.text
    until(lambda: asked.replies() > before or None)
    return key


def output(stack: Running, question_id: str) -> dict[str, Any]:
    """What the execution that asked ends with."""
    client, machine = stack.client("stepfunctions"), stack.outputs()["QuestionStateMachineArn"]
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{question_id}"

    def ask() -> dict[str, Any] | None:
        found = client.describe_execution(executionArn=arn)
        return None if found["status"] == "RUNNING" else dict(found)

    ended = until(ask)
    assert ended["status"] == "SUCCEEDED", ended
    done: dict[str, Any] = json.loads(ended["output"])
    return done


def test_whoever_waits_is_woken_by_an_answer(stack: Running, spanish: Asked) -> None:
    question = put(stack, spanish)
    unclear = spanish.text("¿Quién pregunta eso, por favor?")
    assert unclear["question"]["state"] == "unclear"
    assert spanish.reply().endswith(spanish.item(question)["options"])
    report = spanish.text("2")
    done = output(stack, question)
    assert (done["status"], done["answer"]["value"], done["answer"]["original"]) == ("answered", "leave", "2")
    assert spanish.item(question)["answeredBy"] == report["reportId"]


def test_whoever_waits_is_woken_by_a_stop_and_by_a_cancellation(stack: Running, spanish: Asked) -> None:
    cancelled = put(stack, spanish)
    assert delete(stack, cancelled).status_code == 204
    assert output(stack, cancelled) == {"questionId": cancelled, "status": "cancelled"}
    stopped = put(stack, spanish)
    assert spanish.text("STOP")["question"]["state"] == "opted-out"
    assert output(stack, stopped) == {"questionId": stopped, "status": "opted-out"}


def test_answer_after_the_deadline_is_late(stack: Running, spanish: Asked) -> None:
    question = put(stack, spanish, answerWithinSeconds=10)
    assert output(stack, question) == {"questionId": question, "status": "expired"}
    assert spanish.text("1")["question"]["state"] == "late"


def api(stack: Running, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
    url, key = f"{stack.settings.gateway_url}{path}", {"x-api-key": stack.settings.api_key()}
    return httpx.request(method, url, json=json, headers={**key, **headers}, timeout=30)


def delete(stack: Running, question_id: str) -> httpx.Response:
    return api(stack, "DELETE", f"/questions/{question_id}")
