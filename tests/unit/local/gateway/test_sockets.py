"""The WebSocket API: handshake, routes, answers, limits, and what is posted to connections."""

import asyncio
import base64
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from infra.local.gateway import sockets as sockets_module
from infra.local.gateway.connections import Gone, LimitExceeded, PayloadTooLarge
from infra.local.gateway.errors import ApiDefinitionError
from infra.local.gateway.invoker import AwsResponse
from infra.local.gateway.socket_model import compile_sockets
from tests.unit.local.gateway.sockets_support import (
    FUNCTION,
    START,
    Client,
    Desk,
    connected,
    integration,
    mock,
    policy,
    route,
    socket_api,
)
from tests.unit.local.gateway.support import json_response

FAILED = {"x-amz-function-error": "Unhandled"}


def failure(message: str) -> AwsResponse:
    return AwsResponse(200, FAILED, json.dumps({"errorMessage": message, "errorType": "Exception"}).encode())


def connect(desk: Desk, **client: str) -> Client:
    """A client whose handshake is over, whatever came of it."""

    async def run() -> Client:
        made = await Client(desk.gateway()[0], **client).open()
        if made.status == 101:
            await made.leave()
        return made

    return asyncio.run(run())


# --- handshake -----------------------------------------------------------------------------------------------------


def test_connect_puts_the_operator_the_authorizer_named() -> None:
    desk = Desk()
    assert connect(desk).status == 101
    item = desk.calls("PutItem")[0]["Item"]
    assert item["name"] == {"S": 'Zoë "Z" O\'Neil'}
    assert int(item["expiresAt"]["N"]) == pytest.approx(time.time() + 8100, abs=3)


def test_connect_asks_the_authorizer_with_the_event_aws_sends() -> None:
    desk = Desk()
    events: list[dict[str, Any]] = []

    def allow(event: dict[str, Any]) -> AwsResponse:
        events.append(event)
        return json_response(policy())

    desk.authorizer = allow
    connect(desk)
    event = events[0]
    context = event["requestContext"]
    assert (event["type"], event["queryStringParameters"]) == ("REQUEST", {"ticket": "t1"})
    assert event["methodArn"] == "arn:aws:execute-api:eu-west-1:000000000000:sock123/local/$connect"
    assert event["headers"]["Host"] == context["domainName"] == "desk.test"
    assert (context["eventType"], context["routeKey"], context["stage"]) == ("CONNECT", "$connect", "local")
    assert context["connectionId"] == desk.calls("PutItem")[0]["Item"]["connectionId"]["S"]
    assert desk.aws.calls[0].target.endswith(f"/functions/{FUNCTION}/invocations")


@pytest.mark.parametrize("query", ["", "ticket=", "other=1"])
def test_connect_without_its_identity_source_is_401_and_asks_nobody(query: str) -> None:
    desk = Desk()
    assert connect(desk, query=query).status == 401
    assert desk.aws.calls == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (json_response(policy("Deny")), 403),
        (json_response(policy(policyDocument={"Statement": []})), 403),
        (failure("Unauthorized"), 401),
        (failure("no such table"), 500),
        (json_response({"principalId": "op-1"}), 500),
        (json_response(policy(context={"nested": {}})), 500),
        (json_response({}, 403), 500),
    ],
)
def test_connect_is_refused_as_the_authorizer_says(answer: AwsResponse, status: int) -> None:
    desk = Desk()
    desk.authorizer = lambda _event: answer
    refused = connect(desk)
    assert refused.status == status
    assert set(json.loads(refused.refusal)) == {"message", "connectionId", "requestId"}
    assert desk.calls("PutItem") == []


def test_connect_is_refused_when_its_integration_fails() -> None:
    desk = Desk()
    desk.put = json_response({"__type": "ThrottlingException"}, 400)
    assert connect(desk).status == 500


def test_connect_is_refused_when_the_role_may_not_put() -> None:
    desk = Desk()

    def refuse(role: str, action: str, resource: str) -> None:
        raise PermissionError(f"{action} on {resource}")

    async def run() -> int:
        _app, sockets = desk.gateway()
        sockets._integrator.authorize = refuse
        return (await Client(_app).open()).status

    assert asyncio.run(run()) == 500
    assert desk.calls("PutItem") == []


