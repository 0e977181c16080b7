"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from dragoman.errors import ConfigurationError
from dragoman.settings import optional, required


@dataclass(frozen=True, slots=True)
class Settings:
    """public_base_url: what stands before /twilio/messages in the URL that Twilio calls, without a slash at its end;
    empty when that is the API's own address. secret_id: the secret in Secrets Manager that holds the auth tokens."""

    public_base_url: str
    secret_id: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads PUBLIC_BASE_URL and TWILIO_SECRET_ID. Raises ConfigurationError."""
        return cls(_checked_url(optional("PUBLIC_BASE_URL").rstrip("/")), required("TWILIO_SECRET_ID"))


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if url and (not usable or parts.query or parts.fragment):
        raise ConfigurationError("PUBLIC_BASE_URL is not a URL such as https://example.org/prod")
    return url
