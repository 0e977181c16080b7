"""Lambda `normalise_webhook`, called by the machine `intake`."""

from functools import cache
from typing import Any

from dragoman.observability import count, logger, observed
from dragoman.secrets import TokenSource
from dragoman.validation import validator
from dragoman.webhooks import Webhook
from normalise_webhook.logic import receive
from normalise_webhook.settings import Settings

settings = cache(Settings.from_environment)
validate_message = validator("message")


@cache
def tokens() -> TokenSource:
    """The tokens' cache, one for the life of the execution environment."""
    return TokenSource(settings().secret_id)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"body", "signature", "query", "path", "domain", "stagePath", "requestId", "receivedAtMs"} to {"message":
    Message}.

    Raises SignatureRejected and InvalidWebhook, which `intake` catches by name, and ConfigurationError.
    """
    wanted = settings()
    message = receive(Webhook.from_event(event), wanted.public_base_url, tokens(), wanted.keywords)
    validate_message(message)
    count("MessagesReceived", channel=message["channel"])
    logger.info(
        "Message received", message_id=message["messageId"], channel=message["channel"], media=len(message["media"])
    )
    return {"message": message}
