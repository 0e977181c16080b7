"""The answer: sent once, never for ever, and honest about what is not known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.stack import Running, until

ENGLISH = "Good morning, I would like to see a doctor today."


@pytest.fixture(autouse=True)
def _no_faults(stack: Running) -> Iterator[None]:
    yield
    stack.no_faults()


def announce_again(stack: Running, report: dict[str, Any]) -> None:
    """Puts the event that announced a report into the queue once more, as a redelivery would."""
    table = stack.outputs()["ReportsTableName"]
    item = stack.client("dynamodb").get_item(TableName=table, Key={"reportId": {"S": report["reportId"]}})["Item"]
    event = {"detail-type": "ReportCreated", "source": "dragoman", "detail": json.loads(item["event"]["S"])}
    stack.client("sqs").send_message(QueueUrl=stack.outputs()["RepliesQueueUrl"], MessageBody=json.dumps(event))


def test_reply_redelivered_event_never_sends_twice(stack: Running) -> None:
    sender = "+12025550120"
    report = stack.text(From=sender, Body=ENGLISH)
    for _ in range(3):
        announce_again(stack, report)
    until(lambda: stack.idle("Replies") or None)
    assert len(stack.sent(sender)) == 1
    assert stack.get(f"/reports/{report['reportId']}").json()["reply"] == report["reply"]


def test_reply_throttled_by_twilio_is_sent_once_later(stack: Running) -> None:
    sender = "+12025550121"
    stack.fault(kind="429", times=2)
    report = stack.text(From=sender, Body=ENGLISH)
    assert report["reply"]["state"] == "sent"
    assert len(stack.sent(sender)) == 1


def test_reply_refused_by_twilio_is_recorded_as_failed(stack: Running) -> None:
    sender = "+12025550122"
    stack.fault(kind="400", code=21211)
    report = stack.text(From=sender, Body=ENGLISH)
    assert report["reply"]["state"] == "failed"
    assert report["reply"]["error"] == "States.Http.StatusCode.400"
    assert stack.sent(sender) == []


def test_reply_of_unknown_outcome_is_recorded_and_not_sent_again(stack: Running) -> None:
    sender = "+12025550123"
    stack.fault(kind="500")
    report = stack.text(From=sender, Body=ENGLISH)
    assert report["reply"]["state"] == "unknown"
    announce_again(stack, report)
    until(lambda: stack.idle("Replies") or None)
    assert stack.sent(sender) == []


def test_reply_lost_on_the_way_back_is_unknown_though_it_went_out(stack: Running) -> None:
    sender = "+12025550127"
    stack.fault(kind="reset", accept=True)
    report = stack.text(From=sender, Body=ENGLISH)
    assert report["reply"]["state"] == "unknown"
    announce_again(stack, report)
    until(lambda: stack.idle("Replies") or None)
    assert len(stack.sent(sender)) == 1


def test_reply_to_a_contact_silenced_by_hand_is_suppressed(stack: Running) -> None:
    """As docs/operating.md tells it."""
    sender = "+12025550124"
    stack.text(From=sender, Body=ENGLISH)
    item = {"address": f"sms:{sender}", "state": "out", "source": "keyword"}
    stack.client("dynamodb").put_item(
        TableName=stack.outputs()["OptOutsTableName"], Item={name: {"S": value} for name, value in item.items()}
    )
    report = stack.text(From=sender, Body=ENGLISH)
    assert report["reply"]["state"] == "suppressed"
    assert "opted out" in report["reply"]["reason"]
    assert len(stack.sent(sender)) == 1


def test_reply_translation_is_kept_and_used_again(stack: Running) -> None:
    texts = stack.client("dynamodb")
    resources = stack.client("cloudformation").describe_stack_resources(StackName="dragoman")["StackResources"]
    table = next(each["PhysicalResourceId"] for each in resources if each["LogicalResourceId"] == "TextsTable")
    told = stack.text(From="+12025550125", Body="Boa tarde, preciso de falar com um médico hoje.")["reply"]["text"]
    kept = [item for item in texts.scan(TableName=table)["Items"] if item["text"]["S"] == told]
    assert len(kept) == 1
    texts.update_item(
        TableName=table,
        Key={name: kept[0][name] for name in ("textId", "language")},
        UpdateExpression="SET #text = :text",
        ExpressionAttributeNames={"#text": "text"},
        ExpressionAttributeValues={":text": {"S": "Recebido."}},
    )
    try:
        report = stack.text(From="+12025550126", Body="Boa tarde, preciso de falar com um médico hoje.")
        assert report["reply"]["text"] == "Recebido."
    finally:
        texts.put_item(TableName=table, Item=kept[0])
