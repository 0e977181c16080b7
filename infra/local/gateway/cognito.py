"""Authorizers of type COGNITO_USER_POOLS: the caller's token is one of the user pool's.

"Control access to REST APIs using Amazon Cognito user pools as an authorizer" (API Gateway developer guide). A method
that asks for no scopes takes ID tokens only.
"""

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import jwt

from infra.local.aws import clients
from infra.local.gateway.errors import ApiDefinitionError, GatewayError

if TYPE_CHECKING:
    from infra.local.gateway.app import Request

EXPIRED: Final = "The incoming token has expired"
_EXTENSION: Final = "x-amazon-apigateway-authorizer"
_TIMES: Final = ("exp", "iat")
# A token signed with a key that is not known asks for the keys anew, but not more often than this.
_REFETCH_SECONDS: Final = 10.0

JwksUrl = Callable[[str], str]
"""Where the keys of a user pool (its id) are."""


class CognitoAuthorizer:
    """Checks signature, issuer, expiry and use of the token in the scheme's header against the scheme's user pools."""

    def __init__(self, jwks_url: JwksUrl) -> None:
        self._keys = _Keys(jwks_url)

    async def __call__(self, request: "Request", scheme: Mapping[str, Any]) -> dict[str, Any]:
        """`{"claims": {name: text}}` as `$context.authorizer`. Raises UNAUTHORIZED, AUTHORIZER_FAILURE."""
        header = str(scheme.get("name", "Authorization")).lower()
        value = next((text for name, text in request.headers if name.lower() == header), "")
        token = value.removeprefix("Bearer ").strip()
        if not token:
            raise GatewayError("UNAUTHORIZED")
        return {"claims": await asyncio.to_thread(self._claims, token, pools(scheme))}

    def _claims(self, token: str, arns: list[str]) -> dict[str, str]:
        issuers = {_issuer(arn): arn.rpartition("/")[2] for arn in arns}
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            if issuer not in issuers:
                raise GatewayError("UNAUTHORIZED", reason="the token is of another user pool")
            key = self._keys.find(issuers[issuer], jwt.get_unverified_header(token).get("kid"))
            # An ID token's audience is the client's id, and every client of the pool is let in.
            claims = jwt.decode(
                token, key, algorithms=["RS256"], issuer=issuer,
                options={"verify_aud": False, "require": ["exp", "iat", "sub", "token_use"]},
            )  # fmt: skip
        except jwt.ExpiredSignatureError as error:
            raise GatewayError("UNAUTHORIZED", EXPIRED, reason="expired") from error
        except jwt.PyJWTError as error:
            raise GatewayError("UNAUTHORIZED", reason=type(error).__name__) from error
        if claims["token_use"] != "id":
            raise GatewayError("UNAUTHORIZED", reason="not an ID token")
        return {name: _text(name, value) for name, value in claims.items()}


def operator_authorizer() -> CognitoAuthorizer:
    """The authorizer for user pools of the embedded AWS."""
    return CognitoAuthorizer(lambda pool: f"{clients.endpoint()}/{pool}/.well-known/jwks.json")


class _Keys:
    """The public keys of the pools, fetched when they are first asked for."""

    def __init__(self, jwks_url: JwksUrl) -> None:
        self._url = jwks_url
        self._known: dict[str, tuple[float, dict[str, jwt.PyJWK]]] = {}
        self._lock = threading.Lock()

    def find(self, pool: str, kid: str | None) -> jwt.PyJWK:
        """The key. Raises UNAUTHORIZED for a key the pool does not have, AUTHORIZER_FAILURE without an answer."""
        with self._lock:
            fetched, keys = self._known.get(pool, (0.0, {}))
            if kid not in keys and time.monotonic() - fetched > _REFETCH_SECONDS:
                keys = self._fetch(pool)
                self._known[pool] = (time.monotonic(), keys)
        if kid is None or kid not in keys:
            raise GatewayError("UNAUTHORIZED", reason="signed with a key that is not the pool's")
        return keys[kid]

    def _fetch(self, pool: str) -> dict[str, jwt.PyJWK]:
        try:
            with urllib.request.urlopen(self._url(pool), timeout=5) as answer:
                return {key.key_id or "": key for key in jwt.PyJWKSet.from_dict(json.load(answer)).keys}
        except (OSError, ValueError, jwt.PyJWTError, urllib.error.URLError) as error:
            raise GatewayError("AUTHORIZER_FAILURE", reason=f"no keys of the user pool: {error}") from error


def pools(scheme: Mapping[str, Any]) -> list[str]:
    """The ARNs of a security scheme's user pools. Raises ApiDefinitionError if it has none or is of another type."""
    extension = scheme.get(_EXTENSION) or {}
    arns = [str(arn) for arn in extension.get("providerARNs") or ()]
    if extension.get("type") != "cognito_user_pools" or not arns:
        raise ApiDefinitionError("the authorizer is not of type cognito_user_pools, or has no providerARNs")
    return arns


def _issuer(arn: str) -> str:
    return f"https://cognito-idp.{arn.split(':')[3]}.amazonaws.com/{arn.rpartition('/')[2]}"


def _text(name: str, value: Any) -> str:
    """A claim as API Gateway hands it on: everything is text, times are written as Java's Date does."""
    if name in _TIMES:
        return datetime.fromtimestamp(int(value), UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
