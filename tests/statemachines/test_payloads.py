"""The biggest message there can be: 1,600 characters, ten media, fields to the brim, ten languages at the desk.

Emoji take the most bytes as UTF-8, control characters as JSON: six, and seven where the JSON is text inside JSON.
"""

import functools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from compose_report.logic import compose_all
from infra.local.sfn import mocks
from infra.local.sfn.definitions import Machine, load
from normalise_webhook.logic import normalise
from normalise_webhook.webhook import Form
from tests.statemachines import cases, engines
from tests.statemachines.test_cases import event_problems, largest_payload, tasks_of

LANGUAGES = ["de", "fr", "es", "it", "pt", "ar", "hi", "ja", "zh", "ru"]
TEXTS = {"emoji": "🙂" * 1600, "control": "\x01" * 1600}
FAR_UNDER_BYTES = 192 * 1024
"""Three quarters of the 262,144 bytes that Step Functions allows (quotas)."""

both_engines = pytest.mark.parametrize("engine", ["strict", "embedded"])
all_texts = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


@functools.cache
def biggest_message(text: str) -> dict[str, Any]:
    """Return the biggest message with a text, as normalise_webhook makes it."""
    account, sid = "AC" + "0" * 32, "MM" + "0" * 32
    media = f"https://api.twilio.com/2010-04-01/Accounts/{account}/Messages/{sid}/Media/ME"
    fields = {"MessageSid": sid, "AccountSid": account, "From": "+12025550100", "To": "+12025550199", "Body": text}
    fields |= {"NumMedia": "10", "NumSegments": "10", "ProfileName": "🙂" * 100}
    fields |= {f"MediaUrl{index}": f"{media}{index:032x}" for index in range(10)}
    fields |= {f"MediaContentType{index}": "image/jpeg" for index in range(10)}
    fields |= {f"Field{index}": "🙂" * 50 for index in range(200)}
    return dict(normalise(Form({name: [value] for name, value in fields.items()}), 1795258157000))


def machine(name: str) -> Machine:
    settings = {"DeskLanguages": ",".join(LANGUAGES)}
    found = load(cases.ROOT / "statemachines", cases.ROOT / "infra" / "template.yaml", settings)
    return next(machine for machine in found if machine.name == name)


def composed(text: str) -> dict[str, Any]:
    """Return what compose_report answers for the biggest message, each translation as long as the text."""
    translations = [{"language": code, "status": "translated", "text": text} for code in LANGUAGES]
    language = {"code": "en", "confidence": 0.9, "method": "comprehend"}
    event = {"message": biggest_message(text), "language": language, "translations": translations, "times": {}}
    return dict(compose_all(event, 365, datetime(2026, 11, 21, tzinfo=UTC)))


def run(engine: str, name: str, given: Any, answers: dict[str, list[Any]]) -> engines.Account:
    responses = {
        state: {str(number): {"Return": value} for number, value in enumerate(values)}
        for state, values in answers.items()
    }
    document = {
        "StateMachines": {name: {"TestCases": {"Biggest": {state: state for state in answers}}}},
        "MockedResponses": responses,
    }
    account = engines.ENGINES[engine](machine(name), mocks.parse(document, "biggest"), "Biggest", given)
    assert (account.status, account.problems) == ("SUCCEEDED", []), account.cause
    return account


def put() -> list[Any]:
    return [{"Entries": [{"EventId": "1"}], "FailedEntryCount": 0}]


@both_engines
@all_texts
def test_biggest_message_passes_intake_far_under_the_limit(engine: str, text: str) -> None:
    answers: dict[str, list[Any]] = {
        "NormaliseWebhook": [{"StatusCode": 200, "Payload": {"message": biggest_message(text)}}],
        "PutMessageReceived": put(),
    }
    account = run(engine, "intake", {"body": "x" * 60_000}, answers)
    assert largest_payload(account) < FAR_UNDER_BYTES
    _, sent = account.requests[-1]
    assert event_problems(sent["Entries"][0]) == []


@both_engines
@all_texts
def test_biggest_message_becomes_a_report_far_under_the_limit(engine: str, text: str) -> None:
    translated = [
        {"TranslatedText": text, "SourceLanguageCode": "en", "TargetLanguageCode": code} for code in LANGUAGES
    ]
    answers: dict[str, list[Any]] = {
        "FindReport": [{}],
        "FindContact": [{}],
        "DetectLanguage": [{"Languages": [{"LanguageCode": "en", "Score": 0.9}]}],
        "Translate": translated,
        "ComposeReport": [{"StatusCode": 200, "Payload": composed(text)}],
        "SaveReport": [{}],
        "AnnounceReport": put(),
    }
    account = run(engine, "message", [{"message": biggest_message(text), "receiveCount": "1"}], answers)
    assert largest_payload(account) < FAR_UNDER_BYTES, sizes(account)
    tasks = tasks_of("message")
    assert [line for state, sent in account.requests for line in tasks[state].request_problems(sent)] == []


def sizes(account: engines.Account) -> dict[str, int]:
    """Return the bytes of each task's result and each state's output."""
    values = [*account.results, *((f"{state} (output)", value) for state, value in account.exited)]
    return {state: len(json.dumps(value, ensure_ascii=False).encode()) for state, value in values}
