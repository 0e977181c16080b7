"""The gateway over HTTP: routes, mapping, limits, gateway responses."""

import asyncio
import json
import logging
import threading
import time
from typing import Any

import httpx
import pytest

from infra.local.gateway.app import MAX_BODY, create_app
from infra.local.gateway.asgi import Receive, Scope, Send, send_answer
from infra.local.gateway.errors import ApiDefinitionError, GatewayError
from infra.local.gateway.invoker import AwsRequest, AwsResponse
from tests.unit.local.gateway.support import (
    MACHINE,
    ROLE,
    FakeAws,
    ask,
    client,
    gateway,
    gateway_with,
    intake,
    json_response,
    mock,
    operation,
    rest_api,
    succeeded,
)

FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
PATHS = {"/twilio/messages": {"post": operation(intake(), "200", "503", operationId="receiveMessage")}}
WEBHOOK = "/local/twilio/messages"


def dynamodb(action: str, template: str, responses: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {
        "type": "aws",
        "httpMethod": "POST",
        "uri": f"arn:aws:apigateway:eu-west-1:dynamodb:action/{action}",
        "credentials": ROLE,
        "requestTemplates": {"application/json": template},
        "responses": responses,
        **extra,
    }


# --- StartSyncExecution ------------------------------------------------------------------------------------------


def test_start_sync_execution_success_is_mapped_to_bare_xml() -> None:
    aws = FakeAws(lambda request: succeeded({"twiml": "<Response/>"}))
    answer = ask(gateway(PATHS, aws), "POST", f"{WEBHOOK}?b=2&a=x%20y", content="Body=hi", headers=FORM)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "text/xml", "<Response/>")
    sent = json.loads(aws.calls[0].body)
    assert json.loads(sent["input"]) == {"body": "Qm9keT1oaQ==", "query": "b=2&a=x+y"}
    assert (aws.calls[0].service, aws.calls[0].target) == ("states", "StartSyncExecution")
    assert answer.headers["x-amzn-requestid"]
    assert answer.headers["x-amz-apigw-id"]


@pytest.mark.parametrize(
    ("result", "status", "title"),
    [
        ({"status": "FAILED", "error": "Forbidden"}, 403, "Forbidden"),
        ({"status": "FAILED", "error": "States.Runtime"}, 503, "Not kept"),
        ({"status": "TIMED_OUT"}, 503, "Not kept"),
    ],
)
def test_start_sync_execution_failure_overrides_the_status(result: dict[str, str], status: int, title: str) -> None:
    aws = FakeAws(lambda request: json_response(result))
    answer = ask(gateway(PATHS, aws), "POST", WEBHOOK, content="Body=hi", headers=FORM)
    assert (answer.status_code, answer.json()) == (status, {"title": title})
    assert answer.headers["content-type"] == "application/problem+json"


def test_error_of_the_service_takes_the_default_response() -> None:
    aws = FakeAws(lambda request: json_response({"__type": "ExecutionLimitExceeded"}, 400))
    answer = ask(gateway(PATHS, aws), "POST", WEBHOOK, content="Body=hi", headers=FORM)
    assert (answer.status_code, answer.json()) == (503, {"title": "Not kept"})


def test_sixteen_senders_run_in_parallel() -> None:
    barrier = threading.Barrier(16, timeout=5)

    def answer(request: AwsRequest) -> AwsResponse:
        barrier.wait()
        return succeeded({"twiml": "<Response/>"})

    async def run() -> list[int]:
        async with client(gateway(PATHS, FakeAws(answer))) as http:
            calls = [http.post(WEBHOOK, content="Body=hi", headers=FORM) for _ in range(16)]
            return [reply.status_code for reply in await asyncio.gather(*calls)]

    assert asyncio.run(run()) == [200] * 16


def test_unreachable_service_is_an_integration_failure() -> None:
    def fail(request: AwsRequest) -> AwsResponse:
        raise OSError("refused")

    answer = ask(gateway(PATHS, FakeAws(fail)), "POST", WEBHOOK, content="Body=hi", headers=FORM)
    assert answer.status_code == 504


