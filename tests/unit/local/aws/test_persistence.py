"""What survives a stop, and what survives a kill. Each life of the embedded AWS is a process of its own."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws import persistence
from infra.local.aws.server import EmbeddedAws
from tests.unit.local.aws.conftest import TEMPLATE

ROOT = Path(__file__).parents[4]
PREAMBLE = """
import json, os, pathlib, signal, sys, time
from infra.local.aws import apis, clients, deploy
from infra.local.aws.server import EmbeddedAws

aws = EmbeddedAws(pathlib.Path(sys.argv[1]), 0, "http://127.0.0.1:1")
aws.start()
template = pathlib.Path(sys.argv[2]) / "template.yaml"
sqs, s3, table = clients.client("sqs"), clients.client("s3"), clients.client("dynamodb")
"""
FIRST = """
clients.client("secretsmanager").create_secret(Name="probe/api", SecretString='{"user": "u", "password": "p"}')
outputs = deploy.deploy(template, "probe", {"Stage": "local"})
table.put_item(TableName=outputs["Table"], Item={"id": {"S": "kept"}, "n": {"N": "1"}})
for body in ("waiting", "in flight"):
    sqs.send_message(QueueUrl=outputs["Queue"], MessageBody=body)
sqs.receive_message(QueueUrl=outputs["Queue"], VisibilityTimeout=600)
s3.put_object(Bucket=deploy.BUCKET, Key="object", Body=b"content")
"""
SECOND = """
started = time.monotonic()
outputs = deploy.deploy(template, "probe", {"Stage": "local"})
messages = sqs.receive_message(QueueUrl=outputs["Queue"], MaxNumberOfMessages=10).get("Messages", [])
invoked = clients.client("stepfunctions").start_sync_execution(stateMachineArn=outputs["Machine"], input="{}")
print(json.dumps({
    "outputs": outputs,
    "item": table.get_item(TableName=outputs["Table"], Key={"id": {"S": "kept"}}).get("Item"),
    "rows": table.scan(TableName=outputs["Table"])["Count"],
    "messages": sorted(message["Body"] for message in messages),
    "object": s3.get_object(Bucket=deploy.BUCKET, Key="object")["Body"].read().decode(),
    "secret": clients.client("secretsmanager").get_secret_value(SecretId="probe/api")["SecretString"],
    "connections": len(clients.client("events").list_connections()["Connections"]),
    "api": apis.rest_api()["apiKeys"],
    "status": invoked["status"],
    "deploy_seconds": time.monotonic() - started,
}))
aws.stop()
"""


def live(state: Path, script: str, expected_code: int = 0) -> Any:
    """Run one life; the JSON on its last line, if it printed any."""
    command = [sys.executable, "-c", textwrap.dedent(PREAMBLE + script), str(state), str(TEMPLATE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expected_code, done.stderr
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else None


def check(second: Any) -> None:
    assert second["item"] == {"id": {"S": "kept"}, "n": {"N": "1"}}
    assert second["messages"] == ["in flight", "waiting"]
    assert second["object"] == "content"
    assert json.loads(second["secret"])["user"] == "u"
    assert second["connections"] == 1
    assert second["status"] == "SUCCEEDED"


def test_everything_survives_a_clean_stop(tmp_path: Path) -> None:
    first = live(tmp_path, FIRST + "print(json.dumps([outputs, apis.rest_api()['apiKeys']]))\naws.stop()")
    second = live(tmp_path, SECOND)
    check(second)
    assert [second["outputs"], second["api"]] == first


def test_everything_in_the_last_snapshot_survives_a_kill(tmp_path: Path) -> None:
    later = """
    aws.snapshot()
    table.put_item(TableName=outputs["Table"], Item={"id": {"S": "too late"}})
    os.kill(os.getpid(), signal.SIGKILL)
    """
    live(tmp_path, FIRST + textwrap.dedent(later), expected_code=-signal.SIGKILL)
    second = live(tmp_path, SECOND)
    check(second)
    assert second["rows"] == 1


WAITING = """
import base64
states, iam = clients.client("stepfunctions"), clients.client("iam")
role = iam.create_role(RoleName="waiter", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
allow = {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:*", "states:*", "events:*"], "Resource": "*"}]}
iam.put_role_policy(RoleName="waiter", PolicyName="all", PolicyDocument=json.dumps(allow))

def machine(name, states_):
    definition = {"StartAt": next(iter(states_)), "States": states_}
    made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role, type="STANDARD")
    return made["stateMachineArn"]

def task(resource, parameters, **fields):
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, **fields}

update = {
    "TableName": outputs["Table"], "Key": {"id": {"S.$": "$.id"}}, "UpdateExpression": "SET #t = :t ADD n :one",
    "ExpressionAttributeNames": {"#t": "token"},
    "ExpressionAttributeValues": {":t": {"S.$": "$$.Task.Token"}, ":one": {"N": "1"}},
}
ask = task("aws-sdk:dynamodb:updateItem.waitForTaskToken", update, ResultPath="$.answer", TimeoutSeconds=600)
child = machine("child", {
    "Entered": {"Type": "Pass", "Parameters": {"id.$": "$.id", "entered.$": "$$.State.EnteredTime"}, "Next": "Ask"},
    "Ask": {**ask, "End": True},
})
inner = task("states:startExecution.sync:2", {"StateMachineArn": child, "Input": {"id.$": "$.id"}},
             OutputPath="$.Output", End=True)
