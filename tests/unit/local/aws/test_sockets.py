"""What the desk needs of the embedded AWS: a WebSocket API behind the gateway, `@connections`, a user pool, topics."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infra.local.aws import apis, clients, deploy, iam, socket_task, targets
from infra.local.aws.server import EmbeddedAws
from infra.local.gateway.app import Request, create_app
from infra.local.gateway.cognito import operator_authorizer
from infra.local.gateway.errors import GatewayError
from infra.local.gateway.invoker import HttpAwsInvoker
from infra.local.gateway.sockets import SocketGateway, create_sockets
from infra.local.serving import Served, listen
from tests.unit.local.aws.conftest import TEMPLATE, Run

PASSWORD = "Correct-horse-7"


@dataclass
class Desk:
    """The stack's outputs, the served gateway's address and its connections."""

    outputs: dict[str, str]
    url: str
    sockets: SocketGateway


@pytest.fixture(scope="module")
def desk(aws: EmbeddedAws) -> Iterator[Desk]:
    with pytest.raises(LookupError):
        apis.socket_api()
    outputs = deploy.deploy(TEMPLATE / "sockets.yaml", "sockets", {})
    sockets, served = serve()
    socket_task.serve(sockets.registry)
    yield Desk(outputs, f"ws://127.0.0.1:{served.port}/local", sockets)
    served.stop()


def serve() -> tuple[SocketGateway, Served]:
    invoker = HttpAwsInvoker(clients.endpoint(), clients.ROOT_ACCESS_KEY_ID, clients.ROOT_SECRET_ACCESS_KEY)
    sockets = create_sockets(apis.socket_api, invoker, authorize=iam.require, denied=(iam.AccessDenied,))
    app = create_app(lambda: None, invoker, sockets=sockets)
    served = Served(app, listen(0, "tests"), "gateway", ending=app.end)
    served.start()
    return sockets, served


def posting(desk: Desk, connection_id: str, body: Any = "", method: str = "POST", **more: Any) -> dict[str, Any]:
    parameters = {
        "ApiEndpoint": desk.outputs["Endpoint"],
        "Method": method,
        "Stage": "local",
        "Path": f"/@connections/{connection_id}",
        "RequestBody": body,
        "AuthType": "IAM_ROLE",
        **more,
    }
    return {"Type": "Task", "Resource": "arn:aws:states:::apigateway:invoke", "Parameters": parameters}


@pytest.fixture
def start(run: Run, desk: Desk, stack: dict[str, str]) -> Run:
    """`run` with the roles of this stack."""
    stack.update({name: desk.outputs[name] for name in ("SocketsRole", "NobodysRole")})
    return run


def items(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = clients.client("dynamodb").scan(TableName=desk.outputs["Connections"])["Items"]
    return found


async def _identity(client: ClientConnection, desk: Desk) -> str:
    """The id of the connection that was made last."""
    await client.send('{"action": "echo"}')
    await client.recv()
    return list(desk.sockets.registry)[-1]


def test_socket_api_is_read_from_the_stack(desk: Desk) -> None:
    api = apis.socket_api()
    routes = {route["routeKey"]: route for route in api["routes"]}
    assert (api["stage"], api["routeSelectionExpression"]) == ("local", "$request.body.action")
    assert f"{api['apiId']}.execute-api.us-east-1.amazonaws.com" == desk.outputs["Endpoint"]
    assert (routes["$connect"]["responds"], routes["echo"]["responds"]) == (False, True)
    assert routes["$connect"]["authorizer"]["IdentitySource"] == ["route.request.querystring.ticket"]
    assert routes["echo"]["authorizer"] is None
    assert routes["echo"]["integrationResponses"][0]["ResponseTemplates"]["$default"]


def test_part_of_a_socket_api_without_its_api_is_refused(aws: EmbeddedAws, tmp_path: Any) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources:\n  X: {Type: AWS::ApiGatewayV2::RouteResponse, Properties: {}}\n")
    with pytest.raises(deploy.DeployError, match="ApiId"):
        deploy.deploy(template, "apiless", {})


def test_client_connects_with_its_ticket_and_is_answered_by_a_machine(desk: Desk) -> None:
    async def run() -> Any:
        async with connect(f"{desk.url}?ticket=good") as client:
            await client.send('{"action": "echo", "text": "é"}')
            answer = json.loads(await client.recv())
            return answer, items(desk)

    answer, kept = asyncio.run(run())
    assert answer == {"echo": {"action": "echo", "text": "é"}}
    assert [item["name"] for item in kept] == [{"S": "Zoë"}]


@pytest.mark.parametrize("query", ["", "?ticket=bad"])
def test_client_without_a_good_ticket_is_refused(desk: Desk, query: str) -> None:
    async def run() -> int:
        try:
            async with connect(desk.url + query):
                return 101
        except InvalidStatus as refusal:
            return refusal.response.status_code

    assert asyncio.run(run()) == 401


def test_server_that_stops_ends_its_connections(desk: Desk) -> None:
    _sockets, served = serve()

    async def run() -> int:
        async with connect(f"ws://127.0.0.1:{served.port}/local?ticket=good") as client:
            stopping = asyncio.create_task(asyncio.to_thread(served.stop))
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            await stopping
            return closed.value.rcvd.code if closed.value.rcvd else 0

    assert asyncio.run(run()) == 1001


def test_machine_posts_to_a_connection(desk: Desk, start: Run) -> None:
    async def run() -> Any:
        async with connect(f"{desk.url}?ticket=good") as client:
            task = posting(desk, await _identity(client, desk), {"type": "message", "text": "ñ"})
            answer = await asyncio.to_thread(start, task, role="SocketsRole")
            return answer["output"], json.loads(await client.recv())

    output, frame = asyncio.run(run())
    assert (output["StatusCode"], output["StatusText"], output["ResponseBody"]) == (200, "OK", "")
    assert frame == {"type": "message", "text": "ñ"}


def test_machine_ends_a_connection(desk: Desk, start: Run) -> None:
    async def run() -> Any:
        async with connect(f"{desk.url}?ticket=good") as client:
            task = posting(desk, await _identity(client, desk), method="DELETE")
            answer = await asyncio.to_thread(start, task, role="SocketsRole")
            with pytest.raises(ConnectionClosed):
                await client.recv()
            return answer["output"]["StatusCode"]

    assert asyncio.run(run()) == 204


@pytest.mark.parametrize(
    ("changed", "role", "error"),
    [
        ({}, "SocketsRole", "ApiGateway.410"),
        ({}, "NobodysRole", "ApiGateway.403"),
        ({"Method": "GET"}, "SocketsRole", "ApiGateway.403"),
        ({"AuthType": "NO_AUTH"}, "SocketsRole", "ApiGateway.403"),
        ({"Stage": "other"}, "SocketsRole", "States.Runtime"),
        ({"Path": "/other"}, "SocketsRole", "States.Runtime"),
        ({"ApiEndpoint": "zzz.execute-api.us-east-1.amazonaws.com"}, "SocketsRole", "States.Runtime"),
        ({"Body": "x"}, "SocketsRole", "States.Runtime"),
    ],
)
def test_post_fails_by_its_status(desk: Desk, start: Run, changed: dict[str, Any], role: str, error: str) -> None:
    answer = start(posting(desk, "nobody=", "x", **changed), role=role)
    assert (answer["status"], answer["error"]) == ("FAILED", error)


def test_post_larger_than_a_message_is_413(desk: Desk, start: Run) -> None:
    async def run() -> Any:
        async with connect(f"{desk.url}?ticket=good") as client:
            task = posting(desk, await _identity(client, desk), "x" * 131_073)
            return await asyncio.to_thread(start, task, role="SocketsRole")

    assert asyncio.run(run())["error"] == "ApiGateway.413"


def test_two_hundred_connections_are_pushed_to_forty_at_a_time(desk: Desk, start: Run) -> None:
    processor = {"StartAt": "Only", "States": {"Only": {**posting(desk, ""), "End": True}}}
    parameters = processor["States"]["Only"]["Parameters"]  # type: ignore[index]
    del parameters["Path"]
    parameters["Path.$"] = "States.Format('/@connections/{}', $)"
    task = {"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 40, "ItemProcessor": processor}

    async def run() -> str:
        api, registry = apis.socket_address(), desk.sockets.registry
        many = [registry.add("127.0.0.1", "tests") for _ in range(200)]
        for connection in many:
            connection.opened = True
        answer = await asyncio.to_thread(start, task, [c.identity for c in many], role="SocketsRole")
        for connection in many:
            assert await connection.next() == b""
            registry.remove(connection)
        assert api[1] == "local"
        return str(answer["status"])

    assert asyncio.run(run()) == "SUCCEEDED"


@pytest.fixture(scope="module")
def tokens(desk: Desk) -> dict[str, str]:
    """A signed-in operator's tokens."""
    cognito = clients.client("cognito-idp")
    pool, client = desk.outputs["Pool"], desk.outputs["PoolClient"]
    attributes = [{"Name": "email", "Value": "desk@example.org"}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(
        UserPoolId=pool, Username="desk@example.org", MessageAction="SUPPRESS", UserAttributes=attributes
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username="desk@example.org", Password=PASSWORD, Permanent=True)
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "desk@example.org", "PASSWORD": PASSWORD},
    )  # fmt: skip
    made: dict[str, str] = answer["AuthenticationResult"]
    return made


