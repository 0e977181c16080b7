"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import required, required_words


@dataclass(frozen=True, slots=True)
class Settings:
    """tickets_table: where tickets are kept. desk_languages: those that every message is translated into; the first is
    an operator's who says nothing."""

    tickets_table: str
    desk_languages: tuple[str, ...]

    @classmethod
    def from_environment(cls) -> Self:
        """Reads TICKETS_TABLE and DESK_LANGUAGES. Raises ConfigurationError."""
        return cls(required("TICKETS_TABLE"), required_words("DESK_LANGUAGES"))