each = {"Type": "Map", "ItemProcessor": {"StartAt": "Child", "States": {"Child": inner}}, "Next": "Pause"}
parent = machine("parent", {
    "Count": task("dynamodb:updateItem", {
        "TableName": outputs["Table"], "Key": {"id": {"S": "count"}}, "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }, ResultPath=None, Next="Each"),
    "Each": each, "Pause": {"Type": "Wait", "Seconds": 2, "End": True},
})
started = time.time()
arn = states.start_execution(stateMachineArn=parent, name="one", input='[{"id": "a"}, {"id": "b"}]')["executionArn"]
expiring = machine("expiring", {"Ask": {**ask, "TimeoutSeconds": 1, "End": True}})
late = states.start_execution(stateMachineArn=expiring, input='{"id": "late"}')["executionArn"]

def item(key):
    return table.get_item(TableName=outputs["Table"], Key={"id": {"S": key}}).get("Item", {})

def await_token(key):
    while "token" not in item(key):
        time.sleep(0.01)
    return item(key)["token"]["S"]

tokens = [await_token(key) for key in ("a", "b", "late")]
"""
SURVIVING = """
states = clients.client("stepfunctions")
for made in states.list_state_machines()["stateMachines"]:
    if made["name"] in ("parent", "child"):
        anew = {"StartAt": "New", "States": {"New": {"Type": "Fail", "Error": "New"}}}
        states.update_state_machine(stateMachineArn=made["stateMachineArn"], definition=json.dumps(anew))
aws.resume()
table_name = [name for name in table.list_tables()["TableNames"] if "Other" not in name][0]

def item(key):
    return table.get_item(TableName=table_name, Key={"id": {"S": key}})["Item"]

machines = {m["name"]: m["stateMachineArn"] for m in states.list_state_machines()["stateMachines"]}
arn = machines["parent"].replace("stateMachine", "execution") + ":one"
running = [e["name"] for e in states.list_executions(stateMachineArn=machines["child"])["executions"]]
again = states.start_execution(
    stateMachineArn=machines["parent"], name="one", input='[{"id": "a"}, {"id": "b"}]')["executionArn"]
states.send_task_success(taskToken=item("b")["token"]["S"], output='"second"')
while (described := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
    time.sleep(0.01)
(late,) = states.list_executions(stateMachineArn=machines["expiring"])["executions"]
print(json.dumps({
    "status": described["status"], "output": json.loads(described.get("output", "null")), "again": again == arn,
    "children": len(running), "late": late["status"],
    "counts": [item(key)["n"]["N"] for key in ("count", "a", "b")],
    "entered": [e["type"] for e in states.get_execution_history(executionArn=arn)["events"]].count("MapStateEntered"),
}))
aws.stop()
"""


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_standard_executions_go_on_where_they_stood(tmp_path: Path, how: str) -> None:
    """A parent with two children in a Map, one answered in the first life; a token that expires in between.

    Other definitions are deployed before they go on.
    """
    ends = {"kill": "aws.snapshot()\nos.kill(os.getpid(), signal.SIGKILL)", "stop": "aws.stop()"}
    answered = "states.send_task_success(taskToken=tokens[0], output='\"first\"')\n"
    live(tmp_path, FIRST + WAITING + answered + ends[how], expected_code=-signal.SIGKILL if how == "kill" else 0)
    after = live(tmp_path, SURVIVING)
    assert (after["status"], after["again"], after["children"]) == ("SUCCEEDED", True, 2)
    assert [each["answer"] for each in after["output"]] == ["first", "second"]
    assert after["counts"] == ["1", "1", "1"], "no task is done twice"
    assert (after["late"], after["entered"]) == ("FAILED", 1)


def test_background_snapshots_need_no_asking(tmp_path: Path) -> None:
    later = """
    file = pathlib.Path(sys.argv[1]) / "snapshot.json"
    until = time.monotonic() + 20
    while time.monotonic() < until and not (file.exists() and '"kept"' in file.read_text()):
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    live(tmp_path, FIRST + textwrap.dedent(later), expected_code=-signal.SIGKILL)
    check(live(tmp_path, SECOND))


def test_snapshot_holds_what_was_answered_just_before(tmp_path: Path) -> None:
    later = """
    for number in range(30):
        table.put_item(TableName=outputs["Table"], Item={"id": {"S": f"row-{number}"}})
        aws.snapshot()
        assert f'"row-{number}"' in (pathlib.Path(sys.argv[1]) / "snapshot.json").read_text()
    stood = [aws._store.snapshot() for _ in range(3)]
    assert stood == [0.0] * 3, stood
    aws.stop()
    """
    live(tmp_path, FIRST + textwrap.dedent(later))


def test_collect_tries_again_when_something_grew_while_it_was_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [RuntimeError("dictionary changed size during iteration"), {"logs": {"groups": 1}}]

    def states() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(persistence, "_states", states)
    assert persistence._collect() == {"logs": {"groups": 1}}


def test_collect_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def always_growing() -> Any:
        raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(persistence, "_states", always_growing)
    with pytest.raises(RuntimeError, match="changed size"):
        persistence._collect()


def test_state_is_readable_by_its_owner_alone(aws: EmbeddedAws) -> None:
    assert aws.state_dir.stat().st_mode & 0o077 == 0
