"""Limits over time, JSONPath, and the wire form of calls to AWS."""

from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest

from infra.local.gateway import jsonpath
from infra.local.gateway.errors import GatewayError
from infra.local.gateway.invoker import AwsRequest, HttpAwsInvoker, as_http
from infra.local.gateway.java_values import MISSING, TemplateError
from infra.local.gateway.limits import Quota, TokenBucket, UsagePlans


def test_token_bucket_refills_at_its_rate_up_to_its_burst() -> None:
    now = [0.0]
    bucket = TokenBucket(rate=2, burst=3, clock=lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] = 100
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(("period", "same", "following"), [("DAY", "2026-11-21", "2026-11-22"),
    ("WEEK", "2026-11-22", "2026-11-23"), ("MONTH", "2026-11-30", "2026-12-01")])  # fmt: skip
def test_quota_starts_again_with_its_period(period: str, same: str, following: str) -> None:
    quota = Quota(limit=2, period=period, offset=1)
    days = [datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() for day in ("2026-11-21", same, following)]
    assert [quota.take(day) for day in [days[0], days[1], days[2], days[2], days[2]]] == [
        True,
        False,
        True,
        True,
        False,
    ]


def test_each_key_of_a_plan_has_its_own_count() -> None:
    keys = [{"id": "1", "value": "one"}, {"id": "2", "value": "two"}]
    plans = UsagePlans(keys, [{"keyIds": ["1", "2"], "quota": {"limit": 1, "period": "DAY"}}])
    assert [plans.admit("one"), plans.admit("two")] == ["1", "2"]
    with pytest.raises(GatewayError) as error:
        plans.admit("one")
    assert error.value.kind == "QUOTA_EXCEEDED"


DOCUMENT = {"a": {"b": [1, {"c": 2}, [3]]}, "x y": 1, "a.b": 2}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("$", DOCUMENT), ("$.a.b[0]", 1), ("a.b[1].c", 2), ("$['x y']", 1), ("$['a.b']", 2), ('$["a"]["b"][2][0]', 3),
     ("$.a.b[0:2]", [1, {"c": 2}]), ("$.a.b[-1:]", [[3]]), ("$.a.b[0,1]", [1, {"c": 2}]), ("$..c", [2]),
     ("$.a.*", [[1, {"c": 2}, [3]]]), ("$['x y','a.b']", [1, 2]), ("$.no", MISSING), ("$.a.b[9]", MISSING),
     ("$.a.b.c", MISSING), ("$..none", [])],
)  # fmt: skip
def test_jsonpath(path: str, expected: Any) -> None:
    assert jsonpath.find(DOCUMENT, path) == expected


@pytest.mark.parametrize("path", ["$.a[?(@.b)]", "$[", "$.a[b]", "$.a["])
def test_jsonpath_that_is_not_served_is_an_error(path: str) -> None:
    with pytest.raises(TemplateError):
        jsonpath.find(DOCUMENT, path)


@pytest.mark.parametrize(
    ("service", "action", "target", "content_type"),
    [("states", "StartSyncExecution", "AWSStepFunctions.StartSyncExecution", "application/x-amz-json-1.0"),
     ("dynamodb", "GetItem", "DynamoDB_20120810.GetItem", "application/x-amz-json-1.0"),
     ("events", "PutEvents", "AWSEvents.PutEvents", "application/x-amz-json-1.1"),
     ("sqs", "SendMessage", "AmazonSQS.SendMessage", "application/x-amz-json-1.0")],
)  # fmt: skip
def test_action_is_posted_under_its_target(service: str, action: str, target: str, content_type: str) -> None:
    method, path, headers, body = as_http(AwsRequest("eu-west-1", service, "action", action, body=b"{}"))
    assert (method, path, body) == ("POST", "/", b"{}")
    assert headers == {"X-Amz-Target": target, "Content-Type": content_type}


def test_action_of_a_query_service_is_a_form() -> None:
    _, _, _, body = as_http(AwsRequest("eu-west-1", "sns", "action", "Publish", body=b"Message=hi"))
    assert body == b"Message=hi&Action=Publish&Version=2010-03-31"


def test_path_style_call_keeps_its_own_path() -> None:
    request = AwsRequest(
        "eu-west-1", "sqs", "path", "000000000000/queue", query={"a": "b c"}, body=b"Action=SendMessage"
    )
    assert as_http(request) == ("POST", "/000000000000/queue?a=b+c", {}, b"Action=SendMessage")


def test_unknown_service_cannot_be_reached() -> None:
    with pytest.raises(OSError, match="unknown AWS service"):
        as_http(AwsRequest("eu-west-1", "nosuchservice", "action", "X"))


class Endpoint(BaseHTTPRequestHandler):
    seen: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append({**{k.lower(): v for k, v in self.headers.items()}, "body": body.decode()})
        self.send_response(400)
        self.send_header("X-Amzn-RequestId", "r1")
        self.end_headers()
        self.wfile.write(b'{"__type":"x"}')

    def log_message(self, format: str, *args: Any) -> None: ...


def test_call_is_signed_and_its_answer_is_raw() -> None:
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    Thread(target=server.serve_forever, daemon=True).start()
    invoke = HttpAwsInvoker(f"http://127.0.0.1:{server.server_port}", "AKID", "secret")
    answer = invoke(AwsRequest("eu-west-1", "states", "action", "StartSyncExecution", body=b'{"a":1}'))
    server.shutdown()
    server.server_close()
    assert (answer.status, answer.headers["x-amzn-requestid"], answer.body) == (400, "r1", b'{"__type":"x"}')
    assert "AKID/" in Endpoint.seen[0]["authorization"]
    assert "/eu-west-1/states/aws4_request" in Endpoint.seen[0]["authorization"]
    assert Endpoint.seen[0]["body"] == '{"a":1}'


def test_closed_port_is_an_oserror() -> None:
    with pytest.raises(OSError, match="cannot be reached"):
        HttpAwsInvoker("http://127.0.0.1:1", "a", "b")(AwsRequest("eu-west-1", "states", "action", "X"))
