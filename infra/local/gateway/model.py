"""An OpenAPI 3 document with ``x-amazon-apigateway-*`` extensions, read into what the gateway runs.

Everything is checked and compiled here, once: a document that API Gateway would refuse on import raises
ApiDefinitionError before the first request.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infra.local.gateway.errors import KINDS, ApiDefinitionError
from infra.local.gateway.java_values import TemplateError
from infra.local.gateway.vtl import Template

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
ANY: Final = "x-amazon-apigateway-any-method"
MAX_TIMEOUT_MS: Final = 29_000
"""Integration timeout of a REST API (Amazon API Gateway quotas)."""

INTEGRATION_TYPES: Final = frozenset({"aws", "aws_proxy", "mock"})
PASSTHROUGH: Final = frozenset({"when_no_match", "when_no_templates", "never"})
_SERVICE_URI: Final = re.compile(r"arn:[a-z-]+:apigateway:([a-z0-9-]+):([a-z0-9.-]+):(action|path)/(.+)", re.DOTALL)
_LAMBDA_PATH: Final = re.compile(r"/?2015-03-31/functions/(.+)/invocations")


@dataclass(frozen=True)
class ServiceUri:
    """``arn:aws:apigateway:{region}:{service}:{action|path}/{target}`` taken apart."""

    region: str
    service: str
    style: str
    target: str

    @property
    def function_arn(self) -> str:
        """The Lambda function of a ``lambda:path`` URI, '' for other services."""
        match = _LAMBDA_PATH.fullmatch(self.target) if self.service == "lambda" else None
        return match[1] if match else ""


def service_uri(text: str) -> ServiceUri:
    """Takes an integration's URI apart. Raises ApiDefinitionError for anything but an AWS service."""
    match = _SERVICE_URI.fullmatch(text)
    if not match:
        raise ApiDefinitionError(f"integration uri is not an AWS service: {text or '(none)'}")
    return ServiceUri(*match.groups())


@dataclass(frozen=True)
class IntegrationResponse:
    """One entry of the integration's ``responses``; ``pattern`` is None for the default."""

    status: int
    pattern: re.Pattern[str] | None
    templates: Mapping[str, Template]
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Integration:
    """``x-amazon-apigateway-integration``; ``uri`` is None for a mock."""

    type: str
    uri: ServiceUri | None
    http_method: str
    credentials: str
    templates: Mapping[str, Template]
    parameters: Mapping[str, str]
    passthrough: str
    responses: tuple[IntegrationResponse, ...]
    timeout_ms: int


@dataclass(frozen=True)
class Validation:
    """What the method's request validator checks: required names by place, and models by content type."""

    parameters: tuple[tuple[str, str], ...] = ()
    models: Mapping[str, dict[str, Any]] | None = None
    body_required: bool = False


@dataclass(frozen=True)
class Method:
    """One method of one resource."""

    resource_path: str
    http_method: str
    operation_id: str
    integration: Integration
    validation: Validation
    api_key_required: bool
    authorizer: str


@dataclass(frozen=True)
class GatewayResponse:
    """One entry of ``x-amazon-apigateway-gateway-responses``."""

    status: int | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass
class _Branch:
    """A node of the routing tree."""

    fixed: dict[str, "_Branch"] = field(default_factory=dict)
    parameter: tuple[str, "_Branch"] | None = None
    greedy: tuple[str, "_Branch"] | None = None
    methods: dict[str, Method] = field(default_factory=dict)


@dataclass
class Api:
    """A deployed REST API: ``rest_api_id``, ``stage`` and the compiled document."""

    rest_api_id: str
    stage: str
    stage_variables: dict[str, str] = field(default_factory=dict)
    gateway_responses: dict[str, GatewayResponse] = field(default_factory=dict)
    authorizers: dict[str, dict[str, Any]] = field(default_factory=dict)
    methods: list[Method] = field(default_factory=list)
    root: _Branch = field(default_factory=_Branch)

    def route(self, segments: list[str], http_method: str) -> tuple[Method, dict[str, str]] | None:
        """The method for a path (decoded segments after the stage) and its path parameters."""
        found = _walk(self.root, segments, {})
        if not found:
            return None
        branch, parameters = found
        method = branch.methods.get(http_method) or branch.methods.get("ANY")
        return (method, parameters) if method else None


def _walk(branch: _Branch, segments: list[str], params: dict[str, str]) -> tuple[_Branch, dict[str, str]] | None:
    """Static segments win over ``{name}``, which wins over ``{name+}``, as in API Gateway."""
    if not segments:
        return (branch, params) if branch.methods else None
    head, rest = segments[0], segments[1:]
    if (child := branch.fixed.get(head)) and (found := _walk(child, rest, params)):
        return found
    if branch.parameter and (found := _walk(branch.parameter[1], rest, {**params, branch.parameter[0]: head})):
        return found
    if branch.greedy:
        name, leaf = branch.greedy
        return leaf, {**params, name: "/".join(segments)}
    return None