def test_another_path_is_403() -> None:
    assert connect(Desk(), path="/elsewhere").status == 403


def test_connection_ends_with_disconnect() -> None:
    desk = Desk()

    async def run() -> int:
        app, sockets = desk.gateway()
        async with connected(app):
            assert len(sockets.registry) == 1
        await sockets.close()
        return len(sockets.registry)

    assert asyncio.run(run()) == 0
    assert desk.calls("DeleteItem")[0]["Key"] == desk.calls("PutItem")[0]["Item"]["connectionId"]["S"]


def test_gateway_that_has_stopped_lets_nobody_in() -> None:
    async def run() -> int:
        app, sockets = Desk().gateway()
        await sockets.close()
        return (await Client(app).open()).status

    assert asyncio.run(run()) == 504


# --- messages ------------------------------------------------------------------------------------------------------


def talk(
    desk: Desk, steps: Callable[[Client], Awaitable[Any]], api: dict[str, Any] | None = None, **limits: Any
) -> Any:
    async def run() -> Any:
        app, _sockets = desk.gateway(api, **limits)
        async with connected(app) as client:
            return await steps(client)

    return asyncio.run(run())


def ask(desk: Desk, frame: Any, api: dict[str, Any] | None = None) -> Any:
    async def steps(client: Client) -> Any:
        client.send(frame)
        return await client.next()

    return talk(desk, steps, api)


def test_message_reaches_the_machine_whole_and_its_output_the_client() -> None:
    frame = {"action": "getmessages", "text": 'héllo 😀 "quoted" \' \\'}
    answer = ask(Desk(), frame)
    assert json.loads(base64.b64decode(answer["frame"])) == frame
    assert answer["connectionId"].endswith("=")
    assert answer["requestId"]


@pytest.mark.parametrize("frame", ["no json", "[]", "17", '{"action": 5}', {}, {"action": "$connect"}, {"action": {}}])
def test_message_without_a_route_takes_the_default(frame: Any) -> None:
    assert ask(Desk(), frame) == {"code": "unknown-action"}


def test_ping_is_answered_by_the_gateway_itself() -> None:
    desk = Desk()
    assert ask(desk, {"action": "ping"}) == {"type": "pong"}
    assert desk.calls("StartSyncExecution") == []


@pytest.mark.parametrize("result", [json_response({"status": "FAILED"}), json_response({"__type": "Throttled"}, 400)])
def test_failed_execution_is_mapped_by_the_template(result: AwsResponse) -> None:
    desk = Desk()
    desk.run = lambda _given: result
    assert ask(desk, {"action": "getmessages"}) == {"code": "unavailable"}


def test_integration_that_cannot_be_mapped_is_an_internal_server_error() -> None:
    desk = Desk()
    desk.run = lambda _given: AwsResponse(502, {}, b"<html>")
    answer = ask(desk, {"action": "getmessages"})
    assert set(answer) == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Internal server error"


def test_defect_in_a_message_is_an_answer_and_not_a_silence() -> None:
    desk = Desk()

    def broken(_given: dict[str, Any]) -> AwsResponse:
        raise ZeroDivisionError

    desk.run = broken
    assert ask(desk, {"action": "getmessages"})["message"] == "Internal server error"


def test_route_without_a_route_response_answers_nothing() -> None:
    made = integration("states:action/StartSyncExecution", START)
    api = socket_api(route("getmessages", made, {}, responds=False))

    async def steps(client: Client) -> Any:
        client.send({"action": "getmessages"})
        client.send({"action": "ping"})
        return await client.next()

    desk = Desk()
    assert talk(desk, steps, api) == {"type": "pong"}


def test_no_default_route_is_forbidden() -> None:
    api = socket_api()
    api["routes"] = [spec for spec in api["routes"] if spec["routeKey"] != "$default"]
    assert ask(Desk(), "what?", api)["message"] == "Forbidden"


