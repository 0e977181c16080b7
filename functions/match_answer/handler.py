"""Lambda `match_answer`, called by the machine `answer`."""

from typing import Any

from dragoman.observability import count, logger, observed
from match_answer.logic import match


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"message", "code", "questions", "strangers"} to logic.Match. Raises InvalidQuestion or ConfigurationError."""
    matched = match(event)
    count("AnswersMatched", state=matched["section"]["state"])
    logger.info("Answer matched", state=matched["section"]["state"], question_id=matched["questionId"])
    return {**matched}
