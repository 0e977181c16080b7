"""A small API of every kind the gateway serves, a fake AWS, and an ASGI client."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from infra.local.gateway.app import Gateway, create_app
from infra.local.gateway.invoker import AwsRequest, AwsResponse

ROLE = "arn:aws:iam::000000000000:role/api"
MACHINE = "arn:aws:states:eu-west-1:000000000000:stateMachine:intake"
START = "arn:aws:apigateway:eu-west-1:states:action/StartSyncExecution"

INTAKE_REQUEST = """#set($q = $input.params().querystring)
#set($query = "")
#foreach($name in $q.keySet())
#set($query = "$query#if($foreach.index > 0)&#end$util.urlEncode($name)=$util.urlEncode($q.get($name))")
#end
#set($job = '{"body":"' + $util.base64Encode($input.body) + '","query":"' + $query + '"}')
{"stateMachineArn":"MACHINE","input":"$util.escapeJavaScript($job)"}""".replace("MACHINE", MACHINE)

INTAKE_RESPONSE = """#set($status = $input.path('$.status'))
#if($status == 'SUCCEEDED')
#set($output = $util.parseJson($input.path('$.output')))
$output.twiml#else
#set($error = $input.path('$.error'))
#set($context.responseOverride.header.Content-Type = 'application/problem+json')
#if($error == 'Forbidden')
#set($context.responseOverride.status = 403)
{"title":"Forbidden"}#else
#set($context.responseOverride.status = 503)
{"title":"Not kept"}#end
#end"""

EMPTY = {"description": "an answer"}


def operation(integration: dict[str, Any], *statuses: str, **extra: Any) -> dict[str, Any]:
    headers = {"headers": {"X-Seen": {"schema": {"type": "string"}}}}
    responses = {status: {**EMPTY, **headers} for status in statuses or ("200",)}
    return {"responses": responses, "x-amazon-apigateway-integration": integration, **extra}


def mock(body: str = "{}", status: str = "200", **extra: Any) -> dict[str, Any]:
    request = {"application/json": f'{{"statusCode": {status}}}'}
    return {
        "type": "mock",
        "requestTemplates": request,
        "responses": {"default": {"statusCode": status, "responseTemplates": {"application/json": body}}},
        **extra,
    }


def intake() -> dict[str, Any]:
    return {
        "type": "aws",
        "httpMethod": "POST",
        "uri": START,
        "credentials": ROLE,
        "passthroughBehavior": "never",
        "requestTemplates": {"application/x-www-form-urlencoded": INTAKE_REQUEST},
        "responses": {
            "200": {"statusCode": "200", "responseTemplates": {"text/xml": INTAKE_RESPONSE}},
            "default": {"statusCode": "503", "responseTemplates": {"application/problem+json": '{"title":"Not kept"}'}},
        },
    }


def document(paths: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths, **extra}


def rest_api(paths: dict[str, Any], **extra: Any) -> dict[str, Any]:
    keys: dict[str, Any] = {
        name: extra.pop(name) for name in ("apiKeys", "usagePlans", "stageVariables") if name in extra
    }
    return {"restApiId": "abc123", "stage": "local", "body": document(paths, **extra), **keys}


class FakeAws:
    """Answers every call with what ``answer`` makes of it, and keeps the calls."""

    def __init__(self, answer: Callable[[AwsRequest], AwsResponse] | None = None) -> None:
        self.calls: list[AwsRequest] = []
        self._answer = answer or (lambda request: json_response({}))

    def __call__(self, request: AwsRequest) -> AwsResponse:
        self.calls.append(request)
        return self._answer(request)


def json_response(body: Any, status: int = 200) -> AwsResponse:
    return AwsResponse(status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(body).encode())


def succeeded(output: Any) -> AwsResponse:
    return json_response({"status": "SUCCEEDED", "output": json.dumps(output)})


def gateway(paths: dict[str, Any], aws: FakeAws | None = None, **extra: Any) -> Gateway:
    return create_app(rest_api(paths, **extra), aws or FakeAws())


def gateway_with(paths: dict[str, Any], extra: dict[str, Any]) -> Gateway:
    return create_app(rest_api(paths, **extra), FakeAws())


def ask(app: Gateway, method: str, url: str, **kwargs: Any) -> httpx.Response:
    """One request, in an event loop of its own."""

    async def run() -> httpx.Response:
        async with client(app) as http:
            return await http.request(method, url, **kwargs)

    return asyncio.run(run())


def client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://api.test")
