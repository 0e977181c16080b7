"""The three kinds of integration: AWS service, Lambda proxy and mock."""

import asyncio
import base64
import json
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote

from infra.local.gateway import jsonpath, mapping
from infra.local.gateway.errors import GatewayError
from infra.local.gateway.invoker import AwsInvoker, AwsRequest, AwsResponse
from infra.local.gateway.java_values import MISSING, TemplateError, to_text
from infra.local.gateway.model import Api, Integration, IntegrationResponse, Method, ServiceUri
from infra.local.gateway.vtl import Template

LOG = logging.getLogger(__name__)

Authorize = Callable[[str, str, str], None]
"""(role arn, action, resource); raises one of the exceptions given as ``denied`` if the role does not allow it."""

DEFAULT_TYPE: Final = "application/json"
T = TypeVar("T")


@dataclass
class Call:
    """One request on its way through its method.

    ``parameters`` has the maps path, querystring and header; ``multi`` the same with all values of each name.
    """

    api: Api
    http_method: str
    path: str
    parameters: dict[str, Any]
    multi: dict[str, dict[str, list[str]]]
    context: dict[str, Any]
    body: str
    routed: Method | None = None

    @property
    def method(self) -> Method:
        """The method the request was routed to. Raises MISSING_AUTHENTICATION_TOKEN if there is none."""
        if self.routed is None:
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
        return self.routed

    @property
    def media_type(self) -> str:
        """The content type without parameters; API Gateway takes JSON for granted."""
        declared = str(self.parameters["header"].get("Content-Type") or DEFAULT_TYPE)
        return declared.split(";", maxsplit=1)[0].strip().lower() or DEFAULT_TYPE


@dataclass
class Answer:
    """What goes back to the caller; ``headers`` may repeat a name."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Integrator:
    """Runs integrations; blocking calls go to ``pool``.

    ``authorize`` is asked before each call made with a role; ``denied`` are the exceptions it refuses with.
    """

    invoke: AwsInvoker
    pool: Executor
    authorize: Authorize | None = None
    denied: tuple[type[Exception], ...] = field(default=(PermissionError,))

    async def run(self, call: Call) -> Answer:
        """Raises GatewayError for what API Gateway answers itself."""
        if call.method.integration.type == "aws_proxy":
            return await self._proxy(call)
        return integration_answer(call, await self.respond(call))

    async def respond(self, call: Call) -> AwsResponse:
        """What a mock or the AWS service answers, not mapped yet. Raises GatewayError."""
        payload = request_payload(call)
        if call.method.integration.type == "mock":
            return mock_response(payload)
        return await self.send(call.method.integration, aws_request(call, payload))

    async def send(self, integration: Integration, request: AwsRequest) -> AwsResponse:
        """Makes the call within the integration's timeout. Raises INTEGRATION_TIMEOUT, INTEGRATION_FAILURE."""
        loop = asyncio.get_running_loop()
        try:
            running = loop.run_in_executor(self.pool, self._blocking, integration, request)
        except RuntimeError as error:
            raise GatewayError("INTEGRATION_FAILURE", reason="the gateway is stopping") from error
        try:
            return await asyncio.wait_for(running, integration.timeout_ms / 1000)
        except TimeoutError as error:
            raise GatewayError("INTEGRATION_TIMEOUT", reason="the integration took too long") from error
        except OSError as error:
            raise GatewayError("INTEGRATION_FAILURE", reason=str(error)) from error

    def _blocking(self, integration: Integration, request: AwsRequest) -> AwsResponse:
        if refusal := self._refusal(integration, request):
            return refusal
        return self.invoke(request)

    def _refusal(self, integration: Integration, request: AwsRequest) -> AwsResponse | None:
        """A role that lacks the permission is refused by the service itself, with a 400 that the API can map."""
        if not integration.credentials:
            if integration.uri and integration.uri.function_arn:
                return None
            reason = "an AWS integration needs credentials: the role to call the service with"
            raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)
        if self.authorize is None:
            return None
        action, resource = permission(request, integration.credentials)
        try:
            self.authorize(integration.credentials, action, resource)
        except self.denied as error:
            LOG.warning("%s may not %s on %s", integration.credentials, action, resource)
            return _access_denied(integration.credentials, action, resource, error)
        return None

    async def _proxy(self, call: Call) -> Answer:
        integration = call.method.integration
        response = await self.send(integration, function_request(integration, proxy_event(call)))
        if response.status in (400, 403):
            raise GatewayError("API_CONFIGURATION_ERROR", reason="Invalid permissions on Lambda function")
        if response.status != 200 or "x-amz-function-error" in response.headers:
            raise GatewayError("DEFAULT_5XX", status=502, reason="the Lambda function failed")
        return proxy_answer(response.body)


