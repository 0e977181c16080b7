"""A question whose own message does not arrive is closed at once, and whoever waits for its answer goes on."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from dragoman.identifiers import question_message_id
from dragoman.validation import validator
from tests.integration.asking import Executions, Person, withdraw
from tests.integration.desk import Console
from tests.integration.stack import Running, until
from tests.integration.test_incident import NO_WAY
from tests.integration.test_questions import ask, ended, question, stands, worded
from tests.integration.test_tag_guard import described, instance

OFF = "The phone could not be reached. It may be switched off or without a signal."
CARLA = "+12025550626"

pytestmark = pytest.mark.usefixtures("ordinary_provider")


def outcome(stack: Running, question_id: str) -> dict[str, Any]:
    """What whoever nested the question gets."""
    output: dict[str, Any] = json.loads(ended(stack, question_id)["output"])
    return output


def closed(console: Console, question_id: str) -> dict[str, Any]:
    """The frame that tells of the question's end."""
    frame = console.wait(lambda frame: frame["type"] == "question" and frame["questionId"] == question_id)
    validator("frames/question")(frame)
    return frame


def delivered(stack: Running, message_id: str) -> bool:
    deliveries: dict[str, Any] = stack.report(message_id)["deliveries"]
    return "0" in deliveries and deliveries["0"]["status"] == "delivered"


def test_question_to_a_phone_that_is_off_ends_as_undelivered_and_is_no_incident(
    guarded: Running, on_call: Person, incidents: Executions
) -> None:
    number = "+12025550621"
    guarded.callbacks(fail=30003)
    with Console(guarded) as console:
        question_id = ask(guarded, number)
        assert closed(console, question_id)["status"] == "undelivered"
    found = question(guarded, question_id, stands("undelivered"))
    assert found["reason"] == OFF
    assert outcome(guarded, question_id) == {"questionId": question_id, "status": "undelivered"}
    guarded.callbacks()
    assert [each["outcome"] for each in incidents.outputs(1)] == ["not-asked"]
    on_call.nothing()
    listed = guarded.get("/questions", status="undelivered").json()["questions"]
    assert [each["reason"] for each in listed if each["questionId"] == question_id] == [OFF]
    assert guarded.text(From=number, Body=f"#{found['code']} 1")["question"]["state"] == "late"
    assert guarded.text(From=number, Body="2")["question"]["state"] == "late"


def test_question_that_the_provider_refuses_ends_as_undelivered(guarded: Running) -> None:
    guarded.fault(kind="400", times=1, code=NO_WAY)
    question_id = ask(guarded, "+12025550622", answerWithinSeconds=60, remindAfterSeconds=30)
    found = question(guarded, question_id, stands("undelivered"))
    assert found["reason"] == "The provider refused the message."
    assert outcome(guarded, question_id)["status"] == "undelivered"
    assert guarded.sent("+12025550622") == []


def test_question_to_somebody_who_opted_out_at_the_provider_ends_as_opted_out(guarded: Running) -> None:
    guarded.fault(kind="400", times=1, code=21610)
    question_id = ask(guarded, "+12025550623")
    question(guarded, question_id, stands("opted-out"))
    assert outcome(guarded, question_id)["status"] == "opted-out"


# What a question is at its deadline, by what became of its message, where no event told of that.
ENDS = {"suppressed": "opted-out", "failed": "undelivered", "unknown": "expired"}


def test_question_ends_at_its_deadline_as_its_message_did(guarded: Running) -> None:
    """As of several questions at once to somebody of whom the first brings to light that they opted out: the others are
    held back."""
    asked = {state: f"{state}-{secrets.token_hex(4)}" for state in ENDS}
    dynamodb, table = guarded.client("dynamodb"), guarded.outputs()["OutboundTableName"]
    held_back = json.dumps({"state": "suppressed", "reason": "Held back.", "at": "2026-11-28T11:49:19.001Z"})
    for state, question_id in asked.items():
        claim = {"messageId": f"{question_message_id(question_id, 0)}-0", "state": state, "reply": held_back}
        dynamodb.put_item(TableName=table, Item={name: {"S": value} for name, value in claim.items()})
        ask(guarded, "+12025550628", question_id, answerWithinSeconds=10)
    assert {state: outcome(guarded, question_id)["status"] for state, question_id in asked.items()} == ENDS
    assert question(guarded, asked["failed"], stands("undelivered"))["reason"]
    assert guarded.sent("+12025550628") == []


def test_reminder_that_does_not_arrive_leaves_the_question_open(
    guarded: Running, on_call: Person, incidents: Executions
) -> None:
    number = "+12025550624"
    question_id = ask(guarded, number, answerWithinSeconds=120, remindAfterSeconds=5)
    found = question(guarded, question_id, worded)
    until(lambda: delivered(guarded, found["messageId"]) or None)
    guarded.callbacks(fail=30003)
    until(lambda: len(guarded.sent(number)) == 2 or None)
    guarded.callbacks()
    assert OFF in on_call.question()
    on_call.answer("2")
    assert [each["outcome"] for each in incidents.outputs(1)] == ["left"]
    assert question(guarded, question_id, worded)["status"] == "open"
    assert guarded.text(From=number, Body="1")["question"]["state"] == "answered"


def test_same_failure_twice_changes_nothing(guarded: Running) -> None:
    guarded.callbacks(fail=30005, twice=True)
    question_id = ask(guarded, "+12025550625")
    found = question(guarded, question_id, stands("undelivered"))
    closing = Executions(guarded, "Undelivered")
    detail = {"messageId": found["messageId"], "error": "30003", "reason": "Something else."}
    arn = guarded.outputs()["UndeliveredStateMachineArn"]
    guarded.client("stepfunctions").start_execution(stateMachineArn=arn, input=json.dumps({"detail": detail}))
    assert closing.outputs(1) == [{"questionId": question_id, "outcome": "left"}]
    assert question(guarded, question_id, stands("undelivered")) == found


def test_instance_whose_owner_cannot_be_reached_is_asked_of_those_on_call(guarded: Running, on_call: Person) -> None:
    guards = Executions(guarded, "TagGuard")
    value = json.dumps({"address": f"sms:{CARLA}"})
    guarded.client("ssm").put_parameter(Name="/dragoman/owners/carla", Value=value, Type="String", Overwrite=True)
    guarded.fault(kind="400", times=1, code=NO_WAY)
    instance_id = instance(guarded.client("ec2"), Owner="carla")
    assert instance_id in on_call.question()
    assert described(guarded, instance_id)[0] == "running"
    on_call.answer("1")
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "kept"}]
    assert guarded.sent(CARLA) == []


def test_consoles_hear_at_once_that_a_question_was_taken_back_or_its_contact_opted_out(guarded: Running) -> None:
    number = "+12025550627"
    with Console(guarded) as console:
        first = ask(guarded, number, text="Are you coming on the eleventh?")
        second = ask(guarded, number)
        found = [question(guarded, question_id, worded) for question_id in (first, second)]
        withdraw(guarded, "on the eleventh?")
        frame = closed(console, first)
        assert (frame["status"], frame["code"]) == ("cancelled", found[0]["code"])
        guarded.text(From=number, Body="STOP")
        frame = closed(console, second)
        assert (frame["status"], frame["conversationId"]) == ("opted-out", found[1]["conversationId"])
