"""Lambda `normalise_receipt`, called by the machine `receipt`."""

from functools import cache
from typing import Any

from dragoman.observability import count, logger, observed
from dragoman.secrets import TokenSource
from dragoman.webhooks import Webhook
from normalise_receipt.logic import looked_up, receipt
from normalise_receipt.settings import Settings

settings = cache(Settings.from_environment)


@cache
def tokens() -> TokenSource:
    """The tokens' cache, one for the life of the execution environment."""
    return TokenSource(settings().secret_id)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A webhook as normalise_webhook takes it, or {"resource", "outboundId", "address", "at"} from the machine
    `reconcile`, to {"receipt": Receipt}.

    Raises SignatureRejected and InvalidWebhook, which `receipt` catches by name, and ConfigurationError.
    """
    if "resource" in event:
        found = looked_up(event)
    else:
        found = receipt(Webhook.from_event(event), settings().public_base_url, tokens())
    status = found["status"] if found["rank"] != "0" else "other"
    count("ReceiptsReceived", status=status)
    logger.info("Receipt", outbound_id=found["outboundId"], status=status, error_code=found["errorCode"])
    return {"receipt": found}
