"""The gateway over HTTP: routes, mapping, limits, errors."""

import json

from infra.local.gateway.invoker import AwsRequest
from tests.unit.local.gateway.support import FakeAws, ask, gateway, intake, json_response, operation, succeeded

FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
PATHS = {"/twilio/messages": {"post": operation(intake(), "200", "503", operationId="receiveMessage")}}


def test_start_sync_execution_success_is_mapped_to_bare_xml() -> None:
    aws = FakeAws(lambda request: succeeded({"twiml": "<Response/>"}))
    answer = ask(gateway(PATHS, aws), "POST", "/local/twilio/messages?b=2&a=x%20y", content="Body=hi", headers=FORM)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "text/xml", "<Response/>")
    sent = json.loads(aws.calls[0].body)
    assert json.loads(sent["input"]) == {"body": "Qm9keT1oaQ==", "query": "b=2&a=x+y"}
    assert (aws.calls[0].service, aws.calls[0].target) == ("states", "StartSyncExecution")