def test_slow_service_times_out_with_504() -> None:
    paths = {"/slow": {"get": operation(dynamodb("GetItem", "{}", {}, timeoutInMillis=50))}}

    def slow(request: AwsRequest) -> AwsResponse:
        time.sleep(0.2)
        return json_response({})

    answer = ask(gateway(paths, FakeAws(slow)), "GET", "/local/slow")
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})


# --- permissions ----------------------------------------------------------------------------------------------


def test_role_without_permission_is_refused_by_the_service_with_a_400() -> None:
    asked: list[tuple[str, str, str]] = []

    def authorize(role: str, action: str, resource: str) -> None:
        asked.append((role, action, resource))
        raise PermissionError("implicit deny")

    aws = FakeAws()
    app = create_app(rest_api(PATHS), aws, authorize=authorize)
    answer = ask(app, "POST", WEBHOOK, content="Body=hi", headers=FORM)
    assert (answer.status_code, aws.calls) == (503, [])
    assert asked == [(ROLE, "states:StartSyncExecution", MACHINE)]


def test_integration_without_role_is_a_configuration_error() -> None:
    integration = {**intake(), "credentials": ""}
    answer = ask(gateway({"/x": {"post": operation(integration, "200", "503")}}), "POST", "/local/x", headers=FORM)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


@pytest.mark.parametrize(
    ("uri", "body", "expected"),
    [
        (
            "dynamodb:action/GetItem",
            {"TableName": "t"},
            ("dynamodb:GetItem", "dynamodb:eu-west-1:000000000000:table/t"),
        ),
        (
            "dynamodb:action/Query",
            {"TableName": "t", "IndexName": "i"},
            ("dynamodb:Query", "dynamodb:eu-west-1:000000000000:table/t/index/i"),
        ),
        (
            "events:action/PutEvents",
            {"Entries": [{"EventBusName": "bus"}]},
            ("events:PutEvents", "events:eu-west-1:000000000000:event-bus/bus"),
        ),
        ("sqs:path/000000000000/queue", "Action=SendMessage", ("sqs:SendMessage", "sqs:eu-west-1:000000000000:queue")),
    ],
)
def test_permission_names_action_and_resource(uri: str, body: Any, expected: tuple[str, str]) -> None:
    asked: list[tuple[str, str]] = []
    template = body if isinstance(body, str) else json.dumps(body)
    integration = dynamodb("X", template, {"default": {"statusCode": "200"}})
    integration["uri"] = f"arn:aws:apigateway:eu-west-1:{uri}"
    app = create_app(
        rest_api({"/x": {"get": operation(integration)}}),
        FakeAws(),
        authorize=lambda role, action, resource: asked.append((action, resource)),
    )
    assert ask(app, "GET", "/local/x").status_code == 200
    assert asked == [(expected[0], f"arn:aws:{expected[1]}")]


# --- DynamoDB --------------------------------------------------------------------------------------------------

ITEM_RESPONSE = """#set($item = $input.path('$.Item'))
#if($item == '')
#set($context.responseOverride.status = 404){"title":"Not found"}#else
{"id":"$item.id.S","n":$item.n.N}#end"""
REPORTS = {
    "/reports/{reportId}": {
        "get": operation(
            dynamodb(
                "GetItem",
                '{"TableName":"reports","Key":{"id":{"S":"$util.escapeJavaScript($input.params(\'reportId\'))"}}}',
                {
                    "200": {"statusCode": "200", "responseTemplates": {"application/json": ITEM_RESPONSE}},
                    r"4\d{2}": {"statusCode": "400", "responseTemplates": {"application/json": '{"title":"Bad"}'}},
                    r"5\d{2}": {"statusCode": "502"},
                },
            ),
            "200",
            "400",
            "502",
        )
    }
}


def test_item_is_mapped_both_ways() -> None:
    aws = FakeAws(lambda request: json_response({"Item": {"id": {"S": "r/1"}, "n": {"N": "7"}}}))
    answer = ask(gateway(REPORTS, aws), "GET", "/local/reports/r%2F1")
    assert (answer.status_code, answer.json()) == (200, {"id": "r/1", "n": 7})
    assert json.loads(aws.calls[0].body) == {"TableName": "reports", "Key": {"id": {"S": "r/1"}}}