def compile_api(api: Mapping[str, Any]) -> Api:
    """The API of ``infra.local.aws.apis.rest_api()``: keys restApiId, stage, body and optionally stageVariables.

    Raises ApiDefinitionError, naming the operation, for what cannot be served as API Gateway would.
    """
    body: dict[str, Any] = json.loads(json.dumps(api["body"]))
    methods: list[Method] = []
    root = _Branch()
    for path, item in (body.get("paths") or {}).items():
        for http_method, operation in _operations(item):
            method = _Reader(body, path, http_method, item, operation).method()
            methods.append(method)
            _add(root, path, method)
    return Api(
        rest_api_id=str(api.get("restApiId", "")),
        stage=str(api.get("stage", "")),
        stage_variables=dict(api.get("stageVariables") or {}),
        gateway_responses=_gateway_responses(body),
        authorizers={n: s for n, s in _security_schemes(body).items() if "x-amazon-apigateway-authorizer" in s},
        methods=methods,
        root=root,
    )


def _operations(item: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for name in METHODS:
        if name in item:
            yield name.upper(), item[name]
    if ANY in item:
        yield "ANY", item[ANY]


def _add(root: _Branch, path: str, method: Method) -> None:
    branch = root
    for segment in [part for part in path.split("/") if part]:
        branch = _child(branch, segment)
    branch.methods[method.http_method] = method


def _child(branch: _Branch, segment: str) -> _Branch:
    if not segment.startswith("{"):
        return branch.fixed.setdefault(segment, _Branch())
    name = segment.strip("{}")
    if name.endswith("+"):
        branch.greedy = branch.greedy or (name[:-1], _Branch())
        return branch.greedy[1]
    branch.parameter = branch.parameter or (name, _Branch())
    if branch.parameter[0] != name:
        raise ApiDefinitionError(f"sibling path parameters {branch.parameter[0]} and {name}")
    return branch.parameter[1]


def _security_schemes(body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return (body.get("components") or {}).get("securitySchemes") or {}


def _gateway_responses(body: Mapping[str, Any]) -> dict[str, GatewayResponse]:
    declared = body.get("x-amazon-apigateway-gateway-responses") or {}
    if unknown := set(declared) - set(KINDS):
        raise ApiDefinitionError(f"unknown gateway response types: {sorted(unknown)}")
    return {name: _gateway_response(name, spec) for name, spec in declared.items()}


def _gateway_response(name: str, spec: Mapping[str, Any]) -> GatewayResponse:
    parameters = dict(spec.get("responseParameters") or {})
    for key in parameters:
        if not re.fullmatch(r"gatewayresponse\.(header|querystring|path)\..+", key):
            raise ApiDefinitionError(f"gateway response {name}: bad parameter {key}")
    status = spec.get("statusCode")
    return GatewayResponse(int(status) if status else None, parameters, dict(spec.get("responseTemplates") or {}))


def resolve(body: Mapping[str, Any], node: Any) -> Any:
    """Follows a local ``$ref`` (``#/components/...``); other nodes are returned as they are."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = body
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
        if target is None:
            raise ApiDefinitionError(f"$ref leads nowhere: {node['$ref']}")
        node = target
    return node


class _Reader:
    """Reads one operation."""

    def __init__(
        self, body: dict[str, Any], path: str, http_method: str, item: Mapping[str, Any], operation: dict[str, Any]
    ) -> None:
        self.body, self.path, self.http_method, self.operation = body, path, http_method, operation
        self.label = f"{http_method} {path}"
        shared = [*(item.get("parameters") or []), *(operation.get("parameters") or [])]
        self.parameters = [resolve(body, parameter) for parameter in shared]

    def fail(self, message: str) -> ApiDefinitionError:
        return ApiDefinitionError(f"{self.label}: {message}")

    def method(self) -> Method:
        key_required, authorizer = self.security()
        return Method(
            resource_path=self.path,
            http_method=self.http_method,
            operation_id=str(self.operation.get("operationId", "")),
            integration=self.integration(),
            validation=self.validation(),
            api_key_required=key_required,
            authorizer=authorizer,
        )

    def security(self) -> tuple[bool, str]:
        """Whether a key is needed, and the name of the authorizer ('' for none)."""
        requirements = self.operation.get("security", self.body.get("security")) or []
        names = [name for requirement in requirements for name in requirement]
        schemes = _security_schemes(self.body)
        if unknown := [name for name in names if name not in schemes]:
            raise self.fail(f"unknown security scheme {unknown[0]}")
        authorizers = [n for n in names if "x-amazon-apigateway-authorizer" in schemes[n]]
        keys = [n for n in names if n not in authorizers and _is_api_key(schemes[n])]
        if others := set(names) - set(authorizers) - set(keys):
            raise self.fail(f"security scheme {sorted(others)[0]} is neither an API key nor an authorizer")
        return bool(keys), authorizers[0] if authorizers else ""

    def integration(self) -> Integration:
        spec = self.operation.get("x-amazon-apigateway-integration")
        if not isinstance(spec, dict):
            raise self.fail("no x-amazon-apigateway-integration")
        kind = str(spec.get("type", "")).lower()
        if kind not in INTEGRATION_TYPES:
            raise self.fail(f"integration type {kind!r} is not served (only {', '.join(sorted(INTEGRATION_TYPES))})")
        passthrough = str(spec.get("passthroughBehavior", "when_no_match")).lower()
        if passthrough not in PASSTHROUGH:
            raise self.fail(f"unknown passthroughBehavior {passthrough}")
        return Integration(
            type=kind,
            uri=None if kind == "mock" else self.uri(str(spec.get("uri", ""))),
            http_method=str(spec.get("httpMethod", "POST")).upper(),
            credentials=str(spec.get("credentials") or ""),
            templates=self.templates(spec.get("requestTemplates"), "requestTemplates"),
            parameters=self.request_parameters(spec),
            passthrough=passthrough,
            responses=tuple(self.responses(spec.get("responses") or {})),
            timeout_ms=self.timeout(spec),
        )

    def timeout(self, spec: Mapping[str, Any]) -> int:
        timeout = int(spec.get("timeoutInMillis", MAX_TIMEOUT_MS))
        if not 50 <= timeout <= MAX_TIMEOUT_MS:
            raise self.fail("timeoutInMillis must lie between 50 and 29000")
        return timeout

    def uri(self, text: str) -> ServiceUri:
        try:
            return service_uri(text)
        except ApiDefinitionError as error:
            raise self.fail(str(error)) from error

    def templates(self, spec: Mapping[str, str] | None, where: str) -> dict[str, Template]:
        try:
            return {
                media.lower(): Template(text or "", f"{self.label} {where} {media}")
                for media, text in (spec or {}).items()
            }
        except TemplateError as error:
            raise ApiDefinitionError(str(error)) from error

    def request_parameters(self, spec: Mapping[str, Any]) -> dict[str, str]:
        parameters = dict(spec.get("requestParameters") or {})
        for target, source in parameters.items():
            if not re.fullmatch(r"integration\.request\.(header|querystring|path)\..+", target):
                raise self.fail(f"bad request parameter {target}")
            if source.startswith("method.request.") and not source.startswith("method.request.body"):
                self.check_declared(source)
        return parameters

    def check_declared(self, source: str) -> None:
        """API Gateway refuses a mapping from a method parameter that the method does not declare."""
        _, _, place, name = source.split(".", 3)
        place = {"querystring": "query", "multivaluequerystring": "query", "multivalueheader": "header"}.get(
            place, place
        )
        declared = {(p.get("in"), str(p.get("name")).lower()) for p in self.parameters}
        if place != "path" and (place, name.lower()) not in declared:
            raise self.fail(f"{source} is mapped but not declared as a parameter")

    def responses(self, spec: Mapping[str, Any]) -> Iterable[IntegrationResponse]:
        declared = {str(status): resolve(self.body, r) for status, r in (self.operation.get("responses") or {}).items()}
        for pattern, response in spec.items():
            yield self.response(str(pattern), response, declared)

    def response(self, pattern: str, spec: Mapping[str, Any], declared: Mapping[str, Any]) -> IntegrationResponse:
        status = str(spec.get("statusCode", ""))
        if status not in declared:
            raise self.fail(f"integration response {pattern}: status {status} is not among the method's responses")
        parameters = dict(spec.get("responseParameters") or {})
        headers = {name.lower() for name in (declared[status].get("headers") or {})}
        for target in parameters:
            name = target.removeprefix("method.response.header.")
            if name == target or name.lower() not in headers:
                raise self.fail(f"integration response {pattern}: {target} is not a header of response {status}")
        try:
            compiled = None if pattern == "default" else re.compile(pattern)
        except re.error as error:
            raise self.fail(f"integration response {pattern}: bad selection pattern") from error
        where = f"response {pattern}"
        return IntegrationResponse(
            int(status), compiled, self.templates(spec.get("responseTemplates"), where), parameters
        )

    def validation(self) -> Validation:
        validators = self.body.get("x-amazon-apigateway-request-validators") or {}
        default = self.body.get("x-amazon-apigateway-request-validator")
        name = self.operation.get("x-amazon-apigateway-request-validator", default)
        if not name:
            return Validation()
        if name not in validators:
            raise self.fail(f"unknown request validator {name}")
        rules = validators[name]
        required = [p for p in self.parameters if p.get("required")] if rules.get("validateRequestParameters") else []
        body = resolve(self.body, self.operation.get("requestBody") or {}) if rules.get("validateRequestBody") else {}
        return Validation(
            parameters=tuple(
                (str(p["in"]), str(p["name"])) for p in required if p["in"] in ("query", "header", "path")
            ),
            models={media.lower(): c["schema"] for media, c in (body.get("content") or {}).items() if c.get("schema")},
            body_required=bool(body.get("required")),
        )


def _is_api_key(scheme: Mapping[str, Any]) -> bool:
    return (scheme.get("type"), scheme.get("in"), str(scheme.get("name")).lower()) == ("apiKey", "header", "x-api-key")
