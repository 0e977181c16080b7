"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from dragoman.errors import ConfigurationError
from dragoman.settings import positive_int, required

DEFAULT_MAX_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """media_bucket: where files are kept. secret_id: the secret with the API's credentials. api_url: where Twilio's
    REST API answers, without a slash at its end. max_bytes: the largest file to keep."""

    media_bucket: str
    secret_id: str
    api_url: str
    max_bytes: int

    @classmethod
    def from_environment(cls) -> Self:
        """Reads MEDIA_BUCKET, TWILIO_SECRET_ID, TWILIO_API_URL and MAX_BYTES (20 MiB unless set). Raises
        ConfigurationError."""
        return cls(
            required("MEDIA_BUCKET"),
            required("TWILIO_SECRET_ID"),
            _checked_url(required("TWILIO_API_URL").rstrip("/")),
            positive_int("MAX_BYTES", DEFAULT_MAX_BYTES),
        )


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username is not None:
        raise ConfigurationError("TWILIO_API_URL is not a URL such as https://api.twilio.com")
    return url