@pytest.mark.parametrize(
    ("response", "status", "body"),
    [
        (json_response({}), 404, '{"title":"Not found"}'),
        (json_response({"__type": "x"}, 400), 400, '{"title":"Bad"}'),
        (json_response({"raw": 1}, 500), 502, '{"raw": 1}'),
    ],
)
def test_selection_pattern_chooses_the_response(response: AwsResponse, status: int, body: str) -> None:
    answer = ask(gateway(REPORTS, FakeAws(lambda request: response)), "GET", "/local/reports/r1")
    assert (answer.status_code, answer.text) == (status, body)


def test_status_without_any_matching_response_is_a_configuration_error() -> None:
    answer = ask(gateway(REPORTS, FakeAws(lambda request: json_response({}, 302))), "GET", "/local/reports/r1")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


# --- content types, parameters, headers --------------------------------------------------------------------------

PASSTHROUGH = [
    # templates, behaviour, content type, status: the tables of "integration passthrough behaviors"
    (["application/json"], "when_no_match", None, "mapped"),
    (["application/json"], "when_no_templates", None, "mapped"),
    (["application/json"], "never", None, "mapped"),
    (["application/json"], "when_no_match", "application/json", "mapped"),
    (["application/json"], "when_no_match", "application/xml", "raw"),
    (["application/json"], "when_no_templates", "application/xml", 415),
    (["application/json"], "never", "application/xml", 415),
    (["application/xml"], "when_no_match", None, "raw"),
    (["application/xml"], "when_no_templates", None, 415),
    (["application/xml"], "never", None, 415),
    (["application/xml"], "never", "application/xml; charset=utf-8", "mapped"),
    ([], "when_no_match", "text/plain", "raw"),
    ([], "when_no_templates", "text/plain", "raw"),
    ([], "never", "text/plain", 415),
]


@pytest.mark.parametrize(("templates", "behaviour", "content_type", "outcome"), PASSTHROUGH)
def test_passthrough_behaviour(templates: list[str], behaviour: str, content_type: str | None, outcome: Any) -> None:
    integration = dynamodb("PutItem", "", {"default": {"statusCode": "200"}}, passthroughBehavior=behaviour)
    integration["requestTemplates"] = dict.fromkeys(templates, "mapped")
    aws = FakeAws()
    headers = {"content-type": content_type} if content_type else {}
    app = gateway({"/x": {"post": operation(integration)}}, aws)
    answer = ask(app, "POST", "/local/x", content="raw", headers=headers)
    if outcome == 415:
        assert (answer.status_code, answer.json()) == (415, {"message": "Unsupported Media Type"})
    else:
        assert aws.calls[0].body.decode() == outcome


def test_request_parameters_and_overrides_reach_the_service() -> None:
    integration = dynamodb(
        "X", "#set($context.requestOverride.header.X-Late = 'late'){}", {"default": {"statusCode": "200"}}
    )
    integration["uri"] = "arn:aws:apigateway:eu-west-1:sqs:path/000000000000/{queue}"
    integration["requestParameters"] = {
        "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'",
        "integration.request.header.X-From": "method.request.header.X-Who",
        "integration.request.querystring.stage": "context.stage",
        "integration.request.path.queue": "method.request.path.name",
    }
    parameters = [{"in": "header", "name": "x-who", "schema": {"type": "string"}}]
    aws = FakeAws()
    app = gateway({"/q/{name}": {"get": operation(integration, parameters=parameters)}}, aws)
    assert ask(app, "GET", "/local/q/in%20box", headers={"X-Who": "me"}).status_code == 200
    call = aws.calls[0]
    assert call.target == "000000000000/in%20box"
    assert dict(call.query) == {"stage": "local"}
    sent = {"Content-Type": "application/x-www-form-urlencoded", "X-From": "me", "X-Late": "late"}
    assert dict(call.headers) == sent


