"""http:invoke as Step Functions does it."""

import base64
import json
from typing import Any

import pytest

from infra.local.aws import clients
from tests.unit.local.aws.conftest import Peer, Run


def call(stack: dict[str, str], url: str, **parameters: Any) -> dict[str, Any]:
    base = {"ApiEndpoint": url, "Method": "POST", "Authentication": {"ConnectionArn": stack["Connection"]}}
    return {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {**base, **parameters}}


def test_form_body_is_sent_with_the_connections_credentials(stack: dict[str, str], run: Run, peer: Peer) -> None:
    peer.answer = lambda *_: (201, "application/json; charset=utf-8", b'{"sid": "SM1"}')
    answer = run(
        call(
            stack,
            f"{peer.url}/messages.json?old=1",
            QueryParameters={"q": ["a b", "c"]},
            Headers={"Content-Type": "application/x-www-form-urlencoded"},
            RequestBody={"To": "+1 555", "Body": "¿Qué?", "MediaUrl": ["one", "two"]},
            Transform={"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "REPEAT"}},
        )
    )
    [(method, path, headers, body)] = peer.requests
    assert (method, path) == ("POST", "/messages.json?old=1&q=a+b&q=c")
    assert headers["authorization"] == "Basic " + base64.b64encode(b"AC1:pa:ss").decode()
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert body == b"To=%2B1+555&Body=%C2%BFQu%C3%A9%3F&MediaUrl=one&MediaUrl=two"
    assert answer["output"]["StatusCode"] == 201
    assert answer["output"]["StatusText"] == "Created"
    assert answer["output"]["ResponseBody"] == {"sid": "SM1"}
    assert answer["output"]["Headers"]["content-type"] == ["application/json; charset=utf-8"]


@pytest.mark.parametrize(
    ("arrays", "body"),
    [("INDICES", b"a%5B0%5D=1&a%5B1%5D=2"), ("BRACKETS", b"a%5B%5D=1&a%5B%5D=2"), ("COMMAS", b"a=1%2C2")],
)
def test_arrays_in_forms_follow_their_format(
    arrays: str, body: bytes, stack: dict[str, str], run: Run, peer: Peer
) -> None:
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": arrays}}
    run(call(stack, peer.url, RequestBody={"a": [1, 2]}, Transform=transform))
    assert peer.requests[0][3] == body


def test_json_is_the_default(stack: dict[str, str], run: Run, peer: Peer) -> None:
    peer.answer = lambda *_: (200, "text/plain", b"plain")
    answer = run(call(stack, peer.url, RequestBody={"a": 1}))
    assert answer["output"]["ResponseBody"] == "plain"
    assert json.loads(peer.requests[0][3]) == {"a": 1}
    assert peer.requests[0][2]["content-type"].startswith("application/json")


def test_error_status_is_named_and_carries_the_body(stack: dict[str, str], run: Run, peer: Peer) -> None:
    peer.answer = lambda *_: (429, "application/json", b'{"code": 20429}')
    answer = run(call(stack, peer.url))
    assert (answer["error"], answer["cause"]) == ("States.Http.StatusCode.429", '{"code": 20429}')


def test_dead_endpoint_is_a_socket_error(stack: dict[str, str], run: Run) -> None:
    assert run(call(stack, "http://127.0.0.1:9"))["error"] == "States.Http.Socket"


def test_binary_response_is_fatal(stack: dict[str, str], run: Run, peer: Peer) -> None:
    peer.answer = lambda *_: (200, "image/png", b"\x89PNG")
    assert run(call(stack, peer.url))["error"] == "States.Runtime"


@pytest.mark.parametrize(
    ("url", "parameters"), [("http://example.org/", {}), ("https://example.org", {"Headers": {"Authorization": "x"}})]
)
def test_what_aws_refuses_is_a_runtime_error(
    url: str, parameters: dict[str, Any], stack: dict[str, str], run: Run, peer: Peer
) -> None:
    definition = call(stack, url, **parameters)
    if "Headers" in parameters:
        definition["Parameters"]["ApiEndpoint"] = peer.url
    assert run(definition)["error"] == "States.Runtime"
    assert not peer.requests


@pytest.mark.parametrize(("method", "role"), [("GET", "MachineRole"), ("POST", "NothingRole")])
def test_role_decides_endpoint_and_method(method: str, role: str, stack: dict[str, str], run: Run, peer: Peer) -> None:
    answer = run(call(stack, peer.url, Method=method), role=role)
    assert answer["error"] == "Events.ConnectionResource.AccessDenied"
    assert "states:InvokeHTTPEndpoint" in answer["cause"]
    assert not peer.requests


def test_connection_that_does_not_exist_is_named(stack: dict[str, str], run: Run, peer: Peer) -> None:
    answer = run(call(stack, peer.url, Authentication={"ConnectionArn": "arn:aws:events:::connection/none"}))
    assert answer["error"] == "Events.ConnectionResource.ResourceNotFound"


def test_connection_is_visible_through_boto3(stack: dict[str, str]) -> None:
    connections = clients.client("events").list_connections()["Connections"]
    assert [connection["ConnectionArn"] for connection in connections] == [stack["Connection"]]
