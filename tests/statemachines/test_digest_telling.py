"""Executions of `digest` that claim to tell the subscribers: whatever answers get lost, they are told once a day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import StateError
from tests.statemachines.worlds import ask, empty, run, tables

KEYS = {"dragoman-digests": "day"}
DAY = "2026-11-27"
PLAN = {"day": DAY, "timeZone": "Etc/UTC", "window": {}, "complete": True, "notify": True, "again": False, "slices": []}
ITEM = {"day": {"S": DAY}, "expiresAt": {"N": "1803898804"}}


class World:
    """A day without messages. The answers to the first `lost` claims never arrive."""

    def __init__(self, dynamodb: Any, lost: int = 0) -> None:
        empty(dynamodb, KEYS)
        self.dynamodb, self.lost, self.told = dynamodb, lost, 0

    def call(self, task: engine.TaskCall) -> Any:
        if task.resource.endswith("lambda:invoke"):
            planning = "request" in task.parameters["Payload"]
            return {"Payload": PLAN if planning else {"item": ITEM, "event": {}}}
        if task.resource.endswith("events:putEvents"):
            return {"FailedEntryCount": 0}
        if task.resource.endswith("dynamodb:query"):
            self.told += 1
            return {"Items": []}
        answer = ask(self.dynamodb, task)
        if "#told" in json.dumps(task.parameters) and self.lost:
            self.lost -= 1
            raise StateError("DynamoDB.SdkClientException", "the answer got lost")
        return answer


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    yield from tables(KEYS)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_claim_whose_answer_is_lost_is_still_ones_own(dynamodb: Any, lost: int) -> None:
    world = World(dynamodb, lost)
    assert run("digest", {"notify": True}, world.call) == {"digestId": DAY}
    assert world.told == 1


def test_schedule_that_fires_twice_tells_once(dynamodb: Any) -> None:
    world = World(dynamodb)
    for _ in range(2):
        run("digest", {"notify": True}, world.call)
    assert world.told == 1
