"""Lambda `compose_image`, called by the machine `image`."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from compose_image.logic import compose_all
from compose_image.settings import Settings
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"picture", "seen", "startedAt"?, "at"?} to logic.Composed; statemachines/image.md has the shapes.

    Raises InvalidImage and ConfigurationError.
    """
    composed = compose_all(event, settings().retention_days, datetime.now(UTC))
    announced = composed["event"]
    count("ImagesComposed", status=announced["status"], origin=announced["origin"])
    logger.info("Image composed", image_id=announced["imageId"], status=announced["status"])
    return {**composed}
