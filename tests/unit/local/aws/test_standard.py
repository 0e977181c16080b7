"""Standard executions: they wait for tokens, children and clocks, many at once."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.aws import callbacks, clients, machines
from infra.local.aws.server import EmbeddedAws

Json = dict[str, Any]
TASK = "arn:aws:states:::"


def ask(table: str, **fields: Any) -> Json:
    """A task that writes its token into a table and waits."""
    parameters = {
        "TableName": table,
        "Key": {"id": {"S.$": "$.id"}},
        "UpdateExpression": "SET #t = :t",
        "ExpressionAttributeNames": {"#t": "token"},
        "ExpressionAttributeValues": {":t": {"S.$": "$$.Task.Token"}},
    }
    resource = f"{TASK}aws-sdk:dynamodb:updateItem.waitForTaskToken"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **fields}


class Standard:
    """Creates Standard machines and starts them."""

    def __init__(self, stack: dict[str, str], role: str) -> None:
        self.states: Any = clients.client("stepfunctions")
        self.table, self.role = stack["Table"], role
        self.machines: list[str] = []

    def machine(self, definition: Json, type_: str = "STANDARD") -> str:
        if "StartAt" not in definition:
            definition = {"StartAt": "Only", "States": {"Only": {"End": True, **definition}}}
        made = self.states.create_state_machine(
            name=f"m-{uuid.uuid4()}", definition=json.dumps(definition), roleArn=self.role, type=type_
        )
        self.machines.append(made["stateMachineArn"])
        return self.machines[-1]

    def start(self, machine: str, given: Any = None, **options: Any) -> str:
        started = self.states.start_execution(stateMachineArn=machine, input=json.dumps(given or {}), **options)
        return str(started["executionArn"])

    def ended(self, arn: str, seconds: float = 10) -> Json:
        until = time.monotonic() + seconds
        while (described := self.states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < until, f"still running: {described}"
            time.sleep(0.01)
        return dict(described)

    def token(self, identity: str) -> str:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            item = clients.client("dynamodb").get_item(TableName=self.table, Key={"id": {"S": identity}}).get("Item")
            if item and "token" in item:
                return str(item["token"]["S"])
            time.sleep(0.01)
        raise AssertionError("no token")


@pytest.fixture
def standard(stack: dict[str, str]) -> Iterator[Standard]:
    role = clients.client("iam").create_role(RoleName="standard", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    allow_all(["dynamodb:*", "states:*", "events:*"])
    standard = Standard(stack, role)
    yield standard
    for machine in standard.machines:
        standard.states.delete_state_machine(stateMachineArn=machine)
    clients.client("iam").delete_role_policy(RoleName="standard", PolicyName="all")
    clients.client("iam").delete_role(RoleName="standard")


def allow_all(actions: list[str], resource: str = "*") -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}
    clients.client("iam").put_role_policy(RoleName="standard", PolicyName="all", PolicyDocument=json.dumps(document))


def test_token_is_answered_once(standard: Standard) -> None:
    arn = standard.start(standard.machine(ask(standard.table)), {"id": "once"})
    token = standard.token("once")
    standard.states.send_task_success(taskToken=token, output='{"by": "sms"}')
    with pytest.raises(standard.states.exceptions.TaskTimedOut):
        standard.states.send_task_success(taskToken=token, output="{}")
    assert json.loads(standard.ended(arn)["output"]) == {"by": "sms"}
    for late in (standard.states.send_task_heartbeat, standard.states.send_task_failure):
        with pytest.raises(standard.states.exceptions.TaskTimedOut):
            late(taskToken=token)


def test_execution_under_way_is_not_taken_up_a_second_time(standard: Standard) -> None:
    arn = standard.start(standard.machine(ask(standard.table)), {"id": "twice"})
    token = standard.token("twice")
    again = threading.Thread(target=machines.run_execution, args=(arn,), daemon=True)
    again.start()
    again.join(5)
    left = not again.is_alive()
    standard.states.send_task_success(taskToken=token, output="{}")
    assert left
    assert standard.ended(arn)["status"] == "SUCCEEDED"


def test_token_that_fails_fails_the_task_by_name(standard: Standard) -> None:
    arn = standard.start(standard.machine(ask(standard.table)), {"id": "fails"})
    standard.states.send_task_failure(taskToken=standard.token("fails"), error="Gone", cause="nobody there")
    described = standard.ended(arn)
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "Gone", "nobody there")


def test_token_that_is_none_is_told_from_one_that_is_gone(standard: Standard) -> None:
    states = standard.states
    with pytest.raises(states.exceptions.InvalidToken):
        states.send_task_success(taskToken="nonsense", output="{}")
    with pytest.raises(states.exceptions.TaskDoesNotExist):
        states.send_task_success(taskToken=callbacks.new_token("arn:aws:states:x:1:execution:m:none"), output="{}")
    with pytest.raises(states.exceptions.InvalidOutput):
        states.send_task_success(taskToken="nonsense", output="{")


def test_heartbeats_keep_a_task_waiting_and_their_end_is_a_timeout(standard: Standard) -> None:
    catch = [
        {"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Reminded", "ResultPath": "$.why"},
        {"ErrorEquals": ["States.Timeout"], "Next": "Expired"},
    ]
    first = ask(standard.table, TimeoutSeconds=60, HeartbeatSeconds=1, Catch=catch)
    second = ask(standard.table, TimeoutSecondsPath="$.left", Catch=catch[1:])
    states = {"Only": first, "Reminded": second, "Expired": {"Type": "Pass", "Result": "expired", "End": True}}
    began = time.monotonic()
    arn = standard.start(standard.machine({"StartAt": "Only", "States": states}), {"id": "beat", "left": 1})
    token = standard.token("beat")
    time.sleep(0.6)
    standard.states.send_task_heartbeat(taskToken=token)
    described = standard.ended(arn)
    assert json.loads(described["output"]) == "expired"
    assert 2.5 < time.monotonic() - began < 30
    with pytest.raises(standard.states.exceptions.TaskTimedOut):
        standard.states.send_task_success(taskToken=token, output="{}")
    history = standard.states.get_execution_history(executionArn=arn)["events"]
    assert [event["type"] for event in history].count("TaskTimedOut") == 2


def test_machine_answers_a_token_with_the_machines_permission(standard: Standard) -> None:
    waiting = standard.machine(ask(standard.table))
    arn = standard.start(waiting, {"id": "told"})
    parameters = {"TaskToken.$": "$.token", "Output": "{}"}
    tell = standard.machine(
        {"Type": "Task", "Resource": f"{TASK}aws-sdk:sfn:sendTaskSuccess", "Parameters": parameters}
    )
    token = {"token": standard.token("told")}
    allow_all(["states:SendTaskSuccess"], f"{waiting}-other")
    denied = standard.ended(standard.start(tell, token))
    assert denied["error"] == "Sfn.SfnException"
    assert f"states:SendTaskSuccess on resource: {waiting}" in denied["cause"]
    allow_all(["states:SendTaskSuccess"], waiting)
    assert standard.ended(standard.start(tell, token))["status"] == "SUCCEEDED"
    assert standard.ended(arn)["status"] == "SUCCEEDED"
    assert standard.ended(standard.start(tell, token))["error"] == "Sfn.TaskTimedOutException"
    assert standard.ended(standard.start(tell, {"token": "x"}))["error"] == "Sfn.InvalidTokenException"


def sync(child: str, **fields: Any) -> Json:
    parameters = {"StateMachineArn": child, "Input.$": "$", **fields.pop("Parameters", {})}
    return {"Type": "Task", "Resource": f"{TASK}states:startExecution.sync:2", "Parameters": parameters, **fields}


def test_child_is_waited_for_and_its_output_parsed(standard: Standard) -> None:
    child = standard.machine({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 0, "End": True}}})
    arn = standard.start(standard.machine(sync(child)), {"n": 1})
    answer = json.loads(standard.ended(arn)["output"])
    assert (answer["Status"], answer["Output"], answer["Input"]) == ("SUCCEEDED", {"n": 1}, {"n": 1})
    assert answer["ExecutionArn"].startswith(child.replace("stateMachine", "execution"))
    assert answer["StopDate"] >= answer["StartDate"] > 1_700_000_000_000


def test_child_that_fails_is_task_failed(standard: Standard) -> None:
    child = standard.machine({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No", "Cause": "because"}}})
    described = standard.ended(standard.start(standard.machine(sync(child))))
    assert described["error"] == "States.TaskFailed"
    cause = json.loads(described["cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "No", "because")


def test_child_is_stopped_when_its_parent_gives_up(standard: Standard) -> None:
    child = standard.machine({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})
    parent = standard.machine(sync(child, TimeoutSeconds=1))
    assert standard.ended(standard.start(parent))["error"] == "States.Timeout"
    running = standard.start(standard.machine(sync(child, Parameters={"Name": "second"})))
    time.sleep(0.2)
    standard.states.stop_execution(executionArn=running)
    assert standard.ended(child.replace("stateMachine", "execution") + ":second")["status"] == "ABORTED"
    listed = standard.states.list_executions(stateMachineArn=child)["executions"]
    assert {each["status"] for each in listed} == {"ABORTED"}


def test_child_needs_permission_to_be_started_and_heard_of(standard: Standard) -> None:
    child = standard.machine({"Type": "Pass"})
    parent = standard.machine(sync(child))
    allow_all(["states:StartExecution"], child)
    described = standard.ended(standard.start(parent))
    assert described["error"] == "StepFunctions.AWSStepFunctionsException"
    assert "states:DescribeExecution" in described["cause"]


def test_same_start_again_is_the_same_execution(standard: Standard) -> None:
    machine = standard.machine(ask(standard.table))
    first = standard.start(machine, {"id": "same"}, name="one")
    assert standard.start(machine, {"id": "same"}, name="one") == first
    with pytest.raises(standard.states.exceptions.ExecutionAlreadyExists):
        standard.start(machine, {"id": "other"}, name="one")
    standard.states.send_task_success(taskToken=standard.token("same"), output="{}")
    standard.ended(first)
    with pytest.raises(standard.states.exceptions.ExecutionAlreadyExists):
        standard.start(machine, {"id": "same"}, name="one")
    with pytest.raises(standard.states.exceptions.InvalidName):
        standard.start(machine, {}, name="a b")
    with pytest.raises(standard.states.exceptions.InvalidExecutionInput):
        standard.states.start_execution(stateMachineArn=machine, input="{")


def test_hundreds_wait_without_keeping_others_from_work(standard: Standard) -> None:
    waiting = standard.machine({"Type": "Wait", "Seconds": 3600})
    before = threading.active_count()
    arns = [standard.start(waiting) for _ in range(300)]
    express = standard.machine({"Type": "Pass"}, "EXPRESS")
    began = time.monotonic()
    answer = standard.states.start_sync_execution(stateMachineArn=express, input='{"a": 1}')
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"a": 1})
    assert standard.ended(standard.start(standard.machine({"Type": "Pass"})))["status"] == "SUCCEEDED"
    assert time.monotonic() - began < 60
    for arn in arns:
        standard.states.stop_execution(executionArn=arn)
    until = time.monotonic() + 5
    while threading.active_count() > before + 20 and time.monotonic() < until:
        time.sleep(0.02)
    assert threading.active_count() <= before + 20


def test_last_executions_keep_their_history_and_older_ones_their_outcome(
    standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "_HISTORIES", 2)
    machine = standard.machine({"Type": "Pass"})
    arns, outcomes = list[str](), list[str]()
    for number in range(4):
        arns.append(standard.start(machine, {"id": str(number)}))
        outcomes.append(standard.ended(arns[-1])["output"])
    assert outcomes == [f'{{"id":"{number}"}}' for number in range(4)]
    until = time.monotonic() + 5
    while any(standard.states.get_execution_history(executionArn=arn)["events"] for arn in arns[:2]):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert all(standard.states.get_execution_history(executionArn=arn)["events"] for arn in arns[2:])


def test_express_machines_cannot_wait(standard: Standard) -> None:
    machine = standard.machine(ask(standard.table), "EXPRESS")
    answer = standard.states.start_sync_execution(stateMachineArn=machine, input='{"id": "express"}')
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")


def test_snapshot_holds_where_an_execution_stands(standard: Standard, aws: EmbeddedAws) -> None:
    arn = standard.start(standard.machine(ask(standard.table)), {"id": "kept"})
    token = standard.token("kept")
    aws.snapshot()
    held = json.loads((aws.state_dir / "snapshot.json").read_text())["stepfunctions"]["payload"]["executions"]["data"]
    (record,) = [record for record in held.values() if record["executionArn"] == arn]
    assert record["places"][""]["task"]["token"] == token
    assert record["places"][""]["input"] == {"id": "kept"}
    standard.states.send_task_success(taskToken=token, output="{}")
    standard.ended(arn)
    aws.snapshot()
    held = json.loads((aws.state_dir / "snapshot.json").read_text())["stepfunctions"]["payload"]["executions"]["data"]
    (record,) = [record for record in held.values() if record["executionArn"] == arn]
    assert (record["status"], "places" in record) == ("SUCCEEDED", False)
