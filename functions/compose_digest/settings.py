"""What the deployment decides about this function."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dragoman.settings import positive_int, required

# The build puts docs/cost/prices.json here.
PRICES = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, slots=True)
class Settings:
    """media_bucket: where the slices' rows are. retention_days: how long a digest is kept, for it quotes people.
    prices: docs/cost/prices.json."""

    media_bucket: str
    retention_days: int
    prices: dict[str, Any]

    @classmethod
    def from_environment(cls) -> Self:
        """Reads MEDIA_BUCKET, RETENTION_DAYS and the prices. Raises ConfigurationError."""
        prices = json.loads(PRICES.read_text(encoding="utf-8"))
        return cls(required("MEDIA_BUCKET"), positive_int("RETENTION_DAYS"), prices)