def test_slow_message_does_not_hold_up_the_next() -> None:
    desk = Desk()
    go = threading.Event()

    def wait(given: dict[str, Any]) -> AwsResponse:
        go.wait(5)
        return json_response({"status": "SUCCEEDED", "output": '"late"'})

    desk.run = wait

    async def steps(client: Client) -> list[Any]:
        client.send({"action": "getmessages"})
        client.send({"action": "ping"})
        first = await client.next()
        go.set()
        return [first, await client.next()]

    assert talk(desk, steps) == [{"type": "pong"}, "late"]


def test_messages_of_one_client_under_way_are_bounded() -> None:
    desk = Desk()
    running, most, lock = [0], [0], threading.Lock()

    def run(_given: dict[str, Any]) -> AwsResponse:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return json_response({"status": "SUCCEEDED", "output": "1"})

    desk.run = run

    async def steps(client: Client) -> int:
        for _ in range(9):
            client.send({"action": "getmessages"})
        return sum([await client.next() for _ in range(9)])

    assert talk(desk, steps, under_way=3) == 9
    assert most[0] == 3


def test_message_text_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.run = lambda _given: AwsResponse(500, {}, b"no json")
    with caplog.at_level(logging.DEBUG):
        ask(desk, {"action": "getmessages", "text": "my secret"})
        ask(desk, "my secret")
    assert "getmessages" in caplog.text
    assert "secret" not in caplog.text
    assert "t1" not in caplog.text


# --- limits --------------------------------------------------------------------------------------------------------


def closing(desk: Desk, act: Callable[[Client], None], **limits: Any) -> int:
    async def steps(client: Client) -> int:
        act(client)
        while await client.next() is not None:
            pass
        return client.close_code

    code: int = talk(desk, steps, **limits)
    return code


def test_message_too_large_closes_the_connection() -> None:
    assert closing(Desk(), lambda client: client.send("é" * 65_537)) == 1009


def test_binary_message_closes_the_connection() -> None:
    assert closing(Desk(), lambda client: client.send_bytes(b"{}")) == 1003


def test_idle_connection_is_closed() -> None:
    assert closing(Desk(), lambda _client: None, idle=0.05) == 1001


def test_connection_is_closed_at_the_end_of_its_life() -> None:
    def keep_busy(client: Client) -> None:
        for _ in range(3):
            client.send({"action": "ping"})

    assert closing(Desk(), keep_busy, idle=60, life=0.05) == 1001


def test_client_that_reads_nothing_is_let_go_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets_module, "CLOSING_SECONDS", 0.05)

    async def run() -> int:
        app, sockets = Desk().gateway(life=0.05)
        client = await Client(app).open()
        client.slow.clear()
        sockets.registry.post(next(iter(sockets.registry)), b"{}")
        await asyncio.wait_for(client.session, 5)
        return len(sockets.registry)

    assert asyncio.run(run()) == 0


def test_answer_too_large_is_an_internal_server_error() -> None:
    desk = Desk()
    desk.run = lambda _given: json_response({"status": "SUCCEEDED", "output": json.dumps("x" * 200)})

    async def steps(client: Client) -> Any:
        client.send({"action": "getmessages"})
        return await client.next()

    assert talk(desk, steps, message=150)["message"] == "Internal server error"


# --- @connections --------------------------------------------------------------------------------------------------


