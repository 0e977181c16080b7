"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import required


@dataclass(frozen=True, slots=True)
class Settings:
    """tickets_table: where tickets are kept."""

    tickets_table: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads TICKETS_TABLE. Raises ConfigurationError."""
        return cls(required("TICKETS_TABLE"))
