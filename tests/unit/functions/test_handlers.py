"""The handlers as Lambda calls them: result, errors, logs and metrics."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from compose_report.errors import InvalidReport
from compose_report.handler import handler as compose
from compose_report.handler import settings as compose_settings
from dragoman.errors import ConfigurationError, InvalidWebhook, SignatureRejected
from dragoman.validation import validator
from normalise_webhook import handler as module
from tests.unit.functions.samples import SMS, FixedTokens, context, event
from tests.unit.functions.test_compose import event as findings

normalise = module.handler


@pytest.fixture(autouse=True)
def _new_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "tokens", lambda: FixedTokens("12345"))
    module.settings.cache_clear()
    compose_settings.cache_clear()
    yield
    module.settings.cache_clear()
    compose_settings.cache_clear()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def metrics(printed: list[dict[str, Any]]) -> dict[str, list[float]]:
    blobs = [line for line in printed if "_aws" in line]
    return {m["Name"]: blob[m["Name"]] for blob in blobs for m in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"]}


def test_normalise_webhook_returns_a_valid_message() -> None:
    result = normalise(event(SMS), context())
    validator("message")(result["message"])
    assert result["message"]["text"] == SMS["Body"]


def test_normalise_webhook_counts_by_channel_and_logs_nothing_personal(capsys: pytest.CaptureFixture[str]) -> None:
    normalise(event(SMS), context())
    text = capsys.readouterr().out
    printed = [json.loads(line) for line in text.splitlines()]
    assert metrics(printed) == {"MessagesReceived": [1.0]}
    assert [line["channel"] for line in printed] == ["sms", "sms"]
    assert not any(word in text for word in ("2025550", "clínica", '12345"', SMS["AccountSid"]))


@pytest.mark.parametrize(
    ("asked", "error", "metric"),
    [
        (event(SMS, ""), SignatureRejected, "SignaturesRejected"),
        (event(SMS, "Zm9yZ2Vk"), SignatureRejected, "SignaturesRejected"),
        (event({**SMS, "MessageSid": ""}), InvalidWebhook, "WebhooksInvalid"),
        ({}, ConfigurationError, "ConfigurationErrors"),
    ],
)
def test_normalise_webhook_errors_are_counted_and_raised(
    asked: dict[str, Any], error: type[Exception], metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(error):
        normalise(asked, context())
    text = capsys.readouterr().out
    printed = [json.loads(line) for line in text.splitlines()]
    assert metrics(printed) == {metric: [1.0]}
    assert printed[0]["message"] == error.__name__
    assert not any(word in text for word in ("2025550", "clínica"))


@pytest.mark.parametrize(
    "url",
    ["dragoman.example", "ftp://dragoman.example", "https://", "https://x?y=1", "https://x:port", "https://x/#rc=5"],
)
def test_normalise_webhook_unusable_base_url(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", url)
    with pytest.raises(ConfigurationError, match="PUBLIC_BASE_URL"):
        normalise(event(SMS), context())


def test_normalise_webhook_base_url_with_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://dragoman.example/prod/")
    assert normalise(event(SMS), context())


def test_tokens_without_secret_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWILIO_SECRET_ID")
    with pytest.raises(ConfigurationError, match="TWILIO_SECRET_ID"):
        module.settings()


def test_compose_report_counts_and_logs_nothing_personal(capsys: pytest.CaptureFixture[str]) -> None:
    result = compose(findings(), context())
    text = capsys.readouterr().out
    assert metrics([json.loads(line) for line in text.splitlines()]) == {"ReportsComposed": [1.0]}
    assert not any(word in text for word in ("2025550", "clínica", "clinic?"))
    assert result["contactLanguage"] == "es"


def test_compose_report_invalid_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidReport):
        compose({}, context())
    assert metrics(lines(capsys)) == {"ReportsInvalid": [1.0]}


@pytest.mark.parametrize("days", ["", "0", "-1", "thirty", "1.5", "٣"])
def test_compose_report_unusable_retention(monkeypatch: pytest.MonkeyPatch, days: str) -> None:
    monkeypatch.setenv("RETENTION_DAYS", days)
    with pytest.raises(ConfigurationError, match="RETENTION_DAYS"):
        compose(findings(), context())


def test_errors_have_the_names_the_machines_catch() -> None:
    assert [error.__name__ for error in (SignatureRejected, InvalidWebhook, ConfigurationError)] == [
        "SignatureRejected",
        "InvalidWebhook",
        "ConfigurationError",
    ]
