"""Lambda `arrange_entry`, called by the machine `directory`."""

from functools import cache
from typing import Any

from arrange_entry.logic import arrange
from arrange_entry.settings import Settings
from dragoman.identifiers import new_entry_id
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"operation", "entryId", "ifMatch", "idempotencyKey", "body", "current"?, "now"} to logic.Arranged.

    Raises InvalidEntry, NotFound, KeyReused, PreconditionRequired, PreconditionFailed or ConfigurationError.
    """
    arranged = arrange(event, settings(), new_entry_id)
    entry_id, writes = arranged["output"]["entryId"], len(arranged["transactItems"])
    count("EntriesArranged", operation=event["operation"])
    logger.info("Entry arranged", operation=event["operation"], entry_id=entry_id, writes=writes)
    return {**arranged}
