"""Lambda `arrange_question`, called by the machine `question`."""

from functools import cache
from typing import Any

from arrange_question.logic import arrange
from arrange_question.settings import Settings
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"questionId", "request", "startedAt"} to logic.Arranged. Raises ConfigurationError."""
    arranged = arrange(event, settings())
    count("QuestionsArranged", refused=str(bool(arranged["refused"])).lower())
    choices = len(arranged["question"]["choices"])
    logger.info("Question arranged", question_id=arranged["question"]["questionId"], choices=choices)
    return {**arranged}