def _uri(integration: Integration) -> ServiceUri:
    if integration.uri is None:
        raise GatewayError("API_CONFIGURATION_ERROR", reason="the integration has no URI")
    return integration.uri


# --- request ---------------------------------------------------------------------------------------------------


def request_payload(call: Call) -> str:
    """The body for the integration. Raises UNSUPPORTED_MEDIA_TYPE as "passthrough behaviors" tells."""
    integration = call.method.integration
    template = integration.templates.get(call.media_type)
    if template is None:
        never = integration.passthrough == "never"
        if never or (integration.passthrough == "when_no_templates" and integration.templates):
            raise GatewayError("UNSUPPORTED_MEDIA_TYPE", reason=f"no template for {call.media_type}")
        return call.body
    variables = mapping.scope(call.body, call.parameters, call.context, call.api.stage_variables)
    try:
        return mapping.render(template, variables)
    except mapping.BodyNotJson as error:
        raise GatewayError("BAD_REQUEST_BODY", "Could not parse request body into json", reason=str(error)) from error
    except TemplateError as error:
        raise GatewayError("API_CONFIGURATION_ERROR", reason=f"unable to transform request: {error}") from error


def aws_request(call: Call, payload: str) -> AwsRequest:
    """The call of the service, with ``requestParameters`` and ``$context.requestOverride`` applied."""
    integration = call.method.integration
    uri = _uri(integration)
    sent: dict[str, dict[str, str]] = {"header": {}, "querystring": {}, "path": {}}
    for target, source in integration.parameters.items():
        value = source_value(source, call)
        if value is not None:
            _, _, place, name = target.split(".", 3)
            sent[place][name] = value
    for place, values in call.context["requestOverride"].items():
        sent[place].update({name: to_text(value) for name, value in values.items()})
    path = re.sub(r"\{([^{}]+)\}", lambda m: quote(sent["path"].get(m[1], m[0]), safe=""), uri.target)
    target = _function_path(uri) if uri.function_arn else path
    return AwsRequest(
        uri.region, uri.service, uri.style, target, integration.http_method,
        sent["header"], sent["querystring"], payload.encode("utf-8", "replace"),
    )  # fmt: skip


def function_request(integration: Integration, event: Mapping[str, Any]) -> AwsRequest:
    """The invocation of the integration's Lambda function."""
    uri = _uri(integration)
    return AwsRequest(uri.region, uri.service, uri.style, _function_path(uri), body=json.dumps(event).encode())


def _function_path(uri: ServiceUri) -> str:
    return f"2015-03-31/functions/{uri.function_arn}/invocations"


def source_value(source: str, call: Call) -> str | None:
    """A mapping expression: a static value in single quotes, or a method, context or stage variable."""
    if source.startswith("'") and source.endswith("'"):
        return source[1:-1]
    if source.startswith("method.request.body"):
        return _from_body(source.removeprefix("method.request.body"), call.body)
    return mapping.lookup(source, call.context, call.parameters, call.api.stage_variables)


def _from_body(path: str, body: str) -> str | None:
    if not path:
        return body
    try:
        value = jsonpath.find(json.loads(body), "$" + path)
    except (ValueError, TemplateError):
        return None
    return None if value is MISSING or value is None else to_text(value)


