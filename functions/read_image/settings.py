"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import required


@dataclass(frozen=True, slots=True)
class Settings:
    """images_table: the table of the records. media_bucket: where the files are."""

    images_table: str
    media_bucket: str

    @classmethod
    def from_environment(cls) -> Self:
        """Reads IMAGES_TABLE and MEDIA_BUCKET. Raises ConfigurationError."""
        return cls(required("IMAGES_TABLE"), required("MEDIA_BUCKET"))
