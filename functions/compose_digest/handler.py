"""Lambda `compose_digest`, called by the machine `digest`."""

from functools import cache
from typing import Any

from compose_digest.logic import compose
from compose_digest.pages import read_pages
from compose_digest.settings import Settings
from compose_digest.store import reader
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"plan": {"day", "timeZone", "window", "complete"}, "slices": [{"prefix", "pages"}], "now"} to logic.Composed.

    Raises RowsMissing, InvalidDigest and ConfigurationError.
    """
    pages = read_pages(reader(settings().media_bucket), event["slices"])
    composed = compose(event["plan"], event["now"], pages, settings().prices, settings().retention_days)
    count("DigestsComposed")
    logger.info("Digest composed", day=composed["event"]["day"], pages=len(pages), rows=composed["rows"])
    return {**composed}
