"""Lambda `compose_question`, called by the machine `question`."""

from functools import cache
from typing import Any

from compose_question.logic import compose
from compose_question.settings import Settings
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"question", "kind", "contactLanguage", "words", "now"} to logic.Composed.

    Raises InvalidWording or ConfigurationError.
    """
    composed = compose(event, settings())
    count("QuestionsComposed", kind=event["kind"])
    logger.info("Question composed", message_id=composed["message"]["messageId"], kind=event["kind"])
    return {**composed}
