"""Lambda `choose_questions`, called by the machine `answer`."""

from typing import Any

from choose_questions.logic import choose
from dragoman.observability import count, logger, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"text", "messageId", "questions"} to logic.Chosen. Raises ConfigurationError."""
    chosen = choose(event)
    count("AnswersConsidered", coded=str(bool(chosen["code"])).lower())
    logger.info("Questions chosen", questions=len(chosen["keys"]), strange=chosen["strange"])
    return {**chosen}
