"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import required


@dataclass(frozen=True, slots=True)
class Settings:
    """mail_from: who e-mails come from."""

    mail_from: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads MAIL_FROM. Raises ConfigurationError."""
        return cls(required("MAIL_FROM"))
