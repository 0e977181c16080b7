"""A WebSocket API as `infra.local.aws.apis.socket_api()` gives it, read into what the gateway runs.

What the gateway could not serve as API Gateway does raises ApiDefinitionError before the first connection: Lambda, HTTP
and VPC integrations, authorizers of another kind than REQUEST, selection expressions of templates that are not static.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.local.gateway import jsonpath
from infra.local.gateway.errors import ApiDefinitionError
from infra.local.gateway.integrations import DEFAULT_TYPE
from infra.local.gateway.java_values import MISSING, TemplateError, to_text
from infra.local.gateway.model import (
    MAX_TIMEOUT_MS,
    PASSTHROUGH,
    Api,
    Integration,
    IntegrationResponse,
    Method,
    Validation,
    service_uri,
)
from infra.local.gateway.vtl import Template

CONNECT: Final = "$connect"
DISCONNECT: Final = "$disconnect"
DEFAULT: Final = "$default"
_BODY_PATH: Final = re.compile(r"\$\{?request\.body\.([A-Za-z0-9_.\[\]-]+)\}?")
_PATTERN: Final = re.compile(r"/(.+)/", re.DOTALL)
_IDENTITY: Final = re.compile(r"route\.request\.(querystring|header)\.(.+)")


@dataclass(frozen=True)
class SocketAuthorizer:
    """A Lambda authorizer: `sources` are the (querystring|header, name) pairs that must be there."""

    function: Integration
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SocketRoute:
    """One route; `responds` says whether its answer goes back to the client."""

    method: Method
    responds: bool
    authorizer: SocketAuthorizer | None


@dataclass(frozen=True)
class SocketApi:
    """A deployed WebSocket API; `selection` is the JSONPath of the member of a message that names its route."""

    api: Api
    selection: str
    routes: Mapping[str, SocketRoute]

    def route(self, body: str) -> SocketRoute | None:
        """The route of a message: by its content, else `$default`, None without one."""
        try:
            value = jsonpath.find(json.loads(body), self.selection)
        except (ValueError, TemplateError):
            value = MISSING
        key = "" if value is MISSING or value is None or isinstance(value, dict | list) else to_text(value)
        # $connect and $disconnect happen, they cannot be asked for.
        return self.routes.get(DEFAULT if key.startswith("$") else key) or self.routes.get(DEFAULT)


def compile_sockets(api: Mapping[str, Any]) -> SocketApi:
    """Reads `socket_api()`. Raises ApiDefinitionError, naming the route."""
    expression = str(api["routeSelectionExpression"])
    selection = _BODY_PATH.fullmatch(expression)
    if not selection:
        raise ApiDefinitionError(f"RouteSelectionExpression {expression}: only $request.body.… is served")
    document = Api(str(api["apiId"]), str(api["stage"]), dict(api.get("stageVariables") or {}))
    routes = {str(spec["routeKey"]): _Route(spec).route() for spec in api["routes"]}
    return SocketApi(document, f"$.{selection[1]}", routes)


class _Route:
    """Reads one route."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec
        self.key = str(spec["routeKey"])

    def fail(self, message: str) -> ApiDefinitionError:
        return ApiDefinitionError(f"route {self.key}: {message}")

    def route(self) -> SocketRoute:
        method = Method(self.key, "", "", self.integration(), Validation(), api_key_required=False, authorizer="")
        authorizer = self.spec.get("authorizer")
        if authorizer is not None and self.key != CONNECT:
            raise self.fail("only $connect can have an authorizer")
        return SocketRoute(method, bool(self.spec.get("responds")), self.authorizer(authorizer) if authorizer else None)

    def integration(self) -> Integration:
        spec = self.spec.get("integration")
        if not spec:
            raise self.fail("its Target names no integration")
        kind = str(spec.get("IntegrationType", ""))
        if kind not in ("AWS", "MOCK"):
            raise self.fail(f"integration type {kind} is not served (only AWS, MOCK)")
        passthrough = str(spec.get("PassthroughBehavior") or "WHEN_NO_MATCH").lower()
        timeout = int(spec.get("TimeoutInMillis") or MAX_TIMEOUT_MS)
        if passthrough not in PASSTHROUGH or not 50 <= timeout <= MAX_TIMEOUT_MS:
            raise self.fail("unknown PassthroughBehavior, or a TimeoutInMillis that is not between 50 and 29000")
        return Integration(
            type=kind.lower(),
            uri=None if kind == "MOCK" else service_uri(str(spec.get("IntegrationUri") or "")),
            http_method=str(spec.get("IntegrationMethod") or "POST"),
            credentials=str(spec.get("CredentialsArn") or ""),
            templates=self.templates(spec, "RequestTemplates"),
            parameters=self.none_of(spec, "RequestParameters"),
            passthrough=passthrough,
            responses=tuple(self.responses()),
            timeout_ms=timeout,
        )

    def templates(self, spec: Mapping[str, Any], name: str) -> dict[str, Template]:
        """The template that the selection expression chooses, as the one for JSON; {} if there is none of that key."""
        templates = spec.get(name) or {}
        expression = str(spec.get("TemplateSelectionExpression") or r"\$default")
        # "A dollar sign can be escaped with a backslash" ("WebSocket selection expressions").
        if "$" in expression.replace(r"\$", ""):
            raise self.fail(f"TemplateSelectionExpression {expression}: only static ones are served")
        text = templates.get(expression.replace(r"\$", "$"))
        if text is None:
            return {}
        try:
            return {DEFAULT_TYPE: Template(text, f"{self.key} {name}")}
        except TemplateError as error:
            raise self.fail(str(error)) from error

    def none_of(self, spec: Mapping[str, Any], name: str) -> dict[str, str]:
        if spec.get(name):
            raise self.fail(f"{name} are not served")
        return {}

    def responses(self) -> Iterable[IntegrationResponse]:
        for spec in self.spec.get("integrationResponses") or ():
            key = str(spec.get("IntegrationResponseKey"))
            parameters = self.none_of(spec, "ResponseParameters")
            yield IntegrationResponse(200, self.pattern(key), self.templates(spec, "ResponseTemplates"), parameters)

    def pattern(self, key: str) -> re.Pattern[str] | None:
        if key == DEFAULT:
            return None
        found = _PATTERN.fullmatch(key)
        try:
            if found:
                return re.compile(found[1])
        except re.error as error:
            raise self.fail(f"IntegrationResponseKey {key} is a bad pattern") from error
        raise self.fail(f"IntegrationResponseKey {key} is neither $default nor a pattern between slashes")

    def authorizer(self, spec: Mapping[str, Any]) -> SocketAuthorizer:
        uri = service_uri(str(spec.get("AuthorizerUri") or ""))
        if spec.get("AuthorizerType") != "REQUEST" or not uri.function_arn:
            raise self.fail("its authorizer is not a Lambda function of type REQUEST")
        sources = [_IDENTITY.fullmatch(str(source)) for source in spec.get("IdentitySource") or ()]
        if not all(sources):
            raise self.fail("an identity source is neither route.request.querystring.… nor route.request.header.…")
        function = Integration("aws_proxy", uri, "POST", "", {}, {}, "never", (), MAX_TIMEOUT_MS)
        return SocketAuthorizer(function, tuple((found[1], found[2]) for found in sources if found))
