"""Lambda `plan_digest`, called by the machine `digest`."""

from typing import Any

from dragoman.observability import count, logger, observed
from plan_digest.logic import plan


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"request", "now", "timeZone", "sentimentTexts"} to logic.Plan. Raises InvalidDay and ConfigurationError."""
    planned = plan(event)
    count("DigestsPlanned")
    logger.info("Digest planned", day=planned["day"], slices=len(planned["slices"]))
    return {**planned}
