"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import required, required_words


@dataclass(frozen=True, slots=True)
class Settings:
    """The tables' names. language: the one an entry is written in unless it says so itself, the desk's first."""

    directory_table: str
    keywords_table: str
    language: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads DIRECTORY_TABLE, KEYWORDS_TABLE and DESK_LANGUAGES. Raises ConfigurationError."""
        return cls(required("DIRECTORY_TABLE"), required("KEYWORDS_TABLE"), required_words("DESK_LANGUAGES")[0])