def permission(request: AwsRequest, role_arn: str) -> tuple[str, str]:
    """The IAM action and resource of a call, e.g. ``states:StartSyncExecution`` on the machine's ARN."""
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else "*"
    prefix = f"arn:aws:{request.service}:{request.region}:{account}"
    if request.style == "path":
        return _path_permission(request, prefix)
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    return f"{request.service}:{request.target}", _resource(request.service, body, prefix)


def _path_permission(request: AwsRequest, prefix: str) -> tuple[str, str]:
    if request.service == "lambda":
        return "lambda:InvokeFunction", request.target.split("/functions/")[-1].removesuffix("/invocations")
    if request.service == "sqs":
        action = re.search(rb"(?:^|&)Action=(\w+)", request.body)
        return f"sqs:{action[1].decode() if action else 'SendMessage'}", f"{prefix}:{request.target.split('/')[-1]}"
    return f"{request.service}:*", "*"


def _resource(service: str, body: Mapping[str, Any], prefix: str) -> str:
    if service == "states":
        return str(body.get("stateMachineArn") or body.get("executionArn") or "*")
    if service == "dynamodb" and body.get("TableName"):
        index = f"/index/{body['IndexName']}" if body.get("IndexName") else ""
        return f"{prefix}:table/{body['TableName']}{index}"
    if service == "events":
        buses = {str(e.get("EventBusName") or "default") for e in body.get("Entries") or [] if isinstance(e, dict)}
        bus = next(iter(buses)) if len(buses) == 1 else "*"
        return bus if bus.startswith("arn:") else f"{prefix}:event-bus/{bus}"
    if service == "sqs":
        return f"{prefix}:{str(body.get('QueueUrl', '*')).split('/')[-1]}"
    return str(body.get("TopicArn") or "*")


def _access_denied(role_arn: str, action: str, resource: str, error: Exception) -> AwsResponse:
    role = role_arn.rsplit("/", maxsplit=1)[-1]
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    user = f"arn:aws:sts::{account}:assumed-role/{role}/BackplaneAssumeRoleSession"
    message = f"User: {user} is not authorized to perform: {action} on resource: {resource}"
    LOG.debug("denied: %s", error)
    body = {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message}
    return AwsResponse(400, {"content-type": "application/x-amz-json-1.0"}, json.dumps(body).encode())


# --- response --------------------------------------------------------------------------------------------------


def mock_response(payload: str) -> AwsResponse:
    """A mock answers with the ``statusCode`` that its request template names, and no body."""
    try:
        status = json.loads(payload)["statusCode"]
        return AwsResponse(int(status), {}, b"")
    except (ValueError, KeyError, TypeError) as error:
        reason = "the request template of a mock gave no statusCode"
        raise GatewayError("API_CONFIGURATION_ERROR", reason=reason) from error


def integration_answer(call: Call, response: AwsResponse) -> Answer:
    """Selects the integration response and maps body, headers and status."""
    chosen = select_response(call.method.integration.responses, selection_value(call, response))
    text = response.body.decode("utf-8", "replace")
    media_type, template = choose_template(chosen.templates, call.parameters["header"].get("Accept"))
    headers = {"Content-Type": media_type, **_mapped_headers(chosen, call, response, text)}
    body = text if template is None else _render_response(template, call, text)
    override = call.context["responseOverride"]
    headers.update({mapping.usual_spelling(name): to_text(v) for name, v in override["header"].items()})
    status = override.get("status")
    valid = isinstance(status, int) and 100 <= status <= 599
    return Answer(int(status) if valid else chosen.status, list(headers.items()), body.encode("utf-8", "replace"))


def selection_value(call: Call, response: AwsResponse) -> str:
    """What the patterns are matched against: the status, or the error message of a Lambda function."""
    uri = call.method.integration.uri
    if uri and uri.function_arn and "x-amz-function-error" in response.headers:
        try:
            return str(json.loads(response.body).get("errorMessage", ""))
        except (ValueError, AttributeError):
            return ""
    return str(response.status)


