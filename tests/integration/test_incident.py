"""Whoever is on call is asked once about what failed, and their answer is carried out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.asking import Executions, Person, expire, withdraw
from tests.integration.conftest import ON_CALL
from tests.integration.stack import Running, until

GREETING = "Good morning, where is the clinic?"
# Twilio's code for a number that it has no way to.
NO_WAY = 21612

pytestmark = pytest.mark.usefixtures("ordinary_provider")


def fails(stack: Running, *numbers: str, code: int = NO_WAY) -> list[str]:
    """The reports of messages whose acknowledgement the provider refuses."""
    stack.fault(kind="400", times=len(numbers), code=code)
    reports = [stack.text(From=number, Body=GREETING) for number in numbers]
    assert [report["reply"]["state"] for report in reports] == ["failed"] * len(numbers)
    return [report["reportId"] for report in reports]


def reply(stack: Running, report_id: str, state: str) -> dict[str, Any]:
    """A report's reply, once it is in a state."""

    def ask() -> dict[str, Any] | None:
        found: dict[str, Any] = stack.get(f"/reports/{report_id}").json()["reply"]
        return found if found["state"] == state else None

    return until(ask)


def open_incidents(stack: Running) -> list[str]:
    items = stack.client("dynamodb").scan(TableName=stack.outputs()["IncidentsTableName"])["Items"]
    return [item["incidentId"]["S"] for item in items]


def test_messages_that_fail_together_are_one_question_and_are_sent_again(
    guarded: Running, on_call: Person, incidents: Executions
) -> None:
    first, second = fails(guarded, "+12025550601", "+12025550602")
    question = on_call.question()
    assert "Messages that were not delivered: 2." in question
    assert "1. Send them again" in question
    assert "2. Leave them" in question
    assert guarded.sent("+12025550601") == []
    on_call.answer("1")
    for report_id, number in ((first, "+12025550601"), (second, "+12025550602")):
        sent = reply(guarded, report_id, "sent")
        assert [message["body"] for message in guarded.sent(number)] == [sent["text"]]
    outcomes = sorted(output["outcome"] for output in incidents.outputs(2))
    assert outcomes == ["joined", "redriven"]
    assert open_incidents(guarded) == []


def test_message_that_the_carrier_did_not_deliver_is_delivered_the_second_time(
    guarded: Running, on_call: Person, incidents: Executions
) -> None:
    guarded.callbacks(fail=30003)
    report = guarded.text(From="+12025550603", Body=GREETING)

    def delivery(status: str) -> dict[str, Any]:
        def ask() -> dict[str, Any] | None:
            found: dict[str, Any] = guarded.get(f"/reports/{report['reportId']}").json()["deliveries"].get("0", {})
            return found if found.get("status") == status else None

        return until(ask)

    delivery("undelivered")
    guarded.callbacks()
    assert "The phone could not be reached." in on_call.question()
    on_call.answer("send them again")
    delivery("delivered")
    assert len(guarded.sent("+12025550603")) == 2
    assert [output["outcome"] for output in incidents.outputs(1)] == ["redriven"]


def test_messages_are_left_when_they_are_to_be_left(guarded: Running, on_call: Person, incidents: Executions) -> None:
    (report_id,) = fails(guarded, "+12025550604")
    on_call.question()
    on_call.answer("2")
    assert [(output["outcome"], output["answer"]) for output in incidents.outputs(1)] == [("left", "leave")]
    assert reply(guarded, report_id, "failed")
    assert guarded.sent("+12025550604") == []


def test_failure_that_comes_while_the_question_is_open_is_the_next_question(
    guarded: Running, on_call: Person, incidents: Executions
) -> None:
    fails(guarded, "+12025550605")
    assert "not delivered: 1." in on_call.question()
    (later,) = fails(guarded, "+12025550606")
    on_call.answer("2")
    assert "not delivered: 1." in on_call.question()
    on_call.answer("1")
    reply(guarded, later, "sent")
    assert guarded.sent("+12025550605") == []
    assert sorted(output["outcome"] for output in incidents.outputs(2)) == ["joined", "redriven"]


def test_question_that_nobody_answers_leaves_everything(
    guarded: Running, on_call: Person, incidents: Executions
) -> None:
    (report_id,) = fails(guarded, "+12025550608")
    on_call.question()
    expire(guarded, "not delivered")
    assert [(output["outcome"], output["answer"]) for output in incidents.outputs(1)] == [("left", "none")]
    assert reply(guarded, report_id, "failed")
    assert open_incidents(guarded) == []


def test_incident_whose_execution_was_stopped_is_taken_over_by_the_next_failure(
    guarded: Running, on_call: Person, incidents: Executions
) -> None:
    (first,) = fails(guarded, "+12025550609")
    on_call.question()
    (stopped,) = set(incidents.arns()) - incidents.before
    guarded.client("stepfunctions").stop_execution(executionArn=stopped)
    incidents.before |= {stopped}
    withdraw(guarded, "not delivered")
    (second,) = fails(guarded, "+12025550610")
    assert "not delivered: 2." in on_call.question()
    on_call.answer("1")
    reply(guarded, first, "sent")
    reply(guarded, second, "sent")
    assert [(output["outcome"], output["asked"]) for output in incidents.outputs(1)] == [("redriven", 2)]


def test_failure_to_the_person_on_call_is_not_asked_about(
    guarded: Running, on_call: Person, incidents: Executions
) -> None:
    fails(guarded, ON_CALL)
    assert [output["outcome"] for output in incidents.outputs(1)] == ["not-asked"]
    on_call.nothing()


def test_opt_out_is_not_asked_about(guarded: Running, on_call: Person, incidents: Executions) -> None:
    fails(guarded, "+12025550607", code=21610)
    on_call.nothing()
    assert set(incidents.arns()) == incidents.before


def test_parked_messages_are_put_back(guarded: Running, on_call: Person, incidents: Executions) -> None:
    sqs, outputs = guarded.client("sqs"), guarded.outputs()
    parked = outputs["RepliesDeadLetterQueueUrl"]
    event = {"detail-type": "ReportCreated", "detail": {"nobody": "reads this"}}
    sqs.send_message(QueueUrl=parked, MessageBody=json.dumps(event))
    went_off(guarded, parked.rpartition("/")[2])
    question = on_call.question()
    assert "Messages are parked in dragoman-replies-dlq." in question
    on_call.answer("Put them back")
    assert [output["outcome"] for output in incidents.outputs(1)] == ["redriven"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def ask() -> bool | None:
        left = sqs.get_queue_attributes(QueueUrl=parked, AttributeNames=names)["Attributes"]
        return True if all(left[name] == "0" for name in names) else None

    assert until(ask)


def went_off(stack: Running, queue: str) -> None:
    """What CloudWatch puts on the default bus when the alarm of a queue goes off."""
    metric = {"namespace": "AWS/SQS", "name": "ApproximateNumberOfMessagesVisible", "dimensions": {"QueueName": queue}}
    detail = {
        "alarmName": queue,
        "configuration": {"metrics": [{"id": "m", "metricStat": {"metric": metric, "period": 60, "stat": "Maximum"}}]},
        "previousState": {"value": "OK"},
        "state": {"value": "ALARM", "reason": "Threshold Crossed"},
    }
    entry = {"Source": "aws.cloudwatch", "DetailType": "CloudWatch Alarm State Change", "Detail": json.dumps(detail)}
    assert stack.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