def authorized(desk: Desk, token: str) -> dict[str, Any]:
    extension = {"type": "cognito_user_pools", "providerARNs": [desk.outputs["PoolArn"]]}
    scheme = {"name": "Authorization", "x-amazon-apigateway-authorizer": extension}
    request = Request("GET", "/", "", (("authorization", token),), b"", 0)
    return asyncio.run(operator_authorizer()(request, scheme))


def test_id_token_of_the_deployed_pool_is_let_in(desk: Desk, tokens: dict[str, str]) -> None:
    claims = authorized(desk, tokens["IdToken"])["claims"]
    assert (claims["email"], claims["email_verified"], claims["token_use"]) == ("desk@example.org", "true", "id")


def test_access_token_of_the_deployed_pool_is_not(desk: Desk, tokens: dict[str, str]) -> None:
    with pytest.raises(GatewayError, match="UNAUTHORIZED"):
        authorized(desk, tokens["AccessToken"])


def test_event_reaches_a_queue_raw_over_a_topic(desk: Desk) -> None:
    entry = {"Source": "probe", "DetailType": "Sent", "Detail": '{"id": "1"}', "EventBusName": desk.outputs["Bus"]}
    clients.client("events").put_events(Entries=[entry])
    answer = clients.client("sqs").receive_message(QueueUrl=desk.outputs["Queue"], WaitTimeSeconds=5)
    event = json.loads(answer["Messages"][0]["Body"])
    assert (event["detail-type"], event["detail"]) == ("Sent", {"id": "1"})


def test_event_for_a_topic_that_does_not_let_the_rule_in_is_not_published(desk: Desk, aws: EmbeddedAws) -> None:
    topic = clients.client("sns").create_topic(Name="closed")["TopicArn"]
    rule = f"arn:aws:events:{clients.REGION}:{clients.ACCOUNT_ID}:rule/consoles/some"
    assert targets._refusal(topic, rule) == (
        "NO_PERMISSIONS",
        "The topic's policy does not allow the rule to send to it.",
    )
    assert targets._refusal(f"{topic}x", rule) == ("RESOURCE_NOT_FOUND", "The specified topic does not exist.")