def test_response_parameters_map_static_header_and_body_values() -> None:
    response = {"statusCode": "200", "responseParameters": {}}
    sources = {"'fixed'": "fixed", "integration.response.header.x-amz-id": "i1", "integration.response.body.a.b": "7"}
    for source, expected in sources.items():
        response["responseParameters"] = {"method.response.header.X-Seen": source}
        paths = {"/x": {"get": operation(dynamodb("X", "{}", {"default": response}))}}
        aws = FakeAws(lambda request: AwsResponse(200, {"x-amz-id": "i1"}, b'{"a":{"b":7}}'))
        assert ask(gateway(paths, aws), "GET", "/local/x").headers["x-seen"] == expected


def test_accept_header_chooses_the_response_template() -> None:
    templates = {"application/json": '{"a":1}', "text/xml": "<a>1</a>"}
    integration = dynamodb("X", "{}", {"default": {"statusCode": "200", "responseTemplates": templates}})
    app = gateway({"/x": {"get": operation(integration)}})
    assert ask(app, "GET", "/local/x", headers={"accept": "text/xml"}).text == "<a>1</a>"
    assert ask(app, "GET", "/local/x", headers={"accept": "image/png"}).json() == {"a": 1}


def test_template_that_fails_is_a_500_and_says_nothing_to_the_caller() -> None:
    app = gateway({"/x": {"get": operation(dynamodb("X", "$input.nothing()", {}))}})
    answer = ask(app, "GET", "/local/x")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


def test_body_that_is_not_json_is_a_400_when_the_template_reads_it() -> None:
    app = gateway({"/x": {"post": operation(dynamodb("X", "$input.json('$')", {}))}})
    assert ask(app, "POST", "/local/x", content="{").status_code == 400


# --- routing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/local/a", "a"),
        ("GET", "/local/a/", "a"),
        ("GET", "/local/a/b", "a-b"),
        ("GET", "/local/a/c", "a-id"),
        ("GET", "/local/p/x/y/z", "proxy"),
        ("DELETE", "/local/any", "any"),
        ("POST", "/local/a", None),
        ("GET", "/local/a/b/c", None),
        ("GET", "/local/A", None),
        ("GET", "/local", None),
    ],
)
def test_route(method: str, path: str, expected: str | None) -> None:
    paths = {
        "/a": {"get": operation(mock('"a"'))},
        "/a/b": {"get": operation(mock('"a-b"'))},
        "/a/{id}": {"get": operation(mock('"a-id"'))},
        "/p/{proxy+}": {"get": operation(mock('"proxy"'))},
        "/any": {"x-amazon-apigateway-any-method": operation(mock('"any"'))},
    }
    answer = ask(gateway(paths), method, path)
    if expected is None:
        assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    else:
        assert answer.json() == expected


def test_paths_outside_the_stage_go_to_the_fallback() -> None:
    async def landing(scope: Scope, receive: Receive, send: Send) -> None:
        await send_answer(send, 200, [("Content-Type", "text/html")], b"hello")

    app = create_app(rest_api({}), FakeAws(), fallback=landing)
    assert ask(app, "GET", "/").text == "hello"
    assert ask(app, "GET", "/localhost").text == "hello"
    assert ask(gateway({}), "GET", "/").status_code == 404


def test_api_that_comes_later_is_taken_up_when_it_is_there() -> None:
    deployed: list[dict[str, Any]] = []
    app = create_app(lambda: deployed[-1] if deployed else None, FakeAws())
    assert ask(app, "GET", "/local/a").status_code == 404
    deployed.append(rest_api({"/a": {"get": operation(mock('"a"'))}}))
    assert ask(app, "GET", "/local/a").json() == "a"
    deployed.append(rest_api({"/b": {"get": operation(mock('"b"'))}}))
    assert app.reload()
    assert ask(app, "GET", "/local/b").json() == "b"


