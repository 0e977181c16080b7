"""User pool authorizers: which tokens are let in, and what integrations are told of them."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.gateway.app import Gateway, create_app
from infra.local.gateway.cognito import CognitoAuthorizer
from infra.local.gateway.errors import ApiDefinitionError
from infra.local.gateway.invoker import AwsRequest, AwsResponse
from tests.unit.local.gateway.support import FakeAws, ask, json_response, mock, operation, rest_api

POOL = "eu-west-1_Pool1"
ISSUER = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:tickets"
SCHEME = {
    "type": "apiKey",
    "name": "Authorization",
    "in": "header",
    "x-amazon-apigateway-authtype": "cognito_user_pools",
    "x-amazon-apigateway-authorizer": {
        "type": "cognito_user_pools",
        "providerARNs": [f"arn:aws:cognito-idp:eu-west-1:000000000000:userpool/{POOL}"],
    },
}
CLAIMS = {"iss": ISSUER, "sub": "op-1", "token_use": "id", "iat": 1, "exp": 9_000_000_000}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A directory that stands for the pool's well-known address."""
    key = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "one", "alg": "RS256"}
    (tmp_path / POOL).write_text(json.dumps({"keys": [key]}))
    return tmp_path


def token(key: rsa.RSAPrivateKey = KEY, kid: str = "one", **claims: Any) -> str:
    now = int(time.time())
    made = {"iss": ISSUER, "sub": "op-1", "token_use": "id", "aud": "client", "iat": now, "exp": now + 86_400, **claims}
    return jwt.encode({k: v for k, v in made.items() if v is not None}, key, algorithm="RS256", headers={"kid": kid})


def gateway(keys: Path, aws: FakeAws | None = None) -> Gateway:
    proxy = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations",
    }
    secured: dict[str, Any] = {"security": [{"operator": []}]}
    paths = {
        "/who": {"get": operation(mock("$context.authorizer.claims.sub"), **secured)},
        "/tickets": {"post": operation(proxy, **secured)},
    }
    api = rest_api(paths, components={"securitySchemes": {"operator": SCHEME}})
    authorizers = {"operator": CognitoAuthorizer(lambda pool: (keys / pool).as_uri())}
    return create_app(api, aws or FakeAws(), authorizers=authorizers)


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_id_token_is_let_in(keys: Path, prefix: str) -> None:
    answer = ask(gateway(keys), "GET", "/local/who", headers={"Authorization": prefix + token()})
    assert (answer.status_code, answer.text) == (200, "op-1")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer ",
        "nonsense",
        "a.b.c",
        token(token_use="access"),
        token(iss=f"{ISSUER}x"),
        token(key=OTHER),
        token(kid="two"),
        token(sub=None),
        token(exp=None),
        jwt.encode(CLAIMS, "s" * 32, algorithm="HS256", headers={"kid": "one"}),
        jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": "one"}),
    ],
)
def test_any_other_token_is_unauthorized(keys: Path, given: str) -> None:
    answer = ask(gateway(keys), "GET", "/local/who", headers={"Authorization": given} if given else {})
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["x-amzn-errortype"] == "UnauthorizedException"


def test_expired_token_is_told_so(keys: Path) -> None:
    answer = ask(gateway(keys), "GET", "/local/who", headers={"Authorization": token(exp=int(time.time()) - 1)})
    assert (answer.status_code, answer.json()["message"]) == (401, "The incoming token has expired")


def test_function_gets_the_claims_as_text(keys: Path) -> None:
    seen: list[dict[str, Any]] = []

    def take(request: AwsRequest) -> AwsResponse:
        seen.append(json.loads(request.body))
        return json_response({"statusCode": 201, "body": "{}"})

    more: dict[str, Any] = {"cognito:groups": ["a", "b"], "auth_time": 5}
    given = token(email="desk@example.org", email_verified=True, **more)
    answer = ask(gateway(keys, FakeAws(take)), "POST", "/local/tickets", headers={"Authorization": given})
    claims = seen[0]["requestContext"]["authorizer"]["claims"]
    assert answer.status_code == 201
    assert (claims["sub"], claims["email"], claims["email_verified"]) == ("op-1", "desk@example.org", "true")
    assert (claims["cognito:groups"], claims["auth_time"]) == ("a,b", "5")
    assert claims["exp"].endswith(time.strftime("UTC %Y", time.gmtime()))


def test_keys_that_cannot_be_had_are_our_failure(keys: Path) -> None:
    (keys / POOL).unlink()
    answer = ask(gateway(keys), "GET", "/local/who", headers={"Authorization": token()})
    assert answer.status_code == 500


def test_authorizer_without_its_scheme_in_the_document_is_refused(keys: Path) -> None:
    paths = {"/who": {"get": operation(mock("x"), security=[{"operator": []}])}}
    api = rest_api(paths, components={"securitySchemes": {"operator": SCHEME}})
    with pytest.raises(ApiDefinitionError, match="operator"):
        create_app(api, FakeAws())
