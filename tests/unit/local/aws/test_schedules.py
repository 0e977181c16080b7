"""Schedules by the clock of their zone, and rules that start machines."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from infra.local.aws import clients, schedules

Json = dict[str, Any]


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("cron(0 6 * * ? *)", "UTC", "2026-11-28T05:59", "2026-11-28T06:00"),
        ("cron(0 6 * * ? *)", "Europe/Berlin", "2026-11-28T05:00", "2026-11-29T05:00"),
        ("cron(0 6 * * ? *)", "Europe/Berlin", "2026-07-01T03:59", "2026-07-01T04:00"),
        ("cron(0 6 * * ? *)", "Asia/Kolkata", "2026-11-28T00:00", "2026-11-28T00:30"),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T12:00", "2026-03-30T00:30"),  # 02:30 is left out
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30"),  # 02:30 comes twice
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T01:10", "2026-10-26T01:30"),
        ("cron(0 0 1 * ? *)", "America/New_York", "2026-11-28T00:00", "2026-12-01T05:00"),
        ("at(2026-12-24T18:00:00)", "Europe/Berlin", "2026-11-28T00:00", "2026-12-24T17:00"),
    ],
)
def test_next_fire_is_by_the_clock_of_the_zone(
    stack: dict[str, str], expression: str, zone: str, after: str, expected: str
) -> None:
    assert schedules.next_fire(expression, zone, utc(after)) == utc(expected)


def test_next_fire_refuses_what_is_none(stack: dict[str, str]) -> None:
    for expression, zone in (("cron(0 6 * * * *)", "UTC"), ("often", "UTC"), ("cron(0 6 * * ? *)", "Mars/Olympus")):
        with pytest.raises(ValueError, match="Invalid"):
            schedules.next_fire(expression, zone, 0.0)
    assert schedules.next_fire("at(2026-01-01T00:00:00)", "UTC", utc("2026-11-28T00:00")) is None


@pytest.fixture
def machine(stack: dict[str, str]) -> Iterator[str]:
    states: Any = clients.client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    arn = states.create_state_machine(name="scheduled", definition=definition, roleArn=stack["MachineRole"])
    yield arn["stateMachineArn"]
    states.delete_state_machine(stateMachineArn=arn["stateMachineArn"])


@pytest.fixture
def role(stack: dict[str, str]) -> Iterator[Callable[..., str]]:
    iam: Any = clients.client("iam")
    arn = iam.create_role(RoleName="target", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def may(*pairs: tuple[str, str]) -> str:
        statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in pairs]
        iam.put_role_policy(RoleName="target", PolicyName="all", PolicyDocument=json.dumps({"Statement": statements}))
        return str(arn)

    yield may
    iam.delete_role_policy(RoleName="target", PolicyName="all")
    iam.delete_role(RoleName="target")


@pytest.fixture
def queue() -> Iterator[tuple[str, str]]:
    """A DLQ that EventBridge may write to: its URL and ARN."""
    sqs: Any = clients.client("sqs")
    url = sqs.create_queue(QueueName="targets-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    yield url, arn
    sqs.delete_queue(QueueUrl=url)


def inputs(machine: str) -> list[Any]:
    """What the machine's executions were given, oldest first."""
    states: Any = clients.client("stepfunctions")
    until = time.monotonic() + 5
    while any(e["status"] == "RUNNING" for e in _executions(machine)) and time.monotonic() < until:
        time.sleep(0.01)
    arns = [each["executionArn"] for each in reversed(_executions(machine))]
    return [json.loads(states.describe_execution(executionArn=arn)["input"]) for arn in arns]


def _executions(machine: str) -> list[Json]:
    return list(clients.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"])


def parked(url: str) -> tuple[Json, dict[str, str]]:
    sqs: Any = clients.client("sqs")
    received = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=2)
    (message,) = received["Messages"]
    return json.loads(message["Body"]), {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}


def schedule(target: Json, **fields: Any) -> Json:
    name = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s"
    return {"Name": "s", "Arn": name, "Target": target, "State": "ENABLED", **fields}


def test_schedule_starts_its_machine_with_the_targets_role(machine: str, role: Any) -> None:
    given = '{"day": "<aws.scheduler.scheduled-time>"}'
    target = {"Arn": machine, "RoleArn": role(("states:StartExecution", machine)), "Input": given}
    schedules.fire(schedule(target), utc("2026-11-28T05:00"))
    assert inputs(machine) == [{"day": "2026-11-28T05:00:00Z"}]


