"""Executions of `answer` that die: before any of their calls, or after a call whose answer they never see. The message
is delivered again, or another one comes at the same moment. Whatever happens, one answer counts, whoever waits is
woken, and it is announced.

The machine runs on the engine of ``make run`` with the functions' own logic, DynamoDB is moto's, wakings and events are
lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from choose_questions.logic import choose
from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import StateError
from infra.local.sfn.definitions import REGION
from match_answer.logic import match
from tests.statemachines.worlds import Died, Mortal, ask, run

TABLE = "dragoman-questions"
SENDER = "sms:+12025550100"
FIRST, SECOND = "SM" + "1" * 32, "SM" + "2" * 32
FUNCTIONS = {"dragoman-choose-questions": choose, "dragoman-match-answer": match}
CHOICES = [{"value": "redrive", "text": "Send again"}, {"value": "leave", "text": "Leave it"}]
CALLS = {"answer": 7, "unclear": 6, "silence": 5, "cancel": 2}
"""Of one execution: two queries or reads, two functions, an update, a waking, an event; a stop has two questions."""

every_call = pytest.mark.parametrize("fatal", range(CALLS["answer"]))
before_or_after = pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])


class World:
    """What outlives executions: the table, the tokens that were used, what was put on the bus."""

    def __init__(self, dynamodb: Any) -> None:
        """Begin with nothing but the table."""
        self.dynamodb = dynamodb
        for item in dynamodb.scan(TableName=TABLE)["Items"]:
            dynamodb.delete_item(TableName=TABLE, Key={"questionId": item["questionId"]})
        self.woken: list[str] = []
        self.postponed: list[str] = []
        self.events: list[dict[str, Any]] = []

    def ask(self, question_id: str, code: str, asked_at: str = "2026-11-28T10:40:00.000Z") -> None:
        """Put an open question that an execution waits for."""
        texts = {"questionId": question_id, "status": "open", "address": SENDER, "askedAt": asked_at, "code": code}
        texts |= {"text": "Shall we send it again?", "language": "en", "contactLanguage": "en", "list": "questions"}
        texts |= {"choices": json.dumps(CHOICES), "options": "1. Send again\n2. Leave it", "token": f"token-{code}"}
        texts |= {"deadlineAt": "2026-11-29T10:40:00.000Z", "conversationId": "c" + "9" * 32}
        item = {name: {"S": value} for name, value in texts.items()}
        self.dynamodb.put_item(TableName=TABLE, Item=item)

    def item(self, question_id: str) -> dict[str, str]:
        found = self.dynamodb.get_item(TableName=TABLE, Key={"questionId": {"S": question_id}})["Item"]
        return {name: value["S"] for name, value in found.items()}

    def call(self, task: engine.TaskCall) -> Any:
        service, _, action = task.resource.removeprefix("arn:aws:states:::").removeprefix("aws-sdk:").rpartition(":")
        if service == "lambda":
            function = FUNCTIONS[task.parameters["FunctionName"].rpartition(":")[2]]
            return {"StatusCode": 200, "Payload": json.loads(json.dumps(function(task.parameters["Payload"])))}
        if service == "events":
            self.events += [json.loads(entry["Detail"]) for entry in task.parameters["Entries"]]
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}
        if service == "sfn":
            used = self.woken if action == "sendTaskSuccess" else self.postponed
            if task.parameters["TaskToken"] in self.woken:
                raise StateError("Sfn.TaskDoesNotExistException", "mocked")
            used.append(task.parameters["TaskToken"])
            return {}
        return ask(self.dynamodb, task)


class Execution(Mortal):
    """One of `answer`."""

    def run(self, given: Any, invoke: Any = None) -> Any:
        """Its output. Raises Died, or StateError."""
        return run("answer", given, invoke or self.invoke)


def said(text: str, message_id: str = FIRST) -> dict[str, Any]:
    message = {"messageId": message_id, "sender": SENDER, "conversationId": "c" + "0" * 32, "text": text}
    message |= {"translation": text, "receivedAt": "2026-11-28T10:49:17.000Z", "language": "en", "knownLanguage": "en"}
    return {"operation": "answer", "message": message}


STOP = {
    "operation": "silence",
    "message": {name: said("")["message"][name] for name in ("messageId", "sender", "receivedAt")},
}
CANCEL = {"operation": "cancel", "questionId": "q1"}


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
        names = ("questionId", "address", "code", "askedAt")
        client.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=[{"AttributeName": "questionId", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index,
                    "KeySchema": [
                        {"AttributeName": key, "KeyType": "HASH"},
                        {"AttributeName": "askedAt", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["status", "code", "answeredBy"]},
                }
                for index, key in (("byAddress", "address"), ("byCode", "code"))
            ],
        )
        yield client


@pytest.fixture
def world(dynamodb: Any) -> World:
    made = World(dynamodb)
    made.ask("q1", "K7F")
    return made


def test_executions_that_live_make_as_many_calls_as_the_tests_interrupt(world: World) -> None:
    counted = {}
    for name, given in {"unclear": said("who?"), "answer": said("2"), "cancel": CANCEL, "silence": STOP}.items():
        world.woken.clear()
        world.ask("q1", "K7F")
        if name == "silence":
            world.ask("q2", "BBB")
        execution = Execution(world)
        execution.run(given)
        counted[name] = execution.calls
    assert counted == CALLS


@every_call
@before_or_after
def test_answer_counts_once_wherever_an_execution_dies(world: World, fatal: int, answered: bool) -> None:
    with pytest.raises(Died):
        Execution(world, fatal, answered).run(said("2"))
    output = Execution(world).run(said("2"))
    section = {"state": "answered", "questionId": "q1", "code": "K7F", "value": "leave", "text": "Leave it"}
    assert output == {"section": section, "ordinary": False, "options": ""}
    item = world.item("q1")
    assert (item["status"], item["answeredBy"], json.loads(item["answer"])["value"]) == ("answered", FIRST, "leave")
    assert world.woken == ["token-K7F"]
    assert {event["value"] for event in world.events} == {"leave"}
    assert len(world.events) <= 2


@every_call
@before_or_after
def test_of_two_answers_at_once_the_first_to_close_counts(world: World, fatal: int, answered: bool) -> None:
    """The first message's execution stands still at a call while the second one's runs to its end."""
    first, outputs = Execution(world), list[Any]()

    def pause(task: engine.TaskCall) -> Any:
        number, first.calls = first.calls, first.calls + 1
        early = world.call(task) if answered and number == fatal else None
        if number == fatal:
            outputs.append(Execution(world).run(said("1", SECOND)))
        return world.call(task) if early is None else early

    outputs.append(first.run(said("2"), pause))
    states = [output["section"]["state"] for output in outputs]
    assert sorted(states) == ["answered", "repeated"]
    winner = SECOND if states[0] == "answered" else FIRST
    assert world.item("q1")["answeredBy"] == winner
    assert {event["messageId"] for event in world.events} == {winner}
    assert world.woken == ["token-K7F"]


@pytest.mark.parametrize("fatal", range(CALLS["unclear"]))
@before_or_after
def test_unclear_answer_is_asked_back_about_wherever_an_execution_dies(
    world: World, fatal: int, answered: bool
) -> None:
    with pytest.raises(Died):
        Execution(world, fatal, answered).run(said("who?"))
    output = Execution(world).run(said("who?"))
    assert (output["section"]["state"], output["options"]) == ("unclear", "1. Send again\n2. Leave it")
    again = Execution(world).run(said("who?", SECOND))
    assert (again["ordinary"], again["options"]) == (True, "")
    assert (world.item("q1")["status"], world.item("q1")["clarifiedBy"]) == ("open", FIRST)
    assert set(world.postponed) == {"token-K7F"}


@pytest.mark.parametrize("fatal", range(CALLS["silence"]))
@before_or_after
def test_stop_closes_all_and_wakes_all_wherever_an_execution_dies(world: World, fatal: int, answered: bool) -> None:
    world.ask("q2", "BBB", "2026-11-28T10:45:00.000Z")
    with pytest.raises(Died):
        Execution(world, fatal, answered).run(STOP)
    output = Execution(world).run(STOP)
    assert output["section"] == {"state": "opted-out", "questionId": "q2", "code": "BBB"}
    assert {world.item(question)["status"] for question in ("q1", "q2")} == {"opted-out"}
    assert sorted(world.woken) == ["token-BBB", "token-K7F"]
    assert world.events == []


@pytest.mark.parametrize("fatal", range(CALLS["cancel"]))
@before_or_after
def test_cancelling_once_more_wakes_whoever_was_not(world: World, fatal: int, answered: bool) -> None:
    with pytest.raises(Died):
        Execution(world, fatal, answered).run(CANCEL)
    assert Execution(world).run(CANCEL) == {"questionId": "q1"}
    assert (world.item("q1")["status"], world.woken) == ("cancelled", ["token-K7F"])


def test_answer_after_the_deadline_and_cancelling_after_the_answer_change_nothing(world: World) -> None:
    Execution(world).run(said("2"))
    with pytest.raises(StateError) as refused:
        Execution(world).run(CANCEL)
    assert refused.value.error == "Conflict"
    with pytest.raises(StateError) as unknown:
        Execution(world).run({**CANCEL, "questionId": "nobody-asked"})
    assert unknown.value.error == "NotFound"
    assert Execution(world).run(said("1", SECOND))["section"]["state"] == "repeated"
    assert world.item("q1")["answeredBy"] == FIRST
