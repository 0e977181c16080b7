"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import required, required_words


@dataclass(frozen=True, slots=True)
class Settings:
    """desk_languages: those that every message is translated into. account_id: the Twilio account that sends. number:
    ours, in E.164."""

    desk_languages: tuple[str, ...]
    account_id: str
    number: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads DESK_LANGUAGES, TWILIO_ACCOUNT_SID and TWILIO_NUMBER. Raises ConfigurationError."""
        return cls(required_words("DESK_LANGUAGES"), required("TWILIO_ACCOUNT_SID"), required("TWILIO_NUMBER"))