def test_post_reaches_the_client_from_another_thread() -> None:
    async def run() -> list[Any]:
        app, sockets = Desk().gateway()
        async with connected(app) as client:
            identity = next(iter(sockets.registry))
            for number in range(3):
                await asyncio.to_thread(sockets.registry.post, identity, f'{{"n":{number}}}'.encode())
            described = sockets.registry.describe(identity)
            assert described["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "tests"}
            return [await client.next() for _ in range(3)]

    assert asyncio.run(run()) == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_posts_from_many_threads_all_arrive_and_keep_their_order() -> None:
    async def run() -> list[list[int]]:
        app, sockets = Desk().gateway()
        async with connected(app) as client:
            identity = next(iter(sockets.registry))

            def post(thread: int) -> None:
                for number in range(200):
                    sockets.registry.post(identity, json.dumps([thread, number]).encode())

            posting = asyncio.gather(*(asyncio.to_thread(post, thread) for thread in range(4)))
            got = [await client.next() for _ in range(800)]
            await posting
            return got

    got = asyncio.run(run())
    for thread in range(4):
        assert [number for sender, number in got if sender == thread] == list(range(200))


def test_post_to_nobody_or_to_one_who_left_is_gone() -> None:
    async def run() -> None:
        app, sockets = Desk().gateway()
        with pytest.raises(Gone):
            sockets.registry.post("nobody=", b"{}")
        async with connected(app):
            identity = next(iter(sockets.registry))
        with pytest.raises(Gone):
            sockets.registry.post(identity, b"{}")

    asyncio.run(run())


def test_post_during_the_handshake_is_gone() -> None:
    desk = Desk()
    seen: list[type[Exception]] = []

    async def run() -> None:
        app, sockets = desk.gateway()

        def early(_event: dict[str, Any]) -> AwsResponse:
            try:
                sockets.registry.post(next(iter(sockets.registry)), b"{}")
            except Gone as error:
                seen.append(type(error))
            return json_response(policy())

        desk.authorizer = early
        async with connected(app):
            pass

    asyncio.run(run())
    assert seen == [Gone]


def test_slow_client_is_limited_and_delays_nobody() -> None:
    async def run() -> Any:
        app, sockets = Desk().gateway(queued=100)
        async with connected(app) as slow, connected(app) as quick:
            first, second = sockets.registry
            slow.slow.clear()
            # One message is on its way, the next fills the queue.
            sockets.registry.post(first, b"x")
            await asyncio.sleep(0.01)
            sockets.registry.post(first, b"x" * 100)
            with pytest.raises(LimitExceeded):
                sockets.registry.post(first, b"x")
            sockets.registry.post(second, b'"hello"')
            answer = await quick.next()
            slow.slow.set()
            return answer

    assert asyncio.run(run()) == "hello"


def test_post_larger_than_a_message_is_refused() -> None:
    async def run() -> None:
        app, sockets = Desk().gateway(message=10)
        async with connected(app):
            with pytest.raises(PayloadTooLarge):
                sockets.registry.post(next(iter(sockets.registry)), b"x" * 11)

    asyncio.run(run())


def test_close_sends_what_is_queued_and_then_ends() -> None:
    async def run() -> list[Any]:
        app, sockets = Desk().gateway()
        async with connected(app) as client:
            identity = next(iter(sockets.registry))
            sockets.registry.post(identity, b'"last"')
            sockets.registry.close(identity)
            with pytest.raises(Gone):
                sockets.registry.post(identity, b"{}")
            return [await client.next(), await client.next(), client.close_code]

    assert asyncio.run(run()) == ["last", None, 1001]


# --- definition ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (mock("ping", "#if("), "ping"),
        (route("x", {"IntegrationType": "AWS_PROXY"}), "AWS_PROXY is not served"),
        (route("x", {}), "names no integration"),
        (route("x", integration("nothing", "{}")), "not an AWS service"),
        (route("x", integration("sqs:action/SendMessage", "{}", TimeoutInMillis=30_000)), "TimeoutInMillis"),
        (route("x", integration("sqs:action/X", "", TemplateSelectionExpression="$request.body.x")), "only static"),
        (mock("x", "", integrationResponses=[{"IntegrationResponseKey": "200"}]), "neither"),
        (mock("x", "", integrationResponses=[{"IntegrationResponseKey": "/(/"}]), "bad pattern"),
        (mock("x", "", authorizer={"AuthorizerType": "REQUEST"}), r"only \$connect"),
        (mock("$connect", "", authorizer={"AuthorizerType": "JWT"}), "not an AWS service"),
    ],
)
def test_definition_that_cannot_be_served_is_refused(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiDefinitionError, match=message):
        compile_sockets(socket_api(spec))


def test_route_selection_expression_other_than_of_the_body_is_refused() -> None:
    with pytest.raises(ApiDefinitionError, match="RouteSelectionExpression"):
        compile_sockets({**socket_api(), "routeSelectionExpression": "$request.header.x"})
