"""Lambda `arrange_broadcast`, called by the machine `broadcast`."""

from typing import Any

from arrange_broadcast.logic import arrange
from dragoman.observability import count, logger, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"type", "detail", "report"?, "connections"} to {"groups", "rest"}. Raises InvalidBroadcast."""
    arranged = arrange(event)
    count("BroadcastsArranged", type=event["type"])
    logger.info(
        "Broadcast arranged", type=event["type"], groups=len(arranged["groups"]), connections=len(event["connections"])
    )
    return {**arranged}
