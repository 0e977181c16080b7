"""Lambda `choose_entries`, called by the machine `message`."""

from typing import Any

from choose_entries.logic import choose
from dragoman.observability import count, logger, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"found", "keys"?} to logic.Chosen. Raises ConfigurationError."""
    chosen = choose(event)
    count("QuestionsLookedUp", found=str(chosen["any"]).lower())
    logger.info("Entries chosen", entry_ids=chosen["entryIds"])
    return {**chosen}