def select_response(responses: tuple[IntegrationResponse, ...], value: str) -> IntegrationResponse:
    """The first pattern that matches the whole value, else the default. Raises API_CONFIGURATION_ERROR for neither."""
    default = None
    for response in responses:
        if response.pattern is None:
            default = response
        elif response.pattern.fullmatch(value):
            return response
    if default is None:
        reason = f"no match for output mapping and no default output mapping configured: {value[:3]}"
        raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)
    return default


def choose_template(templates: Mapping[str, T], accept: str | None) -> tuple[str, T | None]:
    """The content type and template: by the Accept header, else JSON, else the first; None if there are none."""
    if not templates:
        return DEFAULT_TYPE, None
    for wanted in (accept or "").split(","):
        media_type = wanted.split(";")[0].strip().lower()
        if media_type in templates:
            return media_type, templates[media_type]
    media_type = DEFAULT_TYPE if DEFAULT_TYPE in templates else next(iter(templates))
    return media_type, templates[media_type]


def _render_response(template: Template, call: Call, text: str) -> str:
    variables = mapping.scope(text, call.parameters, call.context, call.api.stage_variables)
    try:
        return mapping.render(template, variables)
    except TemplateError as error:
        raise GatewayError("API_CONFIGURATION_ERROR", reason=f"unable to transform response: {error}") from error


def _mapped_headers(chosen: IntegrationResponse, call: Call, response: AwsResponse, body: str) -> dict[str, str]:
    mapped = {}
    for target, source in chosen.parameters.items():
        value = _response_value(source, call, response, body)
        if value is not None:
            mapped[mapping.usual_spelling(target.removeprefix("method.response.header."))] = value
    return mapped


def _response_value(source: str, call: Call, response: AwsResponse, body: str) -> str | None:
    if source.startswith("integration.response.header."):
        return response.headers.get(source.removeprefix("integration.response.header.").lower())
    if source.startswith("integration.response.body"):
        return _from_body(source.removeprefix("integration.response.body"), body)
    return source_value(source, call)


# --- Lambda proxy, payload format 1.0 -----------------------------------------------------------------------------


def proxy_event(call: Call) -> dict[str, Any]:
    """The event of "Lambda proxy integrations in API Gateway", format 1.0; absent maps are null."""
    context = {k: v for k, v in call.context.items() if k not in ("requestOverride", "responseOverride", "error")}
    return {
        "resource": call.method.resource_path,
        "path": call.path,
        "httpMethod": call.http_method,
        "headers": dict(call.parameters["header"]) or None,
        "multiValueHeaders": call.multi["header"] or None,
        "queryStringParameters": call.parameters["querystring"] or None,
        "multiValueQueryStringParameters": call.multi["querystring"] or None,
        "pathParameters": call.parameters["path"] or None,
        "stageVariables": call.api.stage_variables or None,
        "requestContext": context,
        "body": call.body or None,
        "isBase64Encoded": False,
    }


def proxy_answer(payload: bytes) -> Answer:
    """Reads the function's answer. Raises a 502 if it is not of the form API Gateway wants."""
    try:
        result = json.loads(payload)
        status = int(result.get("statusCode", 200))
        headers = [(str(name), to_text(value)) for name, value in (result.get("headers") or {}).items()]
        for name, values in (result.get("multiValueHeaders") or {}).items():
            headers = [pair for pair in headers if pair[0].lower() != name.lower()]
            headers.extend((str(name), to_text(value)) for value in values)
        body = result.get("body") or ""
        raw = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    except (ValueError, AttributeError, TypeError) as error:
        raise GatewayError("DEFAULT_5XX", status=502, reason="Malformed Lambda proxy response") from error
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", DEFAULT_TYPE))
    return Answer(status, headers, raw)