def test_options_method_answers_cors_as_declared() -> None:
    response = {
        "statusCode": "204",
        "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://console.test'"},
    }
    spec = {**mock(status="204"), "responses": {"default": response}}
    declared = {"204": {"description": "", "headers": {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}}}}
    paths = {"/a": {"options": {"responses": declared, "x-amazon-apigateway-integration": spec}}}
    answer = ask(gateway(paths), "OPTIONS", "/local/a", headers={"origin": "https://console.test"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "https://console.test")


# --- gateway responses ------------------------------------------------------------------------------------------

PROBLEM = '{"title":$context.error.messageString,"type":"$context.error.responseType","id":"$context.requestId"}'


def test_gateway_response_sets_status_headers_and_body() -> None:
    declared = {
        "MISSING_AUTHENTICATION_TOKEN": {
            "statusCode": 404,
            "responseParameters": {
                "gatewayresponse.header.Content-Type": "'application/problem+json'",
                "gatewayresponse.header.X-Stage": "context.stage",
            },
            "responseTemplates": {"application/json": PROBLEM},
        }
    }
    app = gateway_with({}, {"x-amazon-apigateway-gateway-responses": declared})
    answer = ask(app, "GET", "/local/none")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.headers["x-stage"] == "local"
    assert answer.json() == {
        "title": "Missing Authentication Token",
        "type": "MISSING_AUTHENTICATION_TOKEN",
        "id": answer.headers["x-amzn-requestid"],
    }


def test_gateway_response_falls_back_to_its_family_and_keeps_its_status() -> None:
    declared = {"DEFAULT_4XX": {"responseTemplates": {"application/json": '{"d":"$context.error.message"}'}}}
    app = gateway_with(PATHS, {"x-amazon-apigateway-gateway-responses": declared})
    answer = ask(app, "POST", WEBHOOK, content="{}", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (415, {"d": "Unsupported Media Type"})


def test_gateway_response_runs_no_directives() -> None:
    template = "#if(true)$context.stage#end $input.body"
    declared = {"DEFAULT_4XX": {"responseTemplates": {"text/plain": template}}}
    app = gateway_with({}, {"x-amazon-apigateway-gateway-responses": declared})
    assert ask(app, "GET", "/local/none").text == "#if(true)local#end $input.body"


# --- limits -----------------------------------------------------------------------------------------------------

KEYED: dict[str, Any] = {
    "paths": {"/k": {"get": operation(mock('"in"'), security=[{"api_key": []}])}},
    "components": {"securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
    "apiKeys": [{"id": "k1", "value": "secret-one"}, {"id": "k2", "value": "off", "enabled": False},
                {"id": "k3", "value": "without-a-plan"}],
}  # fmt: skip


def keyed(**plan: Any) -> Any:
    return gateway(**KEYED, usagePlans=[{"keyIds": ["k1", "k2"], **plan}])


@pytest.mark.parametrize("value", [None, "", "wrong", "off", "without-a-plan"])
def test_missing_or_wrong_api_key_is_forbidden(value: str | None) -> None:
    answer = ask(keyed(), "GET", "/local/k", headers={"x-api-key": value} if value is not None else {})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    assert answer.headers["x-amzn-errortype"] == "ForbiddenException"


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"throttle": {"rateLimit": 0.001, "burstLimit": 2}}, "Too Many Requests"),
        ({"quota": {"limit": 3, "period": "DAY", "offset": 1}}, "Limit Exceeded"),
    ],
)
def test_usage_plan_lets_two_through_and_refuses_the_third(plan: dict[str, Any], message: str) -> None:
    app = keyed(**plan)
    answers = [ask(app, "GET", "/local/k", headers={"X-API-Key": "secret-one"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == {"message": message}


def test_body_over_ten_megabytes_is_refused() -> None:
    answer = ask(gateway(PATHS), "POST", WEBHOOK, content=b"x" * (MAX_BODY + 1), headers=FORM)
    assert answer.status_code == 413


def test_body_of_unknown_length_over_ten_megabytes_is_refused() -> None:
    async def chunks() -> Any:
        for _ in range(11):
            yield b"x" * 1024 * 1024

    async def run() -> httpx.Response:
        async with client(gateway(PATHS)) as http:
            return await http.post(WEBHOOK, content=chunks(), headers=FORM)

    assert asyncio.run(run()).status_code == 413


# --- validators --------------------------------------------------------------------------------------------------

VALIDATED: dict[str, Any] = {
    "x-amazon-apigateway-request-validators": {
        "all": {"validateRequestBody": True, "validateRequestParameters": True},
        "none": {},
    },
    "x-amazon-apigateway-request-validator": "all",
    "components": {
        "schemas": {
            "Name": {"type": "string", "minLength": 2},
            "New": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"$ref": "#/components/schemas/Name"}},
            },
        }
    },
    "x-amazon-apigateway-gateway-responses": {
        "BAD_REQUEST_BODY": {
            "responseTemplates": {
                "application/json": '{"m":"$context.error.message","v":"$context.error.validationErrorString"}'
            }
        }
    },
}
BODY_SPEC = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}}
QUERY_SPEC = [{"in": "query", "name": "day", "required": True}, {"in": "header", "name": "X-H", "required": True}]