def test_schedule_that_may_not_start_is_parked(machine: str, role: Any, queue: tuple[str, str]) -> None:
    url, arn = queue
    target = {"Arn": machine, "RoleArn": role(("sqs:SendMessage", arn)), "Input": '{"a": 1}'}
    schedules.fire(schedule({**target, "DeadLetterConfig": {"Arn": arn}}), 0.0)
    body, attributes = parked(url)
    assert (body, attributes["ERROR_CODE"], attributes["TARGET_ARN"]) == ({"a": 1}, "NO_PERMISSIONS", machine)
    assert inputs(machine) == []


def test_schedule_of_a_template_fires_once_when_it_is_due(
    machine: str, role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = {"Arn": machine, "RoleArn": role(("states:StartExecution", machine)), "Input": "{}"}
    properties = {
        "ScheduleExpression": "cron(0 6 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }
    name, attributes = schedules.create("Daily", properties, "probe")
    assert attributes["Arn"].endswith(f"/default/{name}")
    described = clients.client("scheduler").get_schedule(Name=name)
    assert described["ScheduleExpressionTimezone"] == "Europe/Berlin"
    for moment, expected in (("2036-01-01T04:59:50", 0), ("2036-01-01T05:00:05", 1), ("2036-01-01T05:00:15", 1)):
        monkeypatch.setattr(schedules, "_STARTED", utc("2036-01-01T04:00"))
        with monkeypatch.context() as clock:
            clock.setattr(time, "time", partial(utc, moment))
            schedules.tick()
        assert len(inputs(machine)) == expected
    schedules.delete(name, properties)
    with pytest.raises(ValueError, match="Mars"):
        schedules.create("Daily", {**properties, "ScheduleExpressionTimezone": "Mars/Olympus"}, "probe")


def put_rule(machine: str, role_arn: str, bus: str = "default", **fields: Any) -> Any:
    events: Any = clients.client("events")
    pattern = json.dumps({"source": ["aws.ec2", "probe"], "detail": {"state": ["running"]}})
    events.put_rule(Name="starts", EventPattern=pattern, EventBusName=bus)
    target = {"Id": "machine", "Arn": machine, "RoleArn": role_arn, **fields}
    events.put_targets(Rule="starts", EventBusName=bus, Targets=[target])
    return events


def drop_rule(bus: str = "default") -> None:
    events: Any = clients.client("events")
    events.remove_targets(Rule="starts", EventBusName=bus, Ids=["machine"])
    events.delete_rule(Name="starts", EventBusName=bus)


def say(events: Any, source: str = "aws.ec2", bus: str = "default") -> Any:
    detail = json.dumps({"instance-id": "i-1", "state": "running"})
    entry = {"Source": source, "DetailType": "EC2 Instance State-change Notification", "Detail": detail}
    return events.put_events(Entries=[{**entry, "EventBusName": bus}])


TRANSFORMER = {"InputPathsMap": {"id": "$.detail.instance-id"}, "InputTemplate": '{"instanceId": <id>, "by": "rule"}'}


@pytest.mark.parametrize(
    "case",
    [
        ({"Input": '{"a": 1}'}, {"a": 1}),
        ({"InputPath": "$.detail"}, {"instance-id": "i-1", "state": "running"}),
        ({"InputTransformer": TRANSFORMER}, {"instanceId": "i-1", "by": "rule"}),
    ],
)
@pytest.mark.parametrize("bus", ["default", "own"])
def test_rule_starts_a_machine_with_its_input(
    stack: dict[str, str], machine: str, role: Any, bus: str, case: tuple[Json, Json]
) -> None:
    fields, expected = case
    name = "default" if bus == "default" else stack["Bus"]
    source = "aws.ec2" if bus == "default" else "probe"
    events = put_rule(machine, role(("states:StartExecution", machine)), name, **fields)
    assert say(events, source, name)["FailedEntryCount"] == 0
    assert inputs(machine) == [expected]
    drop_rule(name)


def test_rule_that_may_not_start_or_is_refused_is_parked(machine: str, role: Any, queue: tuple[str, str]) -> None:
    url, arn = queue
    events = put_rule(machine, role(("none:None", "*")), DeadLetterConfig={"Arn": arn}, InputPath="$.detail")
    say(events)
    body, attributes = parked(url)
    assert (body["detail-type"], attributes["ERROR_CODE"]) == (
        "EC2 Instance State-change Notification",
        "NO_PERMISSIONS",
    )
    drop_rule()
    refused: Json = {"InputTransformer": {"InputPathsMap": {}, "InputTemplate": '{"no json'}}
    put_rule(machine, role(("states:StartExecution", machine)), DeadLetterConfig={"Arn": arn}, **refused)
    say(events)
    assert parked(url)[1]["ERROR_CODE"] == "InvalidExecutionInput"
    drop_rule()


def test_only_the_default_bus_takes_what_aws_says(stack: dict[str, str]) -> None:
    answer = say(clients.client("events"), bus=stack["Bus"])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
