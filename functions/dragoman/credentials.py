"""The credentials of Twilio's REST API, as the secret holds them."""

import json
from typing import NamedTuple

from dragoman.errors import ConfigurationError


class Credentials(NamedTuple):
    """What signs requests to Twilio's REST API: an API key and its secret, or an account SID and its auth token."""

    user: str
    password: str


def parse_credentials(secret: str) -> Credentials:
    """The credentials in a secret such as {"apiUser": "SK…", "apiPassword": "…"}.

    Raises ConfigurationError when it is something else or one of them is blank.
    """
    try:
        document = json.loads(secret)
        found = Credentials(document["apiUser"], document["apiPassword"])
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError('The secret is not JSON with "apiUser" and "apiPassword"') from None
    if not all(isinstance(part, str) and part.strip() for part in found):
        raise ConfigurationError('"apiUser" or "apiPassword" in the secret is no text or blank')
    return Credentials(found.user.strip(), found.password.strip())
