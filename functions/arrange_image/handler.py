"""Lambda `arrange_image`, called by the machine `image`."""

from typing import Any

from arrange_image.logic import arrange
from dragoman.observability import count, logger, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"labels", "text", "moderation", "thumbnails"}, each {"status": "done", …} or {"status": "failed", "error"}, to
    logic.Arranged.

    Raises InvalidFindings.
    """
    arranged = arrange(event)
    count("ImagesArranged", flagged=str(arranged["moderation"]["flagged"]).lower())
    logger.info(
        "Image arranged",
        labels=len(arranged["labels"]),
        lines=len(arranged["lines"]),
        failed=[failure["step"] for failure in arranged["failures"]],
    )
    return {**arranged}
