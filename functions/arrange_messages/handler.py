"""Lambda `arrange_messages`, called by the machine `desk`."""

from typing import Any

from arrange_messages.logic import arrange
from dragoman.observability import count, logger, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"mode", "request", "items", "more", "language", "room", "now"} to {"frame", "missing"}. Raises InvalidPage."""
    arranged = arrange(event)
    shown, missing = len(arranged["frame"]["messages"]), len(arranged["missing"])
    count("PagesArranged", mode=event["mode"])
    logger.info("Page arranged", mode=event["mode"], messages=shown, missing=missing)
    return {**arranged}
