"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import base_url, required


@dataclass(frozen=True, slots=True)
class Settings:
    """public_base_url: what stands before /twilio/status in the URL that Twilio calls, without a slash at its end;
    empty when that is the API's own address. secret_id: the secret in Secrets Manager that holds the auth tokens."""

    public_base_url: str
    secret_id: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads PUBLIC_BASE_URL and TWILIO_SECRET_ID. Raises ConfigurationError."""
        return cls(base_url("PUBLIC_BASE_URL"), required("TWILIO_SECRET_ID"))
