"""Executions of `undelivered` that die, that come twice, or that something else closes the question between the calls
of: what closes it first stands, and whoever waits is woken.

The machine runs on the engine of ``make run``, DynamoDB is moto's, wakings are a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import StateError
from infra.local.sfn.definitions import REGION
from tests.statemachines import cases
from tests.statemachines.worlds import Died, Mortal, ask, run

TABLE, QUESTION, TOKEN = "dragoman-questions", "nightly-42", "token-1"
EVENT = next(case.input for case in cases.all_cases() if case.machine == "undelivered")
# Found, closed, its token read, whoever waits woken.
CALLS = 4
every_call = pytest.mark.parametrize("fatal", range(CALLS))


class World:
    """What outlives executions: the table, the tokens that were used. between: what happens before which call."""

    def __init__(self, dynamodb: Any) -> None:
        self.dynamodb = dynamodb
        self.woken: list[str] = []
        self.between: dict[int, Callable[[], None]] = {}
        self.calls = 0
        texts = {"questionId": QUESTION, "status": "open", "messageId": EVENT["detail"]["messageId"], "token": TOKEN}
        dynamodb.put_item(TableName=TABLE, Item={name: {"S": value} for name, value in texts.items()})

    def item(self) -> dict[str, str]:
        found = self.dynamodb.get_item(TableName=TABLE, Key={"questionId": {"S": QUESTION}})["Item"]
        return {name: value["S"] for name, value in found.items()}

    def know(self, **texts: str) -> None:
        """What else the item holds."""
        item = {name: {"S": value} for name, value in (self.item() | texts).items()}
        self.dynamodb.put_item(TableName=TABLE, Item=item)

    def become(self, status: str) -> None:
        """What `answer` or the deadline does: closes the question if it is open."""
        item = self.item()
        if item["status"] == "open":
            item["status"] = status
            self.dynamodb.put_item(TableName=TABLE, Item={name: {"S": value} for name, value in item.items()})

    def call(self, task: engine.TaskCall) -> Any:
        self.between.get(self.calls, lambda: None)()
        self.calls += 1
        if task.resource.endswith(":sendTaskSuccess"):
            if task.parameters["TaskToken"] in self.woken:
                raise StateError("Sfn.TaskDoesNotExistException", "mocked")
            self.woken.append(task.parameters["TaskToken"])
            return {}
        return ask(self.dynamodb, task)


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
        client.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("questionId", "messageId")],
            KeySchema=[{"AttributeName": "questionId", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "byMessage",
                    "KeySchema": [{"AttributeName": "messageId", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["status"]},
                }
            ],
        )
        yield World(client)


def test_execution_that_lives_makes_as_many_calls_as_the_tests_interrupt(world: World) -> None:
    execution = Mortal(world)
    assert run("undelivered", EVENT, execution.invoke) == {"questionId": QUESTION, "outcome": "undelivered"}
    assert execution.calls == CALLS


@every_call
@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_question_is_closed_and_its_asker_woken_whatever_call_an_execution_dies_at(
    world: World, fatal: int, answered: bool
) -> None:
    with pytest.raises(Died):
        run("undelivered", EVENT, Mortal(world, fatal, answered).invoke)
    assert run("undelivered", EVENT, world.call)["outcome"] == "undelivered"
    assert (world.item()["status"], world.item()["reason"]) == ("undelivered", EVENT["detail"]["reason"])
    assert world.woken == [TOKEN]


@every_call
@pytest.mark.parametrize("status", ["answered", "expired", "cancelled", "opted-out"])
def test_what_closes_the_question_first_stands(world: World, fatal: int, status: str) -> None:
    world.between = {fatal: lambda: world.become(status)}
    first = run("undelivered", EVENT, world.call)["outcome"]
    world.become(status)
    kept = "undelivered" if fatal > 1 else status
    assert (first, world.item()["status"]) == ("undelivered" if fatal > 1 else "left", kept)
    assert run("undelivered", EVENT, world.call)["outcome"] == first
    assert world.item()["status"] == kept
    assert world.woken == ([TOKEN] if fatal > 1 else [])


@pytest.mark.parametrize("otherwise", ["remindedAt", "clarifiedBy"])
def test_question_that_was_put_once_more_may_be_answered_yet(world: World, otherwise: str) -> None:
    world.know(**{otherwise: "2026-11-28T11:09:17.000Z"})
    assert run("undelivered", EVENT, world.call) == {"questionId": QUESTION, "outcome": "left"}
    assert (world.item()["status"], world.woken) == ("open", [])


@every_call
@pytest.mark.parametrize("otherwise", ["remindedAt", "clarifiedBy"])
def test_reminder_that_crosses_the_closing_leaves_one_outcome(world: World, fatal: int, otherwise: str) -> None:
    world.between = {fatal: lambda: world.know(**{otherwise: "2026-11-28T11:09:17.000Z"})}
    outcome = run("undelivered", EVENT, world.call)["outcome"]
    assert (outcome, world.item()["status"]) == (("undelivered", "undelivered") if fatal > 1 else ("left", "open"))
    assert world.woken == ([TOKEN] if fatal > 1 else [])


def test_message_that_is_no_questions_own_closes_nothing(world: World) -> None:
    reminder = {**EVENT, "detail": {**EVENT["detail"], "messageId": "DM" + "0" * 32}}
    assert run("undelivered", reminder, world.call) == {"outcome": "no-question"}
    assert world.item()["status"] == "open"