def validated() -> Any:
    paths = {
        "/b": {"post": operation(mock(), requestBody=BODY_SPEC)},
        "/q": {"get": operation(mock(), parameters=QUERY_SPEC)},
        "/free": {"get": operation(mock(), parameters=QUERY_SPEC, **{"x-amazon-apigateway-request-validator": "none"})},
    }
    return gateway_with(paths, VALIDATED)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ('{"name":"ab"}', 200, None),
        ("{}", 400, '[object has missing required properties (["name"])]'),
        ('{"name":"a"}', 400, "[minLength does not hold at /name]"),
        ("", 400, "[the body is not JSON]"),
        ("[", 400, "[the body is not JSON]"),
    ],
)
def test_body_validator(body: str, status: int, error: str | None) -> None:
    answer = ask(validated(), "POST", "/local/b", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    if error:
        assert answer.text == f'{{"m":"Invalid request body","v":"{error}"}}'


def test_parameter_validator_names_what_is_missing() -> None:
    answer = ask(validated(), "GET", "/local/q")
    assert (answer.status_code, answer.json()) == (400, {"message": "Missing required request parameters: [day, X-H]"})
    assert ask(validated(), "GET", "/local/q?day=", headers={"x-h": "1"}).status_code == 400
    assert ask(validated(), "GET", "/local/q?day=1", headers={"x-h": "1"}).status_code == 200
    assert ask(validated(), "GET", "/local/free").status_code == 200


# --- Lambda ---------------------------------------------------------------------------------------------------

FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:f"
LAMBDA_URI = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
PROXY = {"/f/{id}": {"post": operation({"type": "aws_proxy", "httpMethod": "POST", "uri": LAMBDA_URI})}}


def test_lambda_proxy_gets_format_1_0_and_answers_for_itself() -> None:
    result = {"statusCode": 201, "headers": {"X-A": "1"}, "multiValueHeaders": {"Set-Cookie": ["a", "b"]}, "body": "ok"}
    aws = FakeAws(lambda request: json_response(result))
    answer = ask(gateway(PROXY, aws), "POST", "/local/f/7?a=1&a=2", content="hi", headers={"X-B": "2"})
    assert (answer.status_code, answer.text, answer.headers["x-a"]) == (201, "ok", "1")
    assert answer.headers.get_list("set-cookie") == ["a", "b"]
    event = json.loads(aws.calls[0].body)
    assert aws.calls[0].target == f"2015-03-31/functions/{FUNCTION}/invocations"
    assert (event["resource"], event["path"], event["pathParameters"]) == ("/f/{id}", "/local/f/7", {"id": "7"})
    assert event["queryStringParameters"] == {"a": "2"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert (event["headers"]["X-B"], event["body"], event["isBase64Encoded"]) == ("2", "hi", False)
    assert event["requestContext"]["stage"] == "local"


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (AwsResponse(200, {"x-amz-function-error": "Unhandled"}, b'{"errorMessage":"x"}'), 502),
        (AwsResponse(200, {}, b'"text"'), 502),
        (AwsResponse(200, {}, b'{"statusCode":"x"}'), 502),
        (AwsResponse(403, {}, b"{}"), 500),
        (AwsResponse(429, {}, b"{}"), 502),
    ],
)
def test_lambda_proxy_failure(response: AwsResponse, status: int) -> None:
    assert ask(gateway(PROXY, FakeAws(lambda request: response)), "POST", "/local/f/7").status_code == status


