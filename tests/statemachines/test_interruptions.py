"""Executions of `reply` that die: before any of their calls, or after a call whose answer they never see. The queue
delivers again, and receipts come in between. Whatever happens, no part is sent twice and none is forgotten.

The machines run on the engine of ``make run``, DynamoDB is moto's, the provider and the bus are lists.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import StateError
from tests.statemachines.worlds import Died, Mortal, ask, empty, run, tables

DESK_LINE = "DM00112233445566778899aabbccddeeff"
PARTS = ["La clínica está en la calle Mayor.", "Abre a las nueve."]
CONTACT = "sms:+12025550100"
CALLS = 11
"""Of one execution that sends two parts: five for each, and the report's reply."""
DELIVERIES = 5
"""How often the queue delivers before it parks a message (infra/template.yaml)."""
KEYS = {
    "dragoman-outbound": "messageId",
    "dragoman-reports": "reportId",
    "dragoman-opt-outs": "address",
    "dragoman-conversations": "conversationId",
    "dragoman-contacts": "address",
}

every_call = pytest.mark.parametrize("fatal", range(CALLS))
before_or_after = pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])


class World:
    """What outlives executions: tables, what the provider was asked to send, what was put on the bus."""

    def __init__(self, dynamodb: Any) -> None:
        """Begin with empty tables and a report of two parts."""
        self.dynamodb = dynamodb
        empty(dynamodb, KEYS)
        dynamodb.put_item(TableName="dragoman-reports", Item={"reportId": {"S": DESK_LINE}, "deliveries": {"M": {}}})
        self.sent: list[dict[str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.throttled = 0

    def item(self, table: str, key: str) -> dict[str, Any]:
        name = f"dragoman-{table}"
        found = self.dynamodb.get_item(TableName=name, Key={KEYS[name]: {"S": key}})
        return dict(found.get("Item", {}))

    def reply(self) -> dict[str, Any]:
        """What the report says in the end."""
        return dict(json.loads(self.item("reports", DESK_LINE)["reply"]["S"]))

    def call(self, task: engine.TaskCall) -> Any:
        service = task.resource.removeprefix("arn:aws:states:::").rpartition(":")[0]
        if service == "http":
            return self._send(task.parameters["RequestBody"])
        if service == "events":
            self.events += task.parameters["Entries"]
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}
        return ask(self.dynamodb, task)

    def _send(self, form: dict[str, str]) -> Any:
        if self.throttled:
            self.throttled -= 1
            raise StateError("States.Http.StatusCode.429", '{"code": 20429}')
        self.sent.append(form)
        return {"StatusCode": 201, "ResponseBody": {"sid": f"SM{len(self.sent):032x}"}}


class Execution(Mortal):
    """One that tells how it ended."""

    def run(self, machine: str, given: Any, invoke: Any = None) -> str:
        """How it ended: SUCCEEDED, or the error's name. Raises Died."""
        try:
            run(machine, given, invoke or self.invoke)
        except StateError as error:
            return str(error.error)
        return "SUCCEEDED"


def delivered(count: int) -> list[dict[str, Any]]:
    """The report as the queue delivers it for the n-th time."""
    report = {"reportId": DESK_LINE, "messageId": DESK_LINE, "conversationId": "c" + "0" * 32, "channel": "console"}
    more = {"direction": "outbound", "contact": CONTACT, "language": "es", "consent": "", "expiresAt": "1826794158"}
    delivery = {"to": "+12025550100", "from": "+12025550199"}
    return [{"report": {**report, **more, "delivery": delivery, "parts": PARTS}, "receiveCount": str(count)}]


def deliver_until_done(world: World, first: int = 2) -> None:
    for count in range(first, DELIVERIES + 1):
        if Execution(world).run("reply", delivered(count)) == "SUCCEEDED":
            return
    pytest.fail("the report would be parked")


def receive(world: World, number: int) -> None:
    """A delivery receipt for the n-th message the provider took."""
    form, provider_id = world.sent[number], f"SM{number + 1:032x}"
    outbound = re.search(r"message=([^#]+)", form["StatusCallback"])
    assert outbound
    receipt = {"outboundId": outbound[1], "messageId": DESK_LINE, "part": outbound[1][-1], "providerId": provider_id}
    receipt |= {"address": CONTACT, "status": "delivered", "rank": "4", "announce": "delivered", "errorCode": ""}
    given = {**receipt, "reason": "", "settled": True, "retry": False, "optedOut": False}
    given["at"] = "2026-11-21T10:49:21.000Z"

    def invoke(task: engine.TaskCall) -> Any:
        function = task.resource.endswith("lambda:invoke")
        return {"StatusCode": 200, "Payload": {"receipt": given}} if function else world.call(task)

    assert Execution(world).run("receipt", {}, invoke) == "SUCCEEDED"


def texts(world: World) -> list[str]:
    return [form["Body"] for form in world.sent]


def announced(world: World) -> set[tuple[str, str]]:
    details = [(entry["DetailType"], entry["Detail"]) for entry in world.events]
    return {(kind, detail["part"]) for kind, detail in details if kind in ("MessageSent", "MessageFailed")}


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    yield from tables(KEYS)


@pytest.fixture
def world(dynamodb: Any) -> World:
    return World(dynamodb)


def test_execution_that_lives_makes_as_many_calls_as_the_tests_interrupt(world: World) -> None:
    execution = Execution(world)
    assert execution.run("reply", delivered(1)) == "SUCCEEDED"
    assert (execution.calls, texts(world)) == (CALLS, PARTS)


@every_call
@before_or_after
def test_no_part_is_sent_twice_or_forgotten_wherever_an_execution_dies(
    world: World, fatal: int, answered: bool
) -> None:
    with pytest.raises(Died):
        Execution(world, fatal, answered).run("reply", delivered(1))
    deliver_until_done(world)
    assert max(Counter(texts(world)).values()) == 1
    assert texts(world) == [text for text in PARTS if text in texts(world)]
    reply = world.reply()
    for number, part in enumerate(reply["parts"]):
        assert part["state"] == "sent" or (part["error"] == "Interrupted" and part["state"] == "unknown")
        assert part["state"] == "unknown" or PARTS[number] in texts(world)
        assert ("MessageSent" if part["state"] == "sent" else "MessageFailed", str(number)) in announced(world)
    states = [part["state"] for part in reply["parts"]]
    assert states.count("unknown") <= 1
    assert reply["state"] == ("unknown" if "unknown" in states else "sent")


@every_call
@before_or_after
def test_receipt_tells_the_redelivery_that_a_part_was_sent(world: World, fatal: int, answered: bool) -> None:
    with pytest.raises(Died):
        Execution(world, fatal, answered).run("reply", delivered(1))
    for number in range(len(world.sent)):
        receive(world, number)
    received = texts(world)
    deliver_until_done(world)
    for number, part in enumerate(world.reply()["parts"]):
        if PARTS[number] in received:
            assert part["state"] == "sent"
            item = world.item("outbound", f"{DESK_LINE}-{number}")
            assert (item["status"]["S"], item["statusRank"]["N"]) == ("delivered", "4")
            assert "open" not in item
            delivery = world.item("reports", DESK_LINE)["deliveries"]["M"][str(number)]["M"]
            assert delivery["status"]["S"] == "delivered"


@every_call
@before_or_after
def test_second_delivery_at_the_same_time_sends_nothing_twice(world: World, fatal: int, answered: bool) -> None:
    """The first delivery stands still at a call while a second one, of the same event, runs to its end."""
    first, ends = Execution(world), list[str]()

    def pause(task: engine.TaskCall) -> Any:
        number, first.calls = first.calls, first.calls + 1
        early = world.call(task) if answered and number == fatal else None
        if number == fatal:
            ends.append(Execution(world).run("reply", delivered(1)))
        return world.call(task) if early is None else early

    ends.append(first.run("reply", delivered(1), pause))
    assert texts(world) == PARTS
    assert set(ends) == {"SUCCEEDED"}
    assert [part["state"] for part in world.reply()["parts"]] == ["sent", "sent"]


def test_throttled_part_is_given_back_and_comes_with_the_redelivery(world: World) -> None:
    first = Execution(world)

    def throttle(task: engine.TaskCall) -> Any:
        if world.sent and not world.events[1:]:
            world.throttled = 1
        return world.call(task)

    assert first.run("reply", delivered(1), throttle) == "NotProcessed"
    assert texts(world) == PARTS[:1]
    assert "state" not in world.item("outbound", f"{DESK_LINE}-1")
    world.throttled = 0
    deliver_until_done(world)
    assert texts(world) == PARTS
    assert world.reply()["state"] == "sent"


def test_stop_between_two_parts_stops_the_rest(world: World) -> None:
    def stop(task: engine.TaskCall) -> Any:
        answer = world.call(task)
        if task.resource.endswith("http:invoke"):
            item = {"address": {"S": CONTACT}, "state": {"S": "out"}, "changedAt": {"S": "2026-11-21T10:49:20.000Z"}}
            world.dynamodb.put_item(TableName="dragoman-opt-outs", Item=item)
        return answer

    assert Execution(world).run("reply", delivered(1), stop) == "SUCCEEDED"
    assert texts(world) == PARTS[:1]
    assert [part["state"] for part in world.reply()["parts"]] == ["sent", "suppressed"]
    assert world.reply()["state"] == "suppressed"
