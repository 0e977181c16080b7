"""What somebody is asked by text message, and what comes of their answer, at a stack with somebody on call."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.stack import Running, until

SECONDS = 60.0


@dataclass
class Person:
    """Somebody with a phone; what they got before is not looked at."""

    stack: Running
    number: str
    read: int = 0

    def __post_init__(self) -> None:
        self.read = len(self.stack.sent(self.number))

    def question(self) -> str:
        """The next text message to them that ends with a question's code."""

        def ask() -> str | None:
            for message in self.stack.sent(self.number)[self.read :]:
                self.read += 1
                if re.search(r"\(#\w{3}\)", message["body"]):
                    return str(message["body"])
            return None

        return until(ask, SECONDS)

    def nothing(self, seconds: float = 3) -> None:
        """Fails if they are asked something within so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            bodies = [message["body"] for message in self.stack.sent(self.number)[self.read :]]
            assert not [body for body in bodies if "(#" in body]
            time.sleep(0.1)

    def answer(self, body: str) -> None:
        """Texts an answer, which must be taken for one."""
        assert self.stack.text(From=self.number, Body=body)["question"]["state"] == "answered"


@dataclass
class Executions:
    """What a machine did since this was made."""

    stack: Running
    machine: str
    before: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.before = frozenset(self.arns())

    def arns(self) -> list[str]:
        arn = self.stack.outputs()[f"{self.machine}StateMachineArn"]
        listed = self.stack.client("stepfunctions").list_executions(stateMachineArn=arn, maxResults=1000)
        return [each["executionArn"] for each in listed["executions"]]

    def outputs(self, count: int) -> list[dict[str, Any]]:
        """The outputs of the executions since then, once so many have ended."""
        client = self.stack.client("stepfunctions")

        def ask() -> list[dict[str, Any]] | None:
            found = [client.describe_execution(executionArn=arn) for arn in self.arns() if arn not in self.before]
            ended = [each for each in found if each["status"] != "RUNNING"]
            assert {each["status"] for each in ended} <= {"SUCCEEDED"}, ended
            return [json.loads(each["output"]) for each in ended] if len(ended) >= count else None

        return until(ask, SECONDS)


def open_question(stack: Running, about: str) -> str:
    """The id of the open question about something."""

    def ask() -> str | None:
        listed = stack.get("/questions").json()["questions"]
        found = [each["questionId"] for each in listed if each["status"] == "open" and about in each["text"]]
        return found[0] if found else None

    return until(ask)


def withdraw(stack: Running, about: str) -> None:
    """Takes the open question about something back, as the desk does."""
    address = f"{stack.settings.gateway_url}/questions/{open_question(stack, about)}"
    httpx.delete(address, headers={"x-api-key": stack.settings.api_key()}, timeout=30).raise_for_status()


def expire(stack: Running, about: str) -> None:
    """Ends the open question about something as its deadline does, without waiting an hour for it."""
    key, table = {"questionId": {"S": open_question(stack, about)}}, stack.outputs()["QuestionsTableName"]
    dynamodb = stack.client("dynamodb")
    token = until(lambda: dynamodb.get_item(TableName=table, Key=key)["Item"].get("token"))
    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #status = :expired",
        ConditionExpression="#status = :open",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":expired": {"S": "expired"}, ":open": {"S": "open"}},
    )
    stack.client("stepfunctions").send_task_success(taskToken=token["S"], output="{}")
