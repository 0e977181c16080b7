"""What the secret for Twilio holds, from Secrets Manager. The only module with its client.

boto3 is imported with the module, so that it is loaded while Lambda initialises the function (at full speed, whatever
its memory); the secret itself is fetched on first use.
"""

import json
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dragoman.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_SECONDS = 300
REFETCH_SECONDS = 30
STALE_SECONDS = 3600
# Twilio waits 15 s for its answer: better a quick failure than none.
CLIENT_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 2})


def fetch_secret(secret_id: str) -> str:
    """The secret's text from Secrets Manager. Raises ConfigurationError when it cannot be read."""
    try:
        return _client().get_secret_value(SecretId=secret_id)["SecretString"]
    except (BotoCoreError, ClientError, KeyError) as error:
        raise ConfigurationError(f"The secret for Twilio cannot be read ({type(error).__name__})") from error


@cache
def _client() -> "SecretsManagerClient":
    return boto3.client("secretsmanager", config=CLIENT_CONFIG)


def parse_tokens(secret: str) -> tuple[str, ...]:
    """The tokens in a secret such as {"authTokens": ["…", "…"]}, blank ones left out.

    Raises ConfigurationError when it is something else or holds no token.
    """
    try:
        tokens = json.loads(secret)["authTokens"]
    except (ValueError, KeyError, TypeError):
        # The cause is dropped: its text could hold part of the secret.
        raise ConfigurationError('The secret is not JSON with a list "authTokens"') from None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ConfigurationError('"authTokens" in the secret is not a list of strings')
    if not any(token.strip() for token in tokens):
        raise ConfigurationError("No auth token is configured")
    return tuple(token.strip() for token in tokens if token.strip())


Value = TypeVar("Value")


class SecretSource(Generic[Value]):
    """What a secret holds, cached for five minutes and fetched again at once, but at most every 30 s, when it did not
    serve.

    While Secrets Manager does not answer, what was last fetched serves for up to an hour: Twilio does not send a
    refused message again. With nothing fetched every use raises ConfigurationError.
    """

    def __init__(
        self,
        secret_id: str,
        parse: Callable[[str], Value],
        fetch: Callable[[str], str] = fetch_secret,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret_id = secret_id
        self._parse = parse
        self._fetch = fetch
        self._clock = clock
        self._value: Value | None = None
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    def current(self) -> Value:
        """What is accepted now. Raises ConfigurationError."""
        if self._value is None or self._older_than(self._fetched_at, CACHE_SECONDS):
            self._fetch_or_keep()
        if self._value is None:
            raise ConfigurationError("The secret for Twilio could not be read a moment ago")
        return self._value

    def renewed(self) -> Value | None:
        """What is in Secrets Manager now, when the current value did not serve: None while that was asked within 30 s,
        or when it is the same."""
        if not self._older_than(self._tried_at, REFETCH_SECONDS):
            return None
        before = self._value
        self._fetch_or_keep()
        return None if self._value == before else self._value

    def _older_than(self, moment: float, seconds: float) -> bool:
        return self._clock() - moment >= seconds

    def _fetch_or_keep(self) -> None:
        keep = self._value is not None and not self._older_than(self._fetched_at, STALE_SECONDS)
        if keep and not self._older_than(self._tried_at, REFETCH_SECONDS):
            return
        self._tried_at = self._clock()
        try:
            secret = self._fetch(self._secret_id)
        except ConfigurationError:
            if keep:
                return
            raise
        # A secret that was read and holds nothing of use any more ends the old value at once.
        self._value = None
        self._value = self._parse(secret)
        self._fetched_at = self._clock()


class TokenSource(SecretSource[tuple[str, ...]]):
    """The auth tokens that webhooks may be signed with."""

    def __init__(
        self,
        secret_id: str,
        fetch: Callable[[str], str] = fetch_secret,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(secret_id, parse_tokens, fetch, clock)

    def refreshed(self) -> tuple[str, ...]:
        """The tokens as they are now in Secrets Manager, for a signature that matched none: empty when nothing is
        new."""
        before = self._value or ()
        return tuple(token for token in self.renewed() or () if token not in before)
