"""The functions' tests need the validators that the build generates, and no network."""

import sys
from io import StringIO

import pytest

from dragoman.observability import logger
from infra.build import Project, write_validators

write_validators(Project())


class CurrentStdout(StringIO):
    """Writes to whatever sys.stdout is by then."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)


@pytest.fixture(autouse=True)
def _logs_to_current_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log handler took hold of stdout when the module was imported; pytest puts another there for each phase."""
    monkeypatch.setattr(logger.registered_handler, "stream", CurrentStdout())


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment's environment; nothing in it can reach AWS."""
    for name, value in {
        "PUBLIC_BASE_URL": "https://dragoman.example/prod",
        "TWILIO_SECRET_ID": "dragoman/twilio",
        "TWILIO_API_URL": "https://api.twilio.com",
        "RETENTION_DAYS": "30",
        "MEDIA_BUCKET": "dragoman-media",
        "IMAGES_TABLE": "dragoman-images",
        "TICKETS_TABLE": "dragoman-tickets",
        "DIRECTORY_TABLE": "dragoman-directory",
        "KEYWORDS_TABLE": "dragoman-directory-keywords",
        "DESK_LANGUAGES": "en,es,pt",
        "TWILIO_ACCOUNT_SID": "AC0a1b2c3d4e5f67890a1b2c3d4e5f6789",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
