"""Lambda `fetch_media`, called by the machine `message` for each file of a message."""

from functools import cache
from typing import Any

from dragoman.credentials import Credentials, parse_credentials
from dragoman.observability import count, logger, observed
from dragoman.secrets import SecretSource
from fetch_media.download import Limits
from fetch_media.logic import Reference, fetch
from fetch_media.settings import Settings
from fetch_media.storage import Originals

settings = cache(Settings.from_environment)


@cache
def credentials() -> SecretSource[Credentials]:
    """The credentials' cache, one for the life of the execution environment."""
    return SecretSource(settings().secret_id, parse_credentials)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"messageId", "accountId", "index", "url", "contentType"} to logic.Fetched.

    Raises MediaForged, MediaTooLarge and MediaUnavailable, which are final, MediaNotReady and
    MediaTemporarilyUnavailable, which `message` tries again, and ConfigurationError.
    """
    reference, given = Reference.from_event(event), settings()
    originals = Originals(given.media_bucket)
    fetched = fetch(reference, given.api_url, Limits(given.max_bytes), credentials(), originals)
    count("MediaFetched")
    logger.info("Media fetched", message_id=reference.message_id, index=reference.index, bytes=fetched["bytes"])
    return {**fetched}
