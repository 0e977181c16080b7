"""The local stack's settings."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from infra.local import config


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("DRAGOMAN_PUBLIC_BASE_URL", raising=False)
    monkeypatch.setenv("DRAGOMAN_STATE_DIR", str(tmp_path))


def test_load_without_credentials_simulates_an_account_and_keeps_it(tmp_path: Path) -> None:
    first, second = config.load(), config.load()
    assert first.twilio.simulated
    assert first.twilio == second.twilio
    assert stat.S_IMODE((tmp_path / "twilio-account.json").stat().st_mode) == 0o600
    assert first.template_parameters()["TwilioApiUrl"] == "http://127.0.0.1:8090"
    assert first.template_parameters()["PublicBaseUrl"] == "http://127.0.0.1:8080/local"
    assert first.template_parameters()["TwilioNumber"] == config.DESK_NUMBER


def test_load_with_credentials_talks_to_the_real_twilio(monkeypatch: pytest.MonkeyPatch) -> None:
    sid = f"AC{'1' * 32}"
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", sid)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "one,two")
    monkeypatch.setenv("TWILIO_API_KEY", "SK1")
    monkeypatch.setenv("TWILIO_API_SECRET", "s")
    monkeypatch.setenv("DRAGOMAN_PUBLIC_BASE_URL", "https://tunnel.example/local/")
    settings = config.load()
    assert not settings.twilio.simulated
    assert json.loads(settings.twilio.secret()) == {"authTokens": ["one", "two"], "apiUser": "SK1", "apiPassword": "s"}
    parameters = settings.template_parameters()
    assert parameters["TwilioApiUrl"] == "https://api.twilio.com"
    assert parameters["TwilioNumber"] == ""  # nobody has said yet which one is theirs
    assert parameters["TwilioAccountSid"] == sid
    assert parameters["PublicBaseUrl"] == "https://tunnel.example/local"


def test_load_with_credentials_and_no_public_address_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", f"AC{'1' * 32}")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "one")
    with pytest.raises(SystemExit, match="DRAGOMAN_PUBLIC_BASE_URL"):
        config.load()


@pytest.mark.parametrize("value", ["", "eighty", "0", "65536", "-1"])
def test_port_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DRAGOMAN_GATEWAY_PORT", value)
    with pytest.raises(SystemExit, match="DRAGOMAN_GATEWAY_PORT"):
        config.load()


def test_settings_show_no_secret() -> None:
    settings = config.load()
    assert settings.twilio.api_password not in repr(settings)


def test_parameters_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_DESK_LANGUAGES", "fr")
    assert config.load().template_parameters()["DeskLanguages"] == "fr"
