"""Faults on demand, the bounded queue, and answering while a model works."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.ai.faults import Fault, Faults, parse
from tests.unit.local.ai.conftest import client
from tests.unit.local.ai.serving import Serving

REQUEST = {"Text": "Where is the clinic?", "SourceLanguageCode": "en", "TargetLanguageCode": "pt"}


def outcome(translate: Any, **request: Any) -> str:
    try:
        translate.translate_text(**{**REQUEST, **request})
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def test_fault_answers_as_often_as_asked_then_no_more(clean_server: Serving, translate: Any) -> None:
    fault = {"operation": "TranslateText", "error": "TooManyRequestsException", "count": 3}
    clean_server.control("POST", "/_ai/faults", fault)
    assert [outcome(translate) for _ in range(4)] == ["TooManyRequestsException"] * 3 + ["ok"]


def test_fault_for_a_target_leaves_other_languages_alone(clean_server: Serving, translate: Any) -> None:
    fault = {"operation": "TranslateText", "error": "ServiceUnavailableException", "target": "fr"}
    clean_server.control("POST", "/_ai/faults", fault)
    assert outcome(translate) == "ok"
    assert outcome(translate, TargetLanguageCode="fr") == "ServiceUnavailableException"
    assert clean_server.control("GET", "/_ai/faults") == {"faults": []}


def test_fault_of_the_service_is_a_server_error(clean_server: Serving, comprehend: Any) -> None:
    fault = {"operation": "DetectDominantLanguage", "error": "InternalServerException"}
    clean_server.control("POST", "/_ai/faults", fault)
    with pytest.raises(ClientError) as raised:
        comprehend.detect_dominant_language(Text="Where is the clinic?")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_faults_deleted_are_forgotten(clean_server: Serving, translate: Any) -> None:
    fault = {"operation": "TranslateText", "error": "ThrottlingException", "count": 1000}
    clean_server.control("POST", "/_ai/faults", fault)
    assert clean_server.control("GET", "/_ai/faults")["faults"][0]["count"] == 1000
    clean_server.control("DELETE", "/_ai/faults")
    assert outcome(translate) == "ok"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"operation": "DeleteTerminology", "error": "ThrottlingException"},
        {"operation": "TranslateText", "error": "Oops"},
        {"operation": "TranslateText", "error": "ThrottlingException", "count": 0},
        {"operation": "TranslateText", "error": "ThrottlingException", "target": 5},
        {"operation": "TranslateText", "error": "ThrottlingException", "often": 5},
    ],
)
def test_fault_that_makes_no_sense_is_refused_with_a_reason(server: Serving, document: Any) -> None:
    assert server.control("POST", "/_ai/faults", document)["error"]


def test_control_that_is_not_known_is_not_found(server: Serving) -> None:
    assert server.send("GET", "/_ai/nothing", None, {})[0] == 404


def test_faults_are_taken_oldest_first() -> None:
    faults = Faults()
    faults.add(Fault("TranslateText", "FirstException", 1))
    faults.add(parse({"operation": "TranslateText", "error": "SecondException", "target": "pt"}))
    assert [faults.take("TranslateText", "pt") for _ in range(3)] == ["FirstException", "SecondException", None]


@pytest.mark.slow
def test_calls_over_the_queue_are_throttled_and_the_server_goes_on_answering(models: Path) -> None:
    text = "My son has had a fever since yesterday and we do not know where to go. " * 60
    with Serving(models, "--waiting", "2") as serving, ThreadPoolExecutor(8) as pool:
        translate = client("translate", serving.url)
        busy = [pool.submit(outcome, translate, Text=text) for _ in range(8)]
        time.sleep(0.2)
        start = time.monotonic()
        assert serving.control("GET", "/_ai/health")["ready"] is True
        waited = time.monotonic() - start
        outcomes = [call.result() for call in busy]
        assert outcome(translate) == "ok"
    assert waited < 0.5
    assert set(outcomes) == {"ok", "TooManyRequestsException"}
    assert outcomes.count("ok") >= 2
