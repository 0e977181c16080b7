"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import positive_int


@dataclass(frozen=True, slots=True)
class Settings:
    """retention_days: how long pictures and their records are kept."""

    retention_days: int

    @classmethod
    def from_environment(cls) -> Self:
        """Reads RETENTION_DAYS. Raises ConfigurationError."""
        return cls(positive_int("RETENTION_DAYS"))
