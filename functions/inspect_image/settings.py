"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import required


@dataclass(frozen=True, slots=True)
class Settings:
    """media_bucket: where pictures are kept."""

    media_bucket: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads MEDIA_BUCKET. Raises ConfigurationError."""
        return cls(required("MEDIA_BUCKET"))