def test_lambda_without_proxy_is_selected_by_its_error_message() -> None:
    responses = {"default": {"statusCode": "200"}, ".*Forbidden.*": {"statusCode": "403"}}
    spec = {"type": "aws", "httpMethod": "POST", "uri": LAMBDA_URI, "responses": responses}
    failed = AwsResponse(200, {"x-amz-function-error": "Unhandled"}, b'{"errorMessage":"Forbidden: no"}')
    paths = {"/f": {"get": operation(spec, "200", "403")}}
    assert ask(gateway(paths, FakeAws(lambda request: failed)), "GET", "/local/f").status_code == 403
    assert ask(gateway(paths), "GET", "/local/f").status_code == 200


def test_authorizer_is_asked_and_its_context_reaches_the_template() -> None:
    async def authorizer(request: Any, scheme: Any) -> dict[str, Any]:
        if not dict(request.headers).get("authorization"):
            raise GatewayError("UNAUTHORIZED")
        return {"claims": {"sub": "ann"}}

    scheme = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authorizer": {}}
    components = {"securitySchemes": {"people": scheme}}
    paths = {"/me": {"get": operation(mock('"$context.authorizer.claims.sub"'), security=[{"people": []}])}}
    app = create_app(rest_api(paths, components=components), FakeAws(), authorizers={"people": authorizer})
    assert ask(app, "GET", "/local/me").status_code == 401
    assert ask(app, "GET", "/local/me", headers={"authorization": "t"}).json() == "ann"
    with pytest.raises(ApiDefinitionError, match="people"):
        gateway(paths, components=components)


# --- the document -----------------------------------------------------------------------------------------------

REFUSED = [
    ("no integration", {"/x": {"get": {"responses": {}}}}, {}),
    ("type", {"/x": {"get": operation({"type": "http_proxy", "uri": "http://x"})}}, {}),
    ("uri", {"/x": {"get": operation({"type": "aws", "uri": "http://x"})}}, {}),
    ("status", {"/x": {"get": operation(mock(status="201"), "200")}}, {}),
    ("header", {"/x": {"get": operation(mock(responses={"default": {
        "statusCode": "200", "responseParameters": {"method.response.header.X-None": "'a'"}}}))}}, {}),
    ("pattern", {"/x": {"get": operation(mock(responses={"(": {"statusCode": "200"}}))}}, {}),
    ("template", {"/x": {"get": operation(mock("#if"))}}, {}),
    ("passthrough", {"/x": {"get": operation(mock(passthroughBehavior="sometimes"))}}, {}),
    ("timeout", {"/x": {"get": operation(mock(timeoutInMillis=30000))}}, {}),
    ("parameter", {"/x": {"get": operation(mock(requestParameters={
        "integration.request.header.A": "method.request.header.B"}))}}, {}),
    ("target", {"/x": {"get": operation(mock(requestParameters={"header.A": "'b'"}))}}, {}),
    ("validator", {"/x": {"get": operation(mock(), **{"x-amazon-apigateway-request-validator": "no"})}}, {}),
    ("scheme", {"/x": {"get": operation(mock(), security=[{"no": []}])}}, {}),
    ("gateway response", {}, {"x-amazon-apigateway-gateway-responses": {"NOT_A_TYPE": {}}}),
    ("gateway parameter", {}, {"x-amazon-apigateway-gateway-responses": {
        "THROTTLED": {"responseParameters": {"header.X": "'a'"}}}}),
    ("siblings", {"/x/{a}": {"get": operation(mock())}, "/x/{b}/c": {"get": operation(mock())}}, {}),
    ("ref", {"/x": {"get": operation(mock(), parameters=[{"$ref": "#/components/none"}])}}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("paths", "extra"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_document_that_aws_would_refuse_is_refused(paths: dict[str, Any], extra: dict[str, Any]) -> None:
    with pytest.raises(ApiDefinitionError):
        gateway_with(paths, extra)


def test_access_log_has_no_query_path_value_or_body(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ask(gateway(REPORTS), "GET", "/local/reports/+15550100?who=+15550101", headers={"x-api-key": "secret"})
    assert "GET /reports/{reportId} 404" in caplog.text
    assert not any("555010" in record.getMessage() for record in caplog.records if record.name.startswith("infra"))
