"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.choices import silencing
from dragoman.settings import required, required_words, words


@dataclass(frozen=True, slots=True)
class Settings:
    """desk_languages: those that every message is translated into. account_id: the Twilio account that sends. number:
    ours, in E.164. silencing: the words that silence a contact."""

    desk_languages: tuple[str, ...]
    account_id: str
    number: str
    silencing: frozenset[str]

    @classmethod
    def from_environment(cls) -> Self:
        """Reads DESK_LANGUAGES, TWILIO_ACCOUNT_SID, TWILIO_NUMBER and OPT_OUT_WORDS. Raises ConfigurationError."""
        return cls(
            required_words("DESK_LANGUAGES"),
            required("TWILIO_ACCOUNT_SID"),
            required("TWILIO_NUMBER"),
            silencing(words("OPT_OUT_WORDS")),
        )
