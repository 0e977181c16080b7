"""The functions' tests need the validators that the build generates, and no network."""

import pytest

from infra.build import Project, write_validators

write_validators(Project())


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
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
