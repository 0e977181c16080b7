"""A WebSocket API like the desk's, a fake AWS behind it, and an ASGI client for one connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from infra.local.gateway.app import Gateway, create_app
from infra.local.gateway.connections import Limits
from infra.local.gateway.invoker import AwsRequest, AwsResponse
from infra.local.gateway.sockets import SocketGateway, create_sockets
from tests.unit.local.gateway.support import FakeAws, json_response

ROLE = "arn:aws:iam::000000000000:role/desk-api"
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:authorize"
OPERATOR = {"operatorId": "op-1", "name": 'Zoë "Z" O\'Neil', "language": "es", "room": "desk"}
NAME = """$util.escapeJavaScript($context.authorizer.name).replaceAll("\\\\'", "'")"""
PUT = (
    '{"TableName": "connections", "Item": {"connectionId": {"S": "$context.connectionId"}, "name": {"S": "'
    + NAME
    + '"}, "expiresAt": {"N": "#set($at = $context.requestTimeEpoch / 1000 + 8100)$at"}}}'
)
START = (
    '{"stateMachineArn": "desk", "input": "{\\"frame\\": \\"$util.base64Encode($input.body)\\", '
    '\\"connectionId\\": \\"$context.connectionId\\", \\"requestId\\": \\"$context.requestId\\"}"}'
)
ANSWER = """#set($e = $input.path('$'))#if("$!e.status" == "SUCCEEDED")$e.output#else{"code":"unavailable"}#end"""


def integration(action: str, template: str, **more: Any) -> dict[str, Any]:
    return {
        "IntegrationType": "AWS",
        "IntegrationUri": f"arn:aws:apigateway:eu-west-1:{action}",
        "CredentialsArn": ROLE,
        "PassthroughBehavior": "NEVER",
        "TemplateSelectionExpression": r"\$default",
        "RequestTemplates": {"$default": template},
        **more,
    }


def route(key: str, made: dict[str, Any], *responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    answers = [
        {"IntegrationResponseKey": "$default", "TemplateSelectionExpression": r"\$default", **response}
        for response in responses
    ]
    return {"routeKey": key, "integration": made, "integrationResponses": answers, "responds": True, **more}


def mock(key: str, answer: str, **more: Any) -> dict[str, Any]:
    made = {"IntegrationType": "MOCK", "RequestTemplates": {"$default": '{"statusCode": 200}'}}
    return route(key, made, {"ResponseTemplates": {"$default": answer}}, **more)


def socket_api(*routes: dict[str, Any]) -> dict[str, Any]:
    uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    source = ["route.request.querystring.ticket"]
    connect = integration("dynamodb:action/PutItem", PUT)
    known = [
        route(
            "$connect",
            connect,
            {"IntegrationResponseKey": r"/2\d\d/"},
            responds=False,
            authorizer={"AuthorizerType": "REQUEST", "AuthorizerUri": uri, "IdentitySource": source},
        ),
        route(
            "$disconnect",
            integration("dynamodb:action/DeleteItem", '{"Key": "$context.connectionId"}'),
            {},
            responds=False,
        ),
        route(
            "getmessages",
            integration("states:action/StartSyncExecution", START),
            {"ResponseTemplates": {"$default": ANSWER}},
        ),
        mock("ping", '{"type":"pong"}'),
        mock("$default", '{"code":"unknown-action"}'),
    ]
    replaced = {spec["routeKey"] for spec in routes}
    return {
        "apiId": "sock123",
        "stage": "local",
        "stageVariables": {},
        "routeSelectionExpression": "$request.body.action",
        "routes": [spec for spec in known if spec["routeKey"] not in replaced] + list(routes),
    }


def policy(effect: str = "Allow", **answer: Any) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "arn:aws:execute-api:*"}
    return {
        "principalId": "op-1",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": OPERATOR,
        **answer,
    }


class Desk:
    """Answers as the services would: `authorizer`, `put` and `run` may be replaced by a test."""

    def __init__(self) -> None:
        self.authorizer: Callable[[dict[str, Any]], AwsResponse] = lambda _event: json_response(policy())
        self.put: AwsResponse = json_response({})
        self.run: Callable[[dict[str, Any]], AwsResponse] = lambda given: json_response(
            {"status": "SUCCEEDED", "output": json.dumps(given)}
        )
        self.aws = FakeAws(self._answer)

    def _answer(self, request: AwsRequest) -> AwsResponse:
        body = json.loads(request.body)
        if request.service == "lambda":
            return self.authorizer(body)
        if request.service == "states":
            return self.run(json.loads(body["input"]))
        return self.put if request.target == "PutItem" else json_response({})

    def calls(self, target: str) -> list[dict[str, Any]]:
        return [json.loads(call.body) for call in self.aws.calls if call.target.endswith(target)]

    def gateway(self, api: dict[str, Any] | None = None, **limits: Any) -> tuple[Gateway, SocketGateway]:
        sockets = create_sockets(api or socket_api(), self.aws, limits=Limits(**limits))
        return create_app(lambda: None, self.aws, sockets=sockets), sockets


class Client:
    """One connection: what it was sent is in `refusal`, `close_code` or comes from `next`."""

    def __init__(self, app: Gateway, path: str = "/local", query: str = "ticket=t1") -> None:
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"host", b"desk.test"), (b"user-agent", b"tests")],
            "client": ("127.0.0.1", 9),
            "extensions": {"websocket.http.response": {}},
        }
        self.slow = asyncio.Event()
        self.slow.set()
        self._in.put_nowait({"type": "websocket.connect"})
        self.session = asyncio.create_task(self._run(app, scope))
        self.status, self.refusal, self.close_code = 0, b"", 0

    async def _run(self, app: Gateway, scope: dict[str, Any]) -> None:
        await app(scope, self._in.get, self._take)

    async def _take(self, message: Any) -> None:
        await self.slow.wait()
        self._out.put_nowait(message)

    async def open(self) -> "Client":
        message = await self._message()
        if message["type"] == "websocket.http.response.start":
            self.status = message["status"]
            self.refusal = (await self._message())["body"]
        else:
            assert message["type"] == "websocket.accept"
            self.status = 101
            # The session continues a moment after its accept was taken.
            await asyncio.sleep(0)
        return self

    async def _message(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._out.get(), 5)

    def send(self, frame: Any) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self._in.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        self._in.put_nowait({"type": "websocket.receive", "text": None, "bytes": data})

    async def next(self) -> Any:
        message = await self._message()
        if message["type"] == "websocket.close":
            self.close_code = message["code"]
            return None
        return json.loads(message["text"]) if "text" in message else message["bytes"]

    async def leave(self) -> None:
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.session, 5)


@asynccontextmanager
async def connected(app: Gateway) -> AsyncIterator[Client]:
    """An open connection, left at the end."""
    client = await Client(app).open()
    assert client.status == 101, client.refusal
    yield client
    await client.leave()
