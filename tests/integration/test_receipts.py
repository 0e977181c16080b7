"""Receipts: a delivery only moves forward, whatever order the callbacks come in, and none is left open for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.stack import Running, until

GREETING = "Good morning, where is the clinic?"


@pytest.fixture(autouse=True)
def _ordinary_callbacks(stack: Running) -> Iterator[None]:
    yield
    stack.callbacks()


def callback(stack: Running, report_id: str, status: str, **fields: str) -> httpx.Response:
    """A signed callback on the first part of a report's answer."""
    report = stack.report(report_id)
    form = {
        "MessageSid": report["reply"]["providerId"],
        "AccountSid": stack.settings.twilio.account_sid,
        "MessageStatus": status,
        "From": stack.settings.desk_number,
        "To": report["message"]["delivery"]["to"],
        "ApiVersion": "2010-04-01",
        **fields,
    }
    return stack.post(list(form.items()), url=f"{stack.settings.gateway_url}/twilio/status?message={report_id}-0")


def delivery(stack: Running, report_id: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.get(f"/reports/{report_id}").json()["deliveries"].get("0", {})
    return found


def delivered(stack: Running, report_id: str, status: str) -> dict[str, Any]:
    def ask() -> dict[str, Any] | None:
        found = delivery(stack, report_id)
        return found if found.get("status") == status else None

    return until(ask)


@pytest.mark.parametrize(
    ("number", "callbacks"), [("180", {}), ("181", {"twice": True}), ("182", {"reverse": True}), ("183", {"delay": 1})]
)
def test_delivery_ends_delivered_however_the_callbacks_come(
    stack: Running, number: str, callbacks: dict[str, Any]
) -> None:
    stack.callbacks(**callbacks)
    report = stack.text(From=f"+12025550{number}", Body=GREETING)
    delivered(stack, report["reportId"], "delivered")
    assert callback(stack, report["reportId"], "sent").status_code == 200
    assert callback(stack, report["reportId"], "failed", ErrorCode="30008").status_code == 200
    assert delivery(stack, report["reportId"])["status"] == "delivered"
    assert callback(stack, report["reportId"], "read").status_code == 200
    assert delivery(stack, report["reportId"])["status"] == "read"


@pytest.mark.parametrize(("code", "retry"), [("30003", True), ("30006", False)])
def test_failure_is_told_in_plain_words_and_says_whether_a_retry_makes_sense(
    stack: Running, code: str, retry: bool
) -> None:
    stack.callbacks(delay=3600)
    report = stack.text(From=f"+1202555{code[1:]}", Body=GREETING)
    assert callback(stack, report["reportId"], "undelivered", ErrorCode=code).status_code == 200
    found = delivery(stack, report["reportId"])
    assert (found["status"], found["errorCode"], found["retry"]) == ("undelivered", code, retry)
    assert len(found["reason"].split()) > 3


def test_callback_needs_a_signature(stack: Running) -> None:
    form = [("MessageSid", "SM" + "0" * 32), ("MessageStatus", "delivered")]
    address = f"{stack.settings.gateway_url}/twilio/status?message=SM{'0' * 32}-0"
    for headers in ({}, {"X-Twilio-Signature": "bm90IG91cnM="}):
        answer = stack.post(form, url=address, headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["", f"?message=SM{'0' * 32}-0", "?message=nonsense"])
def test_callback_on_a_message_that_is_not_ours_is_taken_and_changes_nothing(stack: Running, query: str) -> None:
    form = {
        "MessageSid": "SM" + "1" * 32,
        "AccountSid": stack.settings.twilio.account_sid,
        "MessageStatus": "delivered",
        "From": stack.settings.desk_number,
        "To": "+12025550189",
    }
    answer = stack.post(list(form.items()), url=f"{stack.settings.gateway_url}/twilio/status{query}")
    assert answer.status_code == 200


def test_reconciler_asks_about_what_no_callback_settled(stack: Running) -> None:
    stack.callbacks(lose=True)
    report = stack.text(From="+12025550187", Body=GREETING)
    assert delivery(stack, report["reportId"]).get("status") not in ("delivered", "read")
    machine = stack.outputs()["ReconcileStateMachineArn"]
    machines = stack.client("stepfunctions")

    def reconciled() -> bool | None:
        execution = machines.start_sync_execution(stateMachineArn=machine, input="{}")
        assert execution["status"] == "SUCCEEDED", execution.get("error")
        return delivery(stack, report["reportId"]).get("status") == "delivered" or None

    until(reconciled, every=0.5)
    table = stack.outputs()["OutboundTableName"]
    key = {"messageId": {"S": f"{report['reportId']}-0"}}
    item = stack.client("dynamodb").get_item(TableName=table, Key=key)["Item"]
    assert "open" not in item
