"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.choices import silencing
from dragoman.settings import optional, positive_int, required_words, words


@dataclass(frozen=True, slots=True)
class Settings:
    """language: the one a question is asked in unless it says so itself, the desk's first. number: ours, in E.164;
    empty where the deployment names none. retention_days: how long a question is kept after its deadline.
    silencing: the words that silence a contact."""

    language: str
    number: str
    retention_days: int
    silencing: frozenset[str]

    @classmethod
    def from_environment(cls) -> Self:
        """Reads DESK_LANGUAGES, TWILIO_NUMBER, RETENTION_DAYS and OPT_OUT_WORDS. Raises ConfigurationError."""
        return cls(
            required_words("DESK_LANGUAGES")[0],
            optional("TWILIO_NUMBER"),
            positive_int("RETENTION_DAYS"),
            silencing(words("OPT_OUT_WORDS")),
        )
