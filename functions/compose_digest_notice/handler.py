"""Lambda `compose_digest_notice`, called by the machine `digest`."""

from functools import cache
from typing import Any

from compose_digest_notice.logic import notice
from compose_digest_notice.settings import Settings
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"item": of table Digests, "subscription": of table Subscriptions, "run", "now"} to logic.Notice.

    Raises InvalidNotice and ConfigurationError.
    """
    composed = notice(event, settings())
    count("DigestNoticesComposed", kind=composed["kind"])
    logger.info("Digest notice composed", subscription_id=composed["subscriptionId"], kind=composed["kind"])
    return {**composed}
