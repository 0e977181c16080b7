"""Lambda `compose_message`, called by the machine `desk`."""

from functools import cache
from typing import Any

from compose_message.logic import compose
from compose_message.settings import Settings
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"request", "connection", "conversation"?, "now"} to {"message": Message}.

    Raises InvalidFrame, InvalidMessage or ConfigurationError.
    """
    message = compose(event, settings().desk_languages, settings().account_id)
    count("MessagesWritten", direction=message["direction"])
    logger.info("Message written", message_id=message["messageId"], direction=message["direction"])
    return {"message": message}
