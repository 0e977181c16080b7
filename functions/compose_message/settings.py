"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import required, required_words


@dataclass(frozen=True, slots=True)
class Settings:
    """desk_languages: those that every message is translated into. account_id: the Twilio account that answers."""

    desk_languages: tuple[str, ...]
    account_id: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads DESK_LANGUAGES and TWILIO_ACCOUNT_SID. Raises ConfigurationError."""
        return cls(required_words("DESK_LANGUAGES"), required("TWILIO_ACCOUNT_SID"))
