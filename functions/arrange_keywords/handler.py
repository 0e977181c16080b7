"""Lambda `arrange_keywords`, called by the machine `message`."""

from typing import Any

from arrange_keywords.logic import arrange
from dragoman.observability import count, logger, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"text"} to logic.Arranged. Raises ConfigurationError."""
    arranged = arrange(event)
    count("QuestionsArranged")
    logger.info("Keywords arranged", keys=len(arranged["keys"]))
    return {**arranged}
