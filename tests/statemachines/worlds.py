"""Machines that run against a world: on the engine of ``make run``, over DynamoDB as moto has it, and whatever else a
test makes up.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import StateError
from infra.local.sfn.definitions import REGION, ROLE_ARN
from infra.local.sfn.judge import SDK_SPELLING
from tests.statemachines import cases

Json = dict[str, Any]
Call = Callable[[engine.TaskCall], Any]
PATIENCE_SECONDS = 20
_API_SPELLING = {java: api for api, java in SDK_SPELLING.items()}


class World(Protocol):
    """What outlives executions."""

    def call(self, task: engine.TaskCall) -> Any:
        """What a task gets. Raises StateError."""


def run(machine: str, given: Any, invoke: Call) -> Any:
    """The machine's output. Raises StateError."""
    name = str(uuid.uuid4())
    execution = engine.Execution(
        arn=f"{cases.machines()[machine].arn}:{name}",
        name=name,
        input=given,
        machine_arn=cases.machines()[machine].arn,
        machine_name=machine,
        role_arn=ROLE_ARN,
        invoke=invoke,
        deadline=time.monotonic() + PATIENCE_SECONDS,
        wait_scale=0.0,
        in_order=True,
    )
    return engine.run(json.loads(cases.machines()[machine].definition), execution)


class Died(BaseException):
    """The execution's process is gone; no Catch sees it."""


class Mortal:
    """One execution, which dies at its call number `fatal`, answered (by a world that it does not live to see) or
    not; without a number it lives. world: what answers its calls."""

    def __init__(self, world: World, fatal: int | None = None, answered: bool = False) -> None:
        self.world, self.fatal, self.answered, self.calls = world, fatal, answered, 0

    def invoke(self, task: engine.TaskCall) -> Any:
        """The answer of the world. Raises Died."""
        number, self.calls = self.calls, self.calls + 1
        if number != self.fatal:
            return self.world.call(task)
        if self.answered:
            self.world.call(task)
        raise Died


def tables(keys: Mapping[str, str]) -> Iterator[Any]:
    """The body of a fixture: a client of DynamoDB with these tables, each with the name of its key, a string."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
        for table, key in keys.items():
            client.create_table(
                TableName=table,
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )
        yield client


def empty(dynamodb: Any, keys: Mapping[str, str]) -> None:
    """Delete what the tables hold."""
    for table, key in keys.items():
        for item in dynamodb.scan(TableName=table)["Items"]:
            dynamodb.delete_item(TableName=table, Key={key: item[key]})


def ask(dynamodb: Any, task: engine.TaskCall) -> Json:
    """What a task on DynamoDB gets, optimised integration or the SDK's. Raises StateError as AWS names it."""
    name = task.resource.removeprefix("arn:aws:states:::")
    by_sdk = name.startswith("aws-sdk:")
    operation = re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", name.rpartition(":")[2])
    try:
        answer = getattr(dynamodb, operation)(**respelled(task.parameters, _API_SPELLING if by_sdk else {}))
    except ClientError as error:
        service = "DynamoDb" if by_sdk else "DynamoDB"
        raise StateError(f"{service}.{error.response['Error']['Code']}", str(error)) from error
    del answer["ResponseMetadata"]
    return dict(respelled(answer, SDK_SPELLING if by_sdk else {}))


def respelled(value: Any, names: dict[str, str]) -> Any:
    """Attribute values as the SDK for Java spells their types, or back. Sets of moto's client are lists already."""
    if isinstance(value, list):
        return [respelled(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {names.get(name, name): respelled(item, names) for name, item in value.items()}
